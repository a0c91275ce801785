"""Sessions of people who have signed in to the console. Spec: CON-8.4."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.app.console_session import ConsoleSessions
from tocsin.app.console_user import ConsoleUser, ConsoleUsers, console_principal
from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.core.password_hash import HashCost, decoy_hash
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

START = datetime(2026, 3, 14, 3, tzinfo=UTC)
HOUR, DAY = 3_600, 86_400
CHEAP = HashCost(memory_kib=8, passes=1, lanes=1)
ALICE = ConsoleUser(name="alice", role="operator", password=decoy_hash(CHEAP))
VERA = ConsoleUser(name="vera", role="viewer", password=decoy_hash(CHEAP))


class Kept:
    """Sessions over a store, with secrets that are easy to tell apart."""

    def __init__(self) -> None:
        self.clock, self.store = ManualClock(START), MemoryStore()
        self._number = 0
        self.restart(ALICE, VERA)

    def restart(self, *users: ConsoleUser) -> None:
        service = Service(self.store, self.clock, new_id=lambda: "id", new_secret=self._secret)
        self.sessions = ConsoleSessions(service, ConsoleUsers(users))

    def _secret(self, size: int) -> bytes:
        self._number += 1
        return self._number.to_bytes(size, "big")


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_a_token_has_256_bits_and_says_whose_session_it_is(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    assert len(bytes.fromhex(token)) == 32
    assert kept.sessions.user(token) == ALICE
    assert kept.sessions.user(kept.sessions.open(VERA)) == VERA


@pytest.mark.parametrize("token", ["", "0" * 64, "alice", "\ud800"])
def test_any_other_text_is_nobodys_session(kept: Kept, token: str) -> None:
    kept.sessions.open(ALICE)
    assert kept.sessions.user(token) is None


def test_the_store_holds_no_token(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    with kept.store.read() as reader:
        held = [
            (name, body)
            for kind in ("console-session", "console-session-end")
            for _, name, body in reader.scan_all(kind)
        ]
    assert held
    assert all(
        token not in name and token.encode() not in body and bytes.fromhex(token) not in body for name, body in held
    )


def test_a_session_ends_after_twelve_hours_without_a_request(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    kept.clock.advance(12 * HOUR - 1)
    assert kept.sessions.user(token) == ALICE
    kept.clock.advance(12 * HOUR - 1)
    assert kept.sessions.user(token) == ALICE
    kept.clock.advance(12 * HOUR)
    assert kept.sessions.user(token) is None


def test_a_session_ends_after_seven_days_however_much_it_is_used(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    for _ in range(7 * 24 - 1):
        kept.clock.advance(HOUR)
        assert kept.sessions.user(token) == ALICE
    kept.clock.advance(HOUR)
    assert kept.sessions.user(token) is None


def test_that_a_session_is_used_is_written_once_a_minute(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)

    def version() -> int:
        with kept.store.read() as reader:
            return reader.version("console-session")

    before = version()
    for _ in range(59):
        kept.clock.advance(1)
        kept.sessions.user(token)
    assert version() == before
    kept.clock.advance(1)
    kept.sessions.user(token)
    assert version() != before


def test_only_being_used_keeps_a_session_alive(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    for _ in range(11):
        kept.clock.advance(HOUR)
        assert kept.sessions.user(token, counts=False) == ALICE
    kept.clock.advance(HOUR)
    assert kept.sessions.user(token, counts=False) is None


def test_signing_out_ends_one_session(kept: Kept) -> None:
    here, there = kept.sessions.open(ALICE), kept.sessions.open(ALICE)
    kept.sessions.close(here)
    assert kept.sessions.user(here) is None
    assert kept.sessions.user(there) == ALICE


def test_signing_out_everywhere_ends_all_of_one_user(kept: Kept) -> None:
    here, there, other = kept.sessions.open(ALICE), kept.sessions.open(ALICE), kept.sessions.open(VERA)
    kept.sessions.close_all("alice")
    assert [kept.sessions.user(token) for token in (here, there, other)] == [None, None, VERA]
    assert kept.sessions.user(kept.sessions.open(ALICE)) == ALICE


def test_a_session_outlives_a_restart(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    kept.restart(ALICE)
    assert kept.sessions.user(token) == ALICE


def test_a_new_password_ends_the_sessions_of_the_old_one(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    kept.restart(ConsoleUser(name="alice", role="operator", password=decoy_hash(HashCost(16, 1, 1))))
    assert kept.sessions.user(token) is None


def test_whoever_is_no_user_any_more_has_no_session(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    kept.restart(VERA)
    assert kept.sessions.user(token) is None


def test_a_role_is_what_the_settings_say_now(kept: Kept) -> None:
    token = kept.sessions.open(ALICE)
    kept.restart(ConsoleUser(name="alice", role="viewer", password=ALICE.password))
    user = kept.sessions.user(token)
    assert user is not None
    assert user.role == "viewer"


def test_an_installation_that_asks_for_no_password_is_open() -> None:
    assert ConsoleUsers().is_open
    assert not ConsoleUsers([VERA]).is_open
    assert ConsoleUsers([VERA, ALICE]).roles() == {"alice": "operator", "vera": "viewer"}


def test_users_are_iam_users_of_a_path_of_their_own() -> None:
    assert console_principal(Scope("111122223333", "cn-north-1"), "alice").identity() == {
        "type": "IAMUser",
        "principalId": "AIDA7HRDYKNNNSS3ZY6MB",
        "arn": "arn:aws-cn:iam::111122223333:user/tocsin-console/alice",
        "accountId": "111122223333",
        "userName": "alice",
    }
