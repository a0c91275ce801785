"""Metric and composite alarms. Spec: AL-5, AL-8, AL-11, AL-12, WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import bad_token, dimensions_of, name_page, operations, page_of
from tocsin.app import alarm_history as history
from tocsin.app import metric_alarm
from tocsin.app.alarm_record import COMPOSITE, METRIC, alarm_arn
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.metric import MetricKey
from tocsin.errors import NotFoundError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.metric_alarm import DescribedAlarm

_DEFAULT_RECORDS = 50
_DEFAULT_HISTORY = 100
_FOR_METRIC = 10_000


@operations("PutMetricAlarm")
def put_metric_alarm(ctx: Context, parameters: Parameters) -> None:
    """Make an alarm, or replace its definition."""
    metric_alarm.put_metric_alarm(ctx.tocsin, ctx.scope, parameters)


@operations("PutCompositeAlarm")
def put_composite_alarm(ctx: Context, parameters: Parameters) -> None:
    """Make a composite alarm, or replace its definition."""
    metric_alarm.put_composite_alarm(ctx.tocsin, ctx.scope, parameters)


@operations("DeleteAlarms")
def delete_alarms(ctx: Context, parameters: Parameters) -> None:
    """Remove alarms."""
    metric_alarm.delete_alarms(ctx.tocsin, ctx.scope, parameters["AlarmNames"])


@operations("EnableAlarmActions")
def enable_alarm_actions(ctx: Context, parameters: Parameters) -> None:
    """Switch the actions of alarms on."""
    metric_alarm.set_actions_enabled(ctx.tocsin, ctx.scope, parameters["AlarmNames"], is_enabled=True)


@operations("DisableAlarmActions")
def disable_alarm_actions(ctx: Context, parameters: Parameters) -> None:
    """Switch the actions of alarms off."""
    metric_alarm.set_actions_enabled(ctx.tocsin, ctx.scope, parameters["AlarmNames"], is_enabled=False)


@operations("SetAlarmState")
def set_alarm_state(ctx: Context, parameters: Parameters) -> None:
    """Put an alarm into a state."""
    metric_alarm.set_state(
        ctx.tocsin,
        ctx.scope,
        parameters["AlarmName"],
        StateValue(parameters["StateValue"]),
        reason=parameters["StateReason"],
        reason_data=parameters.get("StateReasonData"),
    )


@operations("DescribeAlarms")
def describe_alarms(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Alarms by name; metric alarms alone unless other types are asked for."""
    names, prefix = parameters.get("AlarmNames"), parameters.get("AlarmNamePrefix")
    if names is not None and prefix is not None:
        raise Fault(
            "ValidationError", "AlarmNames and AlarmNamePrefix are mutually exclusive parameters. Specify only one."
        )
    related = _related(ctx, parameters)
    types = parameters.get("AlarmTypes") or [METRIC]
    found, has_more = metric_alarm.describe_alarms(
        ctx.tocsin,
        ctx.scope,
        types=[METRIC, COMPOSITE] if related is not None else types,
        names=names,
        prefix=prefix or "",
        state=StateValue(parameters["StateValue"]) if "StateValue" in parameters else None,
        action_prefix=parameters.get("ActionPrefix"),
        only=related,
        after=name_page(ctx, parameters),
        limit=parameters.get("MaxRecords", _DEFAULT_RECORDS),
    )
    token = ctx.next_token(parameters, [found[-1].alarm.alarm_name]) if has_more else None
    if related is not None:
        with_state = "ChildrenOfAlarmName" in parameters
        metric = [_brief(ctx, one, with_state=with_state) for one in found if one.alarm_type == METRIC]
        composite = [_brief(ctx, one, with_state=with_state) for one in found if one.alarm_type == COMPOSITE]
    else:
        metric = [_described(ctx, one) for one in found if one.alarm_type == METRIC]
        composite = [_described(ctx, one) for one in found if one.alarm_type == COMPOSITE]
    return {"MetricAlarms": metric, "CompositeAlarms": composite, "LogAlarms": [], "NextToken": token}


_WITH_RELATED = {"ChildrenOfAlarmName", "ParentsOfAlarmName", "MaxRecords", "NextToken"}


def _related(ctx: Context, parameters: Parameters) -> list[str] | None:
    """The children or parents that are asked for; None where none are (AL-11.1)."""
    children, parents = parameters.get("ChildrenOfAlarmName"), parameters.get("ParentsOfAlarmName")
    if children is None and parents is None:
        return None
    if (children is not None and parents is not None) or parameters.keys() - _WITH_RELATED:
        raise Fault(
            "ValidationError",
            "ChildrenOfAlarmName and ParentsOfAlarmName can only be used with MaxRecords and NextToken.",
        )
    if children is not None:
        return metric_alarm.children_of(ctx.tocsin, ctx.scope, children)
    return metric_alarm.parents_of(ctx.tocsin, ctx.scope, str(parents))


def _brief(ctx: Context, one: DescribedAlarm, *, with_state: bool) -> dict[str, Any]:
    name, state = one.alarm.alarm_name, one.standing.state
    told: dict[str, Any] = {"AlarmName": name, "AlarmArn": alarm_arn(ctx.scope, name)}
    if with_state:
        told |= {"StateValue": state.state_value.value, "StateUpdatedTimestamp": state.updated_at}
    return told


def _described(ctx: Context, one: DescribedAlarm) -> dict[str, Any]:
    """An alarm as AWS tells it: its parameters without tags, and how it stands (AL-11.2)."""
    state = one.standing.state
    told = {name: value for name, value in one.alarm.to_aws().items() if name != "Tags"}
    told |= {
        "AlarmArn": alarm_arn(ctx.scope, one.alarm.alarm_name),
        "AlarmConfigurationUpdatedTimestamp": one.updated_at,
        "StateValue": state.state_value.value,
        "StateReason": state.reason or None,
        "StateReasonData": state.reason_data,
        "StateUpdatedTimestamp": state.updated_at,
        "StateTransitionedTimestamp": state.transitioned_at,
    }
    suppression = one.standing.suppression
    if suppression is not None and suppression.suppressed_by is not None:
        told |= {
            "ActionsSuppressedBy": suppression.suppressed_by.value,
            "ActionsSuppressedReason": suppression.suppressed_by.reason,
        }
    return told


@operations("DescribeAlarmsForMetric")
def describe_alarms_for_metric(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Alarms on exactly one metric."""
    key = MetricKey.of(parameters["Namespace"], parameters["MetricName"], dimensions_of(parameters.get("Dimensions")))
    statistic = parameters.get("Statistic") or parameters.get("ExtendedStatistic")
    found, _ = metric_alarm.describe_alarms(ctx.tocsin, ctx.scope, limit=_FOR_METRIC)
    chosen = [
        one
        for one in found
        if isinstance(one.alarm, MetricAlarm)
        and one.alarm.key == key
        and statistic in (None, str(one.alarm.statistic))
        and parameters.get("Period") in (None, one.alarm.period)
        and parameters.get("Unit") in (None, one.alarm.unit)
    ]
    return {"MetricAlarms": [_described(ctx, one) for one in chosen]}


@operations("DescribeAlarmHistory")
def describe_alarm_history(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """What happened to alarms; to metric alarms alone unless other types are asked for (AL-10.5)."""
    match page_of(ctx, parameters):
        case None:
            after = None
        case (int() as at, int() as number):
            after = (at, number)
        case _:
            raise bad_token(parameters.get("NextToken"))
    start, end = parameters.get("StartDate"), parameters.get("EndDate")
    item_type = parameters.get("HistoryItemType")
    known = {one.value for one in HistoryItemType}
    if item_type is not None and item_type not in known:
        return {"AlarmHistoryItems": []}  # of contributors, whose alarms there are none of
    found, has_more = history.alarm_history(
        ctx.tocsin,
        ctx.scope,
        alarm_name=parameters.get("AlarmName"),
        alarm_types=parameters.get("AlarmTypes") or [METRIC],
        item_type=None if item_type is None else HistoryItemType(item_type),
        start=None if start is None else millisecond_of(start),
        end=None if end is None else millisecond_of(end) + 1,
        descending=parameters.get("ScanBy", "TimestampDescending") == "TimestampDescending",
        after=after,
        limit=parameters.get("MaxRecords", _DEFAULT_HISTORY),
    )
    items = [
        {
            "AlarmName": item.alarm_name,
            "AlarmType": item.alarm_type,
            "Timestamp": item.timestamp,
            "HistoryItemType": item.history_item_type.value,
            "HistorySummary": item.history_summary,
            "HistoryData": item.history_data,
        }
        for _, item in found
    ]
    return {"AlarmHistoryItems": items, "NextToken": ctx.next_token(parameters, found[-1][0]) if has_more else None}


@operations("DescribeAlarmContributors")
def describe_alarm_contributors(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """None: no alarm that Tocsin evaluates has contributors (AL-16.1)."""
    name = parameters["AlarmName"]
    if not metric_alarm.exists(ctx.tocsin, ctx.scope, name):
        raise NotFoundError("", resource="alarm-contributor")
    return {"AlarmContributors": []}
