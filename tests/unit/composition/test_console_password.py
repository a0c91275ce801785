"""What the settings say of people, and passwords that fit. Spec: CON-8.4, IF-9."""

from __future__ import annotations

from pathlib import Path

import argon2
import pytest

from tocsin.composition.console_password import fits_password, make_users, plan_users, warn_of_passwords
from tocsin.config import Config, Secret
from tocsin.config.settings import ConsoleSettings
from tocsin.core.password_hash import HashCost, decoy_hash
from tocsin.errors import ConfigError, NotFoundError

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def planned(environ: dict[str, str] | None = None, **console: str):
    secrets = {key: Secret(value) if key != "users" else value for key, value in console.items()}
    return plan_users(Config(console=ConsoleSettings(**secrets)), environ or {})


def test_without_settings_there_is_nobody() -> None:
    assert planned() == ()
    assert make_users((), key=b"k").is_open


def test_the_built_in_users_have_the_passwords_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "viewer").write_text("caf\u00e9\n", encoding="utf-8")
    users = make_users(
        planned({"P": "correct horse"}, password="env:P", readonly_password=f"file:{tmp_path / 'viewer'}"), key=b"k"
    )
    assert users.roles() == {"operator": "operator", "viewer": "viewer"}
    operator, viewer = users.get("operator"), users.get("viewer")
    assert operator is not None
    assert viewer is not None
    assert fits_password(operator.password, "correct horse")
    assert not fits_password(operator.password, "correct horse ")
    assert fits_password(viewer.password, "caf\u00e9")


def test_a_hash_is_taken_as_it_is() -> None:
    made = CHEAP.hash("correct horse")
    users = make_users(planned({"P": made}, password="env:P"), key=b"k")
    operator = users.get("operator")
    assert operator is not None
    assert operator.password.text == made
    assert fits_password(operator.password, "correct horse")
    assert not fits_password(operator.password, made)


def test_people_of_the_file_come_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    path.write_text(f"[alice]\npassword = '{CHEAP.hash('a')}'\nrole = 'viewer'\n")
    users = make_users(planned(password="correct horse", users=str(path)), key=b"k")
    assert users.roles() == {"alice": "viewer", "operator": "operator"}
    with pytest.raises(NotFoundError):
        planned(users=str(tmp_path / "absent.toml"))


@pytest.mark.parametrize(
    "text", ["$2b$12$abc", "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHRzb21l$Zm9vYmFyZm9vYmFyZm9v"]
)
def test_a_hash_of_no_use_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match="another kind than Argon2id") as refused:
        planned(readonly_password=text)
    assert refused.value.key == "console.readonly_password"
    assert text not in str(refused.value)


def test_the_hash_of_a_password_is_the_same_after_a_restart_and_another_elsewhere() -> None:
    plan = planned(password="correct horse", readonly_password="correct horse")
    first, again, elsewhere = (make_users(plan, key=key).get("operator") for key in (b"k", b"k", b"other"))
    viewer = make_users(plan, key=b"k").get("viewer")
    assert first == again
    assert len({first, elsewhere, viewer}) == 3


def test_nothing_prints_a_password() -> None:
    plan = planned(password="correct horse")
    assert "correct" not in repr(plan)
    assert "argon2" not in repr(make_users(plan, key=b"k").get("operator"))


@pytest.mark.parametrize("password", ["", "x", "\x00", "\ud800", "x" * 5_000])
def test_a_decoy_fits_nothing(password: str) -> None:
    assert not fits_password(decoy_hash(HashCost(64, 1, 1)), password)


@pytest.mark.parametrize(
    ("console", "is_public", "told"),
    [
        ({}, False, []),
        ({}, True, ["console-is-open"]),
        ({"password": "correct horse"}, True, []),
        ({"password": "short", "readonly_password": CHEAP.hash("x")}, True, ["console-password-short"]),
    ],
)
def test_what_is_unwise_is_told_to_the_log(console: dict[str, str], is_public: bool, told: list[str]) -> None:
    events: list[str] = []
    warn_of_passwords(planned(**console), is_public=is_public, warn=lambda event, **_: events.append(event))
    assert events == told
