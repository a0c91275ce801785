"""The pages behind the links in mails. Spec: SNS-5.4, SNS-5.5, CON-4.9.

Rule: GET and HEAD show, a POST from the page acts; no cookie, no script, nothing to fetch, no link into the console.
What it takes is the token in the address, so whoever has the mail may act, and a program that follows its links has
done nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs

from tocsin.app.confirmation import is_token
from tocsin.app.mail_link import (
    Standing,
    confirm_by_link,
    leave_by_link,
    look_at_confirmation,
    look_at_subscription,
)
from tocsin.app.subscription_endpoint import MAIL
from tocsin.console.filter_text import filter_text
from tocsin.console.moment import duration_text
from tocsin.console.rendering import render
from tocsin.core.alarm.timestamp import moment
from tocsin.core.notification.moment_text import long_moment
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.mail_link import LinkedSubscription
    from tocsin.app.service import Service
    from tocsin.app.unsubscribe_token import UnsubscribeTokens

CONFIRM: Final = b"/_tocsin/subscriptions/confirm"
UNSUBSCRIBE: Final = b"/_tocsin/subscriptions/unsubscribe"

_LONGEST_BODY: Final = 8_192
_LONGEST_FILTER: Final = 600
_SHORTEST_SHOWN: Final = 3
"""Letters of the name of a mailbox from which on its last one is shown too."""

_TIDINGS: Final = "You can close this page."


class Sheet(NamedTuple):
    """What stands on a page: its heading with a glyph, a text, facts, and what there is to press."""

    title: str
    text: str
    glyph: str = ""
    facts: Sequence[tuple[str, str]] = ()
    button: str = ""
    command: str = ""
    closing: str = ""


Page = tuple[int, Sheet]
"""Status, and what stands on it."""

_NOT_WHOLE: Final = Sheet(
    "This link does not work",
    "It was not copied in full. Open it from the mail, or copy all of it, up to the end of the line.",
    glyph="warn",
)
_ENDED: Final = Sheet(
    "This link has expired",
    "Links of this kind work for two days, and as long as what they are about is there. Whoever runs this service can "
    "have another mail sent, or you can be subscribed again.",
    glyph="warn",
)
_BUSY: Final = Sheet(
    "Nothing can be looked up now",
    "The service cannot use its store. Nothing was changed: open the link again in a few minutes.",
    glyph="warn",
)


class SubscriptionPages:
    """Answers for both paths. `tokens` are those in the links that end a subscription."""

    def __init__(self, service: Service, tokens: UnsubscribeTokens) -> None:
        self._service = service
        self._tokens = tokens

    @property
    def paths(self) -> dict[bytes, Callable[[str, bool], Page]]:
        """What answers for a path: a function of the token and of whether it is to act."""
        return {CONFIRM: self._confirm, UNSUBSCRIBE: self._unsubscribe}

    def answer(self, path: bytes, query: bytes, body: bytes, *, acts: bool) -> tuple[int, str]:
        """Status and HTML. The token is in the query; in a form it may be in the body."""
        token = _token(query) or (_token(body) if acts and len(body) <= _LONGEST_BODY else "")
        status, sheet = self.paths[path](token, acts)
        return status, _html(sheet, token)

    def _confirm(self, token: str, acts: bool) -> Page:
        act = confirm_by_link if acts else look_at_confirmation
        found = act(self._service, token)
        if found is None:
            return 404, _ENDED if is_token(token) else _NOT_WHOLE
        topic = _topic(found)
        if found.standing is Standing.CONFIRMED:
            told = (
                Sheet("Confirmed", f"This address gets the messages of {topic} from now on. {_TIDINGS}")
                if acts
                else Sheet("Confirmed already", f"This address gets the messages of {topic}. Nothing is left to do.")
            )
            return 200, told._replace(glyph="ok", facts=_facts(found))
        ends = [] if found.until is None else [("Link works until", long_moment(moment(found.until // 1000)))]
        if found.standing is Standing.ENDED:
            return 200, Sheet(
                f"Get the messages of {topic} again?",
                "This address gets none any more. The button takes that back.",
                facts=[*_facts(found), *ends],
                button="Get the messages again",
            )
        return 200, Sheet(
            f"Get the messages of {topic}?",
            "Somebody asked for them to be sent to this address. Nothing is sent before you confirm.",
            facts=[*_facts(found), *ends],
            button="Confirm the subscription",
            closing="If you do not want them, close this page.",
        )

    def _unsubscribe(self, token: str, acts: bool) -> Page:
        arn = self._tokens.arn(token)
        act = leave_by_link if acts else look_at_subscription
        found = None if arn is None else act(self._service, arn)
        if arn is None:
            return 404, _NOT_WHOLE
        if found is None:
            return 404, Sheet(
                "There is no such subscription", "It was removed. This address gets no messages from it.", glyph="ok"
            )
        topic = _topic(found)
        if found.standing is Standing.ENDED:
            text = f"This address gets no more messages of {topic}. It was sent a mail with a link to take that back."
            return 200, Sheet("No more messages", text, glyph="ok", facts=_place(found))
        if found.is_protected:
            return (403 if acts else 200), Sheet(
                "This address is protected",
                "No link in a mail removes it, so that no program that opens links does, and nobody to whom the mail "
                "is passed on. It is removed by whoever runs this service, in its console, or by whoever may call "
                f"Unsubscribe in the account {found.owner}:",
                command=f"aws sns unsubscribe --subscription-arn {found.arn}",
                facts=_place(found),
            )
        return 200, Sheet(
            f"No more messages of {topic}?",
            "The button ends the subscription of this address. It can be taken back for two days.",
            facts=_place(found),
            button="Send no more messages",
            closing="If you want to keep them, close this page.",
        )


def unavailable_page() -> str:
    """The HTML for when the store cannot be used."""
    return _html(_BUSY, "")


def page_headers() -> tuple[tuple[str, str], ...]:
    """What these pages are sent with (SNS-5.5, CON-8.2): nothing may be fetched, framed, kept or passed on."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return (
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("X-Robots-Tag", "noindex"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    )


def masked(address: str) -> str:
    """An address that its owner knows, and whoever looks over the shoulder does not learn.

    >>> masked("oncall@example.com"), masked("al@example.com")
    ('o…l@example.com', 'a…@example.com')
    """
    local, at, domain = address.rpartition("@")
    last = local[-1:] if len(local) >= _SHORTEST_SHOWN else ""
    return safe_line(f"{local[:1]}…{last}{at}{domain}") if at else "…"


def _topic(found: LinkedSubscription) -> str:
    return found.topic_arn.rpartition(":")[2]


def _place(found: LinkedSubscription) -> list[tuple[str, str]]:
    return [("Address", masked(found.endpoint)), ("Topic", found.topic_arn)]


def _facts(found: LinkedSubscription) -> list[tuple[str, str]]:
    """Whose messages go where, which, and how that ends."""
    leaving = {
        "protected": "No link in a mail removes the address. Whoever runs this service does.",
        "confirm": "By the link at the end of each mail.",
        "open": "By the link at the end of each mail.",
    }
    ends = [("To leave", leaving["protected" if found.is_protected else found.mode])] if found.protocol in MAIL else []
    return [*_place(found), ("You get", _promise(found)), *ends]


def _promise(found: LinkedSubscription) -> str:
    """What is sent, in sentences."""
    chosen = filter_text(found.attributes)
    words = f"Messages of this topic {safe_line(chosen.words, _LONGEST_FILTER)}." if chosen.words else ""
    told = [words or "All messages of this topic."]
    if found.alarms and not chosen.drops_alarms:
        told.append(f"{counted(found.alarms, 'alarm publishes', 'alarms publish')} to it.")
    if found.digest_ms is not None:
        told.append(f"One mail in {duration_text(found.digest_ms / 1000)} at most.")
    return " ".join(told)


def _token(text: bytes) -> str:
    return parse_qs(text.decode("latin-1")).get("token", [""])[0]


def _html(sheet: Sheet, token: str) -> str:
    return render("subscription.html", {"style": _style(), "token": token, "sheet": sheet})


@lru_cache(maxsize=1)
def _style() -> str:
    """The tokens of the console's style sheet, and what these pages make of them: they fetch nothing."""
    package = files("tocsin.console")
    console = package.joinpath("static", "console.css").read_text(encoding="utf-8")
    tokens = console[console.index(":root{") : console.index("}") + 1]
    return f"{tokens}\n{package.joinpath('templates', 'subscription.css').read_text(encoding='utf-8')}"
