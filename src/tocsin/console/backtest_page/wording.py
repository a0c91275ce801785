"""How values of the report stand on the page.

Rule: every text out of the report passes `shown`. Spec: IF-3, CON-1.4.
"""

from __future__ import annotations

import math
import re

import msgspec

from tocsin.core.event_time import format_time, parse_event_time
from tocsin.core.quantity import count_text
from tocsin.core.unsafe_character import escaped

TEXT, LONG_TEXT = 400, 4_000
"""Characters that are shown of a value, and of a text that people wrote to be read."""

_UNITS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))


# Marks that are put over or under the character before them: more than four climb into other lines (CON-8.6).
_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACK = re.compile(f"({_MARK}{{4}}){_MARK}+")


def shown(text: str, limit: int = TEXT) -> str:
    r"""`text` on one line, cut; what could act on a reader's screen is an escape.

    >>> shown("alice\x1b[2J"), shown("abcdef", 3)
    ('alice\\x1b[2J', 'abc…')
    """
    cut = text if len(text) <= limit else text[:limit]
    safe = escaped(cut) if cut.isascii() else _STACK.sub(r"\1…", escaped(cut))
    return safe if len(text) <= limit else safe + "…"


def number_text(value: float) -> str:
    """A value as people read it; very large and very small ones with an exponent.

    >>> number_text(1234.0), number_text(0.00012), number_text(1e30)
    ('1,234', '0.00012', '1e+30')
    """
    if math.isfinite(value) and (value == 0 or 0.01 <= abs(value) < 1e15):
        return count_text(value)
    return f"{value:.3g}"


def length_text(seconds: float) -> str:
    """A length of time in its two largest units.

    >>> length_text(14_640), length_text(31_536_000), length_text(59)
    ('4 h 4 min', '365 d', '59 s')
    """
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in _UNITS:
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size:,} {unit} {rest} {smaller_unit}" if rest else f"{whole // size:,} {unit}"
    return f"{whole} s"


class Moment(msgspec.Struct, frozen=True):
    """A time as the page shows it, and as `datetime` of its element; that is empty when it is no time."""

    text: str
    machine: str


def moment(text: str) -> Moment:
    """`2026-03-18T02:30:00Z` as `2026-03-18 02:30:00Z`; a text that is no time as it is."""
    second = parse_event_time(text)
    if second is None:
        return Moment(shown(text, 40), "")
    machine = format_time(second)
    return Moment(machine.replace("T", " "), machine)
