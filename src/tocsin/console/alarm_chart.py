"""The chart of one alarm: its metric with what decided, its states, mutes and acknowledgements. Spec: CON-5.2."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.acknowledgement import acknowledgements_of
from tocsin.app.alarm_evidence import DecidedSlot
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_record import AlarmStanding
from tocsin.app.alarm_series import anchor_of, series_of, states_of
from tocsin.console.charts import (
    DecidingEvaluation,
    Figure,
    MetricChart,
    MetricWords,
    Side,
    Slot,
    StateSpan,
    Window,
    metric_figure,
    window_to,
)
from tocsin.console.moment import duration_text
from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.evaluation import Evaluation
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.alarm_condition import comparison_text, span_text
from tocsin.core.decision_words import missing_words, threshold_words

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.console.visit import Visit
    from tocsin.core.alarm.state import StateValue

WINDOWS: Final = {"1h": 3_600, "3h": 10_800, "24h": 86_400, "7d": 604_800}
"""What a chart may show, in seconds."""

USUAL: Final = "3h"

_MINUTE: Final = 60

# Windows of one mute rule that are drawn.
_MOST_MUTES: Final = 100

# Statistics that count something are drawn from nought.
_COUNTS: Final = frozenset({"Sum", "SampleCount"})


class ChartInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart shows beside the data: the alarm, the evaluation that decided, its slots, and where data lead."""

    alarm: MetricAlarm
    standing: AlarmStanding
    created_at: datetime
    deciding: Evaluation | None = None
    slots: tuple[DecidedSlot, ...] = ()
    events_at: str = ""


def alarm_figure(visit: Visit, store: StoreReader, given: ChartInput, *, window: str, by_minute: bool) -> Figure:
    """The chart of a metric alarm over one of `WINDOWS`; with `by_minute` each minute by itself."""
    alarm = given.alarm
    now = second_of(visit.at)
    zone = visit.clock.zone
    shown = window_to(now, WINDOWS[window], zone)
    period = _MINUTE if by_minute else alarm.period
    anchor = anchor_of(given.deciding.at if given.deciding is not None else None, now)
    series = series_of(
        visit.service,
        visit.scope,
        alarm,
        start=shown.start,
        end=min(shown.end, now + period),
        anchor=anchor,
        period=period,
    )
    decided = {} if by_minute else {second_of(slot.start): slot for slot in given.slots}
    fills = alarm.missing_data is TreatMissingData.BREACHING
    states = states_of(
        store,
        visit.scope,
        alarm.alarm_name,
        given.standing,
        start=max(shown.start, second_of(given.created_at)),
        end=shown.end,
        now=now,
    )
    changes = {state.start: state.state for state in states[1:]}
    slots = []
    for one in series:
        then = decided.get(one.start)
        is_open = one.end > now
        note = _note(visit, changes, one.start, one.end, is_open=is_open)
        slots.append(
            Slot(
                start=one.start,
                end=one.end,
                value=one.value,
                decided=then.value if then is not None and then.differs else None,
                is_breaching=one.is_breaching,
                is_fill=(then is not None and then.is_fill and fills),
                is_late=then is not None and then.value is None and one.value is not None,
                lower=one.lower,
                upper=one.upper,
                href=given.events_at if one.value else "",
                note=note,
            )
        )
    return metric_figure(
        MetricChart(
            window=shown,
            slots=tuple(slots),
            now=now,
            words=_words(visit, given, period),
            zone=zone,
            threshold=alarm.threshold,
            side=side_of(alarm.comparison_operator),
            is_count=alarm.statistic is not None and alarm.statistic.source in _COUNTS,
            decision=_decision(given, alarm.period) if not by_minute else None,
            states=tuple(StateSpan(one.start, one.end, one.state.value) for one in states),
            muted=_muted(visit, store, alarm.alarm_name, shown),
            acknowledged=tuple(second_of(one.at) for one in acknowledgements_of(store, visit.scope, alarm.alarm_name)),
        )
    )


def side_of(comparison: Comparison) -> Side:
    """On which side of its threshold an alarm breaches."""
    if comparison in {Comparison.LESS_THAN, Comparison.LESS_THAN_OR_EQUAL, Comparison.BELOW_BAND}:
        return Side.BELOW
    return Side.BOTH if comparison is Comparison.OUTSIDE_BAND else Side.ABOVE


def _muted(visit: Visit, store: StoreReader, name: str, window: Window) -> tuple[tuple[int, int], ...]:
    """When mute rules, as they are now, held the alarm's actions within a window."""
    rules = visit.service.part(AlarmNetworks).of(store, visit.scope).mutes.get(name, ())
    since, until = moment(window.start), moment(window.end)
    return tuple(
        (second_of(one.start), second_of(one.end))
        for rule, zone in rules
        for one in islice(rule.windows(zone, since=since, until=until), _MOST_MUTES)
    )


def _note(visit: Visit, changes: dict[int, StateValue], start: int, end: int, *, is_open: bool) -> str:
    """What the readout of a slot ends with: the change that followed when it was complete, or that it is not."""
    at = next((at for at in sorted(changes) if start < at <= end + _MINUTE and at >= end), None)
    if at is not None:
        return f"decided {changes[at].value} at {visit.clock.text(moment(at), seconds=at % 60 != 0)}"
    return "slot not over yet" if is_open else ""


def _words(visit: Visit, given: ChartInput, period: int) -> MetricWords:
    alarm = given.alarm
    name = alarm.key.metric_name if alarm.key is not None else alarm.alarm_name
    statistic = alarm.statistic.source if alarm.statistic is not None else "Value"
    span = span_text(period)
    short = duration_text(period)
    limit = "" if alarm.threshold is None else f"{comparison_text(alarm.comparison_operator)} {alarm.threshold:g}"
    is_plain_count = statistic in _COUNTS and alarm.unit in (None, "Count", "None")
    decided = "" if given.deciding is None else f"at {visit.clock.text(given.deciding.at, seconds=False)}"
    return MetricWords(
        metric=f"{statistic} of {name} in {span}",
        short=f"{statistic} in {short}",
        one="event" if is_plain_count and given.events_at else "",
        many="events" if is_plain_count and given.events_at else "",
        threshold=threshold_words(alarm),
        limit=limit,
        missing=f"no data, {missing_words(alarm)}",
        decided_at=decided,
    )


def _decision(given: ChartInput, period: int) -> DecidingEvaluation | None:
    if given.deciding is None or given.alarm.wall_clock is not None:
        return None
    return DecidingEvaluation(
        at=second_of(given.deciding.at),
        period=period,
        looked_at=given.deciding.evaluation_range,
        evaluated=given.alarm.evaluation_periods,
    )
