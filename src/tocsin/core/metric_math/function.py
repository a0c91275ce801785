"""What a function of metric math is: the arguments it takes, what it gives, and how it is worked out.

Rule: a function is one row of a table. Reading checks number and types of arguments by it as far as they are
known, evaluation checks the rest, so what computes may rely on them. Spec: AL-4.1, AL-4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.metric_math.kind import OPERAND, RESULT, Kind, reduced, widest
from tocsin.core.metric_math.series import Series, Value, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Argument = Value | str
"""A value; a word or a text comes as itself."""


class Parameter(NamedTuple):
    """One argument: what it may be, the words it may be, and whether it has to be the id of a metric."""

    accepts: Kind
    words: tuple[str, ...] = ()
    is_metric: bool = False


class Function(NamedTuple):
    """`result` tells the kind from those of the arguments. The last parameters may be left out, down to `required`."""

    parameters: tuple[Parameter, ...]
    required: int
    result: Callable[[Sequence[Kind]], Kind]
    apply: Callable[[Window, Sequence[Argument]], Value]


ANY = Parameter(OPERAND)
SERIES = Parameter(Kind.SERIES)
SERIES_OR_ARRAY = Parameter(RESULT)
ARRAY = Parameter(Kind.ARRAY)
NUMBER = Parameter(Kind.SCALAR)
TEXT = Parameter(Kind.TEXT)


def gives(kind: Kind) -> Callable[[Sequence[Kind]], Kind]:
    """The result is always of that kind."""
    return lambda _kinds: kind


def gives_same(kinds: Sequence[Kind]) -> Kind:
    """The result is of the kind of the first argument."""
    return kinds[0] & OPERAND


def gives_reduced(kinds: Sequence[Kind]) -> Kind:
    """The result is a number for a series, a series for an array."""
    return reduced(kinds[0])


def gives_widest(kinds: Sequence[Kind]) -> Kind:
    """The arguments are combined point by point."""
    return widest(kind & OPERAND for kind in kinds)


def as_value(argument: Argument) -> Value:
    """An argument that is no word and no text."""
    assert not isinstance(argument, str)
    return argument


def as_text(argument: Argument) -> str:
    """An argument that is a word or a text."""
    assert isinstance(argument, str)
    return argument


def as_series(argument: Argument) -> Series:
    """An argument that is a time series."""
    assert isinstance(argument, Series)
    return argument


def as_array(argument: Argument) -> tuple[Series, ...]:
    """An argument that is an array of time series."""
    assert isinstance(argument, tuple)
    return argument


def as_number(argument: Argument) -> float | None:
    """An argument that is a single number; None when it is a missing one."""
    assert argument is None or isinstance(argument, float | int)
    return argument
