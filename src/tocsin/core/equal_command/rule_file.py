"""Calls of AWS as the rule that they are. Rule: what is read from it is the same filter and alarm. Spec: IF-4."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.equal_command.yaml_text import yaml_of
from tocsin.core.rule import RULE_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.core.aws_call import AwsCall

_SECTIONS = {
    ("logs", "PutMetricFilter"): ("filter", "filterName"),
    ("cloudwatch", "PutMetricAlarm"): ("alarm", "AlarmName"),
    ("cloudwatch", "PutCompositeAlarm"): ("composite", "AlarmName"),
}
_NO_WORD = re.compile(r"[^a-z0-9]+")
_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST_ID = 200


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, a YAML document each, empty where there are none; and what there is to say beside them."""

    text: str = ""
    note: str = ""


def rules_of(calls: Sequence[AwsCall]) -> Rules:
    """The rules that these calls are. An alarm on the metric of the filter before it stands in that filter's rule."""
    rules: list[dict[str, Any]] = []
    others: list[str] = []
    for call in calls:
        place = _SECTIONS.get((call.service, call.operation))
        if place is None:
            others.append(call.operation)
            continue
        section, named_by = place
        parameters = dict(call.parameters)
        if section != "filter":
            parameters.setdefault("AlarmActions", [])  # left out, a rule has the topic of the setting rules.topic
        ident = rule_id(str(parameters.get(named_by, "")))
        last = rules[-1] if rules else {}
        if section == "alarm" and "alarm" not in last and _watches(parameters, last):
            last["alarm"] = _without_defaults(parameters, last)
        else:
            if parameters.get(named_by) == ident:
                del parameters[named_by]  # a rule's filter and alarm have its name
            rules.append({"id": ident, section: parameters})
    note = f"A rule file holds metric filters and alarms, not {', '.join(dict.fromkeys(others))}." if others else ""
    return Rules(text="---\n".join(yaml_of(rule) for rule in rules), note=note)


def rule_id(name: str) -> str:
    """A name as the id of a rule: lower-case words with hyphens between them.

    >>> rule_id("CIS 4.10/SecurityGroupChanges")
    'cis-4-10-security-group-changes'
    """
    ident = _NO_WORD.sub("-", _CASE.sub("-", name).lower()).strip("-")[:_LONGEST_ID].strip("-")
    return ident if RULE_ID.match(ident) else "rule"


def _watches(alarm: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether an alarm is on the metric that the rule's filter feeds."""
    fed = rule.get("filter", {}).get("metricTransformations", ())
    metrics = [(one.get("metricNamespace"), one.get("metricName")) for one in fed]
    return (alarm.get("Namespace"), alarm.get("MetricName")) in metrics


def _without_defaults(alarm: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that do not follow from the rule: its name, and the metric of its filter."""
    left_out = {"Namespace", "MetricName"} | ({"AlarmName"} if alarm.get("AlarmName") == rule["id"] else set())
    return {name: value for name, value in alarm.items() if name not in left_out}
