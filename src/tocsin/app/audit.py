"""The audit log: who changed what in the console, from where, and what it was. Spec: CON-8.5, CON-4.10, self/s17.

Rule: entries are added and never changed. Each holds the digest of the one before it, so that a change of one is seen
in all that follow. What it costs to add or to look at some does not depend on how many there are.

An entry may be taken back for ten minutes (CON-7.7). How that is done stands beside the log and ends by itself: it is
no part of what happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.control_report import control_rows
from tocsin.app.definition import Definitions
from tocsin.app.expiring import ExpiringDefinitions
from tocsin.core.audit_entry import FIRST_PREVIOUS, AuditEntry, digest_of, line_of, read_line
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter

UNDO_MS: Final = 600_000
"""For so long a change can be taken back (CON-7.7)."""

_KIND: Final = "audit"
_OF_OBJECT: Final = "audit-object"
_EVERYWHERE: Final = Scope("", "")
_DIGITS: Final = 12
# An entry is looked for by its request among so many of the newest.
_NEAR: Final = 50


class AuditHead(msgspec.Struct, frozen=True):
    """Where the log ends: the number of its last entry, and the digest of its line."""

    sequence: int = 0
    digest: str = FIRST_PREVIOUS


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be kept of a change; the log adds number, time and chain. Fields are those of `AuditEntry`."""

    actor: str
    role: str
    action: str
    kind: str
    name: str
    address: str = ""
    agent: str = ""
    scope: Scope = _EVERYWHERE
    before: Any = None
    after: Any = None
    reason: str = ""
    request_id: str = ""


class UndoOffer(msgspec.Struct, frozen=True):
    """How a change is taken back: an action of the console, and the fields of its form."""

    action: str
    fields: Mapping[str, str]


class AuditPage(NamedTuple):
    """Entries, newest first, and the number that older ones lie before; None where there are none."""

    entries: list[AuditEntry]
    older: int | None


_HEADS: Final = Definitions("audit-head", AuditHead)
_OFFERS: Final = ExpiringDefinitions("audit-undo", UndoOffer)
_UNDONE: Final = Definitions("audit-undone", int)


class AuditLog:
    """The log of an installation, all accounts together."""

    def __init__(self, service: Service) -> None:
        self._service = service

    # ------------------------------------------------------------ to add

    def add(self, new: NewEntry) -> AuditHead:
        """Keep an entry; where the log ends now, which is its number and digest."""
        at = self._service.now()

        def work(store: StoreWriter) -> AuditHead:
            head = _head(store)
            entry = _entry(new, at, head)
            line = line_of(entry)
            store.put(_KIND, _EVERYWHERE, _number(entry.sequence), line)
            store.put(_OF_OBJECT, _EVERYWHERE, _place(entry.kind, entry.name, entry.sequence), b"")
            ends = AuditHead(entry.sequence, digest_of(line))
            store.outbox.put(control_rows(self._service, read_line(line), ends.digest))
            _HEADS.put(store, _EVERYWHERE, "", ends)
            return ends

        return self._service.store.write(work)

    def offer_undo(self, request_id: str, offer: UndoOffer) -> int | None:
        """Let the last change of a request be taken back; the number of its entry. None where it has none."""
        now = self._service.now_ms()

        def work(store: StoreWriter) -> int | None:
            sequence = _of_request(store, request_id)
            if sequence is not None:
                _OFFERS.put(store, _EVERYWHERE, _number(sequence), offer, now=now, until=now + UNDO_MS)
            return sequence

        return self._service.store.write(work)

    def note_undone(self, sequence: int, request_id: str) -> None:
        """Keep that a change which can be taken back was, by the last change of a request."""
        now = self._service.now_ms()

        def work(store: StoreWriter) -> None:
            by = _of_request(store, request_id)
            offer = _OFFERS.get(store, _EVERYWHERE, _number(sequence), now=now)
            if by is not None and offer is not None and by > sequence:
                _UNDONE.put(store, _EVERYWHERE, _number(sequence), by)
                _OFFERS.delete_all(store, _EVERYWHERE, prefix=_number(sequence))

        self._service.store.write(work)

    # ------------------------------------------------------------ to look at

    def page(self, *, before: int | None = None, of: tuple[str, str] | None = None, limit: int = 100) -> AuditPage:
        """Entries before a number, newest first: all, or those of one object, which is kind and name."""
        with self._service.store.read() as store:
            if of is None:
                after = None if before is None else _number(before)
                found = store.scan(_KIND, _EVERYWHERE, after=after, descending=True, limit=limit + 1)
                lines = [line for _, line in found]
            else:
                prefix = _place(*of)
                after = None if before is None else f"{prefix}{_number(before)}"
                places = store.scan(
                    _OF_OBJECT, _EVERYWHERE, prefix=prefix, after=after, descending=True, limit=limit + 1
                )
                known = (store.get(_KIND, _EVERYWHERE, place[-_DIGITS:]) for place, _ in places)
                lines = [line for line in known if line is not None]
        entries = [read_line(line) for line in lines]
        more = entries[limit:]
        return AuditPage(entries[:limit], entries[limit - 1].sequence if more else None)

    def entry(self, sequence: int) -> tuple[AuditEntry, bytes] | None:
        """The entry of that number, and its line; None where there is none."""
        with self._service.store.read() as store:
            line = store.get(_KIND, _EVERYWHERE, _number(sequence)) if 0 < sequence < 10**_DIGITS else None
        return None if line is None else (read_line(line), line)

    def lines(self, *, after: int = 0, limit: int) -> list[bytes]:
        """Lines of the entries behind a number, oldest first, byte for byte."""
        with self._service.store.read() as store:
            return [line for _, line in store.scan(_KIND, _EVERYWHERE, after=_number(after), limit=limit)]

    def head(self) -> AuditHead:
        """Where the log ends."""
        with self._service.store.read() as store:
            return _head(store)

    def offers(self, sequences: list[int]) -> dict[int, UndoOffer]:
        """How those changes are taken back, by number, where that can be done now."""
        now = self._service.now_ms()
        with self._service.store.read() as store:
            found = {one: _OFFERS.get(store, _EVERYWHERE, _number(one), now=now) for one in sequences}
        return {sequence: offer for sequence, offer in found.items() if offer is not None}

    def undone(self, sequences: list[int]) -> dict[int, int]:
        """By which entries those changes were taken back."""
        with self._service.store.read() as store:
            found = {one: _UNDONE.get(store, _EVERYWHERE, _number(one)) for one in sequences}
        return {sequence: by for sequence, by in found.items() if by is not None}


def _head(store: StoreReader) -> AuditHead:
    known = _HEADS.get(store, _EVERYWHERE, "")
    if known is not None:
        return known
    last = store.scan(_KIND, _EVERYWHERE, descending=True, limit=1)
    return AuditHead(read_line(last[0][1]).sequence, digest_of(last[0][1])) if last else AuditHead()


def _entry(new: NewEntry, at: datetime, head: AuditHead) -> AuditEntry:
    utc = at.astimezone(UTC)
    return AuditEntry(
        sequence=head.sequence + 1,
        at=f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z",
        actor=new.actor,
        role=new.role,
        address=new.address,
        agent=new.agent,
        action=new.action,
        kind=new.kind,
        name=new.name,
        account=new.scope.account,
        region=new.scope.region,
        before=new.before,
        after=new.after,
        reason=new.reason,
        request_id=new.request_id,
        previous=head.digest,
    )


def _of_request(store: StoreReader, request_id: str) -> int | None:
    """The last entry that a request has made, if it is one of the newest."""
    newest = store.scan(_KIND, _EVERYWHERE, descending=True, limit=_NEAR)
    entries = (read_line(line) for _, line in newest)
    return next((entry.sequence for entry in entries if entry.request_id == request_id), None)


def _number(sequence: int) -> str:
    return f"{sequence:0{_DIGITS}}"


def _place(kind: str, name: str, sequence: int | None = None) -> str:
    """Under what an entry is found by its object; a digest, as names may be long and hold anything."""
    digest = hashlib.sha256(f"{kind}\0{name}".encode("utf-8", "replace")).hexdigest()
    return digest if sequence is None else f"{digest}{_number(sequence)}"
