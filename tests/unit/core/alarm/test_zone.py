from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alarm.zone import offset_zone


# AL-5.8: an offset, with UTC before it or without, in steps of five minutes.
@pytest.mark.parametrize(
    ("text", "minutes"),
    [("UTC", 0), ("+05:30", 330), ("UTC+05:30", 330), ("-00:05", -5), ("UTC-12:00", -720), ("+14:00", 840)],
)
def test_offsets(text: str, minutes: int) -> None:
    zone = offset_zone(text)
    assert zone is not None
    assert zone.utcoffset(datetime(2026, 1, 1, tzinfo=UTC)) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["", "utc", "+5:30", "+05:31", "+05:60", "+14:05", "+99:00", "05:30", "Europe/Berlin", "+05:30\n"]
)
def test_anything_else_is_no_offset(text: str) -> None:
    assert offset_zone(text) is None
