"""Mails of the built-in mailbox as they are read, and the links of ours in them.

Rule: a mail is foreign text. Of a link in it the token alone is used, in the form in which we make tokens, so that it
leads to a page of ours whatever host stands before it. Spec: SNS-5.5, SNS-5.8, CON-8.3, CON-8.5.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

MAIL_NAME: Final = re.compile(r"[0-9][0-9A-Za-z-]{0,99}")
"""What the name of a mail can be: ours begin with when it was published. It leads nowhere else as part of a path."""

_DOTS: Final = "••••••••"

_LINK: Final = re.compile(
    r"https?://[^\s<>\"']*?/_tocsin/subscriptions/"
    r"(?:confirm\?token=(?P<confirm>[0-9a-fA-F]{256})|unsubscribe\?token=(?P<unsubscribe>[0-9a-f]{40}\.[0-9A-Za-z_-]+))"
    r"(?![0-9A-Za-z_.-])"
)
_SECRET: Final = re.compile(
    r"(?i)(?P<before>\btoken(?:=|%3D|\"\s*:\s*\"))[0-9a-z._~%-]+|(?<![0-9a-f])[0-9a-f]{256}(?![0-9a-f])"
)


class KeptMail(NamedTuple):
    """What a list tells of a mail. `date` is in UTC, such as `2026-03-01T12:00:00Z`, empty where it has none."""

    name: str
    date: str
    recipient: str
    subject: str


class Attachment(NamedTuple):
    """A file that comes with a mail: what it is called, and its size in bytes."""

    name: str
    size: int


class ReadMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, decoded. `html` is empty for one that is text alone; `headers` are all, in order; `size` is in bytes."""

    name: str
    date: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    size: int = 0

    @property
    def links(self) -> MailPages:
        """The pages of ours that its text leads to."""
        return pages_in(self.text)


class MailPages(NamedTuple):
    """Tokens of the pages that a mail leads to: the one that confirms or restores, the one that ends; or nothing."""

    confirm: str = ""
    unsubscribe: str = ""


def pages_in(text: str) -> MailPages:
    """The last link of each kind in a text: a message cannot put its own behind ours, which ends the mail.

    >>> pages_in("see https://tocsin.example.com/_tocsin/subscriptions/confirm?token=" + "0a" * 128).confirm[:4]
    '0a0a'
    """
    found = {"confirm": "", "unsubscribe": ""}
    for match in _LINK.finditer(text):
        found.update({kind: token for kind, token in match.groupdict().items() if token})
    return MailPages(**found)


def without_tokens(text: str) -> str:
    """A text or HTML of a mail for somebody who may not act with what is in it: tokens are dots.

    >>> without_tokens("/_tocsin/subscriptions/unsubscribe?token=00ff.YXJu and more")
    '/_tocsin/subscriptions/unsubscribe?token=•••••••• and more'
    """
    return _SECRET.sub(lambda match: f"{match['before'] or ''}{_DOTS}", text)
