"""A change of the controls, as whoever runs the service is told of it. Spec: self/s17."""

from __future__ import annotations

import json
from typing import Any

from tocsin.core.audit_entry import FIRST_PREVIOUS, AuditEntry
from tocsin.core.control_report import control_json, control_subject, control_text

HOOK = "https://bob:pw@hooks.example.com/services/secret-path"


def entry(**more: Any) -> AuditEntry:
    return AuditEntry(
        **{
            "sequence": 8, "at": "2026-03-14T03:14:20.000Z", "actor": "alice", "role": "operator",
            "address": "203.0.113.47", "agent": "", "action": "DisableAlarmActions", "kind": "alarm",
            "name": "root-usage", "account": "111122223333", "region": "us-east-1",
            "before": {"ActionsEnabled": True}, "after": {"ActionsEnabled": False}, "reason": "maintenance",
            "request_id": "r", "previous": FIRST_PREVIOUS, **more,
        }
    )  # fmt: skip


def text(told: AuditEntry) -> str:
    return control_text(told, digest="d" * 64, service="https://tocsin.example.com")


def test_the_text_says_who_what_from_where_why_and_where_it_stands() -> None:
    assert text(entry()) == (
        "alice switched the actions of alarm root-usage off.\n"
        "\n"
        "A change of what watches, or of who is told.\n"
        "\n"
        "  From:   203.0.113.47\n"
        "  When:   2026-03-14T03:14:20.000Z\n"
        "  Reason: maintenance\n"
        "  ActionsEnabled: true -> false\n"
        "\n"
        "  Audit log, entry 8: https://tocsin.example.com/console/audit/8\n"
        f"  SHA-256 {'d' * 64}\n"
    )


def test_what_is_not_known_is_told() -> None:
    told = text(entry(address="", reason="", before=None, after=None))
    assert "  From:   this machine\n" in told
    assert "  Reason: none given\n" in told


def test_json_is_one_line_with_the_members_of_every_message() -> None:
    line = control_json(entry(), digest="d" * 64, ident="i", service="https://tocsin.example.com")
    assert "\n" not in line
    assert json.loads(line) == {
        "id": "i",
        "service": "https://tocsin.example.com",
        "at": "2026-03-14T03:14:20.000Z",
        "event": "changed",
        "text": "alice switched the actions of alarm root-usage off",
        "kind": "controls-changed",
        "subject": "alarm root-usage",
        "actor": "alice",
        "address": "203.0.113.47",
        "action": "DisableAlarmActions",
        "account": "111122223333",
        "region": "us-east-1",
        "reason": "maintenance",
        "changes": ["ActionsEnabled: true -> false"],
        "entry": 8,
        "sha256": "d" * 64,
    }


def test_no_path_of_a_hook_is_in_it() -> None:
    told = entry(before={"Endpoint": HOOK}, after=None)
    for shown in (text(told), control_json(told, digest="", ident="", service="")):
        assert "hooks.example.com" in shown
        assert "secret-path" not in shown
        assert "pw@" not in shown


def test_foreign_text_stays_on_its_line() -> None:
    told = entry(name="x\r\nBcc: a@example.com", reason="\u202eevil\n", actor="a\nb")
    assert "\nBcc" not in text(told)
    assert "\u202e" not in text(told)
    assert "\n" not in control_subject(told)


def test_many_changes_are_cut_and_that_is_said() -> None:
    told = text(entry(before={f"m{number}": 1 for number in range(20)}, after=None))
    assert "  m11: 1 -> nothing\n" in told
    assert "m12" not in told
    assert "  and 8 more\n" in told


def test_a_value_without_members_is_it() -> None:
    assert '  it: "on" -> "off"\n' in text(entry(before="on", after="off"))
