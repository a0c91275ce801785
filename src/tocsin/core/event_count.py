"""How many log events of which kind came, added up so that nobody has to read them again. Spec: CON-4.0 (X4), CT-1.1.

Rule: what is counted is what came in: a count stays when its events have gone. By the minute it is known of what type
events were; from whom and where, by the hour and the day, because there are as many rows as combinations, and a page
that shows a day by minutes must not grow with the accounts of an organization.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.record_category import Category

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.record_term import RecordTerms

HOUR: Final = 60
DAY: Final = 1440
"""Widths of sums, in minutes."""

MINUTES_KEPT: Final = 3 * DAY
HOURS_KEPT: Final = 40 * DAY
DAYS_KEPT: Final = 455 * DAY
"""For how many minutes sums are kept: by the minute, then by the hour, then by the day."""

NO_RECORD: Final = ""
"""In place of a category: of log events that are no records of CloudTrail."""

OTHER: Final = "other"
"""And of records that call themselves something that AWS has not."""

# Other texts in these places come from whoever may write to a log group; they are counted as not said.
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}[a-z0-9-]{1,30}")
_CATEGORIES = frozenset(one.value for one in Category)


class EventKind(NamedTuple):
    """What is counted apart: the type of event, and account and region where a record says so.

    `category` is one of `core.record_category.Category`, or NO_RECORD or OTHER.
    """

    category: str
    account: str
    region: str


class MinuteCount(msgspec.Struct, frozen=True, gc=False):
    """The log events of a minute since the epoch; `category` is None as long as nobody has looked what they are."""

    minute: int
    category: str | None
    events: int


class EventCount(NamedTuple):
    """The log events of a kind in `width` minutes from `minute` on, in one log group."""

    minute: int
    width: int
    group: str
    kind: EventKind
    events: int


def kind_of(found: RecordTerms) -> EventKind:
    """What a log event with these terms counts as."""
    last = found.terms[-1] if found.terms else None  # the scope stands last, where there is one
    return _kind(found.category, last.value if last is not None and last.kind == "scope" else "")


@lru_cache(maxsize=4096)
def _kind(category: str, scope: str) -> EventKind:
    if not category:
        return EventKind(NO_RECORD, "", "")
    account, _, region = scope.partition("/")
    return EventKind(
        category if category in _CATEGORIES else OTHER,
        account if _ACCOUNT.fullmatch(account) else "",
        region if _REGION.fullmatch(region) else "",
    )


class EventTally:
    """Counts log events, by the minute and by the hour."""

    def __init__(self) -> None:
        self.minutes: Counter[tuple[int, str]] = Counter()
        self.hours: Counter[tuple[int, EventKind]] = Counter()

    def add(self, timestamp: int, found: RecordTerms) -> None:
        """One more event, at a time in milliseconds since the epoch."""
        kind = kind_of(found)
        minute = timestamp // 60_000
        self.minutes[minute, kind.category] += 1
        self.hours[minute - minute % HOUR, kind] += 1


def by_minute(counts: Iterable[MinuteCount]) -> dict[int, int]:
    """How many events there were in each minute, whatever they are."""
    found: dict[int, int] = {}
    for one in counts:
        found[one.minute] = found.get(one.minute, 0) + one.events
    return found


def oldest_kept(at: int) -> tuple[int, int, int]:
    """The first minutes of which there are sums by the minute, by the hour and by the day at the minute `at`.

    Those by the hour end with a whole day, as the day's sum takes their place.
    """
    whole_day = at - HOURS_KEPT
    return at - MINUTES_KEPT, whole_day - whole_day % DAY, at - DAYS_KEPT
