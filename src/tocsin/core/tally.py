"""What a scan adds up for one metric filter: matches, datapoints by minute, who and from where.

Rule: tallies merge associatively and commutatively to the last bit, so that the answer does not
depend on which process read which file first (AR-4, AR-7). Sums are therefore kept exactly, as
integers or fractions, and rounded once, at the end.
"""

from __future__ import annotations

from fractions import Fraction

Exact = int | Fraction

Dimensions = tuple[tuple[str, str], ...]
"""Name and value of each dimension of a datum, in the filter's order; empty when there is none."""

TOP_FIELDS = ("userIdentity.arn", "userIdentity.userName", "sourceIPAddress", "awsRegion", "eventName")
"""The fields of matching records whose values are counted (IF-2)."""

# Longer values are counted under their beginning: the fields are the caller's to fill.
_LONGEST_VALUE = 1024

# What one more key costs beside its text, roughly.
_ENTRY_BYTES = 110


class Room:
    """Memory that the tallies of one process may still take; whatever an archive holds, they stop there."""

    def __init__(self, size: int = 192 * 1024 * 1024) -> None:
        self._left = size

    def take(self, text_length: int) -> bool:
        """Is there room for one more key with that much text? If so it is taken."""
        self._left -= text_length + _ENTRY_BYTES
        return self._left >= 0


class TooManyDatapointsError(Exception):
    """The matches lie in more minutes, or have more dimension values, than fit into memory."""


def exact(value: float) -> Exact:
    """A finite double as an exact number."""
    return int(value) if value.is_integer() else Fraction(value)


class Tally:
    """The matches of one filter.

    `sums` holds, for each set of dimension values, minute (since the epoch) -> Sum of the values.
    `first` and `last` are seconds since the epoch. `omitted` counts the values of `top` for which
    there was no room: zero unless an archive was made to exhaust memory.
    """

    __slots__ = ("first", "last", "matches", "omitted", "sums", "top", "unusable")

    def __init__(self) -> None:
        self.matches = 0
        self.unusable = 0
        self.omitted = 0
        self.first: int | None = None
        self.last: int | None = None
        self.sums: dict[Dimensions, dict[int, Exact]] = {}
        # No Counter: processes hand tallies over, and one costs ten times as much to hand over as a dict.
        self.top: dict[str, dict[str, int]] = {field: {} for field in TOP_FIELDS}

    def add_match(self, second: int, fields: dict[str, str], room: Room) -> None:
        """Count a matching record: when it happened, and the TOP_FIELDS that are non-empty strings."""
        self.matches += 1
        self._span(second, second)
        for field, value in fields.items():
            self._count(field, value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…", 1, room)

    def add_datum(self, second: int, value: Exact, dimensions: Dimensions, room: Room) -> None:
        """Add the value that a match publishes to its minute (FP-9.13)."""
        self._add(second // 60, value, dimensions, room)

    def merge(self, other: Tally, room: Room) -> None:
        """Add all that `other` has counted."""
        self.matches += other.matches
        self.unusable += other.unusable
        self.omitted += other.omitted
        if other.first is not None and other.last is not None:
            self._span(other.first, other.last)
        for dimensions, sums in other.sums.items():
            for minute, value in sums.items():
                self._add(minute, value, dimensions, room)
        for field, counts in other.top.items():
            for text, count in counts.items():
                self._count(field, text, count, room)

    def _span(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def _add(self, minute: int, value: Exact, dimensions: Dimensions, room: Room) -> None:
        sums = self.sums.get(dimensions)
        if sums is None:
            if not room.take(sum(len(name) + len(text) for name, text in dimensions)):
                raise TooManyDatapointsError
            sums = self.sums[dimensions] = {}
        if minute in sums:
            sums[minute] += value
        elif room.take(0):
            sums[minute] = value
        else:
            raise TooManyDatapointsError

    def _count(self, field: str, value: str, count: int, room: Room) -> None:
        counts = self.top[field]
        if value in counts:
            counts[value] += count
        elif room.take(len(value)):
            counts[value] = count
        else:
            self.omitted += count
