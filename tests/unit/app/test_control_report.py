"""Changes of the controls go to `operator.channel` in the transaction of their entry. Spec: self/s17, IF-9."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.app.audit import AuditLog, NewEntry
from tocsin.app.service import Service, ServiceSettings
from tocsin.clock import ManualClock
from tocsin.core.delivery import Endpoint
from tocsin.core.envelope import Envelope, unpack_envelope
from tocsin.core.outbox import DeliveryStatus
from tocsin.store.memory import MemoryStore

JSON, MAIL = Endpoint("operator", "operator.channel"), Endpoint("email", "ops@example.com")


def told(channel: Endpoint | None, *entries: dict[str, Any]) -> list[Envelope]:
    numbers = itertools.count(1)
    service = Service(
        MemoryStore(),
        ManualClock(datetime(2026, 3, 14, 3, tzinfo=UTC)),
        new_id=lambda: f"id-{next(numbers)}",
        settings=ServiceSettings(operator=channel, public_url="https://tocsin.example.com"),
    )
    for one in entries:
        AuditLog(service).add(NewEntry(**{"actor": "alice", "role": "operator", "kind": "alarm", "name": "a", **one}))
    with service.store.read() as store:
        rows = store.outbox.deliveries(status=DeliveryStatus.PENDING, limit=10)
    return [unpack_envelope(row.body) for row in rows]


SILENCING = {"action": "DeleteAlarms", "before": {"Threshold": 1}}
HARMLESS = {"action": "EnableAlarmActions"}


def test_without_a_channel_nobody_is_told() -> None:
    assert told(None, SILENCING) == []


@pytest.mark.parametrize("channel", [JSON, MAIL])
def test_what_silences_nothing_is_not_told(channel: Endpoint) -> None:
    assert told(channel, HARMLESS) == []


def test_a_mail_has_the_text() -> None:
    (envelope,) = told(MAIL, SILENCING)
    assert (envelope.protocol, envelope.endpoint) == ("email", "ops@example.com")
    assert envelope.subject == "Tocsin: alice deleted alarm a"
    assert "  Threshold: 1 -> nothing\n" in envelope.message
    assert "https://tocsin.example.com/console/audit/1" in envelope.message


def test_a_hook_or_a_file_has_json() -> None:
    (envelope,) = told(JSON, HARMLESS, SILENCING)
    message = json.loads(envelope.message)
    assert (message["kind"], message["entry"], message["id"]) == ("controls-changed", 2, envelope.message_id)
