"""Entries of the audit log as lines, and what follows on what. Spec: CON-4.10, self/s17."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tocsin.core.audit_entry import (
    CUT,
    FIRST_PREVIOUS,
    LONGEST_LINE,
    AuditEntry,
    digest_of,
    follows,
    line_of,
    read_line,
)


def entry(**more: Any) -> AuditEntry:
    return AuditEntry(
        **{
            "sequence": 1,
            "at": "2026-03-14T03:14:20.000Z",
            "actor": "alice",
            "role": "operator",
            "address": "203.0.113.47",
            "agent": "Mozilla/5.0",
            "action": "DisableAlarmActions",
            "kind": "alarm",
            "name": "root-usage",
            "account": "111122223333",
            "region": "us-east-1",
            "before": {"ActionsEnabled": True},
            "after": {"ActionsEnabled": False},
            "reason": "maintenance",
            "request_id": "r-1",
            "previous": FIRST_PREVIOUS,
            **more,
        }
    )


def test_a_line_is_json_in_the_order_of_the_fields() -> None:
    assert line_of(entry()).decode() == (
        '{"sequence":1,"at":"2026-03-14T03:14:20.000Z","actor":"alice","role":"operator","address":"203.0.113.47",'
        '"agent":"Mozilla/5.0","action":"DisableAlarmActions","kind":"alarm","name":"root-usage",'
        '"account":"111122223333","region":"us-east-1","before":{"ActionsEnabled":true},'
        '"after":{"ActionsEnabled":false},"reason":"maintenance","request_id":"r-1",'
        f'"previous":"{"0" * 64}"}}'
    )


@pytest.mark.parametrize("value", [None, "", 0, False, [], {}, {"a": None}, "x" * 1_000])
def test_what_is_absent_null_and_empty_stay_apart(value: Any) -> None:
    assert read_line(line_of(entry(before=value, after=value))).after == value


def test_the_digest_is_that_of_the_bytes() -> None:
    line = line_of(entry())
    assert digest_of(line) == hashlib.sha256(line).hexdigest()


def test_an_entry_follows_on_the_one_whose_digest_it_holds() -> None:
    first = line_of(entry())
    second = line_of(entry(sequence=2, previous=digest_of(first)))
    assert follows(first, sequence=1, previous=FIRST_PREVIOUS)
    assert follows(second, sequence=2, previous=digest_of(first))
    assert not follows(second, sequence=3, previous=digest_of(first))
    assert not follows(second, sequence=2, previous=digest_of(first + b" "))


@pytest.mark.parametrize("line", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"sequence":1}', b"null"])
def test_anything_else_is_no_entry(line: bytes) -> None:
    assert not follows(line, sequence=1, previous=FIRST_PREVIOUS)
    with pytest.raises(ValueError, match="no entry of the audit log"):
        read_line(line)


def test_a_value_that_is_too_long_leaves_its_size_digest_and_beginning() -> None:
    value = {"Policy": "é" * 20_000}
    cut = read_line(line_of(entry(after=value))).after[CUT]
    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert cut["bytes"] == len(encoded)
    assert cut["sha256"] == hashlib.sha256(encoded).hexdigest()
    assert encoded.decode().startswith(cut["begins"])
    assert len(cut["begins"]) > 900


def test_no_line_is_longer_than_it_may_be() -> None:
    texts = dict.fromkeys(
        ("actor", "role", "address", "agent", "action", "kind", "name", "reason", "request_id"), "\x01" * 100_000
    )
    line = line_of(entry(**texts, before="\x01" * 100_000, after="é" * 100_000))
    assert len(line) <= LONGEST_LINE
    assert read_line(line).actor.endswith("…")


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {"a": ["\ud800"]}, object, {1: object}])
def test_what_json_cannot_say_is_told_all_the_same(value: Any) -> None:
    assert isinstance(read_line(line_of(entry(before=value, name="\ud800"))).before, str)
