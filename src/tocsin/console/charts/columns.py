"""Down-sampling: many slots in few columns. Spec: CON-5.4.

Rule: no peak, no breach and no gap of the full series is lost. A column is a whole number of slots, shows the extreme
on the breaching side, breaches if one of its slots does, and knows how many of them are missing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.console.charts.slot import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.console.charts.slot import Slot

MOST_COLUMNS: Final = 120
"""Columns of a metric chart, and of lanes."""

MOST_SPARKS: Final = 60
"""Columns of a sparkline."""

MOST_EVENT_COLUMNS: Final = 144
"""Columns of the event lane: ten minutes each in a day."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: `slots` of them from `start` to `end`, of which `missing` have no value.

    `value` is the extreme on the breaching side, None where all are missing; `low` and `high` both ends, and `high_at`
    where the newest slot as high as that begins. `decided` is the extreme of what the deciding evaluation saw where it
    saw something else. `fills` are missing slots that count as breaching.
    """

    start: int
    end: int
    slots: int
    missing: int
    fills: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    high_at: int | None = None
    decided: float | None = None
    lower: float | None = None
    upper: float | None = None
    is_breaching: bool = False
    is_late: bool = False
    href: str = ""
    note: str = ""


def columns_of(slots: Sequence[Slot], *, side: Side = Side.ABOVE, most: int = MOST_COLUMNS) -> tuple[Column, ...]:
    """`slots`, which are in order and touch, as at most `most` columns of the same number of slots.

    The last column ends with the last slot, so that the newest slots never change their column as others leave; the
    first may be shorter.
    """
    return tuple(_column(part, side) for part in _parts(slots, most))


def parts_of(count: int, *, most: int) -> list[tuple[int, int]]:
    """`count` slots as at most `most` runs of the same length, each from a slot up to before another.

    The last one ends with the last slot; the first may be shorter.

    >>> parts_of(5, most=3)
    [(0, 1), (1, 3), (3, 5)]
    """
    size = -(-count // most) or 1
    head = count % size
    cuts = [*([0] if head else []), *range(head, count, size), count]
    return list(pairwise(cuts))


def _parts(slots: Sequence[Slot], most: int) -> list[Sequence[Slot]]:
    return [slots[first:end] for first, end in parts_of(len(slots), most=most)]


def _column(slots: Sequence[Slot], side: Side) -> Column:
    real = [slot for slot in slots if slot.value is not None]
    values = [slot.value for slot in real if slot.value is not None]
    shown = _extreme_slot(real, side)
    decided = [slot.decided for slot in slots if slot.decided is not None]
    notes = [slot.note for slot in slots if slot.note]
    return Column(
        start=slots[0].start,
        end=slots[-1].end,
        slots=len(slots),
        missing=len(slots) - len(real),
        fills=sum(slot.is_fill for slot in slots),
        value=shown.value if shown is not None else None,
        low=min(values, default=None),
        high=max(values, default=None),
        high_at=max(((slot.value or 0.0, slot.start) for slot in real), default=(0.0, None))[1],
        decided=_extreme(decided, side),
        # A band is as wide as its tightest place in the column, or a value could leave it unseen.
        lower=max((slot.lower for slot in slots if slot.lower is not None), default=None),
        upper=min((slot.upper for slot in slots if slot.upper is not None), default=None),
        is_breaching=any(slot.is_breaching for slot in slots),
        is_late=any(slot.is_late for slot in slots),
        href=next((slot.href for slot in (shown, *slots) if slot is not None and slot.href), ""),
        note=notes[-1] if notes else "",
    )


def _extreme_slot(real: Sequence[Slot], side: Side) -> Slot | None:
    """The slot that a column shows: a breaching one before all others, and of those the furthest."""

    def reach(slot: Slot) -> tuple[bool, float]:
        value = slot.value if slot.value is not None else 0.0
        match side:
            case Side.ABOVE:
                far = value
            case Side.BELOW:
                far = -value
            case Side.BOTH:
                far = max(
                    value - slot.upper if slot.upper is not None else 0.0,
                    slot.lower - value if slot.lower is not None else 0.0,
                )
        return slot.is_breaching, far

    return max(real, key=reach, default=None)


def _extreme(values: Sequence[float], side: Side) -> float | None:
    return min(values, default=None) if side is Side.BELOW else max(values, default=None)


def line_points(slots: Sequence[Slot], *, most: int = MOST_COLUMNS) -> tuple[tuple[Slot, ...], ...]:
    """What a line is drawn through: stretches without a gap, of each column its first, last, lowest and highest slot.

    Slots without a value end a stretch.
    """
    stretches: list[list[Slot]] = [[]]
    for part in _parts(slots, most):
        for place, stretch in enumerate(_stretches(part)):
            if place:
                stretches.append([])
            stretches[-1] += _corners(stretch)
    return tuple(tuple(stretch) for stretch in stretches if stretch)


def _stretches(slots: Sequence[Slot]) -> list[list[Slot]]:
    """The slots with a value, cut where one has none; an empty stretch where the cut is at an end."""
    found: list[list[Slot]] = [[]]
    for slot in slots:
        if slot.value is None:
            if found[-1] or len(found) == 1:
                found.append([])
        else:
            found[-1].append(slot)
    return found


def _corners(stretch: Sequence[Slot]) -> list[Slot]:
    if not stretch:
        return []

    def value(slot: Slot) -> float:
        return slot.value if slot.value is not None else 0.0

    corners = {slot.start: slot for slot in (stretch[0], stretch[-1], min(stretch, key=value), max(stretch, key=value))}
    return [corners[start] for start in sorted(corners)]
