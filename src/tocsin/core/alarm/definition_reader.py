"""PutMetricAlarm parameters -> MetricAlarm. Rule: what is accepted is evaluated; what is not is refused by name.

First the model (types, lengths, enumerations, all violations at once), then what members mean
together, one error at a time. Spec: AL-5.2, AL-5.3, AL-5.6 to AL-5.10, AL-11.5, AL-15.1, AL-16.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from tocsin.core.alarm.action import check_actions, read_actions
from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.alarm.definition import (
    EvaluationWindow,
    MetricAlarm,
    MetricDataQuery,
    TagsPropagation,
    WarmUp,
)
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.parameter import ParameterReader, refuse_violations
from tocsin.core.alarm.query_reader import MOST_QUERIES, check_queries, parse_statistic, read_key, read_query
from tocsin.core.alarm.tag import read_tags
from tocsin.core.alarm.zone import offset_zone
from tocsin.core.metric import UNITS
from tocsin.core.statistic import PLAIN_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.statistic import Statistic

ZoneResolver = Callable[[str], tzinfo | None]
"""The time zone of an IANA name, None when there is none of that name."""

DESCRIBED = (
    *("AlarmArn", "AlarmConfigurationUpdatedTimestamp", "StateValue", "StateReason", "StateReasonData"),
    *("StateUpdatedTimestamp", "StateTransitionedTimestamp", "EvaluationState"),
)
"""What DescribeAlarms adds to the parameters of an alarm."""

_HIGH_RESOLUTION = (10, 20, 30)
_WALL_CLOCK_PERIODS = (60, 300, 3600, 86_400, 604_800)
_DAY, _WEEK, _HOUR = 86_400, 604_800, 3600
_LOW_SAMPLE_OPTIONS = ("evaluate", "ignore")

# Partition, service and resource are never empty; region and account may be.
_SCALING = re.compile(r"arn:[^:]*:(?:autoscaling|application-autoscaling):")
_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{0,63}\Z")

# What belongs to the metric itself, and therefore not beside a list of queries.
_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")


def read_alarm(parameters: Mapping[str, Any], *, zones: ZoneResolver | None = None) -> MetricAlarm:
    """The alarm that these parameters of PutMetricAlarm define; see `MetricAlarm.from_aws`. Raises AlarmError."""
    reader = ParameterReader(parameters)
    reader.pass_over(DESCRIBED)
    _refuse_other_kinds(reader)
    alarm_name = reader.text("AlarmName", least=1, most=255, required=True)
    description = reader.text("AlarmDescription", most=1024)
    enabled = reader.boolean("ActionsEnabled", default=True)
    actions = read_actions(reader)
    n = reader.whole("EvaluationPeriods", least=1, required=True)
    m = reader.whole("DatapointsToAlarm", least=1)
    operator = reader.text("ComparisonOperator", words=[*Comparison], required=True)
    threshold, band = reader.number("Threshold"), reader.text("ThresholdMetricId", least=1, most=255)
    treat = reader.text("TreatMissingData", words=[*TreatMissingData])
    low_sample = reader.text("EvaluateLowSampleCountPercentile")
    unit, period = reader.text("Unit", words=UNITS), reader.whole("Period", least=1)
    plain = reader.text("Statistic", words=PLAIN_STATISTICS)
    extended = reader.text("ExtendedStatistic", least=1)
    key = read_key(reader)
    queries = [read_query(one) for one in reader.records("Metrics", most=MOST_QUERIES)]
    tags = read_tags(reader)
    window, warm_up = _read_window(reader, zones), _read_warm_up(reader)
    propagation = _read_propagation(reader)
    reader.refuse_unknown()
    refuse_violations(reader.violations)
    # With no violation left, what is required is there.
    assert alarm_name is not None
    assert n is not None
    assert operator is not None
    metrics = tuple(query for query in queries if query is not None)
    check_actions(actions)
    comparison = Comparison(operator)
    _check_threshold(comparison, threshold, band)
    if queries:
        period = _check_math(reader, metrics, band)
        statistic = None
    else:
        period, statistic = _check_metric(reader, period, plain, extended)
    _check_low_sample(low_sample, statistic)
    _check_periods(period, n, m)
    if comparison.needs_band:
        _check_anomaly(period, actions)
    _check_window(window, period)
    return MetricAlarm(
        alarm_name=alarm_name,
        alarm_description=description,
        actions_enabled=enabled,
        ok_actions=actions["OKActions"],
        alarm_actions=actions["AlarmActions"],
        insufficient_data_actions=actions["InsufficientDataActions"],
        key=key,
        statistic=statistic,
        period=period,
        unit=unit,
        evaluation_periods=n,
        datapoints_to_alarm=m,
        threshold=threshold,
        threshold_metric_id=band,
        comparison_operator=comparison,
        treat_missing_data=None if treat is None else TreatMissingData(treat),
        evaluate_low_sample_count_percentile=low_sample,
        metrics=metrics,
        evaluation_window=window,
        warm_up=warm_up,
        tags_propagation=propagation,
        tags=tags,
    )


def _refuse_other_kinds(reader: ParameterReader) -> None:
    """Kinds of alarms that are never stored and left unevaluated (AL-16.6)."""
    if reader.has("EvaluationCriteria") or reader.has("EvaluationInterval"):
        raise AlarmError(
            "PromQL alarms are not supported by Tocsin.",
            parameter="EvaluationCriteria" if reader.has("EvaluationCriteria") else "EvaluationInterval",
            hint="use MetricName with a Statistic, or Metrics with metric math",
        )
    for name in ("ScheduledQueryConfiguration", "QueryResultsToEvaluate", "QueryResultsToAlarm"):
        if reader.has(name):
            raise AlarmError(
                "Log alarms are not supported by Tocsin.",
                parameter=name,
                hint="use a metric filter with an alarm; its notification carries the events that made it ring",
            )


def _read_window(reader: ParameterReader, zones: ZoneResolver | None) -> EvaluationWindow | None:
    window = reader.record("EvaluationWindow")
    if window is None:
        return None
    sliding, clock = window.record("SlidingWindow"), window.record("WallClockWindow")
    window.refuse_unknown()
    if sliding is not None:
        sliding.refuse_unknown()
    if clock is None:
        return EvaluationWindow()
    timezone = clock.text("Timezone", least=1, most=64)
    clock.refuse_unknown()
    if sliding is not None:
        raise AlarmError(
            "Exactly one of SlidingWindow and WallClockWindow must be set.",
            parameter="EvaluationWindow",
            hint="leave out the one that you do not mean",
        )
    if timezone is None:
        return EvaluationWindow(timezone="UTC")
    known = offset_zone(timezone) is not None
    if not known and _ZONE_NAME.match(timezone) is not None:
        known = zones is None or zones(timezone) is not None
    if not known:
        raise AlarmError(
            f"The value {timezone} for parameter Timezone is invalid.",
            parameter="EvaluationWindow.WallClockWindow.Timezone",
            hint="give an IANA name such as Europe/Berlin, or an offset such as +05:30, a multiple of five minutes",
        )
    return EvaluationWindow(timezone=timezone)


def _read_warm_up(reader: ParameterReader) -> WarmUp | None:
    record = reader.record("WarmUpConfiguration")
    if record is None:
        return None
    minutes = record.whole("WarmUpPeriodDurationInMinutes", least=1, most=2880, required=True)
    only_after = record.boolean("OnlyStartEvaluatingAfterWarmUpPeriodEnds", default=False)
    record.refuse_unknown()
    return None if minutes is None else WarmUp(minutes=minutes, only_start_after=only_after)


def _read_propagation(reader: ParameterReader) -> TagsPropagation | None:
    configuration = reader.record("ActionConfiguration")
    if configuration is None:
        return None
    record = configuration.record("AlarmTagsPropagation")
    configuration.refuse_unknown()
    if record is None:
        return None
    enabled = record.boolean("Enabled", default=False)
    included = record.texts("IncludedTagKeys", least=1, most=50, item_most=128)
    excluded = record.texts("ExcludedTagKeys", least=1, most=50, item_most=128)
    record.refuse_unknown()
    if included is not None and excluded is not None:
        raise AlarmError(
            "IncludedTagKeys and ExcludedTagKeys cannot both be set.",
            parameter="ActionConfiguration.AlarmTagsPropagation",
            hint="name the keys to pass on, or those to leave out",
        )
    return TagsPropagation(enabled=enabled, included_tag_keys=included, excluded_tag_keys=excluded)


def _check_threshold(comparison: Comparison, threshold: float | None, band: str | None) -> None:
    if comparison.needs_band:
        if band is None:
            raise AlarmError(
                f"ThresholdMetricId must be set for the operator {comparison.value}.",
                parameter="ThresholdMetricId",
                hint="it is the id of the ANOMALY_DETECTION_BAND among Metrics",
            )
        if threshold is not None:
            raise AlarmError(
                "Threshold should not be set if ThresholdMetricId is set.",
                parameter="Threshold",
                hint="the band is what values are compared with",
            )
    elif band is not None:
        raise AlarmError(
            f"The operator {comparison.value} cannot be used with ThresholdMetricId.",
            parameter="ComparisonOperator",
            hint="an anomaly band takes LessThanLowerOrGreaterThanUpperThreshold, LessThanLowerThreshold"
            " or GreaterThanUpperThreshold",
        )
    elif threshold is None:
        raise AlarmError(
            f"Threshold must be set for the operator {comparison.value}.",
            parameter="Threshold",
            hint="give the number that values are compared with",
        )


def _check_math(reader: ParameterReader, metrics: tuple[MetricDataQuery, ...], band: str | None) -> int:
    for name in _OF_ONE_METRIC:
        if reader.has(name):
            raise AlarmError(
                f"{name} should not be set if list of Metrics is set.",
                parameter=name,
                hint="give it in the MetricStat of a query",
            )
    return check_queries(metrics, threshold_metric_id=band)


def _check_metric(
    reader: ParameterReader, period: int | None, plain: str | None, extended: str | None
) -> tuple[int, Statistic]:
    if plain is not None and extended is not None:
        raise AlarmError(
            "PutMetricAlarm request can not be made with both Statistic and ExtendedStatistic parameters."
            " Only one of them should be present",
            parameter="ExtendedStatistic",
            hint="Statistic is for SampleCount, Average, Sum, Minimum and Maximum; ExtendedStatistic for the others",
        )
    if reader.has("ThresholdMetricId"):
        raise AlarmError(
            "Metrics must be set if ThresholdMetricId is set.",
            parameter="ThresholdMetricId",
            hint="an anomaly alarm has two queries, the metric and its band",
        )
    for name in ("MetricName", "Namespace", "Period"):
        if not reader.has(name):
            raise AlarmError(
                f"{name} must be set if list of Metrics is not set.",
                parameter=name,
                hint="an alarm watches one metric, or the result of Metrics",
            )
    assert period is not None
    if extended is not None:
        if extended in PLAIN_STATISTICS:
            raise AlarmError(
                f"The value {extended} for parameter ExtendedStatistic is not supported.",
                parameter="ExtendedStatistic",
                aws_code="InvalidParameterValue",
                hint=f"write Statistic: {extended}",
            )
        return period, parse_statistic(extended, parameter="ExtendedStatistic")
    if plain is None:
        raise AlarmError(
            "Either Statistic or ExtendedStatistic must be set.",
            parameter="Statistic",
            hint="Sum is the usual one for counts of events",
        )
    return period, parse_statistic(plain, parameter="Statistic")


def _check_low_sample(option: str | None, statistic: Statistic | None) -> None:
    if option is None:
        return
    if option not in _LOW_SAMPLE_OPTIONS:
        raise AlarmError(
            "Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.",
            parameter="EvaluateLowSampleCountPercentile",
            hint="leave it out for evaluate",
        )
    if statistic is None or statistic.percentile is None:
        raise AlarmError(
            "EvaluateLowSampleCountPercentile can only be set for an alarm on a percentile.",
            parameter="EvaluateLowSampleCountPercentile",
            hint="leave it out, or set ExtendedStatistic to a percentile such as p90",
        )


def _check_periods(period: int, n: int, m: int | None) -> None:
    if period not in _HIGH_RESOLUTION and period % 60 != 0:
        raise AlarmError(
            "Period must be 10, 20, 30 or a multiple of 60", parameter="Period", hint="300 is five minutes"
        )
    if period < _HOUR and period * n > _DAY:
        raise AlarmError(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)"
            " for alarms using period < 3600",
            parameter="EvaluationPeriods",
            hint=f"at most {_DAY // period} periods of {period} seconds",
        )
    if period * n > _WEEK:
        raise AlarmError(
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800)"
            " for alarms using period >= 3600",
            parameter="EvaluationPeriods",
            hint="the longest window is seven days",
        )
    if m is not None and m > n:
        raise AlarmError(
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
            parameter="DatapointsToAlarm",
            hint=f"of {n} datapoints no {m} can breach",
        )


def _check_anomaly(period: int, actions: Mapping[str, tuple[str, ...]]) -> None:
    if period < 60:
        raise AlarmError(
            "Period must be at least 60 for an alarm on an anomaly detection band.",
            parameter="Period",
            hint="bands exist for whole minutes only",
        )
    for name, arns in actions.items():
        for number, arn in enumerate(arns, 1):
            if _SCALING.match(arn) is not None:
                raise AlarmError(
                    "Auto Scaling actions cannot be used with an alarm on an anomaly detection band.",
                    parameter=f"{name}.{number}",
                    hint="take the action out, or compare with a Threshold",
                )


def _check_window(window: EvaluationWindow | None, period: int) -> None:
    if window is not None and window.timezone is not None and period not in _WALL_CLOCK_PERIODS:
        raise AlarmError(
            "WallClockWindow can only be used with a Period of 60, 300, 3600, 86400 or 604800.",
            parameter="EvaluationWindow",
            hint="use a SlidingWindow, or one of these periods",
        )
