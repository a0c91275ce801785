"""Sums of log events: what every store promises. Spec: CON-4.0 (X4)."""

from __future__ import annotations

import json

import pytest

from tocsin.core.event_count import DAY, DAYS_KEPT, HOUR, HOURS_KEPT, MINUTES_KEPT, EventKind, by_minute
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")
MINUTE = 60_000
NOON = 20_000 * DAY + 720  # a minute since the epoch
EVER = {"start": 0, "end": 10**9}
RECORD = json.dumps(
    {"eventTime": "x", "eventName": "RunInstances", "recipientAccountId": "444455556666", "awsRegion": "ap-south-1"}
)
DATA = json.dumps({"eventTime": "x", "eventName": "GetObject", "eventCategory": "Data"})
RAN = EventKind("Management", "444455556666", "ap-south-1")
GOT = EventKind("Data", "", "")
TEXT = EventKind("", "", "")


def send(store, *events: tuple[int, str], group: str = "trail", scope: Scope = HERE) -> None:
    """Messages at minutes."""

    def work(writer) -> None:
        if writer.logs.stream(scope, group, "s") is None:
            writer.logs.create_stream(scope, group, "s", at=1)
        writer.logs.append(scope, group, "s", [(minute * MINUTE, text) for minute, text in events], ingested_at=9)

    store.write(work)


def pack(store) -> None:
    while store.pack_logs(at=10**15).packed:
        pass


def minutes(store, scope: Scope = HERE, **span: int) -> dict[int, int]:
    with store.read() as reader:
        return dict(by_minute(reader.event_counts.minutes(scope, **(span or EVER))))


def kinds(store, scope: Scope = HERE, **how) -> list[tuple]:
    with store.read() as reader:
        found = reader.event_counts.kinds(scope, **{**EVER, **how})
    return sorted((one.minute - NOON, one.width, one.group, one.kind.category, one.events) for one in found)


def roll_up(store, at: int, **how: int) -> int:
    return store.write(lambda writer: writer.event_counts.roll_up(at=at, **how))


def test_an_event_is_in_its_minute_before_it_is_packed_and_after(store) -> None:
    send(store, (NOON, RECORD), (NOON, "text"), (NOON + 1, DATA))
    send(store, (NOON, RECORD), group="app")
    send(store, (NOON, RECORD), scope=THERE)
    expected = {NOON: 3, NOON + 1: 1}
    assert minutes(store) == expected
    pack(store)
    assert minutes(store) == expected
    send(store, (NOON + 1, RECORD))
    assert minutes(store) == {NOON: 3, NOON + 1: 2}
    assert minutes(store, start=NOON + 1, end=NOON + 2) == {NOON + 1: 2}
    assert minutes(store, start=NOON - 5, end=NOON) == {}


def test_packed_events_are_known_by_type_account_and_region(store) -> None:
    send(store, (NOON, RECORD), (NOON, RECORD), (NOON + 61, RECORD), (NOON + 5, DATA), (NOON, "text"))
    send(store, (NOON, RECORD), group="other")
    pack(store)
    with store.read() as reader:
        found = reader.event_counts.kinds(HERE, start=NOON, end=NOON + 60, group="trail")
        assert {one.kind: one.events for one in found} == {RAN: 2, GOT: 1, TEXT: 1}
        by_category = {one.category: one.events for one in reader.event_counts.minutes(HERE, start=NOON, end=NOON + 1)}
    assert by_category == {"Management": 3, "": 1}
    assert kinds(store) == [
        (0, HOUR, "other", "Management", 1),
        (0, HOUR, "trail", "", 1),
        (0, HOUR, "trail", "Data", 1),
        (0, HOUR, "trail", "Management", 2),
        (60, HOUR, "trail", "Management", 1),
    ]


def test_what_came_stays_counted_when_its_events_have_gone(store) -> None:
    send(store, (NOON, RECORD), (NOON, DATA))
    pack(store)
    store.write(lambda writer: writer.logs.expire(HERE, "trail", before=10**15))
    store.write(lambda writer: writer.logs.delete_group(HERE, "trail"))
    assert minutes(store) == {NOON: 2}
    assert kinds(store) == [(0, HOUR, "trail", "Data", 1), (0, HOUR, "trail", "Management", 1)]


def test_a_block_that_is_not_kept_counts_nothing(store) -> None:
    def work(writer) -> None:
        writer.logs.create_stream(HERE, "trail", "s", at=1)
        writer.logs.append(HERE, "trail", "s", [(NOON * MINUTE, RECORD)], ingested_at=9)
        assert by_minute(writer.event_counts.minutes(HERE, **EVER)) == {NOON: 1}
        raise KeyError

    with pytest.raises(KeyError):
        store.write(work)
    assert minutes(store) == {}
    assert kinds(store) == []


def test_sums_get_coarser_with_age_and_nothing_is_lost(store) -> None:
    send(store, (NOON, RECORD), (NOON + 59, RECORD), (NOON + 120, RECORD), (NOON + DAY, RECORD))
    pack(store)
    roll_up(store, NOON + MINUTES_KEPT)
    assert minutes(store) == dict.fromkeys((NOON, NOON + 59, NOON + 120, NOON + DAY), 1)
    roll_up(store, NOON + MINUTES_KEPT + 60)
    assert minutes(store) == {NOON + 120: 1, NOON + DAY: 1}
    assert [row[0] for row in kinds(store)] == [0, 120, DAY]
    roll_up(store, NOON + HOURS_KEPT)
    assert minutes(store) == {}
    assert [row[0] for row in kinds(store)] == [0, 120, DAY], "the day is not over"
    roll_up(store, NOON + HOURS_KEPT + 720)
    assert kinds(store) == [(-720, DAY, "trail", "Management", 3), (DAY, HOUR, "trail", "Management", 1)]
    roll_up(store, NOON + DAYS_KEPT)
    assert kinds(store) == [(DAY - 720, DAY, "trail", "Management", 1)]
    roll_up(store, NOON + DAYS_KEPT + DAY)
    assert kinds(store) == []


def test_a_roll_up_is_bounded(store) -> None:
    send(store, *((NOON + minute, RECORD) for minute in range(0, 600, 60)))
    pack(store)
    done = [roll_up(store, NOON + DAYS_KEPT + DAY, rows=4) for _ in range(6)]
    assert (sum(done), max(done), done[-1]) == (21, 4, 1)
    assert (minutes(store), kinds(store)) == ({}, [])
    assert roll_up(store, NOON + DAYS_KEPT + DAY, rows=4) == 0


def test_late_events_join_the_sum_of_their_day(store) -> None:
    send(store, (NOON, RECORD))
    pack(store)
    roll_up(store, NOON + HOURS_KEPT + DAY)
    send(store, (NOON, RECORD))
    pack(store)
    roll_up(store, NOON + HOURS_KEPT + DAY)
    assert kinds(store) == [(-720, DAY, "trail", "Management", 2)]


def test_reset_of_a_scope_leaves_the_others(store) -> None:
    for scope in (HERE, THERE):
        send(store, (NOON, RECORD), scope=scope)
        pack(store)
        send(store, (NOON, RECORD), scope=scope)
    store.write(lambda writer: writer.reset(HERE))
    assert (minutes(store), kinds(store)) == ({}, [])
    assert minutes(store, THERE) == {NOON: 2}
    store.write(lambda writer: writer.reset())
    assert (minutes(store, THERE), kinds(store, THERE)) == ({}, [])
    send(store, (NOON, RECORD))
    pack(store)
    assert kinds(store) == [(0, HOUR, "trail", "Management", 1)]
