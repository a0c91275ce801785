"""The course of a count over time in one line."""

from __future__ import annotations

import pytest

from tocsin.cli.sparkline import into_bins, sparkline


@pytest.mark.parametrize(
    ("values", "unicode", "line"),
    [
        ([0, 1, 2, 8], True, "·▁▂█"),
        ([0, 1, 2, 8], False, ".:-@"),
        ([0, 0], True, "··"),
        ([], True, ""),
        ([5, 5], True, "██"),
        ([1, 1_000_000], True, "▁█"),
    ],
)
def test_line_shows_heights(values: list[float], unicode: bool, line: str) -> None:
    assert sparkline(values, unicode=unicode) == line


def test_smallest_value_is_seen() -> None:
    assert "·" not in sparkline([1e-9, 1.0], unicode=True)


def test_points_fall_into_equal_stretches() -> None:
    points = [(0.0, 1.0), (9.9, 1.0), (10.0, 2.0), (29.9, 4.0), (30.0, 8.0)]
    assert into_bins(points, start=0, end=30, bins=3) == [2.0, 2.0, 12.0]


def test_points_outside_are_left_out() -> None:
    assert into_bins([(-1.0, 1.0), (31.0, 1.0)], start=0, end=30, bins=3) == [0.0, 0.0, 0.0]


def test_span_of_one_moment_has_one_stretch_that_counts() -> None:
    assert into_bins([(5.0, 1.0), (5.0, -2.0)], start=5, end=5, bins=2) == [3.0, 0.0]
