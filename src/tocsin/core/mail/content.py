"""The three mails that a mailbox gets: a message, the question whether it wants any, and word that it gets no more.

Rule: foreign text is text. Nothing in a message can pass for the footer, add a link, or act on a screen. Spec: SNS-5.1,
SNS-5.2, SNS-5.4, SNS-5.7.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.alarm.timestamp import moment
from tocsin.core.envelope import EnvelopeKind
from tocsin.core.mail.html import Line, html_page, message_html, state_of
from tocsin.core.notification.moment_text import long_moment
from tocsin.core.notification.safe_line import safe_line

if TYPE_CHECKING:
    from tocsin.core.envelope import Envelope

SERVICE_NAME: Final = "Tocsin"
"""Who mails are from where a topic has no DisplayName, and always who asks for a confirmation (SNS-1.3)."""

DEFAULT_SUBJECT: Final = "A message from the topic {name}"

_WIDTH: Final = 72
_LONGEST_NAME: Final = 100

# What mail readers take for a signature; a message may hold such a line, too.
_SEPARATOR: Final = "-- "

# What acts on a screen rather than being shown: control characters but tab and line feed, and what turns text round.
_ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class MailLinks(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses in a mail. `confirm` also takes an end back; `alarm` is the page of the alarm that speaks."""

    confirm: str = ""
    unsubscribe: str = ""
    alarm: str = ""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What is said: `text` in lines that end in a line feed, `html` a whole document."""

    subject: str
    text: str
    html: str


def compose_mail(envelope: Envelope, links: MailLinks, *, asks: str) -> Mail:
    """The mail of an envelope. `asks` is the address for questions."""
    match envelope.kind:
        case EnvelopeKind.SUBSCRIPTION_CONFIRMATION:
            return _question(envelope, links.confirm, asks)
        case EnvelopeKind.UNSUBSCRIBE_CONFIRMATION:
            return _farewell(envelope, links.confirm, asks)
        case _:
            return _message(envelope, links, asks)


# ---------------------------------------------------------------- a message


def _message(envelope: Envelope, links: MailLinks, asks: str) -> Mail:
    text = plain(envelope.message).strip("\n")
    subject = envelope.subject or DEFAULT_SUBJECT.format(name=_name(envelope))
    footer = _footer(envelope, links.unsubscribe, asks)
    is_alarm = bool(envelope.alarm_arn)
    return Mail(
        subject=subject,
        text=f"{text}\n\n{_SEPARATOR}\n{_wrapped(footer)}",
        html=html_page(
            title=subject,
            state=state_of(subject) if is_alarm else None,
            body=message_html(text, is_alarm=is_alarm, link=links.alarm),
            footer=footer,
        ),
    )


def _footer(envelope: Envelope, link: str, asks: str) -> list[Line]:
    what = f"the messages of the topic {envelope.topic_arn}" if envelope.topic_arn else "what Tocsin says of itself"
    lines = [Line(f"{safe_line(envelope.endpoint)} gets {what}.")]
    if link:
        if envelope.unsubscribe == "protected":
            lines.append(Line("This address is protected: it cannot be removed by a link. Who can remove it:", link))
        else:
            lines.append(Line("To get no more of them:", link))
    lines.append(Line(f"Questions: {asks}"))
    return lines


# ---------------------------------------------------------------- confirmations


def _question(envelope: Envelope, link: str, asks: str) -> Mail:
    name = _name(envelope)
    subject = f"Please confirm: messages of the topic {name}"
    asked = safe_line(envelope.asked_by) if envelope.asked_by else "somebody who did not sign the request"
    facts = [
        ("Topic", envelope.topic_arn),
        ("Address", safe_line(envelope.endpoint)),
        ("Asked by", asked),
        ("Asked on", _day(envelope.published_at)),
        ("You would get", "what is published to this topic, such as alarms that go off"),
    ]
    opening = f"Somebody wants this address to get the messages of the topic {name}."
    closing = [
        f"The link works until {_day(envelope.token_ends_at or envelope.published_at)}.",
        "Nothing is sent to you unless you confirm. If you do not want these messages, do nothing.",
    ]
    return _letter(
        subject,
        opening=opening,
        facts=facts,
        ask="If you want them, open this page and press the button on it:",
        button=("Look at it and confirm", link),
        closing=closing,
        asks=asks,
    )


def _farewell(envelope: Envelope, link: str, asks: str) -> Mail:
    name = _name(envelope)
    subject = f"No more messages of the topic {name}"
    facts = [
        ("Topic", envelope.topic_arn),
        ("Address", safe_line(envelope.endpoint)),
        ("Ended on", _day(envelope.published_at)),
    ]
    opening = f"Somebody used the link in a mail, and this address gets no more messages of the topic {name}."
    return _letter(
        subject,
        opening=opening,
        facts=facts,
        ask="If that was not meant, open this page and press the button on it:",
        button=("Get the messages again", link),
        closing=[f"The link works until {_day(envelope.token_ends_at or envelope.published_at)}."],
        asks=asks,
    )


def _letter(
    subject: str,
    *,
    opening: str,
    facts: list[tuple[str, str]],
    ask: str,
    button: tuple[str, str],
    closing: list[str],
    asks: str,
) -> Mail:
    """A mail that asks for one step: `ask` says which, `button` is a label and the address that it leads to."""
    label, link = button
    footer = [Line(f"Questions: {asks}")]
    text = "\n".join(
        [
            _wrapped([Line(opening)]),
            *(_hung(f"{name}: {value}") for name, value in facts),
            "",
            _wrapped([Line(ask)]),
            link,
            "",
            _wrapped([Line(one) for one in closing]),
            _SEPARATOR,
            _wrapped(footer),
        ]
    )
    html = html_page(
        title=subject,
        state=None,
        footer=footer,
        opening=opening,
        facts=facts,
        ask=ask,
        button=(label, link),
        closing=closing,
    )
    return Mail(subject=subject, text=text, html=html)


# ---------------------------------------------------------------- text


def plain(text: str) -> str:
    r"""A message as text of lines: line feeds alone, and nothing in it that acts on a screen.

    >>> plain("one\r\ntwo\x1b[2J")
    'one\ntwo?[2J'
    """
    return _ACTING.sub("?", text.replace("\r\n", "\n").replace("\r", "\n"))


def _name(envelope: Envelope) -> str:
    name = envelope.topic_name
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _day(at: int) -> str:
    return long_moment(moment(at // 1000))


def _hung(text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrapped(lines: list[Line]) -> str:
    """Lines as paragraphs, each with its link on a line of its own, so that it can be copied."""
    paragraphs: list[str] = []
    for line in lines:
        paragraphs.append(textwrap.fill(line.text, _WIDTH, break_long_words=False, break_on_hyphens=False))
        if line.link:
            paragraphs.append(line.link)
    return "\n".join(paragraphs) + "\n"
