"""`tocsin test`: failures in full, one summary line, JUnit for CI, and the exit status (IF-1, IF-4)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.ruletest_report import Failure, RuleTestReport, RuleTestResult, SlotPoint
from tocsin.cli.junit import junit_document
from tocsin.core.finding import Finding, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Call

RULE = """\
id: guessing
filter:
  filterPattern: '{ $.errorMessage = "Failed authentication" }'
  metricTransformations:
    - {metricName: Guessing, metricNamespace: Security, metricValue: "1"}
alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 3, ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: notBreaching}
tests:
  - name: a wrong password counts
    event: {errorMessage: Failed authentication}
    matches: true
  - name: three ring
    events: [{at: 1m, repeat: 3, event: {eventName: ConsoleLogin, errorMessage: Failed authentication}}]
    expect: [{at: 2m, state: ALARM, message: {contains: [alice, ConsoleLogin]}}]
"""
LATER = """\
  - name: two ring
    events: [{at: 1m, repeat: 2, event: {errorMessage: Failed authentication}}]
    expect:
      - {at: 2m, state: ALARM, message: {contains: bob}}
      - {at: 3m, never: OK}
  - name: unknown users count
    event: {errorMessage: No username found}
    matches: true
"""
TIME = re.compile(r"\d+\.\d+ s$", re.MULTILINE)


@pytest.fixture
def rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rule.yaml"
    path.write_text(RULE, encoding="utf-8")
    return path


@pytest.fixture
def failing(rule: Path) -> Path:
    rule.write_text(RULE + LATER, encoding="utf-8")
    return rule


# ---------------------------------------------------------------- the table


def test_nothing_but_a_summary_when_all_pass(call: Call, rule: Path) -> None:
    result = call("test", "rule.yaml")
    assert (result.status, result.err) == (0, "")
    assert TIME.sub("TIME", result.out) == "2 tests of 1 rule passed; TIME\n"


def test_verbose_lists_the_tests_that_pass(call: Call, rule: Path) -> None:
    assert TIME.sub("TIME", call("test", "rule.yaml", "-v").out) == (
        "passed  guessing: a wrong password counts\npassed  guessing: three ring\n\n2 tests of 1 rule passed; TIME\n"
    )


def test_failures_are_told_in_full(call: Call, failing: Path) -> None:
    result = call("test", "rule.yaml")
    assert (result.status, result.err) == (1, "")
    assert TIME.sub("TIME", result.out) == (
        "FAILED  guessing: two ring\n"
        "  rule.yaml:17:25\n"
        "    expected  state ALARM at 2m\n"
        "    got       state OK since 1m\n"
        "    why       Threshold Crossed: 1 datapoint [2.0 (04/01/27 00:01:00)] was not\n"
        "              greater than or equal to the threshold (3.0). [AL-7:\n"
        "              newest-points]\n"
        "    points    2.0 from 1m to 2m\n"
        "  rule.yaml:17:52\n"
        '    expected  a message that contains "bob" at 2m\n'
        "    got       no message so far\n"
        "    why       INSUFFICIENT_DATA -> OK at 1m: the alarm has no action for OK\n"
        "  rule.yaml:18:25\n"
        "    expected  never OK up to 3m\n"
        "    got       state OK from 1m\n"
        "    why       Threshold Crossed: no datapoints were received for 1 period and 1\n"
        "              missing datapoint was treated as [NonBreaching]. [AL-7:\n"
        "              fills-do-not-breach]\n"
        "\n"
        "FAILED  guessing: unknown users count\n"
        "  rule.yaml:21:14\n"
        "    expected  the filter matches\n"
        "    got       the filter does not match\n"
        '    pattern   { $.errorMessage = "Failed authentication" }\n'
        "    explained\n"
        '      A  errorMessage "No username found" is "Failed\n'
        '         authentication"                              false  => no match\n'
        "\n"
        "2 of 4 tests of 1 rule failed; TIME\n"
    )


def test_a_message_is_shown_once_where_several_texts_are_missing(call: Call, rule: Path) -> None:
    rule.write_text(RULE.replace("[alice, ConsoleLogin]", "[bob, IAM user bob]"), encoding="utf-8")
    lines = call("test", "rule.yaml").out.splitlines()
    assert lines[:6] == [
        "FAILED  guessing: three ring",
        "  rule.yaml:13:58",
        '    expected  a message that contains "bob" at 2m',
        "    got       a message without it: OK -> ALARM, sent at 2m",
        "    the message begins",
        '      Subject: ALARM: "guessing" in US East (N. Virginia)',
    ]
    assert lines.count("    the message begins") == 1
    assert "    nearest   Who: IAM user alice" in lines


def test_colour_is_for_terminals(call: Call, failing: Path) -> None:
    assert "\x1b[1;31mFAILED" in call("test", "rule.yaml", is_terminal=True).out
    assert "\x1b" not in call("test", "rule.yaml").out
    assert "\x1b" not in call("test", "rule.yaml", is_terminal=True, environ={"NO_COLOR": "1"}).out


def test_no_line_is_wider_than_the_terminal(call: Call, failing: Path) -> None:
    out = call("test", "rule.yaml", environ={"COLUMNS": "50"}).out
    assert max(map(len, out.splitlines())) <= 50


# ---------------------------------------------------------------- which tests


def test_run_chooses_tests(call: Call, failing: Path) -> None:
    result = call("test", "rule.yaml", "--run", "guessing: three", "-v")
    assert result.status == 0
    assert TIME.sub("TIME", result.out) == (
        "passed  guessing: three ring\n\n1 test of 1 rule passed; 3 not chosen; TIME\n"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["rule.yaml", "--run", "("], '--run: "(" is no regular expression: missing )'),
        (["rule.yaml", "--run", "nowhere"], 'rule.yaml: none of the 2 tests has "nowhere" in RULE: TEST NAME'),
        (["absent.yaml"], "there is no pack, file or folder 'absent.yaml'"),
        (["rule.yaml", "--junit", "-"], "--junit writes to a file"),
        (["rule.yaml", "--jobs", "0"], "--jobs: 0 is not a number from 1 to 256"),
        (["rule.yaml", "--junit", "no/such/folder.xml"], "cannot write no/such/folder.xml"),
        (["rule.yaml", "--config", "none.toml"], "none.toml"),
        (["-", "-"], "standard input (-) can be read once only"),
    ],
)
def test_a_wrong_call_is_refused(call: Call, rule: Path, argv: list[str], said: str) -> None:
    result = call("test", *argv)
    assert result.status == 2
    assert said in result.err


@pytest.mark.parametrize(("sources", "named"), [(["bare.yaml"], "bare.yaml"), ([], "the packs")])
def test_a_run_without_tests_does_not_pass(call: Call, rule: Path, sources: list[str], named: str) -> None:
    (rule.parent / "bare.yaml").write_text(RULE.partition("tests:")[0], encoding="utf-8")
    empty = RuleTestReport(
        tocsin="", rules=0, tests=0, passed=0, failed=0, deselected=0, seconds=0.0, errors=[], results=[]
    )
    cases = SimpleNamespace(pack_names=list, run_rule_tests=lambda *_, **__: empty)
    result = call("test", *sources, use_cases=None if sources else cases)
    assert result.status == 2
    assert f"{named}: there is no test to run" in result.err


def test_without_a_source_the_packs_are_tested(call: Call, rule: Path) -> None:
    result = call("test")
    assert result.status == 0
    assert " tests of 21 rules passed" in result.out


def test_settings_and_the_day_reach_the_tests(call: Call, rule: Path) -> None:
    (rule.parent / "tocsin.toml").write_text("[alarm]\nevaluation_range = 7\n", encoding="utf-8")
    asked: dict[str, Any] = {}

    def run_rule_tests(sources: Any, **options: Any) -> RuleTestReport:
        asked.update(options, sources=tuple(sources))
        return report()

    call("test", "a", "-j", "3", use_cases=SimpleNamespace(run_rule_tests=run_rule_tests))
    assert (asked["sources"], asked["extra"], asked["jobs"], asked["run"]) == (("a",), 7, 3, None)
    assert asked["at"].isoformat() == "2026-03-01"


def test_a_rule_that_cannot_run_is_an_error_of_the_call(call: Call, rule: Path) -> None:
    (rule.parent / "bad.yaml").write_text(RULE.replace('" }', '"').replace("guessing", "bad"), encoding="utf-8")
    result = call("test", "rule.yaml", "bad.yaml")
    assert result.status == 2
    lines = result.out.splitlines()
    assert lines[0].startswith("bad.yaml:3:")
    assert "error syntax" in lines[0]
    assert TIME.sub("TIME", lines[-1]) == "2 tests of 1 rule passed; 1 error in rules; TIME"
    alone = call("test", "bad.yaml")
    assert (alone.status, TIME.sub("TIME", alone.out.splitlines()[-1])) == (2, "no test ran; 1 error in rules; TIME")


# ---------------------------------------------------------------- for other programs


def test_json_has_every_result_and_leaves_out_what_does_not_apply(call: Call, failing: Path) -> None:
    document = json.loads(call("test", "rule.yaml", "--format", "json").out)
    assert document["command"] == "test"
    assert {key: document[key] for key in ("rules", "tests", "passed", "failed", "deselected", "errors")} == {
        "rules": 1,
        "tests": 4,
        "passed": 2,
        "failed": 2,
        "deselected": 0,
        "errors": [],
    }
    passed, _, failed, filtered = document["results"]
    assert (passed["test"], passed["passed"], passed["failures"]) == ("a wrong password counts", True, [])
    assert failed["failures"][0] == {
        "line": 17,
        "column": 25,
        "kind": "state",
        "expected": "state ALARM",
        "got": "state OK",
        "at": "2m",
        "since": "1m",
        "reason": "Threshold Crossed: 1 datapoint [2.0 (04/01/27 00:01:00)] was not greater than or equal to the threshold (3.0).",
        "decided_by": "newest-points",
        "points": [{"from": "1m", "until": "2m", "value": 2.0}],
    }
    assert filtered["kind"] == "filter"


def test_ndjson_is_a_result_a_line_and_the_rest(call: Call, failing: Path) -> None:
    lines = [json.loads(line) for line in call("test", "rule.yaml", "--format", "ndjson").out.splitlines()]
    assert [line.get("test") for line in lines[:4]] == [
        "a wrong password counts",
        "three ring",
        "two ring",
        "unknown users count",
    ]
    assert (lines[4]["failed"], "results" in lines[4]) == (2, False)


def test_csv_is_a_failure_a_row(call: Call, failing: Path) -> None:
    (failing.parent / "bad.yaml").write_text("id: bad\n", encoding="utf-8")
    out = call("test", "rule.yaml", "bad.yaml", "--format", "csv").out
    assert out.splitlines() == [
        "rule,test,passed,path,line,column,at,expected,got",
        "bad,,false,bad.yaml,1,1,,,missing-key: filter is missing",
        "guessing,a wrong password counts,true,rule.yaml,8,5,,,",
        "guessing,three ring,true,rule.yaml,11,5,,,",
        "guessing,two ring,false,rule.yaml,17,25,2m,state ALARM,state OK",
        'guessing,two ring,false,rule.yaml,17,52,2m,"a message that contains ""bob""",no message so far',
        "guessing,two ring,false,rule.yaml,18,25,3m,never OK,state OK from 1m",
        "guessing,unknown users count,false,rule.yaml,21,14,,the filter matches,the filter does not match",
    ]


def test_output_goes_to_a_file(call: Call, rule: Path) -> None:
    result = call("test", "rule.yaml", "-o", "report.txt")
    assert (result.status, result.out) == (0, "")
    assert " passed; " in (rule.parent / "report.txt").read_text(encoding="utf-8")


# ---------------------------------------------------------------- JUnit


def test_junit_has_a_suite_for_each_rule(call: Call, failing: Path) -> None:
    (failing.parent / "bad.yaml").write_text("id: bad\n", encoding="utf-8")
    assert call("test", "rule.yaml", "bad.yaml", "--junit", "results.xml").status == 2
    root = ET.parse(failing.parent / "results.xml").getroot()  # a document of our own
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
    }
    suite, broken = root.findall("testsuite")
    assert (suite.get("name"), suite.get("file"), suite.get("timestamp")) == (
        "guessing",
        "rule.yaml",
        "2026-03-01T12:00:00",
    )
    cases = suite.findall("testcase")
    assert [(case.get("name"), case.get("line"), len(case)) for case in cases] == [
        ("a wrong password counts", "8", 0),
        ("three ring", "11", 0),
        ("two ring", "14", 1),
        ("unknown users count", "19", 1),
    ]
    (failure,) = cases[2].findall("failure")
    assert failure.get("type") == "state"
    assert failure.get("message", "").startswith("expected state ALARM (at 2m), got state OK; expected a message")
    assert (failure.text or "").split("\n")[:3] == [
        "rule.yaml:17:25: expected state ALARM (at 2m), got state OK",
        "since: 1m",
        "why: Threshold Crossed: 1 datapoint [2.0 (04/01/27 00:01:00)] was not greater than or equal to the threshold (3.0).",
    ]
    (case,) = broken.findall("testcase")
    (error,) = case.findall("error")
    assert (case.get("classname"), error.get("type")) == ("bad", "missing-key")
    assert (error.text or "").startswith("bad.yaml:1:1: error missing-key: filter is missing\n")


def test_junit_stays_as_it_was_when_the_call_is_wrong(call: Call, rule: Path) -> None:
    (rule.parent / "results.xml").write_text("old", encoding="utf-8")
    assert call("test", "rule.yaml", "--junit", "results.xml", "--run", "nowhere").status == 2
    assert (rule.parent / "results.xml").read_text(encoding="utf-8") == "old"


def test_junit_without_errors_has_no_suite_for_them(call: Call, rule: Path) -> None:
    assert call("test", "rule.yaml", "--junit", "results.xml").status == 0
    root = ET.parse(rule.parent / "results.xml").getroot()  # a document of our own
    assert [suite.get("name") for suite in root] == ["guessing"]


HOSTILE = "a\x00\x1b[2J\ud800\ufffe\uffff\u202e\x85]]>&<\"'\nb"


def report(*results: RuleTestResult, errors: tuple[Finding, ...] = ()) -> RuleTestReport:
    passed = sum(result.passed for result in results)
    return RuleTestReport(
        tocsin="0",
        rules=len(results),
        tests=len(results),
        passed=passed,
        failed=len(results) - passed,
        deselected=0,
        seconds=0.5,
        errors=list(errors),
        results=list(results),
    )


def failed_result(**parts: Any) -> RuleTestResult:
    failure = Failure(line=1, column=2, kind="state", **{"expected": "state OK", "got": "state ALARM", **parts})
    return RuleTestResult(
        rule="r",
        test=parts.get("reason", "t"),
        kind="alarm",
        passed=False,
        path="p.yaml",
        line=1,
        column=1,
        seconds=0.25,
        failures=[failure],
    )


def test_junit_is_xml_whatever_a_rule_holds() -> None:
    parts = dict.fromkeys(
        ("expected", "got", "at", "since", "reason", "decided_by", "nearest", "text", "pattern", "explanation"), HOSTILE
    )
    error = Finding(
        path=HOSTILE,
        line=1,
        column=1,
        severity=Severity.ERROR,
        name="syntax",
        spec="",
        rule="",
        message=HOSTILE,
        hint=HOSTILE,
    )
    document = junit_document(
        report(failed_result(children=[HOSTILE], points=[SlotPoint(from_="1m", until="2m", value=1.5)], **parts), errors=(error,)),
        generated="2026-03-01T12:00:00",
    )  # fmt: skip
    document.encode()
    root = ET.fromstring(document)  # a document of our own
    suite, errors = root.findall("testsuite")
    case = suite.find("testcase")
    assert case is not None
    assert case.get("name") == r"""a\x00\x1b[2J\ud800\ufffe\uffff\u202e\x85]]>&<"'\nb"""
    text = case.findtext("failure") or ""
    assert "points: 1.5 from 1m to 2m" in text
    assert "explained:\na\\x00" in text
    assert errors.find("testcase/error") is not None


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "points    1.0 from 0m to 1m"),
        (5, "points    1.0 from 0m to 1m; 1.0 from 1m to 2m; 1.0 from 2m to 3m; 1.0 from\n              3m to 4m; 1.0 from 4m to 5m\n"),
        (7, "and 2 more\n"),
    ],
)  # fmt: skip
def test_many_points_are_counted(call: Call, count: int, shown: str) -> None:
    points = [SlotPoint(from_=f"{minute}m", until=f"{minute + 1}m", value=1.0) for minute in range(count)]
    made = report(failed_result(points=points, children=["a is OK since 1m", "b is OK since 2m"]))
    out = call("test", "x", use_cases=SimpleNamespace(run_rule_tests=lambda *_, **__: made)).out
    assert shown in out
    assert "children  a is OK since 1m; b is OK since 2m" in out


def test_what_a_message_holds_cannot_act_on_a_terminal(call: Call) -> None:
    made = report(failed_result(text=HOSTILE, nearest=HOSTILE, reason=HOSTILE, explanation=HOSTILE + "x"))
    out = call("test", "x", use_cases=SimpleNamespace(run_rule_tests=lambda *_, **__: made), is_terminal=True).out
    assert not set("\x00\ud800\u202e\x85") & set(out)
    assert "\x1b[2J" not in out
