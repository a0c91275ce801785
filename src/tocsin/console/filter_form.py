"""The form of a metric filter: its fields, and the parameters that they stand for. Spec: CON-4.7, FP-9.

Rule: what the form does not show of a filter that is there it carries along, so that saving loses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.console.typed_number import finite_number, shortest
from tocsin.core.metric_filter import SYSTEM_FIELDS, MetricFilter, MetricTransformation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.console.visit import Form

MOST_DIMENSIONS: Final = 3
"""Dimensions of a transformation (FP-9.6)."""

LABELS: Final = {
    "pattern": "Filter pattern",
    "namespace": "Metric namespace",
    "metric": "Metric name",
    "value": "Metric value",
    "default": "Default value",
    "unit": "Unit",
    **{
        f"dimension-{part}-{number}": f"Dimension {number} {part}"
        for number in range(1, MOST_DIMENSIONS + 1)
        for part in ("name", "value")
    },
    "criteria": "Field selection criteria",
    **{f"emit-{name}": f"Dimension {name}" for name in SYSTEM_FIELDS},
    "transformed": "Transformed logs",
}
"""The fields, in their order, as people know them."""

_ON: Final = "yes"
_FIRST: Final = {"namespace": "CloudTrailMetrics", "value": "1"}


def first_fields() -> dict[str, str]:
    """What the form of a new filter begins with."""
    return dict.fromkeys(LABELS, "") | _FIRST


def fields_of(definition: MetricFilter) -> dict[str, str]:
    """What the form shows of a filter."""
    made = definition.metric_transformations[0]
    fields = dict.fromkeys(LABELS, "")
    for number, (name, value) in enumerate((made.dimensions or {}).items(), 1):
        fields |= {f"dimension-name-{number}": name, f"dimension-value-{number}": value}
    return fields | {
        "pattern": definition.filter_pattern,
        "namespace": made.metric_namespace,
        "metric": made.metric_name,
        "value": made.metric_value,
        "default": "" if made.default_value is None else repr(shortest(made.default_value)),
        "unit": made.unit or "",
        "criteria": definition.field_selection_criteria or "",
        **{f"emit-{name}": _ON if name in definition.emit_system_field_dimensions else "" for name in SYSTEM_FIELDS},
        "transformed": _ON if definition.apply_on_transformed_logs else "",
    }


def fields_sent(form: Form) -> dict[str, str]:
    """What was typed. The pattern is taken to the letter."""
    return {name: form.exact(name) if name == "pattern" else form.get(name) for name in LABELS}


def problems_of(fields: Mapping[str, str], *, name: str) -> dict[str, str]:
    """What cannot even be asked of PutMetricFilter, by field. All else is for it to say."""
    problems = {}
    if not name:
        problems["name"] = "A filter has a name."
    if not fields["metric"]:
        problems["metric"] = "The matches are counted into a metric: give it a name."
    if fields["default"] and finite_number(fields["default"]) is None:
        problems["default"] = "The default value is a number, 0 for most, or nothing."
    for number in range(1, MOST_DIMENSIONS + 1):
        if bool(fields[f"dimension-name-{number}"]) != bool(fields[f"dimension-value-{number}"]):
            problems[f"dimension-name-{number}"] = f"Dimension {number} needs a name and a field."
    return problems


def parameters_of(fields: Mapping[str, str], *, group: str, name: str) -> dict[str, Any]:
    """The parameters of PutMetricFilter."""
    transformation: dict[str, Any] = {
        "metricName": fields["metric"],
        "metricNamespace": fields["namespace"],
        "metricValue": fields["value"],
    }
    default = finite_number(fields["default"])
    if default is not None:
        transformation["defaultValue"] = shortest(default)
    dimensions = _dimensions(fields)
    if dimensions:
        transformation["dimensions"] = dimensions
    if fields["unit"]:
        transformation["unit"] = fields["unit"]
    parameters: dict[str, Any] = {
        "logGroupName": group,
        "filterName": name,
        "filterPattern": fields["pattern"],
        "metricTransformations": [transformation],
    }
    if fields["criteria"]:
        parameters["fieldSelectionCriteria"] = fields["criteria"]
    emitted = [name for name in SYSTEM_FIELDS if fields[f"emit-{name}"]]
    if emitted:
        parameters["emitSystemFieldDimensions"] = emitted
    if fields["transformed"]:
        parameters["applyOnTransformedLogs"] = True
    return parameters


def definition_of(fields: Mapping[str, str], *, name: str) -> MetricFilter:
    """The filter as far as it has been typed, for trying it out."""
    return MetricFilter(
        filter_name=name or "new",
        filter_pattern=fields["pattern"],
        metric_transformations=(
            MetricTransformation(
                metric_name=fields["metric"] or "new",
                metric_namespace=fields["namespace"],
                metric_value=fields["value"],
                default_value=finite_number(fields["default"]),
                dimensions=_dimensions(fields) or None,
                unit=fields["unit"] or None,
            ),
        ),
        field_selection_criteria=fields["criteria"] or None,
        emit_system_field_dimensions=tuple(name for name in SYSTEM_FIELDS if fields[f"emit-{name}"]),
        apply_on_transformed_logs=bool(fields["transformed"]),
    )


def _dimensions(fields: Mapping[str, str]) -> dict[str, str]:
    pairs = ((fields[f"dimension-name-{n}"], fields[f"dimension-value-{n}"]) for n in range(1, MOST_DIMENSIONS + 1))
    return {name: value for name, value in pairs if name and value}


def encoded(definition: MetricFilter, *, group: str) -> str:
    """A filter as the parameters that make it again, for a form that can bring it back."""
    return msgspec.json.encode(parameters_of(fields_of(definition), group=group, name=definition.filter_name)).decode()
