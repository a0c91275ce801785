"""Messages to a webhook on this machine: what is sent, and what each kind of answer means. Spec: SNS-8.5, AR-10."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from alarm_message import SCOPE, change, metric_alarm, summary
from http_endpoint import HttpEndpoint, Received, Reply

from tocsin.clock import ManualClock
from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.endpoint_address import LOOPBACK, AddressRules
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.notification import compose_alarm_message
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.channel import ChannelAddresses
from tocsin.notifiers.slack import SlackNotifier

pytestmark = pytest.mark.usefixtures("nothing_left_open")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
PATH = "services/T0123456/B0123456/abcdefghijklmnop"
ROW = DeliveryRow(
    delivery_id="d",
    scope=Scope("111122223333", "us-east-1"),
    topic_arn=TOPIC,
    target="slack env:HOOK",
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
            "protocol": "slack",
            "endpoint": "slack env:HOOK",
            "message": "größe",
            "subject": "hello",
            "published_at": 0,
            **given,
        }
    )


def sending(url: str, one: Envelope, **more: Any) -> Any:
    async def run() -> Any:
        notifier = SlackNotifier(
            ChannelAddresses({(TOPIC, "slack env:HOOK"): url}),
            AddressRules(more.pop("allow", LOOPBACK)),
            ManualClock(NOW),
            public_url="https://tocsin.example.com",
            **{"seconds": 10.0, **more},
        )
        try:
            return await notifier.send(ROW, one)
        finally:
            await notifier.close()

    return asyncio.run(run())


def answering(reply: Reply, one: Envelope | None = None, **more: Any) -> tuple[Any, list[Received]]:
    with HttpEndpoint(lambda _: reply) as endpoint:
        return sending(f"{endpoint.url}{PATH}", one or envelope(), **more), endpoint.received


def test_a_message_is_posted_as_json() -> None:
    outcome, (request,) = answering(Reply(200, b"ok"))
    assert outcome == Delivered("200 Some Reason: ok")
    assert request.line == f"POST /{PATH} HTTP/1.1"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    payload = json.loads(request.body)
    assert payload["text"] == "hello\n```\ngröße\n```"
    assert [block["type"] for block in payload["blocks"]] == ["header", "section", "context"]


def test_an_alarm_is_posted_with_who_did_what_and_its_link() -> None:
    event = summary(service="iam", eventName="CreateUser", requestParameters={"userName": "mallory"})
    composed = compose_alarm_message(metric_alarm(), change(), events=[event])
    _, (request,) = answering(Reply(), envelope(message=composed.default, alarm_arn=SCOPE.arn("root-use")))
    text = json.loads(request.body)["text"]
    assert text.startswith("▲ ALARM: root-use in US East (N. Virginia)\n")
    assert "• alice created user mallory · from 192.0.2.1" in text
    assert text.endswith("<https://tocsin.example.com/console/alarms/root-use|Open the alarm>")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(404, b"no_service"), Failed(DeliveryReason.STATUS, "404 Some Reason: no_service")),
        (Reply(400, b"invalid_blocks"), Failed(DeliveryReason.STATUS, "400 Some Reason: invalid_blocks")),
        (Reply(302), Failed(DeliveryReason.STATUS, "302 Some Reason (redirects are not followed)")),
        (Reply(500, b"oops"), Retry(DeliveryReason.STATUS, "500 Some Reason: oops")),
        (Reply(429, headers={"Retry-After": "30"}), Retry(DeliveryReason.STATUS, "429 Some Reason", 30.0)),
        (
            Reply(429, headers={"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}),
            Retry(DeliveryReason.STATUS, "429 Some Reason", 60.0),
        ),
        (
            Reply(raw=b"", closes=True),
            Retry(DeliveryReason.CONNECTION, "Server disconnected without sending a response."),
        ),
    ],
    ids=["404", "400", "302", "500", "429", "429-date", "closed"],
)
def test_what_an_answer_means(reply: Reply, outcome: object) -> None:
    found, requests = answering(reply)
    assert found == outcome
    assert len(requests) == 1


def test_silence_ends() -> None:
    outcome, _ = answering(Reply(raw=b"", hangs=True), seconds=0.3)
    assert outcome == Retry(DeliveryReason.TIME_OUT, "no answer within 0.3 s")


def test_an_answer_that_repeats_the_address_is_kept_without_it() -> None:
    said = f"no such hook http://127.0.0.1/{PATH} (token abcdefghijklmnop of T0123456)"
    outcome, _ = answering(Reply(404, said.encode()))
    assert "abcdefghijklmnop" not in outcome.answer
    assert "T0123456" not in outcome.answer
    assert outcome.answer.startswith("404 Some Reason: no such hook http")


def test_a_password_in_an_address_is_not_kept() -> None:
    with HttpEndpoint(lambda _: Reply(403, b"wrong: passw0rd")) as endpoint:
        outcome = sending(endpoint.url.replace("//", "//user:passw0rd@") + PATH, envelope())
    assert outcome == Failed(DeliveryReason.STATUS, "403 Some Reason: wrong: ****")


def test_a_channel_that_is_gone_is_told() -> None:
    for gone in ({"endpoint": "slack env:OTHER"}, {"topic_arn": TOPIC.replace("sec", "other")}):
        outcome = sending("http://127.0.0.1:9/x", envelope(**gone))
        assert isinstance(outcome, Failed)
        assert outcome.reason is DeliveryReason.NOT_SERVED
        assert outcome.answer.startswith("the settings have no such notifier any more: slack env:")


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        (
            "http://169.254.169.254/latest",
            Failed(DeliveryReason.ADDRESS, "169.254.169.254: 169.254.169.254 is link-local"),
        ),
        ("no URL", Failed(DeliveryReason.MESSAGE, "the address of the channel is no URL")),
    ],
)
def test_where_nothing_is_sent(url: str, outcome: object) -> None:
    assert sending(url, envelope(), allow=("0.0.0.0/0", "::/0")) == outcome
