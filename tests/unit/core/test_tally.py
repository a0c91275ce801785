"""Tallies: exact sums, and parts that add up to the whole in any order (AR-4)."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from tocsin.core.tally import Room, Tally, TooManyDatapointsError, exact

ARN = "arn:aws:iam::111122223333:user/alice"


def tally(*matches: tuple[int, float, tuple[tuple[str, str], ...]]) -> Tally:
    made, room = Tally(), Room()
    for second, value, dimensions in matches:
        made.add_match(second, {"userIdentity.arn": ARN, "awsRegion": f"r{second}"}, room)
        made.add_datum(second, exact(value), dimensions, room)
    return made


def contents(made: Tally) -> object:
    return (made.matches, made.unusable, made.omitted, made.first, made.last, made.sums, made.top)


def test_values_of_one_minute_are_summed() -> None:
    made = tally((60, 1.0, ()), (119, 2.5, ()), (120, 1.0, ()))
    assert made.sums == {(): {1: Fraction(7, 2), 2: 1}}
    assert (made.matches, made.first, made.last) == (3, 60, 120)


def test_each_set_of_dimension_values_is_a_series() -> None:
    made = tally((0, 1.0, (("r", "a"),)), (0, 1.0, (("r", "b"),)), (0, 1.0, (("r", "a"),)))
    assert made.sums == {(("r", "a"),): {0: 2}, (("r", "b"),): {0: 1}}


def test_whole_numbers_stay_integers() -> None:
    assert type(exact(3.0)) is int
    assert exact(0.1) == Fraction(0.1)


def test_parts_add_up_to_the_same_bits_in_every_order() -> None:
    values = (1e16, 1.0, -1e16, 0.1, 0.2, 2.0**360)
    wanted = contents(tally(*((60, value, ()) for value in values)))
    for order in itertools.permutations(values):
        total, room = Tally(), Room()
        for value in order:
            total.merge(tally((60, value, ())), room)
        assert contents(total) == wanted


def test_merging_an_empty_part_changes_nothing() -> None:
    made = tally((60, 1.0, ()))
    before = contents(tally((60, 1.0, ())))
    made.merge(Tally(), Room())
    assert contents(made) == before
    empty = Tally()
    empty.merge(made, Room())
    assert contents(empty) == before


def test_long_values_are_counted_under_their_beginning() -> None:
    made = Tally()
    made.add_match(0, {"eventName": "x" * 5000}, Room())
    assert list(made.top["eventName"]) == ["x" * 1024 + "…"]


def test_values_that_do_not_fit_are_counted_as_omitted() -> None:
    made, room = Tally(), Room(size=250)
    for name in ("first", "second", "third", "first"):
        made.add_match(0, {"eventName": name}, room)
    assert made.top["eventName"] == {"first": 2, "second": 1}
    assert (made.matches, made.omitted) == (4, 1)


@pytest.mark.parametrize(("size", "dimensions"), [(0, ()), (150, ()), (150, (("ip", "192.0.2.1"),))])
def test_datapoints_that_do_not_fit_are_never_dropped_silently(
    size: int, dimensions: tuple[tuple[str, str], ...]
) -> None:
    made, room = Tally(), Room(size=size)
    with pytest.raises(TooManyDatapointsError):
        for minute in range(3):
            made.add_datum(60 * minute, 1, dimensions, room)
