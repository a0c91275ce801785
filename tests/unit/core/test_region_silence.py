"""Regions from which nothing comes any more (CON-4.2)."""

from __future__ import annotations

import pytest

from tocsin.core.event_count import DAY, HOUR, EventCount, EventKind
from tocsin.core.region_silence import Silence, silent_regions

NOW = 20_000 * DAY
ACCOUNT = "111122223333"


def hours(*ago: int, region: str = "us-east-1", account: str = ACCOUNT, **more) -> list[EventCount]:
    """Records in hours that began so long ago."""
    kind = EventKind(more.get("category", "Management"), account, region)
    return [EventCount(NOW - one * HOUR, more.get("width", HOUR), "trail", kind, 3) for one in ago]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (hours(*range(1, 100)), []),
        (hours(*range(3, 100)), []),
        (hours(*range(4, 100)), [Silence(ACCOUNT, "us-east-1", NOW - 3 * HOUR, 0)]),
        (hours(*range(8, 100, 4)), []),
        (hours(*range(8, 104, 4)), [Silence(ACCOUNT, "us-east-1", NOW - 7 * HOUR, 3 * HOUR)]),
        (hours(*range(7, 104, 4)), []),
        (hours(*range(10, 33)), []),
        (hours(*range(10, 34)), [Silence(ACCOUNT, "us-east-1", NOW - 9 * HOUR, 0)]),
        (hours(*range(10, 34), region=""), []),
        (hours(*range(10, 34), category=""), []),
        (hours(*range(10, 34), width=DAY), []),
        (hours(*range(200, 230), *range(1, 30)), []),
        (hours(*range(200, 230)), [Silence(ACCOUNT, "us-east-1", NOW - 199 * HOUR, 0)]),
    ],
    ids=[
        *("speaks", "two-hours", "three-hours", "seldom-enough", "as-ever", "not-twice-as-long"),
        *("too-few-hours", "just-enough", "no-region", "no-records", "days", "came-back", "long-ago"),
    ],
)
def test_a_region_is_silent_by_its_own_habit(counts, found) -> None:
    assert silent_regions(counts, now=NOW) == found


def test_the_longest_silent_comes_first() -> None:
    counts = [*hours(*range(5, 40)), *hours(*range(9, 50), region="eu-west-1"), *hours(*range(5, 40), account="9" * 12)]
    assert [(one.account, one.region) for one in silent_regions(counts, now=NOW)] == [
        (ACCOUNT, "eu-west-1"),
        (ACCOUNT, "us-east-1"),
        ("9" * 12, "us-east-1"),
    ]
