"""What became of an alarm, newest first: changes of state, messages, acknowledgements, changes of its definition.

Rule: history is AWS's (AL-10); what is ours, acknowledgements and the answers of those who were told, stands beside it.
Spec: CON-4.4, AL-10, SNS-10.7.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.acknowledgement import acknowledgements_of
from tocsin.app.alarm_record import alarm_arn
from tocsin.app.subscription_endpoint import shown_address
from tocsin.core.alarm.history import HistoryItem, HistoryItemType
from tocsin.core.alarm.timestamp import millisecond_of, moment
from tocsin.core.envelope import unpack_envelope
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.core.outbox import DeliveryRow
    from tocsin.core.scope import Scope

MOST_DELIVERIES: Final = 20
"""Deliveries of one change that are told."""

# Changes of a page whose deliveries are looked up.
_MOST_TOLD: Final = 10


class EntryKind(StrEnum):
    """What an entry is about."""

    STATE = "state"
    ACTION = "action"
    CONFIGURATION = "configuration"
    DELIVERY = "delivery"
    ACKNOWLEDGEMENT = "acknowledgement"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `text` is the summary of the history, the note of an acknowledgement, or the answer to a delivery.

    A change of state has `old`, `new` and AWS's `reason`, and the `cause` of its deliveries where not all of them are
    told; an acknowledgement has `who`; a delivery has its `endpoint`,
    `delivery_id` and whether it `arrived` (None while it is on its way). `ident` tells it from all others of the alarm.
    """

    ident: str
    kind: EntryKind
    at: datetime
    text: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""
    who: str = ""
    endpoint: str = ""
    delivery_id: str = ""
    cause: str = ""
    arrived: bool | None = None
    is_failure: bool = False


class Chronicle(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, newest first; `before` is where older ones begin, None where there are none."""

    entries: tuple[Entry, ...] = ()
    before: tuple[int, int] | None = None


class _State(msgspec.Struct, rename="camel"):
    state_value: str = ""
    state_reason: str = ""


class _Data(msgspec.Struct, rename="camel"):
    old_state: _State = msgspec.field(default_factory=_State)
    new_state: _State = msgspec.field(default_factory=_State)
    action_state: str = ""
    notification_resource: str = ""
    error: str | None = None


def chronicle_of(
    store: StoreReader,
    scope: Scope,
    name: str,
    *,
    oldest: int,
    limit: int,
    before: tuple[int, int] | None = None,
    with_deliveries: bool = True,
) -> Chronicle:
    """So many items of an alarm's history with what belongs to them; `oldest` is in milliseconds since the epoch."""
    found = store.history.items(scope, alarm_name=name, start=oldest, after=before, limit=limit + 1)
    shown = found[:limit]
    entries: list[Entry] = []
    told = 0
    for place, item in shown:
        entry = _entry(item, "{}-{}".format(*place))
        rows: list[DeliveryRow] = []
        most = MOST_DELIVERIES if told < _MOST_TOLD else 0
        if entry.kind is EntryKind.STATE and with_deliveries:
            cause = cause_of(scope, name, item.timestamp)
            rows = store.outbox.deliveries(cause=cause, limit=most + 1)
            told += 1
            if len(rows) > most:
                entry = msgspec.structs.replace(entry, cause=cause)
        entries.append(entry)
        entries += (_delivery(store, row) for row in rows[:most])
    newest = None if before is None else moment(before[0] // 1000)
    earliest = shown[-1][1].timestamp if shown and len(found) > limit else None
    entries += (
        Entry(
            ident=f"{millisecond_of(one.at)}-by", kind=EntryKind.ACKNOWLEDGEMENT, at=one.at, text=one.note, who=one.by
        )
        for one in acknowledgements_of(store, scope, name)
        if (newest is None or one.at < newest) and (earliest is None or one.at >= earliest)
    )
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return Chronicle(entries=tuple(entries), before=shown[-1][0] if len(found) > limit else None)


def _entry(item: HistoryItem, ident: str) -> Entry:
    data = msgspec.json.decode(item.history_data.encode(), type=_Data)
    match item.history_item_type:
        case HistoryItemType.STATE_UPDATE:
            return Entry(
                ident=ident,
                kind=EntryKind.STATE,
                at=item.timestamp,
                text=item.history_summary,
                old=data.old_state.state_value,
                new=data.new_state.state_value,
                reason=data.new_state.state_reason,
            )
        case HistoryItemType.ACTION:
            # A success that reached somebody is told by its deliveries.
            return Entry(
                ident=ident,
                kind=EntryKind.ACTION,
                at=item.timestamp,
                text=item.history_summary,
                endpoint=data.notification_resource.rpartition(":")[2],
                is_failure=data.error is not None or "Nobody was told" in item.history_summary,
            )
        case _:
            return Entry(ident=ident, kind=EntryKind.CONFIGURATION, at=item.timestamp, text=item.history_summary)


def cause_of(scope: Scope, name: str, at: datetime) -> str:
    """The cause of the deliveries that tell of the change of an alarm at a time."""
    return f"{alarm_arn(scope, name)}@{millisecond_of(at)}"


def _delivery(store: StoreReader, row: DeliveryRow) -> Entry:
    attempts = store.outbox.attempts(row.delivery_id)
    envelope = unpack_envelope(row.body)
    last = attempts[-1].at if attempts else row.created_at
    return Entry(
        ident=row.delivery_id,
        kind=EntryKind.DELIVERY,
        at=moment(last // 1000),
        text=row.outcome or (attempts[-1].text if attempts else ""),
        endpoint=shown_address(envelope.protocol, envelope.endpoint),
        delivery_id=row.delivery_id,
        arrived={DeliveryStatus.DELIVERED: True, DeliveryStatus.FAILED: False}.get(row.status),
        is_failure=row.status is DeliveryStatus.FAILED or (row.status is DeliveryStatus.PENDING and bool(attempts)),
    )
