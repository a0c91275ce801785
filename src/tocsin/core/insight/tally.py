"""Calls of an archive by API, minute and caller. Spec: CT-17.7, IF-1 (`scan --insights`).

Rule: tallies of parts add up to the tally of the whole in whatever order they are merged. Memory is bounded: where
names of callers do not fit their calls count without them, and where calls do not fit the tally says that it is full.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from tocsin.core.insight.course import MinuteCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.insight.call import Api, Call, Caller
    from tocsin.core.tally import Room

# A cell's key is its minute and, in so many bits, the number of its caller.
_CALLER_BITS = 32
_CALLER_MASK = (1 << _CALLER_BITS) - 1


class CallTally:
    """The calls of one part of an archive, or of all of it.

    `calls` is how many were counted, `unclassified` how many do not say whether they read or write; `spans` are the
    first and last minute in which an account called anything. When `is_full`, the rest says nothing.
    """

    def __init__(self, room: Room, words: Room) -> None:
        """`room` bounds the bytes of cells, `words` those of callers' names."""
        self._room = room
        self._words = words
        self.calls = 0
        self.unclassified = 0
        self.is_full = False
        self.spans: dict[str, tuple[int, int]] = {}
        self._callers: dict[Caller, int] = {}
        self._cells: dict[Api, dict[int, int]] = {}

    def add(self, second: int, call: Call) -> None:
        """Count a call that was made in that second since the epoch."""
        minute = second // 60
        self._span(call.api.account, minute, minute)
        self.unclassified += call.is_unclassified
        if call.is_counted:
            self.calls += 1
            self._count(call.api, minute, self._number(call.caller), 1)

    def merge(self, other: CallTally) -> None:
        """Add what another part has counted."""
        self.calls += other.calls
        self.unclassified += other.unclassified
        self.is_full |= other.is_full
        for account, (first, last) in other.spans.items():
            self._span(account, first, last)
        numbers = {number: self._number(caller) for caller, number in other._callers.items()}
        for api, cells in other._cells.items():
            for cell, count in cells.items():
                self._count(api, cell >> _CALLER_BITS, numbers[cell & _CALLER_MASK], count)

    def apis(self) -> Iterator[ApiCalls]:
        """The APIs with their calls, in their order. Each is given up as it is taken."""
        callers = list(self._callers)
        for api in sorted(self._cells):
            yield ApiCalls(api, callers, self._cells.pop(api))

    def __len__(self) -> int:
        """How many APIs there are."""
        return len(self._cells)

    def _span(self, account: str, first: int, last: int) -> None:
        known = self.spans.get(account)
        if known is not None:
            self.spans[account] = min(known[0], first), max(known[1], last)
        elif self._takes(len(account)):
            self.spans[account] = first, last

    def _number(self, caller: Caller) -> int:
        number = self._callers.get(caller)
        if number is None and caller.arn is not None:
            size = len(caller.arn) + len(caller.agent or "") + len(caller.error_code or "")
            if self._words.take(size):
                number = self._callers[caller] = len(self._callers)
            else:
                return self._number(caller.without_names)
        if number is None and self._takes(len(caller.error_code or "")):
            number = self._callers[caller] = len(self._callers)
        return 0 if number is None else number

    def _count(self, api: Api, minute: int, caller: int, count: int) -> None:
        cells = self._cells.get(api)
        if cells is None:
            if not self._takes(sum(map(len, api))):
                return
            cells = self._cells[api] = {}
        cell = (minute << _CALLER_BITS) + caller
        if cell in cells:
            cells[cell] += count
        elif self._takes(0):
            cells[cell] = count

    def _takes(self, size: int) -> bool:
        if not self.is_full and not self._room.take(size):
            self.is_full = True
        return not self.is_full


class ApiCalls:
    """The calls of one API."""

    def __init__(self, api: Api, callers: list[Caller], cells: dict[int, int]) -> None:
        self.api = api
        self._callers = callers
        self._cells = sorted(cells.items())

    def counts(self) -> Iterator[tuple[str | None, MinuteCounts]]:
        """What is judged: the rate of the API under None, that of each error under its code."""
        rates: dict[str | None, dict[int, int]] = {}
        for cell, count in self._cells:
            caller = self._callers[cell & _CALLER_MASK]
            minute = cell >> _CALLER_BITS
            for code in _judged(caller):
                minutes = rates.setdefault(code, {})
                minutes[minute] = minutes.get(minute, 0) + count
        for code in sorted(rates, key=lambda code: code or ""):
            yield code, MinuteCounts(rates[code])

    def callers(self, start: int, end: int) -> Iterable[tuple[Caller, int]]:
        """Who called in start <= minute < end, and how often."""
        first = bisect_left(self._cells, (start << _CALLER_BITS,))
        last = bisect_left(self._cells, (end << _CALLER_BITS,))
        found: dict[int, int] = {}
        for cell, count in self._cells[first:last]:
            caller = cell & _CALLER_MASK
            found[caller] = found.get(caller, 0) + count
        return [(self._callers[caller], count) for caller, count in found.items()]


def _judged(caller: Caller) -> Iterator[str | None]:
    if caller.counts_for_rate:
        yield None
    if caller.error_code is not None:
        yield caller.error_code
