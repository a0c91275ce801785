"""From the outbox to the notifiers and back: what is sent next, and what follows from how it went. Spec: AR-7, SNS-10.

Rule: a delivery is settled in one transaction: how it stands, the attempt, its dead letter, its metrics. Until then it
is due, so one that was sent when the process died is sent once more, under the same id. Who has not answered yet, or
no longer answers, has one delivery under way and no more, and all of them together half of the room; a second one to
somebody who answered until now takes of a part of the room, too. Whoever answers does not wait for those who do not.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.digest import DIGEST, fill, forget
from tocsin.core.delivery import Delivered, DeliveryAttempt, DeliveryOutcome, Failed, Retry
from tocsin.core.envelope import Envelope, EnvelopeKind, pack_envelope, unpack_envelope
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.outbox import DeliveryRow, DeliveryStatus
from tocsin.core.retry_schedule import JITTER, retry_delay

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter

MOST_UNDER_WAY: Final = 512
"""Deliveries that are under way at the same time."""

_MOST_TO_ONE = 8
"""Of these to one target that has answered the last time."""

_MOST_BESIDE: Final = MOST_UNDER_WAY // 4
"""Of these beside another one to the same target: many that answered until now may have died at once."""

_MOST_UNANSWERED: Final = MOST_UNDER_WAY // 2
"""Of these to targets that have not."""

_MOST_KNOWN: Final = 10_000
"""Targets that are known to answer."""

_IN_ORDER: Final = frozenset(("email", "email-json", "log", "slack", "apprise"))
"""Protocols whose messages go one by one: of two mails of an alarm the first comes first."""

_MAIL: Final = frozenset(("email", "email-json"))
_MOST_MAILS: Final = 64
"""Mails under way: all go through one server, and when it hangs the others are not to wait for it."""

_MAILS_PER_SECOND: Final = 10.0
"""To one subscription (SNS-11.1)."""

_AT_ONCE = 256
_LONGEST_WAIT: Final = 3_600.0
"""Seconds for which an answer may ask us to wait."""


class Delivery(NamedTuple):
    """A delivery that is under way."""

    row: DeliveryRow
    envelope: Envelope


class Done(NamedTuple):
    """How one attempt went: when it began and how long it took, in milliseconds."""

    delivery: Delivery
    outcome: DeliveryOutcome
    at: int
    took: int


class _Target:
    """What is known of a target while the process lives."""

    __slots__ = ("free_at", "goes_in_order", "under_way")

    def __init__(self) -> None:
        self.under_way = 0
        self.goes_in_order = False
        self.free_at = 0.0  # when the next one may go, in milliseconds: the throttle


class Dispatcher:
    """Hands out deliveries and settles them: `service.part(Dispatcher)`. One thread at a time uses it.

    `chance` gives numbers from 0 to 1, by which delays are lengthened; without it they are as the schedule says.
    Deliveries over other protocols than `protocols` wait; without it none does.
    """

    def __init__(
        self,
        service: Service,
        *,
        chance: Callable[[], float] = lambda: 0.0,
        protocols: Collection[str] | None = None,
    ) -> None:
        self._service = service
        self._protocols = protocols
        self._chance = chance
        self._under_way: dict[str, Delivery] = {}
        self._targets: dict[str, _Target] = {}
        self._mails = 0  # of those under way
        self._beside: set[str] = set()  # of those under way, the ones that were not the first to their target
        self._strangers: set[str] = set()  # of those under way, the ones to whoever does not answer
        self._answering: OrderedDict[str, None] = OrderedDict()  # targets, the last one that answered last

    @property
    def under_way(self) -> int:
        """Deliveries that were handed out and are not settled."""
        return len(self._under_way)

    def take(self) -> list[Delivery]:
        """Deliveries that are to be tried now, each handed out once until it is settled."""
        now = self._service.now_ms()
        taken: list[Delivery] = []
        self._targets = {name: one for name, one in self._targets.items() if one.under_way or one.free_at > now}
        full = {name for name in self._targets if self._is_full(name, now)}
        with self._service.store.read() as store:
            while len(self._under_way) < MOST_UNDER_WAY:
                room = MOST_UNDER_WAY - len(self._under_way)
                limit = min(_AT_ONCE, room) + len(self._under_way)
                rows = store.outbox.due(at=now, limit=limit, not_to=full, protocols=self._served())
                before = len(taken), len(full)
                for row in rows:
                    if len(self._under_way) >= MOST_UNDER_WAY:
                        break
                    if row.delivery_id in self._under_way or row.target in full:
                        continue
                    if row.target in self._targets and self._is_full(row.target, now):
                        full.add(row.target)
                        continue
                    if row.protocol in _MAIL and self._mails >= _MOST_MAILS:
                        continue
                    if row.target not in self._answering and len(self._strangers) >= _MOST_UNANSWERED:
                        full.add(row.target)
                        continue
                    first = self._first_in_order(store, row)
                    if first.next_at > now or first.delivery_id in self._under_way:
                        full.add(row.target)
                        continue
                    taken.append(self._start(store, first, now, full))
                if (len(taken), len(full)) == before:
                    break
        return taken

    def _served(self) -> Collection[str] | None:
        """The protocols over which something more may be sent now."""
        if self._protocols is None or self._mails < _MOST_MAILS:
            return self._protocols
        return frozenset(self._protocols) - _MAIL

    @staticmethod
    def _first_in_order(store: StoreReader, row: DeliveryRow) -> DeliveryRow:
        """The delivery that goes first: of a FIFO topic the oldest to that target, also one that waits (SNS-2.7)."""
        if not row.topic_arn.endswith(".fifo"):
            return row
        return store.outbox.first_pending(row.target) or row

    def _start(self, store: StoreReader, row: DeliveryRow, now: int, full: set[str]) -> Delivery:
        envelope = unpack_envelope(row.body)
        if row.cause == DIGEST:
            envelope = fill(store, row.scope, row.delivery_id, envelope)
        delivery = Delivery(row, envelope)
        target = self._targets.setdefault(row.target, _Target())
        if target.under_way:
            self._beside.add(row.delivery_id)
        target.under_way += 1
        most = delivery.envelope.most_per_second
        if most is None and delivery.envelope.protocol in _MAIL:
            most = _MAILS_PER_SECOND
        if most:
            target.free_at = max(target.free_at, now) + 1_000 / most
        self._under_way[row.delivery_id] = delivery
        self._mails += row.protocol in _MAIL
        if row.target not in self._answering:
            self._strangers.add(row.delivery_id)
        if delivery.envelope.protocol in _IN_ORDER or delivery.envelope.group_id:
            target.goes_in_order = True
        if self._is_full(row.target, now):
            full.add(row.target)
        return delivery

    def _is_full(self, name: str, now: float) -> bool:
        target = self._targets[name]
        is_quick = name in self._answering and not target.goes_in_order and len(self._beside) < _MOST_BESIDE
        return target.under_way >= (_MOST_TO_ONE if is_quick else 1) or target.free_at > now

    def settle(self, done: Sequence[Done]) -> None:
        """Write what became of deliveries; they can be handed out again afterwards, if they are to be."""

        def work(store: StoreWriter) -> list[DeliveryStatus]:
            return [self._settle(store, one) for one in done]

        try:
            statuses = self._service.store.write(work)
        finally:
            for one in done:
                self._end(one)
        counters = self._service.counters
        for one, status in zip(done, statuses, strict=True):
            word = "retried" if status is DeliveryStatus.PENDING else status.value
            counters.add("delivery_attempts", protocol=one.delivery.envelope.protocol, outcome=word)

    def _end(self, done: Done) -> None:
        row = done.delivery.row
        del self._under_way[row.delivery_id]
        self._mails -= row.protocol in _MAIL
        self._strangers.discard(row.delivery_id)
        self._beside.discard(row.delivery_id)
        self._targets[row.target].under_way -= 1
        if isinstance(done.outcome, Retry):
            self._answering.pop(row.target, None)
            return
        self._answering[row.target] = None
        self._answering.move_to_end(row.target)
        if len(self._answering) > _MOST_KNOWN:
            self._answering.popitem(last=False)

    def _settle(self, store: StoreWriter, done: Done) -> DeliveryStatus:
        row, envelope = done.delivery
        number = row.attempts + 1
        status, next_at = self._following(done, number)
        attempt = DeliveryAttempt(number=number, at=done.at, took=done.took, outcome=done.outcome, next_at=next_at)
        kept = msgspec.structs.replace(
            row,
            status=status,
            attempts=number,
            outcome=attempt.text,
            next_at=row.next_at if next_at is None else next_at,
        )
        if row.cause == DIGEST:
            kept = msgspec.structs.replace(kept, body=pack_envelope(envelope))
            store.outbox.put([kept])  # whole from now on, so that it can be sent again
            forget(store, row.scope, row.delivery_id)
        if status is DeliveryStatus.DELIVERED and envelope.token:
            # Who reads the store later can confirm nothing with what was sent (SNS-4.1).
            kept = msgspec.structs.replace(kept, body=pack_envelope(msgspec.structs.replace(envelope, token=None)))
            store.outbox.put([kept])
        store.outbox.record(kept, attempt)
        if status is not DeliveryStatus.PENDING and envelope.kind is EnvelopeKind.NOTIFICATION and envelope.topic_arn:
            is_dead_letter = row.cause.startswith(DEAD_LETTER)
            if status is DeliveryStatus.FAILED and envelope.dead_letter_arn and not is_dead_letter:
                store.outbox.put([self._dead_letter(row, envelope, done.at + done.took)])
            name = _METRICS[status, is_dead_letter]
            _count(store, row, name, done.at)
        return status

    def _following(self, done: Done, number: int) -> tuple[DeliveryStatus, int | None]:
        """The status after an attempt, and when the next one is due."""
        outcome, envelope = done.outcome, done.delivery.envelope
        if isinstance(outcome, Delivered):
            return DeliveryStatus.DELIVERED, None
        if isinstance(outcome, Failed):
            return DeliveryStatus.FAILED, None
        delay = retry_delay(envelope.protocol, envelope.retry_policy, number)
        if delay is None:
            return DeliveryStatus.FAILED, None
        delay *= 1 + JITTER * self._chance()
        delay = max(delay, min(outcome.after or 0.0, _LONGEST_WAIT))
        return DeliveryStatus.PENDING, done.at + done.took + int(1000 * delay)

    def _dead_letter(self, row: DeliveryRow, envelope: Envelope, at: int) -> DeliveryRow:
        """What goes to the queue for a message that could not be delivered (SNS-10.6)."""
        letter = msgspec.structs.replace(
            envelope, protocol="sqs", endpoint=envelope.dead_letter_arn, dead_letter_arn="", retry_policy=None
        )
        return msgspec.structs.replace(
            row,
            delivery_id=f"{row.delivery_id}-dead-letter",
            target=envelope.dead_letter_arn,
            protocol=letter.protocol,
            cause=f"{DEAD_LETTER}{row.delivery_id}",
            created_at=at,
            next_at=at,
            status=DeliveryStatus.PENDING,
            attempts=0,
            outcome="",
            body=pack_envelope(letter),
        )


DEAD_LETTER: Final = "dead-letter:"
"""What the cause of a delivery to a dead-letter queue begins with; the id of what failed follows."""

_METRICS: Final = {
    (DeliveryStatus.DELIVERED, False): "NumberOfNotificationsDelivered",
    (DeliveryStatus.FAILED, False): "NumberOfNotificationsFailed",
    (DeliveryStatus.DELIVERED, True): "NumberOfNotificationsRedrivenToDlq",
    (DeliveryStatus.FAILED, True): "NumberOfNotificationsFailedToRedriveToDlq",
}


def _count(store: StoreWriter, row: DeliveryRow, name: str, at: int) -> None:
    """Publish a metric of SNS's own for a topic."""
    key = MetricKey.of("AWS/SNS", name, {"TopicName": row.topic_arn.rpartition(":")[2]})
    datum = MetricDatum(key=key, timestamp=at // 60_000 * 60, statistics=StatisticSet.of(1.0), unit="Count")
    store.metrics.add(row.scope, [datum])


def replay(service: Service, delivery_id: str) -> DeliveryRow | None:
    """Make a delivery that has failed due again, with all its attempts before it; None where there is none such."""

    def work(store: StoreWriter) -> DeliveryRow | None:
        row = store.outbox.get(delivery_id)
        if row is None or row.status is not DeliveryStatus.FAILED:
            return None
        again = msgspec.structs.replace(row, status=DeliveryStatus.PENDING, next_at=service.now_ms())
        store.outbox.put([again])
        return again

    return service.store.write(work)
