"""Calls counted for Insights: what every store promises. Spec: CT-17.7, CT-17.9."""

from __future__ import annotations

import pytest

from tocsin.core.insight.call import Api, Caller, CountedCall, InsightKey
from tocsin.core.scope import Scope

DAY = 1440
NOW = 20_000 * DAY
API = Api("111122223333", "us-east-1", "iam.amazonaws.com", "CreateUser")
OTHER = API._replace(event_name="DeleteUser", region="eu-west-1")
ALICE = Caller("arn:aws:iam::111122223333:user/alice", "cli", None, True)
DENIED = ALICE._replace(error_code="AccessDenied")
READER = Caller("arn:aws:iam::111122223333:user/bob", "cli", "AccessDenied", False)
RATE, ERRORS = InsightKey(API), InsightKey(API, "AccessDenied")
EVER = {"start": 0, "end": 10**9}


def add(store, *calls: tuple) -> None:
    store.write(lambda writer: writer.calls.add([CountedCall(*one) for one in calls]))


def age(store, *, at: int = NOW, **how: int) -> int:
    return store.write(lambda writer: writer.calls.age(at=at, **how))


def minutes(store, key: InsightKey = RATE) -> list[tuple[int, int]]:
    with store.read() as reader:
        return [tuple(row) for row in reader.calls.minutes(key, **EVER)]


def test_calls_of_a_minute_add_up(store) -> None:
    add(store, (API, 5, ALICE), (API, 5, ALICE), (API, 5, DENIED, 3), (API, 7, READER))
    add(store, (API, 5, ALICE), (API, 3, ALICE), (OTHER, 5, ALICE))
    assert minutes(store) == [(3, 1), (5, 6)]
    assert minutes(store, ERRORS) == [(5, 3), (7, 1)]
    assert minutes(store, InsightKey(OTHER, "AccessDenied")) == []
    with store.read() as reader:
        assert sorted(reader.calls.callers(API, start=5, end=8, limit=9), key=repr) == sorted(
            [(ALICE, 3), (DENIED, 3), (READER, 1)], key=repr
        )
        assert reader.calls.callers(API._replace(event_name="x"), limit=9, **EVER) == []
        assert len(reader.calls.callers(API, limit=2, **EVER)) == 2


def test_keys_are_what_is_counted(store) -> None:
    throttled = READER._replace(error_code="Throttled")
    add(store, (API, 5, READER), (API, 6, ALICE), (API, 6, DENIED), (API, 7, throttled), (OTHER, 5, ALICE))
    with store.read() as reader:
        assert reader.calls.keys(API, limit=9, **EVER) == [RATE, ERRORS, InsightKey(API, "Throttled")]
        assert reader.calls.keys(API, limit=2, **EVER) == [RATE, ERRORS]
        assert reader.calls.keys(API, start=5, end=6, limit=9) == [ERRORS]
        assert reader.calls.keys(OTHER, limit=9, start=6, end=9) == []


@pytest.mark.parametrize(
    ("start", "end", "total", "first", "last"),
    [(0, 100, 7, 3, 9), (3, 9, 6, 3, 5), (4, 9, 5, 5, 5), (6, 9, 0, None, None), (9, 10, 1, 9, 9)],
)
def test_a_span_is_asked_about(store, start, end, total, first, last) -> None:
    add(store, (API, 3, ALICE), (API, 5, ALICE, 2), (API, 5, DENIED, 3), (API, 9, ALICE), (API, 6, READER))
    with store.read() as reader:
        calls = reader.calls
        assert calls.total(RATE, start=start, end=end) == total
        assert calls.first(RATE, start=start, end=end) == first
        assert calls.last(RATE, start=start, end=end) == last
        assert calls.total(ERRORS, start=0, end=100) == 4
        assert calls.total(InsightKey(OTHER), start=0, end=100) == 0


def test_active_apis_are_those_with_calls_in_the_span(store) -> None:
    add(store, (OTHER, 5, ALICE), (API, 5, ALICE), (API, 6, ALICE), (OTHER, 9, ALICE))
    with store.read() as reader:
        assert reader.calls.active(start=5, end=6) == [OTHER, API]
        assert reader.calls.active(start=6, end=9) == [API]
        assert reader.calls.active(start=10, end=90) == []


def test_work_that_fails_leaves_no_calls(store) -> None:
    add(store, (API, 5, ALICE))

    def work(writer) -> None:
        writer.calls.add([CountedCall(API, 5, ALICE), CountedCall(API, 6, READER), CountedCall(OTHER, 6, DENIED)])
        writer.calls.age(at=NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(work)
    assert minutes(store) == [(5, 1)]
    add(store, (API, 6, READER), (OTHER, 6, DENIED))
    assert minutes(store, ERRORS) == [(6, 1)]


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (8, [(0, 1), (1, 1), (61, 1)]),
        (10, [(0, 1), (1, 1), (61, 1)]),
        (16, [(0, 2), (60, 1)]),
        (64, [(0, 2), (60, 1)]),
        (91, []),
    ],
)
def test_old_calls_get_coarser_and_go(store, days: int, kept: list[tuple[int, int]]) -> None:
    start = NOW - days * DAY
    for minute, caller in ((0, ALICE), (1, DENIED), (61, ALICE)):
        add(store, (API, start + minute, caller))
    while age(store, rows=2):
        pass
    assert minutes(store) == [(start + minute, count) for minute, count in kept]
    with store.read() as reader:
        known = reader.calls.callers(API, limit=9, **EVER)
        assert all((caller.arn is not None) is (days < 9) for caller, _ in known)
        assert sum(count for _, count in known) == (3 if kept else 0)
        assert bool(reader.calls.active(**EVER)) is (days < 9)


def test_ageing_is_bounded(store) -> None:
    add(store, *[(API, NOW - 20 * DAY + number, ALICE) for number in range(7)])
    assert [age(store, rows=5) for _ in range(5)] == [5, 2, 0, 0, 0]
    assert minutes(store) == [(NOW - 20 * DAY, 5), (NOW - 20 * DAY + 5, 2)]


def test_a_reset_forgets_a_scope_or_all(store) -> None:
    add(store, (API, 5, ALICE), (OTHER, 5, ALICE))
    store.write(lambda writer: writer.reset(Scope("111122223333", "us-east-1")))
    assert minutes(store) == []
    assert minutes(store, InsightKey(OTHER)) == [(5, 1)]
    add(store, (API, 5, ALICE))
    assert minutes(store) == [(5, 1)]
    store.write(lambda writer: writer.reset())
    assert minutes(store, InsightKey(OTHER)) == []


def test_calls_that_come_late_join_those_of_their_time(store) -> None:
    add(store, (API, NOW - 20 * DAY + 3, ALICE))
    age(store)
    add(store, (API, NOW - 20 * DAY + 4, ALICE), (API, NOW - 20 * DAY, ALICE))
    age(store)
    assert minutes(store) == [(NOW - 20 * DAY, 3)]
