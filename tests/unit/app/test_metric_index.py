"""From matches to metrics (AL-1.1, AL-5.4, FP-9.13 to 9.17)."""

from __future__ import annotations

from typing import Any

import pytest
from chain import NAMESPACE, event, feed, read, second
from synthetic import Archive, log_file

from tocsin.app.alarm_data import AlarmData, AlarmDataPlan
from tocsin.app.metric_index import ANY_UNIT, MetricIndex
from tocsin.app.scan import compile_rules
from tocsin.core.metric import MetricKey
from tocsin.core.rule import Rule

EVENTS = MetricKey.of(NAMESPACE, "Events")


def index(archive: Archive, *rules: Rule, **more: Any) -> MetricIndex:
    plan = AlarmDataPlan(rules=rules, **more)
    return MetricIndex(compile_rules(rules), read(plan, archive))


def values(made: MetricIndex, key: MetricKey = EVENTS, unit: str | None = ANY_UNIT) -> list[tuple[str, float, str]]:
    """Minute, sum and arrival of every datum of a metric; no arrival where it is known at its own time."""
    history = made.histories.get((key, unit))
    return (
        []
        if history is None
        else [(_clock(one.second), one.statistics.sum, _clock(one.arrival)) for one in history.points]
    )


def _clock(at: int | None) -> str:
    if at is None:
        return ""
    minutes, seconds = divmod(at - second("00:00"), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def delivered(at: str) -> str:
    return f"111122223333_CloudTrail_us-east-1_20260301T{at.replace(':', '')}Z_AbCdEfGhIjKlMnOp.json.gz"


def test_two_filters_feed_one_metric() -> None:
    archive = Archive({"a": log_file(event("10:00"), event("10:00", "DeleteTrail"), event("10:01", "DeleteTrail"))})
    made = index(archive, feed(), feed("delete", "{ $.eventName = DeleteTrail }", value="5"))
    assert values(made) == [("10:00", 1, ""), ("10:00", 5, ""), ("10:01", 5, "")]
    history = made.histories[EVENTS, ANY_UNIT]
    assert [[cell.count for cell in made.cells([point])] for point in history.points] == [[1], [1], [1]]


def test_units_are_kept_apart_and_together() -> None:
    archive = Archive({"a": log_file(event("10:00"), event("10:00", "DeleteTrail"))})
    made = index(archive, feed(unit="Count"), feed("delete", "{ $.eventName = DeleteTrail }", value="5"))
    assert values(made, unit="Count") == [("10:00", 1, "")]
    assert values(made, unit="None") == [("10:00", 5, "")]
    assert values(made, unit="Bytes") == []
    assert values(made) == [("10:00", 1, ""), ("10:00", 5, "")]
    # The records behind a datum are those of its own filter.
    (counted,) = made.cells(made.histories[EVENTS, "Count"].points)
    assert [one.event_name for one in counted.events] == ["StopLogging"]


def test_matches_behind_several_data_are_given_once() -> None:
    archive = Archive({"a": log_file(event("10:00"), event("10:01"))})
    made = index(archive, feed())
    points = made.histories[EVENTS, ANY_UNIT].points
    assert len(made.cells([*points, *points])) == 2
    assert made.cells([]) == []


def test_dimensions_are_exact() -> None:
    archive = Archive(
        {"a": log_file(event("10:00"), event("10:00", awsRegion="eu-west-1"), event("10:00", awsRegion=7))}
    )
    made = index(archive, feed(dimensions={"R": "$.awsRegion", "A": "$.recipientAccountId"}))
    for region, total in (("us-east-1", 1), ("eu-west-1", 1), ("7", 1)):
        key = MetricKey.of(NAMESPACE, "Events", {"A": "111122223333", "R": region})
        assert values(made, key) == [("10:00", total, "")]
    assert values(made) == []
    assert values(made, MetricKey.of(NAMESPACE, "Events", {"R": "us-east-1"})) == []


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([event("10:00", "GetTrail")], [("10:00", 7, "")]),
        ([event("10:00", "GetTrail"), event("10:00:59", "GetUser")], [("10:00", 7, "")]),  # one for each minute
        ([event("10:00", "GetTrail"), event("10:00")], [("10:00", 1, "")]),
        ([event("10:00", "GetTrail"), event("10:02")], [("10:00", 7, ""), ("10:02", 1, "")]),
        ([event("10:00", n="x")], []),  # no usable value, and yet not quiet (FP-9.16)
    ],
)
def test_quiet_minutes_hold_the_default_value(records: list[dict[str, Any]], expected: list[Any]) -> None:
    source = "$.n" if "n" in records[0] else "1"
    made = index(Archive({"a": log_file(*records)}), feed(value=source, default_value=7))
    assert values(made) == expected
    defaults = [one for one in values(made) if one[1] == 7]
    found = made.histories.get((EVENTS, ANY_UNIT))
    assert len(made.cells(found.points if found else [])) == len(expected) - len(defaults)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # A quiet minute is told once it is over, or when its first record arrives after that.
        ({"10:00": [event("10:00:10", "GetTrail")]}, [("10:00", 7, "10:01")]),
        ({"10:05": [event("10:00:10", "GetTrail")]}, [("10:00", 7, "10:05")]),
        # The match is known by then: no default.
        ({"10:00": [event("10:00:10", "GetTrail"), event("10:00:50")]}, [("10:00", 1, "10:00:50")]),
        ({"10:05": [event("10:00:10", "GetTrail"), event("10:00:50")]}, [("10:00", 1, "10:05")]),
        ({"10:03": [event("10:00:10", "GetTrail")], "10:02": [event("10:00")]}, [("10:00", 1, "10:02")]),
        # The match comes later: it is published as well, and the default stays (FP-9.17).
        (
            {"10:02": [event("10:00:10", "GetTrail")], "10:05": [event("10:00:50")]},
            [("10:00", 7, "10:02"), ("10:00", 1, "10:05")],
        ),
        ({"10:02": [event("10:00:10", "GetTrail")], "10:05": [event("10:00:50", n="x")]}, [("10:00", 7, "10:02")]),
        ({"10:05": [event("10:00:10", "GetTrail")], "10:02": [event("10:00:50", n="x")]}, []),
    ],
)
def test_default_values_as_delivered(files: dict[str, list[dict[str, Any]]], expected: list[Any]) -> None:
    archive = Archive({delivered(at): log_file(*records) for at, records in files.items()})
    source = "$.n" if any("n" in one for records in files.values() for one in records) else "1"
    made = index(archive, feed(value=source, default_value=7), as_delivered=True)
    assert values(made) == expected


def test_default_value_known_to_the_second_waits_for_the_end_of_its_minute() -> None:
    archive = Archive({"a": log_file(event("10:00:10", "GetTrail"), event("10:01:10", "GetTrail"), event("10:01:59"))})
    made = index(archive, feed(default_value=7), to_the_second=True)
    assert values(made) == [("10:00", 7, "10:01"), ("10:01", 1, "10:01:59")]


def test_values_of_a_minute_keep_their_weights() -> None:
    archive = Archive({"a": log_file(*(event("10:00", n=n) for n in (1, 1, 3)))})
    (point,) = index(archive, feed(value="$.n")).histories[EVENTS, ANY_UNIT].points
    assert point.statistics.weights == {1.0: 2, 3.0: 1}


def test_nothing_gives_no_metric() -> None:
    assert MetricIndex(compile_rules([feed()]), AlarmData(1)).histories == {}
