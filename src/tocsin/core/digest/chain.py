"""The way through a chain of digests, from the newest back. Spec: CT-15.7.

Rule: it goes as AWS's validator goes, from each digest to the one that it names; where a digest is missing or not to
be believed, to the next older one that lies in the folder. It ends, whatever the digests say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.digest.check import CheckedDigest
from tocsin.core.digest.name import read_digest_name
from tocsin.core.digest.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Place = tuple[str, str]
"""Bucket and key of a digest."""


class FoundDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A digest on the way, whether it is there or not."""

    bucket: str
    key: str
    checked: CheckedDigest


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A time that no digest covers. `is_new_chain`: the digest behind it names nothing before itself."""

    start: int
    end: int
    is_new_chain: bool


class BrokenLink(msgspec.Struct, frozen=True, kw_only=True):
    """Two digests that do not fit together: the one at `key` is not what the one behind it (`named_by`) was made for.

    With `is_loop` the one behind it leads back to a digest that came before.
    """

    bucket: str
    key: str
    named_by: str
    is_loop: bool


Step = FoundDigest | Gap | BrokenLink


def walk_chain(
    *,
    bucket: str,
    keys: Sequence[str],
    since: int | None,
    look_up: Callable[[str, str], CheckedDigest],
    keys_in: Callable[[str], Sequence[str]],
    visited: set[Place],
) -> Iterator[Step]:
    """What is met on the way from the newest of `keys`, which are in the order of a listing, back to `since`.

    `look_up` gives the verdict about a digest of a bucket; `keys_in` the digests of this chain in another bucket,
    to which a trail may have been moved. `visited` are digests that were met before, and those met now.
    """
    walk = _Walk(bucket, keys, visited)
    place = walk.next_older(None)
    reached = _end_of(place)
    newer: CheckedDigest | None = None  # the digest that names the one at hand
    while place is not None and (since is None or since <= reached):
        bucket, key = place
        if place in visited:
            assert newer is not None  # what a listing gives was not met before
            yield BrokenLink(bucket=bucket, key=key, named_by=newer.key, is_loop=True)
            place, newer = walk.next_older(newer.end), None
            continue
        visited.add(place)
        checked = look_up(bucket, key)
        yield FoundDigest(bucket=bucket, key=key, checked=checked)
        if checked.verdict not in {Verdict.VALID, Verdict.NOT_VERIFIABLE}:
            place, newer = walk.next_older(_end_of(place) or (newer.end if newer else reached)), None
            continue
        assert checked.start is not None
        assert checked.end is not None
        if newer is not None:
            assert newer.start is not None
            if newer.previous_sha256 != checked.sha256:
                yield BrokenLink(bucket=bucket, key=key, named_by=newer.key, is_loop=False)
            if checked.end < newer.start:
                yield Gap(start=checked.end, end=newer.start, is_new_chain=False)
        reached = checked.start
        if checked.previous_bucket is None or checked.previous_key is None:
            place, newer = walk.next_older(_end_of(place) or checked.end), None
            if place is not None:
                yield Gap(start=_end_of(place), end=reached, is_new_chain=True)
        else:
            place, newer = (checked.previous_bucket, checked.previous_key), checked
            if place[0] != bucket:
                walk = _Walk(place[0], keys_in(place[0]), visited)


class _Walk:
    """What is left of a listing."""

    def __init__(self, bucket: str, keys: Sequence[str], visited: set[Place]) -> None:
        self._bucket = bucket
        self._left = list(keys)
        self._visited = visited

    def next_older(self, than: int | None) -> Place | None:
        """The last of what is left that ended before `than`; whatever lies behind it is passed over."""
        while self._left:
            place = (self._bucket, self._left.pop())
            if place not in self._visited and (than is None or _end_of(place) < than):
                return place
        return None


def _end_of(place: Place | None) -> int:
    """When the digest ended, as its key says; 0 for what is no key of a digest."""
    name = read_digest_name(place[1]) if place else None
    return name.end if name else 0
