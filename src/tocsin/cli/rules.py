"""`tocsin rules`: which packs and rules there are. Spec: IF-1, IF-4."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.app.rule_words import SCHEMES, controls_of, controls_text
from tocsin.cli.failure import DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.severity import SEVERITIES, severity_style
from tocsin.cli.signature import Parameter
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.cli.terminal import Stream
    from tocsin.core.rule import Rule

_TO_THE_TERMINAL = OutputOptions()


def rules(
    sources: Annotated[tuple[str, ...], Parameter(name="PACK")] = (),
    /,
    *,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """List the packs that ship, or the rules of a pack with severity, title and the controls that they answer.

    Controls: CIS AWS Foundations (v1.2, then v1.4 to v5.0, then v6 and later), Security Hub, MITRE ATT&CK.

    Parameters
    ----------
    sources
        A pack; a rule file or folder is listed just so (default: the packs).

    Examples
    --------
    tocsin rules
        the packs

    tocsin rules cis
        the rules of one

    tocsin rules --format ndjson | jq -r 'select(.severity == "critical").name'
        names of all critical rules
    """
    cases = invocation.use_cases
    names: Sequence[str] = sources or cases.pack_names()
    today = invocation.clock.now().date()
    loaded: dict[str, list[Rule]] = {name: cases.load_rules(name, at=today) for name in names}
    every = list({rule.name: rule for found in loaded.values() for rule in found}.values())
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "json":
                write_json(stream, _document(loaded, every))
            case "ndjson":
                write_ndjson(stream, [rule_document(rule) for rule in every])
            case "csv":
                head = ("name", "severity", "title", *SCHEMES)
                rows = [
                    (rule.name, str(rule.severity), rule.title, *(controls_of(rule, scheme) for scheme in SCHEMES))
                    for rule in every
                ]
                write_csv(stream, head, rows)
            case _ if sources:
                write_lines(stream, _draw_rules(every, stream))
            case _:
                write_lines(stream, _draw_packs(loaded, stream))
    return DONE


def _document(loaded: dict[str, list[Rule]], every: list[Rule]) -> dict[str, Any]:
    packs = [{"name": name, "rules": len(found), "severities": _severities(found)} for name, found in loaded.items()]
    return {"packs": packs, "rules": [rule_document(rule) for rule in every]}


def rule_document(rule: Rule) -> dict[str, Any]:
    """What listings say about a rule, for other programs."""
    return {
        "name": rule.name,
        "pack": rule.pack,
        "id": rule.id,
        "severity": str(rule.severity),
        "title": rule.title,
        "references": rule.references,
        "pattern": rule.effective_pattern or (rule.filter.filter_pattern if rule.filter else None),
        "has_alarm": rule.alarm is not None or rule.composite is not None,
    }


def _severities(found: list[Rule]) -> dict[str, int]:
    counts = Counter(str(rule.severity) for rule in found)
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def _draw_packs(loaded: dict[str, list[Rule]], stream: Stream) -> Iterator[str]:
    columns = [Column("PACK"), Column("RULES", right=True), *(Column(name.upper(), right=True) for name in SEVERITIES)]
    rows: list[list[str | Cell]] = []
    for name, found in loaded.items():
        counts = _severities(found)
        cells = [Cell(str(counts.get(severity, "")), severity_style(severity)) for severity in SEVERITIES]
        rows.append([name, str(len(found)), *cells])
    yield from draw_table(columns, rows, stream)
    yield ""
    more = "tocsin rules PACK lists the rules of a pack, tocsin explain rule NAME explains one."
    yield from paragraph(more, stream.width)


def _draw_rules(found: list[Rule], stream: Stream) -> Iterator[str]:
    packs = {rule.pack for rule in found}
    has_one_pack = len(packs) == 1
    columns = [
        Column("SEVERITY"),
        Column("RULE", wraps=True, least=24),
        Column("TITLE", wraps=True, least=18),
        Column("CONTROLS", wraps=True, least=14, style="dim"),
    ]
    rows: list[list[str | Cell]] = []
    for rule in sorted(found, key=lambda rule: SEVERITIES.index(str(rule.severity))):
        name = rule.id if has_one_pack and rule.pack else rule.name
        severity = Cell(str(rule.severity), severity_style(str(rule.severity)))
        rows.append([severity, name, rule.title, controls_text(rule)])
    yield from draw_table(columns, rows, stream)
    yield ""
    pack = f" of pack {next(iter(packs))}" if has_one_pack and None not in packs else ""
    yield f"{counted(len(found), 'rule')}{pack}"
