"""The types of metric math: a single number S, a time series TS, an array of series TS[]. Spec: AL-4.1.

Rule: a `Kind` is a set. Which of TS and TS[] the id of a query stands for is not known before it is
evaluated, so reading refuses only what cannot be right in any case, and evaluation asks again.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(Flag):
    """What an operand may be. Words and texts are only arguments of functions that take them."""

    SCALAR = auto()
    SERIES = auto()
    ARRAY = auto()
    WORD = auto()
    TEXT = auto()


RESULT = Kind.SERIES | Kind.ARRAY
"""What a query's result, and so a query's id, may be."""

OPERAND = Kind.SCALAR | RESULT
"""What operators take."""

_NAMES = {
    Kind.SCALAR: "a single number",
    Kind.SERIES: "a time series",
    Kind.ARRAY: "an array of time series",
    Kind.WORD: "a word",
    Kind.TEXT: "a text in quotes",
}


def kind_text(kind: Kind) -> str:
    """`a time series or an array of time series`."""
    return " or ".join(name for member, name in _NAMES.items() if member in kind)


def widest(kinds: Iterable[Kind]) -> Kind:
    """What operands that are combined point by point give: the widest of them, in every case that may be."""
    reached = Kind.SCALAR
    for kind in kinds:
        reached = _union(max(one, other, key=_width) for one in reached for other in kind)
    return reached


def reduced(kind: Kind) -> Kind:
    """What an aggregate gives: a number for a series, a series for an array."""
    found = [Kind.SCALAR] if Kind.SERIES in kind else []
    if Kind.ARRAY in kind:
        found.append(Kind.SERIES)
    return _union(found)


def _width(kind: Kind) -> int:
    return kind.value


def _union(kinds: Iterable[Kind]) -> Kind:
    union = Kind(0)
    for kind in kinds:
        union |= kind
    return union
