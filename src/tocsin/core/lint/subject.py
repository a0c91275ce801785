"""A pattern under examination: its tree, the surroundings of each condition, and what can be proved.

Rule: a lint looks at a pattern through this class alone; what is proved here holds for every event.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, assert_never

from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.equivalence import sketch_of
from tocsin.core.pattern.parser import parse_with_notes
from tocsin.core.pattern.printer import print_pattern
from tocsin.core.pattern.proof import (
    Prover,
    absent,
    column_claim,
    json_claim,
    present,
    sketch_expr,
)
from tocsin.core.pattern.regex_automaton import TooLargeError
from tocsin.core.pattern.region import Domain
from tocsin.core.pattern.tree import All, And, Column, Json, NotExists, Or, Selector, Space, Text, conditions
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.core.pattern.lexer import Note
    from tocsin.core.pattern.proof import Claim, Sketch
    from tocsin.core.pattern.tree import Condition, Expr, Pattern, Step

MAX_SHOWN = 160
"""How much of an expression a message shows."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of a pattern and what stands around it.

    `beside` is everything AND-ed to it, `others` are the other branches of the ORs that it is in.
    """

    expr: Expr
    claim: Callable[[Condition], Claim]
    beside: tuple[Spot, ...] = ()
    others: tuple[Expr, ...] = ()

    @property
    def position(self) -> int:
        """Where it begins in the pattern."""
        return conditions(self.expr)[0].position

    @property
    def sketch(self) -> Sketch:
        """What it demands, without its spelling."""
        return sketch_expr(self.expr, self.claim)

    @property
    def context(self) -> tuple[Sketch, ...]:
        """What is demanded beside it."""
        return tuple(spot.sketch for spot in self.beside)

    @property
    def parts(self) -> tuple[Spot, ...]:
        """The operands of an AND or an OR, each with its surroundings; none of a single condition."""
        if not isinstance(self.expr, And | Or):
            return ()
        return tuple(self._part(self.expr, place) for place in range(len(self.expr.items)))

    def _part(self, expr: And | Or, place: int) -> Spot:
        others = (*expr.items[:place], *expr.items[place + 1 :])
        if isinstance(expr, Or):
            return Spot(expr.items[place], self.claim, self.beside, (*self.others, *others))
        beside = tuple(Spot(item, self.claim) for item in others)
        return Spot(expr.items[place], self.claim, (*self.beside, *beside), self.others)

    def has_absence_beside(self, steps: tuple[Step, ...]) -> bool:
        """Tell whether another branch of the same OR asks for the field to be absent."""
        found = (condition for other in self.others for condition in conditions(other))
        return any(isinstance(condition, NotExists) and condition.selector.steps == steps for condition in found)


class Subject:
    """A pattern that was accepted. Making one raises `PatternError` for one that is refused."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree: Pattern
        self.notes: tuple[Note, ...]
        self.tree, self.notes = parse_with_notes(source)

    @cached_property
    def pattern(self) -> FilterPattern:
        """The pattern, compiled."""
        return FilterPattern.parse(self.source)

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """Every part of a JSON or space-delimited pattern, outer ones first, in order of appearance."""
        found: list[Spot] = []
        stack = list(reversed(self.roots))
        while stack:
            found.append(stack.pop())
            stack.extend(reversed(found[-1].parts))
        return tuple(found)

    @cached_property
    def conditions(self) -> tuple[Spot, ...]:
        """Every single condition of a JSON or space-delimited pattern."""
        return tuple(spot for spot in self.spots if not isinstance(spot.expr, And | Or))

    @cached_property
    def prover(self) -> Prover | None:
        """What can be proved about the pattern's conditions; None when the question is too large."""
        try:
            match self.tree:
                case Json(expr):
                    selectors = [condition.selector for condition in conditions(expr)]
                    plain = [one for one in selectors if isinstance(one, Selector) and not one.has_wildcard]
                    extra = [claim(one) for one in plain for claim in (absent, present)]
                    return Prover([sketch_of(self.tree), *extra], Domain.JSON)
                case Space():
                    return Prover([sketch_of(self.tree)], Domain.COLUMN)
                case All() | Text():
                    return Prover([sketch_of(self.tree)], Domain.MESSAGE)
                case _:
                    assert_never(self.tree)
        except TooLargeError:
            return None

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """A few small events that the pattern matches, which was tried; none where none is found easily."""
        if self.prover is None:
            return ()
        return tuple(event for event in self.prover.examples(self.sketch) if self.pattern.matches(event))

    @property
    def sketch(self) -> Sketch:
        """What the whole pattern demands."""
        return sketch_of(self.tree)

    def excludes(self, *sketches: Sketch) -> bool:
        """Tell whether it is proved that the sketches cannot hold together."""
        return self.prover is not None and self.prover.is_impossible(*sketches)

    def knows(self, claim: Claim) -> bool:
        """Tell whether the pattern makes the claim somewhere, so that it can be proved or refuted."""
        return self.prover is not None and self.prover.knows(claim)

    @cached_property
    def roots(self) -> tuple[Spot, ...]:
        """The expression of a JSON pattern, or those of the columns of a space-delimited one."""
        if isinstance(self.tree, Json):
            return (Spot(self.tree.expr, json_claim),)
        if not isinstance(self.tree, Space):
            return ()
        columns = [column for column in self.tree.columns if isinstance(column, Column)]
        spots = [
            Spot(column.expr, partial(column_claim, columns, entry))
            for entry, column in enumerate(columns)
            if column.expr is not None
        ]
        return tuple(
            Spot(spot.expr, spot.claim, beside=tuple(other for other in spots if other is not spot)) for spot in spots
        )


# ---------------------------------------------------------------- texts


def shown(expr: Expr) -> str:
    """An expression as a message shows it, cut when it is long."""
    text = print_pattern(Json(expr))[1:-1].strip(" ")
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def edited(source: str, edits: Iterable[tuple[int, int, str]]) -> str | None:
    """`source` with each `(start, end, text)` put in; None when the result is not accepted."""
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source if is_accepted(source) else None


def is_accepted(source: str) -> bool:
    """Tell whether a pattern is accepted."""
    try:
        parse_with_notes(source)
    except PatternError:
        return False
    return True


def with_rewrite(hint: str, rewrite: str | None) -> str:
    """The hint, with the whole rewrite when there is one."""
    return hint if rewrite is None else f"{hint}; write: {rewrite}"
