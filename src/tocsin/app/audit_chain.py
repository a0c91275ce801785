"""Whether the audit log is what was written into it. Spec: CON-4.10, self/s17.

Rule: every entry is looked at once, a piece at a time, and every hour anew; what was seen once may not become anything
else while the service runs. Somebody who may write the database and knows how can make a chain of their own while it
does not run: the number and digest of the last entry, kept elsewhere, tell that too.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.audit import AuditHead, AuditLog
from tocsin.core.audit_entry import digest_of, follows

if TYPE_CHECKING:
    from tocsin.app.service import Service

AGAIN_MS: Final = 3_600_000
"""So long after it began a look through all entries is followed by the next."""


class ChainState(msgspec.Struct, frozen=True, kw_only=True):
    """The chain is intact up to an entry, of `last` in all. `broken_at` is the first that does not follow on."""

    intact_to: int
    last: int
    broken_at: int | None = None


class AuditChain:
    """Checks the chain. One for a service: `service.part(AuditChain)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._log = AuditLog(service)
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew, with a log that may be another one, as after a reset."""
        self._reached = AuditHead()
        self._known = AuditHead()  # as far as it has been seen, in this look or in the one before
        self._broken_at: int | None = None
        self._began: int | None = None

    def check(self, *, most: int = 2_000) -> ChainState:
        """Look at so many more entries at most, and say how it stands."""
        with self._lock:
            now, head = self._service.now_ms(), self._log.head()
            if self._began is None:
                self._began = now
            is_through = self._broken_at is not None or self._reached.sequence >= head.sequence
            if is_through and now - self._began >= AGAIN_MS:
                self._reached, self._broken_at, self._began = AuditHead(), None, now
            if self._broken_at is None:
                self._broken_at = self._go_on(head, most)
            if self._broken_at is None and self._reached.sequence > self._known.sequence:
                self._known = self._reached
            intact_to = self._known.sequence if self._broken_at is None else self._broken_at - 1
            return ChainState(intact_to=intact_to, last=head.sequence, broken_at=self._broken_at)

    def _go_on(self, head: AuditHead, most: int) -> int | None:
        """Follow the chain; the number at which it does not go on as it should.

        `head` is of a moment before the lines are read: there may be more by then.
        """
        if head.sequence < self._known.sequence:
            return head.sequence + 1
        sequence, digest = self._reached.sequence, self._reached.digest
        for line in self._log.lines(after=sequence, limit=min(most, head.sequence - sequence)):
            if not follows(line, sequence=sequence + 1, previous=digest):
                return sequence + 1
            sequence, digest = sequence + 1, digest_of(line)
            for seen in (self._known, head):
                if sequence == seen.sequence and digest != seen.digest:
                    return sequence
        is_short = sequence < min(self._reached.sequence + most, head.sequence)
        self._reached = AuditHead(sequence, digest)
        return sequence + 1 if is_short else None
