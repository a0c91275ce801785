"""What a metric filter makes of a match: value, dimensions, default. Spec: FP-9.5 to FP-9.8, FP-13.5 to FP-13.8."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, assert_never

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import with_rewrite
from tocsin.core.metric_filter import field_source
from tocsin.core.number import is_number
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.proof import Prover, opposite, present
from tocsin.core.pattern.regex_automaton import TooLargeError
from tocsin.core.pattern.region import Domain
from tocsin.core.pattern.tree import (
    All,
    Column,
    Json,
    Name,
    NotExists,
    Selector,
    Space,
    Text,
    conditions,
)
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.lint.subject import Subject
    from tocsin.core.metric_filter import MetricFilter, MetricTransformation
    from tocsin.core.pattern import FilterPattern
    from tocsin.core.pattern.tree import Pattern
    from tocsin.core.rule import KeyPath

MAX_DIMENSIONS = 3
"""How many dimensions a metric may have, those of the system included (FP-9.6, FP-9.7)."""

MAX_VALUE = 2.0**360
"""CloudWatch's own limit on the size of a datum (FP-9.14)."""


def lint_transformations(definition: MetricFilter, subject: Subject) -> Iterator[Observation]:
    """Observations about the metric transformations of a filter whose pattern is accepted."""
    for place, transformation in enumerate(definition.metric_transformations):
        key: KeyPath = ("filter", "metricTransformations", place)
        yield from _value(subject, transformation, (*key, "metricValue"))
        yield from _dimensions(subject.pattern, transformation, key, len(definition.emit_system_field_dimensions))


# ---------------------------------------------------------------- the value


def _value(subject: Subject, transformation: MetricTransformation, key: KeyPath) -> Iterator[Observation]:
    value = transformation.metric_value
    if is_number(value):
        if not math.isfinite(float(value)) or abs(float(value)) > MAX_VALUE:
            message = f"metric value {value} is beyond what CloudWatch takes (2 to the power of 360)"
            yield observe("metric-value", 0, message, key=key)
        return
    problem = field_problem(subject.pattern, value)
    if problem is not None:
        rewrite = field_for(subject.tree, value)
        yield observe(
            "metric-value",
            0,
            f"metric value {value} must be a number or a field: {problem}",
            hint=with_rewrite("write 1 to count matches, or a selector", rewrite),
            rewrite=rewrite,
            key=key,
        )
    elif (reason := _may_lack(subject, value)) is not None:
        yield observe(
            "metric-value",
            0,
            f"{reason}: a match without a usable {value} publishes nothing and is not counted (FP-9.14)",
            hint=_presence_hint(subject.tree, value),
            severity=Severity.WARNING,
            key=key,
        )


def _presence_hint(tree: Pattern, value: str) -> str:
    return f"ask for it in the pattern: && ({value} = *)" if isinstance(tree, Json) else "declare the column"


def _may_lack(subject: Subject, value: str) -> str | None:
    """Why a match may have nothing at the field; None when the pattern proves that a scalar stands there."""
    tree = subject.tree
    selector = read_selector(value)
    if isinstance(tree, Json) and selector is not None:
        try:
            prover = Prover([subject.sketch, present(selector)], Domain.JSON)
        except TooLargeError:
            return None
        if prover.is_impossible(subject.sketch, opposite(present(selector))):
            return None
        return "the pattern does not prove that the field is there"
    if isinstance(tree, Space) and value[1:] not in _names(tree):
        place = int(value[1:])
        if place > sum(isinstance(column, Column) for column in tree.columns):
            return f"a line may have fewer than {place} fields"
    return None


# ---------------------------------------------------------------- dimensions


def _dimensions(
    pattern: FilterPattern, transformation: MetricTransformation, key: KeyPath, system: int
) -> Iterator[Observation]:
    dimensions = transformation.dimensions or {}
    inside = (*key, "dimensions")
    if len(dimensions) + system > MAX_DIMENSIONS:
        message = f"{len(dimensions) + system} dimensions, those of the system included; {MAX_DIMENSIONS} are allowed"
        yield observe("too-many", 0, message, hint="leave out those of which no alarm needs to know", key=inside)
    if not dimensions:
        return
    if transformation.default_value is not None:
        yield observe(
            "dimensions-with-default",
            0,
            "dimensions and defaultValue exclude one another, and AWS refuses the filter when it is deployed",
            hint="leave defaultValue out (the alarm then needs TreatMissingData: notBreaching), or the dimensions",
            key=(*key, "defaultValue"),
        )
    if isinstance(pattern.tree, All | Text):
        yield observe(
            "dimensions-on-text",
            0,
            "a text pattern has no fields to take dimensions from, and AWS refuses the filter when it is deployed",
            hint="use a JSON or a space-delimited pattern, or leave the dimensions out",
            key=inside,
        )
        return
    for name, value in dimensions.items():
        yield from _dimension(pattern, name, value, (*inside, name))


def _dimension(pattern: FilterPattern, name: str, value: str, key: KeyPath) -> Iterator[Observation]:
    problem = field_problem(pattern, value)
    if problem is not None:
        rewrite = field_for(pattern.tree, value)
        yield observe(
            "dimension-constant",
            0,
            f"the value of dimension {name} must be a field: {problem}",
            hint=with_rewrite("a constant has no place here: use one metric name for each", rewrite),
            rewrite=rewrite,
            key=key,
        )
        return
    selector = read_selector(value)
    last = next((step.name for step in reversed(selector.steps) if isinstance(step, Name)), "") if selector else ""
    if last in MANY_VALUED:
        yield observe(
            "cardinality",
            0,
            f"every value of {value} makes a metric of its own, and AWS may disable a filter that makes 1000 an hour",
            hint="leave the dimension out: actor and address stand in the records that are behind an alarm",
            key=key,
        )


MANY_VALUED = frozenset(
    (
        *("sourceIPAddress", "requestID", "eventID", "sharedEventID", "userName", "arn", "principalId"),
        *("accessKeyId", "userAgent", "eventTime"),
    )
)
"""Names of fields with many different values (FP-13.26)."""


# ---------------------------------------------------------------- fields


def field_problem(pattern: FilterPattern, value: str) -> str | None:
    """Why `value` names no field of the events that a pattern looks at (FP-9.5, FP-9.6); None when it does."""
    if field_source(pattern, value) is not None:
        return None
    named = value or "an empty text"
    match pattern.tree:
        case Json():
            return f"{named} is no selector such as $.userIdentity.type"
        case Space() as space:
            names = _names(space)
            if not value.startswith("$") or value.startswith("$."):
                return f"{named} is no column such as ${names[0] if names else 1}"
            return f"no entry declares {value[1:]}" + (f", the columns are {', '.join(names)}" if names else "")
        case All() | Text():
            return "a text pattern has no fields"
        case _:
            assert_never(pattern.tree)


def field_for(tree: Pattern, value: str) -> str | None:
    """The field that a bare name was probably meant to be: a declared column, or a selector that parses."""
    name = value.removeprefix("$.").removeprefix("$")
    if isinstance(tree, Space):
        return f"${name}" if name in _names(tree) else None
    if not isinstance(tree, Json):
        return None
    selector = read_selector(f"$.{name}")
    selectors = [condition.selector for condition in conditions(tree.expr)]
    asked = {one.steps for one in selectors if isinstance(one, Selector)}
    return selector.source if selector is not None and selector.steps in asked else None


def read_selector(text: str) -> Selector | None:
    """The selector that `text` is as a whole, or None."""
    try:
        tree = parse_pattern(f"{{ {text} NOT EXISTS }}")
    except PatternError:
        return None
    if isinstance(tree, Json) and isinstance(tree.expr, NotExists) and tree.expr.selector.source == text:
        return tree.expr.selector
    return None


def _names(space: Space) -> tuple[str, ...]:
    return tuple(column.name for column in space.columns if isinstance(column, Column) and column.name is not None)
