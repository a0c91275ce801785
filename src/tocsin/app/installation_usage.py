"""What an installation has used this month of what AWS counts and bills. Spec: CON-4.10 (Learn), prices.md.

Rule: each number is read off sums or off definitions, at a cost that does not grow with what is stored; what was not
counted to its end says so.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, metric_alarm_of
from tocsin.app.metric_filter import FILTERS
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

MOST_MAILS: Final = 2_000
"""Deliveries that are looked at to count this month's mails."""

_MINUTE: Final = 60
_MAIL: Final = frozenset(("email", "email-json"))


class EventUsage(NamedTuple):
    """Events of a type this month, and the hour in which the last one came; None where none did."""

    events: int
    last_hour: datetime | None


class AlarmUsage(NamedTuple):
    """Metrics that alarms read, as AWS counts them: standard ones, those of less than a minute, bands; composites."""

    standard: int
    high_resolution: int
    anomaly: int
    composite: int


class MailUsage(NamedTuple):
    """Mails that were delivered this month; `is_all` is False where there are more than were looked at."""

    delivered: int
    is_all: bool


def month_begin(at: datetime) -> datetime:
    """The first instant of the month, in UTC, as AWS bills."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def events_by_type(service: Service, scopes: Sequence[Scope]) -> dict[str, EventUsage]:
    """This month's events by category, in the log groups of these accounts and regions."""
    now = service.now()
    start, end = (int(one.timestamp()) // 60 for one in (month_begin(now), now))
    found: Counter[str] = Counter()
    last: dict[str, int] = {}
    with service.store.read() as store:
        for scope in scopes:
            for count in store.event_counts.kinds(scope, start=start, end=end + 1):
                found[count.kind.category] += count.events
                last[count.kind.category] = max(last.get(count.kind.category, 0), count.minute)
    return {name: EventUsage(events, datetime.fromtimestamp(last[name] * 60, UTC)) for name, events in found.items()}


def alarms_in_use(service: Service, account: str) -> AlarmUsage:
    """The alarms of an account, in all regions: AWS bills accounts."""
    counts: Counter[str] = Counter()
    with service.store.read() as store:
        for scope, _, kept in METRIC_ALARMS.scan_all(store):
            if scope.account != account:
                continue
            alarm = metric_alarm_of(kept)
            kind = "anomaly" if alarm.is_anomaly else "high" if alarm.period < _MINUTE else "standard"
            counts[kind] += 1 if alarm.is_anomaly else max(1, len(alarm.keys))
        composite = sum(1 for scope, _, _ in COMPOSITES.scan_all(store) if scope.account == account)
    return AlarmUsage(counts["standard"], counts["high"], counts["anomaly"], composite)


def metrics_in_use(service: Service, account: str) -> int:
    """The metrics that an account's filters publish; one with dimensions counts once here, and more on AWS."""
    with service.store.read() as store:
        names = {
            (scope.region, one.metric_namespace, one.metric_name)
            for scope, _, kept in FILTERS.scan_all(store)
            if scope.account == account
            for one in kept.filter.metric_transformations
        }
    return len(names)


def mails_this_month(service: Service, scopes: Sequence[Scope]) -> MailUsage:
    """The mails that were delivered, counted from the newest delivery back to the first of the month."""
    start = int(month_begin(service.now()).timestamp() * 1000)
    delivered = 0
    is_all = True
    with service.store.read() as store:
        for scope in scopes:
            rows = store.outbox.deliveries(scope, status=DeliveryStatus.DELIVERED, limit=MOST_MAILS + 1)
            recent = [row for row in rows if row.created_at >= start]
            is_all = is_all and len(recent) <= MOST_MAILS
            delivered += sum(row.protocol in _MAIL for row in recent[:MOST_MAILS])
    return MailUsage(delivered, is_all)
