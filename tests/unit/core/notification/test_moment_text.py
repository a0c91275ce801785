"""Moments for people (AL-17.6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.core.notification.moment_text import long_moment, short_moment, span_of_moments


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (datetime(2026, 9, 14, 11, 18, 44, 252_000, tzinfo=UTC), "Monday 14 September, 2026 11:18:44 UTC"),
        (
            datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))),
            "Wednesday 31 December, 2025 23:00:00 UTC",
        ),
        (datetime(2026, 3, 1, tzinfo=UTC), "Sunday 01 March, 2026 00:00:00 UTC"),
    ],
)
def test_long_moment(at: datetime, wanted: str) -> None:
    assert long_moment(at) == wanted


def test_short_moment_is_total() -> None:
    assert short_moment(0) == "1970-01-01 00:00:00Z"
    assert short_moment(10**18) == "9999-12-31 23:59:59Z"
    assert short_moment(-(10**18)) == "0001-01-01 00:00:00Z"


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        (0, 0, "1970-01-01 00:00:00Z"),
        (0, 61, "1970-01-01 00:00:00Z to 00:01:01Z"),
        (0, 86_400, "1970-01-01 00:00:00Z to 1970-01-02 00:00:00Z"),
    ],
)
def test_span_of_moments(first: int, last: int, wanted: str) -> None:
    assert span_of_moments(first, last) == wanted
