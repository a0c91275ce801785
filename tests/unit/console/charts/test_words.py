"""What charts say where they are pointed at, and to those who do not see them. Spec: CON-5.4, CON-5.7, CON-5.8."""

from __future__ import annotations

import re

import pytest

from tocsin.console.charts import (
    DecidingEvaluation,
    Deed,
    Mark,
    MetricChart,
    MetricWords,
    Side,
    Slot,
    StateSpan,
    Window,
    actor_timeline,
    event_lane,
    lane_rank,
    legend_item,
    metric_figure,
    seconds_in,
    state_lane,
)

WINDOW = Window(0, 3600)
WORDS = MetricWords(metric="Sum of X in 5 minutes", short="Sum in 5 min", one="event", many="events")


def slots(*values: dict) -> tuple[Slot, ...]:
    return tuple(Slot(start=300 * place, end=300 * place + 300, **value) for place, value in enumerate(values))


def texts(markup: str) -> list[str]:
    """What its columns say."""
    return re.findall(r'<text y="-?[0-9]+"(?: aria-hidden="true")?>([^<]*)<', markup)


def chart(*values: dict, **more) -> MetricChart:
    given = {"window": WINDOW, "slots": slots(*values), "now": 3600, "words": WORDS, **more}
    return MetricChart(**given)


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ({"value": 1.0}, "00:00 to 00:05: 1 event"),
        ({"value": 0.0}, "00:00 to 00:05: 0 events"),
        ({"value": 1234.5, "note": "rang"}, "00:00 to 00:05: 1,234.5 events, rang"),
        ({"value": 4.0, "decided": 1.0}, "00:00 to 00:05: 4 events, 1 event when it was decided"),
        ({"value": 4.0, "is_late": True}, "00:00 to 00:05: 4 events, some came late"),
        ({}, "00:00 to 00:05: no data"),
        ({"is_fill": True}, "00:00 to 00:05: no data, counts as breaching"),
    ],
)
def test_a_column_says_what_it_holds(slot: dict, text: str) -> None:
    assert texts(metric_figure(chart(slot)).drawing) == [text]


@pytest.mark.parametrize(
    ("side", "text"),
    [
        (Side.ABOVE, "highest of 5 slots 7 events, 2 without data"),
        (Side.BELOW, "lowest of 5 slots 3 events, 2 without data"),
        (Side.BOTH, "3 to 7 events in 5 slots, 2 without data"),
    ],
)
def test_a_column_of_several_slots_says_which_one_it_shows(side: Side, text: str) -> None:
    values = [{"value": 3.0}, {}, {"value": 7.0}, {}, {"value": 5.0}] * 120
    made = tuple(Slot(start=6 * place, end=6 * place + 6, **value) for place, value in enumerate(values))
    said = texts(metric_figure(chart(slots=made, side=side)).drawing)
    assert len(said) == 120
    assert said[0] == f"00:00 to 00:00:30: {text}"


def test_neighbours_without_data_are_one_column_and_no_link() -> None:
    drawn = metric_figure(chart({}, {}, {"value": 1.0, "href": "#e"}, {})).drawing
    assert texts(drawn) == ["00:00 to 00:10: no data", "00:10 to 00:15: 1 event", "00:15 to 00:20: no data"]
    assert drawn.count("<a ") == 1
    assert '<a class="col" href="#e" aria-label="00:10 to 00:15: 1 event">' in drawn


@pytest.mark.parametrize(
    ("states", "rang"),
    [
        ([], ""),
        ([StateSpan(0, 3600, "OK")], ", in ALARM never"),
        ([StateSpan(0, 1800, "OK"), StateSpan(1800, 3600, "ALARM")], ", in ALARM once"),
        # What ended before the window is not counted.
        ([StateSpan(-60, 0, "ALARM"), StateSpan(0, 60, "OK")], ", in ALARM never"),
    ],
)
def test_the_label_says_how_often_it_rang(states: list[StateSpan], rang: str) -> None:
    drawn = metric_figure(chart({"value": 2.0}, {"value": 2.0}, states=tuple(states)))
    assert drawn.label == f"Sum of X in 5 minutes, 1 hour to 01:00. Highest 2 at 00:05{rang}."


def test_the_highest_is_told_by_its_slot_and_not_by_its_column() -> None:
    made = tuple(Slot(start=6 * place, end=6 * place + 6, value=9.0 if place == 302 else 1.0) for place in range(600))
    assert "Highest 9 at 00:30:12" in metric_figure(chart(slots=made)).label


def test_a_chart_without_data_says_so() -> None:
    drawn = metric_figure(chart())
    assert drawn.label == "Sum of X in 5 minutes, 1 hour to 01:00. No data."
    assert "Sum in 5 min: no data" in drawn.drawing
    assert drawn.legend == ()


def test_a_deciding_evaluation_outside_the_window_is_not_drawn() -> None:
    decided = DecidingEvaluation(at=-600, period=300, looked_at=3, evaluated=1)
    drawn = metric_figure(chart({"value": 1.0}, decision=decided))
    assert "win" not in drawn.drawing
    assert drawn.legend == ()


def test_one_slot_is_one_slot() -> None:
    decided = DecidingEvaluation(at=600, period=300, looked_at=1, evaluated=1)
    assert [words for _, words in metric_figure(chart({"value": 1.0}, decision=decided)).legend] == ["1 slot seen"]


@pytest.mark.parametrize(
    ("side", "threshold", "y"),
    [(Side.ABOVE, 1.0, 132), (Side.BELOW, 1.0, 153), (Side.BELOW, 0.0, 188)],
)
def test_the_words_of_a_threshold_stand_where_it_rings_and_within_the_plot(
    side: Side, threshold: float, y: int
) -> None:
    words = MetricWords(metric="m", short="s", threshold="here")
    values = [{"value": 0.0}, {"value": 2.0}]
    drawn = metric_figure(chart(*values, words=words, side=side, threshold=threshold, is_count=False)).drawing
    assert re.search(r'class="tx al" x="4" y="(\d+)"', drawn)[1] == str(y)


def test_missing_slots_that_breach_are_hatched_beside_a_line_too() -> None:
    drawn = metric_figure(chart({"value": 1.0}, {"is_fill": True}, is_count=False)).drawing
    assert drawn.count('class="fill"') == 1


def test_a_count_that_may_be_negative_is_drawn_over_its_range() -> None:
    drawn = metric_figure(chart({"value": 1.0}, threshold=-4.0))
    assert ">-4<" in drawn.axis


def test_an_alarm_is_never_too_short_to_be_seen() -> None:
    drawn = state_lane(WINDOW, [StateSpan(0, 1, "ALARM")])
    assert '<path class="sAl" d="M0 0V12"/>' in drawn


def test_lanes_that_ring_come_first_then_the_longest() -> None:
    lanes = {
        "rings": [StateSpan(0, 3500, "OK"), StateSpan(3500, 3600, "ALARM")],
        "rang long": [StateSpan(0, 3000, "ALARM"), StateSpan(3000, 3600, "OK")],
        "rang": [StateSpan(-3000, 60, "ALARM"), StateSpan(60, 3600, "OK")],
        "new": [],
    }
    assert sorted(lanes, key=lambda name: lane_rank(WINDOW, lanes[name])) == ["rings", "rang long", "rang", "new"]
    # What lies before the window does not count.
    assert seconds_in(WINDOW, lanes["rang"]) == 60


def test_counts_that_are_not_known_are_not_nought() -> None:
    drawn = event_lane(WINDOW, [(0, None), (60, 3.0), (120, 0.0)], width=60, now=3600)
    assert drawn.label == "Events a minute: highest 3 at 00:01, lowest 0 at 00:02, 3 in 1 hour."
    assert drawn.drawing.count('class="gap"') == 1
    nothing = event_lane(WINDOW, [(0, None)], width=60, now=3600)
    assert nothing.label == "Events a minute: nothing is known of these 1 hour."


def test_a_timeline_says_all_of_it_in_words() -> None:
    marks = [
        Mark(at=60, service="ec2", deed=Deed.WRITE, text="RunInstances, done"),
        Mark(at=120, service="iam", deed=Deed.DENIED, text="CreateUser, denied"),
        Mark(at=180, service="ec2", deed=Deed.COUNTED, text="AuthorizeSecurityGroupIngress"),
        Mark(at=4000, service="s3", deed=Deed.READ, text="later"),
    ]
    drawn = actor_timeline(WINDOW, marks, now=3600, actor="mallory")
    assert drawn.label == "mallory, 3 calls in 1 hour, 1 denied, 1 counted in an alarm: ec2 2, iam 1."
    assert [(lane.service, lane.count) for lane in drawn.lanes] == [("ec2", 2), ("iam", 1)]
    assert [words for _, words in drawn.legend] == ["write", "denied", "counted in an alarm"]
    assert texts(drawn.lanes[1].drawing) == ["00:02 CreateUser, denied"]
    # The readout row is above the first lane, one lane higher for each lane.
    assert 'y="-30"' in drawn.lanes[1].drawing


def test_somebody_who_did_nothing() -> None:
    drawn = actor_timeline(WINDOW, [], now=3600, actor="mallory")
    assert (drawn.label, drawn.lanes) == ("mallory, 0 calls in 1 hour.", ())


def test_the_thirteenth_service_and_all_further_ones_are_others() -> None:
    marks = [Mark(at=place, service=f"s{place % 14:02}", deed=Deed.READ, text="x") for place in range(27)]
    lanes = actor_timeline(WINDOW, marks, now=3600, actor="x").lanes
    assert len(lanes) == 12
    assert (lanes[-1].service, lanes[-1].count) == ("other", 5)
    assert sum(lane.count for lane in lanes) == 27


def test_too_many_marks_are_columns_that_say_what_is_in_them() -> None:
    marks = [Mark(at=place, service="ec2", deed=Deed.READ, text="x", href="#a") for place in range(501)]
    marks.append(Mark(at=3599, service="ec2", deed=Deed.DENIED, text="x"))
    said = texts(actor_timeline(WINDOW, marks, now=3600, actor="x").lanes[0].drawing)
    assert len(said) == 18
    assert said[1] == "00:00:30 to 00:00:59: 30 calls"
    assert said[0] == "00:00 to 00:00:29: 30 calls"
    assert said[-1] == "00:59:59 to 00:59:59: 1 call, 1 denied"


def test_marks_that_lie_on_one_another_are_one_that_says_how_many() -> None:
    def said(*calls: tuple[int, Deed, str]) -> list[str]:
        marks = [Mark(at=at, service="ec2", deed=deed, text=text, href=f"#{at}") for at, deed, text in calls]
        return texts(actor_timeline(WINDOW, marks, now=3600, actor="x").lanes[0].drawing)

    read, denied = Deed.READ, Deed.DENIED
    assert said((0, read, "a"), (20, read, "a"), (29, read, "a")) == ["00:00 to 00:00:29: 3 calls, a"]
    assert said((0, read, "a"), (1, read, "b"), (2, read, "b")) == ["00:00 to 00:00:02: 3 calls, b 2 times and others"]
    assert said((0, read, "a"), (1, read, "b")) == ["00:00 to 00:00:01: 2 calls, a and others"]
    # What has another shape, or lies apart, is a mark of its own.
    assert said((0, read, "a"), (1, denied, "a"), (30, read, "a")) == ["00:00 a", "00:00:30 a", "00:00:01 a"]


def test_the_more_lanes_the_fewer_columns() -> None:
    marks = [Mark(at=place, service=f"s{place % 12}", deed=Deed.READ, text="x", href="#a") for place in range(3600)]
    lanes = actor_timeline(WINDOW, marks, now=3600, actor="x").lanes
    assert [len(texts(lane.drawing)) for lane in lanes] == [10] * 12


def test_the_legend_has_a_sample_for_every_mark() -> None:
    assert legend_item("late", "came late").words == "came late"
    assert 'class="b lt"' in legend_item("late", "came late").sample
