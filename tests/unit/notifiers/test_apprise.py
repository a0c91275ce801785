"""Messages through apprise to a server on this machine: what arrives, what each outcome is. Spec: SNS-8.5, AR-10."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from alarm_message import SCOPE, change, metric_alarm, summary
from http_endpoint import HttpEndpoint, Received, Reply

from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.notification import compose_alarm_message
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.apprise import AppriseNotifier, is_installed, knows_address
from tocsin.notifiers.channel import ChannelAddresses

pytestmark = [
    pytest.mark.usefixtures("nothing_left_open"),
    pytest.mark.skipif(not is_installed(), reason="the extra apprise is not installed"),
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # of the library, on old Pythons
]

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
NAME = "apprise env:HOOK"
ROW = DeliveryRow(
    delivery_id="d",
    scope=Scope("111122223333", "us-east-1"),
    topic_arn=TOPIC,
    target=NAME,
    cause="publish",
    created_at=0,
    next_at=0,
    body=b"",
)


def envelope(**given: Any) -> Envelope:
    return Envelope(
        **{
            "kind": EnvelopeKind.NOTIFICATION,
            "message_id": "m",
            "topic_arn": TOPIC,
            "subscription_arn": "",
            "protocol": "apprise",
            "endpoint": NAME,
            "message": "<b>größe</b> @here",
            "subject": "hello",
            "published_at": 0,
            **given,
        }
    )


def sending(url: str, one: Envelope, *, seconds: float = 10.0) -> Any:
    async def run() -> Any:
        notifier = AppriseNotifier(
            ChannelAddresses({(TOPIC, NAME): url}), public_url="https://tocsin.example.com", seconds=seconds
        )
        try:
            return await notifier.send(ROW, one)
        finally:
            await notifier.close()

    return asyncio.run(run())


def answering(reply: Reply, one: Envelope | None = None, **more: Any) -> tuple[Any, list[Received]]:
    with HttpEndpoint(lambda _: reply) as endpoint:
        url = f"json://user:passw0rd@127.0.0.1:{endpoint.port}/abcdefghijklmnop"
        return sending(url, one or envelope(), **more), endpoint.received


def test_a_message_arrives_as_plain_text() -> None:
    outcome, (request,) = answering(Reply())
    assert outcome == Delivered()
    told = json.loads(request.body)
    assert (told["title"], told["type"]) == ("hello", "info")
    assert told["message"] == f"‹b›größe‹/b› ＠here\ntopic {TOPIC}"


@pytest.mark.parametrize(("state", "kind"), [("ALARM", "failure"), ("OK", "success"), ("INSUFFICIENT_DATA", "warning")])
def test_an_alarm_arrives_with_its_kind(state: str, kind: str) -> None:
    event = summary(service="iam", eventName="CreateUser", requestParameters={"userName": "mallory"})
    composed = compose_alarm_message(metric_alarm(), change(), events=[event])
    message = composed.default.replace('"NewStateValue":"ALARM"', f'"NewStateValue":"{state}"')
    _, (request,) = answering(Reply(), envelope(message=message, alarm_arn=SCOPE.arn("root-use")))
    told = json.loads(request.body)
    assert told["type"] == kind
    assert f" {state}: root-use in " in told["title"]
    assert "- alice created user mallory · from 192.0.2.1" in told["message"]
    assert told["message"].endswith("\nhttps://tocsin.example.com/console/alarms/root-use")


def test_a_service_that_says_no_is_tried_again() -> None:
    outcome, requests = answering(Reply(404, b"abcdefghijklmnop"))
    assert isinstance(outcome, Retry)
    assert outcome.reason is DeliveryReason.REFUSED
    assert "error=404" in outcome.answer
    assert len(requests) == 1


class Kept(logging.Handler):
    """What comes to the handlers of the whole program, where the log of the service is written."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.names.append(record.name)


def test_no_part_of_the_address_is_kept_or_logged() -> None:
    kept = Kept()
    logging.getLogger().addHandler(kept)
    try:
        outcome = sending("json://user:passw0rd@hidden.invalid/abcdefghijklmnop", envelope())
        assert not knows_address("slack://abcdefghijklmnop")
    finally:
        logging.getLogger().removeHandler(kept)
    assert isinstance(outcome, Retry)
    assert outcome.answer.endswith("sending JSON notification to ****.")
    assert not any(secret in outcome.answer for secret in ("passw0rd", "hidden", "abcdefghijklmnop"))
    assert "apprise" not in kept.names


def test_a_service_that_is_silent_is_given_up() -> None:
    outcome, _ = answering(Reply(raw=b"", hangs=True), seconds=0.5)
    assert outcome == Retry(DeliveryReason.TIME_OUT, "no end within 0.5 s")


def test_addresses_that_the_library_does_not_know() -> None:
    assert knows_address("json://127.0.0.1:9/")
    assert not knows_address("nonsense://127.0.0.1")
    assert sending("nonsense://127.0.0.1", envelope()) == Failed(
        DeliveryReason.MESSAGE, "apprise can make nothing of the address of the channel"
    )


def test_a_channel_that_is_gone_is_told() -> None:
    outcome = sending("json://127.0.0.1:9/", envelope(endpoint="apprise env:OTHER"))
    assert outcome == Failed(
        DeliveryReason.NOT_SERVED,
        "the settings have no such notifier any more: apprise env:OTHER for topic sec-alerts",
    )
