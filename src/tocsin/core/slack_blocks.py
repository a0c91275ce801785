"""A chat message as Slack's incoming webhooks take it: blocks, and the text for whoever shows none. Spec: SNS-8.5.

Rule: foreign text stands in `plain_text` objects, in which nothing is formatted, and in the text between a pair of
fences; the one `mrkdwn` object holds a link of ours. Lengths are those that Slack allows, counted after escaping.
Mattermost shows the text alone, so that all is said there as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.core.chat_text import plain_escaped, slack_escaped, units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.chat_message import ChatMessage

LONGEST_HEADER: Final = 150
LONGEST_SECTION: Final = 3_000
LONGEST_FIELD: Final = 2_000
MOST_BLOCKS: Final = 50
LONGEST_TEXT: Final = 4_000
"""Units of the text: as much as Slack shows without a button to show more."""

# Sections of events: Slack refuses messages whose blocks are long altogether, without saying how long.
_MOST_SECTIONS: Final = 2
_LONGEST_EVENT: Final = 800
_LONGEST_URL: Final = 2_048
_FENCE: Final = "```"


def slack_payload(message: ChatMessage) -> dict[str, Any]:
    """The JSON of a message."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(message.title, LONGEST_HEADER)},
        *({"type": "section", "text": _plain(line, LONGEST_SECTION)} for line in message.lines),
    ]
    if message.facts:
        fields = [_plain(f"{name}: {value}", LONGEST_FIELD) for name, value in message.facts]
        blocks.append({"type": "section", "fields": fields})
    blocks += ({"type": "section", "text": _escaped(text)} for text in _event_sections(message))
    link = _link(message)
    if link:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    if message.origin:
        blocks.append({"type": "context", "elements": [_plain(message.origin, LONGEST_FIELD)]})
    # Nobody is to be shown what an address holds.
    preview = {"unfurl_links": False, "unfurl_media": False}
    return {"text": _text(message, link), "blocks": blocks[:MOST_BLOCKS], **preview}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return _escaped(slack_escaped(text, limit))


def _escaped(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _event_sections(message: ChatMessage) -> list[str]:
    """The events, escaped, in as few sections as they fill, then how many more there are."""
    sections: list[str] = []
    current: list[str] = []
    size = shown = 0
    room = LONGEST_SECTION - 100  # for the last line
    for event in message.events:
        line = slack_escaped(f"• {event}", _LONGEST_EVENT)
        length = units(line) + 1
        if current and size + length > room:
            sections.append("\n".join(current))
            current, size = [], 0
            if len(sections) == _MOST_SECTIONS:
                break
        current.append(line)
        size += length
        shown += 1
    more = _more(message, len(message.events) - shown)
    if more and current:
        current.append(more)
    elif more and sections:
        sections[-1] += f"\n{more}"
    return [*sections, "\n".join(current)] if current else sections


def _more(message: ChatMessage, left_out: int) -> str:
    """What is said of events that are not shown."""
    if left_out:
        return f"and more: {left_out + message.more} at least"
    return f"and {message.more} more" if message.more else ""


def _link(message: ChatMessage) -> str:
    if not message.link or len(message.link) > _LONGEST_URL:
        return ""
    return f"<{slack_escaped(message.link, 2 * _LONGEST_URL).replace('|', '%7C')}|Open the alarm>"


def _text(message: ChatMessage, link: str) -> str:
    """The whole in text: the title, the rest between fences, the link."""
    title = slack_escaped(plain_escaped(message.title), 2 * LONGEST_HEADER)
    lines = [*message.lines, *(f"{name}: {value}" for name, value in message.facts)]
    lines += (f"• {event}" for event in message.events)
    if message.more:
        lines.append(f"and {message.more} more")
    room = LONGEST_TEXT - units(title) - units(link) - 2 * len(_FENCE) - 6
    body = slack_escaped(_joined(lines), room)
    parts = [title, *([f"{_FENCE}\n{body}\n{_FENCE}"] if body else []), *([link] if link else [])]
    return "\n".join(parts)


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line)
