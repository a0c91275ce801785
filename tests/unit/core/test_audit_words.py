"""What was done, in words; what can make something silent. Spec: CON-4.10, self/s17."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.audit_entry import FIRST_PREVIOUS, AuditEntry
from tocsin.core.audit_words import can_silence, sentence_of


def entry(action: str, kind: str = "alarm", name: str = "root-usage", **more: Any) -> AuditEntry:
    return AuditEntry(
        **{
            "sequence": 8, "at": "2026-03-14T03:14:20.000Z", "actor": "alice", "role": "operator",
            "address": "203.0.113.47", "agent": "", "action": action, "kind": kind, "name": name,
            "account": "111122223333", "region": "us-east-1", "before": None, "after": None, "reason": "",
            "request_id": "r", "previous": FIRST_PREVIOUS, **more,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (entry("PutMetricAlarm", after={}), "alice made alarm root-usage"),
        (entry("PutMetricAlarm", before={}, after={}), "alice changed alarm root-usage"),
        (entry("DeleteAlarms", before={}), "alice deleted alarm root-usage"),
        (entry("DisableAlarmActions"), "alice switched the actions of alarm root-usage off"),
        (entry("UntagResource", before={}), "alice changed the tags of alarm root-usage"),
        (entry("UpdateTrail", "trail", "main"), "alice changed trail main"),
        (entry("sign-in", "user", "alice"), "alice signed in"),
        (entry("remove-note", "alarm"), "alice deleted alarm root-usage"),
        (entry("rotate-keys", "key", "k"), "alice rotate keys key k"),
        (entry("rotate-keys", "key", "k", before={}), "alice changed key k"),
        (
            entry("settings-changed", "settings", "", actor="settings"),
            "settings took effect that are others than at the last start",
        ),
    ],
)
def test_what_was_done_is_a_sentence(told: AuditEntry, sentence: str) -> None:
    assert sentence_of(told) == sentence


@pytest.mark.parametrize(
    ("told", "can"),
    [
        (entry("DisableAlarmActions"), True),
        (entry("EnableAlarmActions"), False),
        (entry("StopLogging", "trail"), True),
        (entry("StartLogging", "trail"), False),
        (entry("PutMetricAlarm", after={}), False),
        (entry("PutMetricAlarm", before={}, after={}), True),
        (entry("PutMetricFilter", "filter", before={}, after={}), True),
        (entry("CreateTopic", "topic", after={}), False),
        (entry("Unsubscribe", "subscription", before={}), True),
        (entry("settings-changed", "settings"), True),
        (entry("sign-in", "user"), False),
        (entry("PutLogEvents", "log-group"), False),
    ],
)
def test_what_takes_something_away_can_silence(told: AuditEntry, can: bool) -> None:
    assert can_silence(told) is can
