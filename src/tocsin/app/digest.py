"""At most one mail in a time to each address of a topic, where the topic asks for that. Spec: SNS-12.6.

Rule: the first message goes at once, what follows within the time goes in one digest at its end. A message waits in the
store under the delivery that will carry it, written in the transaction that published it; nothing is dropped.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.core.mail.digest import DigestEntry, compose_digest
from tocsin.core.mute_rule import MuteRuleError, parse_duration

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.topic import Topic
    from tocsin.core.envelope import Envelope
    from tocsin.core.scope import Scope

DIGEST_TAG = "tocsin:digest-every"
DIGEST = "digest"
"""The cause of a delivery that carries a digest."""

_PROTOCOL = "email"


class _Window(msgspec.Struct, frozen=True, kw_only=True):
    """The time in which nothing more goes at once; `count` messages wait for its end."""

    until: int
    count: int = 0


_WINDOWS = Definitions("digest-window", _Window)
_ENTRIES = Definitions("digest-entry", DigestEntry)


def digest_ms(topic: Topic) -> int | None:
    """The time of a topic's tag in milliseconds; None where there is none, or it is no duration."""
    text = topic.tags.get(DIGEST_TAG, "")
    try:
        return int(parse_duration(text).nominal.total_seconds() * 1000) if text else None
    except MuteRuleError:
        return None


def digest_problem(text: str) -> str:
    """What is wrong with the value of the tag; empty when nothing is."""
    try:
        parse_duration(text)
    except MuteRuleError as error:
        return f"{error.message}; PT15M means at most one mail in 15 minutes"
    return ""


def waits_for_digest(
    store: StoreWriter, home: Scope, topic: Topic, envelope: Envelope, *, subject: str, now: int
) -> tuple[str, int] | None:
    """Put a message to those that wait, if it has to; the id and the time of the delivery that will carry them.

    None for a message that goes at once. `subject` is what the message is listed under.
    """
    every = digest_ms(topic) if envelope.protocol == _PROTOCOL else None
    if every is None:
        return None
    name = envelope.subscription_arn
    window = _WINDOWS.get(store, home, name)
    if window is not None and window.count and window.until <= now < window.until + every:
        window = _Window(until=window.until + every)  # a digest went out when the last one ended
    if window is None or window.until <= now:
        _WINDOWS.put(store, home, name, _Window(until=now + every))
        return None
    ident = f"digest-{hashlib.sha256(name.encode()).hexdigest()[:24]}-{window.until}"
    entry = DigestEntry(at=now, subject=subject, text=envelope.message)
    _ENTRIES.put(store, home, f"{ident}\0{window.count:09d}", entry)
    _WINDOWS.put(store, home, name, _Window(until=window.until, count=window.count + 1))
    return ident, window.until


def fill(store: StoreReader, home: Scope, delivery_id: str, envelope: Envelope) -> Envelope:
    """The envelope of a digest with what has come for it; one that was filled before is left as it is."""
    if envelope.message:
        return envelope
    entries = [entry for _, entry in _ENTRIES.scan(store, home, prefix=f"{delivery_id}\0")]
    if not entries:
        return envelope
    digest = compose_digest(envelope.topic_name, entries)
    return msgspec.structs.replace(envelope, subject=digest.subject, message=digest.text)


def forget(store: StoreWriter, home: Scope, delivery_id: str) -> None:
    """Let go of the messages of a digest that is kept whole now."""
    for name, _ in _ENTRIES.scan(store, home, prefix=f"{delivery_id}\0"):
        _ENTRIES.delete(store, home, name)
