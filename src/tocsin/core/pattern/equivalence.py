"""Comparing filter patterns by meaning, and events that show what a pattern matches. Spec: FP-13.30.

Rule: no relation is claimed that does not hold. An implication is claimed only when it is proved for
every event; a difference only with an event on which both patterns were evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from tocsin.core.pattern.proof import (
    ALWAYS,
    Both,
    Prover,
    Sketch,
    column_sketches,
    opposite,
    sketch_expr,
    text_sketch,
)
from tocsin.core.pattern.regex_automaton import TooLargeError
from tocsin.core.pattern.region import Domain
from tocsin.core.pattern.tree import All, Ellipsis, Json, Space, Text  # noqa: A004  (the tree names it)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.pattern import FilterPattern
    from tocsin.core.pattern.tree import Pattern


class Relation(StrEnum):
    """How the events that two patterns match relate."""

    EQUAL = "equal"
    A_IMPLIES_B = "a implies b"
    B_IMPLIES_A = "b implies a"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The relation of pattern `a` to pattern `b`, and events that show it.

    `only_a` is an event that `a` matches and `b` does not, `only_b` the reverse; both were tried.

    equal           each implies the other
    a implies b     proved; with `only_b` when an event shows that they are not equal
    b implies a     the same the other way round
    different       neither implies the other; `only_a` and `only_b` are given
    unknown         not settled within the bounds; an event may still show that they are not equal
    """

    relation: Relation
    only_a: str | None = None
    only_b: str | None = None

    @property
    def witness(self) -> str | None:
        """An event that tells the two apart, if one is known."""
        return self.only_a if self.only_a is not None else self.only_b


def equivalent(a: FilterPattern, b: FilterPattern) -> Comparison:
    """Compare two patterns by the events they match. Never raises; what is too large is `UNKNOWN`."""
    pair = _Pair(a.tree, b.tree)
    only_a = _first(event for event in pair.only(0) if a.matches(event) and not b.matches(event))
    only_b = _first(event for event in pair.only(1) if b.matches(event) and not a.matches(event))
    a_implies_b = only_a is None and pair.implies(0)
    b_implies_a = only_b is None and pair.implies(1)
    if a_implies_b and b_implies_a:
        relation = Relation.EQUAL
    elif a_implies_b:
        relation = Relation.A_IMPLIES_B
    elif b_implies_a:
        relation = Relation.B_IMPLIES_A
    elif only_a is not None and only_b is not None:
        relation = Relation.DIFFERENT
    else:
        relation = Relation.UNKNOWN
    return Comparison(relation, only_a, only_b)


def example_of(pattern: FilterPattern) -> str | None:
    """A small event that `pattern` matches; None when there is none, or none is found within the bounds.

    For JSON patterns it is a record with no more fields than needed. The event has been tried.
    """
    return next(iter(examples_of(pattern)), None)


def examples_of(pattern: FilterPattern) -> tuple[str, ...]:
    """Small events that `pattern` matches, in different ways; each was tried, and there are not many."""
    return tuple(event for event in _examples(pattern.tree) if pattern.matches(event))


def implies(a: Pattern, b: Pattern) -> bool:
    """Tell whether it is proved that every event that `a` matches is matched by `b` too."""
    return _Pair(a, b).implies(0)


def never_matches(pattern: Pattern) -> bool:
    """Tell whether it is proved that no event matches."""
    prover = _joint_prover(pattern, pattern)
    return prover is not None and prover.is_impossible(sketch_of(pattern))


def always_matches(pattern: Pattern) -> bool:
    """Tell whether it is proved that every event matches, whatever it holds.

    No JSON pattern does, and of the space-delimited ones only `[...]`, which asks for no column.
    """
    if isinstance(pattern, All):
        return True
    if isinstance(pattern, Text):
        prover = _joint_prover(pattern, pattern)
        return prover is not None and prover.implies(ALWAYS, sketch_of(pattern))
    return isinstance(pattern, Space) and all(isinstance(column, Ellipsis) for column in pattern.columns)


def sketch_of(pattern: Pattern) -> Sketch:
    """What a pattern demands, without its spelling."""
    match pattern:
        case All():
            return ALWAYS
        case Text():
            return text_sketch(pattern)
        case Json(expr):
            return sketch_expr(expr)
        case Space():
            return Both(tuple(column_sketches(pattern)))
        case _:
            assert_never(pattern)


# ---------------------------------------------------------------- two patterns


class _Pair:
    """Two patterns, with one prover for both where they look at the same places."""

    def __init__(self, a: Pattern, b: Pattern) -> None:
        self._trees = (a, b)
        self._sketches = (sketch_of(a), sketch_of(b))
        self._prover = _joint_prover(a, b)

    def only(self, which: int) -> Iterable[str]:
        """Events that this one may match and the other may not."""
        if self._prover is None:
            # Different kinds, or lines cut differently: no common places, so the examples of one are tried.
            return _examples(self._trees[which])
        return self._prover.examples(self._sketches[which], opposite(self._sketches[1 - which]))

    def implies(self, which: int) -> bool:
        """Tell whether it is proved that what this one matches, the other does too."""
        if self._prover is None:
            return never_matches(self._trees[which]) or always_matches(self._trees[1 - which])
        return self._prover.implies(self._sketches[which], self._sketches[1 - which])


def _first(events: Iterable[str]) -> str | None:
    return next(iter(events), None)


def _examples(pattern: Pattern) -> Iterable[str]:
    prover = _joint_prover(pattern, pattern)
    return () if prover is None else prover.examples(sketch_of(pattern))


def _joint_prover(a: Pattern, b: Pattern) -> Prover | None:
    """A prover for both patterns; None when they do not look at the same places, or when it would be too large."""
    sketches = (sketch_of(a), sketch_of(b))
    try:
        if isinstance(a, Json) and isinstance(b, Json):
            return Prover(sketches, Domain.JSON)
        if isinstance(a, All | Text) and isinstance(b, All | Text):
            return Prover(sketches, Domain.MESSAGE)
        if isinstance(a, Space) and isinstance(b, Space) and _layout(a) == _layout(b):
            return Prover(sketches, Domain.COLUMN, entries=sum(_layout(a)))
    except TooLargeError:
        pass
    return None


def _layout(space: Space) -> tuple[bool, ...]:
    """Where the columns stand and where `...` does: lines are cut alike for patterns that agree in it."""
    return tuple(not isinstance(column, Ellipsis) for column in space.columns)
