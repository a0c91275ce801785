"""Times of events: the texts that CloudTrail writes, and seconds since the epoch.

Rule: a time is an RFC 3339 text that names one instant. Real calendar dates of the years 1 to 9999,
seconds 00 to 59, any fraction (which is dropped), Z or an offset, T and Z in either case. Text
without an offset names no instant and is refused. Spec: CT-2.9, CT-14.3, IF-2.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from tocsin.core.number import Number
from tocsin.core.wording import kind_of, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUTE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):\Z")
_REST = re.compile(r"([0-5][0-9])(?:\.[0-9]+)?(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\Z")
_WITHOUT_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?\Z")

# Of the 20 characters that nearly every eventTime has, the last 3.
_SECONDS = {f"{second:02}Z": second for second in range(60)}
_UP_TO_SECONDS = len("2014-07-08T17:35:")

_PLAIN = b"0000-00-00T00:00:00Z"
_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_TENS = b"012345"
_UP_TO_TIME, _MINUTE_AT, _SECOND_AT = len("2014-07-08T"), len("2014-07-08T17:"), len("2014-07-08T17:35:")
_ZONE_AT = len("2014-07-08T17:35:27")

_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400
_FIRST = (date.min.toordinal() - _EPOCH) * _DAY
_LAST = (date.max.toordinal() - _EPOCH + 1) * _DAY - 1


def parse_event_time(text: str) -> int | None:
    """The second since the epoch that `text` lies in; None when it is no time.

    >>> parse_event_time("2014-07-08T17:35:27Z"), parse_event_time("2014-07-08T17:35:27.5+02:00")
    (1404840927, 1404833727)
    """
    minute = _minute(text[:_UP_TO_SECONDS])
    if minute is None:
        return None
    second = _SECONDS.get(text[_UP_TO_SECONDS:])
    if second is not None:
        return minute + second
    rest = _REST.match(text, _UP_TO_SECONDS)
    if rest is None:
        return None
    second = minute + int(rest[1])
    if rest[2]:
        offset = int(rest[3]) * 3600 + int(rest[4]) * 60
        second += offset if rest[2] == "-" else -offset
    return second if _FIRST <= second <= _LAST else None


# Records that lie together share the minute.
@lru_cache(maxsize=4096)
def _minute(text: str) -> int | None:
    found = _MINUTE.match(text)
    if found is None:
        return None
    year, month, day, hour, minute = map(int, found.groups())
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    return days * _DAY + hour * 3600 + minute * 60


Span = tuple[int, int]
"""The earliest and the latest second."""


def span_of_times(texts: Sequence[str], known: Span | None = None) -> Span | None:
    """The span of `texts`, or of these and the span that is `known`; None when one is no time, or there is none.

    It is quickest where the known span holds them all.
    """
    if not texts:
        return None
    if known is not None and _lie_within(known, texts):
        return known
    span = _span_of_plain_times(texts) or _span_of_any_times(texts)
    if span is None or known is None:
        return span
    return min(span[0], known[0]), max(span[1], known[1])


def _lie_within(known: Span, texts: Sequence[str]) -> bool:
    """Are they times that are all written as `2014-07-08T17:35:27Z`, in one hour or two of the known span?

    False for some that are. It is done for many texts at once, because a scan does it for every record.
    """
    first, last = texts[0][:_MINUTE_AT], texts[-1][:_MINUTE_AT]
    if not _holds_hour(known, first) or not (last == first or _holds_hour(known, last)):
        return False
    # What is done here takes bytes half as long. A line each: so they have the same length, and none has two hours.
    joined = "\n".join(texts).encode("ascii", "replace")
    count, width = len(texts), len(_PLAIN) + 1
    return (
        len(joined) == width * count - 1
        and joined[_ZONE_AT + 1 :: width] == b"\n" * (count - 1)
        and joined[_MINUTE_AT - 1 :: width] + joined[_SECOND_AT - 1 :: width] == b":" * (2 * count)
        and joined[_ZONE_AT::width] == b"Z" * count
        and not (joined[_MINUTE_AT::width] + joined[_SECOND_AT::width]).translate(None, _TENS)
        and (joined[_MINUTE_AT + 1 :: width] + joined[_SECOND_AT + 1 :: width]).isdigit()
        and joined.count(first.encode()) + (0 if last == first else joined.count(last.encode())) == count
    )


def _holds_hour(known: Span, hour: str) -> bool:
    """Is `2014-07-08T17:` an hour that lies within the known span?"""
    start = _minute(hour + "00:")
    return start is not None and known[0] <= start and start + 3599 <= known[1]


def _span_of_any_times(texts: Sequence[str]) -> Span | None:
    seconds = []
    for text in texts:
        second = parse_event_time(text)
        if second is None:
            return None
        seconds.append(second)
    return min(seconds), max(seconds)


def _span_of_plain_times(texts: Sequence[str]) -> Span | None:
    """The same for times of one day that are all written as `2014-07-08T17:35:27Z`; None for others.

    Such texts sort as the times do. So when the hours of the first and the last exist, those between
    exist, too, and all that is left to look at are minutes and seconds.
    """
    joined = "".join(texts).encode("ascii", "replace")
    if joined.translate(_TO_ZERO) != _PLAIN * len(texts):
        return None
    if (joined[_MINUTE_AT :: len(_PLAIN)] + joined[_SECOND_AT :: len(_PLAIN)]).translate(None, _TENS):
        return None
    first, last = min(texts), max(texts)
    if first[:_UP_TO_TIME] != last[:_UP_TO_TIME]:
        return None
    start, end = parse_event_time(first), parse_event_time(last)
    return None if start is None or end is None else (start, end)


def format_time(second: int) -> str:
    """The second since the epoch `second`, in the years 1 to 9999, as CloudTrail writes it.

    >>> format_time(1404840900)
    '2014-07-08T17:35:00Z'
    """
    days, rest = divmod(second, _DAY)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date_text(days)}T{hour:02}:{minute:02}:{second:02}Z"


@lru_cache(maxsize=1024)
def _date_text(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()


def event_time_problem(value: object) -> str:
    """Why `value`, the eventTime of a record, is not a usable time; anything but JSON counts as absent."""
    if isinstance(value, Number) or value is None or isinstance(value, bool | dict | list):
        return f"eventTime is {kind_of(value)}"
    if not isinstance(value, str) or not value:
        return "no eventTime"
    lacks = "has no time zone" if _WITHOUT_ZONE.match(value) else "is not a time"
    return f"eventTime {lacks}: {quote(value)}"
