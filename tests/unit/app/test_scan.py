"""Counting what metric filters match (IF-2, FP-9)."""

from __future__ import annotations

import json

import pytest
from synthetic import Archive, log_file, record

from tocsin.app.report import Series
from tocsin.app.scan import Match, Scanner, ScanPlan, ScanTotal, one_line, printable
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule
from tocsin.errors import InputError


def rule(name: str, pattern: str, *, value: str = "1", effective: str = "", **options) -> Rule:
    transformation = MetricTransformation(
        metric_name="M", metric_namespace="N", metric_value=value, dimensions=options.pop("dimensions", None)
    )
    return Rule(
        id=name,
        name=name,
        title=name.title(),
        filter=MetricFilter(
            filter_name=name, filter_pattern=pattern, metric_transformations=(transformation,), **options
        ),
        effective_pattern=effective,
    )


STOP = rule("stop", "{ $.eventName = StopLogging }")


def scan(archive: Archive, *rules: Rule, split: int = 1, **options):
    """Scan in `split` parts, as that many processes would."""
    plan = ScanPlan(rules=rules, **options)
    total = ScanTotal(plan)
    kept: dict[int, list[Match]] = {}
    places = archive.places()
    for turn in range(split):
        scanner = Scanner(
            plan, open_file=archive.open, keep=lambda place, match: kept.setdefault(place, []).append(match)
        )
        total.add(scanner.scan(places[turn::split]))
    matches = [match for _, found in sorted(kept.items()) for match in found]
    if plan.unique:
        matches = list(total.add_unique(matches))
    return total.report(version="0", command="scan", seconds=1.23456), matches


ARCHIVE = Archive(
    {
        "a": log_file(record("StopLogging", "2026-03-01T10:00:30Z"), record("GetTrail", "2026-03-01T10:00:59Z")),
        "b": log_file(
            record("StopLogging", "2026-03-01T10:00:00Z", sourceIPAddress="203.0.113.9"),
            record("StopLogging", "2026-03-01T10:01:00Z", awsRegion="eu-west-1"),
            record("StopLogging", "2026-03-01T10:00:30Z"),
        ),
        "c": b"",
    }
)


def test_matches_are_counted_by_minute_with_who_and_where() -> None:
    report, matches = scan(ARCHIVE, STOP)
    assert matches == []
    found = report.filters[0]
    assert (found.name, found.title, found.matches) == ("stop", "Stop", 4)
    assert found.datapoints == [("2026-03-01T10:00:00Z", 3.0), ("2026-03-01T10:01:00Z", 1.0)]
    assert (found.first, found.last) == ("2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z")
    assert found.top["userIdentity.arn"] == [("arn:aws:iam::111122223333:user/alice", 4)]
    assert found.top["sourceIPAddress"] == [("192.0.2.1", 3), ("203.0.113.9", 1)]
    assert found.top["awsRegion"] == [("us-east-1", 3), ("eu-west-1", 1)]
    assert (report.records.read, report.files.read, len(report.files.skipped)) == (5, 2, 1)
    assert (report.seconds, report.command) == (1.235, "scan")


@pytest.mark.parametrize("split", [2, 3])
@pytest.mark.parametrize("unique", [False, True])
def test_the_answer_does_not_depend_on_how_the_files_are_shared(split: int, unique: bool) -> None:
    assert scan(ARCHIVE, STOP, split=split, unique=unique) == scan(ARCHIVE, STOP, unique=unique)


def test_an_event_id_counts_once_when_asked() -> None:
    report, matches = scan(ARCHIVE, STOP, unique=True)
    assert report.filters[0].datapoints == [("2026-03-01T10:00:00Z", 2.0), ("2026-03-01T10:01:00Z", 1.0)]
    assert (report.filters[0].matches, len(matches)) == (3, 3)


def test_records_without_an_event_id_always_count() -> None:
    archive = Archive({"a": log_file(*[record("StopLogging", eventID=None)] * 3)})
    assert scan(archive, STOP, unique=True)[0].filters[0].matches == 3


def test_the_matching_records_are_kept_in_order() -> None:
    _, matches = scan(ARCHIVE, STOP, rule("all", ""), split=2, events=True)
    assert [json.loads(match.text)["eventTime"][11:19] for match in matches] == [
        "10:00:30", "10:00:59", "10:00:00", "10:01:00", "10:00:30",
    ]  # fmt: skip


def test_a_filter_with_dimensions_has_a_series_for_each_set_of_values() -> None:
    archive = Archive({"a": log_file(*(record("StopLogging", awsRegion=region) for region in ("b", "a", "b", None)))})
    report, _ = scan(archive, rule("stop", "{ $.eventName = StopLogging }", dimensions={"R": "$.awsRegion"}))
    minute = "2026-03-01T10:00:00Z"
    assert report.filters[0].datapoints == [
        Series(dimensions={}, datapoints=[(minute, 1.0)]),
        Series(dimensions={"R": "a"}, datapoints=[(minute, 1.0)]),
        Series(dimensions={"R": "b"}, datapoints=[(minute, 2.0)]),
    ]


def test_a_match_without_a_usable_value_is_told_apart() -> None:
    archive = Archive(
        {"a": log_file(record("StopLogging", n=2.5), record("StopLogging"), record("StopLogging", n="x"))}
    )
    found = scan(archive, rule("stop", "{ $.eventName = StopLogging }", value="$.n"))[0].filters[0]
    assert (found.matches, found.unusable, found.datapoints) == (3, 2, [("2026-03-01T10:00:00Z", 2.5)])


def test_a_filter_sees_only_the_events_that_its_criteria_let_through() -> None:
    archive = Archive(
        {"a": log_file(*(record("StopLogging", awsRegion=name) for name in ("eu-west-1", "us-east-1", 7)))}
    )
    limited = rule("stop", "{ $.eventName = StopLogging }", field_selection_criteria='@aws.region = "eu-west-1"')
    assert scan(archive, limited)[0].filters[0].matches == 1


def test_the_pattern_in_force_is_what_counts() -> None:
    tuned = rule("stop", "{ $.eventName = StopLogging }", effective='{ $.awsRegion = "eu-west-1" }')
    found = scan(ARCHIVE, tuned)[0].filters[0]
    assert (found.matches, found.pattern) == (1, '{ $.awsRegion = "eu-west-1" }')


def test_empty_and_other_values_are_not_counted_as_who_and_where() -> None:
    archive = Archive({"a": log_file(record("StopLogging", sourceIPAddress="", awsRegion=["x"], userIdentity=None))})
    top = scan(archive, STOP)[0].filters[0].top
    assert [top[field] for field in ("sourceIPAddress", "awsRegion", "userIdentity.arn")] == [[], [], []]


def test_equally_frequent_values_come_in_alphabetical_order_and_ten_are_shown() -> None:
    archive = Archive({"a": log_file(*(record("StopLogging", awsRegion=f"r{n:02}") for n in range(30, 0, -1)))})
    assert scan(archive, STOP)[0].filters[0].top["awsRegion"] == [(f"r{n:02}", 1) for n in range(1, 11)]


BUSY = Archive({"a": log_file(*(record("StopLogging", f"2026-03-01T10:{n:02}:00Z") for n in range(60)))})


def test_a_file_whose_matches_do_not_fit_into_memory_is_in_the_ledger() -> None:
    scanner = Scanner(ScanPlan(rules=(STOP,)), open_file=BUSY.open, room=2000)
    assert scanner.scan(BUSY.places()).ledger.skipped == [
        ("a", "its matches lie in more minutes or dimensions than fit into memory")
    ]


def test_a_scan_whose_matches_do_not_fit_into_memory_is_refused() -> None:
    plan = ScanPlan(rules=(STOP,))
    part = Scanner(plan, open_file=BUSY.open).scan(BUSY.places())
    with pytest.raises(InputError, match="than fit into memory"):
        ScanTotal(plan, room=2000).add(part)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1}', '{"a": 1}'),
        (' {"a": 1}\n', '{"a": 1}'),
        ('{\n  "a": 1.0,\r\n  "b": "x\\ny"\n}', '{"a":1.0,"b":"x\\ny"}'),
        ('{"a": "é"}', '{"a": "é"}'),
        ('{"a": "\ud800"}', '{"a": "\\ud800"}'),
    ],
)
def test_a_record_fits_on_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
    assert json.loads(one_line(text)) == json.loads(text)


def test_lone_surrogates_are_made_printable() -> None:
    assert [printable(text) for text in ("abc", "é", "\ud800x")] == ["abc", "é", "\\ud800x"]
