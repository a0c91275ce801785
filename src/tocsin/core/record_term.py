"""What a CloudTrail record is looked up by: who, with what key, from where, what, on which resource, with what error.

Rule: terms are texts as they stand in the record, so that what is seen on a page can be asked for; only what no
database and no address can hold is replaced. A message that is no CloudTrail record has none. Spec: CON-4.0 (X2 to X5).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.event import NOT_JSON, Event, lexeme
from tocsin.core.log_event import Term
from tocsin.core.notification.call import (
    DONE,
    PARAMETERS_MARK,
    RESPONSE_MARK,
    Call,
    result_of,
    service_of,
    undated,
)
from tocsin.core.notification.identity import text_at
from tocsin.core.notification.resource import arns_of, named_resources, naming, resource_names
from tocsin.core.plain_record import PlainIdentity, decoded, members, plain_record
from tocsin.core.record_category import category_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.core.event import JsonValue
    from tocsin.core.plain_record import PlainRecord

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
    record = plain_record(message)
    if record is None or not (record.eventName and record.eventSource and record.eventCategory):
        return event_terms(Event(message))
    return _plain_terms(record, record.eventSource, record.eventCategory)


def _plain_terms(record: PlainRecord, source: str, category: str) -> RecordTerms:
    """What `event_terms` makes of the same record."""
    user, error, name, service = record.identity, record.errorCode or "", record.eventName, service_of(source)
    call_name, (in_parameters, in_response) = undated(name), naming(service)
    parameters = members(record.requestParameters, in_parameters, mark=PARAMETERS_MARK)
    response = members(record.responseElements, in_response | {call_name}, mark=RESPONSE_MARK)
    arns = arns_of(decoded(record.resources)) if record.resources else []
    account = record.recipientAccountId or user.accountId
    return RecordTerms(
        record.eventID or "",
        _terms(
            (
                ("actor", _actor(user, user.role) or user.invokedBy or user.userName or user.principalId),
                ("key", user.accessKeyId),
                ("address", record.sourceIPAddress),
                ("event_name", name),
            ),
            named_resources(service, parameters, response, arns, _MOST_RESOURCES),
            (("error", error), ("scope", f"{account}/{record.awsRegion or ''}" if account else "")),
        ),
        category_of({"eventCategory": category}),
        result_of(error, record.errorMessage or "", text_at(response, call_name)),
        _storable(source[:_LONGEST]),
        record.eventTime,
    )


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
    return RecordTerms(
        _text(value.get("eventID")),
        _terms(
            (
                ("actor", actor_of(user)),
                ("key", _text(identity.get("accessKeyId"))),
                ("address", _text(value.get("sourceIPAddress"))),
                ("event_name", name),
            ),
            resource_names(call, _MOST_RESOURCES),
            (
                ("error", _text(value.get("errorCode"))),
                ("scope", f"{account}/{_text(value.get('awsRegion'))}" if account else ""),
            ),
        ),
        category_of(value),
        call.result,
        _storable(_text(value.get("eventSource"))[:_LONGEST]),
        _text(value["eventTime"]),
    )


def _terms(
    who: Iterable[tuple[str, str | None]], resources: Sequence[str], rest: Iterable[tuple[str, str | None]]
) -> tuple[Term, ...]:
    """Terms of these kinds and texts, resources between the others; those that are empty are left out."""
    terms = [_term(kind, text[:_LONGEST]) for kind, text in who if text]
    if resources:
        # Those that are cut may be the same.
        terms += dict.fromkeys([Term("resource", _storable(text[:_LONGEST])) for text in resources])
    terms += [_term(kind, text[:_LONGEST]) for kind, text in rest if text]
    return tuple(terms)


@lru_cache(maxsize=4096)
def _term(kind: str, text: str) -> Term:
    return Term(kind, _storable(text))


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
    role = text_at(user, "sessionContext.sessionIssuer.arn") if "sessionContext" in user else ""
    named = PlainIdentity(
        type=_text(user.get("type")), arn=_text(user.get("arn")), accountId=_text(user.get("accountId"))
    )
    return (
        _actor(named, role)
        or _text(user.get("invokedBy"))
        or _text(user.get("userName"))
        or _text(user.get("principalId"))
    )


def _actor(user: PlainIdentity, role: str) -> str:
    if user.type == "Root":
        return f"root of {user.accountId or ''}".removesuffix(" of ")
    arn = user.arn or ""
    if role or ":assumed-role/" not in arn:
        return role or arn
    head, _, tail = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:', 1)}:role/{tail.partition('/')[0]}"
