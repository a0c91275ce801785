"""The loop that sends what is in the outbox. Spec: AR-7, SNS-10."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.composition.delivery import DeliveryLoop
from tocsin.core.delivery import Delivered
from tocsin.core.envelope import Envelope, EnvelopeKind, pack_envelope
from tocsin.core.outbox import DeliveryRow, DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:t"


class Sink:
    """A notifier that keeps what it is given; `does` is called first."""

    def __init__(self, does=lambda: None) -> None:
        self.sent: list[str] = []
        self.does = does
        self.is_closed = False

    async def send(self, delivery: DeliveryRow, _envelope: Envelope):
        result = self.does()
        if asyncio.iscoroutine(result):
            await result
        self.sent.append(delivery.delivery_id)
        return Delivered("ok")

    async def close(self) -> None:
        self.is_closed = True


def service_with(*protocols: str) -> Service:
    service = Service(MemoryStore(), ManualClock(datetime(2026, 3, 1, tzinfo=UTC)), new_id=lambda: "x")

    def row(number: int, protocol: str) -> DeliveryRow:
        envelope = Envelope(
            kind=EnvelopeKind.NOTIFICATION,
            message_id="m",
            topic_arn=TOPIC,
            subscription_arn=f"{TOPIC}:{number}",
            protocol=protocol,
            endpoint="e",
            message="text",
            published_at=0,
        )
        return DeliveryRow(
            delivery_id=f"d{number}",
            scope=HERE,
            topic_arn=TOPIC,
            target=envelope.subscription_arn,
            protocol=protocol,
            cause="publish",
            created_at=0,
            next_at=0,
            body=pack_envelope(envelope),
        )

    rows = [row(number, protocol) for number, protocol in enumerate(protocols)]
    service.store.write(lambda store: store.outbox.put(rows))
    return service


def outcomes(service: Service) -> dict[str, tuple[DeliveryStatus, str]]:
    with service.store.read() as store:
        return {row.delivery_id: (row.status, row.outcome) for row in store.outbox.deliveries(limit=100)}


def test_what_is_due_is_sent_and_settled() -> None:
    service, sink = service_with("log", "email", "log"), Sink()

    async def main() -> None:
        loop = DeliveryLoop(service, {"log": sink}, chance=lambda: 0.0, report=pytest.fail)
        assert await loop.step() == 2
        await loop.finish()

    asyncio.run(main())
    assert sorted(sink.sent) == ["d0", "d2"]
    assert outcomes(service) == {
        "d0": (DeliveryStatus.DELIVERED, "delivered: ok"),
        "d1": (DeliveryStatus.PENDING, ""),  # nobody serves it
        "d2": (DeliveryStatus.DELIVERED, "delivered: ok"),
    }


def test_a_defect_of_a_notifier_is_reported_and_tried_again() -> None:
    service, reported = service_with("log"), []

    def fail() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        loop = DeliveryLoop(
            service, {"log": Sink(fail)}, chance=lambda: 0.0, report=lambda *told: reported.append(told)
        )
        await loop.step()
        await loop.finish()

    asyncio.run(main())
    assert [(protocol, type(error)) for protocol, error in reported] == [("log", ZeroDivisionError)]
    assert outcomes(service) == {"d0": (DeliveryStatus.PENDING, "defect: ZeroDivisionError")}


def test_an_attempt_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.composition.delivery._LONGEST_ATTEMPT", 0.01)
    service = service_with("log")

    async def main() -> None:
        sink = Sink(lambda: asyncio.sleep(3600))
        loop = DeliveryLoop(service, {"log": sink}, chance=lambda: 0.0, report=pytest.fail)
        await loop.step()
        await loop.finish()

    asyncio.run(main())
    assert outcomes(service)["d0"][1].startswith("time-out: ")


def test_at_the_end_what_is_under_way_is_settled_or_due_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.composition.delivery._GRACE", 0.2)
    service = service_with("log", "sms")
    quick, slow = Sink(lambda: asyncio.sleep(0.05)), Sink(lambda: asyncio.sleep(3600))

    async def main() -> None:
        loop = DeliveryLoop(service, {"log": quick, "sms": slow}, chance=lambda: 0.0, report=pytest.fail)
        alive = asyncio.Event()
        running = asyncio.create_task(loop.run(alive.set))
        await alive.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert outcomes(service) == {
        "d0": (DeliveryStatus.DELIVERED, "delivered: ok"),
        "d1": (DeliveryStatus.PENDING, ""),
    }
    assert quick.is_closed
    assert slow.is_closed
