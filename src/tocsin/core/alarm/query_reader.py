"""The queries of a math alarm. Rule: what is accepted can be evaluated, in an order that is known beforehand.

Every expression parses, names only queries of the alarm, and none depends on itself.
Spec: AL-4.1, AL-4.4, AL-5.2, AL-15.1, AL-16.6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.core.alarm.definition import MetricDataQuery, MetricStat
from tocsin.core.alarm.error import AlarmError
from tocsin.core.metric import UNITS, MetricKey
from tocsin.core.metric_math import Expression, MathError, Series
from tocsin.core.statistic import Statistic, StatisticError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.core.alarm.parameter import ParameterReader

MOST_QUERIES, MOST_OF_A_KIND = 20, 10
_ID = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_INSIGHTS = re.compile(r"\s*SELECT\s", re.IGNORECASE)
_BAND = re.compile(
    r"\s*ANOMALY_DETECTION_BAND\s*\(\s*([a-z][A-Za-z0-9_]*)\s*(?:,\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*)?\)\s*\Z"
)
_DEVIATIONS = 2.0


def band_call(expression: str | None) -> tuple[str, float] | None:
    """Of an expression that is a band as a whole, `ANOMALY_DETECTION_BAND(m1, 3)`, the id and the deviations.

    >>> band_call("ANOMALY_DETECTION_BAND(m1)"), band_call("m1 + 1")
    (('m1', 2.0), None)
    """
    found = _BAND.match(expression or "")
    return None if found is None else (found[1], float(found[2] or _DEVIATIONS))


def read_key(reader: ParameterReader, *, required: bool = False) -> MetricKey | None:
    """Namespace, MetricName and Dimensions of a structure; None where one of the two names is missing."""
    namespace = reader.text("Namespace", least=1, most=255, required=required)
    name = reader.text("MetricName", least=1, most=255, required=required)
    dimensions: dict[str, str] = {}
    for member in reader.records("Dimensions", most=30):
        key = member.text("Name", least=1, most=255, required=True)
        value = member.text("Value", least=1, most=1024, required=True)
        member.refuse_unknown()
        if key is None or value is None:
            continue
        if key in dimensions:
            raise AlarmError(
                f"The parameter Dimensions has the name {key} more than once.",
                parameter=member.place("Name"),
                aws_code="InvalidParameterValue",
                hint="a metric has one value for each of its dimensions",
            )
        dimensions[key] = value
    if namespace is None or name is None:
        return None
    return MetricKey.of(namespace, name, dimensions)


def parse_statistic(text: str, *, parameter: str) -> Statistic:
    """The statistic of that name. Raises AlarmError in AWS's words (AL-2.2)."""
    try:
        return Statistic.parse(text, parameter=parameter.rpartition(".")[2])
    except StatisticError as error:
        raise AlarmError(error.message, parameter=parameter, aws_code=error.aws_code, hint=error.hint) from None


def read_query(reader: ParameterReader) -> MetricDataQuery | None:
    """One entry of `Metrics`; None where a violation was found. Raises AlarmError for what the model does not say."""
    identifier = reader.text("Id", least=1, most=255, required=True)
    expression = reader.text("Expression", least=1, most=2048)
    stat = reader.record("MetricStat")
    label, account = reader.text("Label"), reader.text("AccountId", least=1, most=255)
    return_data, period = reader.boolean("ReturnData", default=True), reader.whole("Period", least=1)
    read = None if stat is None else _read_stat(stat)
    reader.refuse_unknown()
    if identifier is None or (stat is not None and read is None):
        return None
    if _ID.match(identifier) is None:
        raise AlarmError(
            f"The value {identifier} for parameter Id is invalid.",
            parameter=reader.place("Id"),
            hint="an id begins with a lower-case letter; letters, digits and _ follow",
        )
    if (stat is None) == (not reader.has("Expression")):
        raise AlarmError(
            f"Exactly one of MetricStat and Expression must be set for the query {identifier}.",
            parameter=reader.place("MetricStat"),
            hint="a query is either a metric or an expression",
        )
    if expression is not None:
        _refuse_insights(expression, reader.place("Expression"))
    return MetricDataQuery(
        id=identifier,
        metric_stat=read,
        expression=expression,
        label=label,
        return_data=return_data,
        period=period,
        account_id=account,
    )


def _read_stat(reader: ParameterReader) -> MetricStat | None:
    metric = reader.record("Metric", required=True)
    key = None if metric is None else read_key(metric, required=True)
    period = reader.whole("Period", least=1, required=True)
    name, unit = reader.text("Stat", least=1, required=True), reader.text("Unit", words=UNITS)
    if metric is not None:
        metric.refuse_unknown()
    reader.refuse_unknown()
    if key is None or period is None or name is None:
        return None
    return MetricStat(key=key, period=period, stat=parse_statistic(name, parameter=reader.place("Stat")), unit=unit)


def _refuse_insights(expression: str, place: str) -> None:
    if _INSIGHTS.match(expression) is not None:
        raise AlarmError(
            "Metrics Insights queries are not supported by Tocsin.",
            parameter=place,
            hint="use MetricStat and metric math; an alarm that is never evaluated would be worse than none",
        )


def check_queries(queries: Sequence[MetricDataQuery], *, threshold_metric_id: str | None) -> int:
    """The one period of the queries, in seconds. Raises AlarmError where they cannot be evaluated together."""
    _check_counts(queries)
    places = {query.id: f"Metrics.{number}" for number, query in enumerate(queries, 1)}
    if len(places) < len(queries):
        raise AlarmError(
            "The values for parameter Id must be unique within Metrics.",
            parameter="Metrics",
            hint="expressions name queries by their ids",
        )
    _check_returned(queries, threshold_metric_id, places)
    _check_results(queries, threshold_metric_id)
    return _period_of(queries)


def _check_counts(queries: Sequence[MetricDataQuery]) -> None:
    stats = sum(query.metric_stat is not None for query in queries)
    for kind, count in (("MetricStat", stats), ("Expression", len(queries) - stats)):
        if count > MOST_OF_A_KIND:
            raise AlarmError(
                f"Metrics must not have more than {MOST_OF_A_KIND} queries with {kind}.",
                parameter="Metrics",
                hint=f"it has {count}",
            )


def _check_returned(
    queries: Sequence[MetricDataQuery], threshold_metric_id: str | None, places: Mapping[str, str]
) -> None:
    returned = [query for query in queries if query.return_data]
    wanted = 1 if threshold_metric_id is None else 2
    if len(returned) != wanted:
        raise AlarmError(
            f"Exactly {'one element' if wanted == 1 else 'two elements'} of the metrics list should return data.",
            parameter="Metrics",
            hint=f"ReturnData is true for {len(returned)} of them; it is true where it is not given",
        )
    if threshold_metric_id is None:
        return
    band = next((query for query in returned if query.id == threshold_metric_id), None)
    call = None if band is None else band_call(band.expression)
    if call is None:
        raise AlarmError(
            f"The value {threshold_metric_id} for parameter ThresholdMetricId is invalid.",
            parameter="ThresholdMetricId",
            hint="it is the id of a query that returns data and is ANOMALY_DETECTION_BAND(id, deviations)",
        )
    if all(query.id != call[0] or query.metric_stat is None for query in queries):
        raise AlarmError(
            "Anomaly detection on metric math is not supported by Tocsin.",
            parameter=f"{places[threshold_metric_id]}.Expression",
            hint="the band must be that of a query with MetricStat",
        )


def order_of(queries: Sequence[MetricDataQuery]) -> tuple[tuple[str, Expression], ...]:
    """The expressions, parsed, each after those that it names.

    Raises AlarmError for one that does not parse, uses SEARCH, names a query that is not there, or
    depends on itself.
    """
    places = {query.id: f"Metrics.{number}.Expression" for number, query in enumerate(queries, 1)}
    waiting = {
        query.id: _parse(query.expression, places[query.id]) for query in queries if query.expression is not None
    }
    for identifier, expression in waiting.items():
        unknown = sorted(expression.references - places.keys())
        if unknown:
            raise AlarmError(
                f"The expression of {identifier} names {unknown[0]}, which is not among Metrics.",
                parameter=places[identifier],
                hint=f"the ids are {', '.join(places)}",
            )
    ordered: list[tuple[str, Expression]] = []
    while waiting:
        ready = [one for one, expression in waiting.items() if not expression.references & waiting.keys()]
        if not ready:
            raise AlarmError(
                f"The expressions {', '.join(waiting)} depend on each other.",
                parameter=places[next(iter(waiting))],
                hint="an expression cannot use its own result",
            )
        ordered += [(one, waiting.pop(one)) for one in ready]
    return tuple(ordered)


def _parse(source: str, place: str) -> Expression:
    try:
        expression = Expression.parse(source)
    except MathError as error:
        raise AlarmError(error.message, parameter=place, hint=error.hint) from None
    if expression.uses_search:
        raise AlarmError(
            "SEARCH is not supported in alarms.",
            parameter=place,
            hint="name each metric with a MetricStat: an alarm cannot search, not even in a query without ReturnData",
        )
    return expression


def _check_results(queries: Sequence[MetricDataQuery], threshold_metric_id: str | None) -> None:
    """Try the expressions on one slot with a point in it: their types fit, and the alarm gets one series (AL-4.1)."""
    places = {query.id: f"Metrics.{number}.Expression" for number, query in enumerate(queries, 1)}
    metrics = [query.id for query in queries if query.metric_stat is not None]
    results: dict[str, Series | tuple[Series, ...]] = {name: Series((1.0,), 60, name) for name in metrics}
    for name, expression in order_of(queries):
        try:
            results[name] = expression.evaluate(
                results, slots=(0,), period=60, metrics=metrics, band=lambda series, _: (series, series)
            )
        except MathError as error:
            raise AlarmError(error.message, parameter=places[name], hint=error.hint) from None
    for query in queries:
        result = results[query.id]
        if query.return_data and query.id != threshold_metric_id and isinstance(result, tuple) and len(result) != 1:
            raise AlarmError(
                f"The expression of {query.id} must return a single time series, it returns {len(result)}.",
                parameter=places[query.id],
                hint="take one of them with FIRST, or put them together with SUM, MAX, …",
            )


def _period_of(queries: Sequence[MetricDataQuery]) -> int:
    given = [query.metric_stat.period for query in queries if query.metric_stat is not None]
    given += [query.period for query in queries if query.period is not None]
    if not given:
        raise AlarmError(
            "Period must be set for a query without a metric.",
            parameter="Metrics.1.Period",
            hint="give the expression that returns data a Period",
        )
    if len(set(given)) > 1:
        raise AlarmError(
            "All metrics of an alarm must have the same period.",
            parameter="Metrics",
            hint=f"the periods are {', '.join(map(str, sorted(set(given))))} seconds",
        )
    return given[0]
