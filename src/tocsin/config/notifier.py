"""One `[[notifier]]`: a chat channel that gets what is published on a topic. Spec: IF-9, SNS-8.5."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.config.secret import Secret
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}(?<!\.fifo)(?:\.fifo)?", re.ASCII)
_ADDRESSES: Final = {
    "slack": (re.compile(r"https?://[^/?#\s]+/[^\s#]+"), "an http or https address with a path"),
    "apprise": (re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://\S+"), "an address that begins with a service and ://"),
}
_EXAMPLES: Final = {"slack": "https://hooks.slack.com/services/T000/B000/XXXX", "apprise": "ntfys://ntfy.sh/my-topic"}
_LONGEST: Final = 4_096


class NotifierSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is slack or apprise, `url` where the channel is, `topic` the ARN of a topic or the name of one here."""

    kind: str
    url: Secret
    topic: str


def read_topic_or_name(value: object) -> str | None:
    """How to read the ARN of a topic, or the name of one in `server.account` and `server.region`."""
    if not isinstance(value, str):
        return None
    return value if is_topic(value) or _NAME.fullmatch(value) else None


def address_problem(kind: str, address: str) -> str:
    """What is wrong with the address of a channel of this kind, without a word of it; empty where nothing is."""
    form, words = _ADDRESSES[kind]
    if len(address) > _LONGEST or not form.fullmatch(address) or not address.isprintable():
        return f"notifier.url of kind {kind} is {words}"
    return ""


def address_hint(kind: str) -> str:
    """How an address of this kind looks."""
    return f"for example {_EXAMPLES[kind]}"


def notifier_problem(entry: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """What is wrong with an entry as a whole: member, message and hint. References are followed at the start."""
    kind, url = entry.get("kind"), entry.get("url")
    if not isinstance(kind, str) or not isinstance(url, Secret) or url.is_reference:
        return None
    problem = address_problem(kind, url.reveal({}, key="notifier.url"))
    return ("url", problem, address_hint(kind)) if problem else None
