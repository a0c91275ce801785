"""The clock of a rule's tests and the records on it (IF-4 Tests)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tocsin.app.virtual_clock import START, event_id, offset_text, records_of, second_at
from tocsin.core.rule import RuleTest


def records(*steps):
    return [(one.second - START, json.loads(one.text)) for one in records_of(RuleTest(name="t", events=steps))]


def test_the_clock_begins_with_a_minute_an_hour_a_day_and_a_week():
    begin = datetime.fromtimestamp(START, UTC)
    assert (begin.weekday(), begin.hour, begin.minute, begin.second) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("offset", "seconds", "shown"),
    [
        ("0m", 0, "0m"),
        ("0s", 0, "0m"),
        ("60s", 60, "1m"),
        ("90s", 90, "90s"),
        ("59m", 3540, "59m"),
        ("60m", 3600, "1h"),
        ("36h", 129_600, "36h"),
        ("48h", 172_800, "2d"),
    ],
)
def test_offsets_are_read_and_shown_in_the_largest_unit(offset, seconds, shown):
    assert second_at(offset) == START + seconds
    assert offset_text(START + seconds) == shown


def test_slots_may_begin_before_the_clock():
    assert offset_text(START - 180) == "-3m"
    assert offset_text(START - 90) == "-90s"


def test_records_are_numbered_through_the_test_and_stand_at_their_times():
    found = records({"at": "1m", "repeat": 2, "every": "10s", "event": {"eventName": "A"}}, {"at": "30s", "event": {}})
    assert [second for second, _ in found] == [60, 70, 30]
    assert [one["eventTime"] for _, one in found] == [
        "2027-01-04T00:01:00Z",
        "2027-01-04T00:01:10Z",
        "2027-01-04T00:00:30Z",
    ]
    assert [one["eventID"] for _, one in found] == [event_id(1), event_id(2), event_id(3)]
    assert [one["eventName"] for _, one in found] == ["A", "A", "Example"]


def test_what_a_test_gives_or_takes_away_stays_so_but_no_two_records_share_an_id():
    given = {"eventID": "mine", "eventTime": "2020-01-01T00:00:00Z"}
    found = [one for _, one in records({"at": "1m", "repeat": 3, "event": given})]
    assert [one["eventID"] for one in found] == ["mine", event_id(2), event_id(3)]
    assert {one["eventTime"] for one in found} == {"2020-01-01T00:00:00Z"}
    taken = [one for _, one in records({"at": "1m", "repeat": 2, "event": {}, "absent": ["eventID", "eventTime"]})]
    assert all("eventID" not in one and "eventTime" not in one for one in taken)
