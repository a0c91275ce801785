from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from alarms import NOON, band_alarm, expression, math_alarm, metric_alarm, stat

from tocsin.core.alarm import AlarmError, SlotValue, StateValue, evaluate, evaluate_slots
from tocsin.core.alarm.evaluation import explain
from tocsin.core.alarm.evaluator import AlarmEvaluator
from tocsin.core.anomaly import Band
from tocsin.core.metric import StatisticSet


def minute(back: float) -> datetime:
    return NOON - timedelta(minutes=back)


# IF-5
def test_an_evaluation_says_what_it_saw() -> None:
    alarm = metric_alarm(EvaluationPeriods=2, DatapointsToAlarm=1)
    found = evaluate(alarm, "OK", [(minute(2), [1, 2]), (minute(3.5), 0), (minute(99), 7)], at=NOON)
    assert (found.old, found.new, found.at) == (StateValue.OK, StateValue.ALARM, NOON)
    assert (found.rule, found.evaluation_range) == ("newest-points", 4)
    assert found.points == ((minute(2), 3.0),)
    assert found.slots == (
        SlotValue(start=minute(1)),
        SlotValue(start=minute(2), value=3.0, sample_count=2.0),
        SlotValue(start=minute(3)),
        SlotValue(start=minute(4), value=0.0, sample_count=1.0),
    )
    assert (found.model, found.units) == ("", ())


def test_the_order_of_points_does_not_matter() -> None:
    alarm = metric_alarm(EvaluationPeriods=3)
    points = [(minute(back), [0.1, 0.2, 0.3]) for back in (0.5, 1, 1.5, 2.2, 3)]
    assert evaluate(alarm, "OK", points, at=NOON) == evaluate(alarm, "OK", points[::-1], at=NOON)


# Six and a half hours to the east; a second of 12:00:00.9 is that of 12:00:00.
def test_points_of_other_zones_and_parts_of_seconds() -> None:
    zone = ZoneInfo("Asia/Yangon")
    points = [
        (minute(1).astimezone(zone), 1),
        (NOON + timedelta(microseconds=1), 1),
        (NOON - timedelta(microseconds=1), 1),
    ]
    assert evaluate(metric_alarm(), "OK", points, at=NOON).points == ((minute(1), 2.0),)


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_no_samples_are_no_data(nothing: object) -> None:
    assert evaluate(metric_alarm(), "OK", [(minute(1), nothing)], at=NOON).new is StateValue.INSUFFICIENT_DATA


def test_statistic_sets_are_taken_as_they_are() -> None:
    data = StatisticSet.stated(sample_count=3, sum=0.5, minimum=0, maximum=0.5)
    found = evaluate(metric_alarm(Statistic="SampleCount", Threshold=3), "OK", [(minute(1), data)], at=NOON)
    assert found.points == ((minute(1), 3.0),)


def test_an_empty_statistic_set_is_no_data() -> None:
    found = evaluate(metric_alarm(), "OK", [(minute(1), StatisticSet.of())], at=NOON)
    assert found.slots[0] == SlotValue(start=minute(1))


@pytest.mark.parametrize("value", ["1", True, float("nan"), float("inf"), 2.0**361, 10**400, {}, [1, None], object()])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(AlarmError, match="is invalid") as caught:
        evaluate(metric_alarm(), "OK", [(minute(1), value)], at=NOON)
    assert (caught.value.aws_code, caught.value.parameter) == ("InvalidParameterValue", "points")


@pytest.mark.parametrize(
    ("state", "points", "at", "says"),
    [
        ("OK", [(NOON.replace(tzinfo=None), 1)], NOON, "points must have a time zone"),
        ("OK", [], NOON.replace(tzinfo=None), "at must have a time zone"),
        ("OK", [("2026-01-01T00:00:00Z", 1)], NOON, "pair of datetime and value"),
        ("OK", {"m1": []}, NOON, "cannot be a dict"),
        (
            "INVALID",
            [],
            NOON,
            (
                "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: "
                r"Member must satisfy enum value set: \[INSUFFICIENT_DATA, ALARM, OK\]"
            ),
        ),
    ],
)
def test_what_is_refused(state: str, points: Any, at: datetime, says: str) -> None:
    with pytest.raises(AlarmError, match=says):
        evaluate(metric_alarm(), state, points, at=at)


def test_a_math_alarm_takes_points_by_query() -> None:
    alarm = math_alarm(
        stat("m1"),
        stat("m2"),
        expression("e1", "m1-m2", returned=True),
        Threshold=-7,
        ComparisonOperator="LessThanOrEqualToThreshold",
    )
    found = evaluate(alarm, "OK", {"m1": [(minute(1), 2)], "m2": [(minute(1), [4, 5])]}, at=NOON)
    assert (found.new, found.points) == (StateValue.ALARM, ((minute(1), -7.0),))
    # AL-4.2: a missing point next to a present one counts as 0; a query without data may be left out.
    assert evaluate(alarm, "OK", {"m2": [(minute(1), 9)]}, at=NOON).points == ((minute(1), -9.0),)
    with pytest.raises(AlarmError, match="must be a dict"):
        evaluate(alarm, "OK", [], at=NOON)
    with pytest.raises(AlarmError, match="no metric e1") as caught:
        evaluate(alarm, "OK", {"e1": []}, at=NOON)
    assert caught.value.hint == "data are those of m1, m2"


# AL-15.3: the points before are the history of the band; the model is named, and can be replaced.
def test_an_anomaly_alarm_makes_its_band_out_of_its_points() -> None:
    week = [(NOON - timedelta(days=7) + timedelta(minutes=n), 10 + n % 3) for n in range(-30, 60)]
    points = {"m1": [*week, (minute(1), 99)]}
    found = evaluate(band_alarm(), "OK", points, at=NOON)
    assert (found.new, found.model) == (StateValue.ALARM, "hour-of-week-median")
    newest = found.slots[0]
    assert newest.value == 99
    assert newest.lower is not None
    assert newest.upper is not None
    assert 0 < newest.lower < 11 < newest.upper < 20
    percentile = [stat("m1", returned=True, name="p50"), expression("ad1", "ANOMALY_DETECTION_BAND(m1)", returned=True)]
    negative = {"m1": [*week, (minute(60 * 24 * 6), -1), (minute(1), 99)]}
    assert evaluate(band_alarm(Metrics=percentile), "OK", negative, at=NOON).new is StateValue.ALARM


def test_without_enough_history_every_slot_is_missing() -> None:
    found = evaluate(band_alarm(), "OK", {"m1": [(minute(1), 99)]}, at=NOON)
    assert found.new is StateValue.INSUFFICIENT_DATA
    assert found.slots[0].value == 99


def test_another_model() -> None:
    class Flat:
        name = "flat"

        def band(self, history: Any, slots: Any, *, deviations: float) -> Band:
            assert [value for _, value in history] == [5.0, 50.0]
            return Band(lower=(0.0,) * len(slots), upper=(20.0 * deviations,) * len(slots), model=self.name)

    points = {"m1": [(minute(9), 5), (minute(1), 50)]}
    found = evaluate(band_alarm(), "OK", points, at=NOON, model=Flat())
    assert (found.new, found.model) == (StateValue.ALARM, "flat")


# AL-5.8: R = N, aligned to the clock of the zone, which is handed in where it is a name.
def test_a_wall_clock_window() -> None:
    def window(name: str) -> Any:
        return metric_alarm(Period=86_400, EvaluationWindow={"WallClockWindow": {"Timezone": name}})

    at = datetime(2026, 9, 14, 12, tzinfo=UTC)
    berlin = evaluate(window("Europe/Berlin"), "OK", [], at=at, zone=ZoneInfo("Europe/Berlin"))
    assert [slot.start for slot in berlin.slots] == [datetime(2026, 9, 12, 22, tzinfo=UTC)]
    east = evaluate(window("+03:00"), "OK", [], at=at)
    assert [slot.start for slot in east.slots] == [datetime(2026, 9, 12, 21, tzinfo=UTC)]
    with pytest.raises(AlarmError, match="Europe/Berlin is not known here"):
        evaluate(window("Europe/Berlin"), "OK", [], at=at)


def test_the_setting_for_the_range() -> None:
    assert evaluate(metric_alarm(), "OK", [(minute(2), 9)], at=NOON, extra=0).new is StateValue.INSUFFICIENT_DATA
    assert evaluate(metric_alarm(), "OK", [(minute(2), 9)], at=NOON, extra=1).new is StateValue.ALARM


def test_slots_have_to_fit_the_range() -> None:
    with pytest.raises(AlarmError, match="The evaluation range is 3 slots, but 2 are given"):
        evaluate_slots(metric_alarm(), StateValue.OK, [None, None], at=NOON)
    with pytest.raises(AlarmError, match="The evaluation range is 3 slots, but 1 are given") as caught:
        evaluate_slots(math_alarm(stat("m1", returned=True)), StateValue.OK, {"m1": [None]}, at=NOON)
    assert caught.value.parameter == "m1"


# AL-5.4: that several units were mixed stands in the record.
def test_mixed_units_are_recorded() -> None:
    slots = [None, None, StatisticSet.of(1.0)]
    mixed = evaluate_slots(metric_alarm(), StateValue.OK, slots, at=NOON, units=["Seconds", "Count", "Seconds"])
    assert mixed.units == ("Count", "Seconds")
    assert evaluate_slots(metric_alarm(), StateValue.OK, slots, at=NOON, units=["Count", "Count"]).units == ()


# AL-18.6
def test_what_is_worth_recording() -> None:
    alarm = metric_alarm()
    first = evaluate(alarm, "OK", [(minute(1), 9)], at=NOON)
    again = evaluate(alarm, "ALARM", [(minute(1), 9)], at=NOON)
    later = evaluate(alarm, "ALARM", [(minute(1), 8)], at=NOON)
    assert first.is_news(None)
    assert again.is_news(None)
    assert not again.is_news(first)
    assert later.is_news(again)
    assert first.is_news(first)  # it changed the state


def test_an_evaluation_can_be_stored_as_json() -> None:
    found = evaluate(metric_alarm(), "OK", [(minute(1), 9)], at=NOON)
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_explain_writes_down_the_decision_that_it_is_given() -> None:
    evaluator = AlarmEvaluator(metric_alarm())
    reading = evaluator.read([None, None, StatisticSet.of(9.0)], (0, 60, 120, 180))
    decision = evaluator.judge(reading, StateValue.OK)
    found = explain(evaluator, reading, decision, old=StateValue.OK, at=NOON)
    assert found.reason.startswith("Threshold Crossed: 1 datapoint [9.0 (01/01/70 00:02:00)]")
