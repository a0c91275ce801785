"""The file of people that `console.users` names: who they are, their passwords, what they may do. Spec: IF-9, CON-8.5.

Rule: TOML, one table for each name; keys that are not known are errors. Passwords stand there as hashes alone, and no
message repeats one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.core.finding import Finding, Severity
from tocsin.core.nearest import did_you_mean
from tocsin.core.password_hash import PasswordHash, looks_hashed, read_password_hash
from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

SETTING: Final = "console.users"
"""The setting that names the file."""

BUILT_IN_NAMES: Final = ("operator", "viewer", "local")
"""Who is there without a file: those of `console.password` and `console.readonly_password`, and whoever needs none."""

ROLES: Final = ("operator", "viewer")

HASH_COMMAND: Final = 'python -c "import argon2, getpass; print(argon2.PasswordHasher().hash(getpass.getpass()))"'
"""What makes a hash out of a password."""

_MEMBERS: Final = ("password", "role")
# What IAM calls its users, as the name stands in the ARN of whoever did something (CON-8.5).
_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}", re.ASCII)
_MOST_BYTES: Final = 1024 * 1024


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the file."""

    name: str
    password: PasswordHash
    role: str


class _Trouble(NamedTuple):
    key: tuple[str, ...]
    name: str
    message: str
    hint: str


def read_users(path: Path) -> tuple[UserSettings, ...]:
    """The people in a file, in its order.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it cannot be read, or something in it is wrong: the first thing that is.
    """
    findings, users = _read(path)
    for one in findings:
        raise ConfigError(
            f"{one.path}:{one.line}:{one.column}: {one.message}", key=SETTING, path=one.path, hint=one.hint
        )
    return users


def check_users(path: Path) -> list[Finding]:
    """Everything that is wrong with such a file, in the order of its lines.

    Raises:
        NotFoundError: there is no such file.
    """
    return sorted(_read(path)[0], key=lambda finding: (finding.line, finding.column))


def is_users_document(document: Mapping[str, Any], settings: AbstractSet[str]) -> bool:
    """Whether a TOML document is such a file. `settings` are the tables of settings files, which have no roles."""
    tables = [table for table in document.values() if isinstance(table, dict)]
    if any("role" in table for table in tables):
        return True
    passwords = [table.get("password") for table in tables]
    return settings.isdisjoint(document) and any(isinstance(one, str) and looks_hashed(one) for one in passwords)


def _read(path: Path) -> tuple[list[Finding], tuple[UserSettings, ...]]:
    text, problem = _text_of(path)
    if problem is not None:
        return [_finding(path, (1, 1), problem)], ()
    import tomllib

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        # The reader's own message may hold what stands in the file.
        return [
            _finding(path, (1, 1), _Trouble((), "syntax", "it is no TOML file", "see https://toml.io/en/v1.0.0"))
        ], ()
    users: list[UserSettings] = []
    troubles = list(_troubles(document, users))
    if not troubles and not users:
        hint = "write [NAME] on a line, and password and role below"
        troubles = [_Trouble((), "missing-key", "there is nobody in this file", hint)]
    from tocsin.toml_keys import places_of_keys

    places = places_of_keys(text)
    return [_finding(path, _line_and_column(text, places.get(one.key, 0)), one) for one in troubles], tuple(users)


def _troubles(document: Mapping[str, Any], users: list[UserSettings]) -> Iterator[_Trouble]:
    """What is wrong; whoever is right is put into `users`."""
    for name, table in document.items():
        if not isinstance(table, dict):
            hint = "write [NAME] on a line, and password and role below"
            yield _Trouble((name,), "bad-value", f"{_shown(name)} is a table for each person, not a value", hint)
            continue
        found = [*_name_troubles(name), *_member_troubles(name, table)]
        yield from found
        if not found:
            password = read_password_hash(table["password"])
            assert password is not None
            users.append(UserSettings(name=name, password=password, role=table["role"]))


def _name_troubles(name: str) -> Iterator[_Trouble]:
    if name in BUILT_IN_NAMES:
        hint = "that name is for console.password and console.readonly_password; give this person another one"
        yield _Trouble((name,), "bad-value", f"the name {name} is taken", hint)
    elif not _NAME.fullmatch(name):
        hint = "letters, digits and + = , . @ _ -, 64 at most, as the names of IAM users"
        yield _Trouble((name,), "bad-value", f"{_shown(name)} cannot be the name of somebody", hint)


def _member_troubles(name: str, table: Mapping[str, Any]) -> Iterator[_Trouble]:
    for member in table:
        if member not in _MEMBERS:
            hint = did_you_mean(member, _MEMBERS) or f"known: {', '.join(_MEMBERS)}"
            yield _Trouble(
                (name, member), "unknown-key", f"[{_shown(name)}] has {_shown(member)}, which is not known", hint
            )
    for member in _MEMBERS:
        if member not in table:
            example = f"{HASH_COMMAND} makes one" if member == "password" else 'for example role = "viewer"'
            yield _Trouble((name,), "missing-key", f"[{_shown(name)}] has no {member}", example)
    password, role = table.get("password", ""), table.get("role", "")
    if "password" in table and (not isinstance(password, str) or read_password_hash(password) is None):
        yield _password_trouble(name, password)
    if "role" in table and role not in ROLES:
        hint = (did_you_mean(role, ROLES) if isinstance(role, str) else "") or f"known: {', '.join(ROLES)}"
        yield _Trouble((name, "role"), "bad-value", f"the role of {_shown(name)} is operator or viewer", hint)


def _password_trouble(name: str, password: object) -> _Trouble:
    what = "is no Argon2id hash"
    if isinstance(password, str) and looks_hashed(password):
        what = "is a hash of another kind than Argon2id, a damaged one, or one that costs too much to try"
    # At the name: whoever prints the line of a finding prints no password.
    return _Trouble((name,), "bad-value", f"the password of {_shown(name)} {what}", f"{HASH_COMMAND} makes one")


def _text_of(path: Path) -> tuple[str, _Trouble | None]:
    if not path.exists():
        raise NotFoundError(f"{path}: there is no such file", hint=f"{SETTING} names it")
    try:
        if not path.is_file():  # reading a pipe might never end
            return "", _Trouble((), "unreadable", "not a regular file", "")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        return "", _Trouble((), "unreadable", error.strerror or str(error), "")
    if len(data) > _MOST_BYTES:
        return "", _Trouble((), "unreadable", "longer than 1 MiB, which no file of people is", "")
    try:
        return data.decode("utf-8").replace("\r\n", "\n"), None
    except UnicodeDecodeError as error:
        return "", _Trouble((), "unreadable", f"byte {error.start} is not UTF-8", "TOML files are UTF-8")


def _shown(name: str) -> str:
    return name if name.isprintable() and len(name) <= 64 else ascii(name[:64])


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _finding(path: Path, place: tuple[int, int], trouble: _Trouble) -> Finding:
    return Finding(
        path=str(path),
        line=place[0],
        column=place[1],
        severity=Severity.ERROR,
        name=trouble.name,
        spec="IF-9",
        rule="",
        message=trouble.message,
        hint=trouble.hint,
    )
