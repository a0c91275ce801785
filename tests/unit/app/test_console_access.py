"""Signing in to the console. Spec: CON-8.4, CON-8.5."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.app.audit import AuditLog
from tocsin.app.console_access import LONGEST_PASSWORD, ConsoleAccess, SignInResult, Whence
from tocsin.app.console_user import ConsoleUser, ConsoleUsers
from tocsin.app.service import Service, ServiceSettings
from tocsin.clock import ManualClock
from tocsin.core.kept_record import MANAGEMENT_HISTORY
from tocsin.core.password_hash import HashCost, PasswordHash, decoy_hash
from tocsin.core.scope import Scope
from tocsin.errors import StoreError
from tocsin.store.memory import MemoryStore

SCOPE = Scope("111122223333", "eu-west-1")
CHEAP, DEAR = HashCost(8, 1, 1), HashCost(65_536, 3, 4)
FROM = Whence(address="203.0.113.47", agent="Mozilla/5.0", request_id="r-1")


def hash_of(password: str, cost: HashCost) -> PasswordHash:
    """What stands for a hash here: its text holds the password."""
    return PasswordHash(f"hash of {password}", cost)


class Door:
    """A door with two users, and a fake of the slow function that tells what it was asked."""

    def __init__(self, *, cost_of_vera: HashCost = CHEAP) -> None:
        self.clock, self.store = ManualClock(datetime(2026, 3, 14, 3, tzinfo=UTC)), MemoryStore()
        numbers = itertools.count(1)
        self.service = Service(
            self.store,
            self.clock,
            new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
            new_secret=lambda size: next(numbers).to_bytes(size, "big"),
            settings=ServiceSettings(account=SCOPE.account, public_url="https://tocsin.example.com"),
        )
        self.tried: list[HashCost] = []
        self.hold = lambda: None
        users = ConsoleUsers(
            [
                ConsoleUser(name="alice", role="operator", password=hash_of("correct horse", CHEAP)),
                ConsoleUser(name="vera", role="viewer", password=hash_of("caf\u00e9", cost_of_vera)),
            ]
        )
        self.access = ConsoleAccess(self.service, users, scope=SCOPE, fits=self._fits)

    def _fits(self, hashed: PasswordHash, password: str) -> bool:
        self.tried.append(hashed.cost)
        self.hold()
        return hashed.text == f"hash of {password}"

    def sign_in(self, name: str = "alice", password: str = "correct horse", whence: Whence = FROM) -> SignInResult:
        return self.access.sign_in(name, password, whence)

    def records(self) -> list[dict[str, Any]]:
        with self.store.read() as reader:
            found = reader.records.look_up(SCOPE, MANAGEMENT_HISTORY, limit=50)
        return sorted((json.loads(one.body) for one in found), key=lambda record: record["eventID"])

    def outcomes(self) -> list[tuple[str, str, str | None]]:
        return [
            (one["eventName"], next(iter(one["responseElements"].values())), one.get("errorMessage"))
            for one in self.records()
        ]


@pytest.fixture
def door() -> Door:
    return Door()


def test_name_and_password_that_belong_together_begin_a_session(door: Door) -> None:
    result = door.sign_in()
    assert result.user is not None
    assert (result.user.name, result.user.role, result.wait) == ("alice", "operator", 0)
    assert door.access.sessions.user(result.token) == result.user
    assert result.token not in repr(result)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", "caf\u00e9"),
        ("Alice", "correct horse"),
        ("bob", "correct horse"),
        ("", ""),
    ],
)
def test_anything_else_fails_and_says_no_more(door: Door, name: str, password: str) -> None:
    assert door.sign_in(name, password) == SignInResult()


def test_the_ways_to_write_an_accent_are_one(door: Door) -> None:
    assert door.sign_in("vera", "cafe\u0301").user is not None


def test_a_password_is_not_cut_to_one_that_fits() -> None:
    door = Door()
    longest = "x" * LONGEST_PASSWORD
    door.access.users._users["alice"] = ConsoleUser(name="alice", role="operator", password=hash_of(longest, CHEAP))
    assert door.sign_in("alice", longest + "x").user is None
    assert door.sign_in("alice", longest).user is not None


@pytest.mark.parametrize("name", ["alice", "vera", "nobody", ""])
@pytest.mark.parametrize("password", ["correct horse", "caf\u00e9", "wrong"])
def test_every_attempt_does_the_same_work(name: str, password: str) -> None:
    door = Door(cost_of_vera=DEAR)
    door.sign_in(name, password)
    assert door.tried == [CHEAP, DEAR]


def test_a_decoy_lets_nobody_in(door: Door) -> None:
    door.access._fits = lambda *_: True  # a function that says yes to everything
    assert door.sign_in("nobody", "x").user is None


# ------------------------------------------------------------ waits


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_the_fifth_failure_brings_a_wait_whether_there_is_such_a_name_or_not(door: Door, name: str) -> None:
    waits = [door.sign_in(name, "wrong").wait for _ in range(6)]
    assert waits == [0, 0, 0, 0, 30, 30]
    assert len(door.tried) == 5


def test_while_one_waits_even_the_right_password_is_not_tried(door: Door) -> None:
    for _ in range(5):
        door.sign_in("alice", "wrong")
    assert door.sign_in() == SignInResult(wait=30)
    door.clock.advance(29.2)
    assert door.sign_in() == SignInResult(wait=1)
    door.clock.advance(0.8)
    assert door.sign_in().user is not None


def test_somebody_elses_failures_keep_nobody_out(door: Door) -> None:
    for _ in range(9):
        door.sign_in("alice", "wrong")
    assert door.sign_in(whence=Whence(address="198.51.100.7")).user is not None


def test_attempts_at_the_same_moment_are_no_way_around(door: Door) -> None:
    for _ in range(4):
        door.sign_in("alice", "wrong")
    meanwhile: list[SignInResult] = []

    def hold() -> None:
        door.hold = lambda: None
        meanwhile.append(door.sign_in("alice", "correct horse"))

    door.hold = hold
    door.sign_in("alice", "wrong")
    assert meanwhile == [SignInResult(wait=30)]
    assert len(door.tried) == 5


def test_too_many_at_once_are_told_to_come_again(door: Door) -> None:
    places = door.access._places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    assert door.sign_in() == SignInResult(is_busy=True)
    assert door.tried == []
    for _ in range(taken):
        places.release()
    assert door.sign_in().user is not None


# ------------------------------------------------------------ what is kept of it


def test_every_attempt_that_was_tried_is_a_record(door: Door) -> None:
    door.sign_in()
    door.sign_in("alice", "wrong")
    door.sign_in("bob", "wrong")
    assert door.outcomes() == [
        ("ConsoleLogin", "Success", None),
        ("ConsoleLogin", "Failure", "Failed authentication"),
        ("ConsoleLogin", "Failure", "No username found in supplied account"),
    ]
    (first, *_) = door.records()
    assert first["userIdentity"]["arn"] == "arn:aws:iam::111122223333:user/tocsin-console/alice"
    assert first["sourceIPAddress"] == "203.0.113.47"
    assert first["userAgent"] == "Mozilla/5.0"
    assert first["additionalEventData"]["LoginTo"] == "https://tocsin.example.com/console"


def test_signing_out_is_a_record_too(door: Door) -> None:
    result = door.sign_in()
    assert result.user is not None
    other = door.sign_in()
    door.access.sign_out(result.user, result.token, FROM)
    assert door.access.sessions.user(result.token) is None
    assert door.access.sessions.user(other.token) == result.user
    door.access.sign_out(result.user, other.token, FROM, everywhere=True)
    assert door.access.sessions.user(other.token) is None
    assert [name for name, _, _ in door.outcomes()] == [
        "ConsoleLogin",
        "ConsoleLogin",
        "ConsoleLogout",
        "ConsoleLogout",
    ]


def test_the_audit_log_has_who_came_and_went_and_not_who_tried(door: Door) -> None:
    result = door.sign_in()
    assert result.user is not None
    door.sign_in("alice", "wrong")
    door.access.sign_out(result.user, result.token, FROM)
    door.access.sign_out(result.user, "", FROM, everywhere=True)
    entries = AuditLog(door.service).page().entries
    assert [(entry.action, entry.actor, entry.kind, entry.name) for entry in reversed(entries)] == [
        ("sign-in", "alice", "user", "alice"),
        ("sign-out", "alice", "user", "alice"),
        ("sign-out-everywhere", "alice", "user", "alice"),
    ]
    assert (entries[0].address, entries[0].agent, entries[0].request_id) == ("203.0.113.47", "Mozilla/5.0", "r-1")


def test_nobody_gets_in_without_a_record(door: Door) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    door.access._record = fails
    with pytest.raises(StoreError):
        door.sign_in()
    with door.store.read() as reader:
        assert list(reader.scan_all("console-session")) == []


def test_attempts_are_counted_by_outcome(door: Door) -> None:
    door.sign_in()
    for _ in range(6):
        door.sign_in("bob", "wrong")
    counts = {
        outcome: door.service.counters.count("console_sign_ins", outcome=outcome)
        for outcome in ("success", "failure", "waiting", "busy")
    }
    assert counts == {"success": 1, "failure": 5, "waiting": 1, "busy": 0}


def test_a_decoy_is_what_is_tried_for_nobody(door: Door) -> None:
    seen: list[PasswordHash] = []
    door.access._fits = lambda hashed, _: bool(seen.append(hashed))
    door.sign_in("nobody", "x")
    assert seen == [decoy_hash(CHEAP)]
