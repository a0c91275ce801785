"""What log events are counted as. Spec: CON-4.0 (X4), CT-1.2."""

from __future__ import annotations

import json

import pytest

from tocsin.core.event_count import (
    DAY,
    HOURS_KEPT,
    EventKind,
    EventTally,
    MinuteCount,
    by_minute,
    kind_of,
    oldest_kept,
)
from tocsin.core.record_term import record_terms

ACCOUNT = "111122223333"
HERE = {"recipientAccountId": ACCOUNT, "awsRegion": "us-east-1"}


def record(**members: object) -> str:
    return json.dumps({"eventTime": "2026-01-01T00:00:00Z", "eventName": "GetObject", **members})


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("GET /index.html", ("", "", "")),
        ('{"level": "info"}', ("", "", "")),
        (record(), ("Management", "", "")),
        (record(**HERE), ("Management", ACCOUNT, "us-east-1")),
        (record(eventCategory="Data", **HERE), ("Data", ACCOUNT, "us-east-1")),
        (record(eventCategory="NetworkActivity"), ("NetworkActivity", "", "")),
        (record(insightDetails={}, **HERE), ("Insight", ACCOUNT, "us-east-1")),
        (record(eventCategory="<script>", **HERE), ("other", ACCOUNT, "us-east-1")),
        (record(recipientAccountId="<b>", awsRegion="us-east-1"), ("Management", "", "us-east-1")),
        (record(recipientAccountId=ACCOUNT, awsRegion="../.."), ("Management", ACCOUNT, "")),
        (record(userIdentity={"accountId": ACCOUNT}, awsRegion="eu-west-1"), ("Management", ACCOUNT, "eu-west-1")),
    ],
)
def test_an_event_counts_as_what_its_record_says(message: str, kind: tuple[str, str, str]) -> None:
    assert kind_of(record_terms(message)) == EventKind(*kind)


def test_events_are_counted_by_the_minute_and_by_the_hour() -> None:
    tally = EventTally()
    for second, message in ((3599, record(**HERE)), (3600, record(**HERE)), (3659, "text"), (3660, record(**HERE))):
        tally.add(second * 1000, record_terms(message))
    managed = EventKind("Management", ACCOUNT, "us-east-1")
    assert tally.minutes == {(59, "Management"): 1, (60, "Management"): 1, (60, ""): 1, (61, "Management"): 1}
    assert tally.hours == {(0, managed): 1, (60, managed): 2, (60, EventKind("", "", "")): 1}


def test_a_minute_is_all_that_came_in_it() -> None:
    counts = [MinuteCount(1, "Data", 2), MinuteCount(1, None, 3), MinuteCount(2, "", 1)]
    assert by_minute(counts) == {1: 5, 2: 1}


def test_sums_by_the_hour_end_with_a_whole_day() -> None:
    at = 1_000 * DAY + 600
    assert oldest_kept(at) == (997 * DAY + 600, 1_000 * DAY - HOURS_KEPT, 545 * DAY + 600)
