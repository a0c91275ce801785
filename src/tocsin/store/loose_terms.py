"""The terms of records that are in no block yet, worked out once. Spec: CON-4.0 (X2).

Rule: whoever looks something up looks through these records as they are; a page does so several times.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Final

from tocsin.core.record_term import record_terms

if TYPE_CHECKING:
    from tocsin.core.log_event import LogEvent
    from tocsin.core.record_term import RecordTerms

_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)

# Records are packed when a thousand wait, or after a minute.
_MOST_KNOWN = 8_000


class LooseTerms:
    """Remembers terms. Threads may share it: at worst they work something out twice."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], RecordTerms] = {}

    def of(self, event: LogEvent) -> RecordTerms:
        """The terms of an event."""
        # A transaction that was undone has given its numbers to nobody who is seen, so the message has a say too.
        key = (event.sequence, hash(event.message))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[key] = record_terms(event.message)
        return found


def lowered(text: str) -> str:
    """`text` with the letters of ASCII in lower case, as SQLite's own function has it."""
    return text.translate(_LOWER)
