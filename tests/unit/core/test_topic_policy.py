"""Whether the policy of a topic lets alarms publish: policies as people write them. Spec: SNS-1.4, AL-19.4."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tocsin.app.topic import default_policy
from tocsin.core.scope import Scope
from tocsin.core.topic_policy import refuses_alarm

TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
ALARM = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-use"
SERVICE = {"Service": "cloudwatch.amazonaws.com"}
ANYBODY = {"AWS": "*"}
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


def allow(principal: Any = SERVICE, action: Any = "sns:Publish", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": TOPIC, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {**allow("*", **more), "Effect": "Deny"}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


def refuses(*statements: Any, alarm: str = ALARM) -> bool:
    return refuses_alarm(json.dumps({"Statement": list(statements)}), topic_arn=TOPIC, alarm_arn=alarm)


@pytest.mark.parametrize(
    "statement",
    [
        allow(),
        allow({"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}),
        allow("*"),
        allow(ANYBODY),
        allow({"AWS": ["*"]}),
        allow({"Service": "*"}),
        allow(action="SNS:Publish"),
        allow(action=["SNS:Subscribe", "sns:Pub*"]),
        allow(action="*"),
        allow(action="sns:?ublish"),
        allow(Resource="*"),
        allow(Resource=["arn:aws:sns:us-east-1:111122223333:others", "arn:aws:sns:*:111122223333:al*ts"]),
        {"Effect": "Allow", "Principal": SERVICE, "NotAction": "sns:DeleteTopic"},
        {"Effect": "Allow", "NotPrincipal": ROOT, "Action": "sns:Publish", "NotResource": f"{TOPIC}-2"},
        allow(**when("StringEquals", "AWS:SourceOwner", "111122223333")),
        allow(**when("StringEquals", "aws:SourceAccount", ["444455556666", "111122223333"])),
        allow(**when("StringEqualsIgnoreCase", "aws:SourceAccount", "111122223333")),
        allow(**when("ArnLike", "aws:SourceArn", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:*")),
        allow(**when("ArnLikeIfExists", "aws:SourceArn", "arn:aws:cloudwatch:*:111122223333:alarm:*")),
        allow(**when("StringNotEquals", "aws:SourceAccount", "444455556666")),
        # what is not known here may hold
        allow(**when("StringEquals", "aws:SourceOrgID", "o-example")),
        allow(**when("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}")),
        allow(**when("Bool", "aws:SecureTransport", "true")),
        allow(Condition="nonsense"),
        allow(Condition={"StringEquals": "nonsense"}),
    ],
)
def test_policies_that_let_alarms_publish(statement: dict[str, Any]) -> None:
    assert not refuses(statement)
    # a Deny that need not hold changes nothing, one that is about something else neither
    assert not refuses(deny(**when("Bool", "aws:SecureTransport", "false")), statement)
    assert not refuses(statement, deny(action="sns:DeleteTopic"))
    assert not refuses(statement, {**deny(), "Principal": ROOT})
    # but one that holds does
    assert refuses(statement, deny())
    assert refuses(deny(**when("StringEquals", "aws:SourceAccount", "111122223333")), statement)


@pytest.mark.parametrize(
    "statement",
    [
        allow({"Service": "events.amazonaws.com"}),
        allow(ROOT),
        allow({"Federated": "*"}),
        allow("arn:aws:iam::111122223333:root"),
        allow(action="sns:Subscribe"),
        allow(action="sns:Publish?"),
        allow(action="sns:*lis"),
        allow(action="*x*"),
        allow(Resource=f"{TOPIC}-2"),
        allow(Resource="arn:aws:sns:*:*:x*y*"),
        {"Effect": "Allow", "NotPrincipal": SERVICE, "Action": "sns:Publish"},
        {"Effect": "Allow", "Principal": SERVICE},
        {"Effect": "Allow", "Action": "sns:Publish"},
        {"Effect": "allow", "Principal": SERVICE, "Action": "sns:Publish"},
        allow(**when("StringEquals", "aws:SourceAccount", "444455556666")),
        allow(**when("ArnLike", "aws:SourceArn", "arn:aws:s3:::*")),
        allow(Condition={"Bool": {"x": "true"}, "StringNotLike": {"aws:SourceAccount": "1111*"}}),
        "nonsense",
    ],
)
def test_policies_that_refuse_alarms(statement: Any) -> None:
    assert refuses(statement)


@pytest.mark.parametrize("policy", ["", "nonsense", "[]", "{}", "null", "7"])
def test_a_policy_that_cannot_be_read_lets_nobody_publish(policy: str) -> None:
    assert refuses_alarm(policy, topic_arn=TOPIC, alarm_arn=ALARM)


def test_a_statement_that_stands_alone() -> None:
    assert not refuses_alarm(json.dumps({"Statement": allow()}), topic_arn=TOPIC, alarm_arn=ALARM)


@pytest.mark.parametrize(("alarm", "refused"), [(ALARM, False), (ALARM.replace("1111", "4444"), True), ("", True)])
def test_the_default_policy_is_for_alarms_of_the_same_account(alarm: str, refused: bool) -> None:
    policy = default_policy(Scope("111122223333", "us-east-1"), "alerts")
    assert refuses_alarm(policy, topic_arn=TOPIC, alarm_arn=alarm) is refused


@pytest.mark.usefixtures("no_collecting")
def test_no_pattern_takes_long() -> None:
    began = time.process_time()
    assert refuses(allow(Resource="*a" * 5_000 + "!"), alarm="a" * 256)
    assert refuses(allow(**when("StringLike", "aws:SourceArn", "*a" * 5_000 + "!")), alarm="a" * 1_000)
    assert time.process_time() - began < 2
