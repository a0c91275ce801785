from __future__ import annotations

import pytest

from tocsin.core.alarm import evaluation_range


# AL-6.5: the two known points, and the formula between them.
@pytest.mark.parametrize(
    ("n", "period", "extra", "expected"),
    [
        (3, 300, None, 5),
        (3, 10, None, 9),
        (1, 60, None, 3),
        (1, 30, None, 3),
        (1, 20, None, 4),
        (3, 300, 0, 3),
        (3, 300, 4, 7),
    ],
)
def test_range(n: int, period: int, extra: int | None, expected: int) -> None:
    assert evaluation_range(n, period, extra) == expected


def test_under_a_wall_clock_window_it_is_n() -> None:
    assert evaluation_range(3, 60, 5, wall_clock=True) == 3
