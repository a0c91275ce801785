"""What DescribeAlarmHistory tells of an alarm. Rule: AWS's sentences, and its JSON key by key.

Spec: AL-10.1 to AL-10.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.number_text import number_text
from tocsin.core.alarm.reason_data import json_text
from tocsin.core.alarm.timestamp import aws_timestamp, second_of
from tocsin.core.statistic import PLAIN_STATISTICS

if TYPE_CHECKING:
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.lifecycle import AlarmRecord
    from tocsin.core.alarm.state import AlarmState

# HistorySummary holds no more (AL-10.1); HistoryData is never cut.
_LONGEST_SUMMARY = 255

METRIC_ALARM = "MetricAlarm"
"""AlarmType of a metric alarm."""


class HistoryItemType(StrEnum):
    """What an item tells of."""

    CONFIGURATION_UPDATE = "ConfigurationUpdate"
    STATE_UPDATE = "StateUpdate"
    ACTION = "Action"


class ConfigurationChange(StrEnum):
    """What happened to a definition."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One AlarmHistoryItem; `timestamp` is aware, `history_data` JSON text."""

    alarm_name: str
    alarm_type: str
    timestamp: datetime
    history_item_type: HistoryItemType
    history_summary: str
    history_data: str


def state_update_item(
    alarm_name: str, *, old: AlarmState, new: AlarmState, at: datetime, alarm_type: str = METRIC_ALARM
) -> HistoryItem:
    """The item of a transition (AL-10.2)."""
    data = f'{{"version":"1.0","oldState":{_state_json(old)},"newState":{_state_json(new)}}}'
    return _item(
        alarm_name,
        HistoryItemType.STATE_UPDATE,
        f"Alarm updated from {old.state_value.value} to {new.state_value.value}",
        data,
        at=at,
        alarm_type=alarm_type,
    )


def action_item(
    alarm_name: str,
    *,
    arn: str,
    state_updated_at: datetime,
    published_message: str | None,
    at: datetime,
    error: str | None = None,
    mute_window_end: datetime | None = None,
    unheard: str = "",
    alarm_type: str = METRIC_ALARM,
) -> HistoryItem:
    """The item of an action that was executed, or finally failed with the text `error` (AL-10.3, AL-14.2).

    `unheard` says why nobody was told although it was executed, which AWS leaves out (AL-19.4).
    """
    summary = f"Successfully executed action {arn}{f'. Nobody was told: {unheard}' if unheard else ''}"
    if error is not None:
        summary = f'Failed to execute action {arn}. Received error: "{error}"'
    muted = "null" if mute_window_end is None else f'"{aws_timestamp(mute_window_end)}"'
    data = _object(
        actionState=json_text("Succeeded" if error is None else "Failed"),
        stateUpdateTimestamp=str(_milliseconds(state_updated_at)),
        notificationResource=json_text(arn),
        publishedMessage=_text_or_null(published_message),
        error=_text_or_null(error),
        muteWindowEndTimestamp=muted,
        **({"Tocsin": _object(unheard=json_text(unheard))} if unheard else {}),
    )
    return _item(alarm_name, HistoryItemType.ACTION, summary, data, at=at, alarm_type=alarm_type)


def configuration_item(
    record: AlarmRecord,
    change: ConfigurationChange,
    *,
    arn: str,
    at: datetime,
    before: AlarmRecord | None = None,
) -> HistoryItem:
    """The item of a definition that was made, changed or deleted (AL-10.4).

    `before` is the alarm before an update, of which the fields that changed are told.
    """
    done = {
        ConfigurationChange.CREATE: "created",
        ConfigurationChange.UPDATE: "updated",
        ConfigurationChange.DELETE: "deleted",
    }[change]
    fields = alarm_fields(record, arn=arn)
    members = {"version": '"1.0"', "type": json_text(change.value), f"{done}Alarm": _object(**fields)}
    if before is not None:
        old = alarm_fields(before, arn=arn)
        # In the order of the fields; one that the alarm did not have before is told as null.
        names = [name for name in {**old, **fields} if old.get(name) != fields.get(name)]
        members["originalUpdatedFields"] = _object(**{name: old.get(name, "null") for name in names})
    name = record.definition.alarm_name
    return _item(name, HistoryItemType.CONFIGURATION_UPDATE, f'Alarm "{name}" {done}', _object(**members), at=at)


def alarm_fields(record: AlarmRecord, *, arn: str) -> dict[str, str]:
    """The alarm object of ConfigurationUpdate items: name -> JSON, in AWS's order (AL-10.4).

    Members that the captured alarm did not have stand beside their relatives (our choice).
    """
    alarm, state = record.definition, record.state
    fields: dict[str, str | None] = {
        "alarmName": json_text(alarm.alarm_name),
        "alarmDescription": _text(alarm.alarm_description),
        "alarmArn": json_text(arn),
        "alarmConfigurationUpdatedTimestamp": json_text(aws_timestamp(record.configuration_updated_at)),
        **_watched(alarm),
        "threshold": None if alarm.threshold is None else number_text(alarm.threshold),
        "thresholdMetricId": _text(alarm.threshold_metric_id),
        "comparisonOperator": json_text(alarm.comparison_operator.value),
        "evaluationPeriods": str(alarm.evaluation_periods),
        "datapointsToAlarm": None if alarm.datapoints_to_alarm is None else str(alarm.datapoints_to_alarm),
        "treatMissingData": None if alarm.treat_missing_data is None else json_text(alarm.treat_missing_data.value),
        "evaluateLowSampleCountPercentile": _text(alarm.evaluate_low_sample_count_percentile),
        **_options(alarm),
        "stateValue": json_text(state.state_value.value),
        "stateUpdatedTimestamp": json_text(aws_timestamp(state.updated_at)),
        "actionsEnabled": "true" if alarm.actions_enabled else "false",
        "alarmActions": _json(alarm.alarm_actions),
        "insufficientDataActions": _json(alarm.insufficient_data_actions),
        "okactions": _json(alarm.ok_actions),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _watched(alarm: MetricAlarm) -> dict[str, str | None]:
    """What the alarm looks at: its metric, or its queries."""
    if alarm.key is None:
        return {"metrics": _json(_lower_first([query.to_aws() for query in alarm.metrics]))}
    name = None if alarm.statistic is None else alarm.statistic.source
    return {
        "namespace": json_text(alarm.key.namespace),
        "metricName": json_text(alarm.key.metric_name),
        "extendedStatistic": _text(name.upper() if name in PLAIN_STATISTICS else name),
        "period": str(alarm.period),
        "unit": _text(alarm.unit),
        "dimensions": _json([{"name": name, "value": value} for name, value in alarm.key.dimensions]),
    }


def _options(alarm: MetricAlarm) -> dict[str, str | None]:
    parameters = alarm.to_aws()
    names = ("EvaluationWindow", "WarmUpConfiguration", "ActionConfiguration")
    return {_lower(name): _json(_lower_first(parameters[name])) for name in names if name in parameters}


def _state_json(state: AlarmState) -> str:
    members = {"stateValue": json_text(state.state_value.value), "stateReason": json_text(state.reason)}
    if state.reason_data is not None:
        members["stateReasonData"] = state.reason_data  # as it is, with its spacing (AL-10.2)
    return _object(**members)


def _item(
    alarm_name: str, kind: HistoryItemType, summary: str, data: str, *, at: datetime, alarm_type: str = METRIC_ALARM
) -> HistoryItem:
    return HistoryItem(
        alarm_name=alarm_name,
        alarm_type=alarm_type,
        timestamp=at,
        history_item_type=kind,
        history_summary=summary[:_LONGEST_SUMMARY],
        history_data=data,
    )


def _object(**members: str) -> str:
    return "{" + ",".join(f"{_name_text(name)}:{value}" for name, value in members.items()) + "}"


_name_text = lru_cache(maxsize=256)(json_text)


def _text(text: str | None) -> str | None:
    return None if text is None else json_text(text)


def _text_or_null(text: str | None) -> str:
    return "null" if text is None else json_text(text)


def _json(value: Any) -> str:
    """A value of JSON, texts as `json_text` writes them."""
    if isinstance(value, str):
        return json_text(value)
    if isinstance(value, Mapping):
        return _object(**{str(name): _json(item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    return msgspec.json.encode(value).decode()


def _lower_first(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_lower(name): _lower_first(item) for name, item in value.items()}
    return [_lower_first(item) for item in value] if isinstance(value, list) else value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _milliseconds(at: datetime) -> int:
    return second_of(at) * 1000 + at.microsecond // 1000
