"""What a call changed, against what earlier calls have left (CON-4.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarm_message import call

from tocsin.core.change import LONGEST_LINE, Before, Subject, change_of, effects_of, known_from
from tocsin.core.notification.call import DONE, Call


def rule(address: str, port: int, **more: Any) -> dict[str, Any]:
    return {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": address, **more}


def group_call(verb: str, *rules: tuple[str, int], group: str = "sg-1", **members: Any) -> Call:
    """A call on a security group that asks for rules (address, port)."""
    permissions = [
        {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": {"items": [{"cidrIp": address}]}}
        for address, port in rules
    ]
    parameters = {"groupId": group, "ipPermissions": {"items": permissions}}
    return call(service="ec2", eventName=f"{verb}SecurityGroupIngress", requestParameters=parameters, **members)


def with_ids(**ids: tuple[str, int]) -> dict[str, Any]:
    """The answer of a call that made rules."""
    items = [rule(*made, securityGroupRuleId=ident) for ident, made in ids.items()]
    return {"_return": True, "securityGroupRuleSet": {"items": items}}


def iam(name: str, **parameters: Any) -> Call:
    answer = parameters.pop("answer", None)
    more = {} if answer is None else {"responseElements": answer}
    return call(service="iam", eventName=name, requestParameters=parameters, **more)


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trail(name: str, *, answer: dict[str, Any] | None = None, **parameters: Any) -> Call:
    return call(
        service="cloudtrail", eventName=name, requestParameters={"name": "main", **parameters}, responseElements=answer
    )


def settings(**more: Any) -> dict[str, Any]:
    return {
        "name": "main",
        "s3BucketName": "logs",
        "isMultiRegionTrail": True,
        "logFileValidationEnabled": True,
        **more,
    }


def alarm(name: str = "PutMetricAlarm", **parameters: Any) -> Call:
    return call(service="monitoring", eventName=name, requestParameters={"alarmName": "a", **parameters})


def after(now: Call, *earlier: Call) -> list[tuple[str, str | None, list[str]]]:
    """The changes of a call after earlier ones, ten seconds apart: what is known of before, since when, the lines."""
    subjects = {effect.subject for effect in effects_of(now)}
    found = [
        (10 * place, effect) for place, one in enumerate(earlier, 1) if one.result == DONE for effect in effects_of(one)
    ]
    known = {
        subject: one
        for subject in subjects
        if (one := known_from(pair for pair in found if pair[1].subject == subject))
    }
    return [
        (change.before.value, change.known_at, [f"{line.sign}{line.text}" for line in change.lines])
        for change in change_of(now, known)
    ]


EVERYWHERE = "0.0.0.0/0"
OFFICE = "192.0.2.0/24"
EDIT = call(
    service="ec2",
    eventName="ModifySecurityGroupRules",
    requestParameters={
        "ModifySecurityGroupRulesRequest": {
            "GroupId": "sg-1",
            "SecurityGroupRule": {
                "tag": 1,
                "SecurityGroupRuleId": "sgr1",
                "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": EVERYWHERE},
            },
        }
    },
)

ROWS: dict[str, tuple[Call, list[Call], list[Any]]] = {
    # ------------------------------------------------------------ security groups
    "a rule is added, of the others nothing is known": (
        group_call("Authorize", (EVERYWHERE, 22)),
        [],
        [("enough", None, ["+tcp 22 from 0.0.0.0/0"])],
    ),
    "a rule is added to those that earlier records have": (
        group_call("Authorize", (EVERYWHERE, 22)),
        [group_call("Authorize", (OFFICE, 443), (OFFICE, 80)), group_call("Revoke", (OFFICE, 80))],
        [("part", 20, [" tcp 443 from 192.0.2.0/24", "+tcp 22 from 0.0.0.0/0"])],
    ),
    "a refused call has changed nothing that later ones are compared with": (
        group_call("Authorize", (EVERYWHERE, 22)),
        [group_call("Authorize", (OFFICE, 443), errorCode="Client.UnauthorizedOperation")],
        [("enough", None, ["+tcp 22 from 0.0.0.0/0"])],
    ),
    "a rule is taken away": (
        group_call("Revoke", (OFFICE, 443)),
        [group_call("Authorize", (OFFICE, 443), (OFFICE, 80))],
        [("part", 10, ["-tcp 443 from 192.0.2.0/24", " tcp 80 from 192.0.2.0/24"])],
    ),
    "a rule that was not known is taken away": (
        group_call("Revoke", (OFFICE, 443)),
        [],
        [("enough", None, ["-tcp 443 from 192.0.2.0/24"])],
    ),
    "a group that was made is known in full": (
        group_call("Authorize", (EVERYWHERE, 22)),
        [
            call(
                service="ec2",
                eventName="CreateSecurityGroup",
                requestParameters={"groupName": "web", "vpcId": "vpc-1"},
                responseElements={"groupId": "sg-1"},
            )
        ],
        [("known", 10, [" all traffic to 0.0.0.0/0", "+tcp 22 from 0.0.0.0/0"])],
    ),
    "a rule is edited in place, and was known by its id": (
        EDIT,
        [group_call("Authorize", (OFFICE, 22), responseElements=with_ids(sgr1=(OFFICE, 22)))],
        [("part", 10, ["-tcp 22 from 192.0.2.0/24", "+tcp 22 from 0.0.0.0/0"])],
    ),
    "a rule is edited in place that is for traffic going out": (
        EDIT,
        [
            call(
                service="ec2",
                eventName="AuthorizeSecurityGroupEgress",
                requestParameters={"groupId": "sg-1", "ipPermissions": {}},
                responseElements=with_ids(sgr1=(OFFICE, 22)),
            )
        ],
        [("part", 10, ["-tcp 22 to 192.0.2.0/24", "+tcp 22 to 0.0.0.0/0"])],
    ),
    "a rule is edited in place, and was not known": (EDIT, [], [("not in the record", None, ["=tcp 22 for 0.0.0.0/0"])]),
    "a rule is taken away by its id": (
        call(
            service="ec2",
            eventName="RevokeSecurityGroupEgress",
            requestParameters={"groupId": "sg-1", "securityGroupRuleIds": {"items": ["sgr1"]}},
        ),
        [group_call("Authorize", (OFFICE, 22), responseElements=with_ids(sgr1=(OFFICE, 22)))],
        [("part", 10, ["-tcp 22 from 192.0.2.0/24", "-rule sgr1"])],
    ),
    "the answer tells what was taken away by its id": (
        call(
            service="ec2",
            eventName="RevokeSecurityGroupIngress",
            requestParameters={"groupId": "sg-1", "securityGroupRuleIds": {"items": ["sgr1"]}},
            responseElements={"revokedSecurityGroupRuleSet": {"items": [rule(OFFICE, 22, securityGroupRuleId="sgr1")]}},
        ),
        [],
        [("enough", None, ["-tcp 22 from 192.0.2.0/24"])],
    ),
    "the short form": (
        call(
            service="ec2",
            eventName="AuthorizeSecurityGroupIngress",
            requestParameters={"groupName": "web", "ipPermissions": {}, "ipProtocol": "udp", "fromPort": 53, "toPort": 53, "cidrIp": OFFICE},
        ),
        [],
        [("enough", None, ["+udp 53 from 192.0.2.0/24"])],
    ),
    "a rule without a peer": (
        call(
            service="ec2",
            eventName="AuthorizeSecurityGroupIngress",
            requestParameters={"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 1, "toPort": 9}]}},
        ),
        [],
        [("enough", None, ["+tcp 1-9"])],
    ),
    "a group is deleted": (
        call(service="ec2", eventName="DeleteSecurityGroup", requestParameters={"groupId": "sg-1"}),
        [group_call("Authorize", (OFFICE, 443))],
        [("part", 10, ["-tcp 443 from 192.0.2.0/24"])],
    ),
    "a group of EC2-Classic has no first rule": (
        call(
            service="ec2",
            eventName="CreateSecurityGroup",
            requestParameters={"groupName": "web"},
            responseElements={"groupId": "sg-9"},
        ),
        [],
        [("nothing", None, [])],
    ),
    # ------------------------------------------------------------ policies
    "a policy is written anew, statement by statement": (
        iam("PutUserPolicy", userName="bob", policyName="p", policyDocument=document(allow("s3:*"), allow("ec2:Run"))),
        [iam("PutUserPolicy", userName="bob", policyName="p", policyDocument=document(allow("s3:*"), allow("sts:Get")))],
        [("known", 10, [" allow s3:* on *", "-allow sts:Get on *", "+allow ec2:Run on *"])],
    ),
    "another policy of the same user is no policy to compare with": (
        iam("PutUserPolicy", userName="bob", policyName="p", policyDocument=document(allow("s3:*"))),
        [iam("PutUserPolicy", userName="bob", policyName="q", policyDocument=document(allow("s3:*")))],
        [("not in the record", None, ["=allow s3:* on *"])],
    ),
    "a policy is removed": (
        iam("DeleteRolePolicy", roleName="r", policyName="p"),
        [iam("PutRolePolicy", roleName="r", policyName="p", policyDocument=document(allow("s3:*")))],
        [("known", 10, ["-allow s3:* on *"])],
    ),
    "a policy that was removed is new again": (
        iam("PutRolePolicy", roleName="r", policyName="p", policyDocument=document(allow("s3:*"))),
        [iam("DeleteRolePolicy", roleName="r", policyName="p")],
        [("nothing", None, ["+allow s3:* on *"])],
    ),
    "a policy that cannot be read": (
        iam("PutGroupPolicy", groupName="g", policyName="p", policyDocument="no policy"),
        [iam("PutGroupPolicy", groupName="g", policyName="p", policyDocument=document(allow("s3:*")))],
        [("not in the record", 10, [" allow s3:* on *"])],
    ),
    "after a policy that cannot be read nothing is known": (
        iam("PutGroupPolicy", groupName="g", policyName="p", policyDocument=document(allow("s3:*"))),
        [
            iam("PutGroupPolicy", groupName="g", policyName="p", policyDocument=document(allow("s3:*"))),
            iam("PutGroupPolicy", groupName="g", policyName="p", policyDocument="no policy"),
        ],
        [("not in the record", None, ["=allow s3:* on *"])],
    ),
    "a managed policy gets a new default version": (
        iam("CreatePolicyVersion", policyArn="arn:aws:iam::111122223333:policy/p", setAsDefault=True, policyDocument=document(allow("*"))),
        [
            iam(
                "CreatePolicy",
                policyName="p",
                policyDocument=document(allow("s3:*")),
                answer={"policy": {"arn": "arn:aws:iam::111122223333:policy/p"}},
            )
        ],
        [("known", 10, ["-allow s3:* on *", "+allow * on *"])],
    ),
    "a version that is not in force changes nothing": (
        iam("CreatePolicyVersion", policyArn="arn:aws:iam::111122223333:policy/p", policyDocument=document(allow("*"))),
        [],
        [("enough", None, ["+allow * on *"])],
    ),
    "which version is in force does not say what it allows": (
        iam("SetDefaultPolicyVersion", policyArn="arn:aws:iam::111122223333:policy/p", versionId="v1"),
        [],
        [("not in the record", None, ["=default version = v1"])],
    ),
    "a managed policy is deleted": (
        iam("DeletePolicy", policyArn="arn:aws:iam::111122223333:policy/p"),
        [],
        [("not in the record", None, [])],
    ),
    "who may take a role": (
        iam("UpdateAssumeRolePolicy", roleName="r", policyDocument=document(allow("sts:AssumeRole", Principal="*"))),
        [iam("CreateRole", roleName="r", assumeRolePolicyDocument=document(allow("sts:AssumeRole", Principal={"AWS": "111122223333"})))],
        [("known", 10, ["-allow sts:AssumeRole to 111122223333 on *", "+allow sts:AssumeRole to everyone on *"])],
    ),
    "a role is made": (
        iam("CreateRole", roleName="r", assumeRolePolicyDocument=document(allow("sts:AssumeRole", Principal="*"))),
        [],
        [("nothing", None, ["+allow sts:AssumeRole to everyone on *"])],
    ),
    "what a user has more": (
        iam("AttachUserPolicy", userName="bob", policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
        [iam("AttachUserPolicy", userName="bob", policyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")],
        [("part", 10, [" arn:aws:iam::aws:policy/ReadOnlyAccess", "+arn:aws:iam::aws:policy/AdministratorAccess"])],
    ),
    "what a user has less": (
        iam("RemoveUserFromGroup", userName="bob", groupName="admins"),
        [],
        [("enough", None, ["-admins"])],
    ),
    "the key that a user has more stands in the answer": (
        iam("CreateAccessKey", userName="bob", answer={"accessKey": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}}),
        [],
        [("enough", None, ["+AKIAIOSFODNN7EXAMPLE"])],
    ),
    "the policy of a bucket": (
        call(
            service="s3",
            eventName="PutBucketPolicy",
            requestParameters={"bucketName": "b", "bucketPolicy": json.loads(document(allow("s3:GetObject", Principal="*")))},
        ),
        [call(service="s3", eventName="DeleteBucketPolicy", requestParameters={"bucketName": "b"})],
        [("nothing", None, ["+allow s3:GetObject to everyone on *"])],
    ),
    # ------------------------------------------------------------ settings
    "a trail is narrowed": (
        trail("UpdateTrail", isMultiRegionTrail=False, answer=settings(isMultiRegionTrail=False)),
        [trail("CreateTrail", answer=settings())],
        [
            (
                "known",
                10,
                [
                    " s3BucketName = logs",
                    "-isMultiRegionTrail = true",
                    "+isMultiRegionTrail = false",
                    " logFileValidationEnabled = true",
                ],
            )
        ],
    ),
    "of a trail that was not known the call's own settings are told": (
        trail("UpdateTrail", enableLogFileValidation=False, answer=settings(logFileValidationEnabled=False)),
        [],
        [("not in the record", None, ["=logFileValidationEnabled = false"])],
    ),
    "a trail that was named by its ARN is the same": (
        call(
            service="cloudtrail",
            eventName="StopLogging",
            requestParameters={"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"},
        ),
        [trail("StartLogging")],
        [("known", 10, ["-logging = on", "+logging = off"])],
    ),
    "a trail is made": (
        trail("CreateTrail", answer=settings()),
        [],
        [("nothing", None, ["+s3BucketName = logs", "+isMultiRegionTrail = true", "+logFileValidationEnabled = true"])],
    ),
    "a refused call on a trail is compared by what it asked for": (
        call(
            service="cloudtrail",
            eventName="UpdateTrail",
            errorCode="AccessDenied",
            requestParameters={"name": "main", "isMultiRegionTrail": False},
            responseElements=None,
        ),
        [trail("CreateTrail", answer=settings())],
        [
            (
                "known",
                10,
                [
                    " s3BucketName = logs",
                    "-isMultiRegionTrail = true",
                    "+isMultiRegionTrail = false",
                    " logFileValidationEnabled = true",
                ],
            )
        ],
    ),
    "what a trail records": (
        call(
            service="cloudtrail",
            eventName="PutEventSelectors",
            requestParameters={"trailName": "main", "eventSelectors": [{"readWriteType": "WriteOnly", "dataResources": []}]},
        ),
        [],
        [("not in the record", None, ["=eventSelectors.readWriteType = WriteOnly", "=eventSelectors.dataResources = none"])],
    ),
    "several selectors are numbered": (
        call(
            service="cloudtrail",
            eventName="PutInsightSelectors",
            requestParameters={"trailName": "main", "insightSelectors": [{"insightType": "ApiCallRateInsight"}, {"insightType": "ApiErrorRateInsight"}]},
        ),
        [],
        [("not in the record", None, ["=insightSelectors.1.insightType = ApiCallRateInsight", "=insightSelectors.2.insightType = ApiErrorRateInsight"])],
    ),
    "an alarm is put again, whole": (
        alarm(threshold=10, period=300, alarmActions=["arn:aws:sns:us-east-1:111122223333:t"]),
        [alarm(threshold=1, period=300, treatMissingData="notBreaching")],
        [
            (
                "known",
                10,
                [
                    "-threshold = 1",
                    "+threshold = 10",
                    " period = 300",
                    "-treatMissingData = notBreaching",
                    "+alarmActions = arn:aws:sns:us-east-1:111122223333:t",
                ],
            )
        ],
    ),
    "the actions of an alarm are switched off": (
        call(service="monitoring", eventName="DisableAlarmActions", requestParameters={"alarmNames": ["a", "b"]}),
        [alarm(threshold=1, actionsEnabled=True)],
        [
            ("known", 10, [" threshold = 1", "-actionsEnabled = true", "+actionsEnabled = false"]),
            ("not in the record", None, ["=actionsEnabled = false"]),
        ],
    ),
    "a setting that may have been there before is not said to be new": (
        call(service="monitoring", eventName="EnableAlarmActions", requestParameters={"alarmNames": ["a"]}),
        [],
        [("not in the record", None, ["=actionsEnabled = true"])],
    ),
    "of a thing known in part a setting is not said to be new": (
        call(
            service="s3",
            eventName="PutBucketVersioning",
            requestParameters={"bucketName": "b", "VersioningConfiguration": {"MfaDelete": "Disabled"}},
        ),
        [
            call(
                service="s3",
                eventName="PutBucketVersioning",
                requestParameters={"bucketName": "b", "VersioningConfiguration": {"Status": "Enabled"}},
            )
        ],
        [("part", 10, [" Status = Enabled", "=MfaDelete = Disabled"])],
    ),
    "alarms are deleted": (
        call(service="monitoring", eventName="DeleteAlarms", requestParameters={"alarmNames": ["a"]}),
        [alarm(threshold=1)],
        [("known", 10, ["-threshold = 1"])],
    ),
    "null, the empty text and what is too deep": (
        alarm(a=None, b="", c={}, dimensions=[[]], d={"e": {"f": {"g": {"h": {"i": {"j": 1}}}}}}),
        [],
        [
            (
                "not in the record",
                None,
                ["=a = null", '=b = ""', "=dimensions = none", "=d.e.f.g.h.i = …"],
            )
        ],
    ),
    "a list in EC2's style": (
        call(
            service="logs",
            eventName="PutMetricFilter",
            requestParameters={"logGroupName": "g", "filterName": "f", "filterPattern": "x", "metricTransformations": {"items": [{"metricName": "m"}]}},
        ),
        [],
        [("not in the record", None, ["=filterPattern = x", "=metricTransformations.metricName = m"])],
    ),
    # ------------------------------------------------------------ no subject
    "a call that only tells lines": (
        call(service="ec2", eventName="ModifyVpcAttribute", requestParameters={"vpcId": "vpc-1", "enableDnsSupport": {"value": False}}),
        [],
        [("not in the record", None, ["=value = false"])],
    ),
    "parameters that are not in the record": (
        call(
            service="cloudtrail",
            eventName="CreateTrail",
            requestParameters={"omitted": True, "originalSize": 200_000, "reason": "requestParameters too large"},
        ),
        [],
        [("not in the record", None, ["=the parameters are not in the record: too large (200000 bytes)"])],
    ),
    "a call that changes nothing that is known here": (call(service="ec2", eventName="RunInstances"), [], []),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_a_call_changed(name: str) -> None:
    now, earlier, wanted = ROWS[name]
    assert after(now, *earlier) == wanted


@pytest.mark.parametrize(
    ("service", "name", "parameters"),
    [
        ("ec2", "AuthorizeSecurityGroupIngress", {"ipPermissions": {}}),
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-1"}),
        ("ec2", "ModifySecurityGroupRules", {"groupId": "sg-1", "securityGroupRule": ["x"]}),
        ("ec2", "CreateSecurityGroup", {"groupName": "x"}),
        ("iam", "PutUserPolicy", {"userName": "bob"}),
        ("iam", "AttachUserPolicy", {"userName": "bob"}),
        ("iam", "CreatePolicy", {"policyName": "p"}),
        ("iam", "CreateRole", {}),
        ("iam", "CreateUser", {"userName": "bob"}),
        ("s3", "PutBucketPolicy", {}),
        ("s3", "GetObject", {"bucketName": "b"}),
        ("cloudtrail", "UpdateTrail", {}),
    ],
)
def test_a_call_without_what_is_needed_has_no_effect(service: str, name: str, parameters: dict[str, Any]) -> None:
    made = call(service=service, eventName=name, requestParameters=parameters, responseElements=None)
    assert effects_of(made) == ()


def test_a_refused_call_took_no_effect() -> None:
    refused = group_call("Authorize", (EVERYWHERE, 22), errorCode="Client.UnauthorizedOperation")
    assert [change.took_effect for change in change_of(refused)] == [False]
    assert change_of(refused)[0].counts == (1, 0)


def test_subjects_are_found_by_the_names_in_the_records() -> None:
    effect = effects_of(iam("PutUserPolicy", userName="bob", policyName="p", policyDocument=document(allow("s3:*"))))[0]
    assert effect.subject == Subject("policy p of user", "bob")
    assert effect.names == ("bob",)
    arn = "arn:aws:iam::111122223333:policy/ops/p"
    assert effects_of(iam("DeletePolicy", policyArn=arn))[0].names == (arn, "p")
    named = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
    assert effects_of(trail("UpdateTrail", answer=settings(trailARN=named)))[0].names == ("main", named)


def test_a_line_is_as_long_as_it_may_be() -> None:
    change = change_of(alarm(alarmDescription="x" * 5_000))[0]
    assert len(change.lines[0].text) == LONGEST_LINE


def test_words_of_before_are_readable() -> None:
    assert [str(one) for one in Before] == ["known", "part", "nothing", "enough", "not in the record"]
