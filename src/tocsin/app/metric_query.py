"""Reading metric data: statistics of one metric, and queries with metric math. Spec: AL-1.8, AL-2, AL-3, AL-4.

Rule: an empty period gives no point. Slots are anchored at the start of the read, not at the clock (AL-3.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.core.anomaly import DEFAULT_MODEL
from tocsin.core.metric import UNITS, MetricKey, StatisticSet
from tocsin.core.metric_history import MetricHistory
from tocsin.core.metric_math import Expression, MathError, Series, SeriesArray
from tocsin.core.period import check_read, is_read_period, round_start, slots_between
from tocsin.core.statistic import Statistic
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

MOST_QUERIES = 500
MOST_POINTS = 100_800
"""Queries of one GetMetricData call, and points that it answers with (AL-3.4)."""

# Slots that are worked out for one query, whether there is anything in them or not.
_MOST_SLOTS = 1_000_000

# Series that a SEARCH may give, as on AWS.
_MOST_FOUND = 500

# A band needs what came before (AL-15.3).
_BAND_HISTORY = 14 * 86_400


class UnitRow(NamedTuple):
    """The data of one slot with one unit."""

    second: int
    unit: str
    statistics: StatisticSet


def read_statistics(
    service: Service,
    scope: Scope,
    key: MetricKey,
    *,
    start: int,
    end: int,
    period: int,
    unit: str | None = None,
) -> list[UnitRow]:
    """What lies in each slot of start <= second < end, a row for each unit, ascending (AL-1.8, AL-3.3).

    Raises:
        ReadError: the period is none, the bounds are out of order, or there are too many slots.
    """
    check_read(start, end, period=period)
    now = service.now_ms() // 1000
    begin = round_start(start, period=period, now=now)
    rows: list[UnitRow] = []
    with service.store.read() as store:
        units = [unit] if unit is not None else store.metrics.units(scope, key, start=begin, end=end)
        for one in units:
            history = MetricHistory(store.metrics.data(scope, key, unit=one, start=begin, end=end))
            for slot in slots_between(begin, end, period=period):
                found = history.totals_with_weights(slot, min(slot + period, end))
                if found is not None:
                    rows.append(UnitRow(slot, one, found))
    return sorted(rows, key=lambda row: (row.second, UNITS.index(row.unit)))


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One query: a metric with its statistic, or an expression. `period` is None where it is that of the others."""

    id: str
    key: MetricKey | None = None
    statistic: Statistic | None = None
    unit: str | None = None
    expression: str | None = None
    period: int | None = None
    label: str | None = None
    is_returned: bool = True


class QueryResult(msgspec.Struct, kw_only=True):
    """One series of a query's result: (start of slot, value), ascending, and what is to be said of it."""

    id: str
    label: str
    points: list[tuple[int, float]]
    messages: list[tuple[str, str]]
    period: int


def run_queries(service: Service, scope: Scope, queries: Sequence[Query], *, start: int, end: int) -> list[QueryResult]:
    """The series of the queries that are returned, in the order of the request.

    InvalidParameterError, in AWS's words where they are known, for queries that do not go together.
    """
    _check(queries, start, end)
    now = service.now_ms() // 1000
    with service.store.read() as store:
        return _Run(store, scope, queries, start=start, end=end, now=now).results()


def _check(queries: Sequence[Query], start: int, end: int) -> None:
    if start == end:
        raise _invalid("The parameter StartTime must not equal parameter EndTime.\n")
    if start > end:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.\n")
    if len({query.id for query in queries}) < len(queries):
        raise _invalid("The values for parameter Id in MetricDataQueries must be unique.\n")
    for query in queries:
        if (query.key is None) == (query.expression is None):
            raise _invalid(f"Exactly one of MetricStat and Expression must be set for query {query.id}.\n")
        if query.period is not None and not is_read_period(query.period):
            raise _invalid(f"The value {query.period} for parameter Period is invalid.\n")
    if not any(query.is_returned for query in queries):
        raise _invalid("At least one query must have ReturnData set to true.\n")


def _invalid(message: str) -> InvalidParameterError:
    return InvalidParameterError(message, aws_code="ValidationError")


class _Run:
    """One call. Queries with the same period share their slots."""

    def __init__(
        self, store: StoreReader, scope: Scope, queries: Sequence[Query], *, start: int, end: int, now: int
    ) -> None:
        self._store = store
        self._scope = scope
        self._queries = {query.id: query for query in queries}
        self._start, self._end, self._now = start, end, now
        self._expressions = {query.id: _parsed(query) for query in queries if query.expression is not None}
        self._known: dict[str, Series | tuple[Series, ...]] = {}
        self._open: list[str] = []
        self._messages: dict[str, list[tuple[str, str]]] = {}
        periods = [query.period for query in queries if query.key is not None and query.period is not None]
        self._default_period = min(periods, default=_auto_period(start, end))
        self._keys = {query.id: query.key for query in queries if query.key is not None}

    def results(self) -> list[QueryResult]:
        """What is returned."""
        found: list[QueryResult] = []
        for query in self._queries.values():
            if not query.is_returned:
                continue
            value = self._value(query.id)
            is_array = not isinstance(value, Series)
            for series in (value,) if isinstance(value, Series) else value:
                slots = self._slots(series.period)
                points = [(slot, one) for slot, one in zip(slots, series.values, strict=True) if one is not None]
                found.append(
                    QueryResult(
                        id=query.id,
                        label=self._label(query, series, is_array=is_array),
                        points=points,
                        messages=self._messages.get(query.id, []),
                        period=series.period,
                    )
                )
        return found

    def _value(self, name: str) -> Series | tuple[Series, ...]:
        known = self._known.get(name)
        if known is not None:
            return known
        if name in self._open:
            raise _invalid(f"Error in expression '{name}': it depends on itself.\n")
        self._open.append(name)
        query = self._queries[name]
        value = self._metric(query) if query.key is not None else self._computed(query)
        self._open.pop()
        self._known[name] = value
        return value

    def _slots(self, period: int) -> range:
        begin = round_start(self._start, period=period, now=self._now)
        slots = slots_between(begin, self._end, period=period)
        if len(slots) > _MOST_SLOTS:
            raise _invalid("The time range holds too many periods; increase Period or narrow the range.\n")
        return slots

    def _metric(self, query: Query) -> Series:
        assert query.key is not None
        assert query.statistic is not None
        period = query.period or self._default_period
        slots = self._slots(period)
        return self._series(query.id, query.key, query.statistic, query.unit, slots=slots, period=period)

    def _series(
        self, name: str, key: MetricKey, statistic: Statistic, unit: str | None, *, slots: range, period: int
    ) -> Series:
        begin = slots.start if len(slots) else self._start
        if unit is None:
            units = sorted(self._store.metrics.units(self._scope, key, start=begin, end=self._end))
            if len(units) > 1:
                text = f"Multiple units returned: '[{', '.join(units)}]'"
                self._messages.setdefault(name, []).append(("MultipleUnits", text))
            unit = units[0] if units else None
        history = MetricHistory(self._store.metrics.data(self._scope, key, unit=unit, start=begin, end=self._end))
        needs_weights = statistic.needs_weights
        values: list[float | None] = []
        for slot in slots:
            end = min(slot + period, self._end)
            found = history.totals_with_weights(slot, end) if needs_weights else history.totals(slot, end)
            values.append(None if found is None else statistic.of(found))
        return Series(tuple(values), period, name)

    def _computed(self, query: Query) -> Series | tuple[Series, ...]:
        expression = self._expressions[query.id]
        unknown = sorted(expression.references - self._queries.keys())
        if unknown:
            raise _invalid(f"Error in expression '{query.id}': no query has the id {unknown[0]}.\n")
        wanted = set(expression.references)
        if "METRICS" in expression.functions:
            wanted |= self._keys.keys()
        results = {name: self._value(name) for name in sorted(wanted)}
        periods = [
            one.period for value in results.values() for one in ((value,) if isinstance(value, Series) else value)
        ]
        period = query.period or max(periods, default=self._default_period)
        slots = self._slots(period)
        fitted = {name: self._fit(value, slots, period) for name, value in results.items()}
        try:
            made = expression.evaluate(
                fitted,
                slots=slots,
                period=period,
                metrics=[name for name in self._keys if name in fitted],
                band=self._band,
                search=self._search,
            )
        except MathError as error:
            raise _invalid(f"Error in expression '{query.id}': {error.message}\n") from None
        return made[0] if len(made) == 1 and not isinstance(made, SeriesArray) else made

    def _fit(self, value: Series | tuple[Series, ...], slots: range, period: int) -> Series | tuple[Series, ...]:
        """A result over the slots of a longer period: the sum of no points is none, of several their average."""
        if isinstance(value, Series):
            return self._fit_one(value, slots, period)
        fitted = [self._fit_one(one, slots, period) for one in value]
        return type(value)(fitted)

    def _fit_one(self, series: Series, slots: range, period: int) -> Series:
        if series.period == period and len(series.values) == len(slots):
            return series
        found: dict[int, list[float]] = {}
        for second, one in zip(self._slots(series.period), series.values, strict=True):
            if one is not None and len(slots):
                found.setdefault((second - slots.start) // period, []).append(one)
        values = tuple(sum(found[place]) / len(found[place]) if place in found else None for place in range(len(slots)))
        return Series(values, period, series.name)

    def _band(self, series: Series, deviations: float) -> tuple[Series, Series]:
        """The band of a metric of the request, out of what came before (AL-15)."""
        query = self._queries.get(series.name)
        slots = self._slots(series.period)
        if query is None or query.key is None or query.statistic is None:
            raise _invalid("ANOMALY_DETECTION_BAND takes a metric of the request.\n")
        first = slots.start - _BAND_HISTORY
        past = range(first - first % series.period + slots.start % series.period, slots.stop, series.period)
        history = MetricHistory(
            self._store.metrics.data(self._scope, query.key, unit=query.unit, start=past.start, end=self._end)
        )
        points = []
        for slot in past:
            found = history.totals_with_weights(slot, slot + series.period)
            value = None if found is None else query.statistic.of(found)
            if value is not None:
                points.append((slot, value))
        band = DEFAULT_MODEL.band(points, slots, deviations=deviations)
        return Series(band.upper, series.period), Series(band.lower, series.period)

    def _search(self, text: str, statistic: str, period: int | None) -> Sequence[Series]:
        """The series of a SEARCH: metrics of a schema whose names hold every word (AL-4.4)."""
        namespace, names, words = _search_terms(text)
        period = period or self._default_period
        slots = self._slots(period)
        compiled = Statistic.parse(statistic, parameter="Stat")
        listed = self._store.metrics.list(
            self._scope, namespace=namespace, active_since=self._start - 14 * 86_400, limit=100 * _MOST_FOUND
        )
        found: list[Series] = []
        for key, _ in listed:
            if names and {name for name, _ in key.dimensions} != set(names):
                continue
            held = " ".join([key.metric_name, *(value for _, value in key.dimensions)]).lower()
            if all(word in held for word in words):
                label = " ".join([*(value for _, value in key.dimensions), key.metric_name])
                found.append(self._series(label, key, compiled, None, slots=slots, period=period))
            if len(found) == _MOST_FOUND:
                break
        return found

    def _label(self, query: Query, series: Series, *, is_array: bool) -> str:
        if query.label is not None:
            return f"{query.label} {series.name}" if is_array and series.name else query.label
        if query.expression is not None:
            return series.name if is_array and series.name else query.id
        return automatic_label(query, [one for one in self._queries.values() if one.key is not None], self._period_of)

    def _period_of(self, query: Query) -> int:
        return query.period or self._default_period


def automatic_label(query: Query, queries: Sequence[Query], period_of: Callable[[Query], int]) -> str:
    """The parts that differ between the metrics of a request: metric, statistic, period (AL-3.5)."""

    def parts(one: Query) -> tuple[str, str, str]:
        assert one.key is not None
        return one.key.metric_name, str(one.statistic), str(period_of(one))

    own = parts(query)
    columns = list(zip(*map(parts, queries), strict=True))
    differing = [part for part, column in zip(own, columns, strict=True) if len(set(column)) > 1]
    return " ".join(differing or own[:1])


def _parsed(query: Query) -> Expression:
    try:
        return Expression.parse(query.expression or "")
    except MathError as error:
        raise _invalid(f"Error in expression '{query.id}': {error.message}\n") from None


def _auto_period(start: int, end: int) -> int:
    """A period for expressions without metrics: the finest that gives at most 1,440 points."""
    return next((period for period in (60, 300, 3600, 86_400) if (end - start) // period <= 1_440), 86_400)


def _search_terms(text: str) -> tuple[str | None, list[str], list[str]]:
    """Namespace, names of dimensions and words of `{Namespace,dim1,dim2} words MetricName="x"`."""
    namespace, names = None, []
    rest = text.strip()
    if rest.startswith("{"):
        schema, _, rest = rest[1:].partition("}")
        parts = [part.strip().strip("\"'") for part in schema.split(",")]
        namespace, names = parts[0], parts[1:]
    cleaned = rest.replace('MetricName="', ' "').replace("MetricName=", " ")
    return namespace, names, [word.strip("\"'").lower() for word in cleaned.split() if word.strip("\"'")]
