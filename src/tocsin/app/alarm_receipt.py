"""Who was told of a time in ALARM, who was not and why: a receipt for each subscriber. Spec: CON-4.4, AL-19.4, R-22.

Rule: told is who has taken it, with the other side's answer; for everybody else the reason is said. Subscriptions are
as they are now: one that came later was not there to be told.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.alarm_filter import drops_every_alarm
from tocsin.app.alarm_record import alarm_arn
from tocsin.app.digest import digest_ms
from tocsin.app.publication import scope_of_topic
from tocsin.app.subscription_endpoint import shown_endpoint
from tocsin.app.topic import TOPICS, subscription_arn, subscriptions_of
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of, moment
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.topic import KeptSubscription, Topic
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.outbox import DeliveryRow
    from tocsin.core.scope import Scope

MOST_RECEIPTS: Final = 200
"""Deliveries and subscriptions that are looked at."""

# Actions of one change that are read from the history.
_MOST_ACTIONS: Final = 50


class Outcome(StrEnum):
    """What became of telling somebody."""

    TOLD = "told"
    ON_ITS_WAY = "on its way"
    FAILED = "failed"
    PENDING = "pending"
    FILTERED_OUT = "filtered out"
    IN_DIGEST = "in the next digest"
    CAME_LATER = "came later"
    NOT_SENT = "not sent"


_URGENCY: Final = (
    Outcome.FAILED,
    Outcome.ON_ITS_WAY,
    Outcome.PENDING,
    Outcome.FILTERED_OUT,
    Outcome.NOT_SENT,
    Outcome.IN_DIGEST,
)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One subscriber or channel: what became of it, when, and what the other side said.

    `since` is since when a pending one waits, and `until` when its link ends. `target` is the ARN of the subscription,
    `ident` its id, both empty for a chat channel.
    """

    outcome: Outcome
    endpoint: str
    protocol: str
    topic: str
    at: datetime | None = None
    answer: str = ""
    delivery_id: str = ""
    ident: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """All receipts of one change; `is_cut` where there are more than were looked at.

    `held` says why the actions did not run, in the words of the history, if so.
    """

    receipts: tuple[Receipt, ...] = ()
    held: str = ""
    is_cut: bool = False

    def count(self, outcome: Outcome) -> int:
        """How many have that outcome."""
        return sum(one.outcome is outcome for one in self.receipts)

    @property
    def told(self) -> int:
        """How many were told."""
        return self.count(Outcome.TOLD)

    @property
    def ordered(self) -> list[Receipt]:
        """One who was told, then everybody who was not, then the others; who came later last."""
        told = [one for one in self.receipts if one.outcome is Outcome.TOLD]
        later = [one for one in self.receipts if one.outcome is Outcome.CAME_LATER]
        others = [one for one in self.receipts if one.outcome not in {Outcome.TOLD, Outcome.CAME_LATER}]
        others.sort(key=lambda one: _URGENCY.index(one.outcome))
        return [*told[:1], *others, *told[1:], *later]

    @property
    def people(self) -> int:
        """How many there are to be told: all but those who came later."""
        return len(self.receipts) - self.count(Outcome.CAME_LATER)


class _Change(NamedTuple):
    """The change that was to be told: its moment in milliseconds, and whether its actions ran."""

    at: int
    ran: bool


def hearing_of(
    service: Service,
    store: StoreReader,
    scope: Scope,
    alarm: MetricAlarm | CompositeAlarm,
    began: datetime,
    *,
    state: StateValue = StateValue.ALARM,
) -> Hearing:
    """Who was told that an alarm went to ALARM at `began`, or to another `state`."""
    at = millisecond_of(began)
    cause = f"{alarm_arn(scope, alarm.alarm_name)}@{at}"
    rows = store.outbox.deliveries(cause=cause, limit=MOST_RECEIPTS)
    newest: dict[str, DeliveryRow] = {}
    for row in rows:
        newest.setdefault(row.target, row)
    held = _held(store, scope, alarm.alarm_name, at)
    arns = {
        StateValue.ALARM: alarm.alarm_actions,
        StateValue.OK: alarm.ok_actions,
        StateValue.INSUFFICIENT_DATA: alarm.insufficient_data_actions,
    }[state]
    receipts: list[Receipt] = []
    change = _Change(at, ran=not held)
    for arn in dict.fromkeys(arn for arn in arns if is_topic(arn)):
        receipts += _of_topic(service, store, arn, newest, change)
    # Who was told and has left since, or a topic that is no longer an action.
    receipts += (_of_row(store, row, row.target, row.protocol) for row in newest.values())
    is_cut = len(rows) == MOST_RECEIPTS or len(receipts) > MOST_RECEIPTS
    return Hearing(receipts=tuple(receipts[:MOST_RECEIPTS]), held=held, is_cut=is_cut)


def _of_topic(
    service: Service, store: StoreReader, arn: str, newest: dict[str, DeliveryRow], change: _Change
) -> Iterator[Receipt]:
    place = scope_of_topic(arn)
    topic = None if place is None else TOPICS.get(store, *place)
    if place is None or topic is None:
        return
    for one in subscriptions_of(store, *place)[: MOST_RECEIPTS + 1]:
        target = subscription_arn(place[0], one)
        row = newest.pop(target, None)
        if row is not None:
            yield _of_row(store, row, shown_endpoint(one), one.protocol, ident=one.ident)
        elif not one.is_gone(service.now_ms()) and one.deleted_at is None:
            yield _without_row(topic, one, change)
    for channel in service.settings.channels.get(arn, ()):
        row = newest.pop(channel.address, None)
        if row is not None:
            yield _of_row(store, row, channel.address, channel.protocol)
        else:
            yield Receipt(
                outcome=Outcome.NOT_SENT,
                endpoint=channel.address,
                protocol=channel.protocol,
                topic=topic.name,
            )


def _of_row(store: StoreReader, row: DeliveryRow, endpoint: str, protocol: str, *, ident: str = "") -> Receipt:
    attempts = store.outbox.attempts(row.delivery_id)
    last = attempts[-1] if attempts else None
    outcome = {
        DeliveryStatus.DELIVERED: Outcome.TOLD,
        DeliveryStatus.FAILED: Outcome.FAILED,
        DeliveryStatus.PENDING: Outcome.ON_ITS_WAY,
    }[row.status]
    if outcome is Outcome.ON_ITS_WAY and last is not None:
        outcome = Outcome.FAILED  # tried in vain so far
    return Receipt(
        outcome=outcome,
        endpoint=endpoint,
        protocol=protocol,
        topic=row.topic_arn.rpartition(":")[2],
        at=_moment(last.at if last is not None else row.created_at),
        answer=row.outcome or (last.text if last is not None else ""),
        delivery_id=row.delivery_id,
        ident=ident,
    )


def _without_row(topic: Topic, one: KeptSubscription, change: _Change) -> Receipt:
    """Somebody to whom nothing was sent."""
    since = until = None
    if one.confirmed_at is None:
        outcome = Outcome.PENDING if one.created_at <= change.at else Outcome.CAME_LATER
        since, until = one.created_at, one.token_ends_at
    elif one.confirmed_at > change.at:
        outcome, since = Outcome.CAME_LATER, one.confirmed_at
    elif drops_every_alarm(one.attributes):
        outcome = Outcome.FILTERED_OUT
    elif not change.ran:
        outcome = Outcome.NOT_SENT
    elif digest_ms(topic) is not None and one.protocol == "email":
        outcome = Outcome.IN_DIGEST
    elif one.attributes.get("FilterPolicy"):
        outcome = Outcome.FILTERED_OUT
    else:
        outcome = Outcome.NOT_SENT
    return Receipt(
        outcome=outcome,
        endpoint=shown_endpoint(one),
        protocol=one.protocol,
        topic=topic.name,
        ident=one.ident,
        since=None if since is None else _moment(since),
        until=None if until is None else _moment(until),
    )


class _ActionData(msgspec.Struct, rename="camel"):
    action_state: str = ""
    error: str | None = None
    mute_window_end_timestamp: str | None = None


def _held(store: StoreReader, scope: Scope, name: str, at: int) -> str:
    """Why the actions of a change did not run, as the history has it; empty where one did, or none was to."""
    found = store.history.items(
        scope, alarm_name=name, item_type=HistoryItemType.ACTION, start=at, descending=False, limit=_MOST_ACTIONS
    )
    why = ""
    for _, item in found:
        data = msgspec.json.decode(item.history_data.encode(), type=_ActionData)
        if data.action_state == "Succeeded":
            return ""
        why = why or (data.error or "")
    return why


def _moment(milliseconds: int) -> datetime:
    return moment(milliseconds // 1000)
