"""Errors as a user sees them, and the exit status of each (IF-1, AR-8)."""

from __future__ import annotations

import pytest

from tocsin.cli.failure import describe, exit_status, ident_of, report
from tocsin.cli.terminal import Terminal
from tocsin.core.finding import Finding, Severity
from tocsin.errors import (
    ConfigError,
    InputError,
    InternalError,
    NotFoundError,
    PatternError,
    RuleFileError,
    SourceError,
)

from .conftest import FakeStream


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 2),
        (NotFoundError("x"), 2),
        (ConfigError("x"), 2),
        (PatternError("x", source="{", position=1, rule="FP-4.1"), 2),
        (RuleFileError("x"), 2),
        (SourceError("x"), 1),
        (InternalError("x", ident="T-1"), 70),
        (ValueError("x"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_status(error: BaseException, status: int) -> None:
    assert exit_status(error) == status


def told(error: BaseException, **environ: str) -> str:
    stream = FakeStream()
    report(error, terminal=Terminal(FakeStream(), stream, None, {}), environ=environ)  # type: ignore[arg-type]  # no input is read
    return stream.getvalue()


def test_error_is_told_with_its_hint() -> None:
    assert told(InputError("no such thing", hint="try another")) == "tocsin: no such thing\nhint: try another\n"


def test_setting_is_told_with_where_it_came_from() -> None:
    assert describe(ConfigError("bad", path="a.toml")) == "a.toml: bad"
    assert describe(ConfigError("a.toml:1:2: bad", path="a.toml")) == "a.toml:1:2: bad"


def test_event_contents_in_a_message_are_made_safe() -> None:
    assert told(InputError("\x1b[2J")) == "tocsin: \\x1b[2J\n"


def finding(number: int) -> Finding:
    return Finding(
        path="r.yaml",
        line=number,
        column=2,
        severity=Severity.ERROR,
        name="syntax",
        spec="FP-8",
        rule="r",
        message="wrong",
        hint="fix it",
    )


def test_rule_file_is_told_finding_by_finding() -> None:
    text = told(RuleFileError("r.yaml cannot be used", findings=[finding(1), finding(2)]))
    assert text.split("\n")[:4] == [
        "tocsin: r.yaml cannot be used",
        "r.yaml:1:2: error syntax: wrong",
        "   = fix it",
        "r.yaml:2:2: error syntax: wrong",
    ]


def test_many_findings_are_counted() -> None:
    text = told(RuleFileError("x", findings=[finding(number) for number in range(30)]))
    assert "and 10 more\n" in text
    assert "tocsin check" in text


def test_defect_has_an_id_and_no_traceback() -> None:
    text = told(ZeroDivisionError("division by zero"))
    assert text.startswith("tocsin: internal error T-")
    assert "Traceback" not in text
    assert "report it" in text


def test_defect_of_ours_keeps_its_own_id() -> None:
    assert "internal error T-42: broken" in told(InternalError("broken", ident="T-42"))


def test_traceback_is_shown_on_request_and_safe() -> None:
    text = told(raised("\x1b[2J"), TOCSIN_DEBUG="1")
    assert "Traceback" in text
    assert "\x1b" not in text


def test_long_message_is_cut() -> None:
    assert len(told(ValueError("x" * 10_000))) < 1_000


def raised(message: str) -> BaseException:
    try:
        return next(iter([int(message)]))  # type: ignore[return-value]  # it raises
    except ValueError as error:
        return error


def raised_elsewhere(message: str) -> BaseException:
    try:
        return float(message)  # type: ignore[return-value]  # it raises
    except ValueError as error:
        return error


def test_id_depends_on_the_place_not_on_the_data() -> None:
    assert ident_of(raised("a")) == ident_of(raised("b"))
    assert ident_of(raised("a")) != ident_of(raised_elsewhere("a"))


def test_interrupt_is_told_in_a_word() -> None:
    assert told(KeyboardInterrupt()) == "tocsin: interrupted\n"
