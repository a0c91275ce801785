"""What digests vouch for, and why a file that none of them lists is in none. Spec: CT-15.4, CT-15.10.

Rule: a file is called a problem where a digest of its time is there and does not list it, or should be there. What was
delivered while no digests were made is not.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.app.validate import MARK_BYTES, mark_of

if TYPE_CHECKING:
    from tocsin.app.validate import LogPart
    from tocsin.app.validate_layout import LogPlace

_MINUTE = 60

# A file that is delivered while a digest is being made stands in the next one, which may not be there yet.
_ON_ITS_WAY = 300


class Unsigned(StrEnum):
    """Why a file is in no digest."""

    NOT_LISTED = "no digest of its time lists it"
    NO_VALID_DIGEST = "the digest of its time is missing or not valid"
    STRANGE_NAME = "no digest lists it, and its name is not that of a log file"
    STRAY_DIGEST = "no digest leads to it"
    OLDER = "delivered before the first digest"
    NEWER = "delivered after the last digest or within five minutes before its end"
    IN_A_GAP = "delivered while no digests were made"
    KIND_NOT_LISTED = "digests do not list files of this kind here"
    NO_CHAIN = "there are no digests of its account and region"

    @property
    def is_problem(self) -> bool:
        """Should a digest have listed it?"""
        return self in _PROBLEMS

    @property
    def is_named(self) -> bool:
        """Is each such file named? What is wrong with a digest was told, and is one line in place of hundreds."""
        return self in _PROBLEMS and self is not Unsigned.NO_VALID_DIGEST


_PROBLEMS = frozenset({Unsigned.NOT_LISTED, Unsigned.NO_VALID_DIGEST, Unsigned.STRANGE_NAME, Unsigned.STRAY_DIGEST})


class Coverage:
    """What has been seen of digests: which times they cover, in which folders, and which files they list."""

    def __init__(self) -> None:
        self._spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._gaps: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._in_order: dict[tuple[str, str], list[tuple[int, int]]] = {}  # once all are known
        self._listed: set[bytes] = set()
        self._kinds: set[str] = {""}

    def add_digest(self, base: str, region: str, *, start: int, end: int) -> None:
        """A digest of the folder `base` and that region covers this time, in seconds."""
        spans = self._spans.setdefault((base, region), [])
        if spans and spans[-1][0] == end:  # the usual: from the newest back, without a gap
            spans[-1] = (start, spans[-1][1])
        else:
            spans.append((start, end))

    def add_gap(self, base: str, region: str, *, start: int, end: int) -> None:
        """No digests were made then, and nothing is missing."""
        self._gaps.setdefault((base, region), []).append((start, end))

    def add_chain(self, base: str, region: str) -> None:
        """There are digests of that folder and region, valid or not."""
        self._spans.setdefault((base, region), [])

    def add_file(self, path: str) -> None:
        """A digest at that path was met."""
        self._listed.add(mark_of(path))

    def add_logs(self, part: LogPart) -> None:
        """Digests list these files."""
        marks = part.marks
        self._listed.update(marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES))
        self._kinds |= part.kinds

    def lists(self, path: str) -> bool:
        """Is the file at that path in a digest, or a digest that was met?"""
        return mark_of(path) in self._listed

    def has_chain(self, place: LogPlace) -> bool:
        """Are there digests of its account and region?"""
        return (place.base, place.region) in self._spans

    def reason(self, place: LogPlace) -> Unsigned:
        """Why a log file is in no digest."""
        known = (place.base, place.region)
        if known not in self._spans:
            return Unsigned.NO_CHAIN
        if place.kind not in self._kinds:
            return Unsigned.KIND_NOT_LISTED
        if place.delivered is None:
            return Unsigned.STRANGE_NAME
        spans = self._merged(known)
        # The name has the minute; the whole of it has to lie in a time.
        first, last = place.delivered, place.delivered + _MINUTE
        at = bisect_right(spans, (first, first + _MINUTE)) - 1
        if spans and last > spans[-1][1] - _ON_ITS_WAY:
            return Unsigned.NEWER
        if any(start <= first and last <= end for start, end in spans[max(at, 0) : at + 2]):
            return Unsigned.NOT_LISTED
        if not spans:
            return Unsigned.NO_VALID_DIGEST
        if first < spans[0][0]:
            return Unsigned.OLDER
        if any(first < end and last > start for start, end in self._gaps.get(known, ())):
            return Unsigned.IN_A_GAP
        return Unsigned.NO_VALID_DIGEST

    def _merged(self, known: tuple[str, str]) -> list[tuple[int, int]]:
        """The times that digests of a folder and region cover, in order; those that touch are one."""
        if known not in self._in_order:
            merged: list[tuple[int, int]] = []
            for start, end in sorted(self._spans[known]):
                if merged and start <= merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
                else:
                    merged.append((start, end))
            self._in_order[known] = merged
        return self._in_order[known]
