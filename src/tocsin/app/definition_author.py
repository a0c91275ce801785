"""Who put a definition last, by the record of the call. Spec: CON-7.5, CT-16.

Rule: whoever is named made a call that is in the event history; where it is not there (yet), nobody is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.event_history import PAGE, look_up_events
from tocsin.core.log_event import Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Author(NamedTuple):
    """Who made a call, and when, in seconds since the epoch."""

    name: str
    at: int


def last_author(service: Service, scope: Scope, operation: str, *, parameters: Mapping[str, str]) -> Author | None:
    """Who last called an operation with these parameters, given as records have them; of the newest calls alone."""
    for asked, author in _calls(service, scope, operation):
        if all(asked.get(name) == value for name, value in parameters.items()):
            return author
    return None


def last_authors(service: Service, scope: Scope, operation: str, *, parameter: str) -> dict[str, Author]:
    """The same for every value that a parameter had in the newest calls, in one look-up."""
    found: dict[str, Author] = {}
    for asked, author in _calls(service, scope, operation):
        value = asked.get(parameter)
        if isinstance(value, str):
            found.setdefault(value, author)
    return found


def _calls(service: Service, scope: Scope, operation: str) -> Iterator[tuple[Mapping[str, Any], Author]]:
    """The newest calls that were not refused, newest first: what was asked for, and by whom."""
    found, _ = look_up_events(service, scope, [Term("EventName", operation)], limit=PAGE)
    for one in found:
        record = _decode(one.text.encode())
        asked = record.get("requestParameters")
        if isinstance(asked, dict) and record.get("errorCode") is None:
            yield asked, Author(one.told.username or "", one.place.second)
