"""The form of a metric alarm: its fields, and the parameters that they stand for. Spec: CON-4.8, AL-5.

Rule: what the form does not show of an alarm that is there it carries along, so that saving loses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.console.typed_number import finite_number, shortest
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.alarm_condition import span_text
from tocsin.core.alarm_severity import SEVERITY
from tocsin.core.rule import RuleSeverity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.metric_filter import KeptFilter
    from tocsin.console.visit import Form
    from tocsin.core.rule import Rule

ACTIONS: Final = {"AlarmActions": "ALARM", "OKActions": "OK", "InsufficientDataActions": "INSUFFICIENT_DATA"}
"""The lists of actions, and the states that they belong to."""

LABELS: Final = {
    "description": "Description",
    "namespace": "Namespace",
    "metric": "Metric name",
    "dimensions": "Dimensions",
    "statistic": "Statistic",
    "unit": "Unit",
    "period": "Period",
    "comparison": "Comparison",
    "threshold": "Threshold",
    "m": "Datapoints to alarm",
    "n": "Evaluation periods",
    "missing": "Missing data",
    "severity": "Severity",
    "enabled": "Actions enabled",
    **{name: f"Actions for {state}" for name, state in ACTIONS.items()},
    "rest": "Other parameters",
}
"""The fields, in their order, as people know them."""

STATISTICS: Final = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")
"""The statistics to choose from; any other is typed."""

PERIODS: Final = [(str(seconds), span_text(seconds)) for seconds in (10, 60, 300, 900, 3_600, 21_600, 86_400)]

COMPARISONS: Final = [
    ("GreaterThanOrEqualToThreshold", "at or above"),
    ("GreaterThanThreshold", "above"),
    ("LessThanOrEqualToThreshold", "at or below"),
    ("LessThanThreshold", "below"),
]

MISSING: Final = [
    (TreatMissingData.NOT_BREACHING.value, "counts as fine"),
    (TreatMissingData.MISSING.value, "is missing"),
    (TreatMissingData.IGNORE.value, "keeps the state"),
    (TreatMissingData.BREACHING.value, "counts as breaching"),
]

SEVERITIES: Final = [("", "not said"), *((one.value, one.value) for one in RuleSeverity)]

FIELD_OF: Final = {
    "AlarmName": "name",
    "AlarmDescription": "description",
    "Namespace": "namespace",
    "MetricName": "metric",
    "Dimensions": "dimensions",
    "Statistic": "statistic",
    "ExtendedStatistic": "statistic",
    "Unit": "unit",
    "Period": "period",
    "EvaluationPeriods": "n",
    "DatapointsToAlarm": "m",
    "Threshold": "threshold",
    "ComparisonOperator": "comparison",
    "TreatMissingData": "missing",
    **{name: name for name in ACTIONS},
}
"""The field that a parameter is typed into."""

_ON: Final = "yes"
_FIRST: Final = {
    "namespace": "CloudTrailMetrics",
    "statistic": "Sum",
    "period": "300",
    "comparison": "GreaterThanOrEqualToThreshold",
    "threshold": "1",
    "m": "1",
    "n": "1",
    "missing": TreatMissingData.NOT_BREACHING.value,
    "enabled": _ON,
}
"""The usual security alarm (AL-7.c)."""

# Parameters that have fields of their own; all others are carried along.
_SHOWN: Final = frozenset({*FIELD_OF, "ActionsEnabled", "Tags"})


def first_fields() -> dict[str, str]:
    """What the form of a new alarm begins with."""
    return dict.fromkeys(LABELS, "") | _FIRST


def fields_for_filter(kept: KeptFilter, rule: Rule | None) -> dict[str, str]:
    """What the form of an alarm on a filter's metric begins with: the rule's own condition, where it is of one."""
    made = kept.filter.metric_transformations[0]
    fields = first_fields() | {"namespace": made.metric_namespace, "metric": made.metric_name}
    if rule is None:
        return fields
    fields |= {"severity": rule.severity.value, "description": rule.title}
    if rule.alarm is not None:
        parameters = {"EvaluationPeriods": 1, **rule.alarm, "Namespace": made.metric_namespace}
        own = fields_of({**parameters, "MetricName": made.metric_name}, severity=rule.severity.value)
        fields |= {name: text for name, text in own.items() if text}
    return fields


def fields_of(parameters: Mapping[str, Any], *, severity: str) -> dict[str, str]:
    """What the form shows of an alarm, given as the parameters that make it."""
    fields = dict.fromkeys(LABELS, "")
    n = parameters.get("EvaluationPeriods", 1)
    rest = {name: value for name, value in parameters.items() if name not in _SHOWN and value is not None}
    return fields | {
        "description": parameters.get("AlarmDescription") or "",
        "namespace": parameters.get("Namespace") or "",
        "metric": parameters.get("MetricName") or "",
        "dimensions": "\n".join(f"{one['Name']}={one['Value']}" for one in parameters.get("Dimensions") or ()),
        "statistic": parameters.get("Statistic") or parameters.get("ExtendedStatistic") or "",
        "unit": parameters.get("Unit") or "",
        "period": _text(parameters.get("Period")),
        "comparison": parameters.get("ComparisonOperator") or "",
        "threshold": _text(parameters.get("Threshold")),
        "m": _text(parameters.get("DatapointsToAlarm") or n),
        "n": _text(n),
        "missing": parameters.get("TreatMissingData") or "",
        "severity": severity,
        "enabled": _ON if parameters.get("ActionsEnabled", True) else "",
        **{name: "\n".join(parameters.get(name) or ()) for name in ACTIONS},
        "rest": msgspec.json.encode(rest, order="sorted").decode() if rest else "",
    }


def fields_sent(form: Form) -> dict[str, str]:
    """What was typed. Actions come as one field each, or with a line for each."""
    fields = {name: form.get(name) for name in LABELS} | actions_sent(form)
    if form.get("other-statistic"):
        fields["statistic"] = form.get("other-statistic")
    return fields


def actions_sent(form: Form) -> dict[str, str]:
    """The lists of actions that were chosen, an ARN a line."""
    found = {}
    for name in ACTIONS:
        arns = [arn for text in form.all(name) for arn in text.splitlines() if arn.strip()]
        found[name] = "\n".join(dict.fromkeys(arn.strip() for arn in arns))
    return found


def missing_choices(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a period without data may count as. An alarm that says nothing of it need not say so from now on."""
    unsaid = TreatMissingData.MISSING.value
    return [("" if value == unsaid and not fields["missing"] else value, text) for value, text in MISSING]


def is_plain(fields: Mapping[str, str]) -> bool:
    """Whether the alarm watches one metric, and not an expression over several."""
    return not any(name in _rest(fields) for name in ("Metrics", "EvaluationCriteria"))


def problems_of(fields: Mapping[str, str], *, name: str) -> dict[str, str]:
    """What cannot even be asked of PutMetricAlarm, by field. All else is for it to say."""
    problems = {}
    if not name:
        problems["name"] = "An alarm has a name."
    for field in ("threshold", "n", "m", "period"):
        text = fields[field]
        if text and finite_number(text) is None:
            problems[field] = f"{LABELS[field]} is a number."
    if is_plain(fields) and not fields["metric"]:
        problems["metric"] = "The alarm watches a metric: name it."
    if is_plain(fields) and not fields["threshold"]:
        problems.setdefault("threshold", "From which value on does it ring?")
    if any("=" not in line for line in fields["dimensions"].splitlines() if line.strip()):
        problems["dimensions"] = "A dimension a line: Name=value."
    return problems


def parameters_of(fields: Mapping[str, str], *, name: str) -> dict[str, Any]:
    """The parameters of PutMetricAlarm, without tags."""
    rest = _rest(fields)
    statistic = fields["statistic"]
    n, m = _whole(fields["n"]), _whole(fields["m"])
    made: dict[str, Any] = {
        "AlarmName": name,
        "AlarmDescription": fields["description"] or None,
        "ActionsEnabled": bool(fields["enabled"]),
        **{actions: fields[actions].splitlines() for actions in ACTIONS},
        "Namespace": fields["namespace"] or None,
        "MetricName": fields["metric"] or None,
        "Dimensions": _dimensions(fields["dimensions"]) or None,
        "Statistic": statistic if statistic in STATISTICS else None,
        "ExtendedStatistic": statistic if statistic and statistic not in STATISTICS else None,
        "Period": _whole(fields["period"]),
        "Unit": fields["unit"] or None,
        "EvaluationPeriods": n,
        "DatapointsToAlarm": m if m != n else None,
        "Threshold": _shortest(fields["threshold"]),
        "ComparisonOperator": fields["comparison"] or None,
        "TreatMissingData": fields["missing"] or None,
    }
    if not is_plain(fields):
        metric = ("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit")
        made |= dict.fromkeys(metric)
    return {key: value for key, value in {**made, **rest}.items() if value is not None}


def tags_of(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags that the form sets."""
    return [{"Key": SEVERITY, "Value": fields["severity"]}] if fields["severity"] else []


def _rest(fields: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that have no field; none where the text is broken."""
    try:
        found: dict[str, Any] = msgspec.json.decode(fields["rest"] or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return {name: value for name, value in found.items() if name not in _SHOWN}


def _dimensions(text: str) -> list[dict[str, str]]:
    pairs = (line.strip().partition("=") for line in text.splitlines() if "=" in line)
    return [{"Name": name.strip(), "Value": value.strip()} for name, _, value in pairs]


def _whole(text: str) -> int | None:
    value = finite_number(text)
    return None if value is None else int(value)


def _shortest(text: str) -> int | float | None:
    value = finite_number(text)
    return None if value is None else shortest(value)


def _text(value: Any) -> str:
    return "" if value is None else repr(shortest(value))
