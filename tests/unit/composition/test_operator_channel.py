"""From a complaint to the operator: the channel of the settings, the outbox, what arrives. Spec: IF-9, AL-19.4."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from http_endpoint import HttpEndpoint, Reply

from tocsin.app.alarm_record import METRIC_ALARMS, KeptAlarm
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.watch import Watch
from tocsin.clock import ManualClock
from tocsin.composition.delivery import DeliveryLoop
from tocsin.composition.notifiers import make_notifiers
from tocsin.composition.operator_channel import HeartbeatPlan, OperatorPlan, plan_heartbeat, plan_operator
from tocsin.config import Config, load_config
from tocsin.core.delivery import Endpoint
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.notifiers.apprise import is_installed
from tocsin.notifiers.unserved import UnservedNotifier
from tocsin.store.memory import MemoryStore

needs_apprise = [
    pytest.mark.skipif(not is_installed(), reason="the extra apprise is not installed"),
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # of the library, on old Pythons
]

HERE = Scope("111122223333", "eu-west-1")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def settings(tmp_path: Path, **variables: str) -> Config:
    environ = {f"TOCSIN_{name.upper()}": value for name, value in variables.items()}
    return load_config(None, environ, folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("mailto:ops@example.com", Endpoint("email", "ops@example.com")),
        ("https://hooks.example.com/abcdefgh", Endpoint("operator", "operator.channel")),
        pytest.param("json://hooks.example.com/abcdefgh", Endpoint("apprise", "operator.channel"), marks=needs_apprise),
        ("env:CHANNEL", Endpoint("operator", "operator.channel")),
    ],
)
def test_deliveries_are_kept_without_an_address_that_may_be_a_secret(
    tmp_path: Path, text: str, endpoint: Endpoint
) -> None:
    config = settings(tmp_path, operator_channel=text)
    plan = plan_operator(config, {"CHANNEL": "http://127.0.0.1/abcdefgh"})
    assert plan is not None
    assert plan.endpoint == endpoint
    assert "abcdefgh" not in repr(plan)


def test_a_path_is_that_of_the_folder_that_the_service_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_operator(settings(tmp_path, operator_channel="file:c.jsonl"), {})
    assert plan == OperatorPlan(kind="file", address=str(tmp_path / "c.jsonl"))


def test_a_heartbeat_needs_somebody_who_hears_it(tmp_path: Path) -> None:
    assert plan_heartbeat(settings(tmp_path, heartbeat_every="60"), {}) is None
    config = settings(
        tmp_path, server_account="111122223333", server_region="eu-west-1", heartbeat_topic="beats",
        heartbeat_url="env:BEAT",
    )  # fmt: skip
    plan = plan_heartbeat(config, {"BEAT": "https://hc.example.com/abcdefgh"})
    assert plan == HeartbeatPlan(
        url="https://hc.example.com/abcdefgh", topic_arn="arn:aws:sns:eu-west-1:111122223333:beats", every=300
    )
    assert "abcdefgh" not in repr(plan)


class Unlucky:
    """A service whose alarm reaches nobody, with a channel to its operator."""

    def __init__(self, plan: OperatorPlan | None) -> None:
        self.plan, self.clock, numbers = plan, ManualClock(START), itertools.count(1)
        self.service = Service(
            MemoryStore(),
            self.clock,
            new_id=lambda: f"{next(numbers):08}",
            settings=ServiceSettings(operator=None if plan is None else plan.endpoint),
        )
        kept = KeptAlarm(
            parameters={
                "AlarmName": "root-use", "Namespace": "Trail", "MetricName": "m", "Statistic": "Sum", "Period": 60,
                "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
            },
            created_at=START, updated_at=START,
        )  # fmt: skip
        self.service.store.write(lambda store: METRIC_ALARMS.put(store, HERE, "root-use", kept))

    def look(self, *, after: float = 0) -> None:
        self.clock.advance(after)
        self.service.part(Watch).run()

    def deliver(self, plan: OperatorPlan | None) -> list[tuple[DeliveryStatus, str]]:
        """Send what is due, as a service with this channel does; how all deliveries stand."""

        async def work() -> None:
            notifiers = make_notifiers(
                Config(),
                None,  # type: ignore[arg-type]  # nothing that is signed is sent
                self.clock,
                mail=UnservedNotifier,
                operator=plan,
            )
            loop = DeliveryLoop(
                self.service, notifiers, chance=lambda: 0.0, report=lambda *told: pytest.fail(str(told))
            )
            await loop.step()
            await loop.finish()
            for notifier in {id(one): one for one in notifiers.values()}.values():
                await notifier.close()

        asyncio.run(work())
        with self.service.store.read() as store:
            return [(row.status, row.outcome) for row in store.outbox.deliveries(limit=100)]


@pytest.mark.parametrize(
    ("kind", "address", "read"),
    [
        ("http", "http://127.0.0.1:{port}/in/abcdefgh", lambda body: body["text"]),
        pytest.param(
            "apprise",
            "json://127.0.0.1:{port}/in/abcdefgh",
            lambda body: body["title"].removeprefix("Tocsin: "),
            marks=needs_apprise,
        ),
    ],
)
def test_a_complaint_arrives_once_and_so_does_its_end(
    kind: str, address: str, read: Callable[[dict[str, str]], str]
) -> None:
    with HttpEndpoint() as hook:
        plan = OperatorPlan(kind=kind, address=address.format(port=hook.port))
        unlucky = Unlucky(plan)
        unlucky.look()
        assert unlucky.deliver(plan) == []
        for _ in range(10):
            unlucky.look(after=60)
            unlucky.deliver(plan)
        unlucky.service.store.write(lambda store: METRIC_ALARMS.delete(store, HERE, "root-use"))
        unlucky.look(after=60)
        unlucky.deliver(plan)
        unlucky.look(after=86_400)
        assert [status for status, _ in unlucky.deliver(plan)] == [DeliveryStatus.DELIVERED] * 2
        told = [msgspec.json.decode(one.body) for one in hook.received]
    assert [read(one) for one in told] == [
        "Nobody hears the alarm root-use",
        "Somebody hears the alarm root-use again",
    ]
    assert "it has no action for ALARM" in json.dumps(told[0])
    assert "the alarm was removed" in json.dumps(told[1])


def test_a_channel_that_is_down_gets_it_later_and_is_complained_about_in_health_alone() -> None:
    replies = iter([Reply(503)] * 2)
    with HttpEndpoint(lambda _: next(replies, Reply())) as hook:
        plan = OperatorPlan(kind="http", address=hook.url)
        unlucky = Unlucky(plan)
        unlucky.look()
        unlucky.look(after=600)
        assert unlucky.deliver(plan)[0][0] is DeliveryStatus.PENDING
        unlucky.look(after=3600)
        assert len(unlucky.service.part(Watch).run().standing) == 2
        unlucky.deliver(plan)
        unlucky.clock.advance(60)
        assert unlucky.deliver(plan) == [(DeliveryStatus.DELIVERED, "delivered: 200 Some Reason")]
        assert len({one.body for one in hook.received}) == 1
        assert len(unlucky.service.part(Watch).run().standing) == 1


def test_what_waits_for_a_channel_that_is_gone_fails_and_says_why() -> None:
    unlucky = Unlucky(OperatorPlan(kind="http", address="http://192.0.2.1/"))
    unlucky.look()
    unlucky.look(after=600)
    ((status, outcome),) = unlucky.deliver(None)
    assert status is DeliveryStatus.FAILED
    assert outcome.endswith("operator.channel was changed since")
