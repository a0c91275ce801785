"""`tocsin explain rule`: what a rule watches, what rings it, and what to do about noise. Spec: IF-1, IF-4, R-20."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.rule import Rule

_TO_THE_TERMINAL = OutputOptions()


def rule(
    ident: Annotated[str, Parameter(name="ID")],
    /,
    *,
    rules: Annotated[tuple[str, ...], Parameter(name=("--rules", "-r"), metavar="SOURCE")] = (),
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Say what a rule is for: what it watches and why, what rings its alarm, look-alikes, noise, and what it costs.

    Parameters
    ----------
    ident
        A rule by its full name (cis/root-user-used), by its catalogue id (cis/cloudwatch-1), or by its id alone.
    rules
        Look for it in this pack, rule file or folder; may be repeated (default: every pack).

    Examples
    --------
    tocsin explain rule article/stop-logging
        a rule of a pack

    tocsin explain rule my-rule -r my-rules.yaml
        a rule of one's own
    """
    cases = invocation.use_cases
    today = invocation.clock.now().date()
    loaded = cases.load_rules(*(rules or cases.pack_names()), at=today)
    found = find_rule_of(ident, loaded)
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "table":
                from tocsin.cli.rule_text import draw_rule

                write_lines(stream, draw_rule(found, stream, at=today))
            case "json":
                write_json(stream, _document(found))
            case "ndjson":
                write_ndjson(stream, [_document(found)])
            case "csv":
                document = _document(found)
                keys = ("name", "severity", "title", "why", "pattern", "false_positives")
                write_csv(stream, keys, [[document[key] for key in keys]])
    return DONE


def find_rule_of(ident: str, loaded: Sequence[Rule]) -> Rule:
    """The rule of that name; NotFoundError says where to look for names."""
    from tocsin.core.rule import find_rule

    try:
        return find_rule(loaded, ident)
    except NotFoundError as error:
        hint = error.hint or "tocsin rules lists the packs, tocsin rules PACK the rules of one"
        raise NotFoundError(error.message, hint=hint) from None


def _document(rule: Rule) -> dict[str, Any]:
    import msgspec

    from tocsin.app.rule_words import alarm_words

    document: dict[str, Any] = msgspec.to_builtins(rule)
    document["pattern"] = rule.effective_pattern or (rule.filter.filter_pattern if rule.filter else "")
    document["rings"] = alarm_words(rule)
    return document
