"""One metric alarm over data whose time comes from the data (AL-6, AL-7, AL-8, AL-18.3 to 18.5)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import band_parameters, expression, math_parameters, parameters, stat
from chain import NAMESPACE, second

from tocsin.app.alarm_set import find_zone
from tocsin.app.replay import AlarmReplay, MetricReplay, is_tied_to_the_clock
from tocsin.core.alarm import MetricAlarm
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory

EVENTS = MetricKey.of(NAMESPACE, "Events")
BERLIN = {"EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Berlin"}}}


def history(*data: tuple[Any, ...]) -> MetricHistory:
    """Data as (when, value) or (when, value, arrival)."""
    return MetricHistory(
        HistoryPoint(second(at), second(rest[0]) if rest else None, StatisticSet.of(value)) for at, value, *rest in data
    )


def replay(
    given: dict[str, Any], histories: dict[Any, MetricHistory] | MetricHistory, *, extra: int | None = None
) -> AlarmReplay:
    alarm = MetricAlarm.from_aws(given, zones=find_zone)
    known = {(EVENTS, None): histories} if isinstance(histories, MetricHistory) else histories
    zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
    return AlarmReplay(alarm, known, extra=extra, zone=zone)


def steps(found: MetricReplay) -> list[tuple[str, str]]:
    return [
        (f"{one.at:%H:%M}" + (f":{one.at:%S}" if one.at.second else ""), one.new.value) for one in found.transitions
    ]


def run(made: AlarmReplay, since: str = "10:00", until: str = "11:00") -> list[tuple[str, str]]:
    """The steps, which must be the same where no instant is jumped over (AL-18.3)."""
    found = made.run(second(since), second(until))
    every = made.run(second(since), second(until), every_instant=True)
    assert (found.transitions, found.evaluations) == (every.transitions, every.evaluations)
    return steps(found)


def sum_alarm(**changes: Any) -> dict[str, Any]:
    return parameters(**{"Period": 300, "TreatMissingData": "notBreaching", **changes})


# ---------------------------------------------------------------- one event (AL-7.c)


@pytest.mark.parametrize(
    ("treat", "expected"),
    [
        ("notBreaching", [("10:01", "OK"), ("10:11", "ALARM"), ("10:26", "OK")]),
        ("missing", [("10:11", "ALARM"), ("10:26", "INSUFFICIENT_DATA")]),
        ("ignore", [("10:11", "ALARM")]),
        ("breaching", [("10:01", "ALARM")]),
    ],
)
def test_one_event_in_a_sparse_metric(treat: str, expected: list[tuple[str, str]]) -> None:
    assert run(replay(sum_alarm(TreatMissingData=treat), history(("10:10", 1)))) == expected


def test_events_in_neighbouring_minutes_prolong_the_state() -> None:
    assert run(replay(sum_alarm(), history(("10:10", 1), ("10:24", 1)))) == [
        ("10:01", "OK"),
        ("10:11", "ALARM"),
        ("10:40", "OK"),
    ]


def test_five_minutes_slide_over_what_lies_in_different_periods_of_a_clock() -> None:
    # From 10:20 on the newest slot holds one of the two. Where it is empty an older one with both decides,
    # 10:12 to 10:17: the ghosts of AL-7.7.
    assert run(replay(sum_alarm(Threshold=2), history(("10:14", 1), ("10:16", 1))))[1:] == [
        ("10:17", "ALARM"), ("10:20", "OK"), ("10:22", "ALARM"), ("10:25", "OK"), ("10:27", "ALARM"), ("10:30", "OK"),
    ]  # fmt: skip


@pytest.mark.parametrize(("extra", "expected"), [(None, "10:26"), (0, "10:16"), (1, "10:21"), (5, "10:41")])
def test_evaluation_range_says_how_long_a_point_is_seen(extra: int | None, expected: str) -> None:
    made = replay(sum_alarm(), history(("10:10", 1)), extra=extra)
    assert run(made)[-1] == (expected, "OK")
    assert made.run(second("10:00"), second("11:00")).evaluation_range == 1 + (2 if extra is None else extra)


def test_ghosts(  # AL-7.a
) -> None:
    data = history(("10:00", 100), ("10:00:10", 0), ("10:00:20", 100))
    given = sum_alarm(
        Period=10, EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=50, TreatMissingData="missing",
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    assert run(replay(given, data)) == [
        ("10:00:20", "OK"),
        ("10:00:30", "ALARM"),
        ("10:01:40", "OK"),
        ("10:01:50", "ALARM"),
        ("10:02", "INSUFFICIENT_DATA"),
    ]


def test_windows_beyond_a_day_are_evaluated_every_hour() -> None:
    given = sum_alarm(Period=3600, EvaluationPeriods=48, DatapointsToAlarm=1)
    assert replay(given, history()).interval == 3600
    assert run(replay(given, history(("10:10", 1))), until="13:00") == [("11:00", "ALARM")]


# ---------------------------------------------------------------- instants


@pytest.mark.parametrize(
    ("since", "until", "period", "count"),
    [
        ("10:00", "11:00", 300, 60),
        ("10:00", "10:00", 300, 0),
        ("10:00:30", "10:02", 60, 2),  # 10:01 and 10:02
        ("10:00", "10:01", 10, 6),
        ("10:00", "10:00:59", 60, 0),
        ("11:00", "10:00", 60, 0),
    ],
)
def test_instants_lie_after_since_and_not_after_until(since: str, until: str, period: int, count: int) -> None:
    made = replay(sum_alarm(Period=period), history())
    assert made.run(second(since), second(until)).evaluations == count


def test_datum_before_the_alarm_was_created_is_used() -> None:  # AL-6.6
    assert run(replay(sum_alarm(), history(("09:58", 1)))) == [("10:01", "ALARM"), ("10:14", "OK")]


def test_values_for_drawing_are_those_of_the_newest_slot() -> None:
    found = replay(sum_alarm(Period=60), history(("10:10", 1), ("10:11", 4))).run(second("10:00"), second("11:00"))
    assert found.series == ((second("10:10"), 1.0), (second("10:11"), 4.0))


# ---------------------------------------------------------------- late data (AL-18.a)


@pytest.mark.parametrize(
    ("arrival", "expected"),
    [
        ("10:10:30", [("10:11", "ALARM"), ("10:26", "OK")]),
        ("10:18:30", [("10:19", "ALARM"), ("10:26", "OK")]),
        ("10:19", [("10:19", "ALARM"), ("10:26", "OK")]),
        ("10:25", [("10:25", "ALARM"), ("10:26", "OK")]),
        ("10:25:01", []),  # out of range when it comes: as on AWS it is never seen
    ],
)
def test_late_data_count_while_they_are_in_range(arrival: str, expected: list[tuple[str, str]]) -> None:
    assert run(replay(sum_alarm(), history(("10:10", 1, arrival)))) == [("10:01", "OK"), *expected]


def test_late_and_timely_data_stand_in_one_slot() -> None:
    made = replay(sum_alarm(Threshold=2), history(("10:10", 1), ("10:10", 1, "10:13:30")))
    assert run(made)[1:] == [("10:14", "ALARM"), ("10:26", "OK")]
    (ring,) = [one for one in made.run(second("10:00"), second("11:00")).transitions if one.new.value == "ALARM"]
    assert [(one.second, one.arrival) for one in made.contributing(ring)] == [
        (second("10:10"), None),
        (second("10:10"), second("10:13:30")),
    ]


# ---------------------------------------------------------------- windows of a clock (AL-5.8)


def test_wall_clock_window_is_aligned() -> None:
    given = sum_alarm(EvaluationWindow={"WallClockWindow": {"Timezone": "UTC"}})
    assert run(replay(given, history(("10:12", 1)))) == [("10:01", "OK"), ("10:15", "ALARM"), ("10:20", "OK")]


def test_wall_clock_day_follows_its_time_zone() -> None:
    made = replay(sum_alarm(Period=86_400, **BERLIN), history(("10:12", 1)))
    found = made.run(second("00:00"), second("2026-03-05T00:00:00Z"))
    assert [(one.at.isoformat(), one.new.value) for one in found.transitions][1:] == [
        ("2026-03-01T23:00:00+00:00", "ALARM"),
        ("2026-03-02T23:00:00+00:00", "OK"),
    ]
    assert found.evaluations == 4 * 24 * 60


@pytest.mark.parametrize(
    ("period", "treat"), [(60, "missing"), (60, "ignore"), (300, "breaching"), (3600, "notBreaching")]
)
def test_wall_clock_windows_jump_over_what_sees_nothing(period: int, treat: str) -> None:
    # Summer time begins on 29 March in Berlin; one datum comes late, two lie far away from all others.
    data = history(
        ("2026-03-29T00:10:00Z", 1),
        ("2026-03-29T01:59:00Z", 0),
        ("2026-03-29T00:50:00Z", 1, "2026-03-29T01:55:30Z"),
        ("2026-04-01T12:00:00Z", 3),
        ("2026-04-01T12:01:00Z", 3),
    )
    given = sum_alarm(Period=period, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData=treat, **BERLIN)
    made = replay(given, data)
    span = (second("2026-03-28T23:17:00Z"), second("2026-04-04T05:00:00Z"))
    found = made.run(*span)
    assert found.transitions == made.run(*span, every_instant=True).transitions != ()
    jumped = len(list(made._due(*span)))
    assert jumped < found.evaluations


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (sum_alarm(), False),
        (sum_alarm(**BERLIN), False),
        (band_parameters(), True),
        (math_parameters(stat("m1"), expression("e", "IF(HOUR(m1) > 3, m1, 0)", returned=True)), True),
        (math_parameters(stat("m1"), expression("e", "IF(HOUR(m1) > 3, m1, 0)", returned=True), **BERLIN), True),
        (math_parameters(stat("m1"), expression("e", "m1 * 2", returned=True), **BERLIN), False),
    ],
)
def test_only_what_depends_on_the_clock_is_evaluated_at_every_instant(given: dict[str, Any], expected: bool) -> None:
    assert is_tied_to_the_clock(MetricAlarm.from_aws(given)) is expected
    made = replay(given, history())
    assert (len(list(made._due(0, 36_000_000))) == 600_000) is expected


# ---------------------------------------------------------------- math


M1, M2 = MetricKey.of(NAMESPACE, "m1"), MetricKey.of(NAMESPACE, "m2")


def test_math_alarm_reads_all_of_its_metrics() -> None:
    given = math_parameters(
        stat("m1"), stat("m2"), expression("e1", "FILL(m1, 0) + FILL(m2, 0)", returned=True),
        Threshold=3, TreatMissingData="notBreaching",
    )  # fmt: skip
    histories = {(M1, None): history(("10:10", 2)), (M2, None): history(("10:10", 1), ("10:20", 2))}
    made = replay(given, histories)
    assert [step for step in run(made) if step[0] > "10:05"] == [("10:11", "ALARM"), ("10:12", "OK")]
    (ring,) = [one for one in made.run(second("10:00"), second("11:00")).transitions if one.new.value == "ALARM"]
    assert [(one.second, one.statistics.sum) for one in made.contributing(ring)] == [
        (second("10:10"), 2),
        (second("10:10"), 1),
    ]


def test_math_that_depends_on_the_clock() -> None:
    given = math_parameters(
        stat("m1"), expression("e1", "IF(MINUTE(m1) >= 15, m1, 0)", returned=True), TreatMissingData="missing"
    )
    data = history(*((f"10:{minute}", 1) for minute in range(10, 20)))
    assert run(replay(given, {(M1, None): data}))[:2] == [("10:01", "OK"), ("10:16", "ALARM")]


def test_units_of_queries_are_their_own() -> None:
    given = math_parameters(
        stat("m1", Unit="Count"), expression("e1", "m1 * 1", returned=True), TreatMissingData="notBreaching"
    )
    histories = {(M1, None): history(("10:10", 1), ("10:20", 1)), (M1, "Count"): history(("10:20", 1))}
    assert run(replay(given, histories)) == [("10:01", "OK"), ("10:21", "ALARM"), ("10:24", "OK")]


# ---------------------------------------------------------------- units (AL-5.4)


@pytest.mark.parametrize(
    ("unit", "expected", "mixed"),
    [(None, "10:11", ("Count", "None")), ("Count", "10:11", ()), ("None", None, ()), ("Bytes", None, ())],
)
def test_unit_that_is_given_is_the_only_one_seen(
    unit: str | None, expected: str | None, mixed: tuple[str, ...]
) -> None:
    count, none = history(("10:10", 1)), history(("10:10", -1))
    both = history(("10:10", 1), ("10:10", -1))
    histories = {(EVENTS, None): both, (EVENTS, "Count"): count, (EVENTS, "None"): none}
    given = sum_alarm(Statistic="Maximum", Unit=unit)
    found = replay(given, histories).run(second("10:00"), second("11:00"))
    rings = [one for one in found.transitions if one.new.value == "ALARM"]
    assert [f"{one.at:%H:%M}" for one in rings] == ([] if expected is None else [expected])
    assert [one.units for one in rings] == ([] if expected is None else [mixed])


# ---------------------------------------------------------------- warm-up (AL-5.7)


@pytest.mark.parametrize(
    ("only_after", "expected"),
    [
        (False, [("10:11", "ALARM"), ("10:26", "OK")]),  # a full window ends it
        (True, [("10:20", "ALARM"), ("10:26", "OK")]),
    ],
)
def test_alarm_that_warms_up_waits(only_after: bool, expected: list[tuple[str, str]]) -> None:
    warm_up = {"WarmUpPeriodDurationInMinutes": 20, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": only_after}
    assert run(replay(sum_alarm(WarmUpConfiguration=warm_up), history(("10:10", 1)))) == expected


def test_warm_up_ends_without_data_at_its_time() -> None:
    given = sum_alarm(WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 20})
    assert run(replay(given, history())) == [("10:20", "OK")]
    assert run(replay(given, history()), until="10:19") == []
    assert run(replay(given, history(), extra=0), since="10:00:30") == [("10:21", "OK")]


def test_warm_up_that_is_over_is_not_looked_at_again() -> None:
    given = sum_alarm(WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 1}, TreatMissingData="missing")
    data = history(("10:10", 1), ("10:40", 0))
    assert run(replay(given, data)) == [
        ("10:11", "ALARM"), ("10:26", "INSUFFICIENT_DATA"), ("10:41", "OK"), ("10:56", "INSUFFICIENT_DATA"),
    ]  # fmt: skip


# ---------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Statistic": "Average", "Threshold": 4}, [("10:12", "ALARM"), ("10:17", "OK")]),
        ({"Statistic": None, "ExtendedStatistic": "p50", "Threshold": 5}, [("10:12", "ALARM"), ("10:17", "OK")]),
        ({"Statistic": "SampleCount", "Threshold": 2}, [("10:12", "ALARM"), ("10:16", "OK")]),
        (
            {
                "Statistic": None, "ExtendedStatistic": "p50", "Threshold": 1,
                "EvaluateLowSampleCountPercentile": "ignore",
            },
            [],  # two samples are too few
        ),
    ],
)  # fmt: skip
def test_statistics_of_slots(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    made = replay(sum_alarm(**changes), history(("10:10", 1), ("10:11", 9)), extra=0)
    assert [step for step in run(made) if step[0] > "10:05"] == expected


def test_evaluation_of_any_instant_is_told_in_full() -> None:
    made = replay(sum_alarm(), history(("10:10", 1)))
    (ring,) = [one for one in made.run(second("10:00"), second("11:00")).transitions if one.new.value == "ALARM"]
    assert made.evaluation(second("10:11"), ring.old) == ring
    assert made.evaluation(second("10:12"), ring.new).new is ring.new


@pytest.mark.parametrize("at", ["0001-01-01T00:00:30Z", "9999-12-31T23:40:00Z"])
def test_ends_of_the_calendar(at: str) -> None:
    start = second(at) // 60 * 60
    data = MetricHistory([HistoryPoint(start, None, StatisticSet.of(1.0))])
    made = replay(sum_alarm(), data)
    ring = made.run(start, start + 900).transitions[0]
    assert ring.new.value == "ALARM"
    assert [one.second for one in made.contributing(ring)] == [start]


def test_a_sum_that_no_double_can_hold_is_no_datapoint() -> None:
    from tocsin.app.replay import _double

    assert _double(10**400) is None
    assert _double(3) == 3.0
