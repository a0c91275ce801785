"""The object key of a digest, and what such a key says. Spec: CT-11.1, CT-11.2."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tocsin.core.digest.document import digest_time_text
from tocsin.core.event_time import parse_event_time

_KEY: Final = re.compile(
    r"(?:.*/)?(?P<account>[0-9]{12})_CloudTrail-Digest_(?P<region>[a-z0-9-]+)_(?P<trail>[^/]+)_(?P<home>[a-z0-9-]+)_"
    r"(?P<stamp>[0-9]{8}T[0-9]{6}Z)(?P<backfill>_backfill)?\.json\.gz",
    re.DOTALL,
)
_STAMP: Final = re.compile(r"(....)(..)(..)T(..)(..)(..)Z")


class DigestName(msgspec.Struct, frozen=True, kw_only=True):
    """What the key of a digest says. `end` is the end of its hour, in seconds since the epoch.

    `region` is the one that its log files are from, `home_region` the one that the trail is from.
    """

    account: str
    region: str
    trail: str
    home_region: str
    end: int
    is_backfill: bool


def digest_key(
    *, account: str, region: str, trail: str, home_region: str, end: int, prefix: str = "", organization: str = ""
) -> str:
    """The key of the digest that ends at `end` (seconds since the epoch).

    >>> digest_key(account="111122223333", region="eu-west-1", trail="main", home_region="us-east-1", end=1767317400)
    ... # doctest: +ELLIPSIS
    'AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/111122223333_..._eu-west-1_main_us-east-1_2026...Z.json.gz'
    """
    text = digest_time_text(end)
    stamp = text.replace("-", "").replace(":", "")
    folders = [prefix, "AWSLogs", organization, account, "CloudTrail-Digest", region, text[:10].replace("-", "/")]
    name = f"{account}_CloudTrail-Digest_{region}_{trail}_{home_region}_{stamp}.json.gz"
    return "/".join([*(folder for folder in folders if folder), name])


def read_digest_name(key: str) -> DigestName | None:
    """What a key says, or a path that ends like one; None when it is not that of a digest."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    end = parse_event_time(_STAMP.sub(r"\1-\2-\3T\4:\5:\6Z", found["stamp"]))
    if end is None:
        return None
    return DigestName(
        account=found["account"],
        region=found["region"],
        trail=found["trail"],
        home_region=found["home"],
        end=end,
        is_backfill=found["backfill"] is not None,
    )
