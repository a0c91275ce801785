"""The search for a way to make demands hold together (FP-13.30)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.regex_automaton import TooLargeError
from tocsin.core.pattern.search import FALSE, TRUE, All, Any, Effort, Leaf, Mode, State, all_of, negated, solutions

PLAIN = 0  # a place with one value, in one of four regions
WILD = 1  # a place with any number of values
START = State((0b1111, 0b1111), ((), ()))


def demand(place: int, regions: int, mode: Mode = Mode.IN) -> Leaf:
    return Leaf(place, regions, mode)


SOME, NONE = demand(WILD, 0b0011, Mode.SOME), demand(WILD, 0b0111, Mode.NONE)


@pytest.mark.parametrize(
    "leaves",
    [
        (demand(PLAIN, 0b0011), demand(PLAIN, 0b1100)),
        (SOME, NONE),
        (NONE, SOME),
    ],
)
def test_demands_that_contradict_leave_no_state(leaves: tuple[Leaf, Leaf]) -> None:
    after = START.with_leaf(leaves[0])
    assert after is not None
    assert after.decides(leaves[1]) is False
    assert after.with_leaf(leaves[1]) is None


@pytest.mark.parametrize(
    ("given", "asked", "answer"),
    [
        (demand(PLAIN, 0b0001), demand(PLAIN, 0b0011), True),
        (demand(PLAIN, 0b0011), demand(PLAIN, 0b0001), None),
        (demand(WILD, 0b0001, Mode.SOME), SOME, True),
        (demand(WILD, 0b0111, Mode.SOME), SOME, None),
        (NONE, demand(WILD, 0b0011, Mode.NONE), True),
        (demand(WILD, 0b0001, Mode.SOME), NONE, False),
        (demand(WILD, 0b1000, Mode.SOME), NONE, None),
    ],
)
def test_what_is_given_decides_what_is_asked(given: Leaf, asked: Leaf, answer: bool | None) -> None:
    after = START.with_leaf(given)
    assert after is not None
    assert after.decides(asked) is answer


def test_true_and_false() -> None:
    assert list(solutions(TRUE, START, lambda _: True, Effort())) == [START]
    assert list(solutions(FALSE, START, lambda _: True, Effort())) == []
    assert negated(TRUE) == FALSE


def test_alternatives_are_each_found_once() -> None:
    choice = Any((demand(PLAIN, 0b0001), SOME, All((demand(PLAIN, 0b0010), NONE))))
    found = list(solutions(choice, START, lambda _: True, Effort()))
    assert [state.allowed[PLAIN] for state in found] == [0b0001, 0b1110, 0b0010]


def test_impossible_states_are_dropped() -> None:
    assert list(solutions(SOME, START, lambda _: False, Effort())) == []


def test_demands_on_one_place_become_one() -> None:
    assert all_of((demand(PLAIN, 0b0011), demand(PLAIN, 0b0110))) == demand(PLAIN, 0b0010)
    assert negated(Any((demand(PLAIN, 0b0001), demand(PLAIN, 0b0010)))) == demand(PLAIN, ~0b0001 & ~0b0010)


def test_effort_is_shared_between_questions() -> None:
    effort = Effort(2)
    assert list(solutions(SOME, START, lambda _: True, effort))
    assert list(solutions(NONE, START, lambda _: True, effort))
    with pytest.raises(TooLargeError):
        list(solutions(SOME, START, lambda _: True, effort))
