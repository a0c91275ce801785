"""`tocsin check`: findings with place, caret and remedy, and the exit status (IF-1, HS-1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.check import CheckResult, Fix, Silenced, Unfixed
from tocsin.app.report import Bytes, Files, FilterResult, Metric, Records, ScanReport, Skip
from tocsin.caret import make_visible
from tocsin.cli.findings_text import window
from tocsin.cli.table import width_of
from tocsin.core.finding import Finding, Severity
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .conftest import Call


def finding(path: object = "absent.yaml", line: int = 2, column: int = 5, **more: Any) -> Finding:
    settings: dict[str, Any] = {
        "path": str(path),
        "line": line,
        "column": column,
        "severity": Severity.ERROR,
        "name": "syntax",
        "spec": "FP-8",
        "rule": "my-rule",
        "message": "a value is missing",
        "hint": "write one",
        **more,
    }
    return Finding(**settings)


class UseCases:
    """Use cases that answer a check with findings."""

    def __init__(self, *findings: Finding, rules: int = 0, **more: Any) -> None:
        made = tuple(Rule(id=f"r{number}", name=f"r{number}") for number in range(rules))
        self.answer = CheckResult(findings=findings, rules=made, **more)
        self.asked: dict[str, Any] = {}
        self.scanned: dict[str, Any] = {}

    def check(self, sources: Sequence[str], **asked: Any) -> CheckResult:
        self.asked = {"sources": tuple(sources), **asked}
        if asked["archive"] is not None:
            self.counted = asked["archive"](["", "{ $.a = b }"])
        return self.answer

    def scan(self, paths: Sequence[str], *, rules: Sequence[Rule], **_: Any) -> ScanReport:
        self.scanned = {"paths": tuple(paths), "patterns": [rule.effective_pattern for rule in rules]}
        return ScanReport(
            tocsin="",
            command="scan",
            files=Files(skipped=[Skip(path="a.gz", reason="broken")]),
            records=Records(),
            bytes=Bytes(),
            seconds=0.0,
            filters=[
                FilterResult(
                    name=rule.name,
                    pattern="",
                    matches=7 - place,
                    metric=Metric(namespace="n", name="m"),
                    datapoints=[],
                    top={},
                )
                for place, rule in enumerate(rules)
            ],
        )


# ---------------------------------------------------------------- what is asked


def test_call_without_source_checks_what_there_is(call: Call) -> None:
    cases = UseCases()
    assert call("check", use_cases=cases).status == 0
    assert cases.asked["sources"] == ()
    assert (cases.asked["archive"], cases.asked["fix"]) == (None, False)
    assert cases.asked["at"].isoformat() == "2026-03-01"
    assert "environ" in cases.asked


def test_archive_counts_patterns_in_one_pass(call: Call) -> None:
    cases = UseCases()
    err = call("check", "-", "--fix", "--archive", ".", use_cases=cases).err
    assert cases.counted == [7, 6]
    assert cases.scanned == {"paths": (".",), "patterns": ["", "{ $.a = b }"]}
    assert cases.asked["fix"] is True
    assert "--archive: 1 files could not be read in full, the first: a.gz: broken" in err


def test_absent_archive_is_an_error_of_the_call(call: Call) -> None:
    assert call("check", "--archive", "no/such/place", use_cases=UseCases()).status == 2


# ---------------------------------------------------------------- exit status


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([], 0),
        ([finding()], 1),
        ([finding(severity=Severity.WARNING)], 0),
        ([finding(severity=Severity.INFO), finding(severity=Severity.WARNING)], 0),
        ([finding(severity=Severity.WARNING), finding()], 1),
    ],
)
def test_only_errors_make_the_answer_no(call: Call, findings: list[Finding], status: int) -> None:
    assert call("check", use_cases=UseCases(*findings)).status == status


# ---------------------------------------------------------------- forms


def test_finding_shows_its_place_its_line_and_its_remedy(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("id: a\n    x: 1  # \x1b\n", encoding="utf-8")
    out = call("check", use_cases=UseCases(finding(file), rules=2)).out
    assert out.split("\n") == [
        f"{file}:2:5: error syntax: a value is missing",
        "   |  x: 1  # \N{REPLACEMENT CHARACTER}",
        "   |  ^",
        "   = write one",
        "1 error in 1 file; 2 rules can run",
        "",
    ]


def test_finding_of_a_pack_shows_the_line_that_ships(call: Call) -> None:
    path = "article/stop-logging.yaml"
    out = call("check", use_cases=UseCases(finding(path, line=1, column=1, hint=""))).out
    assert out.split("\n")[1:3] == ["   |  id: stop-logging", "   |  ^"]


@pytest.mark.parametrize("line", [99, 1])
def test_line_that_cannot_be_shown_is_left_out(call: Call, line: int) -> None:
    out = call(
        "check", use_cases=UseCases(finding("article" if line == 1 else "article/stop-logging.yaml", line=line))
    ).out
    assert "|" not in out
    assert "   = write one" in out


def test_hostile_finding_is_made_safe(call: Call) -> None:
    hostile = finding("\x1b.yaml", message="\x1b[2J", hint="\u202e")
    out = call("check", use_cases=UseCases(hostile), is_terminal=True, environ={"NO_COLOR": "1"}).out
    assert not set(out) & {"\x1b", "\u202e"}


def test_json_has_the_keys_of_the_contract(call: Call) -> None:
    document = json.loads(call("check", "--format", "json", use_cases=UseCases(finding())).out)
    assert list(document) == ["findings"]
    keys = ["path", "line", "column", "severity", "name", "spec", "rule", "message", "hint"]
    assert list(document["findings"][0]) == keys
    assert document["findings"][0]["severity"] == "error"


def test_ndjson_and_csv_are_one_finding_a_line(call: Call) -> None:
    cases = UseCases(finding(), finding(line=3))
    assert len(call("check", "--format", "ndjson", use_cases=cases).out.splitlines()) == 2
    assert call("check", "--format", "csv", use_cases=cases).out.splitlines()[1:] == [
        f"absent.yaml,{line},5,error,syntax,FP-8,my-rule,a value is missing,write one" for line in (2, 3)
    ]


def fixing() -> UseCases:
    one = finding(severity=Severity.WARNING)
    return UseCases(
        fixed=(Fix(finding=one, before="{ $.a != b }", after="{ ($.a NOT EXISTS) || ($.a != b) }"),),
        unfixed=(Unfixed(finding=one, reason="the rule belongs to a pack"),),
        silenced=(Silenced(finding=one, reason="on purpose"),),
        rules=1,
    )


def test_what_was_fixed_is_shown_before_and_after(call: Call) -> None:
    out = call("check", "--fix", use_cases=fixing()).out
    assert out.split("\n") == [
        "absent.yaml:2:5: fixed syntax",
        "   was  { $.a != b }",
        "   now  { ($.a NOT EXISTS) || ($.a != b) }",
        "absent.yaml:2:5: not fixed syntax: the rule belongs to a pack",
        "no findings; 1 fixed; 1 silenced; 1 rule can run",
        "",
    ]


def test_what_was_fixed_is_in_the_json(call: Call) -> None:
    document = json.loads(call("check", "--fix", "--format", "json", use_cases=fixing()).out)
    assert document["fixed"][0]["after"] == "{ ($.a NOT EXISTS) || ($.a != b) }"
    assert document["unfixed"][0]["reason"] == "the rule belongs to a pack"
    assert document["silenced"][0]["reason"] == "on purpose"


# ---------------------------------------------------------------- the window around the place


@pytest.mark.parametrize(
    ("source", "column", "width", "text", "caret"),
    [
        ("    a: b", 7, 20, "a: b", 3),
        ("\t\ta: b", 5, 20, "a: b", 3),
        ("a: b", 99, 20, "a: b", 4),
        ("abcdefghijklmnopqrst", 0, 10, "abcdefghi…", 0),
        ("abcdefghijklmnopqrst", 10, 10, "…efghijkl…", 7),
        ("abcdefghijklmnopqrst", 19, 10, "…nopqrst", 7),
        ("東京東京東京東京", 3, 10, "東京東京…", 6),
    ],
)
def test_window_shows_the_place(source: str, column: int, width: int, text: str, caret: int) -> None:
    assert window(source, column, width) == (text, caret)


@given(st.text(st.sampled_from("ab 東\x1b\t"), max_size=60), st.integers(0, 70), st.integers(12, 40))
def test_caret_stands_under_its_character(source: str, column: int, width: int) -> None:
    text, caret = window(source, column, width)
    assert width_of(text) <= width
    shown = make_visible(source).replace("\t", " ").rstrip()
    if column < len(shown):
        under = next(place for place in range(len(text) + 1) if width_of(text[:place]) == caret)
        assert text[under] == shown[column]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("[limits]\ndepth = 100\n", "no findings; the settings can be used"),
        ("[limits]\ndepth = 0\n", "1 error in 1 file; the settings cannot be used"),
    ],
)
def test_settings_alone_are_told_by_themselves(call: Call, tmp_path: Path, text: str, last: str) -> None:
    (tmp_path / "service.toml").write_text(text, encoding="utf-8")
    assert call("check", str(tmp_path / "service.toml")).out.splitlines()[-1] == last
