"""Times and durations as people read them. Spec: CON-1.4, CON-1.5.

Rule: local time, its zone named once on a page, the date whenever it is not today's; UTC beside it where a time may be
quoted.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# A time as texts of the service have it.
_INSTANT = re.compile(r"\b20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ")

_SECOND = timedelta(seconds=1)

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The time zone of that name of the IANA database; UTC for any other name."""
    return ZoneInfo(name) if name in _names() else UTC


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def duration_text(seconds: float) -> str:
    """A duration in two units at most, rounded down.

    >>> duration_text(14_680), duration_text(200), duration_text(0.4), duration_text(172_800)
    ('4 h 4 min', '3 min 20 s', '0 s', '2 d')
    """
    left = max(0, int(seconds))
    for at, (unit, size) in enumerate(_UNITS):
        if left >= size or unit == "s":
            text = f"{left // size} {unit}"
            smaller, small_size = _UNITS[at + 1] if at + 1 < len(_UNITS) else ("", 1)
            rest = left % size // small_size
            return f"{text} {rest} {smaller}" if smaller and rest else text
    raise AssertionError  # seconds hold any duration


class Clockface:
    """Shows times to one reader: in their zone, as seen at an instant (both aware)."""

    def __init__(self, zone: tzinfo, *, at: datetime) -> None:
        self._zone = zone
        self._today = at.astimezone(zone).date()
        self.at = at

    @property
    def zone(self) -> tzinfo:
        """The zone of the reader."""
        return self._zone

    @property
    def is_utc(self) -> bool:
        """Whether local time is UTC, so that nothing need be said twice."""
        return self.at.astimezone(self._zone).utcoffset() == self.at.astimezone(UTC).utcoffset()

    @property
    def zone_text(self) -> str:
        """The zone's name and how far it is from UTC: `Europe/Berlin (UTC+1)`."""
        name = getattr(self._zone, "key", "UTC")
        offset = self.at.astimezone(self._zone).utcoffset()
        minutes = int(offset.total_seconds() // 60) if offset is not None else 0
        if name == "UTC" or not minutes:
            return name
        hours, rest = divmod(abs(minutes), 60)
        return f"{name} (UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''})"

    def text(self, moment: datetime, *, seconds: bool = True) -> str:
        """Local time, with the date unless it is today: `03:11:00`, `26 Nov 03:11:00`, `26 Nov 2025 03:11:00`."""
        local = moment.astimezone(self._zone)
        clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
        if local.date() == self._today:
            return clock
        year = f" {local.year}" if local.year != self._today.year else ""
        return f"{local.day} {local:%b}{year} {clock}"

    def day(self, moment: datetime) -> str:
        """The day alone: `12 Mar 2025`."""
        local = moment.astimezone(self._zone)
        return f"{local.day} {local:%b} {local.year}"

    def utc_text(self, moment: datetime) -> str:
        """The time in UTC: `02:11:00Z`, with its date where its local form has one."""
        told = moment.astimezone(UTC)
        if moment.astimezone(self._zone).date() == self._today == told.date():
            return f"{told:%H:%M:%SZ}"
        return f"{told:%Y-%m-%dT%H:%M:%SZ}"

    def in_sentence(self, text: str) -> str:
        """A sentence of the service with its times, which are in UTC there, as this reader sees times."""
        return _INSTANT.sub(self._local, text)

    def _local(self, found: re.Match[str]) -> str:
        try:
            return self.text(datetime.fromisoformat(found[0]), seconds=False)
        except ValueError:  # it only looks like one
            return found[0]

    def ago(self, moment: datetime) -> str:
        """How long ago, for use beside the time itself: `3 min 20 s`."""
        return duration_text((self.at - moment).total_seconds())

    def ago_text(self, moment: datetime) -> str:
        """The same as it ends a sentence: `3 min 20 s ago`, and `now` for what is not a second old."""
        return f"{self.ago(moment)} ago" if self.at - moment >= _SECOND else "now"


def machine_text(moment: datetime) -> str:
    """The time for the attribute `datetime`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_epoch(milliseconds: float) -> datetime:
    """Milliseconds since the epoch as an aware time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
