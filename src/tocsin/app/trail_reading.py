"""Trails as they stand: what they record, what they miss, how delivery goes, who changed them.

Rule: what a trail does not record is said, not left to be found out; a record that does not say which trail it is about
is told with each that it may be about. Spec: CT-7, CT-10, CON-4.10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_record import METRIC_ALARMS
from tocsin.app.event_history import PAGE, look_up_events
from tocsin.app.log_group import GROUPS
from tocsin.app.metric_filter import FILTERS
from tocsin.app.trail import trails_seen
from tocsin.app.trail_status import STATUSES, status_of
from tocsin.core.log_event import Term
from tocsin.core.trail.history import ACTS, SOURCE, read_acts
from tocsin.core.trail.selector import DEFAULT_SELECTORS, selectors_of
from tocsin.core.trail.selector_loss import lost_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.trail_status import TrailStatus
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail
    from tocsin.core.trail.history import TrailAct

MOST_ACTS: Final = 50
"""Acts that are told of one trail."""

_LOG_GROUP: Final = ":log-group:"


class TrailGap(NamedTuple):
    """Something that a trail does not record or do, as a sentence without a full stop. `is_grave`: it hides intruders.

    `field` names the field of its form that closes the gap; empty where it is no setting.
    """

    text: str
    is_grave: bool
    field: str = ""


class TrailGroup(NamedTuple):
    """The log group that a trail writes to. `filters` counts its metric filters."""

    name: str
    is_there: bool
    filters: int


class TrailLine(NamedTuple):
    """A trail as it is seen from a region. `is_shadow`: it was made in another one, and is changed there alone."""

    trail: Trail
    is_shadow: bool
    status: TrailStatus
    group: TrailGroup | None
    gaps: tuple[TrailGap, ...]


class TrailReading(NamedTuple):
    """A trail in full: how delivery goes by region, and what was done to it, the newest first."""

    line: TrailLine
    regions: dict[str, TrailStatus]
    acts: list[TrailAct]


def list_trail_lines(service: Service, scope: Scope) -> list[TrailLine]:
    """The trails of an account that record what happens in a region, by name."""
    with service.store.read() as store:
        found = [one for one in trails_seen(store, scope.account, scope.partition) if one.is_in(scope.region)]
        return [_line(store, scope, one) for one in found]


def read_trail(service: Service, scope: Scope, name: str) -> TrailReading | None:
    """The trail of that name that is seen from a region, its own before a shadow; None where there is none."""
    with service.store.read() as store:
        seen = [one for one in trails_seen(store, scope.account, scope.partition) if one.name == name]
        seen = [one for one in seen if one.is_in(scope.region)]
        if not seen:
            return None
        trail = min(seen, key=lambda one: one.home != scope)
        line = _line(store, scope, trail)
        regions = {
            place.rpartition("\0")[2]: status
            for place, status in STATUSES.scan(store, trail.home, prefix=f"{trail.name}\0")
        }
    return TrailReading(line, regions, acts_of(service, trail))


def _line(store: StoreReader, scope: Scope, trail: Trail) -> TrailLine:
    group = _group(store, trail)
    return TrailLine(
        trail=trail,
        is_shadow=trail.home != scope,
        status=status_of(store, trail, scope.region),
        group=group,
        gaps=tuple(_gaps(trail, group)),
    )


def _group(store: StoreReader, trail: Trail) -> TrailGroup | None:
    _, is_group, name = trail.log_group_arn.partition(_LOG_GROUP)
    if not is_group:
        return None
    name = name.removesuffix(":*")
    is_there = GROUPS.get(store, trail.home, name) is not None
    return TrailGroup(name, is_there, store.count(FILTERS.kind, trail.home, prefix=f"{name}\0"))


def _gaps(trail: Trail, group: TrailGroup | None) -> Iterator[TrailGap]:
    if not trail.is_logging:
        yield TrailGap("it is stopped: nothing is recorded", is_grave=True)
    for text in lost_events(DEFAULT_SELECTORS, selectors_of(trail.event_selectors)):
        yield TrailGap(f"{text} are not selected", is_grave=True, field="selectors")
    if group is None:
        text = "it writes to no log group: metric filters and alarms see nothing of it"
        yield TrailGap(text, is_grave=True, field="group")
    elif not group.is_there:
        yield TrailGap(f"its log group {group.name} is not there", is_grave=True, field="group")
    if not trail.is_multi_region:
        yield TrailGap(f"it records {trail.home.region} and no other region", is_grave=True, field="regions")
    if not trail.include_global_service_events:
        yield TrailGap("events of IAM, STS and sign-in are left out", is_grave=True, field="regions")
    if not trail.validates_log_files:
        text = "it makes no digests: nobody can prove that its files are what they were"
        yield TrailGap(text, is_grave=False, field="validation")


class BlindChain(NamedTuple):
    """What would see nothing without a trail's log group: metric filters, and the alarms on their metrics."""

    filters: list[str]
    alarms: list[str]


def chain_behind(service: Service, trail: Trail) -> BlindChain:
    """The metric filters and alarms that look at what a trail writes."""
    with service.store.read() as store:
        group = _group(store, trail)
        if group is None or not group.is_there:
            return BlindChain([], [])
        kept = [one for _, one in FILTERS.scan(store, trail.home, prefix=f"{group.name}\0")]
        fed = {(one.metric_namespace, one.metric_name) for each in kept for one in each.filter.metric_transformations}
        catalogue = service.part(AlarmCatalogue)
        alarms = [
            name
            for name, body in store.scan(METRIC_ALARMS.kind, trail.home)
            if any((key.namespace, key.metric_name) in fed for key in catalogue.read(trail.home, name, body).alarm.keys)
        ]
    return BlindChain([one.filter.filter_name for one in kept], alarms)


# ---------------------------------------------------------------- what was done to it


def acts_of(service: Service, trail: Trail) -> list[TrailAct]:
    """What was done to a trail in the time that the event history reaches back, the newest first."""
    records: dict[tuple[int, bool, str], str] = {}
    for name in sorted(ACTS):
        found, _ = look_up_events(service, trail.home, [Term("EventName", name)], limit=PAGE)
        for one in found:
            if _is_about(one.text, trail):
                # Records have whole seconds. Of those of the same one, what made the trail came first.
                records[one.place.second, name != "CreateTrail", one.place.event_id] = one.text
    acts = read_acts((order[0], text) for order, text in sorted(records.items()))
    return acts[::-1][:MOST_ACTS]


class _Parameters(msgspec.Struct):
    name: str | None = None
    trailName: str | None = None  # noqa: N815  (the name in the record)


class _Record(msgspec.Struct):
    eventSource: str = ""  # noqa: N815  (as above)
    requestParameters: _Parameters | None = None  # noqa: N815


_decode = msgspec.json.Decoder(_Record).decode


def _is_about(text: str, trail: Trail) -> bool:
    """Whether a record is about a trail, or does not say which one it is about: a denied call names none (CT-10.4)."""
    try:
        record = _decode(text)
    except msgspec.DecodeError:
        return False
    if record.eventSource != SOURCE:
        return False
    parameters = record.requestParameters
    named = None if parameters is None else parameters.name or parameters.trailName
    return named in (None, trail.name, trail.arn)
