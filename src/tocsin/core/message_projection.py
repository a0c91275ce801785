"""Which of many log events have to be looked at closely for a set of JSON patterns. Spec: FP-14.2, FP-14.4.

Rule: an event that is left out matches none of the patterns. Events may be anything, not only records of
CloudTrail; what the quick decoder does not take is looked at closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.projection import Watch, clues_of, compile_suspects
from tocsin.core.record_decoder import projected_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.core.pattern import FilterPattern
    from tocsin.core.record_decoder import Path


class MessageProjection:
    """Decodes the few fields that the patterns' clues are about. `everything`: a pattern gives no clue."""

    def __init__(self, patterns: Iterable[FilterPattern]) -> None:
        self.everything = False
        watched: dict[Path, Watch] = {}
        for pattern in patterns:
            clues = clues_of(pattern)
            if clues is None:
                self.everything = True
                return
            for clue in clues:
                watched.setdefault(clue.path, Watch(clue.path)).add(clue)
        self._watches = tuple(watched.values())
        self._suspects = compile_suspects(self._watches)
        self._decode = msgspec.json.Decoder(projected_type(watched)).decode

    def candidates(self, messages: Sequence[str]) -> list[int]:
        """The places of the messages that a pattern may match, ascending."""
        if self.everything:
            return list(range(len(messages)))
        found: list[int] = []
        places: list[int] = []
        records: list[Any] = []
        decode = self._decode
        for place, message in enumerate(messages):
            try:
                records.append(decode(message))
            except (msgspec.DecodeError, ValueError, RecursionError):
                found.append(place)
            else:
                places.append(place)
        for watch in self._watches:
            watch.learn(records)
        suspects: Sequence[int]
        try:
            suspects = self._suspects(records, *[watch.cold for watch in self._watches])
        except (TypeError, AttributeError):  # a value without a hash, or null in place of an object
            suspects = range(len(records))
        found += (
            places[number] for number in suspects if any(watch.suspects(records[number]) for watch in self._watches)
        )
        return sorted(found)
