"""Which commands there are, how words become a call, and what is said when they do not (IF-1)."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tocsin.cli.main import COMMANDS, GROUPS, Command, group_help_text, help_text
from tocsin.cli.parsing import load_command

if TYPE_CHECKING:
    from .conftest import Call

NAMES = [" ".join(command.words) for command in COMMANDS]


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_function_of_every_command_is_there_and_documented(command: Command) -> None:
    module, _, name = command.function.partition(":")
    doc = inspect.getdoc(getattr(import_module(module), name)) or ""
    assert "Examples\n--------\n" in doc
    assert f"tocsin {' '.join(command.words)}" in doc


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_every_option_is_one_sentence_with_its_default(command: Command) -> None:
    signature = load_command(command)
    texts = signature.help_texts()
    for argument in signature.arguments:
        text = texts[argument.field]
        assert text.endswith((".", ")")), argument.name
        assert "(default: " in text or argument.required, argument.name
        for choice in argument.choices:
            assert choice in text, argument.name


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_every_value_has_a_name_in_the_help(command: Command) -> None:
    for argument in load_command(command).arguments:
        if argument.index is None and not argument.is_flag:
            assert argument.metavar or argument.choices, argument.name


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("flag", ["--help", "-h", "help"])
def test_help_of_the_program(call: Call, flag: str) -> None:
    assert call(flag) == (0, help_text(), "")


def test_help_names_every_command_and_no_other() -> None:
    listed = set(re.findall(r"^  ([a-z]+)  +[A-Z]", help_text(), re.MULTILINE))
    assert listed == {command.words[0] for command in COMMANDS}


@pytest.mark.parametrize("text", [help_text(), *(group_help_text(group.words) for group in GROUPS)])
def test_help_fits_80_columns(text: str) -> None:
    assert max(map(len, text.split("\n"))) <= 80


@pytest.mark.parametrize("width", ["60", "80", "200"])
@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_help_of_every_command_fits_the_terminal(call: Call, command: Command, width: str) -> None:
    status, out, err = call(*command.words, "--help", environ={"COLUMNS": width})
    assert (status, err) == (0, "")
    text, _, examples = out.partition("\nExamples\n")
    assert max(map(len, text.split("\n"))) <= int(width)
    assert max(map(len, examples.split("\n"))) <= 80
    assert out.startswith(f"Usage: tocsin {' '.join(command.words)}")


def test_help_wins_over_what_else_is_said(call: Call) -> None:
    assert call("scan", "--frmt", "-h").status == 0
    assert call("help", "scan") == call("scan", "--help")
    assert call("help", "explain") == call("explain", "--help")


def test_help_behind_the_delimiter_is_an_argument(call: Call) -> None:
    status, out, err = call("scan", "--", "--help")
    assert (status, out) == (2, "")
    assert "--help: there is no such file or folder" in err


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(call: Call, flag: str) -> None:
    status, out, err = call(flag)
    assert (status, err) == (0, "")
    assert re.fullmatch(r"tocsin \d+\.\d+\.\d+\S*\n", out)


# ---------------------------------------------------------------- wrong calls


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sacn"], 'tocsin has no command "sacn"\nhint: did you mean tocsin scan?'),
        (
            ["frobnicate"],
            "hint: tocsin knows scan, grep, backtest, validate, simulate, rules, check, test, serve, record, status, sub, deliveries, mailbox, demo, backup, explain; tocsin --help says more",
        ),
        (["explain", "pricng"], "hint: did you mean tocsin explain pricing?"),
        (["explain", "x"], 'tocsin explain has no command "x"'),
        (["--quiet", "scan"], "tocsin has no option --quiet\nhint: options stand behind the command"),
        (
            ["simulate", "selectors", "."],
            "--set is missing\nhint: usage: tocsin simulate selectors --set JSON [OPTIONS] PATH…",
        ),
        (["scan"], "PATH is missing\nhint: usage: tocsin scan [OPTIONS] PATH…"),
        (["grep", "x"], "PATH is missing\nhint: usage: tocsin grep [OPTIONS] PATTERN PATH…"),
        (["scan", ".", "--frmat", "json"], "there is no option --frmat\nhint: did you mean '--format'?"),
        (["scan", ".", "--zzz=3"], "there is no option --zzz"),
        (["scan", ".", "--no-quiet"], "there is no option --no-quiet"),
        (["scan", ".", "--format", "jsn"], '--format: "jsn" is none of table, json, ndjson, csv\nhint: did you mean'),
        (["scan", ".", "--jobs", "x"], '--jobs: "x" is not a whole number'),
        (["scan", ".", "--jobs", "0"], "--jobs: 0 is not a number from 1 to 256"),
        (["scan", ".", "--jobs"], "--jobs needs a value"),
        (["scan", ".", "--jobs", "1", "--jobs", "2"], "--jobs is given twice"),
        (["scan", "-", "-"], "standard input (-) can be read once only"),
        (["scan", "-", "-r", "-"], "standard input (-) can be read once only"),
        (["scan", "no/such/place"], "no/such/place: there is no such file or folder"),
        (["scan", ".", "--since", "soon"], '--since: "soon" is no moment in time'),
        (["scan", ".", "--account", "12"], '--account: "12" is no account'),
        (["scan", ".", "--region", "Frankfurt am Main"], '--region: "Frankfurt am Main" is no region'),
        (["scan", ".", "--config", "no.toml"], "no.toml: there is no such file"),
        (["scan", ".", "--events", "-"], "--events writes to a file"),
        (["explain", "pricing", "now"], 'too many arguments: "now"'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_call_is_told_with_a_way_out(call: Call, argv: list[str], message: str) -> None:
    status, out, err = call(*argv)
    assert (status, out) == (2, "")
    assert err.startswith("tocsin: ")
    assert message in err


@pytest.mark.parametrize(("argv", "text"), [([], help_text()), (["explain"], group_help_text(("explain",)))])
def test_call_without_a_command_shows_the_help_as_an_error(call: Call, argv: list[str], text: str) -> None:
    assert call(*argv) == (2, "", text)


# ---------------------------------------------------------------- supervision


class Failing:
    """Use cases that fail in one way."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        def fail(*_: object, **__: object) -> object:
            raise self._error

        return fail


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("odd"), 70, "internal error T-"),
        (RecursionError("deep"), 70, "internal error T-"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_nothing_leaves_as_a_traceback(call: Call, error: BaseException, status: int, said: str) -> None:
    result = call("scan", ".", use_cases=Failing(error))
    assert result.status == status
    assert said in result.err
    assert "Traceback" not in result.err
