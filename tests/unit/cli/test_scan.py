"""`tocsin scan`: what it asks of the use case, what it writes in each form, and its exit status (IF-1, IF-2)."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.report import Bytes, Files, FilterResult, Metric, Records, ScanReport, Series, Skip
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.limits import DEFAULT_LIMITS
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Call

HOSTILE = "arn:aws:iam::111122223333:user/\x1b[2J\u202e"


def result(name: str = "pack/noisy", matches: int = 3, **more: Any) -> FilterResult:
    settings: dict[str, Any] = {
        "name": name,
        "pattern": "{ $.eventName = StopLogging }",
        "matches": matches,
        "metric": Metric(namespace="CloudTrailMetrics", name="Count"),
        "datapoints": [("2014-07-08T17:35:00Z", 3.0)] if matches else [],
        "top": {
            "userIdentity.arn": [("arn:aws:iam::111122223333:user/alice", 2)],
            "sourceIPAddress": [("203.0.113.9", 3)],
            "awsRegion": [("us-east-1", 3)],
        },
        "first": "2014-07-08T17:35:10Z",
        "last": "2014-07-08T17:35:40Z",
        "severity": "high",
        **more,
    }
    return FilterResult(**settings)


def report(*filters: FilterResult, skipped: tuple[Skip, ...] = (), selected: int = 6179) -> ScanReport:
    return ScanReport(
        tocsin="0.1.0",
        command="scan",
        files=Files(read=262, digests=2, skipped=list(skipped)),
        records=Records(read=6179, selected=selected, first="2014-07-08T17:00:00Z", last="2014-07-08T18:00:00Z"),
        bytes=Bytes(read=971_844, unpacked=8_123_456),
        seconds=0.21,
        filters=list(filters),
    )


class UseCases:
    """Use cases that note what they were asked, and answer with a report."""

    def __init__(self, answer: ScanReport) -> None:
        self.answer = answer
        self.loaded: tuple[Any, ...] = ()
        self.asked: dict[str, Any] = {}

    def pack_names(self) -> list[str]:
        return ["article", "cis"]

    def load_rules(self, *sources: str, at: Any) -> list[Rule]:
        self.loaded = (sources, at.isoformat())
        value = MetricTransformation(metric_name="m", metric_namespace="n", metric_value="1")
        return [
            Rule(
                id="a",
                name="a",
                filter=MetricFilter(filter_name="a", filter_pattern="", metric_transformations=(value,)),
            )
        ]

    def scan(self, paths: tuple[str, ...], **asked: Any) -> ScanReport:
        self.asked = {"paths": paths, **asked}
        return self.answer


# ---------------------------------------------------------------- what is asked


def test_call_without_options_asks_for_every_pack_and_every_record(call: Call) -> None:
    cases = UseCases(report())
    assert call("scan", ".", use_cases=cases).status == 0
    assert cases.loaded == (("article", "cis"), "2026-03-01")
    rules = cases.asked.pop("rules")
    assert [rule.name for rule in rules] == ["a"]
    assert cases.asked == {
        "paths": (".",),
        "jobs": None,
        "since": None,
        "until": None,
        "accounts": frozenset(),
        "regions": frozenset(),
        "unique": False,
        "limits": DEFAULT_LIMITS,
        "events": None,
        "insights": None,
        "progress": None,
    }


def test_options_reach_the_use_case(call: Call, tmp_path: Path) -> None:
    cases = UseCases(report())
    settings = tmp_path / "t.toml"
    settings.write_text("limits.depth = 9\ninsights.open = 1e-9\n", encoding="utf-8")
    argv = [
        "scan",
        "-",
        str(tmp_path),
        "-r",
        "cis",
        "--rules",
        "my.yaml",
        "--unique",
        "--events",
        "e.ndjson",
        "--insights",
    ]
    argv += ["--since", "1h", "--until", "2026-03-01T11:30:00Z", "--account", "012345678901", "--region", "us-east-1"]
    argv += ["--region", "eu-west-1", "-j", "2", "--config", str(settings), "--quiet"]
    assert call(*argv, use_cases=cases).status == 0
    assert cases.loaded[0] == ("cis", "my.yaml")
    assert cases.asked["paths"] == ("-", str(tmp_path))
    assert cases.asked["until"] - cases.asked["since"] == 1800
    assert cases.asked["accounts"] == {"012345678901"}
    assert cases.asked["regions"] == {"us-east-1", "eu-west-1"}
    assert (cases.asked["jobs"], cases.asked["unique"]) == (2, True)
    assert str(cases.asked["events"]) == "e.ndjson"
    assert cases.asked["limits"].depth == 9
    assert cases.asked["insights"] == InsightRules(open=1e-9)


def test_bar_is_shown_on_a_terminal_unless_it_shall_be_quiet(call: Call) -> None:
    cases = UseCases(report())
    call("scan", ".", use_cases=cases, is_terminal=True)
    assert cases.asked["progress"] is not None
    call("scan", ".", "-q", use_cases=cases, is_terminal=True)
    assert cases.asked["progress"] is None
    call("scan", ".", use_cases=cases)
    assert cases.asked["progress"] is None


def test_rules_without_a_filter_cannot_scan(call: Call) -> None:
    cases = UseCases(report())
    cases.load_rules = lambda *_, at: [Rule(id="a", name="a")]  # type: ignore[method-assign]  # a stand-in
    status, _, err = call("scan", ".", "-r", "composite", use_cases=cases)
    assert status == 2
    assert "composite: there is no metric filter to scan with" in err


# ---------------------------------------------------------------- exit status and remarks


SKIP = Skip(path="a.json.gz", reason="gzip: unexpected end of stream")


@pytest.mark.parametrize(
    ("skipped", "argv", "status"),
    [((), [], 0), ((SKIP,), [], 1), ((SKIP,), ["--allow-skips"], 0), ((), ["--allow-skips"], 0)],
)
def test_exit_status_says_whether_everything_was_read(
    call: Call, skipped: tuple[Skip, ...], argv: list[str], status: int
) -> None:
    assert call("scan", ".", *argv, use_cases=UseCases(report(result(), skipped=skipped))).status == status


def test_skips_are_told_on_standard_error_where_the_result_is_for_a_program(call: Call) -> None:
    cases = UseCases(report(skipped=(SKIP,)))
    assert "1 file could not be read in full" in call("scan", ".", "--format", "csv", use_cases=cases).err
    assert call("scan", ".", "--format", "csv", "-q", use_cases=cases).err == ""
    assert call("scan", ".", use_cases=cases).err == ""


def test_empty_selection_is_told(call: Call) -> None:
    err = call("scan", ".", "--since", "1d", use_cases=UseCases(report(selected=0))).err
    assert err == "tocsin: none of the 6,179 records lies in the time, accounts and regions that were chosen\n"


# ---------------------------------------------------------------- forms


def test_json_is_the_report(call: Call) -> None:
    out = call("scan", ".", "--format", "json", use_cases=UseCases(report(result()))).out
    document = json.loads(out)
    assert list(document) == ["tocsin", "command", "files", "records", "bytes", "seconds", "filters"]
    assert document["files"] == {"read": 262, "digests": 2, "skipped": []}
    assert document["filters"][0]["datapoints"] == [["2014-07-08T17:35:00Z", 3.0]]
    assert document["filters"][0]["top"]["sourceIPAddress"] == [["203.0.113.9", 3]]


def test_ndjson_is_one_filter_a_line_then_the_rest(call: Call) -> None:
    out = call("scan", ".", "--format", "ndjson", use_cases=UseCases(report(result(), result("b", 0)))).out
    first, second, rest = map(json.loads, out.splitlines())
    assert (first["name"], second["name"]) == ("pack/noisy", "b")
    assert "filters" not in rest
    assert rest["records"]["read"] == 6179


def test_csv_is_one_datapoint_a_row(call: Call) -> None:
    series = Series(dimensions={"user": "=cmd"}, datapoints=[("2014-07-08T17:35:00Z", -1.5)])
    cases = UseCases(report(result("@evil"), result("b", datapoints=[series])))
    out = call("scan", ".", "--format", "csv", use_cases=cases).out
    assert list(csv.reader(out.splitlines())) == [
        ["filter", "time", "value", "dimensions"],
        ["'@evil", "2014-07-08T17:35:00Z", "3.0", ""],
        ["b", "2014-07-08T17:35:00Z", "-1.5", '{"user":"=cmd"}'],
    ]


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_event_value_acts_on_a_terminal(call: Call, form: str, is_terminal: bool) -> None:
    hostile = result(
        HOSTILE,
        top={"userIdentity.arn": [(HOSTILE, 3)], "sourceIPAddress": [(HOSTILE, 1)], "awsRegion": [("\ud800", 1)]},
        datapoints=[Series(dimensions={HOSTILE: HOSTILE}, datapoints=[("2014-07-08T17:35:00Z", 1.0)])],
        severity=HOSTILE,
    )
    cases = UseCases(report(hostile, result(HOSTILE + "q", 0), skipped=(Skip(path=HOSTILE, reason=HOSTILE),)))
    out = call("scan", ".", "--format", form, use_cases=cases, is_terminal=is_terminal, environ={"NO_COLOR": "1"}).out
    assert not set(out) & {"\x1b", "\u202e", "\ud800"}


def test_output_file_holds_the_result_and_standard_output_nothing(call: Call, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    status, out, err = call("scan", ".", "--format", "json", "-o", str(target), use_cases=UseCases(report(result())))
    assert (status, out, err) == (0, "", "")
    assert json.loads(target.read_text(encoding="utf-8"))["command"] == "scan"


def test_place_that_cannot_be_written_is_told_before_the_scan(call: Call, tmp_path: Path) -> None:
    cases = UseCases(report())
    assert call("scan", ".", "-o", str(tmp_path / "no" / "file"), use_cases=cases).status == 2
    assert cases.asked == {}
