"""What is looked for among events: `actor:deploy error:AccessDenied -address:192.0.2.10 since:24h`.

Rule: what is not understood is an error that says where and what was probably meant, never a search for something
else. Time is an argument. Spec: CON-3.5, CON-8.9.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.event_time import parse_event_time
from tocsin.core.nearest import did_you_mean
from tocsin.core.record_category import Category
from tocsin.core.unsafe_character import UNSAFE, escaped
from tocsin.errors import InputError

if TYPE_CHECKING:
    from datetime import tzinfo

    from tocsin.core.record_term import RecordTerms

LONGEST: Final = 400
"""Characters of a query."""

MOST_TERMS: Final = 12
"""Terms of a query."""

FIELDS: Final = (
    "actor",
    "key",
    "address",
    "name",
    "source",
    "resource",
    "error",
    "account",
    "region",
    "type",
    "since",
    "until",
)
"""What terms may begin with."""

TYPES: Final = {
    "management": Category.MANAGEMENT,
    "data": Category.DATA,
    "insight": Category.INSIGHT,
    "network": Category.NETWORK_ACTIVITY,
}
"""Values of `type`, and the event categories that they stand for."""

TERM_KIND: Final = {
    "actor": "actor",
    "key": "key",
    "address": "address",
    "name": "event_name",
    "resource": "resource",
    "error": "error",
}
"""Fields whose values are terms of the store, with the kind."""

# Words that people use for fields elsewhere.
_OTHER_NAMES: Final = {
    "arn": "actor", "user": "actor", "username": "actor", "principal": "actor", "role": "actor", "who": "actor",
    "accesskey": "key", "accesskeyid": "key",
    "ip": "address", "sourceip": "address", "sourceipaddress": "address", "from": "address",
    "event": "name", "eventname": "name", "action": "name", "call": "name", "operation": "name",
    "service": "source", "eventsource": "source",
    "bucket": "resource", "group": "resource", "object": "resource",
    "errorcode": "error", "code": "error", "result": "error",
    "accountid": "account", "awsregion": "region",
    "category": "type", "eventcategory": "type", "eventtype": "type",
    "after": "since", "start": "since", "before": "until", "end": "until", "to": "until",
}  # fmt: skip

_SPAN: Final = re.compile(r"([0-9]{1,5}) ?(s|min|m|h|d|w)")
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2}))?)?")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})")

_LAST_CHARACTER: Final = 0x10FFFF

# What a word looks like that needs no field before it.
_SHAPES: Final = (
    ("key", re.compile(r"A(?:KIA|SIA)[A-Z0-9]{12,124}")),
    ("account", re.compile(r"[0-9]{12}")),
    ("address", re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{3,45}")),
    ("actor", re.compile(r"arn:[\w-]+:(?:iam|sts)::[0-9]{0,12}:(?:user|role|root|assumed-role|federated-user).*")),
    ("resource", re.compile(r"arn:.+|[a-z]{1,12}-[0-9a-f]{8}(?:[0-9a-f]{9})?")),
)


class QueryError(InputError):
    """A query that is not understood; `position` is a 0-based offset into it."""

    code = "event-query"

    def __init__(self, message: str, *, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position


class QueryTerm(msgspec.Struct, frozen=True, kw_only=True):
    """`field:value`, or `-field:value` for what is not to be among the events."""

    field: str
    value: str
    is_excluded: bool = False

    def __str__(self) -> str:
        bare = self.value and not re.search(r'[\s"\\]', self.value) and not UNSAFE.search(self.value)
        value = self.value if bare else _quoted(self.value)
        return f"{'-' if self.is_excluded else ''}{self.field}:{value}"


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for: terms, and the span since <= time < until, aware; None where it is open."""

    terms: tuple[QueryTerm, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def wanted(self, field: str) -> list[str]:
        """The values of a field of which events must have one."""
        return [term.value for term in self.terms if term.field == field and not term.is_excluded]

    def allows(self, record: RecordTerms) -> bool:
        """Whether an event of these terms is looked for, whatever its time."""
        excluded = any(term.is_excluded and _holds(term, record) for term in self.terms)
        return not excluded and all(self._has_one(field, record) for field in FIELDS)

    def _has_one(self, field: str, record: RecordTerms) -> bool:
        terms = [term for term in self.terms if term.field == field and not term.is_excluded]
        if field in {"since", "until"} or not terms:
            return True
        # A call may be about several resources; of everything else it has one.
        held = (_holds(term, record) for term in terms)
        return all(held) if field == "resource" else any(held)


def parse_event_query(text: str, *, at: datetime, zone: tzinfo = UTC) -> EventQuery:
    """Read a query at the instant `at`; times without a zone are of `zone`.

    Raises:
        QueryError: what is wrong, where, and what was probably meant.
    """
    if len(text) > LONGEST:
        raise QueryError(f"A search has {LONGEST} characters at most, this one has {len(text):,}.", position=LONGEST)
    terms: list[QueryTerm] = []
    since = until = None
    for count, (position, term) in enumerate(_terms(text)):
        if count == MOST_TERMS:
            raise QueryError(f"A search has {MOST_TERMS} terms at most.", position=position)
        if term.field == "type" and term.value.lower() not in TYPES:
            hint = did_you_mean(term.value, TYPES) or f"types are {', '.join(TYPES)}"
            raise QueryError(f"There is no type of event '{term.value}'.", position=position, hint=hint)
        if term.field == "since":
            since = _instant(term, position, at, zone)
        elif term.field == "until":
            until = _instant(term, position, at, zone)
        terms.append(term)
    if since is not None and until is not None and since >= until:
        raise QueryError("The search ends before it begins.", position=0, hint="since: is earlier than until:")
    return EventQuery(terms=tuple(terms), since=since, until=until)


def query_text(terms: tuple[QueryTerm, ...]) -> str:
    """The text of a query with these terms."""
    return " ".join(map(str, terms))


def is_meant(field: str, wanted: str, value: str) -> bool:
    """Is `value` what somebody calls `wanted`? The whole of it or its last part, whatever the case.

    Addresses and keys have no parts that would be told apart.

    >>> is_meant("actor", "deploy", "arn:aws:iam::111122223333:role/ci/Deploy"), is_meant("actor", "dep", "deploy")
    (True, False)
    """
    wanted, value = wanted.casefold(), value.casefold()
    if value == wanted or field in {"address", "key"}:
        return value == wanted
    if field == "actor" and wanted == "root":
        return value.startswith("root of ")
    return bool(wanted) and value.endswith(wanted) and value[-len(wanted) - 1] in "/:."


# ---------------------------------------------------------------- reading


_FIELD = re.compile(r"(-?)([A-Za-z_]+):")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t"}
_BARE = re.compile(r"[^\s\"]+")
_BLANKS = re.compile(r"\s*")


def _terms(text: str) -> list[tuple[int, QueryTerm]]:
    found: list[tuple[int, QueryTerm]] = []
    at = _skip(text, 0)
    while at < len(text):
        begin = at
        known = _FIELD.match(text, at)
        field = "" if known is None else known[2].lower()
        if known is None or (field not in FIELDS and _shape(_word(text, at)) is not None):
            is_excluded = text[at] == "-"
            value, at = _value(text, at + is_excluded)
            field = _field_of(value, begin)
        else:
            if field not in FIELDS:
                raise QueryError(f"There is no term '{known[2]}:'.", position=begin + len(known[1]), hint=_meant(field))
            is_excluded = bool(known[1])
            if is_excluded and field in {"since", "until"}:
                raise QueryError(f"'{field}:' cannot be excluded.", position=begin)
            value, at = _value(text, known.end())
            if not value:
                raise QueryError(f"'{field}:' needs a value.", position=known.end())
        found.append((begin, QueryTerm(field=field, value=value, is_excluded=is_excluded)))
        at = _skip(text, at)
    return found


def _skip(text: str, at: int) -> int:
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # it matches everywhere


def _word(text: str, at: int) -> str:
    bare = _BARE.match(text, at)
    return "" if bare is None else bare[0].removeprefix("-")


def _value(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == '"':
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise QueryError("The quote is never closed.", position=at)
        return _ESCAPE.sub(_unescaped, quoted[1]), quoted.end()
    bare = _BARE.match(text, at)
    return ("", at) if bare is None else (bare[0], bare.end())


def _quoted(value: str) -> str:
    """A value in quotes; what would act where it is shown is an escape, and is read back as what it stands for."""
    return '"' + escaped(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code is not None:
        number = int(code, 16)
        # A half of a character is kept nowhere, so it is looked for as what stands in its place.
        is_half = 0xD800 <= number < 0xE000
        return "\ufffd" if is_half else chr(number) if number <= _LAST_CHARACTER else found[0]
    return _SHORT.get(found[4], found[4])


def _shape(word: str) -> str | None:
    return next((field for field, shape in _SHAPES if shape.fullmatch(word)), None)


def _field_of(word: str, position: int) -> str:
    field = _shape(word)
    if field is None:
        hint = "write what it is: name:CreateUser, actor:deploy, error:AccessDenied; or search by pattern"
        raise QueryError("Text is not searched for in events.", position=position, hint=hint)
    return field


def _meant(field: str) -> str:
    other = _OTHER_NAMES.get(field.replace("_", ""))
    return f"did you mean '{other}'?" if other else did_you_mean(field, FIELDS) or f"terms are {', '.join(FIELDS)}"


def _instant(term: QueryTerm, position: int, at: datetime, zone: tzinfo) -> datetime:
    value = term.value.strip()
    found = _ago(value, at) or _on_clock(value, at, zone) or _on_day(value, zone)
    if found is None:
        second = parse_event_time(value)
        found = None if second is None else datetime.fromtimestamp(second, UTC)
    if found is None:
        raise QueryError(
            f"'{term.field}:' takes a time, and '{value[:40]}' is none.",
            position=position,
            hint='such as 24h, 30min, 7d, 03:10, 2026-03-14 or "2026-03-14 03:10"',
        )
    return found


def _ago(value: str, at: datetime) -> datetime | None:
    span = _SPAN.fullmatch(value)
    if span is None:
        return None
    try:
        return at - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _on_clock(value: str, at: datetime, zone: tzinfo) -> datetime | None:
    """The last time that a clock in that zone showed it."""
    clock = _CLOCK.fullmatch(value)
    if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59:
        return None
    today = at.astimezone(zone).replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    return today if today <= at else today - timedelta(days=1)


def _on_day(value: str, zone: tzinfo) -> datetime | None:
    day = _DAY.fullmatch(value)
    if day is None:
        return None
    try:
        return datetime.fromisoformat(f"{day[1]}T{day[2] or '00:00'}:{day[3] or '00'}").replace(tzinfo=zone)
    except ValueError:
        return None


# ---------------------------------------------------------------- holding


def _holds(term: QueryTerm, record: RecordTerms) -> bool:
    match term.field:
        case "source":
            return is_source(term.value, record.source)
        case "type":
            return record.category == TYPES[term.value.lower()]
        case "account" | "region":
            return any(one.kind == "scope" and is_scope(term.field, term.value, one.value) for one in record.terms)
        case _:
            kind = TERM_KIND.get(term.field)
            return any(one.kind == kind and is_meant(term.field, term.value, one.value) for one in record.terms)


def is_source(wanted: str, source: str) -> bool:
    """Is it this eventSource, with or without its domain?"""
    return source.casefold().removesuffix(".amazonaws.com") == wanted.casefold().removesuffix(".amazonaws.com")


def is_scope(field: str, wanted: str, scope: str) -> bool:
    """Is it the account, or the region, of `ACCOUNT/REGION`?"""
    account, _, region = scope.partition("/")
    return (account if field == "account" else region) == wanted
