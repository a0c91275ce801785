"""Time zones that are offsets. Rule: names are somebody else's: the core knows no time zone database.

Spec: AL-5.8.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo

_OFFSET = re.compile(r"(?:UTC)?([+-])([0-9]{2}):([0-9]{2})\Z")
_MOST_MINUTES = 14 * 60


def offset_zone(text: str) -> tzinfo | None:
    """The time zone of `UTC`, `+05:30` or `UTC+05:30`, in steps of five minutes; None for anything else.

    >>> offset_zone("UTC"), offset_zone("Europe/Berlin")
    (datetime.timezone.utc, None)
    """
    if text == "UTC":
        return UTC
    found = _OFFSET.match(text)
    if found is None:
        return None
    hours, minutes = int(found[2]), int(found[3])
    total = hours * 60 + minutes
    if minutes >= 60 or minutes % 5 or total > _MOST_MINUTES:
        return None
    return timezone(timedelta(minutes=-total if found[1] == "-" else total))
