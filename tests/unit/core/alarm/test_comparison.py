from __future__ import annotations

import pytest

from tocsin.core.alarm.comparison import Comparison, leaves_band, static_test


# AL-5.3: the value is the left operand.
@pytest.mark.parametrize(
    ("name", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_static_operators(name: str, below: bool, equal: bool, above: bool) -> None:
    breaches = static_test(Comparison(name))
    assert (breaches(4, 5), breaches(5, 5), breaches(6, 5)) == (below, equal, above)
    assert not Comparison(name).needs_band


# AL-5.3: strict, on the edge is inside.
@pytest.mark.parametrize(
    ("name", "leaving"),
    [
        ("LessThanLowerOrGreaterThanUpperThreshold", [9, 21]),
        ("LessThanLowerThreshold", [9]),
        ("GreaterThanUpperThreshold", [21]),
    ],
)
def test_band_operators(name: str, leaving: list[float]) -> None:
    comparison = Comparison(name)
    assert [value for value in (9, 10, 15, 20, 21) if leaves_band(comparison, value, 10, 20)] == leaving
    assert comparison.needs_band
    assert (comparison.needs_lower, comparison.needs_upper) == (9 in leaving, 21 in leaving)
