"""The navigation: what stands where. Spec: CON-3.4."""

from __future__ import annotations

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """An entry: its name, its address below `/console`, and the letter that follows `g` (CON-3.6)."""

    name: str
    path: str
    key: str = ""


NAVIGATION: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    ("Watch", (Entry("Overview", "", "o"), Entry("Alarms", "alarms", "a"), Entry("Events", "events", "e"))),
    (
        "Set up",
        (
            Entry("Log groups", "logs", "l"),
            Entry("Topics", "topics", "t"),
            Entry("Trails", "trails"),
            Entry("Rules", "rules", "r"),
            Entry("Mutes", "mutes"),
        ),
    ),
    (
        "Prove",
        (
            Entry("Coverage", "coverage"),
            Entry("Archive", "archive"),
            Entry("Deliveries", "deliveries"),
            Entry("Mailbox", "mailbox"),
        ),
    ),
    (
        "Learn",
        (
            Entry("Event types", "learn/event-types"),
            Entry("Alarm states", "learn/alarm-states"),
            Entry("Prices", "learn/prices"),
        ),
    ),
    ("System", (Entry("Status", "status", "s"), Entry("Audit log", "audit"), Entry("Settings", "settings"))),
)
"""Groups of entries, in the order in which they stand."""

# Pages that stand under the entry of another one.
_UNDER: Final = {
    "filters": "logs",
    "subscriptions": "topics",
    "actors": "events",
    "addresses": "events",
    "resources": "events",
}
_KINDS: Final = {
    "alarm": "alarms",
    "composite": "alarms",
    "log-group": "logs",
    "filter": "logs",
    "topic": "topics",
    "subscription": "topics",
    "trail": "trails",
    "mute": "mutes",
}


def section_of(path: str) -> str:
    """The address of the entry that a page stands under.

    >>> section_of("alarms/cis/root-usage"), section_of("learn/prices"), section_of("new/alarm"), section_of("")
    ('alarms', 'learn/prices', 'alarms', '')
    """
    parts = path.split("/")
    if parts[0] in {"new", "edit"} and len(parts) > 1:
        return _KINDS.get(parts[1], "")
    if parts[0] == "learn":
        return "/".join(parts[:2])
    return _UNDER.get(parts[0], parts[0])
