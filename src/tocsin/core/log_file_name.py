"""What the name of a log file says. Spec: CT-11.1 to CT-11.3."""

from __future__ import annotations

import re

from tocsin.core.event_time import parse_event_time

# The documented sample of old lacks the underscore before the 16 characters.
_DELIVERY = re.compile(r"_CloudTrail(?:-[A-Za-z]+)?_[\w\-]+?_([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})Z_?\w*")


def delivery_time(path: str) -> int | None:
    """When a file was delivered, in seconds since the epoch, to the minute; None where its name does not say.

    >>> delivery_time("x/111122223333_CloudTrail_us-east-1_20260318T0235Z_AbCdEfGhIjKlMnOp.json.gz")
    1773801300
    """
    found = _DELIVERY.search(path.rpartition("/")[2])
    if found is None:
        return None
    year, month, day, hour, minute = found.groups()
    return parse_event_time(f"{year}-{month}-{day}T{hour}:{minute}:00Z")
