"""What a simulation of selectors keeps of an archive: parts add up, and memory is bounded (CT-8, AR-7)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Archive, log_file, record

from tocsin.app.alarm_data import AlarmDataPlan
from tocsin.app.selector_data import (
    SelectorData,
    SelectorDataPlan,
    SelectorDataReader,
    SelectorDataTotal,
    matches_of,
    taken_in,
)
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule
from tocsin.core.tally import TooManyDatapointsError
from tocsin.core.trail.selector import DEFAULT_SELECTORS, read_selectors

WRITES = read_selectors({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]})


def rule(pattern: str, *, value: str = "1", default: float | None = None) -> Rule:
    transformation = MetricTransformation(
        metric_name="M", metric_namespace="N", metric_value=value, default_value=default
    )
    return Rule(
        name=pattern,
        id=pattern,
        filter=MetricFilter(filter_name=pattern, filter_pattern=pattern, metric_transformations=(transformation,)),
    )


def plan(*rules: Rule, after: Any = WRITES) -> SelectorDataPlan:
    return SelectorDataPlan(data=AlarmDataPlan(rules=rules), before=DEFAULT_SELECTORS, after=after)


def read(given: SelectorDataPlan, archive: Archive, **options: Any) -> list[SelectorData]:
    """The part of each file, as if each had been read by a process of its own."""
    return [SelectorDataReader(given, open_file=archive.open, **options).read([place]) for place in archive.places()]


def together(given: SelectorDataPlan, parts: list[SelectorData]) -> SelectorData:
    total = SelectorDataTotal(given)
    for part in parts:
        total.add(part)
    return total.data


def shape(data: SelectorData) -> tuple[Any, ...]:
    calls = {key: [getattr(one, name) for name in one.__slots__] for key, one in data.calls.items()}
    return calls, data.regions, data.both, matches_of(data.before), matches_of(data.after), data.before.present


def test_matches_are_counted_by_setting_also_those_without_a_usable_value() -> None:
    rules = (
        rule("{ $.eventName = A }"),
        rule("{ $.eventName = * }", value="$.n"),
        rule("{ $.eventName = A }", default=0.0),
    )
    archive = Archive(
        {
            "a": log_file(record("A", readOnly=False, n=2), record("A", readOnly=True)),
            "b": log_file(record("B", "2026-03-01T10:05:00Z", readOnly=True, n="x")),
        }
    )
    data = together(plan(*rules), read(plan(*rules), archive))
    assert (matches_of(data.before), matches_of(data.after), data.both) == ([2, 3, 2], [1, 1, 1], [1, 1, 1])
    assert taken_in(data) == 3
    # A default value is published in the minutes in which records are left.
    assert (len(data.before.present), len(data.after.present)) == (2, 1)


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["A", "B"]),
            "at": st.sampled_from(["2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z"]),
            "readOnly": st.booleans(),
            "awsRegion": st.sampled_from(["us-east-1", "eu-west-1"]),
            "eventCategory": st.sampled_from(["Management", "Data", "Insight", "New"]),
        }
    ),
    max_size=12,
)


@given(RECORDS, st.integers(min_value=1, max_value=4))
def test_parts_add_up_to_the_same_however_files_are_shared_out(records: list[dict], files: int) -> None:
    given_plan = plan(rule("{ $.eventName = A }"), rule("{ $.eventName = * }", default=0.0))
    made = [record(**one) for one in records]
    whole = Archive({"0": log_file(*made)})
    shared = Archive({str(place): log_file(*made[place::files]) for place in range(files)})
    alone, parts = read(given_plan, whole), read(given_plan, shared)
    expected = shape(together(given_plan, alone))
    assert shape(together(given_plan, parts)) == expected
    assert shape(together(given_plan, parts[::-1])) == expected


def test_names_beyond_their_room_are_counted_without_them() -> None:
    data = SelectorData(0, names=400)
    for category in ("Management", "Other"):
        for number in range(1000):
            data.count_call((category, "s", f"name-{number}"), 10, before=True, after=False)
    assert len(data.calls) < 10
    assert data.calls["Management", "", ""].records > 900
    assert data.calls["", "", ""].records == 1000
    assert sum(one.records for one in data.calls.values()) == 2000


def test_regions_are_bounded() -> None:
    data = SelectorData(0, names=0)
    for number in range(2000):
        data.count_region(f"r{number}", 1)
    data.count_region("r0", 1)
    assert (len(data.regions), data.regions["r0"]) == (1000, 2)


def test_too_many_minutes_skip_a_file_and_end_the_whole() -> None:
    records = [record("A", f"2026-03-01T{hour:02}:{minute:02}:00Z") for hour in range(24) for minute in range(60)]
    given_plan = plan(rule("{ $.eventName = A }"), after=DEFAULT_SELECTORS)
    archive = Archive({"a": log_file(*records)})
    (part,) = read(given_plan, archive, room=10_000)
    assert part.ledger.skipped == [("a", "its matches lie in more minutes or dimensions than fit into memory")]
    (part,) = read(given_plan, archive)
    with pytest.raises(TooManyDatapointsError):
        SelectorDataTotal(given_plan, room=10_000).add(part)


COMPACT = json.dumps(record(readOnly=False), separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (COMPACT, len(COMPACT) + 26),
        (json.dumps(record(readOnly=False), indent=2), len(COMPACT) + 26),
        (COMPACT[:-1] + ',"a":"\\ud800"}', len(COMPACT) + 13 + 26),
        (COMPACT[:-1] + ',"a":"ä"}', len(COMPACT) + 9 + 26),
        (COMPACT[:-1] + ',"a":"' + "x" * 262_144 + '"}', 0),
    ],
)
def test_the_size_is_that_of_the_compact_record_with_what_a_log_group_counts_beside_it(text: str, size: int) -> None:
    data = together(plan(), read(plan(), Archive({"a": text.encode()})))
    (shares,) = data.calls.values()
    assert (shares.bytes_before, shares.bytes_after) == (size, size)
