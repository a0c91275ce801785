"""Which digests lie where: chains by the names of their files, and the bucket that a folder is a copy of.

Spec: CT-11.1, CT-15.10.

Rule: where a bucket's folder begins is what its digests say, so that a folder above it, or one that holds only what is
below a prefix, is understood as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.digest import read_digest_name
from tocsin.core.log_file_name import delivery_time

if TYPE_CHECKING:
    from collections.abc import Iterable

METADATA_SUFFIX: Final = ".meta.json"

_DIGEST_FOLDER: Final = re.compile(r"(?P<base>(?:.*/)?)CloudTrail-Digest/(?P<region>[^/]+)/\d+/\d+/\d+/", re.DOTALL)
_LOG: Final = re.compile(r"(?P<base>(?:.*/)?)CloudTrail(?P<kind>-[A-Za-z]+)?/(?P<region>[^/]+)/.+", re.DOTALL)


class BucketPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the objects of a bucket lie: the key `prefix` + X is the file `folder` + X below PATH."""

    bucket: str
    folder: str
    prefix: str = ""

    def path_of(self, key: str) -> str | None:
        """The path of an object; None where it would not lie in the folder."""
        return self.folder + key[len(self.prefix) :] if key.startswith(self.prefix) else None

    def key_of(self, path: str) -> str:
        """The key of a file that lies in the folder."""
        return self.prefix + path[len(self.folder) :]


class Chain(msgspec.Struct, kw_only=True):
    """The digests of one trail in one region, by path in the order of a listing. `base` is the folder above them."""

    base: str
    account: str
    region: str
    trail: str
    home_region: str
    paths: list[str] = msgspec.field(default_factory=list)
    has_metadata: bool = False
    newest: int = 0


def chains_of(
    folders: Iterable[tuple[str, list[str]]], *, accounts: frozenset[str], regions: frozenset[str]
) -> list[Chain]:
    """The chains whose digests lie in these folders, of these accounts and regions (none named: all)."""
    chains: dict[tuple[str, str, str, str, str], Chain] = {}
    for folder, names in folders:
        place = _DIGEST_FOLDER.fullmatch(folder)
        if place is None:
            continue
        there = set(names)
        for name in names:
            said = read_digest_name(name)
            if said is None or said.region != place["region"]:
                continue
            if (accounts and said.account not in accounts) or (regions and said.region not in regions):
                continue
            known = (said.account, said.region, said.trail, said.home_region, place["base"])
            if known not in chains:
                chains[known] = Chain(
                    base=place["base"],
                    account=said.account,
                    region=said.region,
                    trail=said.trail,
                    home_region=said.home_region,
                )
            chain = chains[known]
            chain.paths.append(folder + name)
            chain.has_metadata = chain.has_metadata or name + METADATA_SUFFIX in there
            chain.newest = max(chain.newest, said.end)
    # The newest first where a trail was moved to another bucket: its way leads from there into the older one.
    found = sorted(chains.items(), key=lambda item: (*item[0][:4], -item[1].newest, item[0][4]))
    for _, chain in found:
        chain.paths.sort(key=lambda path: path.encode("utf-8", "surrogateescape"))
    return [chain for _, chain in found]


def place_named(path: str, *, bucket: str, key: str) -> BucketPlace | None:
    """The bucket's place where the object that lies at `path` has that key; None when the two do not fit."""
    if path == key or path.endswith("/" + key):
        return BucketPlace(bucket=bucket, folder=path[: len(path) - len(key)])
    if key.endswith("/" + path):
        return BucketPlace(bucket=bucket, folder="", prefix=key[: len(key) - len(path)])
    return None


def place_by_layout(chain: Chain, bucket: str) -> BucketPlace:
    """The place where nothing says it: the folder above AWSLogs."""
    before, found, _ = chain.base.rpartition("AWSLogs/")
    return BucketPlace(bucket=bucket, folder=before if found else "")


class LogPlace(msgspec.Struct, frozen=True):
    """What the path of a file says. `delivered` is to the minute, None where it does not say."""

    base: str
    region: str
    kind: str
    delivered: int | None


def log_place(path: str) -> LogPlace | None:
    """What a path says; None when it is none of a log file or a digest."""
    found = _LOG.fullmatch(path)
    if found is None or path.endswith(METADATA_SUFFIX):
        return None
    return LogPlace(found["base"], found["region"], found["kind"] or "", delivery_time(path))
