"""What LookupEvents says of a record. Spec: CT-16.4."""

from __future__ import annotations

import pytest

from tocsin.core.event_history import HistoryEvent, Resource, history_event, insight_event
from tocsin.core.kept_record import event_id_of, event_rank
from tocsin.core.log_event import Term

ROLE_ARN = "arn:aws:iam::111122223333:role/team/Deploy"


@pytest.mark.parametrize(
    ("identity", "username"),
    [
        ({"type": "Root", "userName": "alias", "arn": "arn:aws:iam::111122223333:root"}, "root"),
        ({"type": "IAMUser", "userName": "alice"}, "alice"),
        ({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "HIDDEN_DUE_TO_SECURITY_REASONS"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/bob"}, "bob"),
        ({"type": "AssumedRole", "principalId": "AROAEXAMPLE:bob"}, "bob"),
        ({"type": "AssumedRole", "arn": "", "principalId": "AROAEXAMPLE"}, None),
        ({"type": "AssumedRole"}, None),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/carol"}, "carol"),
        ({"type": "FederatedUser"}, None),
        ({"type": "WebIdentityUser", "userName": "dave"}, "dave"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com", "userName": "x"}, None),
        ({"type": "AWSAccount", "accountId": "444455556666"}, None),
        ({"accountId": "111122223333", "invokedBy": "AWS Internal"}, None),
        ({"type": "IAMUser", "userName": ""}, None),
        ("text", None),
        (None, None),
    ],
)
def test_who_called(identity: object, username: str | None) -> None:
    assert history_event({"userIdentity": identity}).username == username


@pytest.mark.parametrize(
    ("value", "told"),
    [(True, "true"), (False, "false"), ("true", "true"), ("False", "false"), ("x", None), (None, None), (1, None)],
)
def test_read_only_is_a_text(value: object, told: str | None) -> None:
    assert history_event({"readOnly": value}).read_only == told


IAM, TRAIL, EC2 = "iam.amazonaws.com", "cloudtrail.amazonaws.com", "ec2.amazonaws.com"


@pytest.mark.parametrize(
    ("record", "resources"),
    [
        ({}, []),
        ({"resources": []}, []),
        ({"resources": "x"}, []),
        (
            {"resources": [{"ARN": "arn:aws:kms:us-east-1:1:key/k", "type": "AWS::KMS::Key"}]},
            ["arn:aws:kms:us-east-1:1:key/k"],
        ),
        (
            {"resources": [{"ARN": "arn:aws:ssm:us-east-1:1:parameter/p"}, {"ARN": ""}, 7, {}]},
            ["arn:aws:ssm:us-east-1:1:parameter/p"],
        ),
        ({"resources": [{"ARN": "arn:aws:s3:::logs", "type": "AWS::S3::Bucket"}]}, ["arn:aws:s3:::logs", "logs"]),
        ({"resources": [{"ARN": ROLE_ARN, "type": "AWS::IAM::Role"}]}, [ROLE_ARN, "Deploy"]),
        ({"resources": [{"ARN": "Deploy", "type": "AWS::IAM::Role"}]}, ["Deploy"]),
        ({"eventSource": IAM, "requestParameters": {"userName": "bob", "policyArn": "arn:p"}}, ["bob", "arn:p"]),
        ({"eventSource": IAM, "requestParameters": {"roleName": "r", "groupName": "g"}}, ["r", "g"]),
        ({"eventSource": TRAIL, "requestParameters": {"name": "main"}}, ["main"]),
        ({"eventSource": TRAIL, "requestParameters": {"trailName": "main"}}, ["main"]),
        ({"eventSource": TRAIL, "requestParameters": {"name": ["main"]}}, []),
        ({"eventSource": TRAIL, "requestParameters": "text"}, []),
        ({"eventSource": EC2, "requestParameters": {"groupId": "sg-1", "instanceId": "i-1"}}, ["sg-1", "i-1"]),
        (
            {
                "eventSource": EC2,
                "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-1"}, {"imageId": "ami-1"}, 3]}},
                "responseElements": {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}},
            },
            ["i-1", "i-2"],
        ),
        ({"eventSource": EC2, "requestParameters": {"instancesSet": {"items": {}}}}, []),
        ({"eventSource": "s3.amazonaws.com", "requestParameters": {"bucketName": "b"}}, []),
    ],
)
def test_resources(record: dict, resources: list[str]) -> None:
    assert [one.name for one in history_event(record).resources] == resources


def test_types_of_resources() -> None:
    listed = [{"ARN": "arn:aws:s3:::logs", "type": "AWS::S3::Bucket"}, {"ARN": "arn:x"}]
    assert history_event({"resources": listed}).resources == (
        Resource("AWS::S3::Bucket", "arn:aws:s3:::logs"),
        Resource("AWS::S3::Bucket", "logs"),
        Resource(None, "arn:x"),
    )
    assert history_event({"eventSource": IAM, "requestParameters": {"userName": "bob"}}).resources == (
        Resource("AWS::IAM::User", "bob"),
    )
    many = [{"ARN": f"arn:{number}"} for number in range(500)]
    assert len(history_event({"resources": many}).resources) == 50


def test_terms_are_what_can_be_asked_for() -> None:
    record = {
        "eventID": "e-1",
        "eventName": "AddUserToGroup",
        "eventSource": IAM,
        "readOnly": False,
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "requestParameters": {"userName": "bob", "groupName": "x" * 2001},
    }
    told = history_event(record)
    assert told.event_id == "e-1"
    assert set(told.terms) == {
        Term("EventName", "AddUserToGroup"),
        Term("EventSource", IAM),
        Term("ReadOnly", "false"),
        Term("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
        Term("Username", "alice"),
        Term("ResourceType", "AWS::IAM::User"),
        Term("ResourceName", "bob"),
        Term("ResourceType", "AWS::IAM::Group"),
    }
    assert len(told.terms) == 8
    assert history_event({}).terms == []


def test_insights_tell_the_call_that_was_unusual() -> None:
    record = {"eventID": "e", "insightDetails": {"eventName": "RunInstances", "eventSource": EC2, "state": "Start"}}
    assert insight_event(record) == HistoryEvent("e", "RunInstances", EC2)
    assert insight_event({"insightDetails": None}) == HistoryEvent(None, None, None)


UUID = "0f0e0000-1111-4222-8333-0123456789ab"


@pytest.mark.parametrize("ident", [UUID, UUID.upper(), UUID.replace("-", ""), "", "e-1", "ü", f"{UUID}0", "\ud800"])
def test_the_rank_of_an_event_id_can_be_read_back(ident: str) -> None:
    assert event_id_of(event_rank(ident)) == ident
    assert (len(event_rank(ident)) == 16) == (ident == UUID)


def test_uuids_are_in_the_order_of_their_texts_before_all_else() -> None:
    texts = [UUID, UUID.replace("0f", "1f", 1), UUID.replace("0f", "ff", 1), "", "0", "e-1", "e-2"]
    assert sorted(texts[:3] + texts[4:], key=event_rank) == texts[:3] + texts[4:]
