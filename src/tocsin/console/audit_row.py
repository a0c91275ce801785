"""An entry of the audit log in words, with what changed. Spec: CON-4.10 (Audit log), CON-1.2.

Rule: a phrase before the name of an operation; what is told of an object leads to it, where it still has a page.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.audit_entry import CUT, AuditEntry
from tocsin.core.audit_words import KINDS, Phrase, phrase_of
from tocsin.core.member_change import MemberChange, member_changes

if TYPE_CHECKING:
    from tocsin.app.audit import UndoOffer
    from tocsin.console.visit import Visit

LINES_IN_LIST: Final = 4
"""Lines of a change that are shown in the list."""

# What a browser says of itself by the name that people call it; the later ones say the earlier ones as well.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

_PAGES: Final = {
    "alarm": "alarms",
    "filter": "filters",
    "log-group": "logs",
    "topic": "topics",
    "subscription": "subscriptions",
    "trail": "trails",
    "rule": "rules",
    "delivery": "deliveries",
}


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of an entry. `address` is the page of the object."""

    entry: AuditEntry
    at: datetime
    phrase: Phrase
    kind: str
    address: str
    browser: str
    changes: tuple[MemberChange, ...]
    more: int
    undo: Any = None  # an UndoOffer
    undone_by: int | None = None


def audit_row(
    visit: Visit,
    entry: AuditEntry,
    *,
    undo: UndoOffer | None = None,
    undone_by: int | None = None,
    lines: int = LINES_IN_LIST,
) -> AuditRow:
    """An entry as this visitor may see it."""
    before, after = (visit.may_see_value(one) for one in (entry.before, entry.after))
    changes = member_changes(before, after)
    return AuditRow(
        entry=entry,
        at=datetime.fromisoformat(entry.at),
        phrase=phrase_of(entry),
        kind=KINDS.get(entry.kind, entry.kind),
        address=_address(visit, entry),
        browser=browser_of(entry.agent),
        changes=tuple(changes[:lines]),
        more=max(0, len(changes) - lines),
        undo=undo if visit.visitor.is_operator else None,
        undone_by=undone_by,
    )


def browser_of(agent: str) -> str:
    """A user agent in two words, as far as it is one of a browser; else its first word.

    >>> browser_of("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36")
    'Chrome on Linux'
    >>> browser_of("curl/8.5.0"), browser_of("")
    ('curl/8.5.0', '')
    """
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return " on ".join(filter(None, (browser, system))) if browser else agent.split(" ", 1)[0]


def cut_of(value: Any) -> dict[str, Any] | None:
    """What is kept of a value that was too long: its size, digest and beginning; None for any other value."""
    found = value.get(CUT) if isinstance(value, dict) and set(value) == {CUT} else None
    return found if isinstance(found, dict) else None


def _address(visit: Visit, entry: AuditEntry) -> str:
    page = _PAGES.get(entry.kind)
    if page is None or not entry.name:
        return "" if entry.kind != "mute" else visit.url("mutes")
    where = {"in": f"{entry.account}/{entry.region}"} if entry.account and entry.region else {}
    return visit.url(page, entry.name, **where)
