"""How long a burst rings an alarm: the shortcut gives what every evaluation in turn gives (AL-7, AL-7.c)."""

from __future__ import annotations

from itertools import product

import pytest
from alarms import metric_alarm

from tocsin.core.alarm import Datapoint, StateValue, TreatMissingData, decide
from tocsin.core.alarm.decision import DecisionRule
from tocsin.core.alarm_life import AlarmLife, life_of, ring_text

OK, ALARM, INSUFFICIENT_DATA = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA


def life(treat: str, *, n: int = 1, m: int | None = None, period: int = 300, **options: object) -> AlarmLife:
    changes = {"TreatMissingData": treat, "EvaluationPeriods": n, "DatapointsToAlarm": m, "Period": period}
    return life_of(metric_alarm(**changes), **options)


@pytest.mark.parametrize(
    ("treat", "before", "rings", "after"),
    [
        ("notBreaching", OK, 3, OK),
        ("missing", INSUFFICIENT_DATA, 3, INSUFFICIENT_DATA),
        ("ignore", INSUFFICIENT_DATA, None, ALARM),
        ("breaching", ALARM, None, ALARM),
    ],
)
def test_the_usual_security_alarm(treat: str, before: StateValue, rings: int | None, after: StateValue) -> None:
    # AL-7.c: R = 3 slots of five minutes, so ALARM for 15 minutes.
    found = life(treat)
    assert (found.before, found.rings, found.after, found.burst, found.slots) == (before, rings, after, 1, 3)


def test_a_premature_alarm_needs_one_bad_period_alone() -> None:
    found = life("missing", n=3)
    assert [(one.after, one.state, one.rule) for one in found.changes] == [
        (2, ALARM, DecisionRule.PREMATURE),
        (5, INSUFFICIENT_DATA, DecisionRule.NO_DATA),
    ]
    assert (found.burst, found.rings) == (1, 3)


def test_a_burst_is_as_long_as_it_takes() -> None:
    found = life("notBreaching", n=3, m=2)
    assert (found.burst, found.rings, found.after) == (2, 4, OK)


def test_good_points_end_it_sooner() -> None:
    # AL-7.c: with a default value the alarm is OK again at T = 16.
    assert life("missing", quiet=Datapoint.GOOD).rings == 1


def test_the_treatment_and_the_range_can_be_asked_for() -> None:
    assert life_of(metric_alarm(TreatMissingData="missing"), treat=TreatMissingData.IGNORE).rings is None
    assert life("missing", extra=5).rings == 6


def test_a_wall_clock_window_has_no_slots_beyond_n() -> None:
    alarm = metric_alarm(
        TreatMissingData="notBreaching", EvaluationWindow={"WallClockWindow": {"Timezone": "UTC"}}, Period=300
    )
    assert life_of(alarm).rings == 1
    assert "range of one period" in ring_text(alarm)


@pytest.mark.parametrize("quiet", [Datapoint.MISSING, Datapoint.GOOD])
@pytest.mark.parametrize("treat", list(TreatMissingData))
def test_every_evaluation_in_turn_gives_the_same(treat: TreatMissingData, quiet: Datapoint) -> None:
    for n, period in product(range(1, 8), (10, 60)):
        for m in range(1, n + 1):
            found = life(treat.value, n=n, m=m, period=period, quiet=quiet)
            state, changes = found.before, []
            for after in range(found.slots + found.burst + 3):
                values = [
                    Datapoint.BAD if 0 <= after - age < found.burst else quiet for age in range(found.slots - 1, -1, -1)
                ]
                decision = decide(values, n=n, m=m, treat=treat, old=state)
                if decision.state is not state:
                    state = decision.state
                    changes.append((after, state, decision.rule))
            assert [(one.after, one.state, one.rule) for one in found.changes] == changes, (n, m, period)


def test_the_longest_window_takes_no_time() -> None:
    assert life("notBreaching", n=8640, m=8640, period=10).burst == 8640


@pytest.mark.parametrize(
    ("changes", "has_default", "text"),
    [
        (
            {"TreatMissingData": "notBreaching"},
            False,
            "One breaching period rings it for 15 minutes: so long the point stays in the range of 3 periods. Then it is OK.",
        ),
        ({"TreatMissingData": "missing"}, False, "Then it goes to INSUFFICIENT_DATA."),
        ({"TreatMissingData": "ignore"}, False, "it stays in ALARM until a period has data that do not breach."),
        ({"TreatMissingData": "breaching"}, False, "Without data it is in ALARM from its first evaluation on"),
        (
            {"TreatMissingData": "missing"},
            True,
            "One breaching period rings it for 5 minutes. Then it is OK, if other records arrive meanwhile.",
        ),
        (
            {"TreatMissingData": "notBreaching", "EvaluationPeriods": 3, "DatapointsToAlarm": 2},
            False,
            "2 breaching periods on end ring it for 20 minutes: so long enough points stay in the range of 5 periods.",
        ),
    ],
)
def test_words(changes: dict[str, object], has_default: bool, text: str) -> None:
    assert text in ring_text(metric_alarm(Period=300, **changes), has_default=has_default)
