"""The heartbeat: sent while the chain lives, withheld where it does not, never in anybody's way. Spec: IF-9."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from http_endpoint import HttpEndpoint, Reply
from structlog.testing import CapturingLogger

from tocsin.app.dispatcher import Dispatcher, Done
from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.service import Service
from tocsin.app.topic import KeptSubscription, create_topic, put_subscription
from tocsin.clock import ManualClock
from tocsin.composition import heartbeat as module
from tocsin.composition.heartbeat import Heartbeat, Pulse
from tocsin.composition.notifiers import ANYWHERE
from tocsin.composition.operator_channel import HeartbeatPlan
from tocsin.core.delivery import DeliveryReason, Retry
from tocsin.core.envelope import unpack_envelope
from tocsin.core.scope import Scope
from tocsin.errors import StoreError
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:heartbeats"


class Body:
    """A service with a heart, of which each part can be made to fail."""

    def __init__(self, url: str = "", topic_arn: str = "", *, shows_names: bool = True) -> None:
        numbers = itertools.count(1)
        self.clock, self.store = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC)), MemoryStore()
        self.service = Service(self.store, self.clock, new_id=lambda: f"{next(numbers):08}")
        self.lag: float | None = 0.0
        self.turned_at: float | None = None  # always just now
        self.log = CapturingLogger()
        self.pulse = Pulse(
            self.service,
            lag=lambda: self.lag,
            turned_at=lambda: self.clock.monotonic() if self.turned_at is None else self.turned_at,
        )
        plan = HeartbeatPlan(url=url, topic_arn=topic_arn, every=60)
        self.heart = Heartbeat(self.service, plan, self.pulse, ANYWHERE, self.log, shows_names=shows_names)

    def beat(self, times: int = 1) -> list[str]:
        async def work() -> list[str]:
            outcomes = [await self.heart.beat() for _ in range(times)]
            await self.heart.close()
            return outcomes

        return asyncio.run(work())

    @property
    def told(self) -> list[tuple[str, str]]:
        """Levels and names of what is in the log."""
        return [(call.method_name, call.args[0]) for call in self.log.calls]

    @property
    def reason(self) -> str:
        return str(self.heart.health["heartbeat"].get("reason", ""))

    def subscribe(self, topic: str = "heartbeats") -> None:
        create_topic(self.service, HERE, topic, attributes={}, tags={})
        one = KeptSubscription(
            ident="s", topic=topic, protocol="email", endpoint="oncall@example.com", owner=HERE.account, principal="",
            created_at=0, confirmed_at=0,
        )  # fmt: skip
        self.store.write(lambda store: put_subscription(store, HERE, one))

    def rows(self) -> list[Any]:
        with self.store.read() as store:
            return store.outbox.deliveries(limit=100)


def test_a_beat_gets_the_address() -> None:
    with HttpEndpoint() as watcher:
        body = Body(f"{watcher.url}ping/00000000-0000-4000-8000-000000000001?every=60")
        assert body.beat(2) == ["sent", "sent"]
        first, second = watcher.received
    assert first.line == "GET /ping/00000000-0000-4000-8000-000000000001?every=60 HTTP/1.1"
    assert first.body == b""
    assert "content-length" not in first.headers
    assert second.line == first.line
    assert body.told == [("info", "heartbeat-sent")]
    assert body.heart.health == {"heartbeat": {"status": "sent", "every": 60, "last": "2026-03-01T12:00:00Z"}}
    assert body.heart.gauges["heartbeat_alive"][1] == 1
    assert body.service.counters.count("heartbeats", outcome="sent") == 2


def test_a_beat_is_published_on_the_topic() -> None:
    body = Body(topic_arn=TOPIC)
    body.subscribe()
    assert body.beat() == ["sent"]
    (row,) = body.rows()
    envelope = unpack_envelope(row.body)
    assert (row.cause, envelope.subject) == ("heartbeat", "Tocsin heartbeat")
    assert json.loads(envelope.message) == {
        "service": "http://127.0.0.1:4590", "at": "2026-03-01T12:00:00Z", "every": 60,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda body: None, f"there is no topic {TOPIC}"),
        (
            lambda body: create_topic(body.service, HERE, "heartbeats", attributes={}, tags={}),
            f"nobody is subscribed to {TOPIC}",
        ),
    ],
)
def test_a_topic_that_nobody_reads_is_a_failure(prepare, reason: str) -> None:
    body = Body(topic_arn=TOPIC)
    prepare(body)
    assert body.beat() == ["failed"]
    assert body.reason == reason


def stuck_delivery(body: Body) -> None:
    """A message that is due for five minutes, and that nobody tries."""
    body.subscribe("other")
    publish_to_topic(body.service, HERE, TOPIC.replace("heartbeats", "other"), [Publication(message="m")])
    body.clock.advance(301)


def broken_store(body: Body) -> None:
    def check() -> None:
        raise StoreError("the disk is full")

    body.store.check = check


@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        (lambda body: setattr(body, "lag", None), "alarms have not been evaluated yet"),
        (lambda body: setattr(body, "lag", 181.0), "the evaluation of alarms is 181 seconds behind"),
        (broken_store, "the disk is full"),
        (
            lambda body: (setattr(body, "turned_at", 0.0), body.clock.advance(121)),
            "deliveries have stood still for 121 seconds",
        ),
        (stuck_delivery, "deliveries are due, and none was tried for 301 seconds"),
    ],
)
def test_without_a_part_of_the_chain_there_is_no_beat(fail, reason: str) -> None:
    with HttpEndpoint() as watcher:
        body = Body(watcher.url)
        body.beat()
        fail(body)
        assert body.beat(2) == ["withheld", "withheld"]
        assert len(watcher.received) == 1
    assert body.reason == reason
    assert body.told == [("info", "heartbeat-sent"), ("error", "heartbeat-withheld")]
    assert body.heart.gauges["heartbeat_alive"][1] == 0
    assert body.heart.health["heartbeat"]["last"] == "2026-03-01T12:00:00Z"
    assert body.service.counters.count("heartbeats", outcome="withheld") == 2


@pytest.mark.parametrize("lag", [0.0, 30.0, 180.0])
def test_a_little_late_is_alive(lag: float) -> None:
    with HttpEndpoint() as watcher:
        body = Body(watcher.url)
        body.lag = lag
        body.turned_at = 0.0
        body.clock.advance(120)
        assert body.beat() == ["sent"]


def test_deliveries_that_fail_are_moving() -> None:
    with HttpEndpoint() as watcher:
        body = Body(watcher.url)
        body.beat()
        stuck_delivery(body)
        dispatcher = Dispatcher(body.service)
        taken = dispatcher.take()
        dispatcher.settle([Done(one, Retry(DeliveryReason.TIME_OUT), body.service.now_ms(), 1) for one in taken])
        assert body.beat() == ["sent"]


def test_a_chain_that_lives_again_beats_again_and_says_so() -> None:
    with HttpEndpoint() as watcher:
        body = Body(watcher.url)
        body.lag = 1000.0
        body.beat(3)
        body.lag = 0.0
        body.beat(3)
        assert len(watcher.received) == 3
    assert body.told == [("error", "heartbeat-withheld"), ("info", "heartbeat-sent")]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(500, b"no abcdefghijkl"), "status: 500 Some Reason: no ****"),
        (Reply(404), "status: 404 Some Reason"),
        (Reply(302), "status: 302 Some Reason (redirects are not followed)"),
        (Reply(raw=b"nonsense\r\n\r\n", closes=True), "connection: "),
    ],
)
def test_a_beat_that_is_not_heard_is_told_once_without_the_address(reply: Reply, reason: str) -> None:
    with HttpEndpoint(lambda _: reply) as watcher:
        body = Body(f"{watcher.url}abcdefghijkl")
        assert body.beat(3) == ["failed"] * 3
    assert body.reason.startswith(reason)
    assert body.told == [("error", "heartbeat-failed")]
    assert "abcdefghijkl" not in repr(body.log.calls)
    assert body.service.counters.count("heartbeats", outcome="failed") == 3


def test_nobody_at_the_address_is_a_failure() -> None:
    with HttpEndpoint() as watcher:
        url = watcher.url
    body = Body(url)
    assert body.beat() == ["failed"]
    assert body.reason == "connection: Connection refused"


def test_both_get_a_beat_and_one_does_not_hold_the_other() -> None:
    with HttpEndpoint(lambda _: Reply(500)) as watcher:
        body = Body(watcher.url, TOPIC)
        body.subscribe()
        assert body.beat() == ["failed"]
    assert len(body.rows()) == 1


def test_a_store_that_does_not_answer_holds_up_one_thread_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHECK_SECONDS", 0.05)
    free, asked = threading.Event(), []

    def check() -> None:
        asked.append(1)
        assert free.wait(20)

    with HttpEndpoint() as watcher:
        body = Body(watcher.url)
        body.store.check = check

        async def work() -> list[str]:
            outcomes = [await body.heart.beat() for _ in range(3)]
            free.set()
            monkeypatch.setattr(module, "_CHECK_SECONDS", 20.0)
            outcomes.append(await body.heart.beat())
            await body.heart.close()
            return outcomes

        assert asyncio.run(work()) == ["withheld", "withheld", "withheld", "sent"]
    assert asked == [1]


def test_where_keys_are_needed_health_tells_no_reason() -> None:
    body = Body(topic_arn=TOPIC, shows_names=False)
    body.beat()
    assert body.heart.health == {"heartbeat": {"status": "failed", "every": 60}}


def test_the_first_beat_waits_for_the_first_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpEndpoint() as watcher:
        body = Body(watcher.url)
        body.lag = None
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                body.lag = 0.0
            if seconds == 60:
                raise asyncio.CancelledError

        monkeypatch.setattr(module.asyncio, "sleep", sleep)
        beats: list[int] = []
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(body.heart.run(lambda: beats.append(1)))
        assert pauses == [1, 1, 1, 60]
        assert len(watcher.received) == len(beats) == 1
    assert body.told == [("info", "heartbeat-sent")]
