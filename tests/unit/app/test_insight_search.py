"""Insights of an archive: the same whatever lane a record takes and whoever reads it (CT-17, IF-1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from synthetic import Archive, log_file, record

from tocsin.app.insight_search import CallTap, find_insights
from tocsin.app.report import InsightReading
from tocsin.app.scan import KeptCall, Scanner, ScanPlan, ScanTotal
from tocsin.app.selection import Selection
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.insight.tally import CallTally
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule
from tocsin.core.tally import Room
from tocsin.errors import InputError

RULE = Rule(
    id="stop",
    name="stop",
    title="Stop",
    filter=MetricFilter(
        filter_name="stop",
        filter_pattern="{ $.eventName = StopLogging }",
        metric_transformations=(MetricTransformation(metric_name="M", metric_namespace="N", metric_value="1"),),
    ),
)
RULES = InsightRules()


def call(name: str, at: str, **fields: Any) -> dict[str, Any]:
    return record(name, at, eventType="AwsApiCall", readOnly=False, managementEvent=True, userAgent="cli", **fields)


def search(archive: Archive, *, split: int = 1, **options: Any) -> tuple[list[dict[str, Any]], InsightReading]:
    plan = ScanPlan(rules=(RULE,), insights=options.pop("insights", RULES), **options)
    total = ScanTotal(plan)
    kept: dict[int, list[KeptCall]] = {}
    for turn in range(split):
        scanner = Scanner(
            plan,
            open_file=archive.open,
            keep=lambda _place, _match: None,
            keep_call=lambda place, one: kept.setdefault(place, []).append(one),
        )
        total.add(scanner.scan(archive.places()[turn::split]))
    if plan.unique:
        total.add_unique_calls(one for _, found in sorted(kept.items()) for one in found)
    total.judge()
    report = total.report(version="0", command="scan", seconds=0)
    assert isinstance(report.insights, list)
    assert isinstance(report.insight_reading, InsightReading)
    return report.insights, report.insight_reading


QUIET = [call("CreateUser", f"2026-03-{day:02}T10:00:00Z", eventID=f"quiet-{day}") for day in range(1, 9)]
BURST = [call("StopLogging", f"2026-03-08T10:0{minute}:30Z", eventID=f"burst-{minute}") for minute in range(6)]
DENIED = [
    call("GetUser", "2026-03-08T11:00:00Z", eventID=f"denied-{number}", errorCode="AccessDenied") | {"readOnly": True}
    for number in range(3)
]
AFTER = [call("CreateUser", "2026-03-08T12:00:00Z", eventID="after")]
ALL = [*QUIET, *BURST, *DENIED, *AFTER]
FILES = {"a": log_file(*ALL[:5]), "b": log_file(*ALL[5:12]), "c": log_file(*ALL[12:])}


def states(records: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["eventTime"], one["insightDetails"]["state"], one["insightDetails"]["eventName"]) for one in records]


def test_insights_of_an_archive_stand_in_the_order_of_their_time() -> None:
    records, reading = search(Archive(FILES))
    assert states(records) == [
        ("2026-03-08T10:00:00Z", "Start", "StopLogging"),
        ("2026-03-08T10:06:00Z", "End", "StopLogging"),
        ("2026-03-08T11:00:00Z", "Start", "GetUser"),
        ("2026-03-08T11:01:00Z", "End", "GetUser"),
    ]
    assert reading == InsightReading(
        calls=18, apis=3, accounts=1, too_short=[], unclassified=0, min_hours=36, found=2, omitted=0
    )
    assert records[0]["sharedEventID"] == records[1]["sharedEventID"]
    assert len({one["eventID"] for one in records}) == 4


LANES = {
    "log files": FILES,
    "lines": {"x": "\n".join(map(json.dumps, ALL)).encode()},
    # Beside an object in place of a text the fast decoder leaves all to the exact one.
    "exact": {"x": log_file(*ALL, {"eventTime": {}})},
    "events": {
        "x": "\n".join(
            json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": one}) for one in ALL
        ).encode()
    },
    "one by one": {f"{number:02}": log_file(one) for number, one in enumerate(ALL)},
}


@pytest.mark.parametrize("name", LANES)
@pytest.mark.parametrize("split", [1, 3])
@pytest.mark.parametrize("unique", [False, True])
def test_the_answer_is_that_of_the_records(name: str, split: int, unique: bool) -> None:
    assert search(Archive(LANES[name]), split=split, unique=unique) == search(Archive(FILES))


def test_unique_counts_a_call_once() -> None:
    twice = Archive(
        {"a": log_file(*ALL), "b": log_file(*ALL), "c": log_file(call("X", "2026-03-08T11:59:00Z", eventID=""))}
    )
    records, reading = search(twice, unique=True)
    assert states(records) == states(search(Archive(FILES))[0])
    assert (reading.calls, reading.apis) == (19, 4)
    assert search(twice)[1].calls == 37


def test_records_that_are_not_chosen_do_not_count() -> None:
    chosen = Selection(regions=frozenset({"eu-west-1"}))
    far = [one | {"awsRegion": "eu-west-1"} for one in ALL]
    both = Archive({"a": log_file(*ALL), "b": log_file(*far, call("X", "garbage", awsRegion="eu-west-1"))})
    records, reading = search(both, selection=chosen)
    assert reading.calls == 18
    assert {one["awsRegion"] for one in records} == {"eu-west-1"}
    assert [one["eventTime"] for one in records] == [one["eventTime"] for one in search(Archive(FILES))[0]]


def test_nothing_is_judged_before_there_are_data_enough() -> None:
    records, reading = search(Archive({"a": log_file(*BURST, *AFTER)}))
    assert records == []
    assert reading.too_short == ["111122223333"]
    assert states(search(Archive({"a": log_file(*BURST, *AFTER)}), insights=InsightRules(min_hours=0))[0]) != []


def test_an_insight_that_is_still_open_has_no_end() -> None:
    records, _ = search(Archive({"a": log_file(*QUIET, *BURST)}))
    assert states(records) == [("2026-03-08T10:00:00Z", "Start", "StopLogging")]


def test_the_fall_of_a_busy_api_is_found() -> None:
    # An hour without calls after eight days of four a minute.
    minutes = [*range(8 * 1440), *range(8 * 1440 + 60, 8 * 1440 + 120)]
    tally = CallTally(Room(), Room())
    tap = CallTap(lambda second, one, _ident: tally.add(second, one))
    names = [".".join(path) for path in tap.paths]
    row = {
        "eventSource": "a.amazonaws.com",
        "eventName": "Put",
        "recipientAccountId": "111122223333",
        "readOnly": False,
    }
    for minute in minutes:
        for _ in range(4):
            tap.see(1_772_323_200 + 60 * minute, [row.get(name) for name in names])
    records, reading = find_insights(tally, RULES)
    assert reading.found == 1
    start, end = (one["insightDetails"]["insightContext"]["statistics"] for one in records)
    assert (start["insight"]["average"], start["baseline"]["average"]) == (0.0, 4.0)
    assert (end["insight"]["average"], end["insightDuration"]) == (0.0, 60)


def test_of_more_insights_than_a_report_holds_the_first_are_kept() -> None:
    def fill() -> CallTally:
        tally = CallTally(Room(), Room())
        tap = CallTap(lambda second, one, _ident: tally.add(second, one))
        for number in range(9):
            # The names are in the opposite order of the times.
            row = dict.fromkeys(tap.paths) | {
                ("eventSource",): "a.amazonaws.com",
                ("eventName",): f"Put{9 - number}",
                ("readOnly",): False,
            }
            for _ in range(5):
                tap.see(200_000 + 6000 * number, list(row.values()))
        return tally

    records, reading = find_insights(fill(), InsightRules(min_hours=0), most=2)
    assert (reading.found, reading.omitted) == (9, 7)
    assert [name for _, state, name in states(records) if state == "Start"] == ["Put9", "Put8"]
    assert find_insights(fill(), InsightRules(min_hours=0))[1].omitted == 0


def test_calls_that_do_not_fit_are_an_error_that_says_what_to_do() -> None:
    tally = CallTally(Room(100), Room(0))
    tap = CallTap(lambda second, one, _ident: tally.add(second, one))
    tap.see(0, ["a", "b", *[None] * 4, False, *[None] * 6])
    with pytest.raises(InputError) as raised:
        find_insights(tally, RULES)
    assert "do not" not in str(raised.value)
    assert "--since" in str(raised.value.hint)


def test_without_the_option_the_report_has_no_such_key() -> None:
    plan = ScanPlan(rules=(RULE,))
    total = ScanTotal(plan)
    total.add(Scanner(plan, open_file=Archive(FILES).open).scan(Archive(FILES).places()))
    total.judge()
    import msgspec

    assert "insights" not in msgspec.to_builtins(total.report(version="0", command="scan", seconds=0))
