"""How long those wait who have failed to sign in. Spec: CON-8.4."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.app.failed_sign_in import FailedSignIns
from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.store.memory import MemoryStore

HERE, ELSEWHERE = "203.0.113.47", "198.51.100.7"
MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Door:
    """Counts failures over a store; times are in seconds."""

    def __init__(self) -> None:
        self.clock, self.store = ManualClock(datetime(2026, 3, 14, 3, tzinfo=UTC)), MemoryStore()
        self.restart()

    def restart(self) -> None:
        self.failures = FailedSignIns(Service(self.store, self.clock, new_id=lambda: "id"))

    def fail(self, times: int = 1, *, name: str = "alice", address: str = HERE, every: float = 1) -> None:
        for _ in range(times):
            assert self.failures.begin(name, address) == 0
            self.clock.advance(every)

    def wait(self, name: str = "alice", address: str = HERE) -> float:
        return self.failures.wait(name, address) / 1000


@pytest.fixture
def door() -> Door:
    return Door()


def test_four_failures_cost_nothing(door: Door) -> None:
    door.fail(4)
    assert door.wait() == 0


def test_after_the_fifth_one_waits(door: Door) -> None:
    door.fail(5, every=0)
    assert door.wait() == 30
    assert door.failures.begin("alice", HERE) == 30_000
    door.clock.advance(29.5)
    assert door.failures.begin("alice", HERE) == 500
    door.clock.advance(0.5)
    assert door.failures.begin("alice", HERE) == 0


def test_waits_grow_up_to_an_hour(door: Door) -> None:
    door.fail(4, every=0)
    waits = []
    for _ in range(9):
        door.fail(1, every=0)
        waits.append(door.wait())
        door.clock.advance(door.wait())
    assert waits == [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]


def test_an_attempt_that_has_to_wait_does_not_make_the_wait_longer(door: Door) -> None:
    door.fail(5, every=0)
    for _ in range(20):
        door.failures.begin("alice", HERE)
    assert door.wait() == 30


def test_failures_that_lie_apart_cost_nothing(door: Door) -> None:
    door.fail(40, every=4 * MINUTE)
    assert door.wait() == 0


def test_failures_are_counted_by_name_and_by_address(door: Door) -> None:
    door.fail(5, every=0)
    assert door.wait() > 0
    assert door.wait(name="bob") == 0
    assert door.wait(address=ELSEWHERE) == 0


def test_addresses_of_one_ipv6_network_are_one(door: Door) -> None:
    for number in range(5):
        door.fail(address=f"2001:db8:0:1::{number}", every=0)
    assert door.wait(address="2001:db8:0:1:ffff::1") == 30
    assert door.wait(address="2001:db8:0:2::1") == 0


def test_whoever_signs_in_begins_anew(door: Door) -> None:
    door.fail(6 - 1, every=0)
    door.clock.advance(30)
    assert door.failures.begin("alice", HERE) == 0
    door.failures.forgive("alice", HERE)
    assert door.wait() == 0
    door.fail(4, every=0)
    assert door.wait() == 0


def test_a_restart_forgives_nobody(door: Door) -> None:
    door.fail(5, every=0)
    door.restart()
    assert door.wait() == 30


def test_a_day_after_the_last_wait_all_is_forgotten(door: Door) -> None:
    door.fail(5, every=0)
    door.clock.advance(30 + DAY)
    door.fail(4, every=0)
    assert door.wait() == 0


def test_before_that_the_next_failure_waits_at_once(door: Door) -> None:
    door.fail(5, every=0)
    door.clock.advance(12 * HOUR)
    door.fail(1, every=0)
    assert door.wait() == 60


@pytest.mark.parametrize("name", ["hunter2", "\ud800", "x" * 100_000])
def test_what_was_typed_for_a_name_is_not_kept(door: Door, name: str) -> None:
    door.fail(name=name)
    with door.store.read() as reader:
        held = list(reader.scan_all("console-failure"))
    assert len(held) == 1
    assert name not in held[0][1]
    assert len(held[0][1]) == 64


def test_what_is_kept_goes_away(door: Door) -> None:
    for number in range(50):
        door.fail(name=str(number), every=0)
    door.clock.advance(HOUR)
    for number in range(50, 70):
        door.fail(name=str(number), every=0)
    with door.store.read() as reader:
        assert len(list(reader.scan_all("console-failure"))) == 20
