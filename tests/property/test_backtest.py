"""Backtests: what is jumped over changes nothing (AL-18.3), and parts of an archive add up (AL-18.2)."""

from __future__ import annotations

import itertools
from typing import Any

from alarms import parameters
from chain import NAMESPACE, STOP, event, feed
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Archive, log_file

from tocsin.app.alarm_data import AlarmData, AlarmDataPlan, AlarmDataReader, AlarmDataTotal, Contribution
from tocsin.app.alarm_set import find_zone
from tocsin.app.replay import AlarmReplay
from tocsin.core.alarm import MetricAlarm
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory

START = 1_774_738_800  # 28 March 2026, 23:00 UTC: summer time begins in Europe two hours later
EVENTS = MetricKey.of(NAMESPACE, "Events")

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Alarms of all kinds that jump over instants."""
    n = draw(st.integers(1, 5))
    period = draw(st.sampled_from((10, 60, 300)))
    changes: dict[str, Any] = {
        "Period": period,
        "EvaluationPeriods": n,
        "DatapointsToAlarm": draw(st.integers(1, n)),
        "TreatMissingData": draw(st.sampled_from(TREATMENTS)),
        "Threshold": draw(st.integers(0, 3)),
        "ComparisonOperator": draw(st.sampled_from(("GreaterThanOrEqualToThreshold", "LessThanThreshold"))),
    }
    match draw(st.integers(0, 7)):
        case 0:
            changes |= {"Statistic": None, "ExtendedStatistic": "p50"}
        case 1:
            changes |= {
                "Statistic": None,
                "ExtendedStatistic": "p90",
                "EvaluateLowSampleCountPercentile": draw(st.sampled_from(("evaluate", "ignore"))),
            }
        case 2:
            changes["WarmUpConfiguration"] = {
                "WarmUpPeriodDurationInMinutes": draw(st.integers(1, 30)),
                "OnlyStartEvaluatingAfterWarmUpPeriodEnds": draw(st.booleans()),
            }
        case 3 if period >= 60:
            zone = draw(st.sampled_from(("UTC", "Europe/Berlin", "+05:45")))
            changes["EvaluationWindow"] = {"WallClockWindow": {"Timezone": zone}}
        case _:
            changes["Statistic"] = draw(st.sampled_from(("Sum", "Average", "Minimum", "Maximum", "SampleCount")))
    return parameters(**changes)


@st.composite
def histories(draw: st.DrawFn) -> MetricHistory:
    """Sparse data over two hours, some of them late."""
    made = []
    for _ in range(draw(st.integers(0, 8))):
        second = START + draw(st.integers(-20, 100)) * 60
        late = draw(st.one_of(st.none(), st.none(), st.integers(0, 3000)))
        values = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
        made.append(HistoryPoint(second, None if late is None else second + late, StatisticSet.of(*map(float, values))))
    return MetricHistory(made)


@given(
    given_parameters=definitions(),
    history=histories(),
    extra=st.sampled_from((None, None, 0, 1, 7)),
    offset=st.integers(0, 90),
    length=st.integers(0, 7200),
)
def test_jumping_over_instants_changes_nothing(
    given_parameters: dict[str, Any], history: MetricHistory, extra: int | None, offset: int, length: int
) -> None:
    alarm = MetricAlarm.from_aws(given_parameters, zones=find_zone)
    zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
    replay = AlarmReplay(alarm, {(EVENTS, None): history}, extra=extra, zone=zone)
    since = START + offset
    jumped = replay.run(since, since + length)
    every = replay.run(since, since + length, every_instant=True)
    assert jumped.transitions == every.transitions  # instants, states, reasons and reason data
    assert jumped.evaluations == every.evaluations
    assert dict(jumped.series).items() <= dict(every.series).items()
    for one in jumped.transitions:
        points = list(replay.contributing(one))
        assert (points == []) == (one.points == ())


RULES = (
    feed(value="$.n", dimensions={"R": "$.awsRegion"}),
    feed("default", STOP, value="$.n", default_value=0),
    feed("all", ""),
)


@st.composite
def archives(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        event(
            f"10:{draw(st.integers(0, 4)):02}:{draw(st.integers(0, 59)):02}",
            draw(st.sampled_from(("StopLogging", "GetTrail"))),
            eventID=draw(st.sampled_from(("a", "b", "c", None, "d" * 40))),
            n=draw(st.sampled_from((1, 2.5, -3, "x", None))),
            awsRegion=draw(st.sampled_from(("us-east-1", "eu-west-1", None))),
        )
        for _ in range(draw(st.integers(0, 25)))
    ]


@given(
    records=archives(),
    cuts=st.lists(st.integers(0, 25), max_size=4),
    order=st.permutations(range(5)),
    options=st.sampled_from(({}, {"as_delivered": True}, {"to_the_second": True}, {"unique": True})),
)
def test_any_split_of_the_records_adds_up_to_the_same(
    records: list[dict[str, Any]], cuts: list[int], order: list[int], options: dict[str, bool]
) -> None:
    edges = [0, *sorted(cuts), len(records)]
    several = Archive(
        {f"f{place}": log_file(*records[start:end]) for place, (start, end) in enumerate(itertools.pairwise(edges))}
    )
    whole = Archive({"f0": log_file(*records)})
    assert _contents(_read(several, options, order)) == _contents(_read(whole, options, [0]))


def _read(archive: Archive, options: dict[str, bool], order: list[int]) -> AlarmData:
    plan = AlarmDataPlan(rules=RULES, **options)
    total = AlarmDataTotal(plan)
    places = dict(archive.places())
    kept: dict[int, list[Contribution]] = {}
    for place in (place for place in order if place in places):
        reader = AlarmDataReader(plan, open_file=archive.open, keep=lambda at, one: kept.setdefault(at, []).append(one))
        total.add(reader.read([(place, places[place])]))
    if plan.unique:
        total.add_unique(one for _, found in sorted(kept.items()) for one in found)
    return total.data


def _contents(data: AlarmData) -> Any:
    cells = [
        {key: (cell.count, cell.weights, sorted(cell.events, key=repr)) for key, cell in found.items()}
        for found in data.cells
    ]
    ledger = data.ledger
    return cells, data.unusable, data.broken, data.present, (ledger.read, ledger.selected, ledger.first, ledger.last)
