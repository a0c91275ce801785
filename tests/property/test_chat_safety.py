"""Whatever a record, an alarm or a publication holds, it calls nobody in a chat and stays in its place. Spec: SNS-8.5."""

from __future__ import annotations

import json
import re
from typing import Any

from alarm_message import SCOPE, TOPIC, change, event, metric_alarm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.core.chat_message import ChatMessage, chat_message, plain_message
from tocsin.core.chat_text import plain_escaped, quiet_line, units
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.notification import EventSummary, MessageSettings, compose_alarm_message
from tocsin.core.slack_blocks import slack_payload

PUBLIC = "https://tocsin.example.com"

hostile = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [
                *("<!channel>", "<!here|x>", "<@U012AB3CD>", "<#C012>", "@here", "@channel", "@all", "@everyone", "@"),
                *("```", "`", "\n", "\r\n", "*", "_", "~", ">", "&lt;", "&", "|", "\\", "[x](http://example.com)"),
                *("https://example.com", "www.example.com", "![](//example.com/x.png)", '"}]}', "\u202e", "\x1b[2J"),
                *("alice", ".", "-", "🦊", "\ud800", "\u200b", " "),
            ]
        ),
        max_size=40,
    ).map("".join),
    st.sampled_from(["&" * 5000, "@" * 4000, "`" * 4000, "🦊" * 300]),
)
quick = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

# What begins a mention, a link or a command of Slack: any "<", since it is written out wherever text is meant.
CALLS = re.compile(r"(?<![0-9A-Za-z])@|@(?:here|channel|all|everyone)", re.IGNORECASE)
MARKS = re.compile(r"[*\[\]~|\\#]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


def envelope(message: str, **given: Any) -> Envelope:
    return Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id="m",
        topic_arn=TOPIC,
        subscription_arn="",
        protocol="slack",
        endpoint="slack env:HOOK",
        message=message,
        published_at=0,
        **given,
    )


def is_quiet(text: str) -> bool:
    """Nothing in an escaped text is heeded by Slack, nor an @ by a service that looks for it."""
    return not (CALLS.search(text) or ENTITY.search(text) or "<" in text or ">" in text or "://" in text)


def check(message: ChatMessage) -> None:
    payload = slack_payload(message)
    json.dumps(payload, ensure_ascii=False).encode()  # no lone surrogate is left
    blocks = payload["blocks"]
    assert len(blocks) <= 50
    objects = [
        found
        for block in blocks
        for found in (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
        if found
    ]
    link = f"<{message.link.replace('&', '&amp;')}|Open the alarm>" if 0 < len(message.link) <= 2048 else ""
    for found in objects:
        if found["type"] == "mrkdwn":
            assert found["text"] == link
        else:
            assert is_quiet(found["text"])
            assert 0 < units(found["text"]) <= 3000
    assert units(blocks[0]["text"]["text"]) <= 150
    assert blocks[0]["type"] == "header"

    text = payload["text"]
    assert units(text) <= 4000
    assert text.endswith(link)
    own = text.removesuffix(link)
    assert is_quiet(own)
    # The one pair of fences is ours, and nothing else is code.
    pieces = own.split("```")
    assert len(pieces) in {1, 3}
    assert not any("`" in piece for piece in pieces)
    # Outside of it nothing is Markdown.
    assert not MARKS.search(pieces[0])

    title, body = plain_message(message)
    assert body.endswith(message.link)
    for plain in (title, body.removesuffix(message.link)):
        found = CALLS.search(plain) or MARKS.search(plain) or set("<>&`").intersection(plain)
        assert not found
        assert "://" not in plain


@quick
@given(hostile, hostile, hostile, hostile, hostile, st.integers(1, 12))
def test_no_value_of_an_event_calls_anybody_or_leaves_its_block(
    name: str, agent: str, error: str, alarm: str, description: str, count: int
) -> None:
    records = [
        event(
            service="iam",
            eventName="CreateUser",
            userIdentity={"type": "AssumedRole", "arn": name, "userName": name},
            requestParameters={"userName": f"{name}{number}"},
            sourceIPAddress=agent,
            userAgent=agent,
            errorCode=error,
            errorMessage=error,
        )
        for number in range(count)
    ]
    composed = compose_alarm_message(
        replace(metric_alarm(AlarmDescription=description[:1000]), alarm_name=(alarm or "a")[:255]),
        change(reason=description[:1000]),
        events=[EventSummary.of(one, 0) for one in records],
        settings=MessageSettings(public_url=PUBLIC),
    )
    made = chat_message(envelope(composed.default, alarm_arn=SCOPE.arn("a")), public_url=PUBLIC)
    assert made.state == "ALARM"
    check(made)


@quick
@given(hostile, st.one_of(st.none(), hostile))
def test_no_publication_calls_anybody_or_leaves_its_block(message: str, subject: str | None) -> None:
    check(chat_message(envelope(message or "x", subject=subject), public_url=PUBLIC))


@quick
@given(hostile, st.integers(1, 400))
def test_a_quiet_line_keeps_its_length_and_stays_what_it_is(text: str, limit: int) -> None:
    line = quiet_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert quiet_line(line, limit) == line
    assert not CALLS.search(line)
    assert not set("<>*[]~|\\#&").intersection(plain_escaped(line))
