"""What a CloudTrail record is looked up by: who, with what key, from where, what, on which resource, with what error.

Rule: terms are texts as they stand in the record, so that what is seen on a page can be asked for. A
message that is no CloudTrail record has none. Spec: CON-4.0 (X2, X3, X5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.event import NOT_JSON, Event
from tocsin.core.log_event import Term
from tocsin.core.notification.call import Call
from tocsin.core.notification.identity import text_at
from tocsin.core.notification.resource import resource_names

if TYPE_CHECKING:
    from tocsin.core.event import JsonValue

# Longer texts are cut: a term is a key of an index, and nobody types as much.
_LONGEST = 512

# Resources of one call that it is found by.
_MOST_RESOURCES = 20


class RecordTerms(NamedTuple):
    """The eventID, empty where there is none, and the terms of a record, each once."""

    event_id: str
    terms: tuple[Term, ...]


_NOTHING = RecordTerms("", ())


def record_terms(message: str) -> RecordTerms:
    """The eventID and terms of a message; nothing for one that is no record of CloudTrail."""
    if not message.lstrip().startswith("{"):  # most of what is no record is told by its first character
        return _NOTHING
    event = Event(message)
    value = event.value
    if value is NOT_JSON or not isinstance(value, dict):
        return _NOTHING
    name = text_at(value, "eventName")
    if not name or "eventTime" not in value:
        return _NOTHING
    call = Call(event)
    account = text_at(value, "recipientAccountId") or text_at(value, "userIdentity.accountId")
    found = [
        Term("actor", actor_of(value.get("userIdentity"))),
        Term("key", text_at(value, "userIdentity.accessKeyId")),
        Term("address", text_at(value, "sourceIPAddress")),
        Term("event_name", name),
        *(Term("resource", text) for text in resource_names(call, _MOST_RESOURCES)),
        Term("error", text_at(value, "errorCode")),
        Term("scope", f"{account}/{text_at(value, 'awsRegion')}" if account else ""),
    ]
    terms = dict.fromkeys(Term(term.kind, term.value[:_LONGEST]) for term in found if term.value)
    return RecordTerms(text_at(value, "eventID"), tuple(terms))


def actor_of(user: JsonValue) -> str:
    """Who is behind a call, whatever the session (CON-4.0).

    The role of an assumed role, as ARN where the record has it; `root of ACCOUNT`; else the ARN, the name of
    an AWS service, or the principal id. Empty where the record names nobody.
    """
    arn, kind = text_at(user, "arn"), text_at(user, "type")
    if kind == "Root":
        return f"root of {text_at(user, 'accountId')}".removesuffix(" of ")
    role = text_at(user, "sessionContext.sessionIssuer.arn")
    if role:
        return role
    head, mark, tail = arn.partition(":assumed-role/")
    if mark:
        partition_and_account = head.replace(":sts:", ":iam:", 1)
        return f"{partition_and_account}:role/{tail.partition('/')[0]}"
    return arn or text_at(user, "invokedBy") or text_at(user, "userName") or text_at(user, "principalId")
