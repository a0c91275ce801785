"""Alarms that tell of breaches whose data came too late to be evaluated. Spec: AL-18.5.

Rule: that data came too late is noted in the transaction that brings them, so it outlives the process as they do.
What they would have done is looked up by the code that decides, over the data that are there now.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_event import contribution
from tocsin.app.alarm_reading import AlarmReading, ReadyAlarm
from tocsin.app.alarm_record import LATE_DATA, METRIC_ALARMS, LateData, alarm_arn, alarm_scope, standing_of
from tocsin.app.alarm_transition import AlarmChanges
from tocsin.app.resource_tag import TAGS, get_tags
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.late_breach import MOST_LATE, Stretch, rings_late, stretches_in_alarm, untold
from tocsin.core.notification.state_change import StateChange
from tocsin.core.notification.subject import Occasion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.alarm_event import Contribution
    from tocsin.app.replay import Look
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.metric import MetricDatum, MetricKey
    from tocsin.core.scope import Scope

# No alarm reads fewer seconds back than that, so data of now are never late (AL-6.5).
_SHORTEST_REACH = 60

_MOST_TOLD = 100
_MOST_CHANGES = 1_000


class _Breach(NamedTuple):
    stretch: Stretch
    evaluation: Evaluation
    behind: Contribution


class LateListeners:
    """The alarms that want to know, by metric: `service.part(LateListeners)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._version = (-1, -1)
        self._by_metric: dict[tuple[Scope, MetricKey], list[ReadyAlarm]] = {}

    def of(self, store: StoreReader, scope: Scope, key: MetricKey) -> Sequence[ReadyAlarm]:
        """Those of a metric."""
        version = store.version(METRIC_ALARMS.kind), store.version(TAGS.kind)
        with self._lock:
            if version != self._version:
                self._version, self._by_metric = version, self._read(store)
            return self._by_metric.get((scope, key), ())

    def _read(self, store: StoreReader) -> dict[tuple[Scope, MetricKey], list[ReadyAlarm]]:
        found: dict[tuple[Scope, MetricKey], list[ReadyAlarm]] = {}
        for scope, arn, tags in TAGS.scan_all(store):
            prefix = alarm_arn(scope, "")
            if not (arn.startswith(prefix) and rings_late(tags)):
                continue
            name = arn.removeprefix(prefix)
            known = self._service.part(AlarmCatalogue).get(store, scope, name)
            if known is None:
                continue
            one = ReadyAlarm.of(scope, name, known, extra=self._service.settings.evaluation_range)
            for key, _ in one.reads:
                found.setdefault((scope, key), []).append(one)
        return found


def note_late_data(service: Service, store: StoreWriter, scope: Scope, data: Sequence[MetricDatum]) -> None:
    """Note data that no evaluation will see any more, for the alarms that want to know."""
    due = service.now_ms() // 1000 - service.settings.evaluation_delay
    late = [one for one in data if due - MOST_LATE <= one.timestamp < due - _SHORTEST_REACH]
    if not late:
        return
    listeners = service.part(LateListeners)
    for datum in late:
        for one in listeners.of(store, scope, datum.key):
            if datum.timestamp + _reach(one) >= due or datum.timestamp < second_of(one.known.kept.created_at):
                continue
            known = LATE_DATA.get(store, scope, one.name) or LateData()
            noted = msgspec.structs.replace(
                known,
                first=datum.timestamp if known.first is None else min(known.first, datum.timestamp),
                last=datum.timestamp if known.last is None else max(known.last, datum.timestamp),
            )
            if noted != known:
                LATE_DATA.put(store, scope, one.name, noted)


def _reach(one: ReadyAlarm) -> int:
    """Seconds after which an alarm does not see a datum any more."""
    edges = one.evaluator.edges(0)
    return edges[-1] - edges[0]


class LateBreaches:
    """Tells of them: `service.part(LateBreaches)`. `evaluated` is up to which instant alarms were evaluated."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def tell(self, *, evaluated: int) -> int:
        """Look at what was noted, and tell what nobody was told; how many breaches."""
        with self._service.store.read() as store:
            noted = [(scope, name, late) for scope, name, late in LATE_DATA.scan_all(store) if late.first is not None]
        return sum(self._tell_of(scope, name, late, evaluated) for scope, name, late in noted)

    def _tell_of(self, scope: Scope, name: str, late: LateData, evaluated: int) -> int:
        now = self._service.now()
        with self._service.store.read() as store:
            one = self._alarm(store, scope, name)
            breaches = [] if one is None else list(self._breaches(store, one, late, evaluated))

        def work(store: StoreWriter) -> int:
            if LATE_DATA.get(store, scope, name) != late:
                return 0  # more came in the meantime: the next turn looks at all of it
            if one is None or store.get(METRIC_ALARMS.kind, scope, name) != one.known.body:
                LATE_DATA.delete(store, scope, name)
                return 0
            changes = AlarmChanges(self._service, store, scope)
            if breaches and not changes.may_speak(name, now):
                return 0  # a mute rule holds it: after the window there will be another turn
            for breach in breaches:
                told = StateChange.of_evaluation(
                    breach.evaluation,
                    scope=alarm_scope(scope),
                    configuration_updated_at=one.known.kept.updated_at,
                    occasion=Occasion.LATE,
                )
                changes.tell_late(name, told, breach.behind, at=now)
            recent = [pair for pair in late.told if pair[1] > second_of(now) - 2 * MOST_LATE]
            kept = (*recent, *((one.stretch.start, one.stretch.end) for one in breaches))[-_MOST_TOLD:]
            if kept:
                LATE_DATA.put(store, scope, name, LateData(told=kept))
            else:
                LATE_DATA.delete(store, scope, name)
            return len(breaches)

        told = self._service.store.write(work)
        self._service.counters.add("late_breaches", told)
        return told

    def _alarm(self, store: StoreReader, scope: Scope, name: str) -> ReadyAlarm | None:
        known = self._service.part(AlarmCatalogue).get(store, scope, name)
        if known is None or not rings_late(get_tags(store, scope, alarm_arn(scope, name))):
            return None
        return ReadyAlarm.of(scope, name, known, extra=self._service.settings.evaluation_range)

    def _breaches(self, store: StoreReader, one: ReadyAlarm, late: LateData, evaluated: int) -> Iterator[_Breach]:
        assert late.first is not None
        assert late.last is not None
        since, until = late.first - one.interval, min(evaluated, late.last + _reach(one) + one.interval)
        actual = self._actual(store, one, since)
        looks = list(self._looks(store, one, actual[0][1], since, until))
        would_be = stretches_in_alarm(
            ((look.at, look.step.record.state.state_value) for look in looks if look.step.transition is not None),
            until=until,
        )
        delay = self._service.settings.evaluation_delay
        was = stretches_in_alarm(((second - delay, value) for second, value in actual), until=evaluated)
        began = {look.at: look for look in looks}
        for stretch in untold(would_be, [*was, *(Stretch(*pair) for pair in late.told)]):
            transition = began[stretch.start].step.transition
            assert transition is not None
            assert transition.evaluation is not None
            behind = contribution(self._service, store, one.scope, one.known.alarm, transition.evaluation)
            yield _Breach(stretch, transition.evaluation, behind)

    def _looks(self, store: StoreReader, one: ReadyAlarm, value: StateValue, since: int, until: int) -> Iterator[Look]:
        """What the alarm would have done from `since` on, when it was in `value`, had all data been there."""
        standing = standing_of(store, one.scope, one.name, created_at=one.known.kept.created_at)
        state = msgspec.structs.replace(
            standing.state, state_value=value, updated_at=moment(since), transitioned_at=moment(since)
        )
        then = msgspec.structs.replace(standing, state=state)
        delay = self._service.settings.evaluation_delay
        return AlarmReading([one], start=since, end=until, now=until + delay).looks(store, one, then, delay=delay)

    def _actual(self, store: StoreReader, one: ReadyAlarm, since: int) -> list[tuple[int, StateValue]]:
        """The states that it really was in: the one at `since`, and the changes from then on, by time."""
        changes_of = partial(
            store.history.items, one.scope, alarm_name=one.name, item_type=HistoryItemType.STATE_UPDATE
        )
        before = changes_of(end=since * 1000, limit=1)
        after = changes_of(start=since * 1000, descending=False, limit=_MOST_CHANGES)
        first = _new_state(before[0][1].history_summary) if before else StateValue.INSUFFICIENT_DATA
        changes = [(second_of(item.timestamp), _new_state(item.history_summary)) for _, item in after]
        return [(since, first), *changes]


def _new_state(summary: str) -> StateValue:
    """The state in `Alarm updated from OK to ALARM` (AL-10.2)."""
    return StateValue(summary.rpartition(" ")[2])
