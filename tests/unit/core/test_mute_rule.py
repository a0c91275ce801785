"""Mute rules: definition, windows, status, and which actions are held and released (AL-14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.cron import MuteRuleError
from tocsin.core.mute_rule import (
    HeldActions,
    MutedActions,
    MuteRule,
    MuteStatus,
    MuteType,
    muted_until,
    parse_duration,
    step,
)
from tocsin.core.mute_window import Duration

OK, ALARM, INSUFFICIENT = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
BERLIN, SAMOA = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")
ALWAYS, ONCE = "cron(* * * * *)", "at(2026-05-10T14:00)"
SHORTEST = {"Name": "n", "Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT4H"}}}


def rule(expression: str, duration: str = "PT1H", **more: object) -> MuteRule:
    return MuteRule.from_aws(
        {"Name": "n", "Rule": {"Schedule": {"Expression": expression, "Duration": duration}}, **more}
    )


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def windows(made: MuteRule, since: str, until: str, zone: ZoneInfo | None = None) -> list[tuple[str, str]]:
    """Start and end of the windows, each as the zone's clock shows it, with its offset."""
    found = made.windows(zone or UTC, since=time(since), until=time(until))
    return [(f"{one.start.astimezone(zone):%d %H:%M%z}", f"{one.end.astimezone(zone):%d %H:%M%z}") for one in found]


# ---------------------------------------------------------------- definition


def test_a_definition_comes_back_as_it_was_given() -> None:
    full = {
        "Name": "n",
        "Description": "",
        "Rule": {"Schedule": {"Expression": ONCE, "Duration": "P1DT1H", "Timezone": "Europe/Berlin"}},
        "MuteTargets": {"AlarmNames": ["a", "b"]},
        "Tags": [{"Key": "k", "Value": "v"}],
        "StartDate": time("2026-01-01T00:00:00+01:00"),
        "ExpireDate": time("2027-01-01T00:00:00+00:00"),
    }
    made = MuteRule.from_aws({**full, "Status": "ACTIVE", "MuteType": "ONE_TIME", "AlarmMuteRuleArn": "arn"})
    assert made.to_aws() == full
    assert MuteRule.from_aws(made.to_aws()) == made
    assert made.mute_type is MuteType.ONE_TIME
    assert made.length == Duration(days=1, rest=timedelta(hours=1))


def test_the_shortest_definition() -> None:
    made = MuteRule.from_aws(SHORTEST)
    assert made.to_aws() == SHORTEST
    assert made.mute_type is MuteType.RECURRING
    assert made.alarm_names == ()


def test_dates_may_be_texts_and_targets_are_named_once() -> None:
    made = rule(ONCE, StartDate="2026-01-01T00:00:00+01:00", MuteTargets={"AlarmNames": ["a", "b", "a"]})
    assert made.start_date == time("2025-12-31T23:00:00+00:00")
    assert made.alarm_names == ("a", "b")


@pytest.mark.parametrize(
    ("changes", "message", "parameter"),
    [
        ({"Name": None}, "Value null at 'name'", "Name"),
        ({"Name": "x" * 256}, "less than or equal to 255", "Name"),
        ({"Rule": None}, "Value null at 'rule'", "Rule"),
        ({"Rule": {}}, "Value null at 'rule.schedule'", "Rule.Schedule"),
        (
            {"Rule": {"Schedule": {"Expression": ONCE}}},
            "Value null at 'rule.schedule.duration'",
            "Rule.Schedule.Duration",
        ),
        (
            {"Rule": {"Schedule": {"Expression": "x" * 257, "Duration": "PT1H"}}},
            "less than or equal to 256",
            "Rule.Schedule.Expression",
        ),
        (
            {"Rule": {"Schedule": {"Expression": ONCE, "Duration": "x" * 51}}},
            "less than or equal to 50",
            "Rule.Schedule.Duration",
        ),
        (
            {"Rule": {"Schedule": {"Expression": ONCE, "Duration": "PT1H", "Timezone": "x" * 51}}},
            "less than or equal to 50",
            "Rule.Schedule.Timezone",
        ),
        (
            {"Rule": {"Schedule": {"Expression": ONCE, "Duration": "PT1H", "TimeZone": "UTC"}}},
            "Unknown parameter: TimeZone",
            "Rule.Schedule.TimeZone",
        ),
        (
            {"Rule": {"Schedule": {"Expression": "rate(1)", "Duration": "PT1H"}}},
            "is no schedule expression",
            "Rule.Schedule.Expression",
        ),
        (
            {"Rule": {"Schedule": {"Expression": ONCE, "Duration": "1h"}}},
            '"1h" is no duration',
            "Rule.Schedule.Duration",
        ),
        ({"MuteTargets": {"AlarmNames": ["a"] * 101}}, "less than or equal to 100", "MuteTargets.AlarmNames"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "must not start with any case", "Tags.1.Key"),
        ({"StartDate": "tomorrow"}, 'StartDate "tomorrow" names no instant', "StartDate"),
        ({"StartDate": 1767225600}, "StartDate int names no instant", "StartDate"),
        ({"ExpireDate": datetime(2026, 1, 1)}, "ExpireDate datetime names no instant", "ExpireDate"),  # noqa: DTZ001 - that is what is refused
        (
            {"StartDate": "2026-01-01T00:00:00Z", "ExpireDate": "2026-01-01T00:00:00Z"},
            "ExpireDate must be after StartDate",
            "ExpireDate",
        ),
    ],
)
def test_what_is_refused(changes: dict, message: str, parameter: str) -> None:
    with pytest.raises(MuteRuleError) as raised:
        MuteRule.from_aws({**SHORTEST, **changes})
    assert message in raised.value.message
    assert raised.value.parameter == parameter


@pytest.mark.parametrize(
    ("text", "days", "minutes"),
    [
        ("PT1M", 0, 1),
        ("PT60S", 0, 1),
        ("PT90S", 0, 1.5),
        ("PT4H", 0, 240),
        ("PT36H", 0, 2160),
        ("P2DT12H", 2, 720),
        ("P1W", 7, 0),
        ("P15D", 15, 0),
        ("PT360H", 0, 21_600),
        ("P0DT1H0M0S", 0, 60),
    ],
)
def test_durations(text: str, days: int, minutes: float) -> None:
    assert parse_duration(text) == Duration(days=days, rest=timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(
            (text, "is no duration")
            for text in (
                "",
                "P",
                "PT",
                "P1DT",
                "1H",
                "PT1",
                "P1M",
                "P1Y",
                "P1WT1H",
                "PT1.5H",
                "pt1h",
                "-PT1H",
                "PT1H ",
                "P²D",
                "PT1M1H",
                "P" + "1" * 50 + "D",
            )
        ),
        *((text, "out of range") for text in ("PT0M", "PT59S", "P16D", "P15DT1S", "P3W", "PT361H", f"P{'9' * 40}D")),
    ],
)
def test_other_durations_are_refused(text: str, says: str) -> None:
    with pytest.raises(MuteRuleError, match=says):
        parse_duration(text)


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("expression", "duration", "since", "until", "wanted"),
    [
        (
            "cron(0 2 * * *)",
            "PT4H",
            "2026-01-05T00:00Z",
            "2026-01-07T00:00Z",
            [("05 02:00+0000", "05 06:00+0000"), ("06 02:00+0000", "06 06:00+0000")],
        ),
        # cut to the limits
        (
            "cron(0 22 * * *)",
            "PT4H",
            "2026-01-05T01:00Z",
            "2026-01-05T23:00Z",
            [("05 01:00+0000", "05 02:00+0000"), ("05 22:00+0000", "05 23:00+0000")],
        ),
        ("cron(0 2 * * *)", "PT4H", "2026-01-05T06:00Z", "2026-01-06T02:00Z", []),
        ("cron(0 0 1 * *)", "P15D", "2026-01-15T12:00Z", "2026-01-20T00:00Z", [("15 12:00+0000", "16 00:00+0000")]),
        # overlapping and touching windows are one
        ("cron(0,30 2 * * *)", "PT1H", "2026-01-05T00:00Z", "2026-01-06T00:00Z", [("05 02:00+0000", "05 03:30+0000")]),
        ("cron(0 2,3 * * *)", "PT1H", "2026-01-05T00:00Z", "2026-01-06T00:00Z", [("05 02:00+0000", "05 04:00+0000")]),
        (
            "cron(0 2,4 * * *)",
            "PT1H",
            "2026-01-05T00:00Z",
            "2026-01-06T00:00Z",
            [("05 02:00+0000", "05 03:00+0000"), ("05 04:00+0000", "05 05:00+0000")],
        ),
        ("cron(0 0 * * *)", "P1D", "2026-01-05T00:00Z", "2026-01-08T00:00Z", [("05 00:00+0000", "08 00:00+0000")]),
        ("cron(0 12 1,3 * *)", "P3D", "2026-01-01T00:00Z", "2026-01-31T00:00Z", [("01 12:00+0000", "06 12:00+0000")]),
        # weekends, months
        (
            "cron(0 18 * * FRI)",
            "P2DT12H",
            "2026-01-01T00:00Z",
            "2026-01-10T00:00Z",
            [("02 18:00+0000", "05 06:00+0000"), ("09 18:00+0000", "10 00:00+0000")],
        ),
        ("cron(0 0 29 2 *)", "PT1H", "2026-01-01T00:00Z", "2030-01-01T00:00Z", [("29 00:00+0000", "29 01:00+0000")]),
        ("cron(59 23 31 12 *)", "PT2M", "2026-12-01T00:00Z", "2027-02-01T00:00Z", [("31 23:59+0000", "01 00:01+0000")]),
        (ONCE, "PT1H", "2026-01-01T00:00Z", "2027-01-01T00:00Z", [("10 14:00+0000", "10 15:00+0000")]),
        (ONCE, "PT1H", "2026-05-10T15:00Z", "2027-01-01T00:00Z", []),
        (ONCE, "PT1H", "2026-05-10T14:59Z", "2027-01-01T00:00Z", [("10 14:59+0000", "10 15:00+0000")]),
        (ALWAYS, "PT1M", "2026-01-05T00:00:30Z", "2026-01-05T00:00:30Z", []),
        (ALWAYS, "PT1M", "2026-01-06T00:00Z", "2026-01-05T00:00Z", []),
        # outside of the years that are looked at
        (ALWAYS, "PT1M", "1960-01-01T00:00Z", "1970-01-01T00:00Z", []),
        (ALWAYS, "PT1M", "9001-01-01T00:00Z", "9999-12-31T23:59Z", []),
        ("cron(0 0 1 1 *)", "PT1H", "8999-06-01T00:00Z", "9999-12-31T23:59Z", [("01 00:00+0000", "01 01:00+0000")]),
    ],
)
def test_windows(expression: str, duration: str, since: str, until: str, wanted: list) -> None:
    assert windows(rule(expression, duration), since, until) == wanted


@pytest.mark.parametrize(
    ("expression", "duration", "day", "wanted"),
    [
        # Clocks go forward at 02:00 on 29 March and back at 03:00 on 25 October.
        ("cron(0 2 * * *)", "PT1H", "2026-03-28", [("28 02:00+0100", "28 03:00+0100")]),
        ("cron(0 2 * * *)", "PT1H", "2026-03-29", [("29 03:00+0200", "29 04:00+0200")]),
        ("cron(0 2 * * *)", "PT1H", "2026-03-30", [("30 02:00+0200", "30 03:00+0200")]),
        ("cron(30 2 * * *)", "PT30M", "2026-03-29", [("29 03:00+0200", "29 03:30+0200")]),
        ("cron(0,30 2 * * *)", "PT10M", "2026-03-29", [("29 03:00+0200", "29 03:10+0200")]),
        (
            "cron(30 2,3 * * *)",
            "PT10M",
            "2026-03-29",
            [("29 03:00+0200", "29 03:10+0200"), ("29 03:30+0200", "29 03:40+0200")],
        ),
        ("cron(30 2 * * *)", "PT30M", "2026-10-25", [("25 02:30+0200", "25 02:00+0100")]),
        # hours are elapsed time, days are those of the wall clock
        ("cron(0 1 * * *)", "PT3H", "2026-03-29", [("29 01:00+0100", "29 05:00+0200")]),
        ("cron(0 1 * * *)", "PT3H", "2026-10-25", [("25 01:00+0200", "25 03:00+0100")]),
        ("cron(0 0 29 3 *)", "P1DT1H", "2026-03-29", [("29 00:00+0100", "30 01:00+0200")]),
        ("cron(30 2 28 3 *)", "P1DT1H", "2026-03-28", [("28 02:30+0100", "29 04:00+0200")]),
    ],
)
def test_windows_follow_the_wall_clock(expression: str, duration: str, day: str, wanted: list) -> None:
    """AL-14.4."""
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    made = rule(expression, duration).windows(BERLIN, since=start, until=start + timedelta(days=3))
    found = [
        (f"{one.start.astimezone(BERLIN):%d %H:%M%z}", f"{one.end.astimezone(BERLIN):%d %H:%M%z}")
        for one in made
        if one.start.astimezone(BERLIN).day == start.day
    ]
    assert found == wanted


@pytest.mark.parametrize(
    ("since", "until", "wanted"),
    [
        ("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", [("29 00:00+0100", "30 00:00+0200")]),
        (
            "2026-10-25T00:00+02:00",
            "2026-10-26T00:00+01:00",
            [("25 00:00+0200", "25 07:00+0100"), ("25 08:00+0100", "26 00:00+0100")],
        ),
    ],
)
def test_windows_that_touch_on_other_days_leave_an_hour_open_in_a_longer_night(
    since: str, until: str, wanted: list
) -> None:
    assert windows(rule("cron(0 0,8,16 * * *)", "PT8H"), since, until, BERLIN) == wanted


def test_a_day_that_a_zone_skips() -> None:
    """Samoa had no 30 December 2011: what starts then starts with the 31st."""
    found = windows(rule("cron(30 7 30 * *)", "PT1H"), "2011-12-29T00:00Z", "2012-01-02T00:00Z", SAMOA)
    assert found == [("31 00:00+1400", "31 01:00+1400")]


def test_windows_are_found_lazily() -> None:
    made = rule("cron(0 2 * * *)")
    found = made.windows(UTC, since=time("2026-01-01T00:00Z"), until=time("9000-01-01T00:00Z"))
    assert [one.start.day for one in islice(found, 3)] == [1, 2, 3]


def test_dates_cut_windows() -> None:
    made = rule("cron(0 2 * * *)", "PT4H", StartDate="2026-01-05T03:00:00Z", ExpireDate="2026-01-06T05:00:00Z")
    assert windows(made, "2026-01-01T00:00Z", "2026-02-01T00:00Z") == [
        ("05 03:00+0000", "05 06:00+0000"),
        ("06 02:00+0000", "06 05:00+0000"),
    ]


@pytest.mark.parametrize(
    ("expression", "dates", "at", "status"),
    [
        ("cron(0 2 * * *)", {}, "2026-01-05T01:59:59Z", MuteStatus.SCHEDULED),
        ("cron(0 2 * * *)", {}, "2026-01-05T02:00Z", MuteStatus.ACTIVE),
        ("cron(0 2 * * *)", {}, "2026-01-05T03:00Z", MuteStatus.SCHEDULED),
        ("cron(0 2 * * *)", {"ExpireDate": "2026-01-05T02:30:00Z"}, "2026-01-05T02:29Z", MuteStatus.ACTIVE),
        ("cron(0 2 * * *)", {"ExpireDate": "2026-01-05T02:30:00Z"}, "2026-01-05T02:30Z", MuteStatus.EXPIRED),
        ("cron(0 2 * * *)", {"StartDate": "2026-01-05T02:30:00Z"}, "2026-01-05T02:29Z", MuteStatus.SCHEDULED),
        (ONCE, {}, "2026-05-10T13:59Z", MuteStatus.SCHEDULED),
        (ONCE, {}, "2026-05-10T14:00Z", MuteStatus.ACTIVE),
        (ONCE, {}, "2026-05-10T15:00Z", MuteStatus.EXPIRED),
        (ALWAYS, {}, "9999-12-31T00:00Z", MuteStatus.SCHEDULED),
    ],
)
def test_status(expression: str, dates: dict, at: str, status: MuteStatus) -> None:
    assert rule(expression, **dates).status(UTC, time(at)) is status


@pytest.mark.parametrize(
    ("rules", "at", "end"),
    [
        ([], "2026-01-05T02:00Z", None),
        ([("cron(0 2 * * *)", "PT1H")], "2026-01-05T01:59Z", None),
        ([("cron(0 2 * * *)", "PT1H")], "2026-01-05T02:59:59Z", "2026-01-05T03:00Z"),
        ([("cron(0 2 * * *)", "PT1H")], "2026-01-05T03:00Z", None),
        # across rules
        (
            [("cron(0 2 * * *)", "PT1H"), ("cron(30 2 * * *)", "PT2H"), ("cron(30 4 * * *)", "PT1M")],
            "2026-01-05T02:10Z",
            "2026-01-05T04:31Z",
        ),
        # for ever
        ([(ALWAYS, "PT1M")], "2026-01-05T00:00Z", "2027-02-09T00:00Z"),
    ],
)
def test_end_of_muting(rules: list, at: str, end: str | None) -> None:
    found = muted_until([(rule(*one), UTC) for one in rules], time(at))
    assert found == (None if end is None else time(end))


# ---------------------------------------------------------------- holding and releasing


def play(*instants: tuple[bool, StateValue, bool]) -> list[tuple[int, StateValue, bool]]:
    """(muted, state, are its actions due) at each instant, from OK on -> (instant, state run, after a window)."""
    held: HeldActions | None = None
    before, runs = OK, []
    for place, (is_muted, value, is_due) in enumerate(instants):
        found = step(held, is_muted=is_muted, before=before, value=value, is_due=is_due)
        assert found.is_holding is (is_muted and is_due)
        if found.run is not None:
            runs.append((place, found.run, found.is_after_window))
        held, before = found.held, value
    return runs


@pytest.mark.parametrize(
    ("instants", "runs"),
    [
        # outside of windows
        ([(False, ALARM, True), (False, ALARM, False), (False, OK, True)], [(0, ALARM, False), (2, OK, False)]),
        # held, and released once
        ([(True, ALARM, True), (True, ALARM, False), (False, ALARM, False), (False, ALARM, False)], [(2, ALARM, True)]),
        # AL-14.3: a burst that came and went sends nothing
        ([(True, ALARM, True), (True, OK, True), (False, OK, False)], []),
        # of several changes, the state at the end
        ([(True, ALARM, True), (True, INSUFFICIENT, True), (False, INSUFFICIENT, False)], [(2, INSUFFICIENT, True)]),
        # a change before the window is told; in the window it goes back
        (
            [(False, ALARM, True), (True, ALARM, False), (True, OK, True), (False, OK, False)],
            [(0, ALARM, False), (3, OK, True)],
        ),
        # actions that were off at the change are not made up for
        ([(True, ALARM, False), (False, ALARM, False)], []),
        ([(True, ALARM, True), (True, INSUFFICIENT, False), (False, INSUFFICIENT, False)], []),
        # a change at the last instant is told as usual, and nothing else
        ([(True, ALARM, True), (False, INSUFFICIENT, True), (False, INSUFFICIENT, False)], [(1, INSUFFICIENT, False)]),
        # windows that nothing happened in
        ([(True, OK, False), (False, OK, False)], []),
        # the next window starts anew
        (
            [(True, ALARM, True), (False, ALARM, False), (True, OK, True), (False, OK, False)],
            [(1, ALARM, True), (3, OK, True)],
        ),
    ],
)
def test_held_actions(instants: list, runs: list) -> None:
    assert play(*instants) == runs


def test_what_is_kept_between_steps() -> None:
    assert step(None, is_muted=True, before=OK, value=ALARM, is_due=True) == MutedActions(
        held=HeldActions(opened=OK, held=ALARM), is_holding=True
    )
