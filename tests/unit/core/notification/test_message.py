"""One message in its four forms (AL-17.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarm_message import AT, SCOPE, SECOND, TOPIC, change, composite_alarm, metric_alarm, summary

from tocsin.core.alarm.state import StateValue
from tocsin.core.notification import (
    AlarmMessage,
    MessageSettings,
    Occasion,
    TriggeringChild,
    compose_alarm_message,
)

PLAIN = MessageSettings(enrich_json=False)


def test_the_three_keys_of_message_structure_json() -> None:
    made = compose_alarm_message(metric_alarm(), change(), events=[summary(SECOND)])
    parts = json.loads(made.structure_json())
    assert list(parts) == ["default", "sms", "email"]
    assert parts == {"default": made.default, "sms": made.sms, "email": made.email}
    assert made.subject == 'ALARM: "root-use" in US East (N. Virginia)'
    assert made.sms == made.subject
    assert (
        made.structure_json()
        == AlarmMessage(subject="", default=made.default, sms=made.sms, email=made.email).structure_json()
    )


def test_without_enrichment_the_document_is_that_of_aws() -> None:
    made = compose_alarm_message(metric_alarm(), change(), events=[summary(SECOND)], settings=PLAIN)
    assert list(json.loads(made.default))[-1] == "Trigger"
    assert "Who: IAM user alice" in made.email


def ours(**arguments: Any) -> dict[str, Any]:
    """The member `Tocsin` of a message."""
    document = json.loads(compose_alarm_message(metric_alarm(), change(), **arguments).default)
    assert list(document)[-1] == "Tocsin"
    return document["Tocsin"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({}, "arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-use@2026-09-14T11:18:44.252+0000"),
        (
            {"settings": MessageSettings(public_url="http://127.0.0.1:4590")},
            "http://127.0.0.1:4590/console/alarms/root-use",
        ),
        ({"evaluation": "https://tocsin.example.com/e/1"}, "https://tocsin.example.com/e/1"),
    ],
)
def test_where_the_evaluation_is(arguments: dict[str, Any], wanted: str) -> None:
    assert ours(**arguments)["evaluation"] == wanted


@pytest.mark.parametrize(
    ("arguments", "shown", "count"),
    [
        ({}, 0, 0),
        ({"events": []}, 0, 0),
        ({"events": [summary(1, eventName=f"E{n}") for n in range(12)]}, 10, 12),
        ({"events": [summary(1)], "event_count": 99}, 1, 99),
        ({"events": [summary(1)], "settings": MessageSettings(events_in_message=0)}, 0, 1),
        ({"events": [summary(1)], "settings": MessageSettings(events_in_message=-1)}, 0, 1),
        (
            {
                "events": [summary(1, eventName=f"E{n}") for n in range(60)],
                "settings": MessageSettings(events_in_message=999),
            },
            50,
            60,
        ),
    ],
)
def test_how_many_events_are_shown_and_counted(arguments: dict[str, Any], shown: int, count: int) -> None:
    member = ours(**arguments)
    assert (len(member["events"]), member["eventCount"]) == (shown, count)


def test_what_is_no_change_of_state_is_marked_everywhere() -> None:
    made = compose_alarm_message(metric_alarm(), change(occasion=Occasion.LATE))
    assert "(late)" in made.subject
    assert "(late)" in made.sms
    assert json.loads(made.default)["Tocsin"]["late"] is True
    assert "would have gone to ALARM" in made.email


def test_composite() -> None:
    child = TriggeringChild(arn=SCOPE.arn("a"), state=StateValue.ALARM, at=AT)
    made = compose_alarm_message(composite_alarm(AlarmActions=[TOPIC]), change(children=(child,)))
    assert made.subject == 'ALARM: "under-attack" in US East (N. Virginia)'
    assert made.email.startswith("Set off by a.\n")
    document = json.loads(made.default)
    assert list(document)[-2:] == ["TriggeringChildren", "Tocsin"]


def test_the_order_of_the_events_does_not_matter() -> None:
    events = [summary(n % 5, eventName=f"E{n % 7}", eventID=f"e{n}") for n in range(40)]
    made = compose_alarm_message(metric_alarm(), change(), events=events)
    for other in (events[::-1], events[1::2] + events[::2]):
        assert compose_alarm_message(metric_alarm(), change(), events=other) == made


def test_a_message_that_is_too_large_shows_fewer_events_and_counts_them() -> None:
    hostile = '\\"' * 3000
    events = [
        summary(
            n, eventName=f"E{n}", userAgent=hostile, errorMessage=hostile, resources=[{"ARN": hostile}], eventID=hostile
        )
        for n in range(60)
    ]
    settings = MessageSettings(events_in_message=50)
    assert (
        len(compose_alarm_message(metric_alarm(), change(), events=events, settings=settings).structure_json())
        <= 262_144
    )
    small = MessageSettings(events_in_message=50, largest=12_000)
    made = compose_alarm_message(metric_alarm(), change(), events=events, settings=small)
    assert len(made.structure_json().encode()) <= 12_000
    member = json.loads(made.default)["Tocsin"]
    assert 0 < len(member["events"]) < 50
    assert member["eventCount"] == 60
    tiny = compose_alarm_message(metric_alarm(), change(), events=events, settings=MessageSettings(largest=1))
    assert json.loads(tiny.default)["Tocsin"]["events"] == []
    assert "Not listed: 60 events" in tiny.email
