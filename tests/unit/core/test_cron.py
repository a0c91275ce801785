"""Schedule expressions of mute rules (AL-14.1)."""

from __future__ import annotations

import pickle
from datetime import date, datetime, timedelta

import pytest

from tocsin.core.cron import Cron, MuteRuleError, OneTime, parse_schedule


def cron(fields: str) -> Cron:
    schedule = parse_schedule(f"cron({fields})")
    assert isinstance(schedule, Cron)
    return schedule


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ("0 2 * * *", (120,)),
        ("5,1 3,1 * * *", (61, 65, 181, 185)),
        ("58-59 23 * * *", (1438, 1439)),
        ("0 0-1,5 * * *", (0, 60, 300)),
        ("00 07 * * *", (420,)),
        ("* * * * *", tuple(range(1440))),
        (" 0\t2  * * * ", (120,)),
    ],
)
def test_minutes_of_a_day(fields: str, minutes: tuple[int, ...]) -> None:
    assert cron(fields).minutes_of_day == minutes


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ("0 0 * * *", [*range(1, 29)]),
        ("0 0 1 * *", [1]),
        ("0 0 1-3,28 2 *", [1, 2, 3, 28]),
        ("0 0 1 JAN,mar *", []),
        ("0 0 1 jan-MAR *", [1]),
        # the first of February 2026 is a Sunday
        ("0 0 * * SUN", [1, 8, 15, 22]),
        ("0 0 * * 0", [1, 8, 15, 22]),
        ("0 0 * * 7", [1, 8, 15, 22]),
        ("0 0 * FEB fri-SUN", [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28]),
        ("0 0 * * 5-7", [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28]),
        ("0 0 * * SUN-MON", [1, 2, 8, 9, 15, 16, 22, 23]),
        # both given: one of them is enough
        ("0 0 3 * SUN", [1, 3, 8, 15, 22]),
        ("0 0 31 2 SUN", [1, 8, 15, 22]),
        ("0 0 29 2 *", []),
    ],
)
def test_days_of_february(fields: str, days: list[int]) -> None:
    schedule = cron(fields)
    assert [day for day in range(1, 29) if schedule.has_day(2026, 2, day)] == days


def test_weekdays_are_those_of_the_calendar() -> None:
    schedule = cron("0 0 * * WED")
    first = date(2024, 1, 1)
    for day in (first + timedelta(days=n) for n in range(800)):
        assert schedule.has_day(day.year, day.month, day.day) is (day.weekday() == 2)


def test_once() -> None:
    assert parse_schedule("at(2024-02-29T14:05)") == OneTime(
        source="at(2024-02-29T14:05)",
        moment=datetime(2024, 2, 29, 14, 5),  # noqa: DTZ001 - a wall clock
    )


@pytest.mark.parametrize(
    ("source", "message", "position", "hint"),
    [
        ("", "is no schedule expression", 0, "write cron(0 2 * * *)"),
        ("rate(5 minutes)", "is no schedule expression", 0, "write cron(0 2 * * *)"),
        ("cron(0 2 * * *", "is no schedule expression", 0, "write cron"),
        ("CRON(0 2 * * *)", "is no schedule expression", 0, "write cron"),
        ("cron(0 2 * * *) ", "is no schedule expression", 0, "write cron"),
        ("cron(" + " " * 256 + ")", "at most 256 characters", 256, "several mute rules"),
        ("cron()", "five fields, not 0", 5, "minute, hour"),
        ("cron(0 2 * *)", "five fields, not 4", 12, "minute, hour"),
        ("cron(0 2 * * ? 2026)", "five fields, not 6", 15, "minute, hour"),
        ("cron(60 2 * * *)", '"60" is no minute', 5, "a minute is 0 to 59"),
        ("cron(0 24 * * *)", '"24" is no hour', 7, "a hour is 0 to 23"),
        ("cron(0 2 0 * *)", '"0" is no day', 9, "a day is 1 to 31"),
        ("cron(0 2 32 * *)", '"32" is no day', 9, "a day is 1 to 31"),
        ("cron(0 2 * 13 *)", '"13" is no month', 11, "JAN to DEC"),
        ("cron(0 2 * 0 *)", '"0" is no month', 11, "JAN to DEC"),
        ("cron(0 2 * * 8)", '"8" is no weekday', 13, "SUN to SAT"),
        ("cron(0 2 * * JAN)", '"JAN" is no weekday', 13, "SUN to SAT"),
        ("cron(0 2 * * MOM)", '"MOM" is no weekday', 13, "SUN to SAT"),
        ("cron(0 2 * * MON-TUX)", '"TUX" is no weekday', 17, "SUN to SAT"),
        ("cron(0 2 ? * *)", '"?" is no day', 9, "a day is 1 to 31"),
        ("cron(*/5 2 * * *)", '"*/5" is no minute', 5, "* stands alone"),
        ("cron(0 *,1 * * *)", '"*" is no hour', 7, "* stands alone"),
        ("cron(0 1, * * *)", '"" is no hour', 9, "a hour is"),
        ("cron(1-2-3 1 * * *)", '"1-2-3" is no minute', 5, "a minute is"),
        ("cron(-1 1 * * *)", '"-1" is no minute', 5, "a minute is"),
        ("cron(² 1 * * *)", '"²" is no minute', 5, "a minute is"),
        ("cron(0 1,22-4 * * *)", 'the range "22-4" goes backwards', 9, "22-23,0-4"),
        ("cron(0 2 * * FRI-MON)", 'the range "FRI-MON" goes backwards', 13, "one by one"),
        # what never comes
        ("cron(0 2 31 2 *)", 'no month of "2" has a day 31', 9, "has 29 days"),
        ("cron(0 2 30-31 FEB *)", 'no month of "FEB" has a day 30-31', 9, "has 29 days"),
        ("cron(0 2 31 4,JUN,9,11 *)", 'no month of "4,JUN,9,11" has a day 31', 9, "has 30 days"),
        ("at()", '"" is no minute', 3, "yyyy-MM-ddThh:mm"),
        ("at(2026-02-29T00:00)", "is no minute of the years 1970 to 9000", 3, "yyyy-MM-ddThh:mm"),
        ("at(2026-01-01T24:00)", "is no minute", 3, "yyyy-MM-ddThh:mm"),
        ("at(2026-01-01T00:00:00)", "is no minute", 3, "yyyy-MM-ddThh:mm"),
        ("at(2026-01-01T00:00Z)", "is no minute", 3, "without a time zone"),
        ("at(1969-12-31T00:00)", "is no minute", 3, "yyyy-MM-ddThh:mm"),
        ("at(9001-01-01T00:00)", "is no minute", 3, "yyyy-MM-ddThh:mm"),
    ],
)
def test_what_is_refused(source: str, message: str, position: int, hint: str) -> None:
    with pytest.raises(MuteRuleError) as raised:
        parse_schedule(source)
    error = raised.value
    assert message in error.message
    assert error.position == position
    assert hint in error.hint
    assert error.parameter == "Rule.Schedule.Expression"


@pytest.mark.parametrize("fields", ["0 2 31 2,3 *", "0 2 30,31 4 *", "0 2 29 2 *", "0 2 31 * *", "0 2 30 2 MON"])
def test_what_comes_seldom_is_accepted(fields: str) -> None:
    cron(fields)


def test_an_error_draws_its_place_and_travels() -> None:
    with pytest.raises(MuteRuleError) as raised:
        parse_schedule("cron(0 2 31 2 *)")
    assert str(raised.value).splitlines() == [
        'no month of "2" has a day 31, so the schedule never comes',
        "  cron(0 2 31 2 *)",
        "           ^",
        "hint: the longest of these months has 29 days; choose a day that comes",
    ]
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert str(MuteRuleError("no", source="at()")) == "no\n  at()\n  ^"
    assert str(MuteRuleError("no", hint="do")) == "no\nhint: do"
