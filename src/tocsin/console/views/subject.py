"""The pages of an actor, an address and a resource: what one of them did, or had done to it. Spec: CON-4.6, CON-5.6."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.subject_activity import find_subject, names_like, read_activity, subject_events
from tocsin.console.actor_name import actor_name
from tocsin.console.answer import NoSuchPageError, Page
from tocsin.console.charts import Deed, Mark, Window, actor_timeline
from tocsin.console.event_line import event_line, newest_first, record_url, scoped_url, time_of
from tocsin.console.moment import from_epoch
from tocsin.console.route import page
from tocsin.console.shown_text import show
from tocsin.console.views.events import place_of, place_text
from tocsin.core.activity import HOUR_MS
from tocsin.core.change import change_of
from tocsin.core.log_event import Term
from tocsin.core.notification.call import DENIED, Call
from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.identity import text_at

if TYPE_CHECKING:
    from tocsin.app.subject_activity import ActivityRow, SubjectActivity
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.activity import Companion

ROWS: Final = 50
"""Events of a page."""

_MINUTE_MS: Final = 60_000
_GRAIN_MS: Final = 5 * _MINUTE_MS
_SPANS: Final = {"1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS}
_DEFAULT_SPAN: Final = "24h"

_ACTIVE_MS: Final = 15 * _MINUTE_MS
"""Who was seen within that time is active: CloudTrail's records are minutes late (CT-12.3)."""

_MOST_SIDE: Final = 10
_MOST_CHANGES: Final = 20
_MOST_LINES: Final = 12
_SIGN_CLASSES: Final = {"+": "add", "-": "rem", "=": "set", " ": "same"}

# What an access key looks like, so that a search can hold it.
_KEY: Final = re.compile(r"[A-Z0-9]{8,128}")


class _Subject(msgspec.Struct, frozen=True):
    """One kind of page: its path, the kind of term, and the words for it."""

    path: str
    kind: str
    word: str
    plural: str


_ACTOR: Final = _Subject("actors", "actor", "Actor", "actors")
_ADDRESS: Final = _Subject("addresses", "address", "Address", "addresses")
_RESOURCE: Final = _Subject("resources", "resource", "Resource", "resources")


def actor_page(visit: Visit) -> Answer:
    """What an actor did."""
    activity = _activity(visit, _ACTOR)
    named = actor_name(activity.term.value)
    sessions = _sessions(activity)
    context = {
        "kind": named.kind or "Actor",
        "heading": named.name or named.account,
        "facts": [("Account", named.account)] if named.account and named.name else [],
        "never_before": _never_before(visit, activity),
        "sides": [
            _side(visit, activity, "address", "Addresses"),
            _side(visit, activity, "key", "Access keys"),
            sessions,
        ],
    }
    return _page(visit, _ACTOR, activity, context)


def address_page(visit: Visit) -> Answer:
    """What came from an address."""
    activity = _activity(visit, _ADDRESS)
    context = {
        "kind": _address_kind(activity.term.value),
        "heading": activity.term.value,
        "facts": [],
        "never_before": [],
        "sides": [_side(visit, activity, "actor", "Actors"), _frequent(activity, "User agents", _user_agent)],
    }
    return _page(visit, _ADDRESS, activity, context)


def resource_page(visit: Visit) -> Answer:
    """What was done to a resource, with what that changed."""
    activity = _activity(visit, _RESOURCE)
    context = {
        "kind": "Resource",
        "heading": activity.term.value,
        "facts": [],
        "never_before": [],
        "changes": _changes(visit, activity),
        "sides": [
            _frequent_actors(visit, activity),
            _frequent(activity, "Calls", lambda row: row.found.value("event_name")),
        ],
    }
    return _page(visit, _RESOURCE, activity, context)


# ---------------------------------------------------------------- what is read


def _activity(visit: Visit, subject: _Subject) -> SubjectActivity:
    name = visit.name()
    if not name:
        raise NoSuchPageError(f"Which {subject.word.lower()}?", hint="The search box finds it by its name.")
    term = Term(subject.kind, name)
    scopes = list(dict.fromkeys((*visit.scopes, *visit.known_scopes)))
    found = find_subject(visit.service, scopes, term)
    if found is None:
        nearest = [(name, visit.url(subject.path, name)) for name in names_like(visit.service, scopes, term)]
        raise NoSuchPageError(
            f"No record that is kept names this {subject.word.lower()}",
            nearest=nearest,
            hint="Its events may have expired. An archive may know more: tocsin grep reads a whole one.",
        )
    scope, seen = found
    since, until = _span(visit)
    return read_activity(visit.service, scope, term, seen, since=since, until=until)


def _span(visit: Visit) -> tuple[int, int]:
    """The span that is shown, in milliseconds: from a whole hour, or five minutes of it, to the next one after now."""
    length = _SPANS[_span_name(visit)]
    now = int(visit.at.timestamp() * 1000)
    grain = HOUR_MS if length > HOUR_MS else _GRAIN_MS
    return (now - length) // grain * grain, now // grain * grain + grain


def _span_name(visit: Visit) -> str:
    asked = visit.query("span")
    return asked if asked in _SPANS else _DEFAULT_SPAN


def _page(visit: Visit, subject: _Subject, activity: SubjectActivity, context: dict[str, Any]) -> Page:
    before = place_of(visit.query("before"))
    rows, next_place = subject_events(visit.service, activity.scope, activity.term, before=before, limit=ROWS)
    now = int(visit.at.timestamp())
    window = Window(activity.since // 1000, activity.until // 1000)
    marks = [mark for row in activity.rows if (mark := _mark(visit, row)) is not None]
    last = from_epoch(activity.seen.last)
    shared = {
        "subject": subject,
        "activity": activity,
        "first": from_epoch(activity.seen.first),
        "last": last,
        "is_active": visit.at.timestamp() * 1000 - activity.seen.last < _ACTIVE_MS,
        "since": from_epoch(activity.since),
        "spans": [(name, visit.again(span=name, before=""), name == _span_name(visit)) for name in _SPANS],
        "timeline": actor_timeline(
            window, marks, now=now, zone=visit.clock.zone, actor=show(str(context["heading"]), 60).text
        ),
        "alarms": [(name, scoped_url(visit, activity.scope, "alarms", name)) for name in activity.alarm_names],
        "lines": newest_first([event_line(visit, row) for row in rows]),
        "older": "" if next_place is None else visit.again(before=place_text(next_place)),
        "is_further_back": before is not None,
        "search": scoped_url(
            visit,
            activity.scope,
            "events",
            q=f'{subject.kind}:"{activity.term.value}"' if '"' not in activity.term.value else "",
            range="all",
        ),
        "changes": (),
    }
    crumbs = [("Events", visit.url("events"))]
    return Page("subject.html", subject.word, shared | context, crumbs=crumbs)


def _mark(visit: Visit, row: ActivityRow) -> Mark | None:
    found = row.found
    name = found.value("event_name")
    if not name:
        return None
    result = found.terms.result
    deed = Deed.READ if row.is_read else Deed.WRITE
    if row.alarms:
        deed = Deed.COUNTED
    elif result == DENIED:
        deed = Deed.DENIED
    said = show(name, 80).text + ("" if result == "done" else f", {result}")
    said += f", counted in {show(row.alarms[0], 80).text}" if row.alarms else ""
    return Mark(
        at=found.event.timestamp // 1000,
        service=show(found.terms.source.removesuffix(".amazonaws.com") or "no service", 40).text,
        deed=deed,
        text=said,
        href=record_url(visit, found.scope, found.terms, found.event.timestamp),
    )


# ---------------------------------------------------------------- beside it


class SideRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that it was seen with. `is_new` says that both were never seen together before the span."""

    text: str
    count: int
    url: str = ""
    denied: int = 0
    first: datetime | None = None
    is_new: bool = False


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A list of what it was seen with; `total` of which the first are shown, `is_complete` as of the whole span."""

    title: str
    rows: tuple[SideRow, ...] = ()
    total: int = 0
    is_complete: bool = True


def _side(visit: Visit, activity: SubjectActivity, kind: str, title: str) -> Side:
    found = activity.companions[kind]
    rows = tuple(
        SideRow(
            text=_side_text(kind, one.value),
            count=one.outcomes.calls,
            denied=one.outcomes.denied,
            url=_side_url(visit, activity, kind, one.value),
            first=from_epoch(one.first),
            is_new=_is_new(activity, one),
        )
        for one in found.shown[:_MOST_SIDE]
    )
    return Side(title=title, rows=rows, total=found.total, is_complete=found.is_complete)


def _side_text(kind: str, value: str) -> str:
    if kind != "actor":
        return value
    named = actor_name(value)
    return f"{named.kind} {named.name or named.account}".strip()


def _side_url(visit: Visit, activity: SubjectActivity, kind: str, value: str) -> str:
    if kind == "key":
        return (
            scoped_url(visit, activity.scope, "events", q=f"key:{value}", range="all") if _KEY.fullmatch(value) else ""
        )
    return scoped_url(visit, activity.scope, "addresses" if kind == "address" else "actors", value)


def _is_new(activity: SubjectActivity, one: Companion) -> bool:
    """Both together are new, and the subject itself is not: else everything would be."""
    return one.first >= activity.since > activity.seen.first


def _never_before(visit: Visit, activity: SubjectActivity) -> list[SideRow]:
    """Calls that an actor made for the first time in the span."""
    return [
        SideRow(
            text=one.value,
            count=one.outcomes.calls,
            first=from_epoch(one.first),
            url=scoped_url(visit, activity.scope, "events", q=_two_terms(activity, one.value), range="all"),
        )
        for one in activity.companions["event_name"].shown
        if _is_new(activity, one)
    ][:_MOST_SIDE]


def _two_terms(activity: SubjectActivity, name: str) -> str:
    text = f"actor:{activity.term.value} name:{name}"
    return text if re.fullmatch(r'[^"\s]+ [^"\s]+', text) else ""


def _sessions(activity: SubjectActivity) -> Side:
    """The sessions of a role; for others the roles that they took."""
    if actor_name(activity.term.value).kind == "role":
        return _frequent(activity, "Sessions", _session_of)
    return _frequent(activity, "Roles taken", _role_taken)


def _session_of(row: ActivityRow) -> str:
    user = row.found.record.get("userIdentity")
    arn = text_at(user, "arn") if isinstance(user, dict) else ""
    return arn.rpartition("/")[2] if ":assumed-role/" in arn else ""


def _role_taken(row: ActivityRow) -> str:
    if not row.found.value("event_name").startswith("AssumeRole"):
        return ""
    return Call(row.found.record).parameter("roleArn")


def _user_agent(row: ActivityRow) -> str:
    return Call(row.found.record).text("userAgent")


def _frequent(activity: SubjectActivity, title: str, read: Any) -> Side:
    """The most frequent texts of the rows that were read."""
    counts = Counter(text for row in activity.rows if (text := read(row)))
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    rows = tuple(SideRow(text=text, count=count) for text, count in ordered[:_MOST_SIDE])
    return Side(title=title, rows=rows, total=len(counts), is_complete=activity.is_complete)


def _frequent_actors(visit: Visit, activity: SubjectActivity) -> Side:
    found = _frequent(activity, "Actors", lambda row: row.found.value("actor"))
    rows = tuple(
        SideRow(text=_side_text("actor", row.text), count=row.count, url=_side_url(visit, activity, "actor", row.text))
        for row in found.rows
    )
    return msgspec.structs.replace(found, rows=rows)


# ---------------------------------------------------------------- addresses and resources


# Of an organization's own networks; `is_private` counts what is kept for documentation, too.
_PRIVATE: Final = tuple(
    ip_network(one) for one in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


def _address_kind(value: str) -> str:
    """What sourceIPAddress holds: an address, or the name of an AWS service."""
    try:
        address = ip_address(value)
    except ValueError:
        return "AWS service" if value.endswith(".amazonaws.com") or value == "AWS Internal" else "Caller"
    return "Private address" if any(address in network for network in _PRIVATE) else "Address"


class ResourceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A call that changed a resource: when, in words, and what it added and took away."""

    at: datetime
    sentence: str
    url: str
    lines: tuple[tuple[str, str], ...]
    left_out: int
    took_effect: bool


def _changes(visit: Visit, activity: SubjectActivity) -> list[ResourceChange]:
    """The newest calls that are no reads, with what their records say that they changed."""
    found: list[ResourceChange] = []
    for row in activity.rows:
        if row.is_read or len(found) == _MOST_CHANGES:
            continue
        event = row.found.record
        at = time_of(event, row.found.event.timestamp)
        changes = change_of(Call(event))
        lines = [
            (_SIGN_CLASSES[line.sign.value], f"{line.sign.value} {line.text}") for one in changes for line in one.lines
        ]
        found.append(
            ResourceChange(
                at=at,
                sentence=EventSummary.of(event, int(at.timestamp())).sentence,
                url=record_url(visit, activity.scope, row.found.terms, row.found.event.timestamp),
                lines=tuple(lines[:_MOST_LINES]),
                left_out=max(0, len(lines) - _MOST_LINES),
                took_effect=row.found.terms.result == "done",
            )
        )
    return found


# Names that a path cannot carry stand in the query (CON-3.2).
ROUTES = (
    page("actors", actor_page),
    page("addresses", address_page),
    page("resources", resource_page),
    page("actors/{name...}", actor_page),
    page("addresses/{name...}", address_page),
    page("resources/{name...}", resource_page),
)
