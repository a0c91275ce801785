"""Who put a definition last, by the record of the call. Spec: CON-7.5, CT-16.

Rule: whoever is named made a call that is in the event history; where it is not there (yet), nobody is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.event_history import PAGE, look_up_events
from tocsin.core.log_event import Term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Author(NamedTuple):
    """Who made a call, and when, in seconds since the epoch."""

    name: str
    at: int


def last_author(service: Service, scope: Scope, operation: str, *, parameters: Mapping[str, str]) -> Author | None:
    """Who last called an operation with these parameters, given as records have them; of the newest calls alone."""
    found, _ = look_up_events(service, scope, [Term("EventName", operation)], limit=PAGE)
    for one in found:
        record = _decode(one.text.encode())
        asked = record.get("requestParameters")
        is_meant = isinstance(asked, dict) and all(asked.get(name) == value for name, value in parameters.items())
        if is_meant and record.get("errorCode") is None:
            return Author(one.told.username or "", one.place.second)
    return None
