"""What `explain alarm-states` says is what the alarms of this program do (AL-7, AL-7.c, AL-8, AL-19.2)."""

from itertools import pairwise, product

import pytest
from alarms import metric_alarm

from tocsin.app.alarm_states import KEEPS, USUAL, alarm_states, ways
from tocsin.app.explain import load_table
from tocsin.core.alarm import AlarmEvaluator, StateValue, TreatMissingData, decide
from tocsin.core.alarm.decision import Datapoint, DecisionRule
from tocsin.core.alarm_life import life_of
from tocsin.core.metric import StatisticSet

BEFORE_THE_POINTS = {DecisionRule.KEPT_FEW_SAMPLES, DecisionRule.WARMING_UP}


def test_alarm_states_are_three():
    assert [state.state for state in alarm_states().states] == [state.value for state in StateValue]


# ---------------------------------------------------------------- the table of the code


def test_every_rule_of_the_decision_leads_somewhere():
    assert {way.rule for way in ways()} == set(DecisionRule) - BEFORE_THE_POINTS


def test_every_way_has_words_and_no_words_are_left_over():
    words = load_table("alarm-states.yaml", dict)
    found = {(way.rule.value, way.state) for way in ways()}
    told = {(rule, state) for rule, states in words["ways"].items() for state in states}
    assert told - found == {
        (DecisionRule.KEPT_FEW_SAMPLES.value, KEEPS),
        (DecisionRule.WARMING_UP.value, StateValue.INSUFFICIENT_DATA.value),
    }
    assert found <= told
    assert set(words["moments"]) == {way.rule.value for way in ways()}


@pytest.mark.parametrize("way", ways(), ids=lambda way: f"{way.rule.value} {way.state}")
def test_an_example_is_one(way):
    values = [{"0": Datapoint.GOOD, "X": Datapoint.BAD, "-": Datapoint.MISSING}[mark] for mark in way.points.split()]
    for old in StateValue:
        decision = decide(values, n=way.n, m=way.m, treat=way.treatments[0], old=old)
        assert decision.rule is way.rule
        assert decision.state == (old if way.state == KEEPS else way.state)


def test_the_treatments_of_a_way_are_all_of_them():
    found = {(way.rule, way.state): set(way.treatments) for way in ways()}
    assert found[DecisionRule.NEWEST_POINTS, "ALARM"] == set(TreatMissingData)
    assert found[DecisionRule.NO_DATA, "INSUFFICIENT_DATA"] == {TreatMissingData.MISSING}
    assert found[DecisionRule.ENOUGH_BREACHES, "ALARM"] == {TreatMissingData.MISSING, TreatMissingData.IGNORE}
    assert found[DecisionRule.PREMATURE, "ALARM"] == {TreatMissingData.MISSING}


def test_what_leads_to_a_state_names_treatment_and_example():
    ok, alarm, insufficient = alarm_states().states
    assert any("TreatMissingData plays no part; 3 of 3: 0 X X - X" in way for way in alarm.leads_to_it)
    assert any("TreatMissingData notBreaching; 3 of 3: 0 - - - -" in way for way in ok.leads_to_it)
    assert insufficient.leads_to_it[0].startswith("Creation")
    assert any("for ever" in way for way in alarm_states().keeps)


# ---------------------------------------------------------------- the documented tables

# AL-7.4 and AL-7.5, as AWS published them.
GUIDE = {
    "3 of 3": """
        0 - X - X | OK                | OK    | OK    | OK
        0 - - - - | OK                | OK    | OK    | OK
        - - - - - | INSUFFICIENT_DATA | keeps | ALARM | OK
        0 X X - X | ALARM             | ALARM | ALARM | ALARM
        - - X - - | ALARM             | keeps | ALARM | OK
    """,
    "2 of 3": """
        0 - X - X | ALARM | ALARM | ALARM | ALARM
        0 0 X 0 X | ALARM | ALARM | ALARM | ALARM
        0 - X - - | OK    | OK    | ALARM | OK
        - - - - 0 | OK    | OK    | ALARM | OK
        - - - X - | ALARM | keeps | ALARM | OK
    """,
}


@pytest.mark.parametrize("name", GUIDE)
def test_the_tables_are_those_of_the_guide(name):
    (table,) = [one for one in alarm_states().tables if one.title.startswith(name)]
    assert table.columns == ("missing", "ignore", "breaching", "notBreaching")
    rows = [tuple(cell.strip() for cell in line.split("|")) for line in GUIDE[name].strip().splitlines()]
    assert list(table.rows) == rows


# ---------------------------------------------------------------- lives


def steps(alarm, **options):
    return [(step.at, step.state) for step in alarm_states(alarm, **options).example.steps]


def test_the_usual_alarm_is_that_of_the_specification():
    # AL-7.c: ALARM for T = 11 … 25, OK from 26.
    assert steps(USUAL) == steps(None) == [
        ("12:00", "INSUFFICIENT_DATA"),
        ("12:01", "OK"),
        ("12:10", "OK"),
        ("12:11", "ALARM"),
        ("12:16", "ALARM"),
        ("12:26", "OK"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "treatments"),
    [
        (
            {"Period": 300},
            [
                ("missing", "INSUFFICIENT_DATA", "15 minutes", "INSUFFICIENT_DATA"),
                ("ignore", "INSUFFICIENT_DATA", "from then on", "ALARM"),
                ("breaching", "ALARM", "always", "ALARM"),
                ("notBreaching", "OK", "15 minutes", "OK"),
            ],
        ),
        ({"Period": 10}, [("missing", "INSUFFICIENT_DATA", "70 seconds", "INSUFFICIENT_DATA")]),
    ],
)
def test_the_life_under_each_treatment(changes, treatments):
    found = alarm_states(metric_alarm(**changes)).example.treatments
    assert [(one.name, one.before, one.rings, one.after) for one in found][: len(treatments)] == treatments
    assert [one.name for one in found if one.is_its_own] == ["missing"]


@pytest.mark.parametrize("treat", list(TreatMissingData))
@pytest.mark.parametrize(("period", "n", "m"), [(60, 1, 1), (300, 3, 2), (300, 3, 3), (10, 2, 1), (20, 3, 3)])
def test_a_life_is_what_evaluation_at_every_instant_gives(treat, period, n, m):
    alarm = metric_alarm(Period=period, EvaluationPeriods=n, DatapointsToAlarm=m, TreatMissingData=treat.value)
    life = alarm_states(alarm).example
    clock = {}
    for step in life.steps:
        hour, minute, *second = map(int, step.at.split(":"))
        clock[(hour - 12) * 3600 + minute * 60 + sum(second)] = step.state
    burst = life_of(alarm).burst
    data = [600 + place * period for place in range(burst)]
    evaluator = AlarmEvaluator(alarm)
    state, interval, changes = StateValue.INSUFFICIENT_DATA, 10 if period < 60 else 60, {}
    for at in range(interval, 600 + 30 * max(period, 60), interval):
        edges = evaluator.edges(at)
        slots = [
            StatisticSet.of(1.0) if any(start <= second < end for second in data) else None
            for start, end in pairwise(edges)
        ]
        new = evaluator.decide_reading(evaluator.read(slots, edges), state)
        if new is not state:
            changes[at] = state = new
    shown, state = {}, "INSUFFICIENT_DATA"
    for at, value in clock.items():
        if value != state:
            shown[at] = state = value
    assert shown == {at: new.value for at, new in changes.items()}


def test_a_window_beyond_a_day_is_looked_at_every_hour():
    alarm = metric_alarm(Period=86_400, EvaluationPeriods=2, DatapointsToAlarm=1, TreatMissingData="notBreaching")
    assert steps(alarm) == [
        ("12:00", "INSUFFICIENT_DATA"),
        ("12:10", "INSUFFICIENT_DATA"),
        ("13:00", "ALARM"),
        ("13:00 +1 d", "ALARM"),
        ("13:00 +4 d", "OK"),
    ]


def test_good_points_of_a_default_value_end_it():
    assert steps(metric_alarm(Period=300), has_default=True)[-1] == ("12:16", "OK")


def test_the_range_of_the_settings_is_used():
    assert steps(USUAL, extra=0)[-1] == ("12:16", "OK")


def test_all_old_states_and_points_are_tried():
    # Nothing that `decide` can answer is missing from the ways.
    found = {(way.rule, way.state) for way in ways()}
    for points, treat, old in product(product(Datapoint, repeat=4), TreatMissingData, StateValue):
        decision = decide(points, n=2, m=2, treat=treat, old=old)
        assert {(decision.rule, decision.state.value), (decision.rule, KEEPS)} & found
