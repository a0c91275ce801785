"""What is done in the background leaves room for requests. Spec: AR-5."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.app.housekeeping import Housekeeping, HousekeepingRun
from tocsin.app.service import Service
from tocsin.app.store_port import Packing
from tocsin.clock import ManualClock
from tocsin.store.memory import MemoryStore


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


@pytest.mark.parametrize(("loose", "rest"), [(0, 9), (500_000, 4.5), (1_000_000, 0), (5_000_000, 0)])
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
