"""Metric data: putting, listing, reading, drawing. Spec: AL-1 to AL-4, WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import bad_token, dimensions_of, key_of, operations, page_of, second, told_dimensions
from tocsin.app import metric_data, metric_image, metric_query
from tocsin.app.metric_query import MOST_POINTS, MOST_QUERIES, Query, QueryResult
from tocsin.core.alarm.timestamp import moment
from tocsin.core.metric import MetricKey
from tocsin.core.statistic import PLAIN_STATISTICS, Statistic
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.api.operation import Context, Parameters
    from tocsin.app.metric_query import UnitRow

_LISTED = 500


@operations("PutMetricData")
def put_metric_data(ctx: Context, parameters: Parameters) -> None:
    """Keep data."""
    metric_data.put_metric_data(ctx.tocsin, ctx.scope, parameters)


@operations("ListMetrics")
def list_metrics(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Metrics by their keys."""
    match page_of(ctx, parameters):
        case None:
            after = None
        case (str() as namespace, str() as name, *dimensions):
            texts = [str(one) for one in dimensions]
            after = MetricKey.of(namespace, name, dict(zip(texts[::2], texts[1::2], strict=True)))
        case _:
            raise bad_token(parameters.get("NextToken"))
    found, has_more = metric_data.list_metrics(
        ctx.tocsin,
        ctx.scope,
        namespace=parameters.get("Namespace"),
        name=parameters.get("MetricName"),
        dimensions=[(one["Name"], one.get("Value")) for one in parameters.get("Dimensions", ())],
        recently_active="RecentlyActive" in parameters,
        after=after,
        limit=_LISTED,
    )
    token = None
    if has_more:
        last = found[-1]
        parts = [part for pair in last.dimensions for part in pair]
        token = ctx.next_token(parameters, [last.namespace, last.metric_name, *parts])
    metrics = [
        {"Namespace": key.namespace, "MetricName": key.metric_name, "Dimensions": told_dimensions(key)} for key in found
    ]
    return {"Metrics": metrics, "NextToken": token}


@operations("GetMetricStatistics")
def get_metric_statistics(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Statistics of one metric, a row for each unit."""
    names = parameters.get("Statistics") or []
    extended = parameters.get("ExtendedStatistics") or []
    if names and extended:
        raise Fault(
            "InvalidParameterCombination",
            "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.",
        )
    if not names and not extended:
        raise Fault("MissingParameter", "The parameter Statistics or ExtendedStatistics is required.")
    statistics = [Statistic.parse(one, parameter="ExtendedStatistics") for one in [*names, *extended]]
    rows = metric_query.read_statistics(
        ctx.tocsin,
        ctx.scope,
        key_of(parameters),
        start=second(parameters["StartTime"]),
        end=second(parameters["EndTime"]),
        period=parameters["Period"],
        unit=parameters.get("Unit"),
    )
    points = [_datapoint(row, statistics) for row in rows]
    return {"Label": parameters["MetricName"], "Datapoints": [point for point in points if point is not None]}


def _datapoint(row: UnitRow, statistics: Sequence[Statistic]) -> dict[str, Any] | None:
    """A row as AWS tells it; None where none of the statistics has a value."""
    values = {str(one): one.of(row.statistics) for one in statistics}
    plain = {name: value for name, value in values.items() if name in PLAIN_STATISTICS and value is not None}
    extended = {name: value for name, value in values.items() if name not in PLAIN_STATISTICS and value is not None}
    if not plain and not extended:
        return None
    return {
        "Timestamp": moment(row.second),
        **plain,
        "Unit": row.unit,
        "ExtendedStatistics": extended or None,
    }


@operations("GetMetricData")
def get_metric_data(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Series of queries, with metric math."""
    given = parameters["MetricDataQueries"]
    if len(given) > MOST_QUERIES:
        raise Fault("ValidationError", f"The maximum number of MetricDataQueries is {MOST_QUERIES}.\n")
    queries = [_query(one) for one in given]
    results = metric_query.run_queries(
        ctx.tocsin,
        ctx.scope,
        queries,
        start=second(parameters["StartTime"]),
        end=second(parameters["EndTime"]),
    )
    is_descending = parameters.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    return _page(ctx, parameters, results, is_descending=is_descending)


def _query(given: dict[str, Any]) -> Query:
    stat = given.get("MetricStat")
    if stat is None:
        return Query(
            id=given["Id"],
            expression=given.get("Expression"),
            period=given.get("Period"),
            label=given.get("Label"),
            is_returned=given.get("ReturnData", True),
        )
    metric = stat["Metric"]
    return Query(
        id=given["Id"],
        key=MetricKey.of(
            metric.get("Namespace", ""), metric.get("MetricName", ""), dimensions_of(metric.get("Dimensions"))
        ),
        statistic=Statistic.parse(stat["Stat"], parameter="Stat"),
        unit=stat.get("Unit"),
        expression=given.get("Expression"),
        period=stat["Period"],
        label=given.get("Label"),
        is_returned=given.get("ReturnData", True),
    )


def _page(
    ctx: Context, parameters: Parameters, results: Sequence[QueryResult], *, is_descending: bool
) -> dict[str, Any]:
    """So many points of the results as one answer holds (AL-3.4); a token names the last one that was told."""
    match page_of(ctx, parameters):
        case None:
            number, last = 0, None
        case (int() as number, int() as last):
            pass
        case _:
            raise bad_token(parameters.get("NextToken"))
    left = min(parameters.get("MaxDatapoints", MOST_POINTS), MOST_POINTS)
    told: list[dict[str, Any]] = []
    reached: tuple[int, int] | None = None
    for place, result in enumerate(results):
        points = result.points[::-1] if is_descending else result.points
        if place < number:
            points = []
        elif place == number and last is not None:
            points = [one for one in points if (one[0] < last if is_descending else one[0] > last)]
        chosen = points[:left]
        left -= len(chosen)
        if chosen:
            reached = (place, chosen[-1][0])
        told.append(
            {
                "Id": result.id,
                "Label": result.label,
                "Timestamps": [moment(start) for start, _ in chosen],
                "Values": [value for _, value in chosen],
                "StatusCode": "Complete" if len(chosen) == len(points) else "PartialData",
                "Messages": [{"Code": code, "Value": value} for code, value in result.messages] or None,
            }
        )
    is_partial = any(one["StatusCode"] == "PartialData" for one in told)
    token = ctx.next_token(parameters, reached) if is_partial and reached is not None else None
    return {"MetricDataResults": told, "Messages": [], "NextToken": token}


@operations("GetMetricWidgetImage")
def get_metric_widget_image(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """A picture of a widget."""
    image = metric_image.draw_widget(ctx.tocsin, ctx.scope, parameters["MetricWidget"])
    return {"MetricWidgetImage": image}
