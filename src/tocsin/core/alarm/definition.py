"""A metric alarm as it was defined, in AWS's words. Rule: definition only; what it is in stands in AlarmState.

Defaults are applied here and nowhere else. What was not given is None, so that an echo leaves it
out; what holds then is a property (`points_to_alarm`, `missing_data`). Spec: AL-5.1 to AL-5.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.metric import MetricKey
from tocsin.core.statistic import PLAIN_STATISTICS, Statistic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.alarm.definition_reader import ZoneResolver

_DYNAMODB = "AWS/DynamoDB"


class MetricStat(msgspec.Struct, frozen=True, kw_only=True):
    """A metric, a period in seconds and a statistic, as a query of a math alarm."""

    key: MetricKey
    period: int
    stat: Statistic
    unit: str | None = None


class MetricDataQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `Metrics`: exactly one of `metric_stat` and `expression`, which is kept as text."""

    id: str
    metric_stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool = True
    period: int | None = None
    account_id: str | None = None

    def to_aws(self) -> dict[str, Any]:
        """The query as AWS writes it."""
        stat = self.metric_stat
        made: dict[str, Any] = {
            "Id": self.id,
            "MetricStat": None
            if stat is None
            else _present(
                Metric={
                    "Namespace": stat.key.namespace,
                    "MetricName": stat.key.metric_name,
                    "Dimensions": _dimensions(stat.key),
                },
                Period=stat.period,
                Stat=stat.stat.source,
                Unit=stat.unit,
            ),
            "Expression": self.expression,
            "Label": self.label,
            "ReturnData": self.return_data,
            "Period": self.period,
            "AccountId": self.account_id,
        }
        return _present(**made)


class EvaluationWindow(msgspec.Struct, frozen=True, kw_only=True):
    """SlidingWindow, or WallClockWindow with the text of its time zone (AL-5.8)."""

    timezone: str | None = None


class WarmUp(msgspec.Struct, frozen=True, kw_only=True):
    """WarmUpConfiguration: minutes, and whether a full window ends it early (AL-5.7)."""

    minutes: int
    only_start_after: bool = False


class TagsPropagation(msgspec.Struct, frozen=True, kw_only=True):
    """ActionConfiguration.AlarmTagsPropagation: which tags a notification carries (AL-17.5)."""

    enabled: bool = False
    included_tag_keys: tuple[str, ...] | None = None
    excluded_tag_keys: tuple[str, ...] | None = None


class MetricAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """The definition of a metric alarm: the parameters of PutMetricAlarm.

    `key`, `statistic` and `unit` are those of an alarm on one metric; a math or anomaly alarm has
    `metrics` instead. `period` is in seconds, for `metrics` the one that all of them share.
    `threshold` is None for a band, which `threshold_metric_id` names.
    """

    alarm_name: str
    alarm_description: str | None = None
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()
    key: MetricKey | None = None
    statistic: Statistic | None = None
    period: int
    unit: str | None = None
    evaluation_periods: int
    datapoints_to_alarm: int | None = None
    threshold: float | None = None
    threshold_metric_id: str | None = None
    comparison_operator: Comparison
    treat_missing_data: TreatMissingData | None = None
    evaluate_low_sample_count_percentile: str | None = None
    metrics: tuple[MetricDataQuery, ...] = ()
    evaluation_window: EvaluationWindow | None = None
    warm_up: WarmUp | None = None
    tags_propagation: TagsPropagation | None = None
    tags: dict[str, str] = {}

    @classmethod
    def from_aws(cls, parameters: Mapping[str, Any], *, zones: ZoneResolver | None = None) -> MetricAlarm:
        """The alarm that PutMetricAlarm makes of these parameters (AL-5).

        What DescribeAlarms adds (state, ARN, timestamps) is passed over. `zones` tells of an IANA
        name of a time zone which one it is, None for an unknown name; without it such names are
        taken as they are. Raises AlarmError, in AWS's words.
        """
        from tocsin.core.alarm.definition_reader import read_alarm

        return read_alarm(parameters, zones=zones)

    @property
    def points_to_alarm(self) -> int:
        """M: DatapointsToAlarm, or N where it was not given (AL-5.1)."""
        return self.evaluation_periods if self.datapoints_to_alarm is None else self.datapoints_to_alarm

    @property
    def missing_data(self) -> TreatMissingData:
        """How missing data is treated; omitted it means `missing`, for DynamoDB metrics `ignore` (AL-5.5)."""
        if self.treat_missing_data is not None:
            return self.treat_missing_data
        namespaces = {key.namespace for key in self.keys}
        return TreatMissingData.IGNORE if namespaces == {_DYNAMODB} else TreatMissingData.MISSING

    @property
    def keys(self) -> tuple[MetricKey, ...]:
        """The metrics that the alarm reads, in the order of the definition."""
        if self.key is not None:
            return (self.key,)
        return tuple(query.metric_stat.key for query in self.metrics if query.metric_stat is not None)

    @property
    def wall_clock(self) -> str | None:
        """The time zone (its text) of a WallClockWindow; None for a sliding window."""
        return None if self.evaluation_window is None else self.evaluation_window.timezone

    @property
    def is_anomaly(self) -> bool:
        """Whether values are compared with a band (AL-15.1)."""
        return self.comparison_operator.needs_band

    def actions(self, list_name: str) -> tuple[str, ...]:
        """The ARNs of `OKActions`, `AlarmActions` or `InsufficientDataActions`."""
        lists = {
            "OKActions": self.ok_actions,
            "AlarmActions": self.alarm_actions,
            "InsufficientDataActions": self.insufficient_data_actions,
        }
        return lists[list_name]

    def to_aws(self) -> dict[str, Any]:
        """The parameters of PutMetricAlarm that make an equal alarm, in the order of AWS's model.

        Options that were not given are left out; the three lists of actions, and for an alarm on
        one metric its dimensions, are there also when they are empty (AL-11.2).
        """
        name = None if self.statistic is None else self.statistic.source
        plain = name in PLAIN_STATISTICS
        return _present(
            AlarmName=self.alarm_name,
            AlarmDescription=self.alarm_description,
            ActionsEnabled=self.actions_enabled,
            OKActions=list(self.ok_actions),
            AlarmActions=list(self.alarm_actions),
            InsufficientDataActions=list(self.insufficient_data_actions),
            MetricName=None if self.key is None else self.key.metric_name,
            Namespace=None if self.key is None else self.key.namespace,
            Statistic=name if plain else None,
            ExtendedStatistic=None if plain else name,
            Dimensions=None if self.key is None else _dimensions(self.key),
            Period=None if self.key is None else self.period,
            Unit=self.unit,
            EvaluationPeriods=self.evaluation_periods,
            DatapointsToAlarm=self.datapoints_to_alarm,
            Threshold=self.threshold,
            ComparisonOperator=self.comparison_operator.value,
            TreatMissingData=None if self.treat_missing_data is None else self.treat_missing_data.value,
            EvaluateLowSampleCountPercentile=self.evaluate_low_sample_count_percentile,
            Metrics=[query.to_aws() for query in self.metrics] or None,
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()] or None,
            ThresholdMetricId=self.threshold_metric_id,
            EvaluationWindow=_window(self.evaluation_window),
            WarmUpConfiguration=_warm_up(self.warm_up),
            ActionConfiguration=_propagation(self.tags_propagation),
        )


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _dimensions(key: MetricKey) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in key.dimensions]


def _window(window: EvaluationWindow | None) -> dict[str, Any] | None:
    if window is None:
        return None
    return {"SlidingWindow": {}} if window.timezone is None else {"WallClockWindow": {"Timezone": window.timezone}}


def _warm_up(warm_up: WarmUp | None) -> dict[str, Any] | None:
    if warm_up is None:
        return None
    return {
        "WarmUpPeriodDurationInMinutes": warm_up.minutes,
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": warm_up.only_start_after,
    }


def _propagation(propagation: TagsPropagation | None) -> dict[str, Any] | None:
    if propagation is None:
        return None
    included, excluded = propagation.included_tag_keys, propagation.excluded_tag_keys
    return {
        "AlarmTagsPropagation": _present(
            Enabled=propagation.enabled,
            IncludedTagKeys=None if included is None else list(included),
            ExcludedTagKeys=None if excluded is None else list(excluded),
        )
    }
