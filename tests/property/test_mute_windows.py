"""Windows of mute rules against a clock that is read minute by minute (AL-14.1, AL-14.3, AL-14.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.core.cron import parse_schedule
from tocsin.core.mute_window import Duration, merged_of, scheduled

MINUTE = timedelta(minutes=1)

# Changes by an hour and by half an hour, to summer time and back.
STRETCHES = [
    ("Europe/Berlin", datetime(2026, 3, 20, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 16, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 9, 26, tzinfo=UTC)),
    ("UTC", datetime(2026, 2, 20, tzinfo=UTC)),
]
DAYS = 16
BEFORE = timedelta(days=3)


@lru_cache(maxsize=16)
def clock(name: str, since: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Every minute of the stretch, and of some days before and behind it: the instant, and what the clock shows."""
    zone = ZoneInfo(name)
    minutes = int((timedelta(days=DAYS) + 2 * BEFORE) / MINUTE)
    instants = (since - BEFORE + n * MINUTE for n in range(minutes))
    return tuple((at, at.astimezone(zone).replace(tzinfo=None, fold=0)) for at in instants)


def allowed(text: str, highest: int) -> set[int]:
    """The values of a field that is a list of numbers and ranges, or a star."""
    bounds = [[int(end) for end in part.split("-")] for part in text.replace("*", f"0-{highest}").split(",")]
    return {value for part in bounds for value in range(part[0], part[-1] + 1)}


def starts(fields: str, name: str, since: datetime) -> list[datetime]:
    """Instants at which the clock shows a minute that fits for the first time, or has just skipped one."""
    minute, hour, day, month, weekday = fields.split()
    minutes, hours, months = allowed(minute, 59), allowed(hour, 23), allowed(month, 12)
    days, weekdays = allowed(day, 31), allowed(weekday, 6)
    either = day != "*" and weekday != "*"

    def fits(shown: datetime) -> bool:
        if shown.minute not in minutes or shown.hour not in hours or shown.month not in months:
            return False
        of_month, of_week = shown.day in days, shown.isoweekday() % 7 in weekdays
        return of_month or of_week if either else of_month and of_week

    found = []
    latest = clock(name, since)[0][1] - MINUTE
    for at, shown in clock(name, since):
        if shown <= latest:
            continue  # the clock was put back; these minutes have been
        while latest < shown:
            latest += MINUTE
            if fits(latest) and found[-1:] != [at]:
                found.append(at)
    return found


def field(lowest: int, highest: int) -> st.SearchStrategy[str]:
    value = st.integers(lowest, highest)
    span = st.tuples(value, value).map(lambda ends: f"{min(ends)}-{max(ends)}")
    return st.lists(st.one_of(value.map(str), span), min_size=1, max_size=2).map(",".join)


crons = st.tuples(
    st.one_of(st.just("*"), field(0, 59)),
    st.one_of(st.just("*"), field(0, 4), field(0, 23)),
    st.one_of(st.just("*"), field(1, 28)),
    st.just("*"),
    st.one_of(st.just("*"), field(0, 6)),
).map(" ".join)
durations = st.integers(1, 40 * 60)


def muted_minutes(windows: list, since: datetime) -> list[bool]:
    muted = [False] * (DAYS * 1440)
    for window in windows:
        first, last = (window.start - since) // MINUTE, (window.end - since) // MINUTE
        muted[first:last] = [True] * (last - first)
    return muted


@settings(max_examples=12)
@example("30 2 * * *", 30, 0)
@example("30 2 * * *", 30, 1)
@example("0 0,8,16 * * *", 480, 1)
@example("* * * * *", 1, 3)
@example("0-59 1-2 * * *", 1, 5)
@given(crons, durations, st.integers(0, len(STRETCHES) - 1))
def test_windows_are_those_of_a_clock(fields: str, minutes: int, place: int) -> None:
    name, since = STRETCHES[place]
    until = since + timedelta(days=DAYS)
    duration = Duration(rest=minutes * MINUTE)
    zone: tzinfo = ZoneInfo(name)
    windows = list(scheduled(parse_schedule(f"cron({fields})"), duration, zone, since=since, until=until))
    assert all(since <= one.start < one.end <= until for one in windows)
    # They are apart from each other, and in order.
    assert all(one.end < other.start for one, other in pairwise(windows))

    wanted = [False] * (DAYS * 1440)
    for start in starts(fields, name, since):
        first = max((start - since) // MINUTE, 0)
        last = min((start - since) // MINUTE + minutes, len(wanted))
        if first < last:
            wanted[first:last] = [True] * (last - first)
    assert muted_minutes(windows, since) == wanted


@settings(max_examples=15)
@given(st.lists(st.tuples(crons, durations), min_size=1, max_size=3), st.integers(0, len(STRETCHES) - 1))
def test_windows_of_several_rules_are_one_where_they_meet(rules: list, place: int) -> None:
    name, since = STRETCHES[place]
    until = since + timedelta(days=DAYS)
    each = [
        list(
            scheduled(
                parse_schedule(f"cron({fields})"),
                Duration(rest=minutes * MINUTE),
                ZoneInfo(name),
                since=since,
                until=until,
            )
        )
        for fields, minutes in rules
    ]
    together = list(merged_of(*each))
    assert all(one.end < other.start for one, other in pairwise(together))
    alone = [muted_minutes(windows, since) for windows in each]
    assert muted_minutes(together, since) == [any(minute) for minute in zip(*alone, strict=True)]
