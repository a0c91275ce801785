"""What became of the subscriptions of a topic: who agreed, who left, and how. Spec: SNS-5.7, SNS-12.2, SNS-12.3.

Rule: an entry is written in the transaction of what it tells; an address never leaves a topic without one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.expiring import ExpiringDefinitions

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.topic import KeptSubscription
    from tocsin.core.scope import Scope

_DAY_MS = 86_400_000
_MOST = 1_000


class SubscriptionEvent(StrEnum):
    """What happened to a subscription."""

    CONFIRMED = "confirmed"
    CONFIRMED_FOR = "confirmed by the one who runs the service"
    RESTORED = "restored"
    LEFT = "left by the link in a mail"
    REMOVED = "removed by a signed call"


class TopicEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry; `at` is in milliseconds since the epoch. `by` is the ARN of who did it, empty for a link."""

    at: int
    event: SubscriptionEvent
    protocol: str
    endpoint: str
    ident: str
    by: str = ""
    reason: str = ""


_ENTRIES = ExpiringDefinitions("topic-history", TopicEntry)


def note(
    service: Service,
    store: StoreWriter,
    home: Scope,
    subscription: KeptSubscription,
    event: SubscriptionEvent,
    *,
    by: str = "",
    reason: str = "",
) -> None:
    """Write an entry; it is kept as long as the history of alarms."""
    now = service.now_ms()
    entry = TopicEntry(
        at=now,
        event=event,
        protocol=subscription.protocol,
        endpoint=subscription.endpoint,
        ident=subscription.ident,
        by=by,
        reason=reason,
    )
    name = f"{subscription.topic}\0{now:015d}\0{service.new_id()}"
    _ENTRIES.put(store, home, name, entry, now=now, until=now + service.settings.history_days * _DAY_MS)


def history_of_topic(service: Service, store: StoreReader, home: Scope, topic: str) -> list[TopicEntry]:
    """The last entries of a topic, the newest first."""
    found = _ENTRIES.scan(store, home, prefix=f"{topic}\0", now=service.now_ms())
    return [entry for _, entry in found[-_MOST:]][::-1]
