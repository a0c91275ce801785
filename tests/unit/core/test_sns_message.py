"""What may be published: sizes, texts by protocol, attributes. Spec: SNS-2."""

from __future__ import annotations

import pytest

from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute, pack_envelope, unpack_envelope
from tocsin.core.sns_message import (
    check_fifo_id,
    check_size,
    check_subject,
    message_size,
    read_attributes,
    structured_texts,
)
from tocsin.errors import InvalidParameterError


def test_the_name_of_a_topic_is_the_last_of_its_arn() -> None:
    envelope = Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id="m",
        topic_arn="arn:aws:sns:us-east-1:111122223333:t",
        subscription_arn="",
        protocol="log",
        endpoint="",
        message="text",
        published_at=0,
    )
    assert envelope.topic_name == "t"


def test_an_envelope_is_what_it_was() -> None:
    bare = Envelope(
        kind=EnvelopeKind.UNSUBSCRIBE_CONFIRMATION,
        message_id="m",
        topic_arn="arn:aws:sns:us-east-1:111122223333:t",
        subscription_arn="arn:aws:sns:us-east-1:111122223333:t:s",
        protocol="https",
        endpoint="https://example.com/",
        message="text",
        published_at=1_700_000_000_000,
        token="f" * 256,
        attributes={"a": MessageAttribute("Binary", "AP8=")},
    )
    assert unpack_envelope(pack_envelope(bare)) == bare


def test_the_size_of_a_message_is_in_bytes() -> None:
    attributes = {"a": MessageAttribute("Binary", "AP8="), "b": MessageAttribute("String", "ä")}
    assert message_size("äö", attributes) == 4 + (1 + 6 + 2) + (1 + 6 + 2)
    assert check_size("äö", attributes, most=22) == 22
    with pytest.raises(InvalidParameterError, match="Message too long"):
        check_size("äö", attributes, most=21)
    with pytest.raises(InvalidParameterError, match="Empty message"):
        check_size("", attributes)


@pytest.mark.parametrize("subject", [None, "s", "s" * 100, "ä ö", "\U0001f514" * 50])
def test_subjects_that_are_accepted(subject: str | None) -> None:
    check_subject(subject)


@pytest.mark.parametrize("subject", ["", "s" * 101, "a\tb", "a\x7f", "\U0001f514" * 51])
def test_subjects_that_are_refused(subject: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"Invalid parameter: Subject$"):
        check_subject(subject)


def test_ids_of_fifo_topics() -> None:
    for value in (None, "a", "!~", "x" * 128):
        check_fifo_id("MessageGroupId", value)
    for value in ("", "x" * 129, "ä", "a b"):
        with pytest.raises(InvalidParameterError, match=r"Invalid parameter: MessageGroupId$"):
            check_fifo_id("MessageGroupId", value)


def test_texts_by_protocol() -> None:
    assert structured_texts('{"default": "a", "email": "b", "email": "c", "sqs": null}') == {
        "default": "a",
        "email": "c",
    }


def test_attributes_as_they_are_kept() -> None:
    given = {
        "s": {"DataType": "String.label", "StringValue": "v"},
        "a": {"DataType": "String.Array", "StringValue": "[1]"},
        "n": {"DataType": "Number", "StringValue": "1.50"},
        "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }
    assert read_attributes(given) == {
        "s": MessageAttribute("String.label", "v"),
        "a": MessageAttribute("String.Array", "[1]"),
        "n": MessageAttribute("Number", "1.50"),
        "b": MessageAttribute("Binary", "AP8="),
    }


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("a" * 257, {"DataType": "String", "StringValue": "v"}),
        ("a b", {"DataType": "String", "StringValue": "v"}),
        (".a", {"DataType": "String", "StringValue": "v"}),
        ("a.", {"DataType": "String", "StringValue": "v"}),
        ("a..b", {"DataType": "String", "StringValue": "v"}),
        ("aws.b", {"DataType": "String", "StringValue": "v"}),
        ("a", {"DataType": "Stringy", "StringValue": "v"}),
        ("a", {"DataType": "String", "BinaryValue": b"v"}),
        ("a", {"DataType": "String"}),
        ("a", {"DataType": "String", "StringValue": "\U0001f514"}),
        ("a", {"DataType": "Number", "StringValue": "NaN"}),
        ("a", {"DataType": "Number", "StringValue": "1e127"}),
        ("a", {"DataType": "Number", "StringValue": "1e-129"}),
    ],
)
def test_attributes_that_are_refused(name: str, attribute: dict[str, object]) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        read_attributes({name: attribute})
    assert caught.value.aws_code == "ParameterValueInvalid"


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("{", "JSON message body failed to parse"),
        ("[" * 100_000, "JSON message body failed to parse"),
        ("[]", "No default entry"),
        ('{"email":"e"}', "No default entry"),
        ('{"default":1}', "No default entry"),
        ('{"default":null}', "No default entry"),
    ],
)
def test_structures_that_are_refused(message: str, refusal: str) -> None:
    with pytest.raises(InvalidParameterError, match=refusal):
        structured_texts(message)
