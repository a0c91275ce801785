"""The file of access keys that `--credentials` names: whose they are. Spec: REC-14.5, WIRE-5.6.

Rule: TOML in one of two forms, the recorder's own and that of `auth.credentials`; names that are not known are
errors, each with its place. What is secret is neither kept nor shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from tocsin.config.access_key_file import read_access_key_file
from tocsin.core.identity import Issuer, Kind, Principal, Session, principal_of_arn
from tocsin.core.nearest import did_you_mean
from tocsin.errors import ConfigError
from tocsin.toml_keys import places_of_keys

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_Form = tuple[re.Pattern[str], str]
"""What a text has to look like, and the remedy where it does not."""

_ACCOUNT_FORM: Final[_Form] = (re.compile(r"[0-9]{12}\Z"), "an account is a text of 12 digits")
_NAME_FORM: Final[_Form] = (
    re.compile(r"[\w+=,.@-]{1,64}\Z", re.ASCII),
    "letters, digits and +=,.@-_, at most 64",
)
_PATH_FORM: Final[_Form] = (
    re.compile(r"/(?:[!-.0-~]+/)*\Z", re.ASCII),
    'a path begins and ends with a slash, for example "/security/"',
)
_ID_FORM: Final[_Form] = (re.compile(r"[A-Za-z0-9]{3,128}\Z"), 'for example principalId = "AIDAIOSFODNN7EXAMPLE"')
_PARTITION: Final = re.compile(r"aws(?:-[a-z]{1,20}){0,2}\Z")

_TOP: Final = ("account", "partition", "keys")
_COMMON: Final = ("type", "principalId", "accountId", "mfaAuthenticated")
_MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "IAMUser": (*_COMMON[:3], "userName", "path"),
    "Root": ("type", "accountId"),
    "AssumedRole": (*_COMMON, "roleName", "path", "sessionName", "sourceIdentity"),
}
_MEMBERS_OF_SERVER: Final = ("secret", "arn", "account", "name")


class KeyFile:
    """Whose access keys are: `keys` by key, and the account of keys that name none, empty where the file says none."""

    def __init__(self, keys: dict[str, Principal], account: str) -> None:
        self.keys = keys
        self.account = account


def read_key_file(path: Path, *, account: str, at: datetime) -> KeyFile:
    """The keys in a file. `account` is the one of keys for which the file says none; sessions began at `at`.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it cannot be read, or something in it is wrong.
    """
    document, text = read_access_key_file(path, named_by="--credentials")
    return _Reader(path, text, account, at).read(document)


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, text: str, account: str, at: datetime) -> None:
        self._path = path
        self._text = text
        self._account = account
        self._partition = "aws"
        self._at = at

    def read(self, document: dict[str, Any]) -> KeyFile:
        """The keys of a document."""
        if document and not any(name in document for name in _TOP):
            return KeyFile({key: self._of_server(key, table) for key, table in document.items()}, "")
        self._require_known((), document, _TOP)
        account = document.get("account", "")
        if account != "":
            self._account = self._text_of(("account",), account, *_ACCOUNT_FORM)
        if "partition" in document:
            self._partition = self._text_of(
                ("partition",), document["partition"], _PARTITION, 'for example partition = "aws-cn"'
            )
        keys = document.get("keys", {})
        if not isinstance(keys, dict):
            self._wrong(("keys",), "keys is no table", "write [keys.AKIA…] on a line, and type below")
        return KeyFile({key: self._of_recorder(key, table) for key, table in keys.items()}, account)

    def _of_server(self, key: str, table: object) -> Principal:
        if not isinstance(table, dict):
            self._wrong((key,), f"[{key}] is no table", "write [AKIA…] on a line, and arn below")
        self._require_known((key,), table, _MEMBERS_OF_SERVER)
        arn = table.get("arn")
        principal = principal_of_arn(arn) if isinstance(arn, str) else None
        if principal is None:
            self._wrong(
                (key, "arn") if "arn" in table else (key,),
                f"[{key}] needs the arn of a user or role",
                'for example arn = "arn:aws:iam::111122223333:user/ci"',
            )
        return principal

    def _of_recorder(self, key: str, table: object) -> Principal:
        place = ("keys", key)
        if not isinstance(table, dict):
            self._wrong(place, f"[keys.{key}] is no table", "write [keys.AKIA…] on a line, and type below")
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in _MEMBERS:
            self._wrong(
                (*place, "type") if "type" in table else place,
                f"[keys.{key}] needs a type",
                f"one of {', '.join(_MEMBERS)}",
            )
        self._require_known(place, table, _MEMBERS[kind])
        account = self._member(place, table, "accountId", _ACCOUNT_FORM, self._account)
        match kind:
            case "Root":
                return Principal(kind=Kind.ROOT, arn=f"arn:{self._partition}:iam::{account}:root")
            case "IAMUser":
                name = self._member(place, table, "userName", _NAME_FORM)
                path = self._member(place, table, "path", _PATH_FORM, "/")
                arn = f"arn:{self._partition}:iam::{account}:user{path}{name}"
                return Principal(kind=Kind.IAM_USER, arn=arn, principal_id=self._id(place, table))
            case _:
                return self._session(place, table, account)

    def _session(self, place: tuple[str, ...], table: dict[str, Any], account: str) -> Principal:
        role = self._member(place, table, "roleName", _NAME_FORM)
        path = self._member(place, table, "path", _PATH_FORM, "/")
        name = self._member(place, table, "sessionName", _NAME_FORM)
        role_id = self._id(place, table)
        has_mfa = table.get("mfaAuthenticated", False)
        if not isinstance(has_mfa, bool):
            self._wrong((*place, "mfaAuthenticated"), "mfaAuthenticated is true or false", "without quotes")
        source = self._member(place, table, "sourceIdentity", _NAME_FORM, "")
        arn = f"arn:{self._partition}:iam::{account}:role{path}{role}"
        return Principal(
            kind=Kind.ASSUMED_ROLE,
            arn=f"arn:{self._partition}:sts::{account}:assumed-role/{role}/{name}",
            principal_id=f"{role_id}:{name}" if role_id else "",
            session=Session(
                created_at=self._at,
                has_mfa=has_mfa,
                issuer=Issuer(kind=Kind.ROLE, arn=arn, principal_id=role_id),
                source_identity=source,
            ),
        )

    def _id(self, place: tuple[str, ...], table: dict[str, Any]) -> str:
        return self._member(place, table, "principalId", _ID_FORM, "")

    def _member(
        self,
        place: tuple[str, ...],
        table: dict[str, Any],
        name: str,
        form: _Form,
        default: str | None = None,
    ) -> str:
        """A member that is a text of a form; the form comes with the remedy for what is not of it."""
        if name not in table and default is not None:
            return default
        if name not in table:
            self._wrong(place, f"[{'.'.join(place)}] needs {name}", form[1])
        return self._text_of((*place, name), table[name], *form)

    def _text_of(self, place: tuple[str, ...], value: object, form: re.Pattern[str], hint: str) -> str:
        if not isinstance(value, str) or not form.match(value):
            self._wrong(place, f"{place[-1]} cannot be this", hint)
        return value

    def _require_known(self, place: tuple[str, ...], table: dict[str, Any], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                where = f"[{'.'.join(place)}] has {name}, which is not known" if place else f"{name} is not known"
                self._wrong((*place, name), where, did_you_mean(name, known) or f"known: {', '.join(known)}")

    def _wrong(self, place: tuple[str, ...], what: str, hint: str) -> NoReturn:
        offset = places_of_keys(self._text).get(place, 0)
        before = self._text[:offset]
        line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
        raise ConfigError(f"{self._path}:{line}:{column}: {what}", key=".".join(place), path=str(self._path), hint=hint)
