"""The file of people that `console.users` names. Spec: IF-9, CON-8.5."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tocsin.config import check_config
from tocsin.config.console_users import read_users
from tocsin.core.finding import Severity
from tocsin.errors import ConfigError, NotFoundError

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8"
ALICE = f'[alice]\npassword = "{HASH}"\nrole = "operator"\n'
VERA = f'["vera@example.com"]\nrole = "viewer"\npassword = "{HASH}"\n'


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return tmp_path / "users.toml"


def findings(path: Path, text: str) -> list[tuple[int, str, str, str]]:
    path.write_text(text, encoding="utf-8")
    return [(one.line, one.name, one.message, one.hint) for one in check_config(path)]


def test_people_come_in_the_order_of_the_file(people: Path) -> None:
    people.write_text(ALICE + VERA, encoding="utf-8")
    assert [(user.name, user.role, user.password.text) for user in read_users(people)] == [
        ("alice", "operator", HASH),
        ("vera@example.com", "viewer", HASH),
    ]


@pytest.mark.parametrize(
    ("text", "line", "name", "message", "hint"),
    [
        (ALICE + "rol = 'viewer'\n", 4, "unknown-key", "[alice] has rol, which is not known", "did you mean 'role'?"),
        (ALICE + "zebra = 1\n", 4, "unknown-key", "[alice] has zebra, which is not known", "known: password, role"),
        (ALICE.replace('"operator"', '"operators"'), 3, "bad-value", "the role of alice is operator or viewer", "did you mean 'operator'?"),
        (ALICE.replace('"operator"', "1"), 3, "bad-value", "the role of alice is operator or viewer", "known: operator, viewer"),
        (ALICE.replace('role = "operator"\n', ""), 1, "missing-key", "[alice] has no role", 'for example role = "viewer"'),
        (ALICE + "[bob]\nrole = 'viewer'\n", 4, "missing-key", "[bob] has no password", "makes one"),
        (ALICE.replace(HASH, "hunter2"), 1, "bad-value", "the password of alice is no Argon2id hash", "makes one"),
        (ALICE.replace("argon2id", "argon2i"), 1, "bad-value", "the password of alice is a hash of another kind", "makes one"),
        (ALICE.replace(f'"{HASH}"', "7"), 1, "bad-value", "the password of alice is no Argon2id hash", "makes one"),
        (ALICE.replace("alice", "operator"), 1, "bad-value", "the name operator is taken", "console.password"),
        (ALICE.replace("[alice]", '["al ice"]'), 1, "bad-value", "al ice cannot be the name of somebody", "IAM users"),
        (ALICE.replace("[alice]", '["a\\u202eb"]'), 1, "bad-value", "'a\\u202eb' cannot be the name", "IAM users"),
        ("alice = 'operator'\n" + VERA, 1, "bad-value", "alice is a table for each person, not a value", "[NAME]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_remedy(
    people: Path, text: str, line: int, name: str, message: str, hint: str
) -> None:
    found = findings(people, text)
    assert [(one[0], one[1]) for one in found] == [(line, name)]
    assert message in found[0][2]
    assert hint in found[0][3]
    with pytest.raises(ConfigError, match=f"users.toml:{line}:") as refused:
        read_users(people)
    assert refused.value.key == "console.users"


def test_everything_that_is_wrong_is_told_at_once(people: Path) -> None:
    found = findings(people, "[bob]\nrol = 1\n" + ALICE.replace('"operator"', '"root"'))
    assert [one[0] for one in found] == [1, 1, 2, 5]


def test_no_message_repeats_a_password(people: Path) -> None:
    for text in (ALICE.replace(HASH, "hunter2"), ALICE.replace(f'"{HASH}"', '"hunter2')):
        people.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as refused:
            read_users(people)
        assert "hunter2" not in str(refused.value)
        # Whoever prints a finding prints its line, so the finding stands at another one.
        lines = text.split("\n")
        assert all("hunter2" not in lines[one.line - 1] for one in check_config(people) if one.name == "bad-value")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "there is nobody in this file"),
        (b"# nobody yet\n", "there is nobody in this file"),
        (b"[alice\n", "it is no TOML file"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b"#" * (1024 * 1024 + 1), "longer than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(people: Path, data: bytes, told: str) -> None:
    people.write_bytes(data)
    with pytest.raises(ConfigError, match=told):
        read_users(people)


def test_only_regular_files_are_read(people: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no such file"):
        read_users(people)
    with pytest.raises(ConfigError, match="not a regular file"):
        read_users(tmp_path)
    os.mkfifo(people)
    with pytest.raises(ConfigError, match="not a regular file"):
        read_users(people)


def test_the_check_of_settings_follows_the_name_of_the_file(tmp_path: Path, people: Path) -> None:
    settings = tmp_path / "tocsin.toml"
    settings.write_text(f'[console]\npassword = "env:P"\nusers = "{people}"\n', encoding="utf-8")
    (warning,) = check_config(settings)
    assert (warning.severity, warning.line, warning.name) == (Severity.WARNING, 3, "unreadable")
    people.write_text(ALICE, encoding="utf-8")
    assert check_config(settings) == []
    people.write_text(ALICE + "rol = 1\n", encoding="utf-8")
    assert [(one.path, one.line, one.severity) for one in check_config(settings)] == [(str(people), 4, Severity.ERROR)]


def test_a_table_of_settings_with_a_mistake_in_its_name_is_not_taken_for_somebody(tmp_path: Path) -> None:
    settings = tmp_path / "service.toml"
    settings.write_text('[consol]\npassword = "env:P"\n', encoding="utf-8")
    assert [one.hint for one in check_config(settings)] == ["did you mean console?"]


@pytest.mark.parametrize(
    "text", ['[console]\npassword = "env:P"\n', '[operator]\nchannel = "file:/tmp/x"\n', '[smtp]\npassword = "env:P"\n']
)
def test_settings_are_not_taken_for_people(tmp_path: Path, text: str) -> None:
    settings = tmp_path / "service.toml"
    settings.write_text(text, encoding="utf-8")
    assert check_config(settings) == []
