"""The clock of a rule's tests, and the records that a test makes happen on it.

Rule: `0m` is the same instant in every run and on every machine, so that a test gives the same answer
everywhere and always. Spec: IF-4 (Tests), AL-18.1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.event_time import format_time, parse_event_time
from tocsin.core.rule import parse_offset
from tocsin.core.template import TEMPLATE_TIME, lay_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.rule import RuleTest


def _second_of_template() -> int:
    second = parse_event_time(TEMPLATE_TIME)
    assert second is not None
    return second


START = _second_of_template()
"""`0m` in seconds since the epoch: the template's time, a Monday at midnight UTC.

It begins a minute, an hour, a day and a week, so slots of every length, a wall-clock window among
them, begin where a reader of the test expects them.
"""

_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"))


class ClockRecord(msgspec.Struct, frozen=True):
    """One record of a test: when it happens, in seconds since the epoch, and its JSON text."""

    second: int
    text: str


def second_at(offset: str) -> int:
    """The second since the epoch that an offset (`90s`, `1m`) stands for; its syntax was checked before."""
    seconds = parse_offset(offset)
    assert seconds is not None
    return START + seconds


def offset_text(second: int) -> str:
    """A second since the epoch as an offset in the largest unit that it fills: `2m`, `90s`, `-3m`.

    >>> offset_text(START + 120), offset_text(START + 90), offset_text(START - 86_400)
    ('2m', '90s', '-1d')
    """
    seconds = second - START
    if seconds == 0:
        return "0m"
    unit, letter = next(((unit, letter) for unit, letter in _UNITS if seconds % unit == 0), (1, "s"))
    return f"{seconds // unit}{letter}"


def records_of(test: RuleTest) -> Iterator[ClockRecord]:
    """The records that an alarm test makes happen, in the order of the file.

    Each has the eventTime of its place on the clock and an eventID of its own, numbered through the
    test, unless the test gives them or takes them away; an eventID that is given belongs to the first
    of several records alone.
    """
    number = 0
    for step in test.events:
        event, absent = step["event"], step.get("absent", ())
        every = parse_offset(step.get("every", "0s")) or 0
        for place in range(step.get("repeat", 1)):
            number += 1
            second = second_at(step["at"]) + place * every
            made = {"eventTime": format_time(second), "eventID": event_id(number)}
            record = lay_over({**made, **event}, absent)
            if place and "eventID" in record:
                record["eventID"] = made["eventID"]
            yield ClockRecord(second, json.dumps(record))


def event_id(number: int) -> str:
    """The eventID of the record of that number in a test.

    >>> event_id(3)
    '00000000-0000-4000-8000-000000000003'
    """
    return f"00000000-0000-4000-8000-{number:012}"
