"""CloudTrail records come in: into the event history, and to the trails that select them. Spec: CT-9, CT-10.3, CT-16.

Rule: what a record brings about in the store is written in one transaction. A record whose eventID is known brings
about nothing, so whoever is not sure that records have arrived may send them again (REC-16.2).
"""

from __future__ import annotations

import hashlib
import re
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.trail import TRAILS
from tocsin.core.event_history import history_event, insight_event
from tocsin.core.event_time import event_time_problem, parse_event_time
from tocsin.core.kept_record import (
    INSIGHT_FOLDER,
    INSIGHT_HISTORY,
    LOG_FOLDER,
    MANAGEMENT_HISTORY,
    NETWORK_FOLDER,
    Destination,
    NewRecord,
)
from tocsin.core.record_category import category_of
from tocsin.core.trail.routing import scope_of, trails_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail

HISTORY_DAYS: Final = 90
"""Days that the event history reaches back (CT-16.1)."""

LONGEST_RECORD: Final = 1_048_576
"""Bytes of the text of a record; CloudTrail's own are at most 256 KB, or 1 MB where it enlarges them (CT-2.5)."""

DAY_SECONDS: Final = 86_400

_FOLDERS: Final = {"Insight": INSIGHT_FOLDER, "NetworkActivity": NETWORK_FOLDER}

# What stands in the names of files. Accounts in records that were made anonymous are not always of 12 digits.
_ACCOUNT: Final = re.compile(r"[0-9A-Za-z*_-]{1,64}")
_REGION: Final = re.compile(r"[a-z0-9-]{1,64}")

# A text that is not compact is told by how it begins, or by its lines; in a string these do no harm (CT-2.4).
_BEGINNING: Final = 80
_LOOSE: Final = (b'": ', b'" :', b", ")


class TakenRecord(NamedTuple):
    """A record that is new: where it belongs, the second of its eventTime, and all that it says."""

    scope: Scope
    category: str
    second: int
    value: dict[str, Any]


class Refusal(NamedTuple):
    """Why the record at a place, from 0, was not taken."""

    place: int
    reason: str


class Intake(NamedTuple):
    """What became of records."""

    accepted: int
    duplicates: int
    refused: Sequence[Refusal] = ()


class _Incoming(NamedTuple):
    taken: TakenRecord
    body: bytes
    event_id: str


class _Sorted(NamedTuple):
    """A record, and the history that it is for, if any."""

    incoming: _Incoming
    history: str | None


class RecordIntake:
    """Takes records. One for a service: `service.part(RecordIntake)`.

    `observers` are told of new records inside the transaction that keeps them, such as who counts calls for Insights.
    `listeners` are told after it, where records wait for trails.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._routes = _Routes()
        self.observers: list[Callable[[StoreWriter, Sequence[TakenRecord]], None]] = []
        self.listeners: list[Callable[[], None]] = []

    def take(self, records: Sequence[bytes], *, trails: Iterable[Trail] = ()) -> Intake:
        """Take records, each a JSON text.

        `trails` are those of the account as they were before the call that the records tell of. A trail that selected
        them then gets them as it was then; any other as it is now (CT-10.3).
        """
        incoming: dict[Scope, dict[str, _Incoming]] = {}
        refused: list[Refusal] = []
        for place, body in enumerate(records):
            try:
                one = _read(body)
            except ValueError as error:
                refused.append(Refusal(place, str(error)))
            else:
                incoming.setdefault(one.taken.scope, {}).setdefault(one.event_id, one)
        former = _routed(trails)
        accepted, waits = self._service.store.write(lambda writer: self._keep(writer, incoming, former))
        if waits:
            for listener in self.listeners:
                listener()
        intake = Intake(accepted, len(records) - len(refused) - accepted, refused)
        counters = self._service.counters
        counters.add("records_received", intake.accepted)
        counters.add("records_duplicate", intake.duplicates)
        counters.add("records_refused", len(refused))
        return intake

    def has_trails(self, account: str) -> bool:
        """Whether some trail may get records of an account: what is in no history is of no use to anybody without."""
        with self._service.store.read() as store:
            return bool(self._routes.of(store, account))

    def _keep(
        self, store: StoreWriter, incoming: Mapping[Scope, Mapping[str, _Incoming]], former: list[_Route]
    ) -> tuple[int, bool]:
        """How many were new, and whether some wait for trails."""
        now = self._service.now_ms()
        oldest = now // 1000 - HISTORY_DAYS * DAY_SECONDS
        accepted, waits = 0, False
        for scope, by_id in incoming.items():
            new = _new(store, scope, [_Sorted(one, _history_of(one.taken, oldest)) for one in by_id.values()], now=now)
            taken = [one.taken for one, _ in new]
            waiting = _waiting(taken, self._routes.of(store, scope.account), former=former)
            store.records.add(scope, [_new_record(*one) for one in new], waiting=waiting, at=now)
            for observer in self.observers:
                observer(store, taken)
            accepted += len(new)
            waits = waits or bool(waiting)
        return accepted, waits


def _read(body: bytes) -> _Incoming:
    """A record from its text.

    Raises:
        ValueError: it is none, in words for whoever sent it.
    """
    if len(body) > LONGEST_RECORD:
        raise ValueError(f"a record of {len(body)} bytes; it may have {LONGEST_RECORD}")
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("a record is a JSON object")  # noqa: TRY004  (one kind of error for what was sent)
    time = value.get("eventTime", "")
    second = parse_event_time(time) if isinstance(time, str) else None
    if second is None:
        raise ValueError(event_time_problem(time))
    if "eventVersion" not in value and "eventID" not in value:
        raise ValueError("neither eventVersion nor eventID: not a CloudTrail record")
    scope = scope_of(value)
    if scope is None:
        raise ValueError("recipientAccountId or awsRegion is missing")
    if not _ACCOUNT.fullmatch(scope.account) or not _REGION.fullmatch(scope.region):
        raise ValueError("recipientAccountId or awsRegion is no account or no region")
    if not _is_compact(body):
        body = msgspec.json.format(body, indent=-1)
    event_id = value.get("eventID")
    if not isinstance(event_id, str) or not event_id:
        # Records of before version 1.01 have none; the same text is the same record then.
        event_id = hashlib.blake2b(body, digest_size=16).hexdigest()
    return _Incoming(TakenRecord(scope, category_of(value), second, value), body, event_id)


def _is_compact(body: bytes) -> bool:
    head = body[:_BEGINNING]
    return (
        body.startswith(b'{"')
        and b"\n" not in body
        and not (_LOOSE[0] in head or _LOOSE[1] in head or _LOOSE[2] in head)
    )


def _new(store: StoreWriter, scope: Scope, records: Sequence[_Sorted], *, now: int) -> list[_Sorted]:
    """Those that were not there yet. Histories know their own; of others the eventIDs are noted for some time."""
    by_history: dict[str | None, list[str]] = {}
    for one, history in records:
        by_history.setdefault(history, []).append(one.event_id)
    known: set[str] = set()
    for history, idents in by_history.items():
        if history is not None:
            known |= store.records.known(scope, history, idents)
            continue
        noted = {f"\0{ident}": ident for ident in idents}
        seen = store.sources.seen(scope, noted)
        known.update(noted[one] for one in seen)
        store.sources.note_seen(scope, noted.keys() - seen, at=now)
    return [one for one in records if one.incoming.event_id not in known]


def _history_of(taken: TakenRecord, oldest: int) -> str | None:
    """The history that a record is for: management events and Insights of the last 90 days have one (CT-16.1)."""
    if taken.second < oldest:
        return None
    return {"Management": MANAGEMENT_HISTORY, "Insight": INSIGHT_HISTORY}.get(taken.category)


def _new_record(incoming: _Incoming, history: str | None) -> NewRecord:
    taken = incoming.taken
    if history is None:
        return NewRecord(incoming.body, taken.second, incoming.event_id, None)
    told = insight_event(taken.value) if history == INSIGHT_HISTORY else history_event(taken.value)
    return NewRecord(incoming.body, taken.second, incoming.event_id, history, told.terms)


# ---------------------------------------------------------------- trails


class _Route(NamedTuple):
    """A trail, and what a route of it is in the store."""

    trail: Trail
    body: bytes


_encode = msgspec.msgpack.Encoder().encode


def _routed(trails: Iterable[Trail]) -> list[_Route]:
    return [_Route(one, _encode(one)) for one in trails]


class _Routes:
    """The trails that may get the records of an account, as they stand in the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._logging: list[_Route] = []
        self._by_account: dict[str, list[_Route]] = {}

    def of(self, store: StoreReader, account: str) -> list[_Route]:
        """Those of an account."""
        version = store.version(TRAILS.kind)
        with self._lock:
            if version != self._version:
                self._logging = _routed(trail for _, _, trail in TRAILS.scan_all(store) if trail.is_logging)
                self._version, self._by_account = version, {}
            known = self._by_account.get(account)
            if known is None:
                known = [one for one in self._logging if one.trail.is_of(account)]
                if len(self._by_account) < _MOST_ACCOUNTS:
                    self._by_account[account] = known
            return known


_MOST_ACCOUNTS = 1_000


def _waiting(
    records: Sequence[TakenRecord], routes: Sequence[_Route], *, former: Sequence[_Route]
) -> dict[Destination, list[int]]:
    """Which of the records, by place, wait for what."""
    if not routes and not former:
        return {}
    bodies = {id(one.trail): one.body for one in (*former, *routes)}
    before, now = [one.trail for one in former], [one.trail for one in routes]
    waiting: dict[Destination, list[int]] = {}
    for place, taken in enumerate(records):
        chosen = trails_of(taken.value, now)
        if before:
            then = trails_of(taken.value, before)
            known = {trail.arn for trail in then}
            chosen = then + [trail for trail in chosen if trail.arn not in known]
        for trail in chosen:
            destination = Destination(bodies[id(trail)], _FOLDERS.get(taken.category, LOG_FOLDER))
            waiting.setdefault(destination, []).append(place)
    return waiting
