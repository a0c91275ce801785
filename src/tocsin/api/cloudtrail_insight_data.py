"""The data behind Insights, and the Insights on data events. Spec: CT-17.9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import bad_token, operations
from tocsin.app.insight_data import MOST_EVENTS, MOST_POINTS, list_insights, read_metric
from tocsin.core.alarm.timestamp import moment
from tocsin.core.insight.call import InsightType
from tocsin.core.kept_record import RecordPlace
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.api.operation import Context, Parameters


def _bad_token() -> Fault:
    """These two operations have no error of their own for a token."""
    return Fault("InvalidParameterException", bad_token().message)


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


@operations("ListInsightsMetricData")
def list_insights_metric_data(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """How often an API was called, or failed, by periods."""
    match ctx.position(parameters.get("NextToken"), parameters, fault=_bad_token()):
        case None:
            span = None
        case (int() as first, int() as last):
            span = first, last
        case _:
            raise _bad_token()
    kind = InsightType(parameters["InsightType"])
    page = read_metric(
        ctx.tocsin,
        ctx.scope,
        event_source=parameters["EventSource"],
        event_name=parameters["EventName"],
        insight_type=kind,
        error_code=parameters.get("ErrorCode"),
        trail=parameters.get("TrailName"),
        start=_seconds(parameters.get("StartTime")),
        end=_seconds(parameters.get("EndTime")),
        period=parameters.get("Period", 3600),
        fills=parameters.get("DataType") == "FillWithZeros",
        span=span,
        limit=parameters.get("MaxResults", MOST_POINTS),
    )
    return {
        "TrailARN": page.trail or None,
        "EventSource": parameters["EventSource"],
        "EventName": parameters["EventName"],
        "InsightType": parameters["InsightType"],
        "ErrorCode": parameters.get("ErrorCode") if kind is InsightType.ERROR_RATE else None,
        "Timestamps": [moment(second) for second, _ in page.points],
        "Values": [float(count) for _, count in page.points],
        "NextToken": None if page.following is None else ctx.next_token(parameters, page.following),
    }


@operations("ListInsightsData")
def list_insights_data(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The Insights on the data events of a trail, newest first."""
    match ctx.position(parameters.get("NextToken"), parameters, fault=_bad_token()):
        case None:
            before = None
        case (int() as second, str() as event_id):
            before = RecordPlace(second, event_id)
        case _:
            raise _bad_token()
    rows, following = list_insights(
        ctx.tocsin,
        ctx.scope,
        parameters["InsightSource"],
        dimensions=parameters.get("Dimensions", {}),
        start=_seconds(parameters.get("StartTime")),
        end=_seconds(parameters.get("EndTime")),
        before=before,
        limit=parameters.get("MaxResults", MOST_EVENTS),
    )
    events: list[dict[str, Any]] = [
        {
            "EventId": one.told.event_id,
            "EventName": one.told.event_name,
            "EventTime": moment(one.place.second),
            "EventSource": one.told.event_source,
            "Resources": [],
            "CloudTrailEvent": one.text,
        }
        for one in rows
    ]
    return {"Events": events, "NextToken": None if following is None else ctx.next_token(parameters, list(following))}
