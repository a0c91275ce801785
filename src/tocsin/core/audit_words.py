"""What was done in the console, in words, and whether it can make something silent. Spec: CON-4.10, CON-1.2, self/s17.

Rule: a phrase before the name of an operation; one that is not known is told by its own name, never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from tocsin.core.audit_entry import AuditEntry

KINDS: Final = {
    "alarm": "alarm", "mute": "mute rule", "filter": "metric filter", "subscription-filter": "subscription filter",
    "log-group": "log group", "topic": "topic", "subscription": "subscription", "delivery": "delivery",
    "trail": "trail", "rule": "rule", "user": "user", "settings": "settings",
}  # fmt: skip
"""Kinds of objects in words."""

# What was done, where that is more than made, changed or deleted. `{}` stands for the object.
_PHRASES: Final = {
    "sign-in": "signed in",
    "sign-out": "signed out",
    "sign-out-everywhere": "signed out everywhere",
    "acknowledge-alarm": "acknowledged {}",
    "send-again": "sent {} again",
    "resend-confirmation": "asked for the confirmation of {} again",
    "confirm-subscription": "confirmed {} on behalf of its address",
    "settings-changed": "took effect that are others than at the last start",
    "SetAlarmState": "set the state of {}",
    "EnableAlarmActions": "switched the actions of {} on",
    "DisableAlarmActions": "switched the actions of {} off",
    "PutAlarmMuteRule": "muted by {}",
    "StartLogging": "started {}",
    "StopLogging": "stopped {}",
    "Publish": "sent a message to {}",
    "Subscribe": "subscribed an address to {}",
    "Unsubscribe": "ended {}",
    "PutLogEvents": "put events into {}",
    "CreateLogStream": "made a stream in {}",
}

# What can make something silent whatever it was before, and what can only where there was something before.
_SILENCING: Final = frozenset(
    {
        "DisableAlarmActions", "SetAlarmState", "PutAlarmMuteRule", "DeleteAlarms", "DeleteMetricFilter",
        "DeleteLogGroup", "DeleteSubscriptionFilter", "PutRetentionPolicy", "DeleteTopic", "Unsubscribe",
        "SetTopicAttributes", "SetSubscriptionAttributes", "StopLogging", "DeleteTrail", "UpdateTrail",
        "PutEventSelectors", "PutInsightSelectors", "DeleteLogStream", "settings-changed",
    }
)  # fmt: skip
_CHANGING: Final = frozenset({"PutMetricAlarm", "PutCompositeAlarm", "PutMetricFilter", "PutSubscriptionFilter"})


class Phrase(NamedTuple):
    """The words before and behind the object; `has_object` says whether it is named at all."""

    before: str
    behind: str = ""
    has_object: bool = True


def phrase_of(entry: AuditEntry) -> Phrase:
    """What was done."""
    text = _PHRASES.get(entry.action) or _guess(entry)
    before, mark, behind = text.partition("{}")
    return Phrase(before.strip(), behind.strip(), bool(mark))


def sentence_of(entry: AuditEntry) -> str:
    """Who did what, without a full stop: `alice switched the actions of alarm root-usage off`."""
    phrase = phrase_of(entry)
    words = [entry.actor, phrase.before]
    if phrase.has_object:
        words += [KINDS.get(entry.kind, entry.kind), entry.name, phrase.behind]
    return " ".join(word for word in words if word)


def can_silence(entry: AuditEntry) -> bool:
    """Whether a change can keep an alarm from ringing, or somebody from hearing it (self/s17)."""
    return entry.action in _SILENCING or (entry.action in _CHANGING and entry.before is not None)


def _guess(entry: AuditEntry) -> str:
    if "tag" in entry.action.lower():
        return "changed the tags of {}"
    if entry.action.lower().startswith(("delete", "remove")):
        return "deleted {}"
    if entry.before is None and entry.after is not None and entry.action.lower().startswith(("put", "create")):
        return "made {}"
    is_operation = entry.action[:1].isupper()
    return "changed {}" if is_operation or entry.before is not None else f"{entry.action.replace('-', ' ')} {{}}"
