"""`&&` and `||` without nesting: conditions in a row, and after each where to go on.

Rule: the answer is that of evaluating from left to right and stopping as soon as it is known
(FP-5.3). A row of conditions needs no stack, so a pattern of any depth can be evaluated anywhere
(FP-1.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tocsin.core.pattern.tree import And, Condition, Expr, Or

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Leaf = TypeVar("Leaf")
Subject = TypeVar("Subject")

MATCH = -1
NO_MATCH = -2


class Stop(NamedTuple, Generic[Leaf]):
    """One condition, and where to go on when it holds and when it does not.

    A place in the row, or `MATCH`, `NO_MATCH`. Places only ever grow along the way.
    """

    leaf: Leaf
    if_true: int
    if_false: int


class _Label:
    """The place of a condition that has none yet."""

    __slots__ = ("place",)

    def __init__(self, place: int = 0) -> None:
        self.place = place


class _Way(NamedTuple):
    """A part of an expression that waits for its places: its own label, and where it leads."""

    part: Any
    here: _Label
    if_true: _Label
    if_false: _Label


def route(expr: Expr) -> tuple[Stop[Condition], ...]:
    """The conditions of an expression in order of appearance, each with its ways on."""
    return route_fused(expr, lambda items: items)


def route_fused(expr: Expr, fuse: Callable[[tuple[Expr, ...]], Iterable[Any]]) -> tuple[Stop[Any], ...]:
    """The same; `fuse` may first put operands of an `||` together into leaves of its own."""
    found: list[_Way] = []
    waiting = [_Way(expr, _Label(), _Label(MATCH), _Label(NO_MATCH))]
    while waiting:
        way = waiting.pop()
        if isinstance(way.part, And | Or):
            waiting.extend(reversed(_ways(way, fuse)))
        else:
            way.here.place = len(found)
            found.append(way)
    return tuple(Stop(way.part, way.if_true.place, way.if_false.place) for way in found)


def _ways(way: _Way, fuse: Callable[[tuple[Expr, ...]], Iterable[Any]]) -> list[_Way]:
    """The operands of an `&&` or `||`: each leads to the next one unless the outcome is settled."""
    is_and = isinstance(way.part, And)
    items = list(way.part.items if is_and else fuse(way.part.items))
    starts = [way.here, *(_Label() for _ in items[1:])]
    following = [*starts[1:], way.if_true if is_and else way.if_false]
    return [
        _Way(item, start, after if is_and else way.if_true, way.if_false if is_and else after)
        for item, start, after in zip(items, starts, following, strict=True)
    ]


def join(stops: Sequence[Stop[Callable[[Subject], bool]]]) -> Callable[[Subject], bool]:
    """One test out of a row of tests."""
    if len(stops) == 1:
        return stops[0].leaf
    tests = tuple(stop.leaf for stop in stops)
    if all(stop.if_false == NO_MATCH for stop in stops):

        def all_hold(subject: Subject) -> bool:
            for test in tests:  # noqa: SIM110  (no generator for every event)  (all() with a generator takes twice the time)
                if not test(subject):
                    return False
            return True

        return all_hold
    if all(stop.if_true == MATCH for stop in stops):

        def one_holds(subject: Subject) -> bool:
            for test in tests:  # noqa: SIM110  (no generator for every event)
                if test(subject):
                    return True
            return False

        return one_holds
    row = tuple((stop.leaf, stop.if_true, stop.if_false) for stop in stops)

    def walk(subject: Subject) -> bool:
        place = 0
        while place >= 0:
            test, if_true, if_false = row[place]
            place = if_true if test(subject) else if_false
        return place == MATCH

    return walk
