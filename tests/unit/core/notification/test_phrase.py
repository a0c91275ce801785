"""Sentences (CON-1.2)."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_message import call, summary

from tocsin.core.notification.phrase import tell_deed
from tocsin.core.notification.phrase_table import PHRASES

POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
OWN_POLICY = "arn:aws:iam::111122223333:policy/teams/p"
ALICE = {"type": "IAMUser", "userName": "alice", "accountId": "111122223333"}


def rules(*cidrs: str) -> dict[str, Any]:
    """Parameters that name tcp 22 for these ranges."""
    return {
        "groupId": "sg-1",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "ipRanges": {"items": [{"cidrIp": cidr} for cidr in cidrs]},
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("source", "members", "wanted"),
    [
        (
            "ec2:AuthorizeSecurityGroupIngress",
            {"requestParameters": rules("0.0.0.0/0")},
            "opened tcp 22 of sg-1 to the whole internet",
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            {"requestParameters": rules("192.0.2.0/24", "::/0")},
            "opened tcp 22 of sg-1 to the whole internet and 1 more rule",
        ),
        (
            "ec2:RevokeSecurityGroupIngress",
            {"requestParameters": rules("a", "b", "c")},
            "closed tcp 22 of sg-1 to a and 2 more rules",
        ),
        (
            "ec2:AuthorizeSecurityGroupEgress",
            {"requestParameters": rules("10.0.0.0/8")},
            "let sg-1 reach 10.0.0.0/8 with tcp 22",
        ),
        (
            "ec2:RevokeSecurityGroupEgress",
            {"requestParameters": rules("10.0.0.0/8")},
            "kept sg-1 from reaching 10.0.0.0/8 with tcp 22",
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            {"requestParameters": {"groupId": "sg-1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22}},
            "opened tcp 22 of sg-1 to a peer that is not named",
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            {"requestParameters": {"groupId": "sg-1"}},
            "called AuthorizeSecurityGroupIngress on sg-1",
        ),
        (
            "ec2:CreateSecurityGroup",
            {"requestParameters": {"groupName": "web", "vpcId": "vpc-1"}, "responseElements": {"groupId": "sg-1"}},
            "created security group web (sg-1) in vpc-1",
        ),
        (
            "ec2:CreateSecurityGroup",
            {"requestParameters": {"groupName": "my group"}},
            'created security group "my group"',
        ),
        ("ec2:CreateInternetGateway", {"requestParameters": {}}, "created an internet gateway"),
        (
            "ec2:CreateRoute",
            {
                "requestParameters": {
                    "routeTableId": "rtb-1",
                    "destinationCidrBlock": "0.0.0.0/0",
                    "natGatewayId": "nat-1",
                }
            },
            "routed 0.0.0.0/0 through nat-1 in rtb-1",
        ),
        (
            "cloudtrail:UpdateTrail",
            {"requestParameters": {"name": "main", "isMultiRegionTrail": False}},
            "changed trail main: isMultiRegionTrail = false",
        ),
        (
            "cloudtrail:UpdateTrail",
            {"requestParameters": {"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"}},
            "changed trail main",
        ),
        ("cloudtrail:StopLogging", {"requestParameters": {"name": "main"}}, "stopped the logging of trail main"),
        (
            "cloudtrail:StopLogging",
            {"requestParameters": {"name": "main"}, "errorCode": "AccessDenied"},
            "tried to stop the logging of trail main, but was denied (AccessDenied)",
        ),
        (
            "cloudtrail:StopLogging",
            {"requestParameters": None, "errorCode": "AccessDenied"},
            "was denied StopLogging (AccessDenied)",
        ),
        (
            "cloudtrail:DeleteTrail",
            {"requestParameters": {"name": "main"}, "errorCode": "TrailNotFoundException"},
            "tried to delete trail main, which failed (TrailNotFoundException)",
        ),
        (
            "iam:AttachUserPolicy",
            {"requestParameters": {"userName": "bob", "policyArn": POLICY}},
            "attached policy/AdministratorAccess (AWS's own) to user bob",
        ),
        (
            "iam:DetachRolePolicy",
            {"requestParameters": {"roleName": "r", "policyArn": OWN_POLICY}},
            "detached policy/teams/p from role r",
        ),
        ("iam:CreateAccessKey", {"requestParameters": None}, "called CreateAccessKey"),
        (
            "kms:ScheduleKeyDeletion",
            {"requestParameters": {"keyId": "arn:aws:kms:us-east-1:111122223333:key/1234", "pendingWindowInDays": 7}},
            "scheduled the deletion of key 1234 in 7 days",
        ),
        ("kms:DisableKey", {"requestParameters": {"keyId": "1234"}}, "disabled key 1234"),
        (
            "s3:PutBucketAcl",
            {"requestParameters": {"bucketName": "b", "x-amz-acl": "public-read"}},
            "changed the ACL of bucket b: public-read",
        ),
        ("s3:DeleteBucketPolicy", {"requestParameters": {"bucketName": "b"}}, "deleted the policy of bucket b"),
        ("organizations:LeaveOrganization", {}, "took the account out of the organization"),
        (
            "organizations:LeaveOrganization",
            {"errorCode": "AccessDenied"},
            "tried to take the account out of the organization, but was denied (AccessDenied)",
        ),
        (
            "sts:AssumeRole",
            {"requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/deploy"}},
            "took role deploy",
        ),
        (
            "iam:SetDefaultPolicyVersion",
            {"requestParameters": {"policyArn": "p", "versionId": "v1"}},
            "made version v1 of p the default",
        ),
        (
            "signin:ConsoleLogin",
            {
                "userIdentity": ALICE,
                "responseElements": {"ConsoleLogin": "Success"},
                "additionalEventData": {"MFAUsed": "No"},
            },
            "signed in to the console without MFA",
        ),
        (
            "signin:ConsoleLogin",
            {
                "userIdentity": ALICE,
                "responseElements": {"ConsoleLogin": "Success"},
                "additionalEventData": {"MFAUsed": "Yes"},
            },
            "signed in to the console",
        ),
        # The MFA of an identity provider is not visible (CT-4.2).
        (
            "signin:ConsoleLogin",
            {
                "userIdentity": {"type": "AssumedRole"},
                "responseElements": {"ConsoleLogin": "Success"},
                "additionalEventData": {"MFAUsed": "No"},
            },
            "signed in to the console",
        ),
        (
            "signin:ConsoleLogin",
            {"userIdentity": ALICE, "errorMessage": "Failed authentication", "additionalEventData": {"MFAUsed": "No"}},
            "tried to sign in to the console, which failed (Failed authentication)",
        ),
        ("unheard:Of", {"requestParameters": {"name": "x"}}, "called Of on x"),
        ("unheard:Of", {"errorCode": "Throttling"}, "called Of, which failed (Throttling)"),
        (
            "unheard:Of",
            {"requestParameters": {"name": "x"}, "errorCode": "AccessDenied"},
            "was denied Of on x (AccessDenied)",
        ),
        ("unheard:", {}, "made a call that the record does not name"),
        ("unheard:", {"errorCode": "E"}, "made a call that the record does not name (E)"),
        (
            "ec2:",
            {"insightDetails": {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}},
            "called RunInstances at an unusual rate",
        ),
    ],
)
def test_deed(source: str, members: dict[str, Any], wanted: str) -> None:
    service, _, name = source.partition(":")
    assert summary(service=service, eventName=name, **members).deed == wanted


def test_a_sentence_has_its_subject() -> None:
    told = summary(service="cloudtrail", eventName="StopLogging", requestParameters={"name": "main"})
    assert told.sentence == "alice stopped the logging of trail main"


def test_a_text_that_is_no_record_was_no_call() -> None:
    from tocsin.core.event import Event
    from tocsin.core.notification.call import Call

    assert tell_deed(Call(Event("no JSON")), [], "") == "made a call that the record does not name"


def test_a_short_arn_is_left_as_it_is() -> None:
    made = call(service="sts", eventName="AssumeRole", requestParameters={"roleArn": "arn:aws:iam::1:"})
    assert tell_deed(made, [], "") == "took role arn:aws:iam::1:"


def test_every_phrase_begins_with_a_verb_and_says_something() -> None:
    for service, phrases in PHRASES.items():
        for name, phrase in phrases.items():
            made = call(service=service, eventName=name, errorCode="AccessDenied", requestParameters=None)
            assert "denied" in tell_deed(made, [], ""), phrase
            assert phrase.count("[") == phrase.count("]")
            assert phrase.split()[0].isalpha()
