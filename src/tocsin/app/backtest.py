"""What alarms would have done on an archive: when, why, because of which records, and who would have been told.

Rule: the report depends on the records, the definitions and the span alone. Spec: IF-3, AL-6, AL-18, AL-19.4.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_data import EVENTS_KEPT, AlarmDataPlan
from tocsin.app.alarm_set import AlarmSet
from tocsin.app.audience import audience_of
from tocsin.app.backtest_report import AlarmResult, BacktestReport, Child, EventLine, Held, TransitionLine
from tocsin.app.metric_index import MetricIndex
from tocsin.app.replay import is_tied_to_the_clock
from tocsin.app.scan import compile_rules
from tocsin.app.timeline import actions_of, run_alarms
from tocsin.core.alarm.evaluation_range import evaluation_range
from tocsin.core.alarm.schedule import evaluation_interval, instants
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.alarm_condition import condition_text
from tocsin.core.event_time import format_time, parse_event_time
from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.message import AlarmMessage, MessageSettings, compose_alarm_message
from tocsin.core.notification.state_change import StateChange, TriggeringChild
from tocsin.core.topic import Subscription
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tocsin.app.alarm_data import AlarmData
    from tocsin.app.alarm_set import CompositeEntry, MetricAlarmEntry
    from tocsin.app.timeline import AlarmChange, Timeline
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.metric_history import HistoryPoint

_MINUTE = 60

_MOST_INSTANTS = 20_000_000
"""At how many instants an alarm may be evaluated that cannot jump over any: every minute of 38 years."""


class BacktestPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to evaluate. `data` says which records count; `extra` is the setting `alarm.evaluation_range`.

    `subscriptions` is None where nobody said who is subscribed.
    """

    data: AlarmDataPlan
    alarms: AlarmSet
    subscriptions: tuple[Subscription, ...] | None = None
    extra: int | None = None

    @property
    def reading(self) -> AlarmDataPlan:
        """`data` with all that these alarms have to know of the records."""
        is_finer = any(entry.alarm.period < _MINUTE for entry in self.alarms.metric_alarms)
        return msgspec.structs.replace(self.data, to_the_second=True) if is_finer else self.data


class Span(msgspec.Struct, frozen=True):
    """The span of a backtest: evaluation instants T with since < T <= until, in seconds since the epoch."""

    since: int
    until: int


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """The records behind one change: those that were kept, by time, and how many there were."""

    events: tuple[EventSummary, ...] = ()
    total: int = 0


class Backtest:
    """The evaluation of a plan over what was read. `timeline` holds every change, `span` from when to when."""

    def __init__(self, plan: BacktestPlan, data: AlarmData) -> None:
        self.plan = plan
        self._data = data
        self._index = MetricIndex(compile_rules(plan.data.rules), data)
        self.span = span_of(plan, data)
        _refuse_endless(plan, self.span)
        self.timeline: Timeline = run_alarms(
            plan.alarms, self._index.histories, since=self.span.since, until=self.span.until, extra=plan.extra
        )
        self._definitions: dict[str, MetricAlarm | CompositeAlarm] = {
            entry.alarm.alarm_name: entry.alarm for entry in plan.alarms.metric_alarms
        }
        self._definitions |= {entry.alarm.alarm_name: entry.alarm for entry in plan.alarms.composites}
        self._rules = {entry.alarm.alarm_name: entry.rule for entry in plan.alarms.metric_alarms}
        self._rules |= {entry.alarm.alarm_name: entry.rule for entry in plan.alarms.composites}

    def contribution(self, change: AlarmChange) -> Contribution:
        """The records in the slots that decided (IF-3); for a composite alarm those behind the children it names."""
        return self._contributions[id(change)]

    @cached_property
    def _contributions(self) -> dict[int, Contribution]:
        """The contributions to all changes of the timeline, by the identity of the change."""
        found: dict[int, Contribution] = {}
        latest: dict[str, Contribution] = {}
        for change in self.timeline.changes:
            if change.evaluation is not None:
                replay = self.timeline.replays[change.name]
                contribution = self._records(replay.contributing(change.evaluation))
            else:
                contribution = _together(latest[child.name] for child in _children(change) if child.name in latest)
            found[id(change)] = latest[change.name] = contribution
        return found

    def report(self, *, version: str, elapsed: Callable[[], float]) -> BacktestReport:
        """The report of IF-3. `elapsed` says how many seconds all of it took, once the rest is there."""
        lines: dict[str, list[TransitionLine]] = {}
        for change in self.timeline.changes:
            lines.setdefault(change.name, []).append(self._line(change, self.contribution(change)))
        alarms = [
            self._metric_result(entry, lines.get(entry.alarm.alarm_name, []))
            for entry in self.plan.alarms.metric_alarms
        ]
        alarms += [
            self._composite_result(entry, lines.get(entry.alarm.alarm_name, []))
            for entry in self.plan.alarms.composites
        ]
        ledger = self._data.ledger
        return BacktestReport(
            tocsin=version,
            from_=format_time(self.span.since),
            until=format_time(self.span.until),
            evaluations=sum(result.evaluations for result in self.timeline.results.values()),
            seconds=round(elapsed(), 3),
            files=ledger.files(),
            records=ledger.records(),
            bytes=ledger.bytes(),
            alarms=alarms,
            clock="delivery" if self.plan.data.as_delivered else "event",
            notes=list(self.plan.alarms.notes),
        )

    def last_ring(self, name: str) -> AlarmChange | None:
        """The last change of that alarm to ALARM; None when it never rang."""
        rings = [one for one in self.timeline.changes if one.name == name and one.new is StateValue.ALARM]
        return rings[-1] if rings else None

    def message(self, change: AlarmChange, settings: MessageSettings) -> AlarmMessage:
        """What the alarm would have published for a change (AL-17)."""
        contribution = self.contribution(change)
        scope, created_at = self.plan.alarms.scope, moment(self.span.since)
        if change.evaluation is not None:
            told = StateChange.of_evaluation(change.evaluation, scope=scope, configuration_updated_at=created_at)
        else:
            told = StateChange(
                scope=scope,
                configuration_updated_at=created_at,
                old=change.old,
                new=change.new,
                reason=change.reason,
                at=moment(change.at),
                children=tuple(
                    TriggeringChild(
                        arn=scope.arn(child.name),
                        state=change.children[child.name].state_value,
                        at=change.children[child.name].transitioned_at,
                    )
                    for child in _children(change)
                ),
            )
        return compose_alarm_message(
            self._definitions[change.name],
            told,
            events=contribution.events,
            event_count=contribution.total,
            rule=self._rules[change.name],
            settings=settings,
        )

    # ------------------------------------------------------------ one alarm

    def _metric_result(self, entry: MetricAlarmEntry, lines: list[TransitionLine]) -> AlarmResult:
        alarm, rule = entry.alarm, entry.rule
        result = self.timeline.results[alarm.alarm_name]
        sources = self.timeline.replays[alarm.alarm_name].sources
        cells = self._index.cells(point for _, history in sources for point in history.points)
        return AlarmResult(
            name=alarm.alarm_name,
            final=lines[-1].to if lines else StateValue.INSUFFICIENT_DATA.value,
            time_in=self._time_in(lines),
            transitions=lines,
            kind="metric",
            title=rule.title,
            severity=rule.severity.value if rule.title else "",
            why=rule.why,
            runbook=rule.runbook,
            condition=condition_text(alarm),
            comparison=alarm.comparison_operator.value,
            threshold=alarm.threshold,
            period=alarm.period,
            evaluation_range=result.evaluation_range,
            matches=sum(cell.count for cell in cells),
            series=[(format_time(_shown(start)), value) for start, value in result.series],
        )

    def _composite_result(self, entry: CompositeEntry, lines: list[TransitionLine]) -> AlarmResult:
        alarm, rule = entry.alarm, entry.rule
        return AlarmResult(
            name=alarm.alarm_name,
            final=lines[-1].to if lines else StateValue.INSUFFICIENT_DATA.value,
            time_in=self._time_in(lines),
            transitions=lines,
            kind="composite",
            title=rule.title,
            severity=rule.severity.value if rule.title else "",
            why=rule.why,
            runbook=rule.runbook,
            condition=alarm.alarm_rule.source,
        )

    def _time_in(self, lines: Sequence[TransitionLine]) -> dict[str, float]:
        """Seconds in each state; they add up to until - since."""
        spent = dict.fromkeys((state.value for state in StateValue), 0.0)
        state, since = StateValue.INSUFFICIENT_DATA.value, format_time(self.span.since)
        for line in lines:
            spent[state] += _seconds_between(since, line.at)
            state, since = line.to, line.at
        spent[state] += _seconds_between(since, format_time(self.span.until))
        return spent

    # ------------------------------------------------------------ one change

    def _line(self, change: AlarmChange, contribution: Contribution) -> TransitionLine:
        alarm = self._definitions[change.name]
        actions = actions_of(alarm, change.new)
        ran = change.run is not None
        audience = audience_of(
            actions,
            change.new,
            self.plan.subscriptions,
            enabled=alarm.actions_enabled,
            held_by="" if ran else change.held_by,
        )
        shown = contribution.events[:EVENTS_KEPT]
        held = None
        if change.held_by and change.run is None:
            held = Held(by=change.held_by)
        elif change.held_by and change.run is not None and change.run.at != change.at:
            held = Held(by=change.held_by, ran_at=format_time(change.run.at))
        return TransitionLine(
            at=format_time(change.at),
            from_=change.old.value,
            to=change.new.value,
            reason=change.reason,
            datapoints=None if change.evaluation is None else _points(change),
            children=None if change.composite is None else _children(change),
            events=[event.event_id for event in shown],
            events_omitted=contribution.total - len(shown),
            actions=list(actions) if ran else [],
            notified=list(audience.notified),
            not_notified=audience.not_notified,
            why="" if change.evaluation is None else change.evaluation.rule,
            held=held,
            details=[event_line(event) for event in shown],
        )

    def _records(self, points: Iterable[HistoryPoint]) -> Contribution:
        cells = self._index.cells(points)
        events = _distinct(event for cell in cells for event in cell.events)
        if all(cell.count == len(cell.events) for cell in cells):
            return Contribution(events=tuple(events), total=len(events))
        return Contribution(events=tuple(events), total=sum(cell.count for cell in cells))


def span_of(plan: BacktestPlan, data: AlarmData) -> Span:
    """From when to when: as asked, else the archive's own span and the longest evaluation range behind it (IF-3).

    What would lie outside the years 1 to 9999 is cut off; an archive without records has no span of its own.
    """
    ledger, selection = data.ledger, plan.data.selection
    since, until = selection.since, selection.until
    if since is None:
        empty = 0 if until is None else until
        since = empty if ledger.first is None else ledger.first // _MINUTE * _MINUTE
    if until is None:
        last = since if ledger.last is None else (ledger.last // _MINUTE + 1) * _MINUTE
        longest = max(
            (
                entry.alarm.period
                * evaluation_range(
                    entry.alarm.evaluation_periods,
                    entry.alarm.period,
                    plan.extra,
                    wall_clock=entry.alarm.wall_clock is not None,
                )
                for entry in plan.alarms.metric_alarms
            ),
            default=0,
        )
        until = max(last, since) + longest
    since = _shown(since)
    return Span(since, max(since, _shown(until)))


def _shown(second: int) -> int:
    """The second, or the nearest one that has a date."""
    return second_of(moment(second))


def _refuse_endless(plan: BacktestPlan, span: Span) -> None:
    """InputError for an alarm that would be evaluated without an end: at every instant of a span of centuries."""
    for entry in plan.alarms.metric_alarms:
        alarm = entry.alarm
        every = instants(span.since, span.until, evaluation_interval(alarm))
        if len(every) > _MOST_INSTANTS and is_tied_to_the_clock(alarm):
            raise InputError(
                f"{alarm.alarm_name} depends on the clock and would be evaluated at every instant from "
                f"{format_time(span.since)} to {format_time(span.until)}",
                hint="take a shorter span (--since, --until)",
            )


def _together(contributions: Iterable[Contribution]) -> Contribution:
    """What stands behind a composite alarm: the records behind its children, each once."""
    several = list(contributions)
    events = _distinct(event for one in several for event in one.events)
    return Contribution(events=tuple(events), total=max(len(events), sum(one.total for one in several)))


def _distinct(events: Iterable[EventSummary]) -> list[EventSummary]:
    """Each record once, by time."""
    found = {(event.event_id, event.second, event.event_name): event for event in events}
    return sorted(found.values(), key=lambda event: (event.second, event.event_id, event.event_name))


def _seconds_between(start: str, end: str) -> float:
    first, last = parse_event_time(start), parse_event_time(end)
    assert first is not None
    assert last is not None
    return float(last - first)


def _points(change: AlarmChange) -> list[tuple[str, float]]:
    assert change.evaluation is not None
    return [(format_time(second_of(start)), value) for start, value in change.evaluation.points]


def _children(change: AlarmChange) -> list[Child]:
    assert change.composite is not None
    named = msgspec.json.decode(change.composite.reason_data)["triggeringAlarms"]
    names = [one["arn"].partition(":alarm:")[2] for one in named]
    return [
        Child(
            name=name,
            state=change.children[name].state_value.value,
            since=format_time(second_of(change.children[name].transitioned_at)),
        )
        for name in names
    ]


def event_line(event: EventSummary) -> EventLine:
    """A record as reports show it (AL-19.1)."""
    return EventLine(
        id=event.event_id,
        at=format_time(event.second),
        event=event.event_name,
        source=event.event_source,
        error=event.error_code or event.error_message,
        who=event.who,
        address=event.source_address,
        agent=event.user_agent,
        account=event.account,
        region=event.region,
        resource=event.resource,
    )
