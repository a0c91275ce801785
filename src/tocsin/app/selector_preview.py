"""What other event selectors would drop of the records that are stored: events, blind detections, dollars.

Rule: it is the simulation of archives over records of the store, the newest first and bounded in number; how far back
they reach is said. Records that no trail selected are known as far as the event history keeps them: management events.
Spec: CT-8, CT-10, CON-4.10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.alarm_data import AlarmDataPlan
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS
from tocsin.app.alarm_set import build_alarm_set
from tocsin.app.backtest import BacktestPlan
from tocsin.app.metric_filter import FILTERS
from tocsin.app.record_intake import DAY_SECONDS
from tocsin.app.rulepack import ChainRule
from tocsin.app.selection import Selection
from tocsin.app.selector_data import SelectorDataReader, SelectorDataTotal
from tocsin.app.selector_simulation import SimulationPlan, simulate
from tocsin.app.trail_status import STATUSES
from tocsin.core.event_time import parse_event_time
from tocsin.core.kept_record import MANAGEMENT_HISTORY
from tocsin.core.rule import Rule
from tocsin.core.scope import Scope
from tocsin.core.trail.selector import selectors_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.selector_report import SimulationReport
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.log_event import LogEvent
    from tocsin.core.trail.definition import Trail
    from tocsin.core.trail.selector import Selectors

MOST_RECORDS: Final = 5_000
"""Records that are looked at where nothing else is asked."""

DAYS: Final = 14
"""Days that are looked at, at most."""

_PAGE: Final = 500
_SOURCE: Final = "stored records"
_MOST_BYTES: Final = 32 * 1024 * 1024


class SelectorPreview(NamedTuple):
    """What was found, on so many records from a second on. `is_cut`: there are older ones that were not looked at."""

    report: SimulationReport
    records: int
    since: int | None
    is_cut: bool


def preview_selectors(
    service: Service, trail: Trail, after: Selectors, *, most: int = MOST_RECORDS, version: str
) -> SelectorPreview:
    """What a trail would have lost and gained with other selectors than it has.

    Raises:
        InputError: an alarm could not be evaluated over the records.
    """
    now = service.now_ms() // 1000
    with service.store.read() as store:
        rules = _rules(store, trail)
        alarms = build_alarm_set([ChainRule(rule=rule, in_listing=True) for rule in rules])
        found = _records(store, trail, start=now - DAYS * DAY_SECONDS, most=most)
    plan = SimulationPlan(
        chain=BacktestPlan(
            data=AlarmDataPlan(
                rules=tuple(rule for rule in rules if rule.filter),
                selection=Selection(since=found.since, until=now + 1) if found.since is not None else Selection(),
            ),
            alarms=alarms,
            extra=service.settings.evaluation_range,
        ),
        before=selectors_of(trail.event_selectors),
        after=after,
    )
    reader = SelectorDataReader(plan.reading, open_file=lambda _path, _limits: _Kept(found.bodies))
    total = SelectorDataTotal(plan.reading)
    total.add(reader.read([(0, _SOURCE)]))
    report = simulate(plan, total.data, version=version, elapsed=lambda: 0.0)
    return SelectorPreview(report, len(found.bodies), found.since, found.is_cut)


class _Kept:
    """Records of the store as a file of an archive: one a line."""

    def __init__(self, bodies: list[bytes]) -> None:
        self._bodies = bodies
        self.bytes_read = self.bytes_unpacked = 0

    def __iter__(self) -> Iterator[bytes]:
        for body in self._bodies:
            self.bytes_read += len(body) + 1
            self.bytes_unpacked = self.bytes_read
            yield body + b"\n"


# ---------------------------------------------------------------- the detections on the trail's log group


def _rules(store: StoreReader, trail: Trail) -> list[Rule]:
    """The metric filters of the trail's log group, and all alarms: those that no such filter feeds are left out."""
    home = trail.home
    group = trail.log_group_arn.partition(":log-group:")[2].removesuffix(":*")
    rules = []
    if group:
        for _, kept in FILTERS.scan(store, home, prefix=f"{group}\0"):
            rules.append(Rule(id=kept.filter.filter_name, name=kept.filter.filter_name, filter=kept.filter))
    for name, alarm in METRIC_ALARMS.scan(store, home):
        rules.append(Rule(id=name, name=name, alarm=alarm.parameters))
    for name, composite in COMPOSITES.scan(store, home):
        rules.append(Rule(id=name, name=name, composite=composite.parameters))
    return rules


# ---------------------------------------------------------------- the records


class _Found(NamedTuple):
    bodies: list[bytes]
    since: int | None
    is_cut: bool


class _Known(msgspec.Struct):
    eventID: str = ""  # noqa: N815  (the name in the record)
    eventTime: str = ""  # noqa: N815  (as above)


_decode = msgspec.json.Decoder(_Known).decode


def _records(store: StoreReader, trail: Trail, *, start: int, most: int) -> _Found:
    """Records of the last days, the newest first: of the event history, and what the trail wrote to its log group."""
    by_id: dict[str, tuple[int, bytes]] = {}
    scopes = [Scope(trail.home.account, region) for region in _regions(store, trail)]
    parts = [_history(store, scope, start=start, most=most) for scope in scopes]
    parts.append(_written(store, trail, start=start, most=most))
    for part in parts:
        for ident, second, body in part.records:
            by_id.setdefault(ident, (second, body))
    # What one source does not reach back to is looked at in none: the shares of both settings are of one span.
    since = max(part.reached for part in parts)
    kept = sorted(((second, body) for second, body in by_id.values() if second >= since), key=lambda one: one[0])
    return _Found([body for _, body in kept], kept[0][0] if kept else None, is_cut=since > start)


class _Part(NamedTuple):
    """Records of one source with their ids and seconds, and the second to which it was looked through."""

    records: list[tuple[str, int, bytes]]
    reached: int


def _regions(store: StoreReader, trail: Trail) -> list[str]:
    """The regions that the trail has delivered records of, its own first."""
    found = [name.rpartition("\0")[2] for name, _ in STATUSES.scan(store, trail.home, prefix=f"{trail.name}\0")]
    return list(dict.fromkeys([trail.home.region, *(region for region in found if trail.is_in(region))]))


def _history(store: StoreReader, scope: Scope, *, start: int, most: int) -> _Part:
    records: list[tuple[str, int, bytes]] = []
    before = None
    while len(records) < most:
        limit = min(_PAGE, most - len(records))
        found = store.records.look_up(scope, MANAGEMENT_HISTORY, start=start, before=before, limit=limit)
        records += ((one.place.event_id, one.place.second, one.body) for one in found)
        if len(found) < limit:
            return _Part(records, start)
        before = found[-1].place
    return _Part(records, records[-1][1])


def _written(store: StoreReader, trail: Trail, *, start: int, most: int) -> _Part:
    records: list[tuple[str, int, bytes]] = []
    group = trail.log_group_arn.partition(":log-group:")[2].removesuffix(":*")
    after = None
    left = most if group else 0
    while left:
        limit = min(_PAGE, left)
        found = store.logs.events(
            trail.home, group, start=start * 1000, after=after, descending=True, limit=limit, max_bytes=_MOST_BYTES
        )
        records += (record for one in found if (record := _record(one)) is not None)
        if not found:
            return _Part(records, start)
        left -= len(found)
        after = found[-1].place
    return _Part(records, start if after is None else after.timestamp // 1000)


def _record(event: LogEvent) -> tuple[str, int, bytes] | None:
    """A log event as a record; None for one that is none: a group may hold other things."""
    body = event.message.encode("utf-8", "replace")
    try:
        known = _decode(body)
    except msgspec.DecodeError:
        return None
    second = parse_event_time(known.eventTime)  # the group may have it under the time of its delivery
    return known.eventID or event.event_id, event.timestamp // 1000 if second is None else second, body
