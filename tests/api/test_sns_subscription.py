"""Subscriptions with a real client: made, told, changed, filtered. Spec: SNS-3, SNS-9.6, SNS-10, WIRE-8."""

from __future__ import annotations

import json

import pytest

from tocsin.app import subscription as subscription_module
from tocsin.app.service import Service

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:q"
INVALID = "InvalidParameter"
GONE = ("NotFound", "Subscription does not exist")


@pytest.fixture
def topic(sns) -> str:
    return sns.create_topic(Name="t")["TopicArn"]


@pytest.fixture
def queue(sns, topic) -> str:
    """A confirmed subscription."""
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]


def attributes(sns, arn: str) -> dict[str, str]:
    return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]


def change(sns, arn: str, name: str, value: str | None = None) -> None:
    given = {} if value is None else {"AttributeValue": value}
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, **given)


def test_a_queue_of_ones_own_is_confirmed_at_once(sns, topic, queue, outbox) -> None:
    assert queue.startswith(f"{topic}:")
    assert attributes(sns, queue) == {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": QUEUE,
        "Owner": "111122223333",
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "false",
        "SubscriptionArn": queue,
        "SubscriptionPrincipal": "arn:aws:iam::111122223333:user/tocsin",
        "TopicArn": topic,
    }
    assert outbox() == []


ENDPOINTS = [
    ("http", "http://example.com/hook", True),
    ("https", "https://example.com:8443/hook", True),
    ("email", "a@example.com", True),
    ("email-json", "a@example.com", True),
    ("sqs", "arn:aws:sqs:eu-west-1:444455556666:q", True),
    ("lambda", "arn:aws:lambda:eu-west-1:444455556666:function:f", True),
    ("lambda", "arn:aws:lambda:eu-west-1:111122223333:function:f", False),
    ("application", "arn:aws:sns:eu-west-1:111122223333:endpoint/APNS/a/0f7d5971", False),
    ("sms", "+15005550006", False),
    ("log", "alarms", False),
]


@pytest.mark.parametrize(("protocol", "endpoint", "waits"), ENDPOINTS)
def test_who_has_to_agree(sns, topic, outbox, protocol: str, endpoint: str, waits: bool) -> None:
    told = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)["SubscriptionArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    assert told == ("pending confirmation" if waits else arn)
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed == {
        "SubscriptionArn": "PendingConfirmation" if waits else arn,
        "Owner": "111122223333",
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": topic,
    }
    found = attributes(sns, arn)
    assert (found["SubscriptionArn"], found["PendingConfirmation"]) == (arn, str(waits).lower())
    assert len(outbox()) == (2 if waits else 0)  # asked again when it was subscribed again


def test_a_delivery_stream_needs_a_role(sns, topic, refused) -> None:
    given = {
        "TopicArn": topic,
        "Protocol": "firehose",
        "Endpoint": "arn:aws:firehose:eu-west-1:111122223333:deliverystream/s",
    }
    assert refused(sns.subscribe, **given)[0] == INVALID
    role = {"SubscriptionRoleArn": "arn:aws:iam::111122223333:role/r"}
    arn = sns.subscribe(**given, Attributes=role)["SubscriptionArn"]
    assert attributes(sns, arn)["SubscriptionRoleArn"] == role["SubscriptionRoleArn"]


MISMATCH = "Invalid parameter: Endpoint must match the specified protocol"
CREDENTIALS = "Invalid parameter: Endpoint Reason: Please use HTTPS for subscriptions that contain inline credentials"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "message"),
    [
        ("x", "y", "Invalid parameter: Amazon SNS does not support this protocol string: x"),
        ("http", "https://example.com/", MISMATCH),
        ("https", "http://example.com/", MISMATCH),
        ("https", "https://", MISMATCH),
        ("https", "https://example.com:x/", MISMATCH),
        ("https", "https://exa mple.com/", MISMATCH),
        ("https", "https://[::1/", MISMATCH),
        ("https", "https://example.com/\nX-Header: a", MISMATCH),
        ("http", "http://user:word@example.com/", CREDENTIALS),
        ("http", "http://user@example.com/", CREDENTIALS),
        ("email", "nobody", "Invalid parameter: Email address"),
        ("email", "a@localhost", "Invalid parameter: Email address"),
        ("email-json", "a@example.com\nBcc: b@example.com", "Invalid parameter: Email address"),
        ("email", f"a@{'x' * 320}.example", "Invalid parameter: Email address"),
        ("sqs", "https://sqs.example.com/q", "Invalid parameter: SQS endpoint ARN"),
        ("sms", "abc", "Invalid SMS endpoint: abc"),
        ("lambda", QUEUE, MISMATCH),
        ("firehose", "f", MISMATCH),
        (
            "sqs",
            f"{QUEUE}.fifo",
            (
                "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard "
                "SNS topics"
            ),
        ),
    ],
)
def test_endpoints_that_are_refused(sns, topic, refused, protocol: str, endpoint: str, message: str) -> None:
    assert refused(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint) == (INVALID, message)
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_fifo_topics_are_for_queues(sns, refused) -> None:
    topic = sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert refused(sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com") == (
        INVALID,
        "Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue",
    )
    for endpoint in (QUEUE, f"{QUEUE}.fifo"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    dead = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead"})}
    assert refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}2.fifo", Attributes=dead) == (
        INVALID,
        (
            "Invalid parameter: Attributes Reason: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to "
            "a FIFO Topic."
        ),
    )
    dead = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead.fifo"})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}2.fifo", Attributes=dead)


def test_there_is_room_for_so_many_subscriptions_to_a_fifo_topic(sns, refused) -> None:
    topic = sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    for number in range(100):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}{number}.fifo")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}0.fifo")
    found = refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}100.fifo")
    assert found[0] == "SubscriptionLimitExceeded"


def test_passwords_are_not_told(sns, topic) -> None:
    arn = sns.subscribe(
        TopicArn=topic, Protocol="https", Endpoint="https://probe:s3cret@example.com/a@b", ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    shown = "https://probe:****@example.com/a@b"
    assert attributes(sns, arn)["Endpoint"] == shown
    assert sns.list_subscriptions()["Subscriptions"][0]["Endpoint"] == shown


def test_subscribing_again_finds_the_subscription(sns, topic, queue, refused) -> None:
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": QUEUE}
    assert sns.subscribe(**given)["SubscriptionArn"] == queue
    assert sns.subscribe(**given, Attributes={"RawMessageDelivery": "false"})["SubscriptionArn"] == queue
    assert refused(sns.subscribe, **given, Attributes={"RawMessageDelivery": "true"}) == (
        INVALID,
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    )
    change(sns, queue, "RawMessageDelivery", "TRUE")
    assert sns.subscribe(**given, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"] == queue
    assert attributes(sns, queue)["RawMessageDelivery"] == "true"


REFUSED = [
    ("RawMessageDelivery", "x", "RawMessageDelivery: Invalid value [x]. Must be true or false."),
    ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
    (
        "FilterPolicyScope",
        "RandomValue",
        "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes",
    ),
    ("RedrivePolicy", '{"deadLetterTargetArn": "x"}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ("RedrivePolicy", "{}", "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    (
        "RedrivePolicy",
        '{"maxReceiveCount": 5}',
        "RedrivePolicy: invalid JSON. Attribute maxReceiveCount is unknown.",
    ),
    ("RedrivePolicy", "[]", "RedrivePolicy: failed to parse JSON. It must be an object."),
    (
        "DeliveryPolicy",
        '{"healthyRetryPolicy": {"numRetries": 5}}',
        "DeliveryPolicy: healthyRetryPolicy.minDelayTarget must be specified",
    ),
    (
        "DeliveryPolicy",
        '{"healthyRetryPolicy": {"numRetries": 0, "minDelayTarget": 0, "maxDelayTarget": 0}}',
        "DeliveryPolicy: healthyRetryPolicy.minDelayTarget must be greater than or equal to 1",
    ),
    ("SubscriptionRoleArn", "x", "SubscriptionRoleArn"),
    ("FilterPolicy", '{"a": ["b"], "c": [{"x": 1}]}', "FilterPolicy: Unrecognized match type x"),
    (
        "FilterPolicy",
        '{"a": {"b": ["c"]}}',
        "Filter policy scope MessageAttributes does not support nested filter policy",
    ),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_attributes_that_are_refused(sns, topic, queue, refused, name: str, value: str, message: str) -> None:
    code, found = refused(
        sns.set_subscription_attributes, SubscriptionArn=queue, AttributeName=name, AttributeValue=value
    )
    assert (code, found.partition("\n")[0]) == (INVALID, f"Invalid parameter: {message}")
    code, found = refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}2", Attributes={name: value})
    assert (code, found.partition("\n")[0]) == (INVALID, f"Invalid parameter: Attributes Reason: {message}")


@pytest.mark.parametrize("name", ["FilterPolicy", "RedrivePolicy", "DeliveryPolicy"])
def test_texts_that_are_no_json(sns, queue, refused, name: str) -> None:
    code, message = refused(
        sns.set_subscription_attributes, SubscriptionArn=queue, AttributeName=name, AttributeValue="{"
    )
    assert code == INVALID
    assert message.startswith(f"Invalid parameter: {name}: failed to parse JSON. ")


def test_attributes_that_are_unknown(sns, topic, queue, refused) -> None:
    assert refused(
        sns.set_subscription_attributes, SubscriptionArn=queue, AttributeName="Owner", AttributeValue="x"
    ) == (INVALID, "Invalid parameter: AttributeName")
    code, _ = refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"Owner": "x"})
    assert code == INVALID


def test_a_filter_policy_comes_with_its_scope_and_goes(sns, queue, refused) -> None:
    change(sns, queue, "FilterPolicyScope", "MessageBody")
    assert "FilterPolicyScope" not in attributes(sns, queue)
    change(sns, queue, "FilterPolicy", '{"a": {"b": ["c"]}}')
    told = attributes(sns, queue)
    assert (told["FilterPolicy"], told["FilterPolicyScope"]) == ('{"a": {"b": ["c"]}}', "MessageBody")
    assert refused(
        sns.set_subscription_attributes,
        SubscriptionArn=queue,
        AttributeName="FilterPolicyScope",
        AttributeValue="MessageAttributes",
    ) == (INVALID, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy")
    for nothing in ("", "{}", " { } ", None):
        change(sns, queue, "FilterPolicy", '{"a": ["b"]}')
        change(sns, queue, "FilterPolicy", nothing)
        assert "FilterPolicy" not in attributes(sns, queue)
    change(sns, queue, "FilterPolicyScope")
    change(sns, queue, "FilterPolicy", '{"a": ["b"]}')
    assert attributes(sns, queue)["FilterPolicyScope"] == "MessageAttributes"


def test_the_delivery_policy_in_force(sns, topic) -> None:
    arn = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com/", ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]

    def in_force() -> dict[str, object]:
        return json.loads(attributes(sns, arn)["EffectiveDeliveryPolicy"])

    first = in_force()
    assert list(first) == ["healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed"]
    assert first["healthyRetryPolicy"]["numRetries"] == 3
    retries = {"numRetries": 5, "minDelayTarget": 1, "maxDelayTarget": 2}
    change(sns, arn, "DeliveryPolicy", json.dumps({"healthyRetryPolicy": retries}))
    assert in_force()["healthyRetryPolicy"] == {**first["healthyRetryPolicy"], **retries}
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="DeliveryPolicy",
        AttributeValue='{"http": {"disableSubscriptionOverrides": true}}',
    )
    assert in_force() == first


def test_there_is_room_for_so_many_filter_policies(sns, topic, queue, refused, monkeypatch) -> None:
    monkeypatch.setattr(subscription_module, "MOST_FILTER_POLICIES", 1)
    policy = {"FilterPolicy": '{"a": ["b"]}'}
    one = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}2", Attributes=policy)["SubscriptionArn"]
    full = "FilterPolicyLimitExceeded"
    assert refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}3", Attributes=policy)[0] == full
    change(sns, one, "FilterPolicy", '{"a": ["other"]}')
    assert (
        refused(
            sns.set_subscription_attributes,
            SubscriptionArn=queue,
            AttributeName="FilterPolicy",
            AttributeValue=policy["FilterPolicy"],
        )[0]
        == full
    )


ELEMENTS = "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not "


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("randomstring", f"{ELEMENTS}1"),
        ("arn:aws:sns:eu-west-1:random", f"{ELEMENTS}5"),
        ("arn:aws:sns:eu-west-1:111122223333:random", "Invalid parameter: SubscriptionId"),
        ("arn:aws:sns:us-east-1:111122223333:t:id", "Invalid parameter: SubscriptionId"),
        ("", "Invalid parameter: SubscriptionArn Reason: no value for required parameter"),
        (
            "pending confirmation",
            "Invalid parameter: SubscriptionArn Reason: pending confirmation does not start with arn",
        ),
    ],
)
def test_arns_that_are_wrong(sns, refused, arn: str, message: str) -> None:
    assert refused(sns.unsubscribe, SubscriptionArn=arn) == (INVALID, message)
    assert refused(sns.get_subscription_attributes, SubscriptionArn=arn) == (INVALID, message)


def test_a_subscription_ends_once(sns, topic, queue, refused) -> None:
    sns.unsubscribe(SubscriptionArn=queue)
    sns.unsubscribe(SubscriptionArn=queue)
    sns.unsubscribe(SubscriptionArn=f"{topic}:never-there")
    assert refused(sns.get_subscription_attributes, SubscriptionArn=queue) == GONE
    assert (
        refused(
            sns.set_subscription_attributes,
            SubscriptionArn=queue,
            AttributeName="RawMessageDelivery",
            AttributeValue="true",
        )
        == GONE
    )
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_pages_of_subscriptions(sns, topic) -> None:
    other = sns.create_topic(Name="a-other")["TopicArn"]
    for number in range(205):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}{number}")
    sns.subscribe(TopicArn=other, Protocol="sqs", Endpoint=QUEUE)
    pages = list(sns.get_paginator("list_subscriptions").paginate())
    assert [len(page["Subscriptions"]) for page in pages] == [100, 100, 6]
    assert "NextToken" not in pages[-1]
    found = [one for page in pages for one in page["Subscriptions"]]
    assert found[0]["TopicArn"] == other
    assert {one["Endpoint"] for one in found[1:]} == {f"{QUEUE}{number}" for number in range(205)}
    pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic))
    assert [len(page["Subscriptions"]) for page in pages] == [100, 100, 5]


def test_exactly_one_page_has_no_token(sns, topic) -> None:
    for number in range(100):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}{number}")
    answer = sns.list_subscriptions()
    assert len(answer["Subscriptions"]) == 100
    assert "NextToken" not in answer


def test_counts_of_a_topic(sns, topic, queue, service: Service, clock) -> None:
    def counts() -> tuple[str, ...]:
        told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        return tuple(told[f"Subscriptions{kind}"] for kind in ("Confirmed", "Pending", "Deleted"))

    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    assert counts() == ("1", "1", "0")
    clock.advance(2 * 86_400)
    assert counts() == ("1", "0", "0")
    assert len(sns.list_subscriptions()["Subscriptions"]) == 1
