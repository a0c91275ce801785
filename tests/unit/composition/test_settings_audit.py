"""Settings that are others than at the last start are told. Spec: self/s17."""

from __future__ import annotations

from typing import Any

import pytest
from console_bench import ConsoleBench

from tocsin.app.audit import AuditLog
from tocsin.app.console_user import ConsoleUser, ConsoleUsers
from tocsin.composition.settings_audit import note_settings
from tocsin.console.installation import SettingLine
from tocsin.core.password_hash import HashCost, PasswordHash


def line(name: str, text: str, origin: str = "tocsin.toml") -> SettingLine:
    return SettingLine(name=name, line=text, unset="none", origin=origin)


def user(name: str, password: str = "x", role: Any = "operator") -> ConsoleUser:
    return ConsoleUser(name=name, role=role, password=PasswordHash(password, HashCost(8, 1, 1)))


class Started:
    """An installation that is started again and again, with other settings."""

    def __init__(self) -> None:
        self.bench = ConsoleBench()

    def start(self, *lines: SettingLine, entries: Any = (), users: Any = ()) -> list[tuple[Any, Any]]:
        note_settings(self.bench.service, self.bench.audit, lines=lines, entries=entries, users=ConsoleUsers(users))
        found = AuditLog(self.bench.service).page().entries
        assert {(one.actor, one.action, one.kind) for one in found} <= {("settings", "settings-changed", "settings")}
        return [(one.before, one.after) for one in reversed(found)]


@pytest.fixture
def started() -> Started:
    return Started()


def test_the_first_start_and_one_with_the_same_settings_tell_nothing(started: Started) -> None:
    assert started.start(line("mail.unsubscribe", "a")) == []
    assert started.start(line("mail.unsubscribe", "a")) == []


def test_what_was_taken_away_and_added_is_told(started: Started) -> None:
    started.start(line("operator.channel", "operator.channel is set"), line("server.region", "r"))
    assert started.start(line("server.region", "r"), line("smtp.from", "f")) == [
        ({"operator.channel": "operator.channel is set"}, {"smtp.from": "f"})
    ]


def test_sources_and_notifiers_are_compared_as_a_whole(started: Started) -> None:
    started.start(entries=[("source", ["path = a", "kind = file"]), ("source", ["path = b"])])
    assert started.start(entries=[("source", ["path = a", "kind = file"])]) == [
        ({"[[source]]": ["path = a; kind = file", "path = b"]}, {"[[source]]": ["path = a; kind = file"]})
    ]


def test_people_their_roles_and_their_passwords_are_told_apart(started: Started) -> None:
    started.start(users=[user("alice"), user("vera", role="viewer")])
    ((before, after),) = started.start(users=[user("alice", password="y"), user("vera"), user("bob")])
    assert set(before) == {"user alice", "user vera"}
    assert set(after) == {"user alice", "user vera", "user bob"}
    assert before["user vera"].startswith("viewer, password ")
    assert after["user vera"].startswith("operator, password ")
    assert before["user alice"] != after["user alice"]


@pytest.mark.parametrize(
    "one",
    [line("server.port", "server.port = 1"), line("alarm.history_days", "d", "default"), line("mail.unsubscribe", "")],
)
def test_what_passes_or_is_not_set_is_not_compared(started: Started, one: SettingLine) -> None:
    started.start()
    assert started.start(one) == []
