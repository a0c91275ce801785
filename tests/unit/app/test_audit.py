"""The audit log: what is kept, found, taken back. Spec: CON-8.5, CON-4.10, CON-7.7, self/s17."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.app.audit import AuditHead, AuditLog, NewEntry, UndoOffer
from tocsin.app.audit_chain import AGAIN_MS, AuditChain, ChainState
from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("", "")
UNDO = UndoOffer("enable-actions", {"name": "root-usage"})


class Logged:
    """A log over a store."""

    def __init__(self) -> None:
        self.clock, self.store = ManualClock(datetime(2026, 3, 14, 3, 14, 20, 123_456, tzinfo=UTC)), MemoryStore()
        self.service = Service(self.store, self.clock, new_id=lambda: "id")
        self.log = AuditLog(self.service)

    def add(self, name: str = "root-usage", **more: Any) -> int:
        new = {"actor": "alice", "role": "operator", "action": "MuteAlarm", "kind": "alarm", "name": name, **more}
        return self.log.add(NewEntry(**new)).sequence

    def add_many(self, count: int) -> None:
        for number in range(count):
            self.add(f"alarm-{number}")

    def put(self, sequence: int, line: bytes) -> None:
        """Do what nobody should."""
        self.store.write(lambda writer: writer.put("audit", HERE, f"{sequence:012}", line))

    def remove(self, sequence: int) -> None:
        self.store.write(lambda writer: writer.delete("audit", HERE, f"{sequence:012}"))

    def check(self, **how: Any) -> ChainState:
        return self.service.part(AuditChain).check(**how)


@pytest.fixture
def logged() -> Logged:
    return Logged()


# ------------------------------------------------------------ what is kept


def test_an_entry_has_number_time_and_all_that_was_told(logged: Logged) -> None:
    logged.add(
        address="203.0.113.47",
        agent="Mozilla/5.0",
        scope=Scope("111122223333", "eu-west-1"),
        before=None,
        after={"until": "06:00"},
        reason="maintenance",
        request_id="r-1",
    )
    found = logged.log.entry(1)
    assert found is not None
    assert json.loads(found[1]) == {
        "sequence": 1,
        "at": "2026-03-14T03:14:20.123Z",
        "actor": "alice",
        "role": "operator",
        "address": "203.0.113.47",
        "agent": "Mozilla/5.0",
        "action": "MuteAlarm",
        "kind": "alarm",
        "name": "root-usage",
        "account": "111122223333",
        "region": "eu-west-1",
        "before": None,
        "after": {"until": "06:00"},
        "reason": "maintenance",
        "request_id": "r-1",
        "previous": "0" * 64,
    }


def test_every_line_holds_the_digest_of_the_one_before(logged: Logged) -> None:
    logged.add_many(5)
    lines = logged.log.lines(limit=10)
    digests = [hashlib.sha256(line).hexdigest() for line in lines]
    assert [json.loads(line)["previous"] for line in lines] == ["0" * 64, *digests[:-1]]
    assert logged.log.head() == AuditHead(5, digests[-1])


def test_without_a_head_the_log_goes_on_behind_its_last_entry(logged: Logged) -> None:
    logged.add_many(3)
    logged.store.write(lambda writer: writer.delete("audit-head", HERE, ""))
    assert logged.add() == 4
    assert logged.check() == ChainState(intact_to=4, last=4)


@pytest.mark.parametrize("sequence", [-1, 0, 2, 10**12, 10**30])
def test_a_number_that_no_entry_has_finds_none(logged: Logged, sequence: int) -> None:
    logged.add()
    assert logged.log.entry(sequence) is None


# ------------------------------------------------------------ what is found


def test_pages_come_newest_first_and_give_every_entry_once(logged: Logged) -> None:
    logged.add_many(7)
    numbers, before = [], None
    while True:
        page = logged.log.page(before=before, limit=3)
        numbers.append([entry.sequence for entry in page.entries])
        if page.older is None:
            break
        before = page.older
    assert numbers == [[7, 6, 5], [4, 3, 2], [1]]


def test_an_empty_log_has_an_empty_page(logged: Logged) -> None:
    assert logged.log.page() == ([], None)
    assert logged.log.head() == AuditHead()


def test_a_page_of_one_object_has_its_entries_alone(logged: Logged) -> None:
    for number in range(6):
        logged.add(f"alarm-{number % 2}")
    logged.add("alarm-1", kind="filter")
    page = logged.log.page(of=("alarm", "alarm-1"), limit=2)
    assert ([entry.sequence for entry in page.entries], page.older) == ([6, 4], 4)
    page = logged.log.page(of=("alarm", "alarm-1"), before=4, limit=2)
    assert ([entry.sequence for entry in page.entries], page.older) == ([2], None)


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "\ud800", "x" * 100_000])
def test_objects_are_found_whatever_their_names_hold(logged: Logged, name: str) -> None:
    logged.add(name)
    logged.add("another")
    assert [entry.sequence for entry in logged.log.page(of=("alarm", name)).entries] == [1]


# ------------------------------------------------------------ what is taken back


def test_a_change_can_be_taken_back_for_ten_minutes(logged: Logged) -> None:
    logged.add(request_id="r-1")
    logged.add(request_id="r-2")
    assert logged.log.offer_undo("r-1", UNDO) == 1
    assert logged.log.offers([1, 2]) == {1: UNDO}
    logged.clock.advance(600)
    assert logged.log.offers([1, 2]) == {}


def test_the_last_of_several_changes_of_a_request_carries_the_undo(logged: Logged) -> None:
    logged.add(request_id="r-1")
    logged.add(request_id="r-1")
    assert logged.log.offer_undo("r-1", UNDO) == 2


def test_what_made_no_entry_cannot_be_taken_back(logged: Logged) -> None:
    logged.add(request_id="r-1")
    assert logged.log.offer_undo("r-2", UNDO) is None


def test_what_was_taken_back_says_by_what(logged: Logged) -> None:
    logged.add(request_id="r-1")
    logged.log.offer_undo("r-1", UNDO)
    logged.add(request_id="r-2")
    logged.log.note_undone(1, "r-2")
    assert logged.log.undone([1, 2]) == {1: 2}
    assert logged.log.offers([1]) == {}


def test_what_cannot_be_taken_back_any_more_was_not(logged: Logged) -> None:
    logged.add(request_id="r-1")
    logged.log.offer_undo("r-1", UNDO)
    logged.clock.advance(600)
    logged.add(request_id="r-2")
    logged.log.note_undone(1, "r-2")
    assert logged.log.undone([1]) == {}


@pytest.mark.parametrize(("sequence", "request_id"), [(2, "r-1"), (9, "r-2"), (1, "r-9"), (2, "r-2")])
def test_only_a_later_change_takes_back_one_that_there_is(logged: Logged, sequence: int, request_id: str) -> None:
    logged.add(request_id="r-1")
    logged.add(request_id="r-2")
    logged.log.offer_undo("r-1", UNDO)
    logged.log.offer_undo("r-2", UNDO)
    logged.log.note_undone(sequence, request_id)
    assert logged.log.undone([1, 2, 9]) == {}


# ------------------------------------------------------------ the chain


def test_an_empty_chain_is_intact(logged: Logged) -> None:
    assert logged.check() == ChainState(intact_to=0, last=0)


def test_the_chain_is_checked_a_piece_at_a_time(logged: Logged) -> None:
    logged.add_many(7)
    assert [logged.check(most=3).intact_to for _ in range(4)] == [3, 6, 7, 7]
    logged.add()
    assert logged.check(most=3) == ChainState(intact_to=8, last=8)


def test_an_entry_is_read_once_in_an_hour(logged: Logged) -> None:
    logged.add_many(3)
    logged.check()
    logged.put(2, b"{}")
    assert logged.check().broken_at is None
    logged.clock.advance(AGAIN_MS / 1000)
    assert logged.check() == ChainState(intact_to=1, last=3, broken_at=2)


def changed(logged: Logged, sequence: int) -> bytes:
    return logged.log.lines(after=sequence - 1, limit=1)[0].replace(b"alice", b"mallory")


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        (lambda logged: logged.put(3, changed(logged, 3)), 4),
        (lambda logged: logged.put(5, changed(logged, 5)), 5),  # the last one, whose digest the head knows
        (lambda logged: logged.put(3, b"{}"), 3),
        (lambda logged: logged.put(1, b"not json"), 1),
        (lambda logged: logged.remove(1), 1),
        (lambda logged: logged.remove(3), 3),
        (lambda logged: logged.remove(5), 5),
        (lambda logged: [logged.remove(number) for number in range(1, 6)], 1),
    ],
)
def test_what_was_changed_or_removed_is_found(logged: Logged, tamper: Any, broken_at: int) -> None:
    logged.add_many(5)
    tamper(logged)
    assert logged.check() == ChainState(intact_to=broken_at - 1, last=5, broken_at=broken_at)
    assert logged.check(most=1).broken_at == broken_at


def test_a_chain_that_was_made_anew_is_found_by_whoever_saw_the_old_one(logged: Logged) -> None:
    logged.add_many(3)
    assert logged.check().intact_to == 3
    other = Logged()
    for number in range(4):
        other.add(f"forged-{number}")
    logged.store.write(lambda writer: writer.delete("audit-head", HERE, ""))
    for number, line in enumerate(other.log.lines(limit=4), 1):
        logged.put(number, line)
    assert logged.check().broken_at == 4  # which does not follow on the third that was seen
    logged.clock.advance(AGAIN_MS / 1000)
    assert logged.check().broken_at == 3  # which is not the one that was seen


def test_a_log_that_has_become_shorter_is_found(logged: Logged) -> None:
    logged.add_many(3)
    logged.check()
    logged.remove(3)
    logged.store.write(lambda writer: writer.delete("audit-head", HERE, ""))
    assert logged.check() == ChainState(intact_to=2, last=2, broken_at=3)


def test_after_a_reset_the_chain_begins_anew(logged: Logged) -> None:
    logged.add_many(3)
    logged.check()
    logged.store.write(lambda writer: writer.reset())
    logged.service.part(AuditChain).forget()
    logged.add()
    assert logged.check() == ChainState(intact_to=1, last=1)
