"""What a chat channel is told of an alarm and of other messages, and how it is written for Slack. Spec: SNS-8.5."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarm_message import AT, SCOPE, TOPIC, change, composite_alarm, metric_alarm, summary

from tocsin.core.alarm.state import StateValue
from tocsin.core.chat_message import ChatMessage, chat_message, plain_message
from tocsin.core.chat_text import plain_escaped, quiet_line, quiet_text, slack_escaped, units
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.notification import MessageSettings, Occasion, compose_alarm_message
from tocsin.core.notification.state_change import UntoldChange
from tocsin.core.slack_blocks import slack_payload

PUBLIC = "https://tocsin.example.com"
ALARM = SCOPE.arn("root-use")


def envelope(message: str, **given: Any) -> Envelope:
    return Envelope(
        **{
            "kind": EnvelopeKind.NOTIFICATION,
            "message_id": "m",
            "topic_arn": TOPIC,
            "subscription_arn": "",
            "protocol": "slack",
            "endpoint": "slack env:HOOK",
            "message": message,
            "published_at": 0,
            **given,
        }
    )


def told(
    alarm: Any = None, *, events: Any = (), enrich: bool = True, total: int | None = None, **more: Any
) -> ChatMessage:
    composed = compose_alarm_message(
        alarm or metric_alarm(),
        change(**more),
        events=events,
        event_count=total,
        settings=MessageSettings(public_url=PUBLIC, enrich_json=enrich),
    )
    return chat_message(envelope(composed.default, alarm_arn=ALARM, subject=composed.subject), public_url=PUBLIC)


def created(name: str = "mallory", **more: Any) -> Any:
    return summary(service="iam", eventName="CreateUser", requestParameters={"userName": name}, **more)


def test_an_alarm_says_state_reason_and_who_did_what() -> None:
    found = told(events=[created(), created(errorCode="AccessDenied")])
    assert found == ChatMessage(
        state="ALARM",
        title="▲ ALARM: root-use in US East (N. Virginia)",
        lines=(
            "Threshold Crossed: 1 datapoint [1.0 (14/09/26 11:13:00)] was greater than or equal to the threshold (1.0).",
        ),
        facts=(
            ("State", "OK → ALARM"),
            ("Region", "US East (N. Virginia)"),
            ("Account", "111122223333"),
            ("When", "2026-09-14T11:18:44.252+0000"),
        ),
        events=(
            "alice created user mallory · from 192.0.2.1 · 2026-09-14T11:18:44Z",
            "alice tried to create user mallory, but was denied (AccessDenied) · from 192.0.2.1 · 2026-09-14T11:18:44Z",
        ),
        link=f"{PUBLIC}/console/alarms/root-use",
        origin=f"topic {TOPIC}",
    )


@pytest.mark.parametrize(
    ("more", "title"),
    [
        ({"new": StateValue.OK, "old": StateValue.ALARM}, "○ OK: root-use in US East (N. Virginia)"),
        ({"new": StateValue.INSUFFICIENT_DATA}, "◌ INSUFFICIENT_DATA: root-use in US East (N. Virginia)"),
        ({"occasion": Occasion.LATE}, "▲ ALARM (late): root-use in US East (N. Virginia)"),
        ({"occasion": Occasion.SUMMARY}, "▲ ALARM (summary): root-use in US East (N. Virginia)"),
        ({"occasion": Occasion.REMINDER}, "▲ ALARM (reminder): root-use in US East (N. Virginia)"),
    ],
)
def test_the_title_has_the_state_as_word_and_shape(more: dict[str, Any], title: str) -> None:
    assert told(**more).title == title


@pytest.mark.parametrize(("more", "count"), [(0, "1 change"), (4, "5 changes")])
def test_changes_that_were_not_told_are_counted(more: int, count: str) -> None:
    untold = (UntoldChange(at=AT, value=StateValue.OK),)
    assert ("Not told before", count) in told(untold=untold, untold_more=more).facts


def test_equal_events_are_told_once_and_the_rest_is_counted() -> None:
    found = told(events=[created()] * 3 + [created(name=f"u{number}") for number in range(20)], total=40)
    assert len(found.events) == 10
    assert "3 times" in "".join(found.events)
    assert sum(3 if "3 times" in line else 1 for line in found.events) + found.more == 40


def test_a_composite_alarm_and_one_without_our_key_are_told_too() -> None:
    assert told(composite_alarm("under-attack")).title == "▲ ALARM: under-attack in US East (N. Virginia)"
    bare = told(events=[created()], enrich=False)
    assert (bare.events, bare.more) == ((), 0)
    assert bare.link == f"{PUBLIC}/console/alarms/root-use"


def test_a_description_stands_below_the_reason() -> None:
    assert told(metric_alarm(AlarmDescription="look at\nthe runbook")).lines[1] == r"look at\nthe runbook"


def test_other_messages_are_subject_and_text() -> None:
    found = chat_message(envelope("first\n\tsecond", subject="hello"), public_url=PUBLIC)
    assert found == ChatMessage(title="hello", lines=("first\n    second",), origin=f"topic {TOPIC}")
    assert chat_message(envelope("x"), public_url=PUBLIC).title == "Message from sec-alerts"


def test_a_message_that_looks_like_an_alarm_is_none() -> None:
    forged = json.dumps({"AlarmName": "root-use", "NewStateValue": "OK", "NewStateReason": "all is well"})
    found = chat_message(envelope(forged, subject="hello"), public_url=PUBLIC)
    assert (found.state, found.title, found.link) == ("", "hello", "")


@pytest.mark.parametrize("message", ["no JSON", "[]", '{"AlarmName": 1}', "{" * 5000])
def test_what_is_no_document_is_shown_as_text(message: str) -> None:
    found = chat_message(envelope(message, alarm_arn=ALARM, subject="s"), public_url=PUBLIC)
    assert (found.title, found.state) == ("s", "")


# ---------------------------------------------------------------- foreign text


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("alice@example.com", "alice@example.com"),
        ("@here", "＠here"),
        ("x@Everyone", "x＠Everyone"),
        ("a.@channel", "a.＠channel"),
        ("<@U012AB3CD>", "<＠U012AB3CD>"),
        ("@@alice", "＠＠alice"),
        ("```\n@all", r"'''\n＠all"),
        ("see https://example.com", "see https[:]//example.com"),
        ("www.example.com mailto:a@b", "www[.]example.com mailto[:]a@b"),
        ("awww.b", "awww.b"),
    ],
)
def test_a_quiet_line_calls_nobody(text: str, quiet: str) -> None:
    assert quiet_line(text) == quiet
    assert quiet_line(quiet) == quiet


def test_texts_are_cut() -> None:
    assert quiet_line("x" * 300) == "x" * 255 + "…"
    assert quiet_line("://" * 100, 10) == "[:]//[:]/…"
    assert quiet_text("a\nb\nc", 100, most_lines=2) == "a\nb…"
    assert quiet_text("x" * 20, 10) == "x" * 9 + "…"
    assert slack_escaped("&" * 10, 12) == "&amp;&amp;…"
    assert slack_escaped("🦊🦊🦊", 5) == "🦊🦊…"


def test_marks_of_markdown_are_replaced_but_names_stay() -> None:
    assert plain_escaped("root_use _x_ [a](b) **c** <b> `d`") == "root_use ＿x＿ ［a］(b) ∗∗c∗∗ ‹b› `d`"


# ---------------------------------------------------------------- Slack


def test_the_blocks_of_an_alarm() -> None:
    payload = slack_payload(told(events=[created("<!channel>")], total=3))
    kinds = [block["type"] for block in payload["blocks"]]
    assert kinds == ["header", "section", "section", "section", "section", "context"]
    header, reason, facts, events, link, origin = payload["blocks"]
    assert header["text"] == {
        "type": "plain_text",
        "text": "▲ ALARM: root-use in US East (N. Virginia)",
        "emoji": False,
    }
    assert reason["text"]["text"].startswith("Threshold Crossed")
    assert [one["text"] for one in facts["fields"]][:2] == ["State: OK → ALARM", "Region: US East (N. Virginia)"]
    assert events["text"]["text"] == (
        '• alice created user "&lt;!channel&gt;" · from 192.0.2.1 · 2026-09-14T11:18:44Z\nand 2 more'
    )
    assert link["text"] == {"type": "mrkdwn", "text": f"<{PUBLIC}/console/alarms/root-use|Open the alarm>"}
    assert origin["elements"][0]["text"] == f"topic {TOPIC}"
    lines = payload["text"].split("\n")
    assert lines[:2] == ["▲ ALARM: root-use in US East (N. Virginia)", "```"]
    assert lines[-3:] == ["and 2 more", "```", f"<{PUBLIC}/console/alarms/root-use|Open the alarm>"]
    assert (payload["unfurl_links"], payload["unfurl_media"]) == (False, False)


def test_the_blocks_of_another_message() -> None:
    payload = slack_payload(chat_message(envelope("a < b\nc", subject="hello"), public_url=PUBLIC))
    assert [block["type"] for block in payload["blocks"]] == ["header", "section", "context"]
    assert payload["text"] == "hello\n```\na &lt; b\nc\n```"


def test_long_messages_keep_slacks_limits_and_count_what_is_left_out() -> None:
    message = ChatMessage(
        title="&" * 256,
        lines=("<" * 2800,),
        facts=(("Region", "&" * 128),),
        events=tuple(f"{number} {'&' * 600}" for number in range(50)),
        more=7,
        link=f"{PUBLIC}/{'x' * 2000}",
        origin="t",
    )
    payload = slack_payload(message)
    texts = [block["text"]["text"] for block in payload["blocks"] if "text" in block]
    assert units(payload["blocks"][0]["text"]["text"]) <= 150
    assert all(units(text) <= 3000 for text in texts)
    assert units(payload["text"]) <= 4000
    shown = sum(text.count("•") for text in texts)
    assert 0 < shown < 50
    assert f"and more: {57 - shown} at least" in texts[-2]
    no_link = slack_payload(ChatMessage(title="t", link="https://example.com/" + "x" * 2048))
    assert "example.com" not in json.dumps(no_link)


# ---------------------------------------------------------------- other services


def test_the_plain_text_of_an_alarm() -> None:
    title, text = plain_message(told(events=[created("<@U012> *x*")], total=3))
    assert title == "▲ ALARM: root-use in US East (N. Virginia)"
    assert text.split("\n") == [
        "Threshold Crossed: 1 datapoint ［1.0 (14/09/26 11:13:00)］ was greater than or equal to the threshold (1.0).",
        "State: OK → ALARM",
        "Region: US East (N. Virginia)",
        "Account: 111122223333",
        "When: 2026-09-14T11:18:44.252+0000",
        '- alice created user "‹＠U012› ∗x∗" · from 192.0.2.1 · 2026-09-14T11:18:44Z',
        "and 2 more",
        f"topic {TOPIC}",
        f"{PUBLIC}/console/alarms/root-use",
    ]


def test_the_plain_text_of_another_message_is_bounded() -> None:
    assert plain_message(ChatMessage(title="t", lines=("a",), origin="o")) == ("t", "a\no")
    _, text = plain_message(ChatMessage(title="t", lines=("x" * 5000,), link="l"))
    assert (len(text), text[-3:]) == (4002, "…\nl")


def test_what_an_event_does_not_say_is_left_out() -> None:
    document = {
        "AlarmName": "a",
        "NewStateValue": "ALARM",
        "Tocsin": {
            "eventCount": 2,
            "events": [{"eventName": "CreateUser", "count": "x"}, {"who": "role r", "first": 1}],
        },
    }
    found = chat_message(envelope(json.dumps(document), alarm_arn="no ARN"), public_url=PUBLIC)
    assert found.events == ("somebody: CreateUser", "role r: ")
    assert found.facts == (("State", "? → ALARM"),)
