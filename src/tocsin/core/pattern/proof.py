"""What can be proved about conditions: that they cannot hold together, or an event for which they do.

Rule: "impossible" is only ever said when no event whatever satisfies the conditions; what cannot be
settled within the bounds is left open. Spec: FP-13.2, FP-13.4, FP-13.30, FP-14.9 (8).

A `Sketch` is an expression in which spelling no longer plays a part: claims about places, joined by
`Both` and `Either`. A `Prover` is made for some sketches and then answers questions about any
combination of their claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tocsin.core.pattern.language import Form, RegexTest, TextTest
from tocsin.core.pattern.regex_automaton import TooLargeError
from tocsin.core.pattern.region import CONTAINER, Comparison, Domain, Kind, Missing, predicate_of, regions
from tocsin.core.pattern.search import (
    FALSE,
    Effort,
    Leaf,
    Mode,
    State,
    all_of,
    any_of,
    negated,
    solutions,
)
from tocsin.core.pattern.shape import JsonShape, LineShape, MessageShape
from tocsin.core.pattern.space_match import place_of_column
from tocsin.core.pattern.text_match import is_blank
from tocsin.core.pattern.tree import (
    And,
    AnyElement,
    AnyName,
    Column,
    ColumnRef,
    Index,
    Name,
    Op,
    Or,
    Regex,
    Role,
    Selector,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tocsin.core.pattern.region import Predicate, Region
    from tocsin.core.pattern.search import Formula
    from tocsin.core.pattern.shape import Shape
    from tocsin.core.pattern.tree import Condition, Expr, Space, Step, Term, Text

MAX_SOLUTIONS = 24
"""How many ways of satisfying a question are turned into events when an example is looked for."""

Place = tuple["Step", ...] | int
"""Where a claim looks: the steps of a selector, the number of an entry of `[…]`, 0 for a whole message."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A predicate holds at a place (of a wildcard selector: for some node), or does not."""

    place: Place
    predicate: Predicate
    is_positive: bool = True


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple[Sketch, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Sketch, ...]


Sketch = Claim | Both | Either

ALWAYS = Both(())

PRESENT = Comparison(Op.EQ, TextTest(Form.ANY, ""))
"""`= *`: a string, a number or a boolean stands there (FP-5.2)."""


# ---------------------------------------------------------------- from patterns to sketches


def json_claim(condition: Condition) -> Claim:
    """The claim that a condition of a JSON pattern makes."""
    selector = condition.selector
    assert isinstance(selector, Selector)
    return Claim(selector.steps, predicate_of(condition))


def column_claim(columns: Sequence[Column], entry: int, condition: Condition) -> Claim:
    """The claim that a condition inside an entry of a space-delimited pattern makes."""
    column = condition.selector
    assert isinstance(column, ColumnRef)
    return Claim(place_of_column(columns, entry, column.name), predicate_of(condition))


def sketch_expr(expr: Expr, claim: Callable[[Condition], Claim] = json_claim) -> Sketch:
    """The sketch of an expression, of a JSON pattern unless `claim` says otherwise."""
    if isinstance(expr, And):
        return Both(tuple(sketch_expr(item, claim) for item in expr.items))
    if isinstance(expr, Or):
        return Either(tuple(sketch_expr(item, claim) for item in expr.items))
    return claim(expr)


def absent(selector: Selector) -> Claim:
    """`selector NOT EXISTS`."""
    return Claim(selector.steps, Missing())


def present(selector: Selector) -> Claim:
    """`selector = *`."""
    return Claim(selector.steps, PRESENT)


def text_sketch(text: Text) -> Sketch:
    """The sketch of a text pattern; optional terms beside others have no effect (FP-3.7)."""
    demanded = [term_claim(term) for term in text.terms if term.role is not Role.OPTIONAL]
    if demanded:
        return Both(tuple(demanded))
    return Either(tuple(term_claim(term) for term in text.terms))


def term_claim(term: Term) -> Claim:
    """The claim that a term of a text pattern makes."""
    value = term.value
    if isinstance(value, Regex):
        test: TextTest | RegexTest = RegexTest(value.source)
    else:
        # A phrase of blanks only, or the empty one, is found in every message (FP-3.8).
        test = TextTest(Form.ANY, "") if is_blank(value.text) else TextTest(Form.CONTAINS, value.text)
    return Claim(0, Comparison(Op.EQ, test), is_positive=term.role is not Role.EXCLUDED)


def column_sketches(space: Space) -> list[Sketch]:
    """One sketch for each entry of a space-delimited pattern but `...`; one without a condition gives `ALWAYS`."""
    columns = [column for column in space.columns if isinstance(column, Column)]
    return [
        ALWAYS if column.expr is None else sketch_expr(column.expr, partial(column_claim, columns, entry))
        for entry, column in enumerate(columns)
    ]


def claims(sketch: Sketch) -> Iterable[Claim]:
    """Every claim of a sketch, in order."""
    stack: list[Sketch] = [sketch]
    while stack:
        item = stack.pop()
        if isinstance(item, Claim):
            yield item
        else:
            stack.extend(reversed(item.parts))


def is_wild(place: Place) -> bool:
    """Tell whether the place can have several nodes."""
    return isinstance(place, tuple) and any(isinstance(step, AnyName | AnyElement) for step in place)


# ---------------------------------------------------------------- the prover


class Prover:
    """Answers questions about combinations of the claims in `sketches`.

    Making one raises `TooLargeError` when the values of a place cannot be cut into few enough regions.
    The work for all its answers together is bounded; after that every answer is the careful one.
    """

    def __init__(self, sketches: Iterable[Sketch], domain: Domain, *, entries: int = 0) -> None:
        predicates: dict[Place, dict[Predicate, None]] = {}
        for sketch in sketches:
            for claim in claims(sketch):
                predicates.setdefault(claim.place, {})[claim.predicate] = None
        if domain is Domain.MESSAGE:
            predicates.setdefault(0, {})
        pairs = [(wild, plain) for wild in predicates if is_wild(wild) for plain in predicates if not is_wild(plain)]
        for wild, plain in pairs:
            if _is_instance(plain, wild):
                predicates[plain] |= predicates[wild]
        self._places = {place: number for number, place in enumerate(predicates)}
        self._predicates = [list(of_place) for of_place in predicates.values()]
        self._regions = [_ordinary(place, regions(list(of), domain)) for place, of in predicates.items()]
        self._shape = self._make_shape(domain, entries)
        self._ties = all_of(tuple(self._tied_places()))
        everything = tuple((1 << len(of_place)) - 1 for of_place in self._regions)
        self._effort = Effort()
        self._start = State(everything, ((),) * len(everything))

    def _make_shape(self, domain: Domain, entries: int) -> Shape:
        if domain is Domain.MESSAGE:
            return MessageShape(self._regions[0])
        if domain is Domain.COLUMN:
            columns = [place for place in self._places if isinstance(place, int)]
            return LineShape(columns, self._regions, entries)
        steps = [place for place in self._places if isinstance(place, tuple)]
        return JsonShape(steps, self._regions)

    def knows(self, claim: Claim) -> bool:
        """Tell whether the claim is one of those that questions may hold."""
        number = self._places.get(claim.place)
        return number is not None and claim.predicate in self._predicates[number]

    def is_impossible(self, *sketches: Sketch) -> bool:
        """Tell whether it is proved that no event makes all of them hold; False also when the question is too large."""
        try:
            return next(self._solutions(*sketches), None) is None
        except TooLargeError:
            return False

    def implies(self, premise: Sketch, conclusion: Sketch) -> bool:
        """Tell whether it is proved that whatever makes `premise` hold makes `conclusion` hold as well."""
        return self.is_impossible(premise, opposite(conclusion))

    def examples(self, *sketches: Sketch) -> list[str]:
        """Proposals of events for which all of them hold, shortest first. They have still to be tried."""
        found: list[str] = []
        try:
            for state in islice(self._solutions(*sketches), MAX_SOLUTIONS):
                found.extend(self._shape.events(state))
        except TooLargeError:
            pass
        return sorted(found, key=len)

    # ------------------------------------------------------------ formulas

    def _solutions(self, *sketches: Sketch) -> Iterator[State]:
        return solutions(self._formula(*sketches), self._start, self._shape.is_possible, self._effort)

    def _formula(self, *sketches: Sketch) -> Formula:
        return all_of((self._ties, *(self._compiled(sketch) for sketch in sketches)))

    def _compiled(self, sketch: Sketch) -> Formula:
        if isinstance(sketch, Claim):
            leaf = self._leaf(sketch.place, sketch.predicate)
            return leaf if sketch.is_positive else negated(leaf)
        parts = tuple(self._compiled(part) for part in sketch.parts)
        return all_of(parts) if isinstance(sketch, Both) else any_of(parts)

    def _leaf(self, place: Place, predicate: Predicate) -> Formula:
        number = self._places[place]
        if is_wild(place) and predicate == Missing():
            # Nothing at all is selected (FP-5.10).
            return Leaf(number, self._all(number), Mode.NONE)
        holds = self._where(number, predicate)
        if not holds:
            return FALSE
        return Leaf(number, holds, Mode.SOME if is_wild(place) else Mode.IN)

    def _where(self, number: int, predicate: Predicate) -> int:
        bit = self._predicates[number].index(predicate)
        return _mask(region.holds >> bit & 1 for region in self._regions[number])

    def _of_kind(self, number: int, kind: Kind) -> int:
        return _mask(bool(region.kind & kind) for region in self._regions[number])

    def _all(self, number: int) -> int:
        return (1 << len(self._regions[number])) - 1

    # ------------------------------------------------------------ what wildcards have to do with other places

    def _tied_places(self) -> Iterable[Formula]:
        for wild, number in self._places.items():
            if not is_wild(wild):
                continue
            for other, other_number in self._places.items():
                if other == wild or isinstance(other, int) or isinstance(wild, int):
                    continue
                if not is_wild(other):
                    yield from self._tied_plain(wild, number, other, other_number)
                elif other[: len(wild)] == wild:
                    # `$.a[*].b` selects something: then `$.a[*]` selects a container.
                    nothing = Leaf(other_number, self._all(other_number), Mode.NONE)
                    yield any_of((nothing, Leaf(number, self._of_kind(number, CONTAINER), Mode.SOME)))

    def _tied_plain(
        self, wild: tuple[Step, ...], number: int, plain: tuple[Step, ...], plain_number: int
    ) -> Iterable[Formula]:
        if not _is_instance(plain[: len(wild)], wild):
            return
        missing = Leaf(plain_number, self._of_kind(plain_number, Kind.MISSING), Mode.IN)
        if len(plain) > len(wild):
            # `$.a[0].b` is there: then `$.a[*]` selects a container.
            yield any_of((missing, Leaf(number, self._of_kind(number, CONTAINER), Mode.SOME)))
            return
        # `$.a[0]` is one of the nodes that `$.a[*]` selects.
        yield any_of((missing, Leaf(number, self._all(number), Mode.SOME)))
        for predicate in self._predicates[number]:
            if predicate != Missing():
                holds = Leaf(plain_number, self._where(plain_number, predicate), Mode.IN)
                yield any_of((negated(holds), self._leaf(wild, predicate)))


def opposite(sketch: Sketch) -> Sketch:
    """The sketch that holds exactly where `sketch` does not."""
    if isinstance(sketch, Claim):
        return Claim(sketch.place, sketch.predicate, is_positive=not sketch.is_positive)
    parts = tuple(opposite(part) for part in sketch.parts)
    return Either(parts) if isinstance(sketch, Both) else Both(parts)


def _is_instance(plain: Place, wild: Place) -> bool:
    """Tell whether what `plain` selects is one of the nodes that `wild` selects."""
    if isinstance(plain, int) or isinstance(wild, int) or len(plain) != len(wild):
        return False
    return all(
        isinstance(there, Name)
        if isinstance(step, AnyName)
        else isinstance(there, Index)
        if isinstance(step, AnyElement)
        else there == step
        for there, step in zip(plain, wild, strict=True)
    )


def _ordinary(place: Place, found: Sequence[Region]) -> Sequence[Region]:
    """What a wildcard selects is there; a missing node is not among the regions of its place."""
    return [region for region in found if region.kind is not Kind.MISSING] if is_wild(place) else found


def _mask(bits: Iterable[int]) -> int:
    return sum(1 << place for place, bit in enumerate(bits) if bit)
