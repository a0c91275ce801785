"""What the alarm form shows beside the form: in words, what it would have done, who hears of it. Spec: CON-4.8.

Rule: a preview while somebody types costs a fraction of one that is asked for by a button; saving never waits for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.alarm_event import FeedingFilters
from tocsin.app.alarm_preview import DAYS, preview_alarm
from tocsin.app.alarm_price import metric_alarm_price
from tocsin.app.alarm_reach import ReachSurvey
from tocsin.app.alarm_set import find_zone
from tocsin.app.metric_filter import FILTERS
from tocsin.console.alarm_form import FIELD_OF, parameters_of, problems_of
from tocsin.console.charts import MetricChart, MetricWords, Side, Slot, StateSpan, Window, metric_figure
from tocsin.console.moment import from_epoch
from tocsin.core.alarm.comparison import Comparison, static_test
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm_condition import comparison_text, span_text
from tocsin.core.alarm_words import alarm_words
from tocsin.core.decision_words import threshold_words
from tocsin.core.lint.alarm import RuleAlarm, lint_alarms
from tocsin.core.quantity import count_text
from tocsin.core.rule import Rule
from tocsin.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.alarm_preview import Preview, Ring
    from tocsin.app.store_port import StoreReader
    from tocsin.console.charts import Figure
    from tocsin.console.visit import Visit
    from tocsin.core.lint import Observation
    from tocsin.core.metric_filter import CompiledFilter

MOST_RINGS: Final = 8
"""Rings that are listed one by one."""

_LIVE: Final = (24, 0.2)
_ASKED: Final = (150, 0.8)

_BELOW: Final = frozenset({Comparison.LESS_THAN, Comparison.LESS_THAN_OR_EQUAL})
_COUNTS: Final = frozenset({"Sum", "SampleCount"})
_MISSING_WORDS: Final = {
    TreatMissingData.NOT_BREACHING: "no data, counts as fine",
    TreatMissingData.BREACHING: "no data, counts as breaching",
}


class RingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One time in ALARM. `told` is what happened in a sentence, `more` how many more events there were."""

    at: datetime
    seconds: int | None
    told: str
    more: int


class ActorRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was behind rings; `exclude` is the address of the filter editor without them, empty for none."""

    actor: str
    rings: int
    exclude: str


def alarm_of(fields: Mapping[str, str], *, name: str) -> MetricAlarm | dict[str, str]:
    """The alarm that the form stands for, or what is wrong with it by field, in AWS's words where they are AWS's."""
    problems = problems_of(fields, name=name)
    if problems:
        return problems
    try:
        return MetricAlarm.from_aws(parameters_of(fields, name=name), zones=find_zone)
    except AlarmError as error:
        field = FIELD_OF.get(error.parameter.partition(".")[0], "")
        return {field: error.message}


def trial_context(visit: Visit, fields: Mapping[str, str], *, name: str, is_new: bool, is_live: bool) -> dict[str, Any]:
    """Everything that the preview's part of the page shows."""
    made = alarm_of(fields, name=name or "new-alarm")
    if not isinstance(made, MetricAlarm):
        return {"faults": made, "words": [], "preview": None}
    blocks, seconds = _LIVE if is_live else _ASKED
    preview: Preview | None = None
    unread = ""
    try:
        preview = preview_alarm(visit.service, visit.scope, made, blocks=blocks, seconds=seconds)
    except StoreError as error:  # of what is known without them nothing is held back
        unread = error.message
    with visit.service.store.read() as store:
        feeding = visit.service.part(FeedingFilters).of(store, visit.scope, made.keys)
        reach = ReachSurvey(visit.service, store, visit.scope, now=visit.service.now_ms()).of(made)
        warnings = _warnings(visit, store, made, fields)
        price = metric_alarm_price(store, visit.scope, made)
    has_default = any(one.transformation.default_value is not None for several in feeding.values() for one in several)
    extra = visit.service.settings.evaluation_range
    return {
        "faults": {},
        "words": alarm_words(made, has_default=has_default, is_new=is_new, extra=extra),
        "preview": preview,
        "unread": unread,
        "days": DAYS,
        "rings": [] if preview is None else [_ring(one, preview) for one in reversed(preview.rings[-MOST_RINGS:])],
        "actors": [] if preview is None else _actors(visit, preview, feeding),
        "figure": None if preview is None else _figure(visit, made, preview),
        "since": None if preview is None else from_epoch(preview.since * 1000),
        "reach": reach,
        "warnings": warnings,
        "price": price,
    }


# ---------------------------------------------------------------- what it would have done


def _ring(one: Ring, preview: Preview) -> RingRow:
    told = one.events[0].sentence if one.events else ""
    return RingRow(
        at=from_epoch(one.at * 1000),
        seconds=(preview.until if one.until is None else one.until) - one.at,
        told=told,
        more=max(0, one.matches - 1),
    )


def _actors(visit: Visit, preview: Preview, feeding: Mapping[str, Sequence[CompiledFilter]]) -> list[ActorRow]:
    """Those who were behind rings. An exclusion belongs into the filter, so there has to be one, and one alone."""
    places = [f"{group}:{one.definition.filter_name}" for group, several in feeding.items() for one in several]
    rows = []
    for share in preview.actors[:3]:
        is_possible = len(places) == 1 and share.clause
        exclude = visit.url("filters", places[0], exclude=share.clause) if is_possible else ""
        rows.append(ActorRow(actor=share.actor, rings=share.rings, exclude=exclude))
    return rows


def _figure(visit: Visit, alarm: MetricAlarm, preview: Preview) -> Figure | None:
    if not preview.slots or alarm.statistic is None or alarm.threshold is None:
        return None
    breaches, limit = static_test(alarm.comparison_operator), alarm.threshold
    width = preview.slot_seconds
    slots = tuple(
        Slot(
            start=start,
            end=start + width,
            value=value,
            is_breaching=value is not None and breaches(value, limit),
            href="" if value is None else "#rings",
        )
        for start, value in preview.slots
    )
    name = alarm.statistic.source
    return metric_figure(
        MetricChart(
            window=Window(preview.since, preview.until),
            slots=slots,
            now=preview.until,
            words=MetricWords(
                metric=f"{name} of {alarm.key.metric_name if alarm.key else ''} in {span_text(alarm.period)}",
                short=f"{name} in {span_text(alarm.period)}",
                threshold=threshold_words(alarm),
                limit=f"{comparison_text(alarm.comparison_operator)} {count_text(alarm.threshold)}",
                missing=_MISSING_WORDS.get(alarm.missing_data, "no data"),
            ),
            zone=visit.clock.zone,
            threshold=alarm.threshold,
            side=Side.BELOW if alarm.comparison_operator in _BELOW else Side.ABOVE,
            is_count=name in _COUNTS,
            states=tuple(StateSpan(start, end, state.value) for start, end, state in preview.states),
        )
    )


# ---------------------------------------------------------------- warnings, not walls


def _warnings(visit: Visit, store: StoreReader, alarm: MetricAlarm, fields: Mapping[str, str]) -> list[Observation]:
    """What the lints say about the alarm beside the filters that are there (CON-4.8)."""
    filters = [kept.filter for _, kept in FILTERS.scan(store, visit.scope)]
    rule = Rule(id=alarm.alarm_name, name=alarm.alarm_name, alarm=parameters_of(fields, name=alarm.alarm_name))
    found = lint_alarms([RuleAlarm(rule=rule, alarm=alarm)], filters, extra=visit.service.settings.evaluation_range)
    return [one for _, one in found if one.name != "chain"]  # who hears is told in full beside it
