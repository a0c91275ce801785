"""Tails of the Poisson distribution against exact sums (CT-17.8)."""

from __future__ import annotations

from fractions import Fraction
from math import exp, inf

import pytest

from tocsin.core.insight.poisson import at_least, at_most


def exact_at_least(count: int, mean: Fraction, terms: int) -> float:
    """The tail in whole numbers but for exp(-mean)."""
    term = total = Fraction(1)
    for number in range(1, count + terms):
        term = term * mean / number
        total = term if number == count else total + term if number > count else total
    return float(total) * exp(-float(mean))


@pytest.mark.parametrize(
    ("count", "mean", "tail"),
    [
        (3, 5 / 11336, 1.43e-11),  # CT-17.8
        (6, 5 / 10182, 1.9e-23),  # CT-17.7, the example
    ],
)
def test_tails_of_the_specification(count: int, mean: float, tail: float) -> None:
    assert at_least(count, mean) == pytest.approx(tail, rel=0.02)


@pytest.mark.parametrize(("count", "tail"), [(2, 4.6e-7), (3, 3.2e-6)])
def test_lower_tails_of_the_specification(count: int, tail: float) -> None:
    assert at_most(count, 20) == pytest.approx(tail, rel=0.02)


@pytest.mark.parametrize("mean", [Fraction(1, 2000), Fraction(1, 3), Fraction(5), Fraction(20), Fraction(73, 2)])
@pytest.mark.parametrize("count", [1, 2, 5, 20, 36, 60])
def test_a_tail_is_the_sum_of_its_terms(count: int, mean: Fraction) -> None:
    expected = exact_at_least(count, mean, 200)
    assert at_least(count, float(mean)) == pytest.approx(expected, rel=1e-9)
    assert at_most(count - 1, float(mean)) == pytest.approx(1 - expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("mean", [1e-300, 0.5, 20.0, 1e6, 1e9])
def test_tails_fall_from_one_to_zero(mean: float) -> None:
    counts = sorted({0, 1, int(mean), int(mean) + 1, int(mean * 1.01) + 10, int(mean * 3) + 300})
    upper = [at_least(count, mean) for count in counts]
    assert upper[0] == 1.0
    assert upper == sorted(upper, reverse=True)
    assert all(0 <= tail <= 1 for tail in upper)
    lower = [at_most(count, mean) for count in (-1, *counts)]
    assert lower[0] == 0.0
    assert lower == sorted(lower)
    assert at_most(10**9 * 4, mean) == 1.0
    assert at_least(10**10, mean) < inf


def test_the_two_tails_add_up() -> None:
    for count in (999_000, 1_000_000, 1_001_000):
        assert at_least(count + 1, 1e6) + at_most(count, 1e6) == pytest.approx(1)
