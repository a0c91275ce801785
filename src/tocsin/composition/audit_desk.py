"""The audit log behind the console: its port `console.visit.Audit`. Spec: CON-8.5, self/s17.

Rule: every entry is told to the log of the service as well, with its digest: whoever keeps that log elsewhere can tell
whether the entries that are here now are those that were made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.audit import AuditLog, NewEntry, UndoOffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.service import Service
    from tocsin.console.answer import Undo
    from tocsin.console.visit import Actor, Change


class AuditDesk:
    """Keeps changes. `tell` writes an event of the log of the service."""

    def __init__(self, service: Service, tell: Callable[..., None]) -> None:
        self._log = AuditLog(service)
        self._tell = tell

    def note(self, change: Change, actor: Actor) -> None:
        """Keep a change, and tell the log of it."""
        new = NewEntry(
            actor=actor.name,
            role=actor.role,
            address=actor.source_address,
            agent=actor.user_agent,
            request_id=actor.request_id,
            action=change.action,
            kind=change.kind,
            name=_name_of(change),
            scope=change.scope,
            before=change.before,
            after=change.after,
            reason=change.reason,
        )
        kept = self._log.add(new)
        self._tell(
            "console-change",
            action=change.action,
            kind=change.kind,
            name=change.name,
            by=actor.name,
            address=actor.source_address,
            number=kept.sequence,
            sha256=kept.digest,
        )

    def offer_undo(self, undo: Undo, actor: Actor) -> int | None:
        """Let the last change of a request be taken back; the number of its entry."""
        return self._log.offer_undo(actor.request_id, UndoOffer(undo.action, dict(undo.fields)))

    def note_undone(self, sequence: int, actor: Actor) -> None:
        """Keep that a change was taken back."""
        self._log.note_undone(sequence, actor.request_id)


def _name_of(change: Change) -> str:
    """Subscriptions go by the last part of their ARN, as their page does."""
    return change.name.rpartition(":")[2] if change.kind == "subscription" else change.name
