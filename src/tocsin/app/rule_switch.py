"""Switching a rule on and off: the calls of AWS that do it. Spec: IF-7, IF-4, CON-4.10 (Rules), CON-7.7.

Rule: what is switched on is what the rule says, under its full name, and the alarm's tag `tocsin:rule` says so; what is
switched off is that and nothing else: filters and alarms that somebody made in another way stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, KeptAlarm, alarm_arn
from tocsin.app.alarm_set import composite_parameters, metric_alarm_parameters
from tocsin.app.metric_filter import FILTERS, KeptFilter
from tocsin.app.resource_tag import get_tags
from tocsin.app.rulereader import compile_pattern
from tocsin.core.aws_call import AwsCall
from tocsin.core.late_breach import RULE
from tocsin.core.rule import PARAMETER
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tocsin.app.store_port import StoreReader
    from tocsin.core.metric_filter import MetricFilter
    from tocsin.core.rule import Rule
    from tocsin.core.scope import Scope


class NameTakenError(InputError):
    """Something of the rule's name is there that the rule did not make."""

    code = "name-taken"


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """What stands under a rule's name in a scope and log group; None for what does not.

    `alarm` is that alarm if it is tagged as the rule's, `foreign_alarm` tells that there is one which is not.
    `elsewhere` are other groups in which a filter of the rule's name feeds the same alarm.
    """

    filter: KeptFilter | None = None
    alarm: KeptAlarm | None = None
    tags: dict[str, str] = {}
    foreign_alarm: bool = False
    elsewhere: tuple[str, ...] = ()


def alarm_name(rule: Rule) -> str:
    """The name of a rule's alarm."""
    return str((rule.alarm or rule.composite or {}).get("AlarmName", rule.name))


def parameters_of(rule: Rule) -> tuple[str, ...]:
    """The parameters that have to be filled in before a rule can be switched on, in the order of its pattern."""
    texts = [] if rule.filter is None else [rule.filter.filter_pattern]
    texts += [one.when for one in rule.exclusions if one.when is not None]
    return tuple(dict.fromkeys(found[1] for text in texts for found in PARAMETER.finditer(text)))


def find_switched(store: StoreReader, scope: Scope, rule: Rule, group: str) -> Switched:
    """What stands under the rule's name. `group` is empty for a composite rule."""
    name = alarm_name(rule)
    kept = METRIC_ALARMS.get(store, scope, name) or COMPOSITES.get(store, scope, name)
    tags = get_tags(store, scope, alarm_arn(scope, name))
    is_own = tags.get(RULE) == rule.name
    filters = {}
    if rule.filter is not None:
        filters = {
            one.log_group: one
            for _, one in FILTERS.scan(store, scope)
            if one.filter.filter_name == rule.filter.filter_name
        }
    return Switched(
        filter=filters.get(group),
        alarm=kept if is_own else None,
        tags=tags if is_own else {},
        foreign_alarm=kept is not None and not is_own,
        elsewhere=tuple(one for one in filters if one != group),
    )


def calls_on(
    rule: Rule,
    switched: Switched,
    *,
    group: str,
    topic: str,
    clauses: Mapping[str, str],
    at: date,
    replaces: bool = False,
) -> tuple[AwsCall, ...]:
    """The calls that switch a rule on in a log group, telling a topic (an ARN, or empty for nobody).

    An alarm of the rule's that is there already stays as it is, and tells the topic too. `clauses` are the shared ones
    that exclusions use, `at` is today.

    Raises:
        NameTakenError: a filter of the rule's name in that group has another pattern and `replaces` is not given, or
            an alarm of its name is not the rule's.
        InputError: the exclusions cannot be compiled into the pattern.
    """
    if switched.foreign_alarm:
        raise NameTakenError(
            f"there is an alarm {alarm_name(rule)} that this rule did not make",
            hint=f"tag it {RULE}={rule.name} if it is the rule's, or delete it",
        )
    if rule.composite is not None:
        return (_composite_call(rule, switched, topic),)
    assert rule.filter is not None
    definition = _definition(rule, clauses, at)
    there = switched.filter
    if there is not None and not replaces and there.filter.filter_pattern != definition.filter_pattern:
        raise NameTakenError(
            f"there is a filter {there.filter.filter_name} in {group} with another pattern",
            hint="have it replaced, or look at what it is for",
        )
    calls = [put_filter_call(definition, group)]
    if rule.alarm is not None:
        calls.append(_alarm_call(rule, switched, topic))
    return tuple(calls)


def calls_off(rule: Rule, switched: Switched, *, group: str) -> tuple[AwsCall, ...]:
    """The calls that switch a rule off in a log group: the alarm goes with the last filter that feeds it."""
    calls = []
    if switched.alarm is not None and not switched.elsewhere:
        calls.append(_call("cloudwatch", "DeleteAlarms", AlarmNames=[alarm_name(rule)]))
    if switched.filter is not None:
        calls.append(
            _call("logs", "DeleteMetricFilter", logGroupName=group, filterName=switched.filter.filter.filter_name)
        )
    return tuple(calls)


def calls_back(rule: Rule, switched: Switched, *, group: str) -> tuple[AwsCall, ...]:
    """The calls that put back what `calls_off` takes away: definitions as they were, but no state and no history."""
    calls = []
    if switched.filter is not None:
        calls.append(put_filter_call(switched.filter.filter, group))
    if switched.alarm is not None and not switched.elsewhere:
        operation = "PutMetricAlarm" if rule.composite is None else "PutCompositeAlarm"
        calls.append(_call("cloudwatch", operation, **switched.alarm.parameters, Tags=_tags(switched.tags)))
    return tuple(calls)


def put_filter_call(definition: MetricFilter, group: str) -> AwsCall:
    """PutMetricFilter for a definition."""
    parameters = msgspec.to_builtins(definition)
    transformations = [
        {name: value for name, value in one.items() if value is not None}
        for one in parameters.pop("metricTransformations")
    ]
    given = {name: value for name, value in parameters.items() if value not in (None, (), [], False)}
    return AwsCall(
        service="logs",
        operation="PutMetricFilter",
        parameters={"logGroupName": group, **given, "metricTransformations": transformations},
    )


def _definition(rule: Rule, clauses: Mapping[str, str], at: date) -> MetricFilter:
    assert rule.filter is not None
    compiled = compile_pattern(rule, rule.filter.filter_pattern, clauses=clauses, at=at)
    if compiled.refusals:
        first = compiled.refusals[0]
        raise InputError(f"exclusion '{rule.exclusions[first.index].name}': {first.reason}", hint=first.hint)
    return msgspec.structs.replace(rule.filter, filter_pattern=compiled.pattern, log_group_name=None)


def _alarm_call(rule: Rule, switched: Switched, topic: str) -> AwsCall:
    if switched.alarm is not None:
        return _call("cloudwatch", "PutMetricAlarm", **_telling(switched.alarm.parameters, topic))
    parameters = metric_alarm_parameters(rule, topic=topic)
    return _call("cloudwatch", "PutMetricAlarm", **_made(rule, parameters))


def _composite_call(rule: Rule, switched: Switched, topic: str) -> AwsCall:
    if switched.alarm is not None:
        return _call("cloudwatch", "PutCompositeAlarm", **_telling(switched.alarm.parameters, topic))
    return _call("cloudwatch", "PutCompositeAlarm", **_made(rule, composite_parameters(rule, topic=topic)))


def _telling(parameters: dict[str, Any], topic: str) -> dict[str, Any]:
    """The definition of an alarm that tells a topic besides whom it tells already."""
    told = list(parameters.get("AlarmActions") or ())
    return parameters if not topic or topic in told else {**parameters, "AlarmActions": [*told, topic]}


def _made(rule: Rule, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an alarm that a rule makes: named, described and tagged."""
    tags = {str(one["Key"]): str(one["Value"]) for one in parameters.pop("Tags", ())}
    described = " ".join(text for text in (f"{rule.title}." if rule.title else "", rule.why) if text)
    given = {"AlarmName": rule.name, **({"AlarmDescription": described} if described else {}), **parameters}
    return {**given, "Tags": _tags({**tags, RULE: rule.name})}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _call(service: str, operation: str, **parameters: Any) -> AwsCall:
    return AwsCall(service=service, operation=operation, parameters=parameters)
