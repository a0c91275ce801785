"""Messages to queues: what is put into them, and what each kind of answer means. Spec: SNS-6.4, SNS-2.7, WIRE-9.14."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import closing
from typing import Any

import pytest
from http_endpoint import Reply
from queue_service import QueueService, fault
from sns_verifier import is_genuine

from tocsin.clock import SystemClock
from tocsin.composition.notifiers import make_notifiers
from tocsin.composition.signing_key import SigningKey
from tocsin.config import Config
from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.signature import MessageSigner
from tocsin.notifiers.sqs import SqsAccess, SqsNotifier
from tocsin.notifiers.unserved import UnservedNotifier

TOPIC = "arn:aws:sns:eu-west-1:111122223333:sec-alerts"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:alerts"
PUBLIC = "https://sns.example.com"
KEY = SigningKey(None, SystemClock())
SIGNER = MessageSigner(KEY, public_url=PUBLIC)

ROW = DeliveryRow(
    delivery_id="d",
    scope=Scope("111122223333", "eu-west-1"),
    topic_arn=TOPIC,
    target=QUEUE,
    cause="publish",
    created_at=0,
    next_at=0,
    body=b"",
)


@pytest.fixture(autouse=True)
def _no_credentials_of_anybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def envelope(**given: Any) -> Envelope:
    return Envelope(
        **{
            "kind": EnvelopeKind.NOTIFICATION,
            "message_id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
            "topic_arn": TOPIC,
            "subscription_arn": f"{TOPIC}:8e0ebeef",
            "protocol": "sqs",
            "endpoint": QUEUE,
            "message": "größe",
            "published_at": 1_790_105_249_337,
            **given,
        }
    )


def sending(url: str, *envelopes: Envelope, **access: str) -> list[Any]:
    async def run() -> list[Any]:
        keys = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "secret", **access}
        notifier = SqsNotifier(SqsAccess(url, **keys), SIGNER)
        try:
            return list(await asyncio.gather(*(notifier.send(ROW, one) for one in envelopes)))
        finally:
            await notifier.close()

    return asyncio.run(run())


def put(*envelopes: Envelope, **access: str) -> list[dict[str, Any]]:
    with QueueService() as queues:
        outcomes = sending(queues.url, *envelopes, **access)
        assert outcomes == [Delivered(f"m{number}") for number in range(1, len(outcomes) + 1)]
        return queues.messages


ATTRIBUTES = {"a": MessageAttribute("String", "text"), "b": MessageAttribute("Binary", "AAE="), "c": MessageAttribute("Number.int", "7")}  # fmt: skip


def test_a_message_is_put_in_its_envelope() -> None:
    (message,) = put(envelope(attributes=ATTRIBUTES))
    body = json.loads(message["MessageBody"])
    assert body["Message"] == "größe"
    assert body["MessageAttributes"]["a"] == {"Type": "String", "Value": "text"}
    assert is_genuine(message["MessageBody"], lambda url: KEY.certificate(url.removeprefix(PUBLIC).encode()) or b"")
    assert message["QueueUrl"].endswith("/111122223333/alerts")
    assert {"MessageAttributes", "MessageGroupId", "MessageDeduplicationId"}.isdisjoint(message)


def test_a_raw_message_has_its_attributes_beside_it() -> None:
    (message,) = put(envelope(attributes=ATTRIBUTES, is_raw=True))
    assert message["MessageBody"] == "größe"
    assert message["MessageAttributes"] == {
        "a": {"DataType": "String", "StringValue": "text"},
        "b": {"DataType": "Binary", "BinaryValue": "AAE="},
        "c": {"DataType": "Number.int", "StringValue": "7"},
    }


@pytest.mark.parametrize(("count", "is_lost"), [(10, False), (11, True)])
def test_a_raw_message_with_more_than_ten_attributes_is_lost(count: int, is_lost: bool) -> None:
    attributes = {f"a{number}": MessageAttribute("String", "x") for number in range(count)}
    with QueueService() as queues:
        (outcome,) = sending(queues.url, envelope(attributes=attributes, is_raw=True))
        assert isinstance(outcome, Failed if is_lost else Delivered)
        assert len(queues.messages) == (not is_lost)
        if is_lost:
            assert outcome.reason is DeliveryReason.MESSAGE
            assert "11" in outcome.answer
        (within,) = sending(queues.url, envelope(attributes=attributes))  # in the envelope there is room for all
        assert isinstance(within, Delivered)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"group_id": "g"}, {"MessageGroupId": "g"}),
        ({"group_id": "g", "deduplication_id": "d"}, {"MessageGroupId": "g"}),
        (
            {
                "endpoint": f"{QUEUE}.fifo",
                "topic_arn": f"{TOPIC}.fifo",
                "group_id": "g",
                "deduplication_id": "d",
                "sequence_number": "1",
            },
            {"MessageGroupId": "g", "MessageDeduplicationId": "d"},
        ),
    ],
)
def test_ids_of_fifo_messages(given: dict[str, str], expected: dict[str, str]) -> None:
    (message,) = put(envelope(**given))
    assert {
        name: value for name, value in message.items() if name.startswith(("MessageGroup", "MessageDedup"))
    } == expected


def test_a_fifo_queue_takes_nothing_without_a_group() -> None:
    (outcome,) = sending("http://127.0.0.1:1/", envelope(endpoint=f"{QUEUE}.fifo"))
    assert isinstance(outcome, Failed)
    assert outcome.reason is DeliveryReason.MESSAGE


def test_the_region_is_the_queues_unless_it_is_set() -> None:
    assert "/eu-west-1/sqs/" in put(envelope())[0]["authorization"]
    assert "/us-east-1/sqs/" in put(envelope(), region="us-east-1")[0]["authorization"]


def test_a_queue_is_asked_for_once() -> None:
    with QueueService() as queues:
        sending(queues.url, envelope())
        asked = [one.headers["x-amz-target"] for one in queues.received]
        assert asked == ["AmazonSQS.GetQueueUrl", "AmazonSQS.SendMessage"]

    async def twice() -> None:
        notifier = SqsNotifier(SqsAccess(queues.url, "", "AKIAIOSFODNN7EXAMPLE", "secret"), SIGNER)
        for _ in range(2):
            assert isinstance(await notifier.send(ROW, envelope()), Delivered)
        await notifier.close()

    with QueueService() as queues:
        asyncio.run(twice())
        assert len(queues.received) == 3


def test_many_at_a_time() -> None:
    with QueueService() as queues:
        outcomes = sending(queues.url, *(envelope(message=str(number)) for number in range(100)))
        assert {type(one) for one in outcomes} == {Delivered}
        texts = sorted(int(json.loads(one["MessageBody"])["Message"]) for one in queues.messages)
    assert texts == list(range(100))


@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        (fault("InvalidMessageContents", "control characters"), Failed, DeliveryReason.MESSAGE),
        (fault("AccessDenied", "no", 403), Failed, DeliveryReason.REFUSED),
        (fault("AWS.SimpleQueueService.NonExistentQueue", "gone"), Failed, DeliveryReason.REFUSED),
        (fault("ThrottlingException", "slow"), Retry, DeliveryReason.REFUSED),
        (fault("RequestThrottled", "slow", 403), Retry, DeliveryReason.REFUSED),
        (fault("InvalidClientTokenId", "who", 403), Retry, DeliveryReason.REFUSED),
        (fault("ExpiredToken", "old", 403), Retry, DeliveryReason.REFUSED),
        (fault("InternalFailure", "oops", 500), Retry, DeliveryReason.REFUSED),
        (Reply(503, b"<html>"), Retry, DeliveryReason.REFUSED),
        (Reply(429, b""), Retry, DeliveryReason.REFUSED),
        (Reply(raw=b"", closes=True), Retry, DeliveryReason.CONNECTION),
        (Reply(raw=b"SSH-2.0\r\n", closes=True), Retry, DeliveryReason.CONNECTION),
    ],
)
def test_errors(reply: Reply, kind: type, reason: DeliveryReason) -> None:
    with QueueService(lambda _: reply) as queues:
        (outcome,) = sending(queues.url, envelope())
    assert isinstance(outcome, kind)
    assert outcome.reason is reason
    assert outcome.answer.isprintable()
    assert outcome.answer
    assert len(outcome.answer) <= 256


def test_a_queue_that_is_not_there() -> None:
    with QueueService() as queues:
        queues.missing.add("alerts")
        (outcome,) = sending(queues.url, envelope())
        assert outcome == Failed(DeliveryReason.REFUSED, "NonExistentQueue: The specified queue does not exist.")


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    (outcome,) = sending(f"http://127.0.0.1:{port}", envelope())
    assert outcome == Retry(DeliveryReason.CONNECTION, f"no answer from http://127.0.0.1:{port}")


def test_without_credentials_it_waits_for_them() -> None:
    with QueueService() as queues:
        (outcome,) = sending(queues.url, envelope(), access_key="", secret_key="")
        assert queues.received == []
    assert isinstance(outcome, Retry)
    assert outcome.reason is DeliveryReason.REFUSED
    assert "AWS_ACCESS_KEY_ID" in outcome.answer


def test_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAI44QH8DHBEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (message,) = put(envelope(), access_key="", secret_key="")
    assert "AKIAI44QH8DHBEXAMPLE" in message["authorization"]


def test_without_a_service_it_says_so() -> None:
    notifier = make_notifiers(Config(), SIGNER, SystemClock(), mail=UnservedNotifier)["sqs"]
    assert asyncio.run(notifier.send(ROW, envelope())) == Failed(
        DeliveryReason.NOT_SERVED,
        "Tocsin delivers nothing over sqs: set sqs.endpoint_url to the service that has the queues",
    )
