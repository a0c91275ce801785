"""The file of access keys that `auth.credentials` names. Spec: WIRE-5.6.

Rule: TOML, one table for each access key; names that are not known are errors. What is secret is in no message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.config.access_key_file import read_access_key_file
from tocsin.errors import ConfigError
from tocsin.wire.authentication import AccessKey

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = ("secret", "arn", "account", "name")
_ARN = re.compile(r"arn:[a-z-]+:(?:iam|sts)::([0-9]{12}):\S+\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_SHORTEST_SECRET = 16


def read_credentials(path: Path) -> dict[str, AccessKey]:
    """The access keys in a file.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it cannot be read, or something in it is wrong.
    """
    document = read_access_key_file(path, named_by="auth.credentials").document
    return {name: _key(path, name, table) for name, table in document.items()}


def _key(path: Path, name: str, table: object) -> AccessKey:
    def wrong(what: str, hint: str = "") -> ConfigError:
        return ConfigError(f"{path}: [{name}] {what}", key=name, path=str(path), hint=hint)

    if not isinstance(table, dict):
        raise wrong("is no table", "write [AKIA…] on a line, and secret and arn below")
    unknown = sorted(table.keys() - set(_NAMES))
    if unknown:
        raise wrong(f"has {unknown[0]}, which is not known", f"known: {', '.join(_NAMES)}")
    secret, arn = table.get("secret"), table.get("arn")
    if not isinstance(secret, str) or len(secret) < _SHORTEST_SECRET:
        raise wrong(f"needs a secret of at least {_SHORTEST_SECRET} characters")
    found = _ARN.match(arn) if isinstance(arn, str) else None
    if found is None:
        raise wrong("needs the arn of a user or role", 'for example arn = "arn:aws:iam::111122223333:user/ci"')
    account = table.get("account", found[1])
    if not isinstance(account, str) or not _ACCOUNT.match(account):
        raise wrong("has an account that is no text of 12 digits")
    return AccessKey(secret=secret, account=account, principal_arn=str(arn))
