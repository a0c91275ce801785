"""Publishing with a real client: what is accepted, and what then waits in the outbox. Spec: SNS-2, SNS-9, WIRE-8."""

from __future__ import annotations

import hashlib
import json

import pytest
from wire_client import Dispatcher, client

from tocsin.app.service import Service
from tocsin.core.envelope import EnvelopeKind, MessageAttribute

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:q"
INVALID = "InvalidParameter"
NONE_THERE = "arn:aws:sns:eu-west-1:111122223333:none"


@pytest.fixture
def topic(sns) -> str:
    return sns.create_topic(Name="t")["TopicArn"]


@pytest.fixture
def queue(sns, topic) -> str:
    """A confirmed subscription."""
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]


@pytest.fixture
def fifo(sns) -> str:
    given = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    arn = sns.create_topic(Name="t.fifo", Attributes=given)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"{QUEUE}.fifo")
    return arn


def messages(outbox) -> list[str]:
    return [envelope.message for _, envelope in outbox()]


def test_a_row_for_each_subscriber(sns, topic, queue, outbox, service: Service, now) -> None:
    raw = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}2", Attributes={"RawMessageDelivery": "True"}
    )["SubscriptionArn"]
    attributes = {
        "kind": {"DataType": "String", "StringValue": "wrapped"},
        "count": {"DataType": "Number", "StringValue": "1.5"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }
    ident = sns.publish(
        TopicArn=topic, Subject="hello", Message="line one\nline two", MessageAttributes=attributes, MessageGroupId="g"
    )["MessageId"]
    rows = outbox()
    assert {row.target for row, _ in rows} == {queue, raw}
    for row, envelope in rows:
        assert (row.status, row.attempts, row.outcome, row.cause) == ("pending", 0, "", "publish")
        assert (row.created_at, row.next_at, row.topic_arn) == (now(), now(), topic)
        assert envelope.kind is EnvelopeKind.NOTIFICATION
        assert (envelope.message_id, envelope.published_at) == (ident, now())
        assert (envelope.subject, envelope.message) == ("hello", "line one\nline two")
        assert envelope.group_id == "g"
        assert envelope.is_raw is (row.target == raw)
        assert envelope.attributes == {
            "kind": MessageAttribute("String", "wrapped"),
            "count": MessageAttribute("Number", "1.5"),
            "bytes": MessageAttribute("Binary", "AP8="),
        }
    assert service.counters.snapshot()["deliveries_queued", ()] == 2


def test_a_topic_without_subscribers_takes_messages(sns, topic, outbox) -> None:
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    assert "SequenceNumber" not in sns.publish(TargetArn=topic, Message="m")
    assert outbox() == []


def test_texts_by_protocol(sns, topic, queue, outbox) -> None:
    sns.subscribe(TopicArn=topic, Protocol="log", Endpoint="x")
    text = '{"default": "all", "sqs": "first", "sqs": "queues", "email": 5, "other": "x"}'
    sns.publish(TopicArn=topic, Message=text, MessageStructure="json")
    assert {one.protocol: one.message for _, one in outbox()} == {"sqs": "queues", "log": "all"}


NO_DEFAULT = "Message Structure - No default entry in JSON message body"
NO_JSON = "Message Structure - JSON message body failed to parse"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Message": ""}, "Empty message"),
        ({"Message": "m" * 262_145}, "Message too long"),
        ({"Message": "ä" * 131_073}, "Message too long"),
        ({"Subject": ""}, "Subject"),
        ({"Subject": "s" * 101}, "Subject"),
        ({"Subject": "\U0001f514" * 51}, "Subject"),
        ({"Subject": "a\nb"}, "Subject"),
        ({"Subject": "a\x7f"}, "Subject"),
        ({"Message": "{}", "MessageStructure": "json"}, NO_DEFAULT),
        ({"Message": '{"default": 5}', "MessageStructure": "json"}, NO_DEFAULT),
        ({"Message": '["default"]', "MessageStructure": "json"}, NO_DEFAULT),
        ({"Message": "not json", "MessageStructure": "json"}, NO_JSON),
        ({"Message": "[" * 100_000, "MessageStructure": "json"}, NO_JSON),
        (
            {"MessageDeduplicationId": "d"},
            (
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
                "for this topic type"
            ),
        ),
        ({"MessageGroupId": "g" * 129}, "MessageGroupId"),
        ({"MessageGroupId": "a b"}, "MessageGroupId"),
    ],
)
def test_messages_that_are_refused(sns, topic, queue, refused, outbox, given: dict[str, str], message: str) -> None:
    found = refused(sns.publish, TopicArn=topic, **{"Message": "m", **given})
    assert found == (INVALID, f"Invalid parameter: {message}")
    assert outbox() == []


@pytest.mark.parametrize(
    "given",
    [
        {"Message": "m" * 262_144, "Subject": "s" * 100},  # a subject does not count
        {"Message": "m", "Subject": "\U0001f514" * 50},
        {"Message": "m", "MessageStructure": "string"},
    ],
)
def test_messages_that_just_fit(sns, topic, given: dict[str, str]) -> None:
    assert sns.publish(TopicArn=topic, **given)["MessageId"]


def test_a_topic_may_take_more_or_less(sns, refused) -> None:
    small = sns.create_topic(Name="small", Attributes={"MaximumMessageSize": "1024"})["TopicArn"]
    large = sns.create_topic(Name="large", Attributes={"MaximumMessageSize": "1048576"})["TopicArn"]
    too_long = (INVALID, "Invalid parameter: Message too long")
    assert refused(sns.publish, TopicArn=small, Message="m" * 1025) == too_long
    assert sns.publish(TopicArn=large, Message="m" * 1_048_576)["MessageId"]
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"x" * 1015}}  # a, Binary, the bytes themselves
    assert sns.publish(TopicArn=small, Message="mm", MessageAttributes=attributes)["MessageId"]
    assert refused(sns.publish, TopicArn=small, Message="mmm", MessageAttributes=attributes) == too_long


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "TopicArn or TargetArn Reason: no value for required parameter"),
        (
            {"TargetArn": "arn:aws:sns:eu-west-1:111122223333:endpoint/APNS/a/0f7d5971"},
            "TargetArn Reason: No endpoint found for the target arn specified",
        ),
        ({"TargetArn": "random"}, "TargetArn Reason: An ARN must have at least 6 elements, not 1"),
        ({"PhoneNumber": "+1a234"}, "PhoneNumber Reason: +1a234 is not valid to publish to"),
        ({"PhoneNumber": ""}, "PhoneNumber Reason:  is not valid to publish to"),
    ],
)
def test_targets_that_are_refused(sns, refused, given: dict[str, str], message: str) -> None:
    assert refused(sns.publish, Message="m", **given) == (INVALID, f"Invalid parameter: {message}")


def test_a_text_message_waits_for_a_service(sns, outbox) -> None:
    ident = sns.publish(PhoneNumber="+15005550006", Message="m")["MessageId"]
    ((row, envelope),) = outbox()
    assert (row.target, row.topic_arn, row.status, row.outcome) == ("+15005550006", "", "pending", "")
    assert (envelope.protocol, envelope.endpoint, envelope.message_id) == ("sms", "+15005550006", ident)


PREFIXES = "the set of supported type prefixes is Binary, Number, and String."
CHARACTER = (
    "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include "
    "alphanumeric characters, hyphens, underscores, or dots."
)
STRING = {"DataType": "String", "StringValue": "v"}
BAD = "ParameterValueInvalid"
BAD_ATTRIBUTES = [
    (
        "attr1",
        {"DataType": "String", "StringValue": ""},
        (
            "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type "
            "'String'."
        ),
    ),
    (
        "attr1",
        {"DataType": "Binary", "BinaryValue": b""},
        (
            "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type "
            "'Binary'."
        ),
    ),
    (
        "attr1",
        {"DataType": "String", "BinaryValue": b"x"},
        "The message attribute 'attr1' with type 'String' must use field 'String'.",
    ),
    (
        "attr1",
        {"DataType": "Binary.png", "StringValue": "x"},
        "The message attribute 'attr1' with type 'Binary.png' must use field 'Binary'.",
    ),
    (
        "attr1",
        {"DataType": "Str", "StringValue": "x"},
        f"The message attribute 'attr1' has an invalid message attribute type, {PREFIXES}",
    ),
    ("a" * 257, STRING, "Length of message attribute name must be less than 256 bytes."),
    ("a^", STRING, CHARACTER),
    (".a", STRING, "Invalid message attribute name starting with character '.' was found."),
    ("a.", STRING, "Invalid message attribute name ending with character '.' was found."),
    ("a..b", STRING, "Message attribute name can not have successive '.' character."),
    ("AWS.x", STRING, "Message attribute name 'AWS.x' has a prefix that is reserved."),
    ("aMaZoN.x", STRING, "Message attribute name 'aMaZoN.x' has a prefix that is reserved."),
    (
        "numeric",
        {"DataType": "Number", "StringValue": "1e-100000"},
        "Message attribute 'numeric' number value [1e-100000] scale must be 10^-128 and 10^126.",
    ),
    (
        "numeric",
        {"DataType": "Number", "StringValue": "1_0"},
        "Could not cast message attribute 'numeric' value to number.",
    ),
    (
        "a",
        {"DataType": "String", "StringValue": "\U0001f514"},
        "The message attribute 'a' contains characters that are not supported.",
    ),
]


@pytest.mark.parametrize(("name", "attribute", "message"), BAD_ATTRIBUTES)
def test_attributes_that_are_refused(sns, topic, refused, name: str, attribute, message: str) -> None:
    given = {name: attribute}
    assert refused(sns.publish, TopicArn=topic, Message="m", MessageAttributes=given) == (BAD, message)
    # In a batch one of them refuses all (SNS-2.6).
    entries = [{"Id": "a", "Message": "m"}, {"Id": "b", "Message": "m", "MessageAttributes": given}]
    found = refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)
    assert found == (BAD, message)


@pytest.mark.parametrize("value", ["0", "-1", "+1.50", ".5", "1e126", "1E-128", "0e999"])
def test_numbers_that_are_accepted(sns, topic, value: str) -> None:
    given = {"n": {"DataType": "Number.float", "StringValue": value}}
    assert sns.publish(TopicArn=topic, Message="m", MessageAttributes=given)["MessageId"]


def test_an_attribute_without_a_type(topic, dispatcher: Dispatcher, refused) -> None:
    lax = client("sns", dispatcher, check=False)  # botocore would not send it
    assert refused(lax.publish, TopicArn=topic, Message="m", MessageAttributes={"attr1": {"StringValue": "x"}}) == (
        "ValidationError",
        (
            "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy "
            "constraint: Member must not be null"
        ),
    )


# ---------------------------------------------------------------- filter policies


@pytest.mark.parametrize(
    ("scope", "policy", "given", "is_for_it"),
    [
        ("MessageAttributes", {"kind": ["a"]}, {"MessageAttributes": {"kind": {**STRING, "StringValue": "a"}}}, True),
        ("MessageAttributes", {"kind": ["a"]}, {"MessageAttributes": {"kind": STRING}}, False),
        ("MessageAttributes", {"NewStateValue": ["ALARM"]}, {"Message": '{"NewStateValue": "ALARM"}'}, False),
        ("MessageBody", {"NewStateValue": ["ALARM"]}, {"Message": '{"NewStateValue": "ALARM"}'}, True),
        ("MessageBody", {"NewStateValue": ["ALARM"]}, {"Message": "plain text"}, False),
        (
            "MessageBody",
            {"a": ["queues"]},
            {"Message": json.dumps({"default": "x", "sqs": '{"a": "queues"}'}), "MessageStructure": "json"},
            True,
        ),
    ],
)
def test_filter_policies(sns, topic, outbox, service: Service, scope, policy, given, is_for_it: bool) -> None:
    attributes = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes=attributes)
    sns.publish(TopicArn=topic, **{"Message": "m", **given})
    assert len(outbox()) == int(is_for_it)
    assert service.counters.snapshot().get(("messages_filtered_out", ()), 0) == int(not is_for_it)


def test_a_changed_policy_counts_from_the_next_message(sns, topic, queue, outbox) -> None:
    def publish(value: str) -> None:
        given = {"kind": {"DataType": "String", "StringValue": value}}
        sns.publish(TopicArn=topic, Message=value, MessageAttributes=given)

    for policy, value in (('{"kind": ["a"]}', "a"), ('{"kind": ["b"]}', "a"), ("{}", "b"), ('{"kind": ["c"]}', "b")):
        sns.set_subscription_attributes(SubscriptionArn=queue, AttributeName="FilterPolicy", AttributeValue=policy)
        publish(value)
    assert messages(outbox) == ["a", "b"]


# ---------------------------------------------------------------- FIFO


def test_fifo_messages_are_numbered_and_come_once(sns, fifo, outbox, clock) -> None:
    def publish(message: str, **given: str) -> tuple[str, str]:
        answer = sns.publish(TopicArn=fifo, Message=message, MessageGroupId="g", **given)
        return answer["MessageId"], answer["SequenceNumber"]

    first = publish("one")
    second = publish("two")
    assert publish("one") == first
    assert publish("other text", MessageDeduplicationId=hashlib.sha256(b"one").hexdigest()) == first
    assert messages(outbox) == ["one", "two"]
    assert [len(number) for _, number in (first, second)] == [20, 20]
    assert first[1] < second[1]
    clock.advance(299)
    assert publish("one") == first
    clock.advance(1)
    third = publish("one")
    assert third[0] != first[0]
    assert second[1] < third[1]
    newest = outbox()[-1][1]
    assert (newest.sequence_number, newest.group_id) == (third[1], "g")
    assert newest.deduplication_id == hashlib.sha256(b"one").hexdigest()


def test_groups_may_be_told_apart(sns, fifo, outbox) -> None:
    for group in ("a", "b"):
        sns.publish(TopicArn=fifo, Message="same", MessageGroupId=group)
    assert len(outbox()) == 1
    sns.set_topic_attributes(TopicArn=fifo, AttributeName="FifoThroughputScope", AttributeValue="MessageGroup")
    for group in ("a", "b", "a"):
        sns.publish(TopicArn=fifo, Message="same", MessageGroupId=group)
    assert [one.group_id for _, one in outbox()] == ["a", "a", "b"]


def test_fifo_topics_need_a_group_and_an_id(sns, refused) -> None:
    plain = sns.create_topic(Name="p.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert refused(sns.publish, TopicArn=plain, Message="m") == (
        INVALID,
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
    )
    no_id = (
        INVALID,
        (
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
            "provided explicitly"
        ),
    )
    assert refused(sns.publish, TopicArn=plain, Message="m", MessageGroupId="g") == no_id
    assert sns.publish(TopicArn=plain, Message="m", MessageGroupId="g", MessageDeduplicationId="d")["SequenceNumber"]


def test_a_fifo_topic_that_is_made_again_remembers_nothing(sns, fifo, service: Service) -> None:
    first = sns.publish(TopicArn=fifo, Message="m", MessageGroupId="g")
    sns.delete_topic(TopicArn=fifo)
    with service.store.read() as store:
        for kind in ("fifo-message", "fifo-message-end", "fifo-sequence"):
            assert list(store.scan_all(kind)) == []
    sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})
    assert sns.publish(TopicArn=fifo, Message="m", MessageGroupId="g")["MessageId"] != first["MessageId"]


# ---------------------------------------------------------------- batches


def entry(ident: str, message: str = "m", **given: object) -> dict[str, object]:
    return {"Id": ident, "Message": message, **given}


def test_a_batch(sns, topic, queue, outbox) -> None:
    entries = [
        entry("a", "one"),
        entry("b", ""),
        entry("c", "three", Subject="s" * 101),
        entry("d", "not json", MessageStructure="json"),
        entry("e", "five", Subject="s"),
    ]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["a", "e"]
    assert [(one["Id"], one["Code"], one["Message"], one["SenderFault"]) for one in answer["Failed"]] == [
        ("b", INVALID, "Invalid parameter: Empty message", True),
        ("c", INVALID, "Invalid parameter: Subject", True),
        ("d", INVALID, f"Invalid parameter: {NO_JSON}", True),
    ]
    assert messages(outbox) == ["one", "five"]
    assert [one["MessageId"] for one in answer["Successful"]] == [one.message_id for _, one in outbox()]


def test_a_batch_for_a_fifo_topic(sns, fifo, outbox) -> None:
    entries = [entry("a", "x", MessageGroupId="g"), entry("b", "x", MessageGroupId="g"), entry("c")]
    answer = sns.publish_batch(TopicArn=fifo, PublishBatchRequestEntries=entries)
    one, two = answer["Successful"]
    assert (one["MessageId"], one["SequenceNumber"]) == (two["MessageId"], two["SequenceNumber"])
    assert answer["Failed"][0]["Message"].endswith("The MessageGroupId parameter is required for FIFO topics")
    assert messages(outbox) == ["x"]


LONG = "m" * 30_000


@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        ([], "EmptyBatchRequest", "The batch request doesn't contain any entries."),
        (
            [entry(f"i{number}") for number in range(11)],
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        ),
        (
            [entry("a"), entry("a")],
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        ),
        (
            [entry(f"i{number}", LONG) for number in range(9)],
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        ),
        (
            [entry("a.b")],
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: a.b",
        ),
        (
            [entry("a" * 81)],
            "InvalidBatchEntryId",
            f"The Id of a batch entry in the batch request is too long: {'a' * 81}",
        ),
    ],
)
def test_batches_that_are_refused(sns, topic, queue, refused, outbox, entries, code: str, message: str) -> None:
    found = refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)
    assert found == (code, message)
    assert outbox() == []


def test_a_batch_for_no_topic(sns, refused) -> None:
    found = refused(sns.publish_batch, TopicArn=NONE_THERE, PublishBatchRequestEntries=[entry("a")])
    assert found == ("NotFound", "Topic does not exist")
