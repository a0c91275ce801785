"""The way from nothing to a mail, step by step, and how far somebody has come. Spec: CON-4.2 (empty), the article.

Rule: a step is done when what it makes is there; where records come in from elsewhere, no trail is asked for. Each step
is a call that runs as it stands.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.topic import topic_arn
from tocsin.core.alarm.state import StateValue
from tocsin.core.aws_call import AwsCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.watch_chain import WatchChain
    from tocsin.core.scope import Scope


class FirstStep(StrEnum):
    """The steps of the article, in its order."""

    TRAIL = "trail"
    FILTER = "filter"
    ALARM = "alarm"
    TOPIC = "topic"
    CONFIRM = "confirm"
    ACTION = "action"
    CHANGE = "change"


class StepDone(NamedTuple):
    """A step, and whether it is done."""

    step: FirstStep
    is_done: bool


# Changes of state that are looked through for one to ALARM.
_MOST_CHANGES: Final = 100


def first_steps(
    store: StoreReader, scopes: Sequence[Scope], chain: WatchChain, lines: Sequence[AlarmLine]
) -> list[StepDone]:
    """All steps, of these scopes whose chain and alarms are given."""
    done = {
        FirstStep.TRAIL: chain.trails.logging > 0 or chain.groups.newest is not None,
        FirstStep.FILTER: chain.filters.total > 0,
        FirstStep.ALARM: bool(lines),
        FirstStep.TOPIC: chain.people.total + chain.people.pending > 0,
        FirstStep.CONFIRM: chain.people.hearing > 0,
        FirstStep.ACTION: any(line.reach.topics for line in lines),
        FirstStep.CHANGE: any(_has_rung(store, scope) for scope in scopes),
    }
    return [StepDone(step, done[step]) for step in FirstStep]


def _has_rung(store: StoreReader, scope: Scope) -> bool:
    return any(step.new is StateValue.ALARM for step in store.history.changes(scope, limit=_MOST_CHANGES))


# ---------------------------------------------------------------- the same as calls

RULE: Final = "article/security-group-changes"
GROUP: Final = "trail-group"
_TRAIL, _TOPIC, _ALARM = "management-events", "sec-alerts", "security-group-changes"


def step_calls(
    service: Service, scope: Scope, *, mailbox: str = "you@example.com"
) -> Mapping[FirstStep, list[AwsCall]]:
    """The calls that make each step. The token of a confirmation stands in its mail, so there it is left open."""
    rule = service.part(RuleCatalogue).on(service.now().date()).entry(RULE).rule
    assert rule.filter is not None
    transformation = rule.filter.metric_transformations[0]
    topic = topic_arn(scope, _TOPIC)
    alarm = {
        "AlarmName": _ALARM,
        "Namespace": transformation.metric_namespace,
        "MetricName": transformation.metric_name,
        **(rule.alarm or {}),
    }
    group = scope.arn("logs", f"log-group:{GROUP}:*")
    role = f"arn:{scope.partition}:iam::{scope.account}:role/CloudTrail_CloudWatchLogs_Role"
    return {
        FirstStep.TRAIL: [
            _call("logs", "CreateLogGroup", logGroupName=GROUP),
            _call(
                "cloudtrail",
                "CreateTrail",
                Name=_TRAIL,
                S3BucketName="trail-bucket",
                IsMultiRegionTrail=True,
                EnableLogFileValidation=True,
                CloudWatchLogsLogGroupArn=group,
                CloudWatchLogsRoleArn=role,
            ),
            _call("cloudtrail", "StartLogging", Name=_TRAIL),
        ],
        FirstStep.FILTER: [
            _call(
                "logs",
                "PutMetricFilter",
                logGroupName=GROUP,
                filterName=_ALARM,
                filterPattern=rule.filter.filter_pattern,
                metricTransformations=[
                    {
                        "metricName": transformation.metric_name,
                        "metricNamespace": transformation.metric_namespace,
                        "metricValue": transformation.metric_value,
                    }
                ],
            )
        ],
        FirstStep.ALARM: [AwsCall(service="cloudwatch", operation="PutMetricAlarm", parameters=alarm)],
        FirstStep.TOPIC: [
            _call("sns", "CreateTopic", Name=_TOPIC),
            _call("sns", "Subscribe", TopicArn=topic, Protocol="email", Endpoint=mailbox),
        ],
        FirstStep.CONFIRM: [_call("sns", "ConfirmSubscription", TopicArn=topic, Token="TOKEN-OF-THE-MAIL")],  # noqa: S106  (a place for one)
        FirstStep.ACTION: [
            AwsCall(
                service="cloudwatch",
                operation="PutMetricAlarm",
                parameters={**alarm, "AlarmActions": [topic]},
            )
        ],
        FirstStep.CHANGE: [
            _call(
                "ec2",
                "AuthorizeSecurityGroupIngress",
                GroupId="sg-0123456789abcdef0",
                IpPermissions=[
                    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
                ],
            )
        ],
    }


def _call(service: str, operation: str, **parameters: Any) -> AwsCall:
    return AwsCall(service=service, operation=operation, parameters=parameters)
