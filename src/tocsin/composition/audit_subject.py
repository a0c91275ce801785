"""What a call of the console changes, and how it is looked at before and after. Spec: CON-8.5, CON-4.10.

Rule: what an object was and became is said in AWS's own words, by the operations that read it. What changes by itself,
such as counts and the state of an alarm, is left out; what is secret is not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.core.scope import Scope

Parameters = dict[str, Any]
"""Parameters of an operation, or its result, by AWS's names."""


class Look(NamedTuple):
    """An operation that reads, and what of its answer belongs to the object; None where it is not there."""

    service: str
    operation: str
    parameters: Parameters
    pick: Callable[[Mapping[str, Any]], Any]


class Subject(NamedTuple):
    """An object that a call changes. Without its first look's answer it is not there.

    `told` is what the call itself says, where nothing can be looked at afterwards.
    """

    kind: str
    name: str
    looks: tuple[Look, ...] = ()
    told: Any = None


_MOST: Final = 100

# What no definition is made of: it changes by itself, or is known from elsewhere.
_PASSING: Final = frozenset(
    {
        "AlarmConfigurationUpdatedTimestamp", "EvaluationState", "StateReason", "StateReasonData",
        "StateTransitionedTimestamp", "StateUpdatedTimestamp", "StateValue", "ActionsSuppressedBy",
        "ActionsSuppressedReason", "LastUpdatedTimestamp", "MuteType", "creationTime", "storedBytes",
        "metricFilterCount", "arn", "logGroupArn", "AlarmArn", "AlarmMuteRuleArn", "SubscriptionsConfirmed",
        "SubscriptionsPending", "SubscriptionsDeleted", "TopicArn", "TrailARN", "ConfirmationWasAuthenticated",
        "PendingConfirmation", "SubscriptionPrincipal",
    }
)  # fmt: skip

# What the console does through the API and is not to be kept in full: secrets, and data that is no setting.
_LEFT_OUT: Final = frozenset({"Token", "logEvents", "MetricData", "Message"})

_READING: Final = ("Describe", "Get", "List", "Lookup", "Filter", "Test", "Check")


def is_change(operation: str) -> bool:
    """Whether an operation changes anything.

    >>> is_change("PutMetricAlarm"), is_change("DescribeAlarms"), is_change("TestMetricFilter")
    (True, False, False)
    """
    return not operation.startswith(_READING)


def subjects_of(service: str, operation: str, parameters: Mapping[str, Any], scope: Scope) -> tuple[Subject, ...]:
    """What a call changes: one object, or several of one kind."""
    found = tuple(_SUBJECTS[service](operation, dict(parameters), scope)) if service in _SUBJECTS else ()
    return found[:_MOST] or (_any(service, parameters),)


# ------------------------------------------------------------ CloudWatch


def _cloudwatch(operation: str, given: Parameters, scope: Scope) -> Iterator[Subject]:
    if "MuteRule" in operation:
        name = given.get("AlarmMuteRuleName") or given.get("Name") or ""
        yield Subject("mute", name, (Look("cloudwatch", "GetAlarmMuteRule", {"AlarmMuteRuleName": name}, _lasting),))
        return
    arn = given.get("ResourceARN", "")
    names = given.get("AlarmNames") or [given.get("AlarmName") or _after(arn, ":alarm:")]
    for name in dict.fromkeys(names):
        if name:
            yield Subject("alarm", name, _alarm_looks(name, scope, has_state=operation == "SetAlarmState"))


def _alarm_looks(name: str, scope: Scope, *, has_state: bool) -> tuple[Look, ...]:
    asked = {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}

    def definition(answer: Mapping[str, Any]) -> Any:
        alarm = next((one for one in (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))), None)
        if alarm is None:
            return None
        state = {key: alarm.get(key) for key in ("StateValue", "StateReason")} if has_state else {}
        return _lasting(alarm) | state

    return (
        Look("cloudwatch", "DescribeAlarms", asked, definition),
        _tags("cloudwatch", "ResourceARN", scope.arn("cloudwatch", f"alarm:{name}")),
    )


# ------------------------------------------------------------ CloudWatch Logs


def _logs(operation: str, given: Parameters, scope: Scope) -> Iterator[Subject]:
    group = given.get("logGroupName") or _after(given.get("resourceArn", ""), ":log-group:").removesuffix(":*")
    group = group or _after(given.get("logGroupIdentifier", ""), ":log-group:") or given.get("logGroupIdentifier", "")
    if not group:
        return
    if "MetricFilter" in operation:
        name = given.get("filterName", "")
        asked = {"logGroupName": group, "filterNamePrefix": name}
        pick = _named("metricFilters", "filterName", name)
        yield Subject("filter", f"{group}:{name}", (Look("logs", "DescribeMetricFilters", asked, pick),))
    elif "SubscriptionFilter" in operation:
        name = given.get("filterName", "")
        asked = {"logGroupName": group, "filterNamePrefix": name}
        pick = _named("subscriptionFilters", "filterName", name)
        yield Subject(
            "subscription-filter", f"{group}:{name}", (Look("logs", "DescribeSubscriptionFilters", asked, pick),)
        )
    elif operation == "PutLogEvents":
        told = {"logStreamName": given.get("logStreamName"), "events": len(given.get("logEvents", ()))}
        yield Subject("log-group", group, told=told)
    elif "LogStream" in operation:
        yield Subject("log-group", group, told={"logStreamName": given.get("logStreamName")})
    else:
        look = Look(
            "logs", "DescribeLogGroups", {"logGroupNamePrefix": group}, _named("logGroups", "logGroupName", group)
        )
        tags = Look(
            "logs", "ListTagsForResource", {"resourceArn": scope.arn("logs", f"log-group:{group}")}, _of("tags")
        )
        yield Subject("log-group", group, (look, tags))


# ------------------------------------------------------------ SNS


def _sns(operation: str, given: Parameters, scope: Scope) -> Iterator[Subject]:
    subscription = given.get("SubscriptionArn", "")
    topic = given.get("TopicArn") or given.get("ResourceArn") or ""
    if operation == "CreateTopic":
        topic = scope.arn("sns", given.get("Name", ""))
    name = topic.rpartition(":")[2]
    if subscription:
        look = Look("sns", "GetSubscriptionAttributes", {"SubscriptionArn": subscription}, _attributes)
        yield Subject("subscription", subscription.rpartition(":")[2], (look,))
    elif operation in {"Subscribe", "ConfirmSubscription", "Publish"}:
        told = {key: value for key, value in given.items() if key not in {*_LEFT_OUT, "TopicArn"}}
        yield Subject("topic", name, told=told)
    elif topic:
        look = Look("sns", "GetTopicAttributes", {"TopicArn": topic}, _attributes)
        yield Subject("topic", name, (look, _tags("sns", "ResourceArn", topic)))


# ------------------------------------------------------------ CloudTrail


def _cloudtrail(_operation: str, given: Parameters, _scope: Scope) -> Iterator[Subject]:
    trail = given.get("TrailName") or given.get("Name") or given.get("ResourceId") or ""
    if not trail:
        return
    looks = (
        Look("cloudtrail", "GetTrail", {"Name": trail}, lambda answer: _lasting(answer.get("Trail", {}))),
        Look("cloudtrail", "GetTrailStatus", {"Name": trail}, _of("IsLogging")),
        Look("cloudtrail", "GetEventSelectors", {"TrailName": trail}, _lasting),
        Look("cloudtrail", "GetInsightSelectors", {"TrailName": trail}, _of("InsightSelectors")),
    )
    yield Subject("trail", trail.rpartition("/")[2], looks)


def _any(service: str, parameters: Mapping[str, Any]) -> Subject:
    told = {key: value for key, value in parameters.items() if key not in _LEFT_OUT}
    named = (value for key, value in parameters.items() if key.endswith(("Name", "Names", "Arn", "ARN")) and value)
    name = next(named, "")
    return Subject(service, ", ".join(name) if isinstance(name, list) else str(name), told=told)


_SUBJECTS: Final = {"cloudwatch": _cloudwatch, "logs": _logs, "sns": _sns, "cloudtrail": _cloudtrail}


# ------------------------------------------------------------ what belongs to an object


def _lasting(members: Mapping[str, Any]) -> Parameters:
    return {key: value for key, value in members.items() if key not in _PASSING and value not in (None, [], {})}


def _attributes(answer: Mapping[str, Any]) -> Parameters:
    return _lasting(answer.get("Attributes", {}))


def _of(member: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda answer: {member: answer[member]} if answer.get(member) not in (None, [], {}) else None


def _named(listed: str, key: str, name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda answer: next((_lasting(one) for one in answer.get(listed, ()) if one.get(key) == name), None)


def _tags(service: str, parameter: str, arn: str) -> Look:
    return Look(service, "ListTagsForResource", {parameter: arn}, _of("Tags"))


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2]
