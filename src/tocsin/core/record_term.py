"""What a CloudTrail record is looked up by: who, with what key, from where, what, on which resource, with what error.

Rule: terms are texts as they stand in the record, so that what is seen on a page can be asked for; only what no
database and no address can hold is replaced. A message that is no CloudTrail record has none. Spec: CON-4.0 (X2 to X5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.event import NOT_JSON, Event, lexeme
from tocsin.core.log_event import Term
from tocsin.core.notification.call import DONE, Call
from tocsin.core.notification.identity import text_at
from tocsin.core.notification.resource import resource_names
from tocsin.core.record_category import category_of

if TYPE_CHECKING:
    from tocsin.core.event import JsonValue

# Longer texts are cut: a term is a key of an index, and nobody types as much.
_LONGEST = 512

_SURROGATE = re.compile("[\ud800-\udfff]")

# Resources of one call that it is found by.
_MOST_RESOURCES = 20


class RecordTerms(NamedTuple):
    """The eventID, empty where there is none, and the terms of a record, each once.

    The term of kind `scope` is the last one. `category` is what `core.record_category` says of a record; empty for
    what is none. `result` is what became of the call (R-1); `source` and `time` are the eventSource and the eventTime.
    """

    event_id: str
    terms: tuple[Term, ...]
    category: str = ""
    result: str = DONE
    source: str = ""
    time: str = ""


_NOTHING = RecordTerms("", ())


def record_terms(message: str) -> RecordTerms:
    """The eventID and terms of a message; nothing for one that is no record of CloudTrail."""
    if not message.lstrip().startswith("{"):  # most of what is no record is told by its first character
        return _NOTHING
    return event_terms(Event(message))


def event_terms(event: Event) -> RecordTerms:
    """The same of an event that is looked at in other ways, too, and so is decoded once."""
    value = event.value
    if value is NOT_JSON or not isinstance(value, dict):
        return _NOTHING
    name = _text(value.get("eventName"))
    if not name or "eventTime" not in value:
        return _NOTHING
    user = value.get("userIdentity")
    identity = user if isinstance(user, dict) else {}
    account = _text(value.get("recipientAccountId")) or _text(identity.get("accountId"))
    call = Call(event)
    found = [
        ("actor", actor_of(user)),
        ("key", _text(identity.get("accessKeyId"))),
        ("address", _text(value.get("sourceIPAddress"))),
        ("event_name", name),
        *[("resource", text) for text in resource_names(call, _MOST_RESOURCES)],
        ("error", _text(value.get("errorCode"))),
        ("scope", f"{account}/{_text(value.get('awsRegion'))}" if account else ""),
    ]
    terms = dict.fromkeys([Term(kind, _storable(text[:_LONGEST])) for kind, text in found if text])
    source = _storable(_text(value.get("eventSource"))[:_LONGEST])
    return RecordTerms(
        _text(value.get("eventID")), tuple(terms), category_of(value), call.result, source, _text(value["eventTime"])
    )


def _text(value: JsonValue) -> str:
    return value if type(value) is str else lexeme(value) or ""


def _storable(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate, which neither a database nor an address can hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def actor_of(user: JsonValue) -> str:
    """Who is behind a call, whatever the session (CON-4.0).

    The role of an assumed role, as ARN where the record has it; `root of ACCOUNT`; else the ARN, the name of
    an AWS service, or the principal id. Empty where the record names nobody.
    """
    if not isinstance(user, dict):
        return ""
    arn = _text(user.get("arn"))
    if user.get("type") == "Root":
        return f"root of {_text(user.get('accountId'))}".removesuffix(" of ")
    role = text_at(user, "sessionContext.sessionIssuer.arn") if "sessionContext" in user else ""
    if role:
        return role
    head, mark, tail = arn.partition(":assumed-role/")
    if mark:
        partition_and_account = head.replace(":sts:", ":iam:", 1)
        return f"{partition_and_account}:role/{tail.partition('/')[0]}"
    return arn or _text(user.get("invokedBy")) or _text(user.get("userName")) or _text(user.get("principalId"))
