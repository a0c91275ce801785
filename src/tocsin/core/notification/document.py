"""The JSON document that an alarm publishes, in AWS's keys and AWS's order.

Rule: a consumer that knows AWS's document can read ours; what is ours stands under the one key
`Tocsin` at the end. Spec: AL-17.3 to AL-17.5, AL-17.7.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.timestamp import aws_timestamp, moment
from tocsin.core.notification.region_name import region_name
from tocsin.core.notification.subject import Occasion
from tocsin.core.statistic import PLAIN_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.core.alarm.definition import MetricDataQuery, TagsPropagation
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.metric import MetricKey
    from tocsin.core.notification.folding import Fold, Folding
    from tocsin.core.notification.state_change import StateChange, UntoldChange


def alarm_document(alarm: MetricAlarm | CompositeAlarm, change: StateChange) -> dict[str, Any]:
    """The document of AL-17.3 or, for a composite alarm, AL-17.4, with the tags that are passed on (AL-17.5)."""
    if isinstance(alarm, MetricAlarm):
        return {**_metric_document(alarm, change), **_tags(alarm.tags, alarm.tags_propagation)}
    return _composite_document(alarm, change)


def _metric_document(alarm: MetricAlarm, change: StateChange) -> dict[str, Any]:
    document: dict[str, Any] = {
        "AlarmName": alarm.alarm_name,
        "AlarmDescription": alarm.alarm_description,
        "AWSAccountId": change.scope.account,
        "AlarmConfigurationUpdatedTimestamp": aws_timestamp(change.configuration_updated_at),
        "NewStateValue": change.new.value,
        "NewStateReason": change.reason,
        "StateChangeTime": aws_timestamp(change.at),
        "Region": region_name(change.scope.region),
        "AlarmArn": change.scope.arn(alarm.alarm_name),
        "OldStateValue": change.old.value,
    }
    if change.contributor is not None:
        document["AlarmContributorId"] = change.contributor.id
        document["AlarmContributorAttributes"] = change.contributor.attributes
    document["ActionExecutedAfterMuteWindow"] = change.after_mute_window
    document |= _actions(alarm)
    document["Trigger"] = _trigger(alarm)
    return document


def _composite_document(alarm: CompositeAlarm, change: StateChange) -> dict[str, Any]:
    return {
        "AlarmName": alarm.alarm_name,
        "AlarmDescription": alarm.alarm_description,
        "AWSAccountId": change.scope.account,
        "NewStateValue": change.new.value,
        "NewStateReason": change.reason,
        "StateChangeTime": aws_timestamp(change.at),
        "Region": region_name(change.scope.region),
        "AlarmArn": change.scope.arn(alarm.alarm_name),
        **_actions(alarm),
        "ActionExecutedAfterMuteWindow": change.after_mute_window,
        "OldStateValue": change.old.value,
        "AlarmRule": alarm.alarm_rule.source,
        "TriggeringChildren": [
            {"Arn": child.arn, "State": {"Value": child.state.value, "Timestamp": aws_timestamp(child.at)}}
            for child in change.children
        ],
    }


def _actions(alarm: MetricAlarm | CompositeAlarm) -> dict[str, list[str]]:
    return {
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
    }


def _trigger(alarm: MetricAlarm) -> dict[str, Any]:
    trigger: dict[str, Any] = {}
    if alarm.key is not None and alarm.statistic is not None:
        statistic = alarm.statistic.source
        plain = statistic in PLAIN_STATISTICS
        trigger = {
            "MetricName": alarm.key.metric_name,
            "Namespace": alarm.key.namespace,
            "StatisticType": "Statistic" if plain else "ExtendedStatistic",
            **({"Statistic": statistic.upper()} if plain else {"ExtendedStatistic": statistic}),
            "Unit": alarm.unit,
            "Dimensions": _dimensions(alarm.key),
        }
    trigger["Period"] = alarm.period
    trigger["EvaluationPeriods"] = alarm.evaluation_periods
    if alarm.datapoints_to_alarm is not None:
        trigger["DatapointsToAlarm"] = alarm.datapoints_to_alarm
    trigger["ComparisonOperator"] = alarm.comparison_operator.value
    if alarm.threshold_metric_id is not None:
        trigger["ThresholdMetricId"] = alarm.threshold_metric_id
    else:
        trigger["Threshold"] = _number(alarm.threshold)
    trigger["TreatMissingData"] = "" if alarm.treat_missing_data is None else alarm.treat_missing_data.value
    trigger["EvaluateLowSampleCountPercentile"] = alarm.evaluate_low_sample_count_percentile or ""
    if alarm.metrics:
        trigger["Metrics"] = [_query(query) for query in alarm.metrics]
    return trigger


def _number(value: float | None) -> float | None:
    """A threshold with its decimal point; JSON has no infinities."""
    return float(value) if value is not None and math.isfinite(value) else None


def _dimensions(key: MetricKey) -> list[dict[str, str]]:
    """Lower case, value first: AWS's own spelling in this place (AL-17.3)."""
    return [{"value": value, "name": name} for name, value in key.dimensions]


def _query(query: MetricDataQuery) -> dict[str, Any]:
    stat = query.metric_stat
    told: dict[str, Any] = {
        "Expression": query.expression,
        "Id": query.id,
        "Label": query.label,
        "MetricStat": None
        if stat is None
        else {
            "Metric": {
                "Dimensions": _dimensions(stat.key),
                "MetricName": stat.key.metric_name,
                "Namespace": stat.key.namespace,
            },
            "Period": stat.period,
            "Stat": stat.stat.source,
            **({} if stat.unit is None else {"Unit": stat.unit}),
        },
        "ReturnData": query.return_data,
        "Period": query.period,
        "AccountId": query.account_id,
    }
    return {name: value for name, value in told.items() if value is not None}


# ---------------------------------------------------------------- tags


def _tags(tags: Mapping[str, str], propagation: TagsPropagation | None) -> dict[str, Any]:
    """The tags that a notification carries, and the status field (AL-17.5)."""
    if propagation is None or not propagation.enabled:
        return {}
    passed = [{"Key": key, "Value": value} for key, value in tags.items() if _is_passed(key, propagation)]
    return {"AlarmTags": passed, "AlarmTagsStatus": "SUCCESS"}


def _is_passed(key: str, propagation: TagsPropagation) -> bool:
    if key.lower().startswith("aws:"):
        return False
    if propagation.included_tag_keys is not None:
        return key in propagation.included_tag_keys
    return propagation.excluded_tag_keys is None or key not in propagation.excluded_tag_keys


# ---------------------------------------------------------------- ours


def tocsin_member(
    folding: Folding, occasion: Occasion, evaluation: str, untold: Sequence[UntoldChange] = (), untold_more: int = 0
) -> dict[str, Any]:
    """The value of the key `Tocsin`: the events behind the points, their number, where the evaluation is (AL-17.7).

    `untold` are changes that no message has told of, `untold_more` how many there are besides (AL-19.6).
    """
    marks: dict[str, Any] = {} if occasion is Occasion.CHANGE else {occasion.value: True}
    if untold:
        marks["untold"] = [{"state": one.value.value, "at": aws_timestamp(one.at)} for one in untold]
        marks["untoldCount"] = len(untold) + untold_more
    return {**marks, "events": _events(folding.folds), "eventCount": folding.total, "evaluation": evaluation}


def _events(folds: Iterable[Fold]) -> list[dict[str, Any]]:
    return [_event(fold) for fold in folds]


def _event(fold: Fold) -> dict[str, Any]:
    """One fold under the names that CloudTrail has for its parts; what the record does not say is left out."""
    event = fold.event
    told: dict[str, Any] = {
        "eventID": event.event_id,
        "eventTime": _time(event.second),
        "eventName": event.event_name,
        "eventSource": event.event_source,
        "awsRegion": event.region,
        "accountId": event.account,
        "result": event.result,
        "errorCode": event.error_code,
        "errorMessage": event.error_message,
        "identityType": event.identity_type,
        "principal": event.principal,
        "role": event.role,
        "session": event.session,
        "who": event.who,
        "accessKeyId": event.access_key,
        "mfa": event.mfa,
        "sourceIPAddress": event.source_address,
        "userAgent": event.user_agent,
        "resource": event.resource,
        "changes": list(event.changes),
        "sentence": event.sentence,
    }
    told = {name: value for name, value in told.items() if value}
    if fold.count > 1:
        told |= {"count": fold.count, "first": _time(fold.first), "last": _time(fold.last)}
        told["eventIDs"] = list(fold.event_ids)
    return told


def _time(second: int) -> str:
    at = moment(second)
    return f"{at.year:04}-{at:%m-%dT%H:%M:%S}Z"
