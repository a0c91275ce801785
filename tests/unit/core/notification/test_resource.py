"""What a call was about (AL-19.1), for the events of the packs and others."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_message import call

from tocsin.core.notification.resource import tell_resource

POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("source", "parameters", "wanted"),
    [
        ("cloudtrail:DeleteTrail", {"name": "main"}, "trail main"),
        ("cloudtrail:PutEventSelectors", {"trailName": "main"}, "trail main"),
        ("ec2:AuthorizeSecurityGroupIngress", {"groupId": "sg-1", "groupName": "web"}, "sg-1"),
        (
            "ec2:TerminateInstances",
            {"instancesSet": {"items": [{"instanceId": f"i-{n}"} for n in range(5)]}},
            "i-0, i-1, i-2 and more",
        ),
        ("ec2:CreateRoute", {"routeTableId": "rtb-1", "gatewayId": "igw-1"}, "rtb-1"),
        ("ec2:DeleteVpc", {"vpcId": "vpc-1"}, "vpc-1"),
        ("iam:AttachUserPolicy", {"userName": "bob", "policyArn": POLICY}, f"user bob, policy {POLICY}"),
        ("iam:AddUserToGroup", {"groupName": "Admin", "userName": "bob"}, "user bob, group Admin"),
        ("iam:PutRolePolicy", {"roleName": "r", "policyName": "p", "policyDocument": "{}"}, "role r, policy p"),
        ("s3:PutBucketPolicy", {"bucketName": "b", "policy": ""}, "bucket b"),
        ("s3:GetObject", {"bucketName": "b", "key": "k"}, "bucket b, object k"),
        ("kms:ScheduleKeyDeletion", {"keyId": "1234"}, "key 1234"),
        ("config:StopConfigurationRecorder", {"configurationRecorderName": "default"}, "recorder default"),
        ("config:PutConfigurationRecorder", {"configurationRecorder": {"name": "default"}}, "recorder default"),
        ("organizations:AttachPolicy", {"policyId": "p-1", "targetId": "r-1"}, "policy p-1, target r-1"),
        (
            "organizations:InviteAccountToOrganization",
            {"target": {"type": "ACCOUNT", "id": "444455556666"}},
            "account 444455556666",
        ),
        (
            "ssm:SendCommand",
            {"instanceIds": ["i-1"], "documentName": "AWS-RunShellScript"},
            "instance i-1, document AWS-RunShellScript",
        ),
        ("monitoring:DeleteAlarms", {"alarmNames": ["a", "b"]}, "alarm a, b"),
        ("unheard:Of", {"name": "x"}, "x"),
        ("unheard:Of", {"size": 1}, ""),
        ("unheard:Of", None, ""),
    ],
)
def test_parameters_tell_it(source: str, parameters: Any, wanted: str) -> None:
    service, _, name = source.partition(":")
    assert tell_resource(call(service=service, eventName=name, requestParameters=parameters)) == wanted


def test_the_answer_tells_the_id_of_what_was_made() -> None:
    made = call(
        service="ec2",
        eventName="CreateSecurityGroup",
        requestParameters={"groupName": "web"},
        responseElements={"groupId": "sg-1"},
    )
    assert tell_resource(made) == "sg-1"


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ([{"ARN": "arn:a"}, {"ARN": "arn:a"}, {"ARN": "arn:b"}], "arn:a, arn:b"),
        ([{"ARN": f"arn:{n}"} for n in range(4)], "arn:0, arn:1, arn:2 and more"),
        ([{"type": "x"}, "x", None, {"ARN": ""}, {"ARN": 5}, {"ARN": {}}], "5"),
        ({}, ""),
        (None, ""),
    ],
)
def test_resources_tell_it_where_parameters_do_not(resources: object, wanted: str) -> None:
    assert tell_resource(call(service="unheard", resources=resources)) == wanted
