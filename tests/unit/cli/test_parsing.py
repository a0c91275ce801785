"""From words to a call: what each form of an argument becomes, and what is refused (IF-1, docs/adr/0007)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from tocsin.cli.main import Command
from tocsin.cli.parsing import call_command, usage
from tocsin.cli.signature import Parameter, Signature
from tocsin.errors import InputError

CALLS: list[dict[str, Any]] = []


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Options that belong together."""

    jobs: Annotated[int | None, Parameter(name=("--jobs", "-j"), metavar="N", group="Reading")] = None
    """Work with this many processes
    (default: one)."""

    form: Annotated[Literal["json", "csv"], Parameter(name="--form")] = "json"
    """How it is written (default: json)."""


NO_GROUP = Group()


def command(
    first: Annotated[str, Parameter(name="FIRST")],
    paths: Annotated[tuple[str, ...], Parameter(name="PATH")] = (),
    /,
    *,
    rules: Annotated[tuple[str, ...], Parameter(name=("--rules", "-r"), metavar="SOURCE")] = (),
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"))] = False,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"))] = False,
    file: Annotated[Path | None, Parameter(name="--file", metavar="FILE")] = None,
    pair: Annotated[tuple[str, str] | None, Parameter(name="--pair", metavar="OLD NEW")] = None,
    group: Group = NO_GROUP,
    invocation: Annotated[object, Parameter(parse=False)],
) -> int:
    """Do something.

    Parameters
    ----------
    first
        The first of all,
        told in two lines.
    rules
        Rules; may be repeated.

    Examples
    --------
    tocsin do x
        does x
    """
    CALLS.append({key: value for key, value in locals().items() if key != "invocation"})
    return 3


DO = Command(("do",), f"{__name__}:command", "Do something")
PLAIN = {
    "first": "a",
    "paths": (),
    "rules": (),
    "verbose": False,
    "quiet": False,
    "file": None,
    "pair": None,
    "group": NO_GROUP,
}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tocsin.cli.parsing.load_command", lambda _: Signature(command))

    def run(*words: str) -> dict[str, Any]:
        CALLS.clear()
        assert call_command(DO, words, object()) == 3
        return CALLS[0]

    return run


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["a"], {}),
        (["a", "b", "c"], {"paths": ("b", "c")}),
        (["a", "-r", "x", "b", "--rules=y", "c", "-rz", "-r=w"], {"paths": ("b", "c"), "rules": ("x", "y", "z", "w")}),
        (["-v", "a"], {"verbose": True}),
        (["-vq", "a"], {"verbose": True, "quiet": True}),
        (["-vrx", "a"], {"verbose": True, "rules": ("x",)}),
        (["a", "--file", "x/y"], {"file": Path("x/y")}),
        (["a", "--file", "-"], {"file": Path("-")}),
        (["a", "--pair", "o", "n", "b"], {"pair": ("o", "n"), "paths": ("b",)}),
        (["a", "--pair=o", "n"], {"pair": ("o", "n")}),
        (["a", "-j2"], {"group": Group(jobs=2)}),
        (["a", "--jobs", "-3"], {"group": Group(jobs=-3)}),
        (["a", "--form", "csv"], {"group": Group(form="csv")}),
        (["-", "-"], {"first": "-", "paths": ("-",)}),
        (["a", "--", "-v", "--rules", "--"], {"paths": ("-v", "--rules", "--")}),
        (["a", "--rules", "--odd"], {"rules": ("--odd",)}),
        (["a", "--rules="], {"rules": ("",)}),
    ],
)
def test_words_become_values(call, words: list[str], given: dict[str, Any]) -> None:
    assert call(*words) == PLAIN | given


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "FIRST is missing"),
        (["a", "--rulse", "x"], "there is no option --rulse"),
        (["a", "--rule", "x"], "there is no option --rule"),  # names are never shortened
        (["a", "-x"], "there is no option -x"),
        (["a", "-vx"], "there is no option -vx"),
        (["a", "--verbose=1"], "--verbose takes no value"),
        (["a", "-v=1"], "-v takes no value"),
        (["a", "-v", "-v"], "-v is given twice"),
        (["a", "--file", "x", "--file", "y"], "--file is given twice"),
        (["a", "--file"], "--file needs a value"),
        (["a", "--file", "--quiet"], "--file needs a value"),
        (["a", "--file", "--"], "--file needs a value"),
        (["a", "--pair", "x"], "--pair needs 2 values: OLD NEW"),
        (["a", "--jobs", "two"], '--jobs: "two" is not a whole number'),
        (["a", "--jobs", "1" * 40], f'--jobs: "{"1" * 40}" is not a whole number'),
        (["a", "--jobs", "\u0663"], '--jobs: "\u0663" is not a whole number'),
        (["a", "--form", "jsn"], '--form: "jsn" is none of json, csv'),
    ],
)
def test_mistakes_are_told(call, words: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        call(*words)
    assert caught.value.message == message
    assert caught.value.hint or message.startswith("--jobs")


def test_too_many_arguments_are_told_by_name() -> None:
    def one(only: Annotated[str, Parameter(name="ONLY")], /) -> int:
        return len(only)

    signature = Signature(one)
    assert usage(DO, signature) == "tocsin do ONLY"


def test_help_texts_come_from_docstrings() -> None:
    texts = Signature(command).help_texts()
    assert texts[("first",)] == "The first of all, told in two lines."
    assert texts[("rules",)] == "Rules; may be repeated."
    assert texts[("group", "jobs")] == "Work with this many processes (default: one)."
    assert ("paths",) not in texts


def test_usage_names_what_is_needed() -> None:
    assert usage(DO, Signature(command)) == "tocsin do [OPTIONS] FIRST [PATH…]"
