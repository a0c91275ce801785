"""The functions whose result comes from outside of the expression: the request, a band model, a search.

Rule: what is not at hand is refused, never taken for a series without points. Spec: AL-4.4, AL-15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.metric_math.error import Refusal
from tocsin.core.metric_math.function import (
    NUMBER,
    SERIES,
    TEXT,
    Function,
    Parameter,
    as_number,
    as_series,
    as_text,
    gives,
)
from tocsin.core.metric_math.kind import Kind
from tocsin.core.metric_math.series import Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.metric_math.function import Argument
    from tocsin.core.metric_math.series import Value, Window

_DEFAULT_DEVIATIONS = 2.0


def _metrics(window: Window, arguments: Sequence[Argument]) -> Value:
    """The metrics of the request, no expressions, in its order; with a text those whose id contains it."""
    part = as_text(arguments[0]) if arguments else ""
    found = []
    for name in window.metrics:
        if part not in name:
            continue
        if name not in window.queries:
            raise Refusal(f"METRICS() needs the data of '{name}'")
        series = window.query(name)
        if not isinstance(series, Series):
            raise Refusal(f"'{name}' is not the id of a metric")
        found.append(series)
    return tuple(found)


def _period(_window: Window, arguments: Sequence[Argument]) -> Value:
    return float(as_series(arguments[0]).period)


def _band(window: Window, arguments: Sequence[Argument]) -> Value:
    """Upper and lower series. Where the width is a missing number, there is no band."""
    if window.band is None:
        raise Refusal("no model of an anomaly detection band is at hand here")
    deviations = as_number(arguments[1]) if len(arguments) > 1 else _DEFAULT_DEVIATIONS
    if deviations is None:
        empty = window.series([None] * len(window.slots))
        return (empty, empty)
    upper, lower = window.band(as_series(arguments[0]), deviations)
    return (window.checked(upper, "upper band"), window.checked(lower, "lower band"))


def _search(window: Window, arguments: Sequence[Argument]) -> Value:
    if window.search is None:
        raise Refusal("SEARCH cannot be evaluated here", hint="it is for graphs only, and never allowed in an alarm")
    period = as_number(arguments[2]) if len(arguments) > 2 else None
    found = window.search(as_text(arguments[0]), as_text(arguments[1]), None if period is None else int(period))
    return tuple(window.checked(series, "search result") for series in found)


REQUEST_FUNCTIONS = {
    "METRICS": Function((TEXT,), 0, gives(Kind.ARRAY), _metrics),
    "PERIOD": Function((Parameter(Kind.SERIES, is_metric=True),), 1, gives(Kind.SCALAR), _period),
    "ANOMALY_DETECTION_BAND": Function((SERIES, NUMBER), 1, gives(Kind.ARRAY), _band),
    "SEARCH": Function((TEXT, TEXT, NUMBER), 2, gives(Kind.ARRAY), _search),
}
