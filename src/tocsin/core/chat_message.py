"""What a chat channel is told: the parts of a message, whatever the service writes them as. Spec: SNS-8.5, AL-19.1.

Rule: the state is word and shape, then comes who did what; every part is a text that has been made harmless. Only what
an alarm of this service has published is told as an alarm, however much another message looks like one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.chat_text import plain_escaped, quiet_line, quiet_text
from tocsin.core.composite_alarm.reference import AlarmScope, parse_arn
from tocsin.core.notification.alarm_link import alarm_link

if TYPE_CHECKING:
    from tocsin.core.envelope import Envelope

SHAPES: Final = {"ALARM": "▲", "OK": "○", "INSUFFICIENT_DATA": "◌"}
"""The shape of each state, beside its word (CON-1.3, CON-2.5)."""

MOST_EVENTS: Final = 50
"""Events that are told one by one (AL-19.1)."""

_LONGEST_TITLE: Final = 256
_LONGEST_REASON: Final = 1_024
_LONGEST_DESCRIPTION: Final = 1_024
_LONGEST_BODY: Final = 2_800
_LONGEST_EVENT: Final = 640
_LONGEST_PLAIN: Final = 4_000
_MARKS: Final = ("late", "reminder", "summary")


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a message, none of which needs another.

    `state` is the state of the alarm that speaks, empty where none does. `lines` are what it says, one text each;
    `facts` names and values; `events` who did what, one line each, `more` how many events are not among them.
    `link` is a page to open, `origin` where the message comes from.
    """

    state: str = ""
    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    events: tuple[str, ...] = ()
    more: int = 0
    link: str = ""
    origin: str = ""


class _Told(msgspec.Struct, rename={"event_count": "eventCount", "untold_count": "untoldCount"}):
    """The key `Tocsin` of an alarm's JSON, as far as it is told here (AL-17.7)."""

    events: list[dict[str, Any]] = []
    event_count: int = 0
    late: bool = False
    reminder: bool = False
    summary: bool = False
    untold_count: int = 0


class _Document(msgspec.Struct, rename="pascal"):
    """An alarm's JSON, as far as it is told here (AL-17.3, AL-17.4)."""

    alarm_name: str
    new_state_value: str
    old_state_value: str = ""
    alarm_description: str | None = None
    new_state_reason: str = ""
    state_change_time: str = ""
    region: str = ""
    account: str = msgspec.field(default="", name="AWSAccountId")
    tocsin: _Told = msgspec.field(default_factory=_Told)


def chat_message(envelope: Envelope, *, public_url: str) -> ChatMessage:
    """What is told of a message. `public_url` is where the page of an alarm is."""
    origin = quiet_line(f"topic {envelope.topic_arn}") if envelope.topic_arn else ""
    if envelope.alarm_arn:
        try:
            # The library's own reader has no lone surrogates, which an alarm's name may hold.
            document = msgspec.convert(json.loads(envelope.message), _Document)
        except (ValueError, RecursionError):
            pass  # somebody has given this channel a text of its own
        else:
            return _of_alarm(document, envelope.alarm_arn, origin=origin, public_url=public_url)
    title = envelope.subject or f"Message from {envelope.topic_name}"
    body = quiet_text(envelope.message, _LONGEST_BODY)
    return ChatMessage(title=quiet_line(title, _LONGEST_TITLE), lines=(body,) if body else (), origin=origin)


def plain_message(message: ChatMessage) -> tuple[str, str]:
    """Title and text of a message for a service that may or may not know Markdown or HTML."""
    lines = [*message.lines, *(f"{name}: {value}" for name, value in message.facts)]
    lines += (f"- {event}" for event in message.events)
    if message.more:
        lines.append(f"and {message.more} more")
    text = plain_escaped("\n".join([*lines, message.origin]).rstrip())
    if len(text) > _LONGEST_PLAIN:
        text = f"{text[: _LONGEST_PLAIN - 1]}…"
    return plain_escaped(message.title), f"{text}\n{message.link}".rstrip()


def _of_alarm(document: _Document, arn: str, *, origin: str, public_url: str) -> ChatMessage:
    told = document.tocsin
    state = document.new_state_value
    mark = next((f" ({mark})" for mark in _MARKS if getattr(told, mark)), "")
    region = f" in {document.region}" if document.region else ""
    events = tuple(_event_line(event) for event in told.events[:MOST_EVENTS])
    shown = sum(_count(event) for event in told.events[:MOST_EVENTS])
    facts = (
        ("State", f"{document.old_state_value or '?'} → {state}"),
        ("Region", document.region),
        ("Account", document.account),
        ("When", document.state_change_time),
        ("Not told before", _changes(told.untold_count)),
    )
    found = parse_arn(arn)
    scope = AlarmScope("", "") if found is None else AlarmScope(found.account, found.region, found.partition)
    lines = (
        quiet_line(document.new_state_reason, _LONGEST_REASON),
        quiet_line(document.alarm_description or "", _LONGEST_DESCRIPTION),
    )
    return ChatMessage(
        state=state,
        title=quiet_line(f"{SHAPES.get(state, '?')} {state}{mark}: {document.alarm_name}{region}", _LONGEST_TITLE),
        lines=tuple(line for line in lines if line),
        facts=tuple((name, quiet_line(value, 128)) for name, value in facts if value),
        events=events,
        more=max(0, told.event_count - shown),
        link=alarm_link(document.alarm_name, scope, public_url),
        origin=origin,
    )


def _changes(count: int) -> str:
    return f"{count} change{'' if count == 1 else 's'}" if count > 0 else ""


def _event_line(event: dict[str, Any]) -> str:
    """Who did what and how that went, from where and when, on one line."""
    sentence = _text(event, "sentence") or f"{_text(event, 'who') or 'somebody'}: {_text(event, 'eventName')}"
    parts = [sentence]
    address = _text(event, "sourceIPAddress")
    if address:
        parts.append(f"from {address}")
    count = _count(event)
    if count > 1:
        first, last = _text(event, "first"), _text(event, "last")
        parts.append(f"{count} times, {first} to {last}" if first != last else f"{count} times, {first}")
    elif _text(event, "eventTime"):
        parts.append(_text(event, "eventTime"))
    return quiet_line(" · ".join(parts), _LONGEST_EVENT)


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _count(event: dict[str, Any]) -> int:
    value = event.get("count", 1)
    return value if isinstance(value, int) and value > 0 else 1
