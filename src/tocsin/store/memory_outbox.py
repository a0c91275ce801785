"""Deliveries and the places of sources in memory. Spec: AR-5, CON-4.0 (X8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.outbox import MOST_ATTEMPTS, DeliveryRow, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tocsin.core.delivery import DeliveryAttempt
    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo


class MemoryOutbox:
    """`OutboxWriter` over a dictionary."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._rows: dict[str, DeliveryRow] = {}
        self._attempts: dict[str, tuple[DeliveryAttempt, ...]] = {}

    def due(
        self, *, at: int, limit: int, not_to: Collection[str] = (), protocols: Collection[str] | None = None
    ) -> list[DeliveryRow]:
        """Pending deliveries whose time has come, the most overdue first."""
        due = [
            row
            for row in self._rows.values()
            if row.status is DeliveryStatus.PENDING
            and row.next_at <= at
            and row.target not in not_to
            and (protocols is None or row.protocol in protocols)
        ]
        return sorted(due, key=lambda row: (row.next_at, row.delivery_id))[:limit]

    def attempts(self, delivery_id: str) -> list[DeliveryAttempt]:
        """What was tried."""
        return list(self._attempts.get(delivery_id, ())[-MOST_ATTEMPTS:])

    def get(self, delivery_id: str) -> DeliveryRow | None:
        """One delivery."""
        return self._rows.get(delivery_id)

    def deliveries(
        self,
        scope: Scope | None = None,
        *,
        status: DeliveryStatus | None = None,
        topic: str | None = None,
        target: str | None = None,
        cause: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[DeliveryRow]:
        """Deliveries, newest first."""
        found = [
            row
            for row in self._rows.values()
            if scope in (None, row.scope)
            and status in (None, row.status)
            and topic in (None, row.topic_arn)
            and target in (None, row.target)
            and cause in (None, row.cause)
            and (before is None or (row.created_at, row.delivery_id) < before)
        ]
        return sorted(found, key=lambda row: (row.created_at, row.delivery_id), reverse=True)[:limit]

    def first_pending(self, target: str | None = None) -> DeliveryRow | None:
        """The oldest that is still to be made."""
        pending = (row for row in self._rows.values() if row.status is DeliveryStatus.PENDING)
        rows = (row for row in pending if target is None or row.target == target)
        return min(rows, key=lambda row: (row.created_at, row.delivery_id), default=None)

    def first_failure(self, target: str) -> DeliveryRow | None:
        """The first delivery in vain since the last one that went well."""
        rows = [row for row in self._rows.values() if row.target == target]
        good = max((row.created_at for row in rows if row.status is DeliveryStatus.DELIVERED), default=-1)
        bad = (
            row for row in rows if row.status is not DeliveryStatus.DELIVERED and row.attempts and row.created_at > good
        )
        return min(bad, key=lambda row: (row.created_at, row.delivery_id), default=None)

    def count(self, status: DeliveryStatus) -> int:
        """How many there are."""
        return sum(row.status is status for row in self._rows.values())

    def put(self, rows: Sequence[DeliveryRow]) -> None:
        """Keep rows."""
        for row in rows:
            self._undo.put(self._rows, row.delivery_id, row)

    def record(self, row: DeliveryRow, attempt: DeliveryAttempt) -> None:
        """Keep an attempt, and how the delivery stands."""
        self._undo.put(self._rows, row.delivery_id, row)
        known = self._attempts.get(row.delivery_id, ())
        self._undo.put(self._attempts, row.delivery_id, (*known, attempt))

    def expire(self, *, before: int) -> int:
        """Remove settled deliveries."""
        gone = [
            row.delivery_id
            for row in self._rows.values()
            if row.status is not DeliveryStatus.PENDING and row.created_at < before
        ]
        for ident in gone:
            self._undo.remove(self._rows, ident)
            if ident in self._attempts:
                self._undo.remove(self._attempts, ident)
        return len(gone)

    def reset(self, scope: Scope | None) -> None:
        """Remove the deliveries of a scope, or all."""
        before, attempts = self._rows, self._attempts
        self._undo.note(lambda: setattr(self, "_rows", before))
        self._undo.note(lambda: setattr(self, "_attempts", attempts))
        self._rows = {} if scope is None else {key: row for key, row in before.items() if row.scope != scope}
        self._attempts = {key: made for key, made in attempts.items() if key in self._rows}


class MemorySources:
    """`SourceWriter` over dictionaries. Cursors are of no scope: a reset of everything alone forgets them."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._cursors: dict[str, bytes] = {}
        self._seen: dict[Scope, dict[str, int]] = {}

    def cursor(self, source: str) -> bytes | None:
        """Where a source was left."""
        return self._cursors.get(source)

    def seen(self, scope: Scope, event_ids: Collection[str]) -> set[str]:
        """Those that were noted."""
        return set(event_ids) & self._seen.get(scope, {}).keys()

    def set_cursor(self, source: str, cursor: bytes) -> None:
        """Note where a source was left."""
        self._undo.put(self._cursors, source, cursor)

    def note_seen(self, scope: Scope, event_ids: Collection[str], *, at: int) -> None:
        """Note eventIDs."""
        seen = self._seen.setdefault(scope, {})
        for event_id in event_ids:
            self._undo.put(seen, event_id, at)

    def forget_seen(self, *, before: int) -> int:
        """Forget old ones."""
        gone = 0
        for seen in self._seen.values():
            for event_id in [event_id for event_id, at in seen.items() if at < before]:
                self._undo.remove(seen, event_id)
                gone += 1
        return gone

    def reset(self, scope: Scope | None) -> None:
        """Forget what was noted of a scope, or all."""
        cursors, seen = self._cursors, self._seen
        self._undo.note(lambda: setattr(self, "_cursors", cursors))
        self._undo.note(lambda: setattr(self, "_seen", seen))
        if scope is None:
            self._cursors = {}
        self._seen = {} if scope is None else {key: one for key, one in seen.items() if key != scope}
