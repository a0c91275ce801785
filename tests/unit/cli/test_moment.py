"""`--since` and `--until` as users write them (IF-1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.moment import parse_moment, parse_span
from tocsin.errors import InputError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromtimestamp(parse_moment(text, option="--since", now=NOW), tz=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-07-10", datetime(2023, 7, 10, tzinfo=UTC)),
        ("2023-07-10T11:50", datetime(2023, 7, 10, 11, 50, tzinfo=UTC)),
        ("2023-07-10 11:50", datetime(2023, 7, 10, 11, 50, tzinfo=UTC)),
        ("2023-07-10T11:50:00Z", datetime(2023, 7, 10, 11, 50, tzinfo=UTC)),
        ("2023-07-10T11:50:00+02:00", datetime(2023, 7, 10, 9, 50, tzinfo=UTC)),
        ("20230710T115000Z", datetime(2023, 7, 10, 11, 50, tzinfo=UTC)),
        (" 2023-07-10 ", datetime(2023, 7, 10, tzinfo=UTC)),
        ("30s", NOW - timedelta(seconds=30)),
        ("30m", NOW - timedelta(minutes=30)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("7D", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("0d", NOW),
    ],
)
def test_moment_is_read(text: str, expected: datetime) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7y", "1.5h", "-7d", "2023-13-01", "2023-07-10T25:00", "١d"])
def test_what_is_no_moment_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_moment(text, option="--until", now=NOW)
    assert caught.value.message == f'--until: "{text}" is no moment in time'
    assert "7d" in caught.value.hint


def test_fraction_is_rounded_up_because_records_have_whole_seconds() -> None:
    assert moment("2023-07-10T11:50:00.001Z") == datetime(2023, 7, 10, 11, 50, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "999999999w"])
def test_moment_at_the_end_of_time_is_a_number_all_the_same(text: str) -> None:
    assert isinstance(parse_moment(text, option="--since", now=NOW), int)


@given(st.datetimes(timezones=st.just(UTC)))
def test_iso_text_gives_the_second_at_or_after_it(when: datetime) -> None:
    seconds = parse_moment(when.isoformat(), option="--since", now=NOW)
    since_epoch = when - datetime(1970, 1, 1, tzinfo=UTC)
    assert timedelta(seconds=seconds - 1) < since_epoch <= timedelta(seconds=seconds)


def test_open_span_does_not_ask_for_the_time() -> None:
    def no_clock() -> datetime:
        raise AssertionError

    assert parse_span(None, None, now=no_clock) == (None, None)


def test_span_has_both_ends() -> None:
    start, end = parse_span("2026-02-01", "1d", now=lambda: NOW)
    assert (start, end) == (int(datetime(2026, 2, 1, tzinfo=UTC).timestamp()), int(NOW.timestamp()) - 86_400)


@pytest.mark.parametrize(("since", "until"), [("1d", "2d"), ("2023-07-10", "2023-07-10")])
def test_span_that_can_hold_nothing_is_refused(since: str, until: str) -> None:
    with pytest.raises(InputError, match="not before"):
        parse_span(since, until, now=lambda: NOW)
