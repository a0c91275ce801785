"""Topics with a real client. Spec: SNS-1, SNS-10.3, SNS-11, WIRE-8, WIRE-9."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from wire_client import Dispatcher, client

from tocsin.app import topic as topic_module

HERE = "arn:aws:sns:eu-west-1:111122223333:"
RETRIES = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
INVALID = "InvalidParameter"
GONE = ("NotFound", "Topic does not exist")


def attributes(sns, arn: str) -> dict[str, str]:
    return sns.get_topic_attributes(TopicArn=arn)["Attributes"]


def test_a_fresh_topic_as_it_is_told(sns) -> None:
    arn = sns.create_topic(Name="security")["TopicArn"]
    assert arn == f"{HERE}security"
    told = attributes(sns, arn)
    assert json.loads(told.pop("Policy")) == {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Effect": "Allow",
                "Sid": "__default_statement_ID",
                "Principal": {"AWS": "*"},
                "Action": [
                    "SNS:GetTopicAttributes",
                    "SNS:SetTopicAttributes",
                    "SNS:AddPermission",
                    "SNS:RemovePermission",
                    "SNS:DeleteTopic",
                    "SNS:Subscribe",
                    "SNS:ListSubscriptionsByTopic",
                    "SNS:Publish",
                ],
                "Resource": arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}},
            }
        ],
    }
    assert json.loads(told.pop("EffectiveDeliveryPolicy")) == {
        "http": {
            "defaultHealthyRetryPolicy": RETRIES,
            "disableSubscriptionOverrides": False,
            "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        }
    }
    assert told == {
        "DisplayName": "",
        "Owner": "111122223333",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": arn,
    }


def test_a_fifo_topic_says_that_it_is_one(sns) -> None:
    given = {"FifoTopic": "true", "DisplayName": "TestTopic", "SignatureVersion": "2"}
    told = attributes(sns, sns.create_topic(Name="a.fifo", Attributes=given)["TopicArn"])
    assert told["FifoTopic"] == "true"
    assert told["ContentBasedDeduplication"] == "false"
    assert (told["DisplayName"], told["SignatureVersion"]) == ("TestTopic", "2")
    assert "FifoTopic" not in attributes(sns, sns.create_topic(Name="b", Attributes={"FifoTopic": "false"})["TopicArn"])


def test_the_partition_is_that_of_the_region(dispatcher: Dispatcher) -> None:
    chinese = client("sns", dispatcher, region="cn-north-1")
    assert chinese.create_topic(Name="a")["TopicArn"] == "arn:aws-cn:sns:cn-north-1:111122223333:a"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("", {}),
        ("a b", {}),
        ("a.fifo", {}),
        ("a.fifo", {"FifoTopic": "false"}),
        ("a", {"FifoTopic": "true"}),
        ("x" * 257, {}),
        ("a\n", {}),
    ],
)
def test_names_that_are_refused(sns, refused, name: str, given: dict[str, str]) -> None:
    assert refused(sns.create_topic, Name=name, Attributes=given) == (INVALID, "Invalid parameter: Topic Name")


def test_making_a_topic_again_finds_it(sns, refused) -> None:
    tags = [{"Key": "k", "Value": "v"}]
    arn = sns.create_topic(Name="a", Attributes={"DisplayName": "x"}, Tags=tags)["TopicArn"]
    for given in ({}, {"Attributes": {"DisplayName": "x"}}, {"Tags": tags}, {"Attributes": {"SignatureVersion": "1"}}):
        assert sns.create_topic(Name="a", **given)["TopicArn"] == arn
    assert refused(sns.create_topic, Name="a", Attributes={"DisplayName": "y"}) == (
        INVALID,
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    for others in ([{"Key": "k", "Value": "other"}], [*tags, {"Key": "more", "Value": ""}]):
        assert refused(sns.create_topic, Name="a", Tags=others) == (
            INVALID,
            "Invalid parameter: Tags Reason: Topic already exists with different tags",
        )


def test_a_policy_that_is_written_otherwise_is_the_same(sns) -> None:
    policy = {"http": {"defaultHealthyRetryPolicy": {"numRetries": 5, "minDelayTarget": 1, "maxDelayTarget": 2}}}
    arn = sns.create_topic(Name="a", Attributes={"DeliveryPolicy": json.dumps(policy)})["TopicArn"]
    given = {"DeliveryPolicy": json.dumps(policy, indent=2)}
    assert sns.create_topic(Name="a", Attributes=given)["TopicArn"] == arn


def test_a_deleted_topic_takes_everything_with_it(sns, refused) -> None:
    arn = sns.create_topic(Name="a", Tags=[{"Key": "k", "Value": "v"}])["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:111122223333:q")
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert refused(sns.get_topic_attributes, TopicArn=arn) == GONE
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert sns.create_topic(Name="a", Tags=[{"Key": "other", "Value": ""}])["TopicArn"] == arn
    assert sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []


OPERATIONS = [
    ("get_topic_attributes", {}),
    ("set_topic_attributes", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
    ("list_subscriptions_by_topic", {}),
    ("add_permission", {"Label": "l", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]}),
    ("remove_permission", {"Label": "l"}),
    ("subscribe", {"Protocol": "email", "Endpoint": "a@example.com"}),
    ("publish", {"Message": "m"}),
    ("publish_batch", {"PublishBatchRequestEntries": [{"Id": "a", "Message": "m"}]}),
]


@pytest.mark.parametrize(("operation", "parameters"), OPERATIONS)
def test_topics_that_are_wrong(sns, refused, operation: str, parameters: dict[str, object]) -> None:
    def call(arn: str) -> tuple[str, str]:
        return refused(getattr(sns, operation), TopicArn=arn, **parameters)

    assert call(f"{HERE}none") == GONE
    assert call("random") == (
        INVALID,
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
    )
    assert call("a:b") == (INVALID, "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2")
    assert call("") == (INVALID, "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1")
    assert call("arn:aws:sns:us-east-1:111122223333:none") == (INVALID, "Invalid parameter: TopicArn")
    assert call("arn:aws-cn:sns:eu-west-1:111122223333:none") == (INVALID, "Invalid parameter: TopicArn")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Foo", "x", "AttributeName"),
        ("Owner", "x", "AttributeName"),
        ("FifoTopic", "true", "AttributeName"),
        ("ContentBasedDeduplication", "true", "AttributeName"),
        ("DisplayName", "x" * 101, "DisplayName"),
        ("DisplayName", "a\nb", "DisplayName"),
        ("SignatureVersion", "3", "SignatureVersion"),
        ("TracingConfig", "On", "TracingConfig"),
        ("MaximumMessageSize", "1023", "MaximumMessageSize"),
        ("MaximumMessageSize", "1048577", "MaximumMessageSize"),
        ("MaximumMessageSize", "-1", "MaximumMessageSize"),
        ("HTTPSuccessFeedbackSampleRate", "101", "HTTPSuccessFeedbackSampleRate"),
        ("Policy", "", "Policy Error: null"),
        ("Policy", "{", "Policy Error: null"),
        ("Policy", "[]", "Policy Error: null"),
        ("Policy", '{"Statement": ["x"]}', "Policy Error: null"),
        (
            "Policy",
            '{"Statement": [{"Action": ["sns:Publish", "s3:PutObject"]}]}',
            "Policy statement action out of service scope!",
        ),
        ("DeliveryPolicy", '{"throttlePolicy": {}}', "DeliveryPolicy: Unexpected JSON member: throttlePolicy"),
        (
            "DeliveryPolicy",
            '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":101}}}',
            "DeliveryPolicy: http.defaultHealthyRetryPolicy.numRetries must be less than or equal to 100",
        ),
    ],
)
def test_attributes_that_are_refused(sns, refused, name: str, value: str, message: str) -> None:
    arn = sns.create_topic(Name="a")["TopicArn"]
    found = refused(sns.set_topic_attributes, TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert found == (INVALID, f"Invalid parameter: {message}")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Foo": "x"}, "Unknown attribute Foo"),
        ({"ContentBasedDeduplication": "true"}, "Unknown attribute ContentBasedDeduplication"),
        ({"SignatureVersion": "3"}, "SignatureVersion"),
        ({"Policy": "x"}, "Policy Error: null"),
        ({"DeliveryPolicy": "[]"}, "DeliveryPolicy: failed to parse JSON. It must be an object."),
    ],
)
def test_attributes_that_are_refused_for_a_new_topic(sns, refused, given: dict[str, str], message: str) -> None:
    found = refused(sns.create_topic, Name="a", Attributes=given)
    assert found == (INVALID, f"Invalid parameter: Attributes Reason: {message}")
    assert sns.list_topics()["Topics"] == []


def test_attributes_of_fifo_topics_that_are_refused(sns, refused) -> None:
    def create(**given: str) -> tuple[str, str]:
        return refused(sns.create_topic, Name="a.fifo", Attributes={"FifoTopic": "true", **given})

    prefix = "Invalid parameter: Attributes Reason: "
    assert create(ContentBasedDeduplication="x") == (
        INVALID,
        f"{prefix}ContentBasedDeduplication: Invalid value [x]. Must be true or false.",
    )
    assert create(FifoThroughputScope="x") == (INVALID, f"{prefix}FifoThroughputScope")
    assert create(ArchivePolicy="x") == (INVALID, f"{prefix}ArchivePolicy: failed to parse JSON.")


def test_attributes_are_set_and_taken_away(sns) -> None:
    arn = sns.create_topic(Name="a")["TopicArn"]
    before = attributes(sns, arn)
    policy = {"http": {"defaultThrottlePolicy": {"maxReceivesPerSecond": 1}, "disableSubscriptionOverrides": True}}
    given = {
        "DisplayName": "Security",
        "KmsMasterKeyId": "alias/aws/sns",
        "MaximumMessageSize": "1024",
        "LambdaSuccessFeedbackSampleRate": "50",
        "Policy": '{"Statement":{"Sid":"one","Action":"sns:*"}}',
        "DeliveryPolicy": json.dumps(policy),
    }
    for name, value in given.items():
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
    told = attributes(sns, arn)
    assert told.items() >= given.items()
    http = json.loads(told["EffectiveDeliveryPolicy"])["http"]
    assert http["defaultThrottlePolicy"] == {"maxReceivesPerSecond": 1}
    assert http["disableSubscriptionOverrides"] is True
    assert http["defaultHealthyRetryPolicy"] == RETRIES
    for name in given.keys() - {"Policy"}:
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue="")
    assert attributes(sns, arn) == {**before, "Policy": given["Policy"]}


def test_permissions(sns, refused) -> None:
    arn = sns.create_topic(Name="a")["TopicArn"]

    def statements() -> list[dict[str, object]]:
        return json.loads(attributes(sns, arn)["Policy"])["Statement"]

    one = {"TopicArn": arn, "Label": "one", "AWSAccountId": ["444455556666"], "ActionName": ["Publish"]}
    sns.add_permission(**one)
    sns.add_permission(
        TopicArn=arn, Label="two", AWSAccountId=["444455556666", "777788889999"], ActionName=["Publish", "Subscribe"]
    )
    assert statements()[1:] == [
        {
            "Sid": "one",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "SNS:Publish",
            "Resource": arn,
        },
        {
            "Sid": "two",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"]},
            "Action": ["SNS:Publish", "SNS:Subscribe"],
            "Resource": arn,
        },
    ]
    assert refused(sns.add_permission, **one) == (INVALID, "Invalid parameter: Statement already exists")
    assert refused(sns.add_permission, **{**one, "Label": "x", "ActionName": ["Foo"]}) == (
        INVALID,
        "Invalid parameter: Policy statement action out of service scope!",
    )
    sns.remove_permission(TopicArn=arn, Label="one")
    sns.remove_permission(TopicArn=arn, Label="never-there")
    assert [one["Sid"] for one in statements()] == ["__default_statement_ID", "two"]


def test_a_statement_that_stands_alone_gets_company(sns) -> None:
    arn = sns.create_topic(Name="a", Attributes={"Policy": '{"Statement":{"Sid":"x"}}'})["TopicArn"]
    sns.add_permission(TopicArn=arn, Label="y", AWSAccountId=["444455556666"], ActionName=["Publish"])
    assert [one["Sid"] for one in json.loads(attributes(sns, arn)["Policy"])["Statement"]] == ["x", "y"]


def test_pages_of_topics(sns, refused) -> None:
    names = [f"t{number:03}" for number in range(230)]
    for name in reversed(names):
        sns.create_topic(Name=name)
    first = sns.list_topics()
    assert len(first["Topics"]) == 100
    pages = list(sns.get_paginator("list_topics").paginate())
    assert [len(page["Topics"]) for page in pages] == [100, 100, 30]
    assert "NextToken" not in pages[-1]
    found = [one["TopicArn"] for page in pages for one in page["Topics"]]
    assert found == [f"{HERE}{name}" for name in names]
    sns.delete_topic(TopicArn=f"{HERE}t099")  # the last of the first page: nothing is skipped, nothing comes twice
    assert sns.list_topics(NextToken=first["NextToken"])["Topics"][0]["TopicArn"] == f"{HERE}t100"
    wrong = (INVALID, "Invalid parameter: NextToken")
    assert refused(sns.list_topics, NextToken="x") == wrong
    assert refused(sns.list_subscriptions, NextToken=first["NextToken"]) == wrong


def test_tags(sns, refused) -> None:
    arn = sns.create_topic(Name="a", Tags=[{"Key": "k1", "Value": "v1"}, {"Key": "k2", "Value": "v2"}])["TopicArn"]
    sns.untag_resource(ResourceArn=arn, TagKeys=["k1", "never-there"])
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "k2", "Value": "v2b"}])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "k2", "Value": "v2b"}]
    twice = [{"Key": "k", "Value": "a"}, {"Key": "k", "Value": "b"}]
    duplicated = (INVALID, "Invalid parameter: Duplicated keys are not allowed.")
    assert refused(sns.tag_resource, ResourceArn=arn, Tags=twice) == duplicated
    assert refused(sns.create_topic, Name="b", Tags=twice) == duplicated
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    code, _ = refused(sns.tag_resource, ResourceArn=arn, Tags=[*many, {"Key": "one-more", "Value": ""}])
    assert code == "TagLimitExceeded"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("tag_resource", {"Tags": []}), ("untag_resource", {"TagKeys": []}), ("list_tags_for_resource", {})],
)
def test_tags_of_nothing(sns, refused, operation: str, parameters: dict[str, object]) -> None:
    gone = ("ResourceNotFound", "Resource does not exist")
    assert refused(getattr(sns, operation), ResourceArn=f"{HERE}none", **parameters) == gone


def test_data_protection_policies_are_kept(sns, refused) -> None:
    arn = sns.create_topic(Name="a", DataProtectionPolicy='{"Name":"one"}')["TopicArn"]
    assert sns.get_data_protection_policy(ResourceArn=arn)["DataProtectionPolicy"] == '{"Name":"one"}'
    sns.put_data_protection_policy(ResourceArn=arn, DataProtectionPolicy='{"Name":"two"}')
    assert sns.get_data_protection_policy(ResourceArn=arn)["DataProtectionPolicy"] == '{"Name":"two"}'
    bare = sns.create_topic(Name="b")["TopicArn"]
    assert "DataProtectionPolicy" not in sns.get_data_protection_policy(ResourceArn=bare)
    assert refused(sns.get_data_protection_policy, ResourceArn=f"{HERE}none") == GONE


def test_there_is_room_for_so_many_topics(sns, refused, monkeypatch) -> None:
    monkeypatch.setattr(topic_module, "MOST_TOPICS", 2)
    sns.create_topic(Name="a")
    sns.create_topic(Name="b")
    sns.create_topic(Name="b")
    assert refused(sns.create_topic, Name="c")[0] == "TopicLimitExceeded"


def test_what_is_not_served_is_said(sns, refused) -> None:
    code, message = refused(sns.list_platform_applications)
    assert code == "InvalidAction"
    assert "ListPlatformApplications" in message


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (lambda sns: sns.get_topic_attributes(TopicArn=f"{HERE}none"), 404),
        (lambda sns: sns.list_tags_for_resource(ResourceArn=f"{HERE}none"), 404),
        (lambda sns: sns.get_subscription_attributes(SubscriptionArn=f"{HERE}none:id"), 404),
        (lambda sns: sns.create_topic(Name=""), 400),
        (lambda sns: sns.publish(TopicArn="random", Message="m"), 400),
        (lambda sns: sns.create_topic(Name="more"), 403),
    ],
)
def test_statuses(sns, monkeypatch, call, status: int) -> None:
    monkeypatch.setattr(topic_module, "MOST_TOPICS", 0)
    with pytest.raises(ClientError) as caught:
        call(sns)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["Error"]["Type"] == "Sender"
