"""Times and durations as they are shown. Spec: CON-1.4, CON-1.5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.console.moment import Clockface, duration_text, zone_of

AT = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
BERLIN, NEPAL, NEW_YORK = "Europe/Berlin", "Asia/Kathmandu", "America/New_York"


def clock(zone: str = "UTC") -> Clockface:
    return Clockface(zone_of(zone), at=AT)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3_600, "1 h"), (3_659, "1 h"), (14_680, "4 h 4 min"), (86_400, "1 d"), (93_600, "1 d 2 h"), (90_000_000, "1041 d 16 h")],
)  # fmt: skip
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-5, "now"), (0.9, "now"), (1, "1 s ago"), (200, "3 min 20 s ago")])
def test_what_is_not_a_second_old_is_now(seconds: float, text: str) -> None:
    assert clock().ago_text(AT - timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "UTC"), (BERLIN, "Europe/Berlin (UTC+1)"), (NEPAL, "Asia/Kathmandu (UTC+5:45)"), (NEW_YORK, "America/New_York (UTC-4)"), ("Europe/London", "Europe/London"), ("no/such", "UTC"), ("../../etc/passwd", "UTC")],
)  # fmt: skip
def test_a_zone_is_named_with_its_distance_from_utc(zone: str, text: str) -> None:
    assert clock(zone).zone_text == text


@pytest.mark.parametrize(
    ("zone", "moment", "local", "utc"),
    [
        ("UTC", datetime(2026, 3, 14, 3, 11, tzinfo=UTC), "03:11:00", "03:11:00Z"),
        ("UTC", datetime(2026, 3, 13, 3, 11, tzinfo=UTC), "13 Mar 03:11:00", "2026-03-13T03:11:00Z"),
        ("UTC", datetime(2025, 3, 14, 3, 11, tzinfo=UTC), "14 Mar 2025 03:11:00", "2025-03-14T03:11:00Z"),
        (BERLIN, datetime(2026, 3, 14, 23, 11, tzinfo=UTC), "00:11:00", "2026-03-14T23:11:00Z"),
        (BERLIN, datetime(2026, 3, 14, 3, 11, tzinfo=UTC), "14 Mar 04:11:00", "2026-03-14T03:11:00Z"),
    ],
)
def test_the_date_stands_there_unless_it_is_today_where_the_reader_is(
    zone: str, moment: datetime, local: str, utc: str
) -> None:
    assert (clock(zone).text(moment), clock(zone).utc_text(moment)) == (local, utc)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("failing since 2026-03-14T23:11:00Z: refused", "failing since 00:11: refused"),
        ("it lapses at 2026-03-13T00:34:20Z.", "it lapses at 13 Mar 01:34."),
        ("nothing since 2026-02-30T00:00:00Z", "nothing since 2026-02-30T00:00:00Z"),
        ("no time at all", "no time at all"),
    ],
)
def test_times_in_a_sentence_are_those_of_the_reader(text: str, shown: str) -> None:
    assert clock(BERLIN).in_sentence(text) == shown
