"""Looking for a way to make conditions hold together.

Rule: a formula over finitely many regions per place is searched completely or not at all: the
search ends with every way tried, or with `TooLargeError`. Spec: FP-13.30, FP-14.9 (8).

A place is where a condition looks: a selector's steps, a column, the whole message. A plain place
has exactly one value; a place with a wildcard step has any number of them, and conditions on it ask
for some value (`SOME`) or for none (`NONE`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tocsin.core.pattern.regex_automaton import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BRANCHES = 1_500
"""How many branches are looked at for all questions together before giving up (bounded work, FP-13.30)."""


class Effort:
    """What is left to be spent on a number of questions; `TooLargeError` when nothing is."""

    def __init__(self, branches: int = MAX_BRANCHES) -> None:
        self._left = branches

    def spend(self) -> None:
        """Pay for one branch of a search."""
        if self._left <= 0:
            raise TooLargeError
        self._left -= 1


class Mode(Enum):
    """What a leaf says about its place."""

    IN = "the value is in one of the regions"
    SOME = "some value is in one of the regions"
    NONE = "no value is in any of the regions"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One demand on one place; `regions` is a set of the place's regions as bits."""

    place: int
    regions: int
    mode: Mode


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `parts` holds; without parts it is true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of `parts` holds; without parts it is false."""

    parts: tuple[Formula, ...]


Formula = Leaf | All | Any

TRUE = All(())
FALSE = Any(())


@dataclass(frozen=True, slots=True)
class State:
    """What is left open: per place the regions that are still allowed, and the sets some value must be in."""

    allowed: tuple[int, ...]
    wanted: tuple[tuple[int, ...], ...]

    def with_leaf(self, leaf: Leaf) -> State | None:
        """The state in which `leaf` holds as well; None when it cannot."""
        place = leaf.place
        if leaf.mode is Mode.SOME:
            if not self.allowed[place] & leaf.regions:
                return None
            wanted = (*self.wanted[place], leaf.regions)
            return State(self.allowed, (*self.wanted[:place], wanted, *self.wanted[place + 1 :]))
        left = self.allowed[place] & (leaf.regions if leaf.mode is Mode.IN else ~leaf.regions)
        if (leaf.mode is Mode.IN and not left) or any(not left & some for some in self.wanted[place]):
            return None
        return State((*self.allowed[:place], left, *self.allowed[place + 1 :]), self.wanted)

    def decides(self, leaf: Leaf) -> bool | None:
        """Tell whether `leaf` holds whatever is chosen (True), never (False), or is open (None)."""
        allowed = self.allowed[leaf.place]
        if leaf.mode is Mode.IN:
            inside = allowed & leaf.regions
            return False if not inside else True if inside == allowed else None
        inside = allowed & leaf.regions
        if not inside:
            return leaf.mode is Mode.NONE
        if any(not some & allowed & ~leaf.regions for some in self.wanted[leaf.place]):
            return leaf.mode is Mode.SOME
        return None


def negated(formula: Formula) -> Formula:
    """The formula that holds exactly where `formula` does not."""
    if isinstance(formula, Leaf):
        mode = {Mode.IN: Mode.IN, Mode.SOME: Mode.NONE, Mode.NONE: Mode.SOME}[formula.mode]
        return Leaf(formula.place, ~formula.regions if mode is Mode.IN else formula.regions, mode)
    parts = tuple(negated(part) for part in formula.parts)
    return all_of(parts) if isinstance(formula, Any) else any_of(parts)


def all_of(parts: tuple[Formula, ...]) -> Formula:
    """A conjunction; demands on one place are drawn together (lists of names become one demand)."""
    return _gathered(parts, All, lambda leaf: leaf.mode in {Mode.IN, Mode.NONE})


def any_of(parts: tuple[Formula, ...]) -> Formula:
    """A disjunction; demands on one place are drawn together."""
    return _gathered(parts, Any, lambda leaf: leaf.mode in {Mode.IN, Mode.SOME})


def _gathered(parts: tuple[Formula, ...], kind: type[All | Any], may_join: Callable[[Leaf], bool]) -> Formula:
    flat: dict[Formula, None] = {}
    joined: dict[tuple[int, Mode], int] = {}
    for part in parts:
        for item in part.parts if isinstance(part, kind) else (part,):
            if isinstance(item, Leaf) and may_join(item):
                key = (item.place, item.mode)
                known = joined.get(key, item.regions)
                # Within AND the value must be in both sets; otherwise the sets add up.
                is_narrowing = kind is All and item.mode is Mode.IN
                joined[key] = known & item.regions if is_narrowing else known | item.regions
            else:
                flat[item] = None
    leaves = tuple(Leaf(place, regions, mode) for (place, mode), regions in joined.items())
    everything = (*leaves, *flat)
    return everything[0] if len(everything) == 1 else kind(everything)


def solutions(formula: Formula, start: State, is_possible: Callable[[State], bool], effort: Effort) -> Iterator[State]:
    """Every state in which `formula` holds whatever is chosen from it, one for each way to make it hold.

    `is_possible` drops states that contradict what the places have to do with one another. Raises
    `TooLargeError` when `effort` is spent.
    """
    stack: list[tuple[State, tuple[Formula, ...]]] = [(start, (formula,))]
    while stack:
        effort.spend()
        settled = _settled(*stack.pop())
        if settled is None or not is_possible(settled[0]):
            continue
        state, choices = settled
        if not choices:
            yield state
            continue
        choices = sorted(choices, key=lambda choice: len(choice.parts))
        first, rest = choices[0], tuple(choices[1:])
        # Each branch also says that the ones before it fail, so that no way is tried twice. The
        # stack is last in, first out: the first alternative is put there last.
        for place in reversed(range(len(first.parts))):
            others = tuple(negated(part) for part in first.parts[:place])
            stack.append((state, (first.parts[place], *others, *rest)))


def _settled(state: State, pending: tuple[Formula, ...]) -> tuple[State, list[Any]] | None:
    """Apply every demand that leaves no choice, until only choices are left; None when they contradict."""
    choices: list[Any] = []
    work = list(pending)
    while True:
        while work:
            item = work.pop()
            if isinstance(item, Leaf):
                after = state.with_leaf(item)
                if after is None:
                    return None
                state = after
            elif isinstance(item, All):
                work.extend(item.parts)
            else:
                choices.append(item)
        left: list[Any] = []
        for choice in choices:
            open_parts = _open_parts(choice, state)
            if open_parts is None:
                continue
            if len(open_parts) > 1:
                left.append(Any(open_parts))
            elif open_parts:
                work.append(open_parts[0])
            else:
                return None
        choices = left
        if not work:
            return state, choices


def _open_parts(choice: Any, state: State) -> tuple[Formula, ...] | None:
    """The alternatives that may still hold; None when one of them holds already."""
    parts: list[Formula] = []
    for part in choice.parts:
        decided = _decided(part, state)
        if decided is True:
            return None
        if decided is None:
            parts.append(part)
    return tuple(parts)


def _decided(formula: Formula, state: State) -> bool | None:
    if isinstance(formula, Leaf):
        return state.decides(formula)
    answers = [_decided(part, state) for part in formula.parts]
    stop = isinstance(formula, Any)
    if stop in answers:
        return stop
    return None if None in answers else not stop
