"""Metric filters: what a match is worth, and which filters an event matches.

Rule: the index only saves work. `FilterSet.match` gives exactly the filters that would match if each
were asked in turn. Spec: FP-9, FP-14.2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.core.criteria import parse_criteria
from tocsin.core.event import ABSENT, NOT_JSON
from tocsin.core.number import Number, is_number
from tocsin.core.pattern import FilterPattern, tree
from tocsin.core.pattern.json_match import first_lexeme
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.space_match import Layout, extract_space
from tocsin.errors import InputError, PatternError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tocsin.core.event import Event

SYSTEM_FIELDS = ("@aws.account", "@aws.region")
"""What `emitSystemFieldDimensions` may name (FP-9.7)."""

# CloudWatch takes no value beyond this, in either direction (FP-9.14).
_LARGEST_VALUE = 2.0**360

# Digits of a column's position; no pattern of 1,024 characters and no sane line has more columns.
_LONGEST_POSITION = 6

# CloudWatch's limit for the value of a dimension (FP-9.15).
_LONGEST_DIMENSION = 1024


class MetricTransformation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a match is worth: name, namespace, value and dimensions of the datum it publishes (FP-9.1)."""

    metric_name: str
    metric_namespace: str
    metric_value: str
    default_value: float | None = None
    dimensions: dict[str, str] | None = None
    unit: str | None = None


class MetricFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A metric filter: a pattern and the metric that its matches feed (FP-9.1)."""

    filter_name: str
    filter_pattern: str
    metric_transformations: tuple[MetricTransformation, ...]
    log_group_name: str | None = None
    field_selection_criteria: str | None = None
    emit_system_field_dimensions: tuple[str, ...] = ()
    apply_on_transformed_logs: bool = False


class MetricFilterError(InputError):
    """A transformation that PutMetricFilter refuses, in AWS's words (FP-8.2)."""

    code = "metric-filter"


class Datum(NamedTuple):
    """What one match publishes: a value and its dimensions, name and value, in the filter's order."""

    value: float
    dimensions: tuple[tuple[str, str], ...]


class CompiledFilter:
    """A metric filter ready to run. MetricFilterError, PatternError or CriteriaError when AWS refuses it."""

    def __init__(self, definition: MetricFilter, *, pattern: str | None = None) -> None:
        """`pattern` replaces the definition's (a rule's effective pattern)."""
        self.definition = definition
        self.pattern = FilterPattern.parse(definition.filter_pattern if pattern is None else pattern)
        if len(definition.metric_transformations) != 1:
            raise MetricFilterError("a metric filter has exactly 1 metric transformation")
        self.transformation = definition.metric_transformations[0]
        self.sees = parse_criteria(definition.field_selection_criteria or "")
        self.has_criteria = bool(definition.field_selection_criteria)
        self._value = datum_value(self.pattern, self.transformation.metric_value)
        self._dimensions = self._compile_dimensions()
        self._system_fields = definition.emit_system_field_dimensions

    def datum(self, event: Event, *, account: str, region: str) -> Datum | None:
        """The datum that a match publishes; None when it has no usable value (FP-9.14)."""
        value = self._value(event)
        if value is None:
            return None
        return Datum(value, self._dimension_values(event, account, region))

    def _compile_dimensions(self) -> tuple[tuple[str, Callable[[Event], str | None]], ...]:
        dimensions = self.transformation.dimensions or {}
        if not dimensions:
            return ()
        if not isinstance(self.pattern.tree, tree.Json | tree.Space):
            raise MetricFilterError("The specified filter pattern does not support dimensions")  # FP-8.2 E7
        if self.transformation.default_value is not None:
            raise MetricFilterError(  # FP-8.2 E8
                "Invalid metric transformation: dimensions and default value are mutually exclusive properties"
            )
        compiled = []
        for name, source in dimensions.items():
            field = field_source(self.pattern, source)
            if field is None:
                raise MetricFilterError(  # FP-8.2 E9
                    "Invalid metric transformation: dimension value must be valid selector",
                    hint=f"dimension {name}: write a field such as $.awsRegion, not {source!r}",
                )
            compiled.append((name, field))
        return tuple(compiled)

    def _dimension_values(self, event: Event, account: str, region: str) -> tuple[tuple[str, str], ...]:
        values = [(name, field(event)) for name, field in self._dimensions]
        values += [(name, account if name == "@aws.account" else region) for name in self._system_fields]
        return datum_dimensions(values)


def field_source(pattern: FilterPattern, source: str) -> Callable[[Event], str | None] | None:
    """How to get at the field that `source` names; None when it names none (FP-9.5, FP-9.6).

    A selector on a JSON pattern; `$name` of a declared column or `$7`, a position from 1, on a
    space-delimited one. What is got is the field's lexeme, None where an event has no such scalar.
    """
    match pattern.tree:
        case tree.Json():
            return _selected_field(source)
        case tree.Space(columns):
            return _column_field(columns, source)
    return None


def _selected_field(source: str) -> Callable[[Event], str | None] | None:
    try:
        parsed = parse_pattern(f"{{ {source} = * }}")
    except PatternError:
        return None
    match parsed:
        case tree.Json(tree.Compare(tree.Selector(source=written, steps=steps))) if written == source:
            read = first_lexeme(steps)
            return lambda event: None if event.value is NOT_JSON else read(event.value)
    return None


def _column_field(
    columns: tuple[tree.Column | tree.Ellipsis, ...], source: str
) -> Callable[[Event], str | None] | None:
    name = source.removeprefix("$")
    if name == source or not name:
        return None
    if any(isinstance(column, tree.Column) and column.name == name for column in columns):
        extract = extract_space(columns)
        return lambda event: extract(event.text).get(source)
    if not (name.isascii() and name.isdigit() and len(name) <= _LONGEST_POSITION and int(name) > 0):
        return None
    place = int(name) - 1
    if place >= len(columns) and not any(isinstance(column, tree.Ellipsis) for column in columns):
        return None
    layout = Layout(columns)

    def field(event: Event) -> str | None:
        fields = layout.fields(event.text) or []
        return fields[place][0].text if place < len(fields) else None

    return field


def datum_value(pattern: FilterPattern, source: str) -> Callable[[Event], float | None]:
    """How to get the value of a datum (FP-9.5, FP-9.14): a constant, or a field of the event."""
    if is_number(source):
        constant = _usable(source)
        if constant is not None:
            return lambda _event: constant
    field = None if is_number(source) else field_source(pattern, source)
    if field is None:
        raise MetricFilterError(  # FP-8.2 E10
            f"Invalid metric transformation: metric value {source} must be a valid number",
            hint="write a number such as 1, or a field of the pattern such as $.requestParameters.count",
        )
    return lambda event: None if (text := field(event)) is None else _usable(text)


def _usable(text: str) -> float | None:
    if not is_number(text):
        return None
    value = float(text)
    return value if math.isfinite(value) and abs(value) <= _LARGEST_VALUE else None


def datum_dimensions(values: Sequence[tuple[str, str | None]]) -> tuple[tuple[str, str], ...]:
    """The dimensions of a datum: none at all when one of them has no usable value (FP-9.15)."""
    usable = []
    for name, value in values:
        if value is None or not value.strip() or not value.isascii() or len(value) > _LONGEST_DIMENSION:
            return ()
        usable.append((name, value))
    return tuple(usable)


class FilterSet:
    """Many filters, asked at once.

    Filters whose pattern names the events it can match are found by the event's name; the rest, in
    `unindexed`, are asked for every event.
    """

    def __init__(self, filters: Iterable[CompiledFilter]) -> None:
        self.filters = tuple(filters)
        self._by_name: dict[str, list[int]] = {}
        self._unindexed: list[int] = []
        for place, compiled in enumerate(self.filters):
            keys = compiled.pattern.index_keys
            if keys is None:
                self._unindexed.append(place)
            else:
                for key in keys:
                    self._by_name.setdefault(key, []).append(place)
        self._for_name = {name: sorted(places + self._unindexed) for name, places in self._by_name.items()}

    @property
    def unindexed(self) -> tuple[CompiledFilter, ...]:
        """The filters that have no index key (FP-13.34)."""
        return tuple(self.filters[place] for place in self._unindexed)

    def match(self, event: Event) -> list[int]:
        """The places in `filters` of those whose pattern matches the event, ascending."""
        places: Iterable[int] = self._unindexed
        if self._by_name:
            name = event.get("eventName")
            if type(name) is str:
                places = self._for_name.get(name, places)
            elif type(name) is Number or isinstance(name, bool):
                places = range(len(self.filters))  # "404" may equal a number's digits
            else:
                assert name is ABSENT or name is None or isinstance(name, dict | list)
        return [place for place in places if self.filters[place].pattern.matches_event(event)]
