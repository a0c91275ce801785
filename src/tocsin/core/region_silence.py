"""Regions from which nothing comes any more. Spec: CON-4.2, CT-10, self-protection.

Rule: a region is called silent by its own habit alone: it spoke often, and has now been silent for much longer than
ever in the days before. One that speaks once in a while is never called so. Times are minutes since the epoch.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.event_count import HOUR, NO_RECORD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.event_count import EventCount

LOOKED_BACK: Final = 7 * 24 * HOUR
"""The time whose habit counts."""

_LEAST_HOURS = 24
_LEAST_SILENCE = 2 * HOUR
_LONGER_BY = 2


class Silence(NamedTuple):
    """An account and region whose records have ceased: up to when they came, and their longest pause before."""

    account: str
    region: str
    since: int
    longest_pause: int


def silent_regions(counts: Iterable[EventCount], *, now: int) -> list[Silence]:
    """Those that are silent at the minute `now`, the longest first; `counts` reach back by LOOKED_BACK or more."""
    hours: dict[tuple[str, str], set[int]] = {}
    for one in counts:
        if one.width == HOUR and one.kind.category != NO_RECORD and one.kind.region:
            hours.setdefault((one.kind.account, one.kind.region), set()).add(one.minute)
    found = [
        silence
        for (account, region), spoken in hours.items()
        if (silence := _silence(account, region, sorted(spoken), now)) is not None
    ]
    return sorted(found, key=lambda one: (one.since, one.account, one.region))


def _silence(account: str, region: str, spoken: list[int], now: int) -> Silence | None:
    spoken = [hour for hour in spoken if hour > spoken[-1] - LOOKED_BACK]
    if len(spoken) < _LEAST_HOURS:
        return None
    pause = max(later - hour - HOUR for hour, later in pairwise(spoken))
    since = spoken[-1] + HOUR
    if now - since <= max(_LEAST_SILENCE, _LONGER_BY * pause):
        return None
    return Silence(account, region, since, pause)
