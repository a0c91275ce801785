"""Help: the keys, the words, and where more is to be read. Spec: CON-3.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.console.answer import Page
from tocsin.console.navigation import NAVIGATION
from tocsin.console.route import page

if TYPE_CHECKING:
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_KEYS: Final = (
    ("/", "to the search box"),
    ("?", "this page"),
    ("j, k, Enter", "next row, row before, open"),
    ("a", "acknowledge, on the page of an alarm"),
    ("m", "mute, on the page of an alarm"),
    ("e", "edit what the page shows"),
    ("u", "times in UTC, or local again"),
    (".", "pause what moves, or go on"),
)

# Glyph and tone as `_parts.html` takes them, the word, and what it means.
_SIGNS: Final = (
    ("alarm", "alarm", "ALARM", "The alarm rings. The same sign stands where nobody is told."),
    ("ok", "ok", "OK", "It is watched, and nothing is wrong."),
    ("nodata", "nodata", "INSUFFICIENT_DATA", "Nothing is known yet, or no data came."),
    ("mute", "off", "muted", "A mute rule keeps its actions back. The state goes on as ever."),
    ("off", "off", "actions off", "Its actions are switched off: it rings without telling anybody."),
    ("warn", "warn", "attention", "Somebody should look: pending, failing, new."),
    ("late", "late", "late", "Data came after the alarm had been evaluated."),
    ("unknown", "off", "not known", "Whether it is so cannot be told from what is there."),
)


def help_page(visit: Visit) -> Answer:
    """Keys and signs."""
    goes = [(f"g {entry.key}", entry.name) for _, entries in NAVIGATION for entry in entries if entry.key]
    context = {"keys": _KEYS, "goes": goes, "signs": _SIGNS, "has_shortcuts": visit.visitor.has_shortcuts}
    return Page("help.html", "Help", context)


ROUTES = (page("help", help_page),)
