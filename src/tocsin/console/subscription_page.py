"""The pages behind the links in mails. Spec: SNS-5.4, SNS-5.5.

Rule: GET and HEAD show, a POST from the page acts; no cookie, no script, nothing to fetch. What it takes is the token
in the address, so whoever has the mail may act, and a program that follows its links has done nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from tocsin.app.mail_link import (
    Standing,
    confirm_by_link,
    leave_by_link,
    look_at_confirmation,
    look_at_subscription,
)
from tocsin.core.notification.safe_line import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Template

    from tocsin.app.mail_link import LinkedSubscription
    from tocsin.app.service import Service
    from tocsin.app.unsubscribe_token import UnsubscribeTokens

CONFIRM: Final = b"/_tocsin/subscriptions/confirm"
UNSUBSCRIBE: Final = b"/_tocsin/subscriptions/unsubscribe"

_LONGEST_BODY: Final = 8_192

Page = tuple[int, dict[str, Any]]
"""Status, and what the template is given."""


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
        status, told = self.paths[path](token, acts)
        return status, _template().render(style=_style(), token=token, **told)

    def _confirm(self, token: str, acts: bool) -> Page:
        act = confirm_by_link if acts else look_at_confirmation
        found = act(self._service, token)
        if found is None:
            return 404, {
                "title": "This link does not work",
                "text": "It is too old, or was not copied in full. Links of this kind work for two "
                "days. Ask for another mail to be sent: subscribe again, or have the one who runs this service do it.",
            }
        if found.standing is Standing.CONFIRMED:
            told = "gets the messages of this topic." if acts else "is confirmed already. Nothing is left to do."
            return 200, {"title": "Confirmed", "text": f"This address {told}", "mark": "✓", **_facts(found)}
        if found.standing is Standing.ENDED:
            return 200, {
                "title": "Get the messages again?",
                "text": "This address gets no messages of this topic any more. The button takes that back.",
                "button": "Get the messages again",
                **_facts(found),
            }
        return 200, {
            "title": "Get the messages of this topic?",
            "text": "Somebody asked for the messages of this topic to be sent to this address. Nothing is sent "
            "before the button is pressed. If you do not want them, close this page.",
            "button": "Confirm the subscription",
            **_facts(found),
        }

    def _unsubscribe(self, token: str, acts: bool) -> Page:
        arn = self._tokens.arn(token)
        act = leave_by_link if acts else look_at_subscription
        found = None if arn is None else act(self._service, arn)
        if arn is None:
            return 404, {"title": "This link does not work", "text": "It was not copied in full."}
        if found is None:
            return 404, {
                "title": "There is no such subscription",
                "text": "It was removed. This address gets no messages from it.",
            }
        if found.standing is Standing.ENDED:
            return 200, {
                "title": "No more messages",
                "text": "This address gets no more messages of this topic. It was sent a mail with a link to take "
                "that back.",
                "mark": "✓",
                **_facts(found),
            }
        if found.is_protected:
            return (403 if acts else 200), {
                "title": "This address is protected",
                "text": "A link in a mail cannot remove it, so that no program that opens links and nobody to whom "
                "the mail is passed on does. It can be removed by whoever may call Unsubscribe in the account "
                f"{found.owner}, or by the one who runs this service.",
                "command": f"aws sns unsubscribe --subscription-arn {found.arn}",
                **_facts(found),
            }
        return 200, {
            "title": "No more messages of this topic?",
            "text": "The button ends the subscription of this address. It can be taken back for two days.",
            "button": "Send no more messages",
            **_facts(found),
        }


def page_headers() -> tuple[tuple[str, str], ...]:
    """What these pages are sent with (SNS-5.5): nothing may be fetched, framed, kept or passed on."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return (
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("X-Robots-Tag", "noindex"),
        ("X-Frame-Options", "DENY"),
    )


def masked(address: str) -> str:
    """An address that its owner knows, and whoever looks over the shoulder does not learn.

    >>> masked("alice@example.com")
    'a•••@example.com'
    """
    local, at, domain = address.rpartition("@")
    return safe_line(f"{local[:1]}•••{at}{domain}") if at else "•••"


def _facts(found: LinkedSubscription) -> dict[str, Any]:
    topic = found.topic_arn
    return {"facts": [("Topic", topic.rpartition(":")[2]), ("Address", masked(found.endpoint)), ("ARN", topic)]}


def _token(text: bytes) -> str:
    return parse_qs(text.decode("latin-1")).get("token", [""])[0]


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tocsin.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("subscription.html")


@lru_cache(maxsize=1)
def _style() -> str:
    from importlib.resources import files

    return files("tocsin.console").joinpath("templates", "subscription.css").read_text(encoding="utf-8")
