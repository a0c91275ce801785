"""Changes of alarms' states, one by one and added up: what every store promises. Spec: AL-10, CON-4.0 (X6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alarm.history import HistoryItem, HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import HOUR_MS, StateStep, StateTimes
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")
OK, ALARM = StateValue.OK, StateValue.ALARM
START = datetime(2026, 3, 1, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
M = 60_000


def change(store, name: str, minute: int, new: StateValue = ALARM, *, since: int = 0, scope: Scope = HERE) -> None:
    step = StateStep(OK if new is ALARM else ALARM, new, START_MS + since * M)
    store.write(lambda writer: writer.history.add(scope, item(name, minute), step))


def item(name: str, minute: int, kind: HistoryItemType = HistoryItemType.STATE_UPDATE) -> HistoryItem:
    return HistoryItem(
        alarm_name=name,
        alarm_type="MetricAlarm",
        timestamp=START + timedelta(minutes=minute),
        history_item_type=kind,
        history_summary="s",
        history_data="{}",
    )


def changes(store, scope: Scope = HERE, **how) -> list[tuple[str, int, str]]:
    with store.read() as reader:
        found = reader.history.changes(scope, **{"limit": 100, **how})
    return [(one.alarm_name, (one.at - START_MS) // M, f"{one.old}>{one.new}") for one in found]


def hours(store, **how) -> list[tuple[str, int, int, StateTimes]]:
    first = START_MS // HOUR_MS
    with store.read() as reader:
        found = reader.history.state_hours(HERE, **{"start": 0, "end": 10**9, **how})
    return [(name, one.hour - first, one.changes, one.times) for name, one in found]


def test_changes_are_found_without_other_items(store) -> None:
    change(store, "a", 1)
    store.write(lambda writer: writer.history.add(HERE, item("a", 1, HistoryItemType.ACTION)))
    change(store, "b", 1)
    change(store, "a", 3, OK, since=1)
    change(store, "a", 2, scope=THERE)
    newest_first = [("a", 3, "ALARM>OK"), ("b", 1, "OK>ALARM"), ("a", 1, "OK>ALARM")]
    assert changes(store) == newest_first
    assert changes(store, descending=False) == newest_first[::-1]
    assert changes(store, limit=2) == newest_first[:2]
    assert changes(store, alarm_name="a") == [newest_first[0], newest_first[2]]
    assert changes(store, start=START_MS + M, end=START_MS + 3 * M) == newest_first[1:]
    assert changes(store, start=START_MS + M + 1) == newest_first[:1]


def test_an_hour_is_added_up_by_alarm(store) -> None:
    change(store, "a", 10)
    change(store, "a", 15, OK, since=10)
    change(store, "b", 30, since=20)
    change(store, "a", 70, since=15)
    assert hours(store) == [
        ("a", 0, 2, StateTimes(ok=10 * M, alarm=5 * M)),
        ("b", 0, 1, StateTimes(ok=10 * M)),
        ("a", 1, 1, StateTimes(ok=10 * M)),
    ]
    first = START_MS // HOUR_MS
    assert [row[:2] for row in hours(store, start=first + 1)] == [("a", 1)]
    assert [row[:2] for row in hours(store, end=first + 1)] == [("a", 0), ("b", 0)]
    assert [row[:2] for row in hours(store, alarm_name="a")] == [("a", 0), ("a", 1)]


def test_a_change_that_is_undone_is_added_up_nowhere(store) -> None:
    change(store, "a", 10)

    def work(writer) -> None:
        writer.history.add(HERE, item("a", 20), StateStep(ALARM, OK, START_MS + 10 * M))
        raise KeyError

    with pytest.raises(KeyError):
        store.write(work)
    assert changes(store) == [("a", 10, "OK>ALARM")]
    assert hours(store) == [("a", 0, 1, StateTimes(ok=10 * M))]


def test_sums_go_with_the_changes(store) -> None:
    for minute in (10, 70, 130):
        change(store, "a", minute)
    store.write(lambda writer: writer.history.expire(before=START_MS + 75 * M))
    assert changes(store) == [("a", 130, "OK>ALARM")]
    assert [row[1] for row in hours(store)] == [1, 2], "an hour goes when all of it is too old"


def test_reset_of_a_scope_leaves_the_others(store) -> None:
    change(store, "a", 1)
    change(store, "a", 1, scope=THERE)
    store.write(lambda writer: writer.reset(HERE))
    assert (changes(store), hours(store)) == ([], [])
    assert changes(store, THERE) == [("a", 1, "OK>ALARM")]
    store.write(lambda writer: writer.reset())
    assert changes(store, THERE) == []
