"""The keys of log files; those of digests are made in `core.digest`. Spec: CT-11.1, CT-11.2.

>>> from tocsin.core.scope import Scope
>>> at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
>>> log_file_key(Scope("111122223333", "eu-west-1"), at=at, unique="a1B2c3D4e5F6g7H8", folder="CloudTrail")
'AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0304Z_a1B2c3D4e5F6g7H8.json.gz'
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.core.scope import Scope

UNIQUE_LENGTH: Final = 16
ALPHANUMERICS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
"""What the part of a key is made of that keeps names apart."""

_UNIQUE: Final = re.compile(rf"[A-Za-z0-9]{{{UNIQUE_LENGTH}}}")


def unique_part(secret: bytes) -> str:
    """Sixteen letters and digits out of as many bytes that nobody can guess."""
    return "".join(ALPHANUMERICS[byte % len(ALPHANUMERICS)] for byte in secret[:UNIQUE_LENGTH])


def log_file_key(
    scope: Scope, *, at: datetime, unique: str, prefix: str = "", organization: str = "", folder: str
) -> str:
    """The key of a log file that is delivered at a time; `folder` says what kind of records it holds."""
    if not _UNIQUE.fullmatch(unique):
        raise ValueError(f"a key needs {UNIQUE_LENGTH} letters and digits, not {unique!a}")
    name = f"{scope.account}_{folder}_{scope.region}_{at.astimezone(UTC):%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"{_day(scope, folder, at, prefix, organization)}/{name}"


def _day(scope: Scope, folder: str, at: datetime, prefix: str, organization: str) -> str:
    """The folder of a day."""
    above = [part for part in (prefix, "AWSLogs", organization, scope.account) if part]
    return "/".join((*above, folder, scope.region, f"{at.astimezone(UTC):%Y/%m/%d}"))
