"""Write the reference pages that are made from the code: commands, rules, Python API, errors, settings, operations.

Rule: what a page says is read from where it is decided, never typed twice.

    python scripts/reference_pages.py            writes docs/reference/*.md
    python scripts/reference_pages.py --check    compares, writes nothing; exit 1 on a difference
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import os
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

import tocsin
from tocsin import errors
from tocsin.api.service_table import Support, operation_table
from tocsin.cli import failure
from tocsin.cli.main import COMMANDS
from tocsin.config import CONFIG_NAME, Config, settings_in_force, variable_of
from tocsin.config.table import ENTRIES
from tocsin.config.table import SETTINGS as SETTING_TABLE
from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm_condition import comparison_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
PACKS = ROOT / "src" / "tocsin" / "rules"
NOTE = "<!-- Made from the code by scripts/reference_pages.py: edit the code, then run `make docs`. -->\n"

COMMAND_LINE = """\
The result of a command goes to standard output, everything else to standard error. Colour and progress are for
terminals only; `NO_COLOR` is respected. What other programs may rely on is fixed in
[interfaces](../spec/interfaces.md).
"""
RULE_PACKS = """\
The rules that ship. `tocsin scan PATH -r PACK` runs one pack, `tocsin explain rule PACK/ID` shows one rule,
`tocsin rules PACK` lists them. Where they come from: [detections](../spec/detections.md).
"""
PYTHON_API = """\
What `import tocsin` offers; everything else is private and may change. The package is typed (`py.typed`). Names are
loaded when they are first used.
"""
ERRORS = """\
Every exception that Tocsin raises on purpose. `code` is stable and may be matched by programs; `message` is for
people; `hint` says what to do and may be empty.
"""
EXIT_CODES = """\
`grep` follows grep: any trouble is 2. An interrupted command exits with 130. The other exit codes stand in the
[help of the command line](command-line.md).
"""
SETTINGS = f"""\
Settings stand in one TOML file: the one that `--config` names, else `{CONFIG_NAME}` in the working folder, else none.
A variable of the environment overrides the file. `tocsin check FILE` validates it: an unknown key is an error, never
ignored.
"""
ENTRY_TABLES = """\
Some tables may stand several times. They need all of their settings, and no variable overrides them: a
[source](../how-to/follow-log-files.md) is read by the live service, a [notifier](../how-to/chat.md) gets what is
published on a topic.
"""

LIMITS = """\
`limits.record`, `limits.depth` and `limits.unpacked` hold while archives are read, whatever they hold (CT-14.4). A
record that is too long or nested too deeply is malformed and counted as such. A file that unpacks to more is read up to
the limit and named in the ledger. The other limits are those of requests to the live service (WIRE-7.4).

Other variables that are respected:

| variable | effect |
|---|---|
| `NO_COLOR` | no colour, whatever its value unless it is empty |
| `COLUMNS` | the width of tables where the output is no terminal |
| `TOCSIN_DEBUG` | shows the traceback of an internal error |
"""

OPERATIONS = """\
What `tocsin serve` makes of each operation of the services that it serves.

- **full**: it does what it does at AWS.
- **stored only**: what is put is checked, kept, told again, tagged and deleted, and has no further effect.
- **not supported**: the answer is an error that says so. Nothing is pretended.

An operation that AWS has added since is not supported either. Differences to AWS that go beyond one operation stand in
[wire](../spec/wire.md).
"""
SERVICE_NAMES = {
    "logs": "CloudWatch Logs",
    "cloudwatch": "CloudWatch",
    "cloudtrail": "CloudTrail",
    "sns": "SNS",
    "sts": "STS",
}


# --- command line -------------------------------------------------------------------------------------


def help_of(*words: str) -> str:
    """Ask the command line for its help, as it is on a terminal of 100 columns."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "tocsin", *words, "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=True)
    return f"```text\n{done.stdout.rstrip()}\n```\n"


def command_line() -> str:
    """Make the page of commands."""
    parts = [
        "# Command line\n",
        NOTE,
        COMMAND_LINE,
        help_of(),
    ]
    for command in COMMANDS:
        parts += [f"## tocsin {' '.join(command.words)}\n", help_of(*command.words)]
    return "\n".join(parts)


# --- rule packs ---------------------------------------------------------------------------------------


def rule_packs() -> str:
    """Make the page of packs: every rule with its pattern, its alarm and why it is there."""
    packs = sorted(path.name for path in PACKS.iterdir() if path.is_dir() and any(path.glob("*.yaml")))
    parts = [
        "# Rule packs\n",
        NOTE,
        RULE_PACKS,
        "| pack | rules | by severity |",
        "|---|---|---|",
    ]
    rules = {pack: sorted(tocsin.load_rules(pack), key=lambda rule: rule.name) for pack in packs}
    for pack in packs:
        severities = [rule.severity.value for rule in rules[pack]]
        order = [s for s in ("critical", "high", "medium", "low", "info") if s in severities]
        told = ", ".join(f"{severities.count(severity)} {severity}" for severity in order)
        parts.append(f"| [`{pack}`](#pack-{pack}) | {len(severities)} | {told} |")
    for pack in packs:
        parts.append(f"\n## Pack {pack}\n")
        for rule in rules[pack]:
            parts += rule_section(rule)
    return "\n".join(parts)


def rule_section(rule: tocsin.Rule) -> Iterator[str]:
    """Make the section of one rule."""
    yield f"### {rule.name}\n"
    yield f"{rule.title}. Severity **{rule.severity.value}**. {rule.why}\n"
    if rule.filter is not None:
        yield f"```text\n{rule.filter.filter_pattern.strip()}\n```\n"
    if rule.params:
        yield "Parameters: " + ", ".join(f"`{name}` = `{value}`" for name, value in rule.params.items()) + ".\n"
    if rule.alarm is not None:
        yield alarm_sentence(rule.alarm) + "\n"
    if rule.false_positives:
        yield f"False positives: {rule.false_positives}\n"
    if rule.note:
        yield f"Note: {rule.note}\n"
    if references := "; ".join(references_of(rule)):
        yield f"References: {references}.\n"
    if rule.runbook:
        yield f"What to do:\n\n{rule.runbook.strip()}\n"


BENCHMARKS = ("v1.2", "v1.4 to v5.0", "v6 and later")


def references_of(rule: tocsin.Rule) -> Iterator[str]:
    """Name the controls and techniques that a rule belongs to."""
    controls = zip(rule.references.get("cis", ()), BENCHMARKS, strict=False)
    if told := [f"{control} ({version})" for control, version in controls if control != "-"]:
        yield f"CIS {', '.join(told)}"
    for key, name in (("securityhub", "Security Hub"), ("attack", "ATT&CK"), ("attack_v19", "ATT&CK since v19")):
        if values := rule.references.get(key):
            yield f"{name} {', '.join(values)}"


def alarm_sentence(alarm: dict[str, Any]) -> str:
    """Say in words when an alarm rings; the names are those of PutMetricAlarm."""
    comparison = comparison_text(Comparison(alarm["ComparisonOperator"]))
    periods = alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm", periods)
    span = f"{alarm['Period']} s" if periods == 1 else f"{needed} of {periods} periods of {alarm['Period']} s"
    return f"Suggested alarm: {alarm['Statistic']} {comparison} {alarm['Threshold']:g} in {span}."


# --- Python API ---------------------------------------------------------------------------------------


def python_api() -> str:
    """Make the page of the Python API: everything in `tocsin.__all__`."""
    parts = [
        "# Python API\n",
        NOTE,
        PYTHON_API,
    ]
    members = {name: getattr(tocsin, name) for name in tocsin.__all__ if not name.startswith("_")}
    functions = {name: member for name, member in members.items() if inspect.isfunction(member)}
    faults = {n: m for n, m in members.items() if inspect.isclass(m) and issubclass(m, Exception)}
    classes = {n: m for n, m in members.items() if n not in functions and n not in faults}
    parts.append("## Functions\n")
    for name, function in functions.items():
        parts += [f"### tocsin.{name}\n", signature(f"tocsin.{name}", function), text_of(function)]
    parts.append("## Classes\n")
    told = set(classes.values())
    for name, member in classes.items():
        parts += [f"### tocsin.{name}\n", text_of(member), *attributes(member), *methods(member)]
        for inner in inner_types(member):
            if inner not in told:
                told.add(inner)
                parts += [f"#### {inner.__name__}\n", text_of(inner), *attributes(inner)]
    parts.append("## Exceptions\n")
    parts.append("All derive from `tocsin.TocsinError`; [errors](errors.md) shows the tree.\n")
    for name, member in faults.items():
        parts += [f"### tocsin.{name}\n", text_of(member)]
    return "\n".join(parts)


def text_of(member: object) -> str:
    """Give a docstring as Markdown; doctests become blocks that are run as tests."""
    text = inspect.getdoc(member) or ""
    text = re.sub(
        r"(?m)^(>>> (?:.*\n?)(?:(?!\s*$).*\n?)*)", lambda block: f"```pycon\n{block[1].rstrip()}\n\n```\n", text
    )
    return f"{text}\n"


def signature(name: str, function: Callable[..., Any]) -> str:
    """Give a signature, one parameter a line where it is long."""
    # Annotations are texts, so quotes go; an empty text stays one, and an object is named by its class.
    shown = str(inspect.signature(function)).replace("''", '""').replace("'", "")
    shown = re.sub(r"<(?:\w+\.)*(\w+) object at 0x[0-9a-f]+>", r"\1()", shown)
    shown = re.sub(r"\((?:self|cls)(?:, )?", "(", shown)
    if len(shown) > 80:
        inside, arrow, result = shown[1:].rpartition(") -> ")
        shown = "(\n" + "".join(f"    {part},\n" for part in split_parameters(inside)) + f"{arrow}{result}"
    return f"```python\n{name}{shown}\n```\n"


def split_parameters(text: str) -> list[str]:
    """Split at the commas that are not inside brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "[(") - (character in "])")
        if character == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def attributes(member: type) -> Iterator[str]:
    """List the fields of a Struct, or the members of an enumeration."""
    if issubclass(member, msgspec.Struct):
        yield "| attribute | type |\n|---|---|"
        for field in msgspec.structs.fields(member):
            shown = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", None)
            kind = str(field.type) if shown is None or "[" in str(field.type) else shown
            yield f"| `{field.name}` | `{plain_type(kind)}` |"
        yield ""
    elif issubclass(member, Enum):
        yield ", ".join(f"`{value.value}`" for value in member) + "\n"


def inner_types(member: object) -> Iterator[type]:
    """Find the Structs and enumerations that the fields of a Struct are made of, in their order."""
    if inspect.isclass(member) and issubclass(member, msgspec.Struct):
        for field in msgspec.structs.fields(member):
            yield from parts_of(field.type)


def parts_of(kind: Any) -> Iterator[type]:
    """Find the types of our own in a type, and those that they are made of."""
    if inspect.isclass(kind) and issubclass(kind, msgspec.Struct | Enum):
        yield kind
        yield from inner_types(kind)
    for inner in get_args(kind):
        yield from parts_of(inner)


def plain_type(text: str) -> str:
    """Leave out the modules in front of the names of a type."""
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text).replace("|", "\\|").replace("NoneType", "None")


def methods(member: type) -> Iterator[str]:
    """Describe the public methods and properties that a class defines itself."""
    for name, value in vars(member).items():
        function = getattr(value, "__func__", value)
        if name.startswith("_") or not (inspect.isfunction(function) or isinstance(value, property)):
            continue
        shown = value.fget if isinstance(value, property) else function
        if not (inspect.getdoc(shown) or "").strip():
            continue
        called = f"{member.__name__}.{name}"
        yield f"#### {called}\n"
        if not isinstance(value, property):
            yield signature(called, function)
        yield text_of(shown)


# --- errors -------------------------------------------------------------------------------------------


def error_tree() -> str:
    """Make the page of errors: the tree, the stable codes and the exit codes."""
    tree = (errors.__doc__ or "").partition("\n\n")[2].partition("\n\nSpec:")[0]
    public = [getattr(tocsin, name) for name in tocsin.__all__]
    found = sorted(
        {
            cls
            for cls in [*vars(errors).values(), *public]
            if inspect.isclass(cls) and issubclass(cls, errors.TocsinError)
        },
        key=lambda cls: [parent.__name__ for parent in reversed(cls.__mro__)],
    )
    rows = [
        f"| `{cls.__name__}` | `{cls.code}` | {failure.exit_status(sample(cls))} | {first_line(cls)} |" for cls in found
    ]
    return "\n".join(
        [
            "# Errors\n",
            NOTE,
            ERRORS,
            f"```text\n{tree}\n```\n",
            "| exception | code | exit status | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            EXIT_CODES,
        ]
    )


def sample(cls: type[errors.TocsinError]) -> errors.TocsinError:
    """Make an exception of this class, to ask what the command line makes of it."""
    required: dict[str, Any] = {
        name: 0 if "int" in str(parameter.annotation) else ""
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    return cls(**required)


def first_line(member: object) -> str:
    """Give the first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(member) or "").partition("\n\n")[0].split())


# --- settings -----------------------------------------------------------------------------------------


def shown_default(value: Any, unset: str) -> str:
    """The default of a setting as the page shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}" if value > 9_999 else str(value)
    return str(value) if value else unset


def settings() -> str:
    """Make the page of settings and limits."""
    rows = []
    defaults = {setting.name: setting.value for setting in settings_in_force(Config())}
    for key, setting in SETTING_TABLE.items():
        example = setting.example.partition(" or ")[0]
        default = shown_default(defaults[key], setting.unset)
        rows.append(f"| `{key}` | `{variable_of(key)}` | {default} | {setting.kind} | `{example}` |")
    entries = [
        f"| `[[{name}]]` `{member}` | {setting.kind} | `{setting.example}` |"
        for name, members in ENTRIES.items()
        for member, setting in members.items()
    ]
    return "\n".join(
        [
            "# Settings and limits\n",
            NOTE,
            SETTINGS,
            "| setting | variable | default | value | for example |",
            "|---|---|---|---|---|",
            *rows,
            "",
            ENTRY_TABLES,
            "| setting | value | for example |",
            "|---|---|---|",
            *entries,
            "",
            LIMITS,
        ]
    )


# --- operations ---------------------------------------------------------------------------------------


def operations() -> str:
    """Make the page of operations: how far each of them is."""
    table = operation_table()
    parts = [
        "# Operations\n",
        NOTE,
        OPERATIONS,
        "| service | full | stored only | not supported |",
        "|---|---|---|---|",
    ]
    for service, entries in table.items():
        counts = [sum(entry.support is support for entry in entries.values()) for support in Support]
        cells = " | ".join(map(str, counts))
        parts.append(f"| [{SERVICE_NAMES[service]}](#{SERVICE_NAMES[service].lower().replace(' ', '-')}) | {cells} |")
    for service, entries in table.items():
        parts += [f"\n## {SERVICE_NAMES[service]}\n", "| operation | support | remark |", "|---|---|---|"]
        order = sorted(entries.items(), key=lambda item: (list(Support).index(item[1].support), item[0]))
        parts += [f"| `{name}` | {entry.support} | {entry.note} |" for name, entry in order]
    return "\n".join(parts)


# --- writing ------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "rules.md": rule_packs,
    "python.md": python_api,
    "errors.md": error_tree,
    "settings.md": settings,
    "operations.md": operations,
}


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with `--check` show how they differ from the code."""
    parser = argparse.ArgumentParser(description="write the reference pages")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    stale = 0
    for name, make in PAGES.items():
        path = FOLDER / name
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        made = re.sub(r"\n{3,}", "\n\n", make()).rstrip() + "\n"
        if made == there:
            continue
        if options.check:
            stale = 1
            lines = difflib.unified_diff(there.splitlines(), made.splitlines(), name, "code", lineterm="", n=1)
            print(f"docs/reference/{name} is not what the code says; run `make docs`:", file=sys.stderr)
            print("\n".join(list(lines)[:12]), file=sys.stderr)
        else:
            path.write_text(made, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
