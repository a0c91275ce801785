"""What is done in the background leaves room for requests. Spec: AR-5."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.app.housekeeping import Housekeeping, HousekeepingRun
from tocsin.app.service import Service
from tocsin.app.store_port import Packing
from tocsin.clock import ManualClock
from tocsin.core.kept_record import LOG_FOLDER, MANAGEMENT_HISTORY, Destination, NewRecord
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore

HERE = Scope("111122223333", "us-east-1")


class LooseStore(MemoryStore):
    """A store with so many loose events, of which each call packs a thousand."""

    def __init__(self, loose: int) -> None:
        super().__init__()
        self.loose = loose

    def pack_logs(self, *, at: int) -> Packing:
        packed = min(1_000, self.loose)
        self.loose -= packed
        return Packing(packed, self.loose)


def keeping(loose: int) -> Housekeeping:
    service = Service(LooseStore(loose), ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), new_id=lambda: "x")
    return service.part(Housekeeping)


def test_a_run_is_bounded_and_says_that_there_is_more() -> None:
    house = keeping(3_500)
    runs = [house.run() for _ in range(3)]
    assert [(run.blocks_packed, run.is_behind, run.loose) for run in runs] == [
        (2, True, 1_500),
        (2, True, 0),
        (0, False, 0),
    ]


@pytest.mark.parametrize(("loose", "rest"), [(0, 9), (500_000, 5), (1_000_000, 1), (5_000_000, 1)])
def test_it_rests_less_the_more_there_is_to_do(loose: int, rest: float) -> None:
    assert HousekeepingRun(loose=loose, is_busy=True).rest == rest
    assert HousekeepingRun(loose=loose).rest == 0


def test_it_is_busy_while_events_come() -> None:
    house = keeping(10_000)
    counters = house._service.counters
    assert not house.run().is_busy
    counters.add("events_received", 5)
    assert house.run().is_busy
    assert not house.run().is_busy


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_event_history_reaches_back_ninety_days(kind: str, tmp_path) -> None:
    """What is older goes in steps, and what waits for a trail stays (CT-16.1)."""
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "tocsin.sqlite3")
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    service = Service(store, clock, new_id=lambda: "x")
    old, new = int(clock.now().timestamp()), int(clock.now().timestamp()) + 86_400
    waits = {Destination(b"trail", LOG_FOLDER): [0]}
    for number in range(25):
        made = NewRecord(b"old", old, f"old-{number}", MANAGEMENT_HISTORY)
        store.write(lambda writer, made=made: writer.records.add(HERE, [made], waiting=waits, at=old * 1000))
    made = NewRecord(b"new", new, "new", MANAGEMENT_HISTORY)
    store.write(lambda writer: writer.records.add(HERE, [made], waiting={}, at=new * 1000))
    clock.advance(90 * 86_400 + 1)
    runs = [service.part(Housekeeping).run() for _ in range(4)]
    assert [(run.blocks_expired, run.is_behind) for run in runs] == [(10, True), (10, True), (5, True), (0, False)]
    with store.read() as reader:
        assert [one.body for one in reader.records.look_up(HERE, MANAGEMENT_HISTORY, limit=100)] == [b"new"]
        assert [one.records for one in reader.records.waiting()] == [25]
    store.close()
