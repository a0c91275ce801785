"""Telling the form of a value (CT-14.3), over a sample of every line of CT-14.1."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from tocsin.core.event import decode_message
from tocsin.core.forms import (
    DigestLeaf,
    Leaf,
    MalformedLeaf,
    NothingLeaf,
    RecordLeaf,
    ReferenceLeaf,
    tell,
)
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.splitter import split

RECORD = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "userName": "alice"},
    "eventTime": "2026-03-01T10:00:00Z",
    "eventName": "StopLogging",
    "eventID": "5cb53c22-0001",
}
OTHER = {**RECORD, "eventName": "DeleteTrail", "eventID": "5cb53c22-0002"}
S3_EVENT = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "awsRegion": "us-east-1",
    "eventTime": "2026-03-01T10:00:00.123Z",
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "example-logs"}, "object": {"key": "AWSLogs/a+b%2Bc%20d/%C3%A9.json.gz", "size": 7}},
}
S3_REFERENCE = ReferenceLeaf("example-logs", "AWSLogs/a b+c d/é.json.gz")
TRAIL_NOTICE = {"s3Bucket": "example-logs", "s3ObjectKey": ["AWSLogs/a+b.json.gz", "AWSLogs/c.json.gz"]}
TRAIL_REFERENCES = [
    ReferenceLeaf("example-logs", "AWSLogs/a+b.json.gz"),
    ReferenceLeaf("example-logs", "AWSLogs/c.json.gz"),
]
OBJECT_CREATED = {
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {"bucket": {"name": "example-logs"}, "object": {"key": "AWSLogs/a+b.json.gz"}},
}
DIGEST = {"awsAccountId": "111122223333", "digestStartTime": "2026-03-01T00:00:00Z", "logFiles": []}
TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "example-logs"}
CONTROL = {
    "messageType": "CONTROL_MESSAGE",
    "owner": "CloudwatchLogs",
    "logEvents": [
        {"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}
    ],
}
NOTHING = [NothingLeaf()]


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def sns(message: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {
        "Type": "Notification",
        "MessageId": "m",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
        "Message": text,
    }


def bus(detail: Any, kind: str = "AWS API Call via CloudTrail") -> dict[str, Any]:
    return {"version": "0", "id": "i", "detail-type": kind, "source": "aws.x", "resources": [], "detail": detail}


def subscription(*messages: str) -> dict[str, Any]:
    events = [{"id": str(number), "timestamp": 1, "message": message} for number, message in enumerate(messages)]
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "trail",
        "subscriptionFilters": ["all"],
        "logEvents": events,
    }


def packed(*values: Any) -> str:
    """Base64 of gzip, one member for each value."""
    return base64.b64encode(b"".join(gzip.compress(compact(value).encode(), mtime=0) for value in values)).decode()


def leaves(
    value: Any, *, container: str | None = None, limits: Limits = DEFAULT_LIMITS, with_text: bool = True
) -> list[Leaf]:
    text = compact(value)
    return list(tell(decode_message(text), container=container, text=text if with_text else None, limits=limits))


def outline(found: list[Leaf]) -> list[Any]:
    """The leaves, records by their name."""
    return [leaf.value["eventName"] if isinstance(leaf, RecordLeaf) else leaf for leaf in found]


FORMS = [
    # files
    ({"Records": [RECORD, OTHER]}, ["StopLogging", "DeleteTrail"]),
    ({"Records": []}, []),
    ({"Records": None}, []),
    ([RECORD, OTHER], ["StopLogging", "DeleteTrail"]),
    ([], []),
    ([[RECORD], {"Records": [OTHER]}], ["StopLogging", "DeleteTrail"]),
    (RECORD, ["StopLogging"]),
    ({"eventTime": "2026-03-01T10:00:00Z", "eventID": "i", "eventName": "n"}, ["n"]),
    ({"eventTime": "2026-03-01T10:00:00Z", "eventVersion": "1", "eventName": "n"}, ["n"]),
    (compact(RECORD), ["StopLogging"]),
    (compact({"Records": [RECORD, OTHER]}), ["StopLogging", "DeleteTrail"]),
    (compact(RECORD) + compact(OTHER) + "\n", ["StopLogging", "DeleteTrail"]),
    # S3 event notification in SQS, bare and to Lambda
    ({"Records": [S3_EVENT, S3_EVENT]}, [S3_REFERENCE, S3_REFERENCE]),
    ({"Records": [{"body": compact({"Records": [S3_EVENT]}), "eventSource": "aws:sqs"}]}, [S3_REFERENCE]),
    ({"Messages": [{"Body": compact({"Records": [S3_EVENT]}), "MessageId": "m"}]}, [S3_REFERENCE]),
    ({"Messages": []}, []),
    (S3_EVENT, [S3_REFERENCE]),
    (TEST_EVENT, NOTHING),
    # S3 -> SNS -> SQS
    (sns({"Records": [S3_EVENT]}), [S3_REFERENCE]),
    (sns(TEST_EVENT), NOTHING),
    ({"Messages": [{"Body": compact(sns({"Records": [S3_EVENT]}))}]}, [S3_REFERENCE]),
    # CloudTrail SNS -> SQS
    (sns(TRAIL_NOTICE), TRAIL_REFERENCES),
    (TRAIL_NOTICE, TRAIL_REFERENCES),
    ({"s3Bucket": "b", "s3ObjectKey": "k"}, [ReferenceLeaf("b", "k")]),
    (sns("CloudTrail validation message."), NOTHING),
    ("CloudTrail validation message.\n", NOTHING),
    ({"Type": "SubscriptionConfirmation", "Message": compact(RECORD)}, NOTHING),
    ({"Type": "UnsubscribeConfirmation", "Message": "x"}, NOTHING),
    ({"Records": [{"EventSource": "aws:sns", "Sns": sns(TRAIL_NOTICE)}]}, TRAIL_REFERENCES),
    ({"Type": "Notification", "Message": RECORD}, ["StopLogging"]),
    # EventBridge, S3
    (OBJECT_CREATED, [ReferenceLeaf("example-logs", "AWSLogs/a+b.json.gz")]),
    # Logs subscription, Lambda, Kinesis, Firehose
    ({"awslogs": {"data": packed(subscription(compact(RECORD), compact(OTHER)))}}, ["StopLogging", "DeleteTrail"]),
    ({"awslogs": {"data": packed(CONTROL)}}, NOTHING),
    ({"awslogs": {"data": packed(subscription(compact(RECORD)), subscription(compact(OTHER)))}}, ["StopLogging", "DeleteTrail"]),
    ({"awslogs": {"data": base64.b64encode(compact(subscription(compact(RECORD))).encode()).decode()}}, ["StopLogging"]),
    ({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": packed(subscription(compact(RECORD)))}}]}, ["StopLogging"]),
    # a record is a record, whatever it carries besides its eventTime
    ({"Records": [{**RECORD, "body": compact(OTHER), "Sns": {}, "kinesis": {}}]}, ["StopLogging"]),
    ({"Records": [{**RECORD, "eventSource": "aws:s3"}]}, ["StopLogging"]),
    (subscription(compact(RECORD), compact(OTHER)), ["StopLogging", "DeleteTrail"]),
    (subscription(), []),
    (CONTROL, NOTHING),
    ({"messageType": "OTHER"}, NOTHING),
    # EventBridge, CloudTrail
    *[
        (bus(RECORD, f"AWS {kind} via CloudTrail"), ["StopLogging"])
        for kind in (
            "API Call", "Console Sign In", "Console Signin", "Console Action", "Service Event", "Insight",
            "Network Activity Event",
        )
    ],
    (bus(RECORD, "EC2 Instance State-change Notification"), NOTHING),
    # LookupEvents
    ({"Events": [{"EventId": "e", "CloudTrailEvent": compact(RECORD)}], "NextToken": "t"}, ["StopLogging"]),
    ({"Events": []}, []),
    # digests
    (DIGEST, [DigestLeaf()]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), FORMS, ids=[compact(value)[:60] for value, _ in FORMS])
@pytest.mark.parametrize("with_text", [True, False])
def test_every_form_is_told(value: Any, expected: list[Any], with_text: bool) -> None:
    assert outline(leaves(value, with_text=with_text)) == expected


@pytest.mark.parametrize(("value", "expected"), FORMS, ids=[compact(value)[:60] for value, _ in FORMS])
def test_what_the_splitter_cuts_is_told_alike(value: Any, expected: list[Any]) -> None:
    found: list[Leaf] = []
    for piece in split(compact(value).encode()):
        assert piece.problem is None
        found += tell(decode_message(piece.text), container=piece.container, text=piece.text)
    assert outline(found) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"why": 1, "path": 2, "record": 3}, "no known form of CloudTrail data (keys: why, path, record)"),
        ({}, "no known form of CloudTrail data (an empty object)"),
        (dict.fromkeys("abcdefgh"), "no known form of CloudTrail data (keys: a, b, c, d, e, f, …)"),
        ({"\ud800": 1, "k" * 50: 2}, f"no known form of CloudTrail data (keys: \\ud800, {'k' * 40})"),
        ({"eventTime": "2026-03-01T10:00:00Z"}, "no known form of CloudTrail data (keys: eventTime)"),
        ({"eventID": "x", "eventVersion": "1"}, "no known form of CloudTrail data (keys: eventID, eventVersion)"),
        ({"Events": [{"SourceIdentifier": "db"}]}, "no known form of CloudTrail data (keys: Events)"),
        ({"Messages": [{"body": "x"}]}, "no known form of CloudTrail data (keys: Messages)"),
        ({"Messages": {"Body": "x"}}, "no known form of CloudTrail data (keys: Messages)"),
        ({"awslogs": "x"}, "no known form of CloudTrail data (keys: awslogs)"),
        ({"awslogs": {}}, "no known form of CloudTrail data (keys: awslogs)"),
        ({"Type": "Notification"}, "no known form of CloudTrail data (keys: Type)"),
        ({**RECORD, "eventTime": "2014-03-06T21: 22: 54Z"}, 'eventTime is not a time: "2014-03-06T21: 22: 54Z"'),
        ({**RECORD, "eventTime": "2026-03-01 10:00:00"}, 'eventTime has no time zone: "2026-03-01 10:00:00"'),
        ({**RECORD, "eventTime": 17}, "eventTime is a number"),
        ({**RECORD, "eventTime": None}, "eventTime is null"),
        ({"Records": [{"eventName": "n"}]}, "no eventTime"),
        ({"Records": [17]}, "not an object but a number"),
        ({"Records": ["x"]}, "not an object but a text"),
        ({"Records": [[RECORD]]}, "not an object but an array"),
        ({"Records": [{"Sns": {}}]}, "no Message"),
        ({"Records": [{"Sns": "x"}]}, "no eventTime"),
        ({"Records": [{"kinesis": {}}]}, "kinesis.data is null"),
        ({"Records": [{"s3": {}}]}, "a reference to an object without bucket and key"),
        ({"Records": [{"eventSource": "aws:s3"}]}, "a reference to an object without bucket and key"),
        ({"s3Bucket": "b", "s3ObjectKey": 5}, "a reference to an object without bucket and key"),
        ({"s3Bucket": None, "s3ObjectKey": "k"}, "a reference to an object without bucket and key"),
        (bus(None), "not an object but null"),
        (bus({"eventName": "n"}), "no eventTime"),
        (bus({}, "Object Created"), "a reference to an object without bucket and key"),
        ({"messageType": "DATA_MESSAGE"}, "messageType DATA_MESSAGE without logEvents"),
        (subscription("plain text"), 'not JSON: unexpected "p" at byte 0'),
        (subscription(""), None),
        ({"messageType": "DATA_MESSAGE", "logEvents": [{}]}, "no message"),
        ({"messageType": "DATA_MESSAGE", "logEvents": [7]}, "not an object but a number"),
        ({"Events": [{"CloudTrailEvent": "{'a': 1}"}]}, "not JSON: expecting property name enclosed in double quotes"),
        ({"awslogs": {"data": 5}}, "awslogs.data is a number"),
        ({"awslogs": {"data": "é"}}, "awslogs.data is not base64"),
        ({"awslogs": {"data": "a"}}, "awslogs.data is not base64"),
        ({"awslogs": {"data": packed(1)}}, "not an object but a number"),
        (5, "not an object but a number"),
        (True, "not an object but true"),
        (None, "not an object but null"),
        ("5", "not an object but a number"),
        ("oops", 'not JSON: unexpected "o" at byte 0'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("with_text", [True, False])
def test_what_fits_no_form_is_malformed_with_its_reason(value: Any, reason: str | None, with_text: bool) -> None:
    assert leaves(value, with_text=with_text) == ([MalformedLeaf(reason)] if reason else [])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:-1], "gzip: unexpected end of stream"),
        (lambda data: data[:15], "gzip: unexpected end of stream"),
        (lambda data: data + b"more", "gzip: data after the end of the stream"),
        (lambda data: data[:-6] + b"xxxxxx", "gzip: invalid data"),
        (lambda data: b"\x1f\x8b\x07" + data[3:], "gzip: invalid data"),
    ],
)
def test_damaged_payloads_are_malformed(damage: Any, problem: str) -> None:
    data = base64.b64encode(damage(gzip.compress(compact(subscription(compact(RECORD))).encode()))).decode()
    assert leaves({"awslogs": {"data": data}}) == [MalformedLeaf(f"awslogs.data: {problem}")]
    assert leaves({"Records": [{"kinesis": {"data": data}}]}) == [MalformedLeaf(f"kinesis.data: {problem}")]


def test_zeros_after_a_payload_are_padding() -> None:
    data = base64.b64encode(gzip.compress(compact(RECORD).encode()) + bytes(20)).decode()
    assert outline(leaves({"awslogs": {"data": data}})) == ["StopLogging"]


@pytest.mark.parametrize("size", [10_000, 10_000_000])
def test_a_payload_unpacks_to_no_more_than_a_record_may_hold(size: int) -> None:
    bomb = base64.b64encode(gzip.compress(b" " * size)).decode()
    found = leaves({"awslogs": {"data": bomb}}, limits=Limits(record=100_000))
    assert found == (
        [] if size < 100_000 else [MalformedLeaf("awslogs.data: unpacks to more than 100000 bytes (limits.record)")]
    )


def test_the_payloads_of_one_value_share_what_they_may_unpack_to() -> None:
    payload = base64.b64encode(gzip.compress(b" " * 60_000)).decode()
    found = leaves([{"awslogs": {"data": payload}}] * 2, limits=Limits(record=100_000))
    assert found == [MalformedLeaf("awslogs.data: unpacks to more than 100000 bytes (limits.record)")]


@pytest.mark.parametrize(("envelopes", "is_opened"), [(8, True), (9, False)])
@pytest.mark.parametrize(
    "wrap", [lambda value: [value], compact, sns, lambda value: {"awslogs": {"data": packed(value)}}]
)
def test_envelopes_are_opened_eight_deep(wrap: Any, envelopes: int, is_opened: bool) -> None:
    value: Any = RECORD
    for _ in range(envelopes):
        value = wrap(value)
    too_deep = MalformedLeaf("more than 8 envelopes inside one another")
    assert outline(leaves(value)) == (["StopLogging"] if is_opened else [too_deep])


def test_the_longest_real_chain_is_opened() -> None:
    payload = {"awslogs": {"data": packed(subscription(compact(RECORD)))}}
    chain = [{"Messages": [{"Body": compact({"Records": [{"body": compact(sns(payload))}]})}]}]
    assert outline(leaves(chain)) == ["StopLogging"]


# ------------------------------------------------------------ the text of a record (FP-4.7)

SPACED = '{ "eventTime" : "2026-03-01T10:00:00Z", "eventID":"i", "n": 1.50, "s":"\\ud800\\u0041" }'


@pytest.mark.parametrize(
    "envelope",
    [
        '{"detail-type":"AWS API Call via CloudTrail","source":"aws.x","detail":  %s }',
        "%s",
        "[[%s]]",
        '{"Records":[{"body":%s}]}',
        '[{"Records": [ %s ]}]',
        '[{"x":1,"Records":[%s],"y":2}]',
        '{"Type":"Notification","Message":%s}',
    ],
)
def test_a_record_inside_has_its_own_text(envelope: str) -> None:
    text = envelope % SPACED
    for form in (text, text.encode()):
        found = list(tell(decode_message(text), text=form))
        assert found == [RecordLeaf(decode_message(SPACED), SPACED)]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: {"Events": [{"CloudTrailEvent": text}]},
        subscription,
        lambda text: {"awslogs": {"data": packed(subscription(text))}},
        sns,
        lambda text: {"Records": [{"body": text}]},
        lambda text: text,
    ],
)
@pytest.mark.parametrize("with_text", [True, False])
@pytest.mark.parametrize("record", [SPACED, f" {SPACED}\n"])
def test_the_text_of_a_record_in_a_string_is_the_string(wrap: Any, with_text: bool, record: str) -> None:
    assert leaves(wrap(record), with_text=with_text) == [RecordLeaf(decode_message(SPACED), record)]


def test_records_in_one_string_have_each_their_text() -> None:
    surrogate = SPACED.replace('"i"', '"\ud800"')
    found = leaves(f"{SPACED}\n{surrogate}")
    assert [leaf.text for leaf in found if isinstance(leaf, RecordLeaf)] == [SPACED, surrogate]


def test_bytes_that_are_no_text_are_replaced() -> None:
    data = SPACED.encode().replace(b'"i"', b'"\xff"')
    found = leaves({"awslogs": {"data": base64.b64encode(data + b"\n").decode()}})
    assert [leaf.text for leaf in found if isinstance(leaf, RecordLeaf)] == [SPACED.replace('"i"', '"\ufffd"')]


@pytest.mark.parametrize("value", [RECORD, [RECORD], {"Records": [RECORD]}, bus(RECORD)])
def test_without_a_text_the_text_of_a_record_is_not_known(value: Any) -> None:
    found = leaves(value, with_text=False)
    assert [leaf.text for leaf in found if isinstance(leaf, RecordLeaf)] == [None]


def test_an_escaped_name_is_read_like_any_other() -> None:
    text = '[{"Messages":[{"Bod\\u0079":' + json.dumps(SPACED) + "}]}]"
    assert list(tell(decode_message(text), text=text)) == [RecordLeaf(decode_message(SPACED), SPACED)]


def test_an_element_is_told_by_its_container() -> None:
    assert outline(leaves(RECORD, container="Records")) == ["StopLogging"]
    assert outline(leaves(RECORD, container="[")) == ["StopLogging"]
    assert outline(leaves({"message": compact(RECORD)}, container="logEvents")) == ["StopLogging"]
    assert outline(leaves({"Body": compact(RECORD)}, container="Messages")) == ["StopLogging"]
    assert leaves(RECORD, container="Events") == [MalformedLeaf("no CloudTrailEvent")]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(record=60), "longer than 60 bytes (limits.record)"),
        (Limits(depth=1), "nested more than 1 levels deep (limits.depth)"),
    ],
)
def test_an_element_keeps_within_the_limits(limits: Limits, reason: str) -> None:
    assert leaves([RECORD], limits=limits) == [MalformedLeaf(reason)]


# ------------------------------------------------------------ real data


@pytest.mark.parametrize(
    ("name", "member", "expected"),
    [
        ("cwl-subscription.jsonl", None, {RecordLeaf: 1, NothingLeaf: 1}),
        ("digest.jsonl", None, {DigestLeaf: 1}),
        ("s3-notification.jsonl", None, {ReferenceLeaf: 13}),
        ("eventbridge-wrapped.jsonl", "event", {RecordLeaf: 12}),
        ("logstash-flattened-otrf.jsonl", None, {MalformedLeaf: 103}),
    ],
)
def test_real_samples_are_told(shared_dir, name: str, member: str | None, expected: dict[type, int]) -> None:
    counts: dict[type, int] = {}
    for piece in split((shared_dir / "data" / "forms" / name).read_bytes()):
        value: Any = decode_message(piece.text)
        for leaf in tell(value[member] if member else value, container=piece.container):
            counts[type(leaf)] = counts.get(type(leaf), 0) + 1
    assert counts == expected
