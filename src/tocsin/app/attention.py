"""What needs a hand, the gravest first. Spec: CON-4.2, AL-19.4, SNS-12.1, FP-9.19.

Rule: the complaints of `tocsin status` are told as they are there; what is told besides is read off what is kept, off
counters, and off what health says. Alarms that suffer from one and the same thing are one matter.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_record import LATE_DATA
from tocsin.app.by_version import ByVersion
from tocsin.app.complaint_search import NOBODY_IS_TOLD
from tocsin.app.metric_filter import FILTERS
from tocsin.app.standing_complaint import StandingComplaints
from tocsin.app.trail import TRAILS
from tocsin.app.trail_reading import acts_of
from tocsin.app.trail_status import STATUSES, fault_text
from tocsin.core.alarm.timestamp import moment
from tocsin.core.complaint import ComplaintKind
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.region_silence import LOOKED_BACK, silent_regions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.complaint import Complaint
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail

MOST_DIMENSIONS: Final = 1_000
"""Metrics of one filter in an hour from which on AWS may disable it (FP-9.19)."""

_TURN_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS

# A change that took something from a trail is told for so long.
_NARROWED_MS: Final = 7 * _DAY_MS


class MatterKind(StrEnum):
    """What is the matter, in the order in which it is shown."""

    NOBODY = "nobody"  # alarms that reach nobody
    TRAIL = "trail"  # stopped, narrowed, or not delivered
    REGION = "region"  # nothing comes from it any more
    FAILING = "failing"  # an endpoint that takes nothing
    PENDING = "pending"  # a subscription that nobody confirms
    LEFT = "left"  # one that somebody has ended by a link
    LATE = "late"  # a breach whose data came too late
    DROPPED = "dropped"  # records that were lost
    DIMENSIONS = "dimensions"  # a filter that makes too many metrics
    HEALTH = "health"  # what health complains of: the evaluator, the disk


_ORDER: Final = {kind: rank for rank, kind in enumerate(MatterKind)}


class Subject(NamedTuple):
    """What a matter is about: an alarm, a topic, a subscription (by its id), a trail or a filter (GROUP:NAME)."""

    kind: str
    scope: Scope
    name: str


class Matter(NamedTuple):
    """One thing that needs a hand.

    `text` says it without a full stop, `remedy` what to do; the first of the `subjects` is where to do it. `since` and
    `at` are milliseconds since the epoch, where there is one: since when it has been so, and when it happened.
    """

    kind: MatterKind
    text: str
    subjects: tuple[Subject, ...] = ()
    since: int | None = None
    at: int | None = None
    remedy: str = ""

    @property
    def alarms(self) -> list[Subject]:
        """The alarms that it is about."""
        return [one for one in self.subjects if one.kind == "alarm"]


def matters(
    service: Service,
    store: StoreReader,
    scopes: Sequence[Scope],
    lines: Sequence[AlarmLine],
    *,
    now: int,
    health: Sequence[str] = (),
) -> list[Matter]:
    """Everything that needs a hand at `now`, in milliseconds since the epoch.

    `lines` are the alarms of the scopes, by urgency, `health` is what it complains of.
    """
    complaints = service.part(StandingComplaints).of(store, now=now)
    found = [
        *_unheard(complaints, lines),
        *_of_subscriptions(complaints, set(scopes)),
        *(one for scope in scopes for one in service.part(ScopeMatters).of(store, scope, now=now)),
        *_late(store, scopes, now),
        *_dropped(service),
        *(Matter(MatterKind.HEALTH, safe_line(reason)) for reason in health),
    ]
    return sorted(found, key=lambda one: (_ORDER[one.kind], one.since or now))


# ---------------------------------------------------------------- who listens


def _unheard(complaints: Sequence[Complaint], lines: Sequence[AlarmLine]) -> Iterator[Matter]:
    """Alarms that reach nobody, those with one and the same reason together; each in the order of `lines`."""
    unheard = {one.subject: one for one in complaints if one.kind is ComplaintKind.UNHEARD_ALARM}
    by_reason: dict[str, list[tuple[Complaint, AlarmLine]]] = {}
    for line in lines:
        one = unheard.get(line.arn)
        if one is not None:
            by_reason.setdefault(one.reason.removeprefix(NOBODY_IS_TOLD), []).append((one, line))
    for reason, those in by_reason.items():
        alarms = [line for _, line in those]
        ringing = sum(line.is_ringing for line in alarms)
        many = f"{len(alarms):,} alarms" + (f", {ringing:,} ringing" if ringing else "") + f": {reason}"
        single = f"{reason}, and it is ringing" if ringing else reason
        about = tuple(Subject("alarm", line.scope, line.name) for line in alarms)
        is_of_topic = alarms[0].reach.topics and alarms[0].alarm.actions_enabled
        yield Matter(
            MatterKind.NOBODY,
            many if len(alarms) > 1 else single,
            (*_topics(alarms[0]), *about) if is_of_topic else about,
            since=min(one.since for one, _ in those),
            remedy=those[0][0].remedy,
        )


def _topics(line: AlarmLine) -> Iterator[Subject]:
    for arn in line.reach.topics:
        _, _, _, region, account, name = arn.split(":", 5)
        yield Subject("topic", type(line.scope)(account, region), name)


_OF_SUBSCRIPTION: Final = {
    ComplaintKind.FAILING_ENDPOINT: MatterKind.FAILING,
    ComplaintKind.PENDING_SUBSCRIPTION: MatterKind.PENDING,
    ComplaintKind.LOST_SUBSCRIPTION: MatterKind.LEFT,
}


def _of_subscriptions(complaints: Sequence[Complaint], scopes: set[Scope]) -> Iterator[Matter]:
    for one in complaints:
        kind = _OF_SUBSCRIPTION.get(one.kind)
        if kind is None:
            continue
        parts = one.subject.split(":")
        subjects: tuple[Subject, ...] = ()
        if len(parts) > 6 and parts[0] == "arn":
            scope = _scope_among(scopes, parts[4], parts[3])
            if scope is None:
                continue
            subjects = (Subject("subscription", scope, parts[6]), Subject("topic", scope, parts[5]))
        yield Matter(kind, one.reason, subjects, since=one.since, remedy=one.remedy)


def _scope_among(scopes: set[Scope], account: str, region: str) -> Scope | None:
    return next((scope for scope in scopes if (scope.account, scope.region) == (account, region)), None)


# ---------------------------------------------------------------- what comes in


class ScopeMatters:
    """What is the matter with what comes into a scope: `service.part(ScopeMatters)`; looked for once a minute."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: ByVersion[Scope, tuple[Matter, ...]] = ByVersion(TRAILS.kind, FILTERS.kind)

    def of(self, store: StoreReader, scope: Scope, *, now: int) -> tuple[Matter, ...]:
        """Trails, regions and filters with which something is the matter."""
        return self._known.get(store, scope, lambda: self._find(store, scope, now), turn=now // _TURN_MS)

    def _find(self, store: StoreReader, scope: Scope, now: int) -> tuple[Matter, ...]:
        trails = (self._of_trail(store, scope, trail, now) for _, trail in TRAILS.scan(store, scope))
        return (*filter(None, trails), *_silent(store, scope, now), *_crowded(store, scope, now))

    def _of_trail(self, store: StoreReader, scope: Scope, trail: Trail, now: int) -> Matter | None:
        subject, name = (Subject("trail", scope, trail.name),), safe_line(trail.name)
        if not trail.is_logging:
            since = trail.stopped_at or trail.created_at
            return Matter(MatterKind.TRAIL, f"trail {name} is stopped: nothing is recorded", subject, since=since)
        for act in acts_of(self._service, trail):
            at = act.summary.second * 1000
            if act.narrows and at >= now - _NARROWED_MS:
                return Matter(MatterKind.TRAIL, f"trail {name} was narrowed: {act.summary.sentence}", subject, at=at)
        for _, status in STATUSES.scan(store, scope, prefix=f"{trail.name}\0"):
            for one in (status.files, status.logs, status.digests):
                if one.error:
                    text = f"what trail {name} delivers does not arrive: {safe_line(fault_text(one.error))}"
                    return Matter(MatterKind.TRAIL, text, subject, since=one.succeeded_at or one.attempted_at)
        return None


def _silent(store: StoreReader, scope: Scope, now: int) -> Iterator[Matter]:
    minute = now // _TURN_MS
    counts = store.event_counts.kinds(scope, start=minute - 2 * LOOKED_BACK, end=minute + 1)
    for one in silent_regions(counts, now=minute):
        yield Matter(
            MatterKind.REGION,
            f"nothing comes from {one.region} of {one.account or 'an account that is not named'} any more; "
            f"in the week before, the longest pause was {_hours(one.longest_pause)}",
            since=one.since * _TURN_MS,
        )


def _hours(minutes: int) -> str:
    hours = minutes // 60
    return "under an hour" if not hours else "1 hour" if hours == 1 else f"{hours} hours"


def _crowded(store: StoreReader, scope: Scope, now: int) -> Iterator[Matter]:
    for _, kept in FILTERS.scan(store, scope):
        transformation = kept.filter.metric_transformations[0]
        if not transformation.dimensions:
            continue
        made = store.metrics.list(
            scope,
            namespace=transformation.metric_namespace,
            name=transformation.metric_name,
            active_since=(now - _HOUR_MS) // 1000,
            limit=MOST_DIMENSIONS,
        )
        if len(made) == MOST_DIMENSIONS:
            text = (
                f"filter {safe_line(kept.filter.filter_name)} made {MOST_DIMENSIONS:,} metrics or more in an hour, "
                "from which on AWS may disable it"
            )
            name = f"{kept.log_group}:{kept.filter.filter_name}"
            yield Matter(MatterKind.DIMENSIONS, text, (Subject("filter", scope, name),))


# ---------------------------------------------------------------- what was not counted


def _late(store: StoreReader, scopes: Sequence[Scope], now: int) -> Iterator[Matter]:
    for scope in scopes:
        for name, late in LATE_DATA.scan(store, scope):
            for start, _ in late.told[-1:]:
                if start * 1000 < now - _DAY_MS:
                    continue
                at = moment(start)
                text = f"data came too late: {safe_line(name)} would have rung at {at:%H:%M:%S} UTC"
                yield Matter(MatterKind.LATE, text, (Subject("alarm", scope, name),), at=start * 1000)


_LOST: Final = {
    "records_dropped": "records of calls were dropped, as more came than could be kept",
    "trail_records_given_up": "records were given up, as no destination took them",
    "trail_records_unlogged": "records did not fit into a log group",
}


def _dropped(service: Service) -> Iterator[Matter]:
    for name, what in _LOST.items():
        count = service.counters.total(name)
        if count:
            yield Matter(MatterKind.DROPPED, f"{count:,} {what}, since the service was started")
