"""Whether an alarm sees what its filters publish, and what it makes of it.

Spec: FP-13.15, FP-13.16, detections.md 10.3, AL-5.4, AL-7.c, AL-19.2, AL-19.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.alarm_condition import comparison_text
from tocsin.core.alarm_life import ring_text
from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.reach import plain_number, reach_of, stays_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.lint.feed import Feed, Feeds
    from tocsin.core.metric import MetricKey
    from tocsin.core.rule import KeyPath

_SHOWN = 3


def lint_data(alarm: MetricAlarm, feeds: Feeds, *, extra: int | None = None) -> Iterator[Observation]:
    """Observations about one metric alarm and the filters that feed it; none where no filter does."""
    alarm = _plain(alarm)
    if alarm.key is None:
        yield from _math(alarm, feeds)
        return
    named = feeds.named(alarm.key)
    if not named:
        return
    names = tuple(name for name, _ in alarm.key.dimensions)
    if all(feed.dimensions != names for feed in named):
        yield _unseen(alarm.key, named)
        return
    seen = feeds.of(alarm.key)
    units = list(dict.fromkeys(feed.unit for feed in seen))
    if alarm.unit is not None and alarm.unit not in units:
        yield _unit(alarm.unit, units)
        return
    seen = [feed for feed in seen if alarm.unit in (None, feed.unit)]
    yield from _statistic(alarm, seen)
    threshold = _threshold(alarm, seen)
    if threshold is not None:
        yield threshold
    if threshold is None or threshold.severity is not Severity.ERROR:
        yield from _missing(alarm, seen, extra)


def _plain(alarm: MetricAlarm) -> MetricAlarm:
    """The same alarm without `Metrics`, where these are a single metric and no expression."""
    stat = alarm.metrics[0].metric_stat if len(alarm.metrics) == 1 else None
    if stat is None:
        return alarm
    return msgspec.structs.replace(alarm, key=stat.key, statistic=stat.stat, unit=stat.unit, metrics=())


def _math(alarm: MetricAlarm, feeds: Feeds) -> Iterator[Observation]:
    """An expression over a metric that does not exist in quiet times (FP-13.15)."""
    if alarm.missing_data is TreatMissingData.NOT_BREACHING:
        return
    sparse = [key.metric_name for key in alarm.keys if (fed := feeds.of(key)) and _is_sparse(fed)]
    if sparse:
        yield observe(
            "no-default",
            0,
            f"no filter of {_listed(list(dict.fromkeys(sparse)))} has a default value: without a match there is no"
            " point, and an expression takes it for 0 only where another of its metrics has one",
            hint="FILL(m1, 0) in the expression, or TreatMissingData: notBreaching",
            key=("alarm", "Metrics"),
        )


def _unseen(key: MetricKey, named: Sequence[Feed]) -> Observation:
    """The metric is published with other dimensions than those that the alarm asks for (AL-1.1)."""
    asked = [name for name, _ in key.dimensions]
    published = list(dict.fromkeys(feed.dimensions for feed in named))
    shown = " or ".join(f"with {', '.join(names)}" if names else "without dimensions" for names in published[:_SHOWN])
    metric = f"{key.namespace}/{key.metric_name}"
    place: KeyPath = ("alarm", "Dimensions")
    if asked:
        message = f"{metric} is published {shown}, the alarm asks for {', '.join(asked)}: it never sees data"
        return observe(
            "dimension-unseen", 0, message, hint="dimensions have to be exactly those of the filter", key=place
        )
    return observe(
        "dimension-unseen",
        0,
        f"{metric} is published {shown}, the alarm asks for none: it sees no match whose dimensions have values",
        hint="metrics with dimensions do not add up: name dimensions and values here, or take them out of the filter",
        severity=Severity.WARNING,
        key=place,
    )


def _unit(unit: str, units: Sequence[str]) -> Observation:
    return observe(
        "alarm-unit",
        0,
        f"the alarm sees data of the unit {unit} alone, and the filter publishes {' and '.join(units[:_SHOWN])}:"
        " it never sees data, and units do not convert",
        hint="leave Unit out, or give the filter's metricTransformation that unit",
        key=("alarm", "Unit"),
    )


# ---------------------------------------------------------------- statistic and threshold


def _statistic(alarm: MetricAlarm, seen: Sequence[Feed]) -> Iterator[Observation]:
    """A statistic that does not count matches (FP-13.16)."""
    assert alarm.statistic is not None
    statistic = alarm.statistic
    values = {feed.value for feed in seen}
    constant = next(iter(values)) if len(values) == 1 else None
    place: KeyPath = ("alarm", "ExtendedStatistic" if statistic.needs_weights else "Statistic")
    hint = "Sum counts the matches"
    if constant is not None and stays_between(statistic):
        value = plain_number(constant)
        defaults = [feed.default for feed in seen if feed.default is not None]
        between = (
            f", with the default value something between {plain_number(min(defaults))} and {value}" if defaults else ""
        )
        message = (
            f"the filter publishes {value} for each match, so {statistic.source} does not count them:"
            f" it is {value} for one as for a thousand{between}"
        )
        yield observe("statistic", 0, message, hint=hint, key=place)
    elif statistic.name == "SampleCount" and not _is_sparse(seen):
        message = "SampleCount counts the default values of quiet minutes like matches"
        yield observe("statistic", 0, message, hint=hint, key=place)


def _threshold(alarm: MetricAlarm, seen: Sequence[Feed]) -> Observation | None:
    """A threshold that no data reach, or that all data do, by what the filters publish (AL-19.8)."""
    reach = reach_of(alarm, seen)
    if reach is None:
        return None
    assert alarm.statistic is not None
    assert alarm.threshold is not None
    what = f"the {alarm.statistic.source} of what the filter publishes is {reach.text}"
    said = f"{what}; the alarm asks for {comparison_text(alarm.comparison_operator)} {plain_number(alarm.threshold)}"
    place: KeyPath = ("alarm", "Threshold")
    if not reach.can_breach(alarm.comparison_operator, alarm.threshold):
        # Absence may still ring it: an alarm on something that has to happen.
        if alarm.missing_data is TreatMissingData.BREACHING:
            return None
        hint = "choose a threshold that the values reach"
        if _is_lower(alarm) and _is_sparse(seen):
            hint = "a quiet period has no data, not 0: TreatMissingData: breaching rings when nothing matches"
        return observe("alarm-threshold", 0, f"{said}: it can never ring", hint=hint, key=place)
    if reach.can_hold_back(alarm.comparison_operator, alarm.threshold) or _is_sparse(seen):
        return None
    return observe(
        "alarm-threshold",
        0,
        f"{said}: every period with data breaches, also one without a match",
        hint="choose a threshold that the default value does not reach",
        severity=Severity.WARNING,
        key=place,
    )


def _is_lower(alarm: MetricAlarm) -> bool:
    return alarm.comparison_operator in {Comparison.LESS_THAN, Comparison.LESS_THAN_OR_EQUAL}


# ---------------------------------------------------------------- missing data


def _missing(alarm: MetricAlarm, seen: Sequence[Feed], extra: int | None) -> Iterator[Observation]:
    treat = alarm.missing_data
    if treat is TreatMissingData.NOT_BREACHING or (treat is TreatMissingData.BREACHING and _is_lower(alarm)):
        return  # the second is how absence is made to ring
    place: KeyPath = ("alarm", "TreatMissingData")
    if not _is_sparse(seen):
        if treat is not TreatMissingData.BREACHING:
            yield _blind(treat, place)
        return
    reach = reach_of(alarm, seen)
    assert alarm.threshold is not None
    ends = reach is None or reach.can_hold_back(alarm.comparison_operator, alarm.threshold)
    for_ever = treat is TreatMissingData.IGNORE and not ends
    given = "" if alarm.treat_missing_data is not None else " (the default)"
    yield observe(
        "alarm-missing",
        0,
        f"the filter publishes nothing without a match, and TreatMissingData is {treat.value}{given}."
        f" {ring_text(alarm, extra=extra)}{' Every match breaches, so that is for ever.' if for_ever else ''}",
        hint="TreatMissingData: notBreaching takes a quiet period for a good one",
        key=place,
    )
    for name in ("OKActions", "InsufficientDataActions"):
        if alarm.actions(name):
            yield _noise(name, treat)


def _blind(treat: TreatMissingData, place: KeyPath) -> Observation:
    end = "goes to INSUFFICIENT_DATA" if treat is TreatMissingData.MISSING else "stays as it is, also in ALARM"
    return observe(
        "default-blind",
        0,
        f"the default value is published only while the log group gets records; when it gets none the alarm {end}",
        hint="TreatMissingData: notBreaching takes a quiet period for a good one",
        key=place,
    )


def _noise(name: str, treat: TreatMissingData) -> Observation:
    """Actions that tell of gaps in the data and not of what happens (AL-19.2)."""
    if name == "OKActions":
        message = (
            "a metric without data in quiet times seldom comes back to OK, so OKActions do not tell that it is over"
        )
    elif treat is TreatMissingData.MISSING:
        message = (
            "each time that the last match leaves the range InsufficientDataActions run: they tell that nothing happens"
        )
    else:
        message = (
            f"under {treat.value} the alarm does not come to INSUFFICIENT_DATA, so InsufficientDataActions never run"
        )
    hint = "take them out, or set TreatMissingData: notBreaching, which ends in OK"
    return observe("alarm-noise", 0, message, hint=hint, key=("alarm", name))


# ---------------------------------------------------------------- words


def _is_sparse(seen: Sequence[Feed]) -> bool:
    return all(feed.default is None for feed in seen)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
