"""A harmless record that shows whether the chain lives. Spec: CON-4.10 (Status)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import tocsin
from tocsin.core.canary import PATTERN, canary_record
from tocsin.core.identity import Kind, Principal
from tocsin.core.pattern import FilterPattern
from tocsin.core.scope import Scope

ALICE = Principal(kind=Kind.IAM_USER, arn="arn:aws:iam::111122223333:user/tocsin-console/alice")
RECORD = canary_record(
    Scope("111122223333", "eu-west-1"),
    ALICE,
    at=datetime(2026, 3, 14, 3, 14, 20, 900_000, tzinfo=UTC),
    event_id="8feee4c2-5e27-4857-8475-bfa7e7b6d791",
    group="trail-group",
    source_address="192.0.2.1",
)


def test_it_says_what_it_is_and_who_sent_it() -> None:
    assert RECORD["eventSource"] == "console.tocsin"
    assert RECORD["eventName"] == "Canary"
    assert RECORD["eventTime"] == "2026-03-14T03:14:20Z"
    assert RECORD["userIdentity"]["userName"] == "alice"
    assert RECORD["requestParameters"] == {"logGroupName": "trail-group"}
    assert list(RECORD)[:3] == ["eventVersion", "userIdentity", "eventTime"]


def test_its_pattern_matches_it() -> None:
    assert FilterPattern.parse(PATTERN).matches(json.dumps(RECORD))


def test_no_rule_that_ships_matches_it() -> None:
    message = json.dumps(RECORD)
    rules = [rule for rule in tocsin.load_rules("article", "cis") if rule.filter is not None]
    assert len(rules) > 15
    assert [rule.name for rule in rules if FilterPattern.parse(rule.effective_pattern).matches(message)] == []
