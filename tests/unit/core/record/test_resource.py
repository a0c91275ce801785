"""The resources of a record. Spec: REC-13."""

from __future__ import annotations

from typing import Any

import pytest
from record_shape import call, failed, made

from tocsin.core.record import ApiAnswer

ACCOUNT = "111122223333"
KEY = "arn:aws:kms:eu-west-1:444455556666:key/k"


@pytest.mark.parametrize(
    ("service", "operation", "sent", "got", "resources"),
    [
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::444455556666:role/r"}, {}, [("444455556666", "AWS::IAM::Role", "arn:aws:iam::444455556666:role/r")]),
        ("sts", "AssumeRole", {"RoleArn": 5}, {}, []),
        ("sts", "GetSessionToken", {}, {}, []),
        ("kms", "Decrypt", {}, {"KeyId": KEY}, [("444455556666", "AWS::KMS::Key", KEY)]),
        ("kms", "CreateKey", {}, {"KeyMetadata": {"Arn": KEY}}, [("444455556666", "AWS::KMS::Key", KEY)]),
        ("kms", "CreateAlias", {"TargetKeyId": KEY, "AliasName": "alias/a"}, {}, [("444455556666", "AWS::KMS::Key", KEY), (ACCOUNT, "AWS::KMS::Key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/a")]),
        ("kms", "DisableKey", {"KeyId": "mrk-1"}, {}, [(ACCOUNT, "AWS::KMS::Key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1")]),
        ("kms", "ReEncrypt", {"DestinationKeyId": "alias/a"}, {"SourceKeyId": KEY, "KeyId": KEY + "2"}, [("444455556666", "AWS::KMS::Key", KEY), ("444455556666", "AWS::KMS::Key", KEY + "2")]),
        ("kms", "Decrypt", {"KeyId": "arn:aws:kms:eu-west-1:444455556666:alias/a"}, {}, []),
        ("kms", "ListAliases", {"KeyId": ""}, {}, []),
        ("kms", "Decrypt", {"KeyId": "alias/a"}, {}, []),
        ("ssm", "GetParameter", {"Name": "/a/b"}, {}, [(ACCOUNT, None, f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/a/b")]),
        (
            "ssm",
            "GetParameters",
            {"Names": ["a", 5, "arn:aws:ssm:eu-west-1:444455556666:parameter/b"]},
            {},
            [
                (ACCOUNT, None, f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/a"),
                ("444455556666", None, "arn:aws:ssm:eu-west-1:444455556666:parameter/b"),
            ],
        ),
        ("ssm", "SendCommand", {"Name": "a"}, {}, []),
        ("ssm", "GetParameter", {"Name": "/aws/service/x"}, {}, [(ACCOUNT, None, "arn:aws:ssm:eu-west-1::parameter/aws/service/x")]),
        ("ecr", "PutImage", {"repositoryName": "n"}, {}, [(ACCOUNT, None, f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/n")]),
        ("ecr", "PutImage", {"repositoryName": "n", "registryId": "444455556666"}, {}, [("444455556666", None, "arn:aws:ecr:eu-west-1:444455556666:repository/n")]),
        ("ecr", "DescribeRegistry", {}, {}, []),
        ("iam", "CreateUser", {"UserName": "u"}, {}, []),
        ("lambda", "Invoke", {"FunctionName": "f"}, {}, [(ACCOUNT, "AWS::Lambda::Function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")]),
        ("lambda", "Invoke", {"FunctionName": "arn:aws:lambda:eu-west-1:444455556666:function:f"}, {}, [("444455556666", "AWS::Lambda::Function", "arn:aws:lambda:eu-west-1:444455556666:function:f")]),
        ("lambda", "Invoke", {"FunctionName": f"{ACCOUNT}:function:f"}, {}, [(ACCOUNT, "AWS::Lambda::Function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")]),
        ("dynamodb", "GetItem", {"TableName": "t"}, {}, [(ACCOUNT, "AWS::DynamoDB::Table", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t")]),
        ("dynamodb", "CreateTable", {"TableName": "t"}, {}, []),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"t": {}, "arn:aws:dynamodb:eu-west-1:444455556666:table/u": {}}}, {}, [(ACCOUNT, "AWS::DynamoDB::Table", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t"), ("444455556666", "AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-1:444455556666:table/u")]),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t"}}, {"Put": 5}, "odd", {"Put": {}}]}, {}, [(ACCOUNT, "AWS::DynamoDB::Table", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t")]),
        ("dynamodb", "ListTables", {}, {}, []),
        ("dynamodbstreams", "GetShardIterator", {"StreamArn": "arn:aws:dynamodb:eu-west-1:444455556666:table/t/stream/s"}, {}, [("444455556666", "AWS::DynamoDB::Stream", "arn:aws:dynamodb:eu-west-1:444455556666:table/t/stream/s")]),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:eu-west-1:444455556666:t"}, {}, [("444455556666", "AWS::SNS::Topic", "arn:aws:sns:eu-west-1:444455556666:t")]),
        ("sqs", "SendMessage", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/444455556666/q"}, {}, [("444455556666", "AWS::SQS::Queue", "arn:aws:sqs:eu-west-1:444455556666:q")]),
        ("sqs", "SendMessage", {"QueueUrl": "q"}, {}, [(ACCOUNT, "AWS::SQS::Queue", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q")]),
        ("kinesis", "PutRecord", {"StreamName": "s"}, {}, [(ACCOUNT, "AWS::Kinesis::Stream", f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/s")]),
        ("kinesis", "PutRecord", {"StreamName": "s", "StreamARN": "arn:aws:kinesis:eu-west-1:444455556666:stream/s"}, {}, [("444455556666", "AWS::Kinesis::Stream", "arn:aws:kinesis:eu-west-1:444455556666:stream/s")]),
        ("ebs", "ListChangedBlocks", {"FirstSnapshotId": "snap-1", "SecondSnapshotId": "snap-2"}, {}, [(ACCOUNT, "AWS::EC2::Snapshot", "arn:aws:ec2:eu-west-1::snapshot/snap-1"), (ACCOUNT, "AWS::EC2::Snapshot", "arn:aws:ec2:eu-west-1::snapshot/snap-2")]),
        ("cognito-identity", "GetId", {"IdentityPoolId": "p"}, {}, [(ACCOUNT, "AWS::Cognito::IdentityPool", f"arn:aws:cognito-identity:eu-west-1:{ACCOUNT}:identitypool/p")]),
        ("cloudwatch", "GetMetricData", {}, {}, []),
    ],
)  # fmt: skip
def test_resources(
    service: str, operation: str, sent: dict[str, Any], got: dict[str, Any], resources: list[Any]
) -> None:
    record = made(call(service, operation, sent), ApiAnswer(output=got))
    found = [(each["accountId"], each.get("type"), each["ARN"]) for each in record.get("resources", ())]
    assert found == resources


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")]
)
def test_partition(region: str, partition: str) -> None:
    record = made(call("dynamodb", "GetItem", {"TableName": "t"}, region=region))
    assert record["resources"][0]["ARN"] == f"arn:{partition}:dynamodb:{region}:{ACCOUNT}:table/t"


def test_failed_calls_name_what_follows_from_the_request() -> None:
    assert "resources" not in made(
        call("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::1:role/r"}), failed("AccessDenied")
    )
    assert "resources" in made(call("dynamodb", "GetItem", {"TableName": "t"}), failed("TransactionCanceledException"))
    assert "resources" in made(call("kms", "Encrypt", {"KeyId": KEY}), failed("InvalidKeyUsageException"))
    assert "resources" not in made(call("kms", "Encrypt", {"KeyId": KEY}), failed("AccessDeniedException"))


def test_a_request_that_could_not_be_read_names_none() -> None:
    assert "resources" not in made(call("dynamodb", "GetItem"))
