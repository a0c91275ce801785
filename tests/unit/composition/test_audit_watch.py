"""The chain of the audit log is checked all the time, and what is wrong with it is told once. Spec: self/s17."""

from __future__ import annotations

from typing import Any

import pytest
from console_bench import ConsoleBench

from tocsin.app.audit import AuditLog, NewEntry
from tocsin.composition.audit_watch import AuditWatch
from tocsin.core.scope import Scope


class Watched:
    """A log, and what its watch has told."""

    def __init__(self) -> None:
        self.bench = ConsoleBench()
        self.told: list[tuple[str, int]] = []
        self.watch = AuditWatch(self.bench.service, self)

    def error(self, event: str, **fields: Any) -> None:
        self.told.append((event, fields["entry"]))

    def add(self, count: int) -> None:
        log = AuditLog(self.bench.service)
        for _ in range(count):
            log.add(NewEntry(actor="alice", role="operator", action="x", kind="alarm", name="a"))

    def break_at(self, number: int) -> None:
        self.bench.service.store.write(lambda store: store.put("audit", Scope("", ""), f"{number:012}", b"{}"))


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_without_entries_there_is_nothing_to_tell(watched: Watched) -> None:
    assert watched.watch.step() == 60
    assert watched.watch.health == {}
    assert watched.watch.gauges["audit_entries"][1] == 0


def test_what_is_intact_is_told_as_far_as_it_was_checked(watched: Watched) -> None:
    watched.add(2_500)
    assert watched.watch.step() == 1
    assert watched.watch.health == {"audit": {"entries": 2_500, "intact_to": 2_000}}
    assert watched.watch.step() == 60
    assert watched.watch.health == {"audit": {"entries": 2_500, "intact_to": 2_500}}
    assert watched.told == []


def test_a_break_is_told_once_and_stays_in_health(watched: Watched) -> None:
    watched.add(5)
    watched.break_at(3)
    for _ in range(3):
        assert watched.watch.step() == 60
    assert watched.told == [("audit-chain-broken", 3)]
    assert watched.watch.health == {"audit": {"entries": 5, "intact_to": 2, "broken_at": 3}}
    assert watched.watch.gauges["audit_chain_broken"][1] == 1
