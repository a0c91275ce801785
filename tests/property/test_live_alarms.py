"""Alarms that are driven live give the history that a replay of the same data gives, whatever happens meanwhile.

Spec: AR-5, AR-6, AL-18.7, AL-18.8.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_alarm import HERE, TOPIC, Change, Live, at_second

from tocsin.app import metric_alarm
from tocsin.app.alarm_set import AlarmSet, CompositeEntry, MetricAlarmEntry, MuteEntry
from tocsin.app.mute_rule import put_mute_rule
from tocsin.app.timeline import Timeline, run_alarms
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory
from tocsin.core.mute_rule import MuteRule

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = int(START.timestamp())
MINUTES = 25
END = SECOND + 60 * MINUTES
KEYS = {name: MetricKey.of("N", name) for name in ("m", "n")}
LISTS = {name: [TOPIC] for name in ("AlarmActions", "OKActions", "InsufficientDataActions")}

ALARM = st.fixed_dictionaries(
    {
        "MetricName": st.sampled_from(sorted(KEYS)),
        "Period": st.sampled_from([10, 60, 120, 300]),
        "EvaluationPeriods": st.integers(1, 3),
        "Threshold": st.sampled_from([1.0, 2.0]),
        "ComparisonOperator": st.sampled_from(["GreaterThanOrEqualToThreshold", "LessThanThreshold"]),
        "TreatMissingData": st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
        "Statistic": st.sampled_from(["Sum", "Maximum", "SampleCount", "Average"]),
    },
    optional={
        "DatapointsToAlarm": st.just(1),
        "WarmUpConfiguration": st.fixed_dictionaries({"WarmUpPeriodDurationInMinutes": st.integers(1, 8)}),
    },
)
PERCENTILE = ALARM.map(
    lambda one: {
        **{name: value for name, value in one.items() if name != "Statistic"},
        "ExtendedStatistic": "p90",
        "EvaluateLowSampleCountPercentile": "ignore",
    }
)
WALL_CLOCK = ALARM.filter(lambda one: one["Period"] in (60, 300)).map(
    lambda one: {**one, "EvaluationWindow": {"WallClockWindow": {"Timezone": "+05:30"}}}
)
MATH = ALARM.map(
    lambda one: {
        **{name: value for name, value in one.items() if name not in ("MetricName", "Statistic", "Period")},
        "Metrics": [
            {
                "Id": name,
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": name},
                    "Period": one["Period"],
                    "Stat": "Sum",
                },
                "ReturnData": False,
            }
            for name in sorted(KEYS)
        ]
        + [{"Id": "e", "Expression": "FILL(m, 0) + n", "ReturnData": True}],
    }
)
DATA = st.lists(
    st.tuples(
        st.sampled_from(sorted(KEYS)),
        st.integers(0, 6 * MINUTES - 1).map(lambda place: SECOND + 10 * place),
        st.sampled_from([0.0, 1.0, 3.0]),
    ),
    max_size=14,
)
RULE = st.sampled_from(["ALARM(a)", "NOT OK(a)", "ALARM(a) OR ALARM(b)", "AT_LEAST(1, ALARM, (a, b))", "ALARM(b)"])
SUPPRESSION = st.none() | st.tuples(st.sampled_from("ab"), st.sampled_from([0, 65, 120]), st.sampled_from([0, 95]))
# Not from the start on: a mute rule is made after its alarms, and a composite may act when it is made.
MUTE = st.none() | st.tuples(st.integers(1, 20), st.integers(1, 15))


class Chain(NamedTuple):
    """Two metric alarms, a composite and another one on top of it, a mute rule."""

    alarms: dict[str, dict[str, Any]]
    composites: dict[str, dict[str, Any]]
    mute: MuteRule | None


def made(first: dict, second: dict, rule: str, suppression: Any, mute: Any) -> Chain:
    alarms = {
        name: {"AlarmName": name, **({} if "Metrics" in one else {"Namespace": "N"}), **one, **LISTS}
        for name, one in (("a", first), ("b", second))
    }
    composite = {"AlarmName": "c", "AlarmRule": rule, **LISTS}
    if suppression is not None:
        names = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
        composite |= dict(zip(names, suppression, strict=True))
    top = {"AlarmName": "d", "AlarmRule": "NOT ALARM(c) AND NOT ALARM(b)", **LISTS}
    muting = None
    if mute is not None:
        begin, minutes = START + timedelta(minutes=mute[0]), mute[1]
        schedule = {"Expression": f"at({begin:%Y-%m-%dT%H:%M})", "Duration": f"PT{minutes}M"}
        targets = {"AlarmNames": ["a", "c"]}
        muting = MuteRule.from_aws({"Name": "q", "Rule": {"Schedule": schedule}, "MuteTargets": targets})
    return Chain(alarms, {"c": composite, "d": top}, muting)


CHAIN = st.builds(made, ALARM | PERCENTILE | WALL_CLOCK, ALARM | MATH, RULE, SUPPRESSION, MUTE)


def started(chain: Chain, **how: Any) -> Live:
    live = Live(START, **how)
    live.add_topic()
    for one in chain.alarms.values():
        metric_alarm.put_metric_alarm(live.service, HERE, one)
    for one in chain.composites.values():
        metric_alarm.put_composite_alarm(live.service, HERE, one)
    if chain.mute is not None:
        put_mute_rule(live.service, HERE, chain.mute.to_aws())
    return live


def replayed(chain: Chain, points: dict[str, list[HistoryPoint]]) -> Timeline:
    entries = tuple(MetricAlarmEntry(rule=None, alarm=MetricAlarm.from_aws(one)) for one in chain.alarms.values())
    alarms = AlarmSet(
        scope=AlarmScope(HERE.account, HERE.region),
        metric_alarms=entries,
        composites=tuple(
            CompositeEntry(rule=None, alarm=CompositeAlarm.from_aws(one)) for one in chain.composites.values()
        ),
        mute_rules=() if chain.mute is None else (MuteEntry(rule=chain.mute, zone=UTC),),
    )
    histories = {(KEYS[name], None): MetricHistory(found) for name, found in points.items()}
    return run_alarms(alarms, histories, since=SECOND, until=END, every_instant=True)


def states_of(timeline: Timeline) -> list[Change]:
    return [
        Change(change.name, change.at, f"Alarm updated from {change.old.value} to {change.new.value}")
        for change in timeline.changes
    ]


def actions_of(timeline: Timeline) -> list[Change]:
    return sorted(
        Change(change.name, change.run.at, "after window" if change.run.after_mute_window else "")
        for change in timeline.changes
        if change.run is not None and not is_warming_up(change)
    )


def is_warming_up(change: Any) -> bool:
    return change.evaluation is not None and change.evaluation.rule == "warming_up"


def points_of(data: list[tuple[str, int, float]]) -> dict[str, list[HistoryPoint]]:
    found: dict[str, list[HistoryPoint]] = {}
    for name, second, value in data:
        found.setdefault(name, []).append(HistoryPoint(second, None, StatisticSet.of(value)))
    return found


def feed(live: Live, data: list[tuple[str, int, float]], *, looks: set[int]) -> None:
    """Put each datum at its own time, and evaluate at these seconds and at the end."""
    for second in sorted({*looks, END, *(second for _, second, _ in data)}):
        live.move_to(at_second(second))
        for name, at, value in data:
            if at == second:
                live.add(KEYS[name], at_second(at), value)
        if second in looks or second == END:
            live.run()


EVERY = set(range(SECOND, END + 1, 10))


@settings(max_examples=300, deadline=None)
@given(CHAIN, DATA, st.sets(st.integers(SECOND, END), max_size=6) | st.just(EVERY))
def test_live_is_as_the_backtest(chain: Chain, data, looks) -> None:
    """However often somebody looks: what was missed is made up for, in order."""
    live = started(chain)
    feed(live, data, looks=looks)
    timeline = replayed(chain, points_of(data))
    assert live.states() == states_of(timeline)
    assert sorted(live.actions()) == actions_of(timeline)
    assert len(live.deliveries()) == len(live.actions())


TAGS = st.fixed_dictionaries(
    {},
    optional={
        "tocsin:hold-down": st.sampled_from(["PT1M", "PT3M", "PT90S"]),
        "tocsin:flap-limit": st.sampled_from(["1", "2", "3"]),
        "tocsin:skip-first": st.just("true"),
        "tocsin:remind-every": st.sampled_from(["PT2M", "PT7M"]),
    },
)


def tagged(chain: Chain, tags: dict[str, dict[str, str]]) -> Chain:
    """The same alarms without warm-up, with these tags."""

    def with_tags(name: str, one: dict[str, Any]) -> dict[str, Any]:
        given = [{"Key": key, "Value": value} for key, value in tags.get(name, {}).items()]
        return {**{key: value for key, value in one.items() if key != "WarmUpConfiguration"}, "Tags": given}

    alarms = {name: with_tags(name, one) for name, one in chain.alarms.items()}
    return Chain(alarms, {name: with_tags(name, one) for name, one in chain.composites.items()}, chain.mute)


def messages_of(live: Live) -> set[tuple[str, float]]:
    """Which alarm spoke when, but for reminders that name nothing."""
    found = set()
    for item in live.items(HistoryItemType.ACTION):
        published = json.loads(item.history_data)["publishedMessage"]
        if published is not None:
            ours = json.loads(json.loads(published)["default"])["Tocsin"]
            if "reminder" not in ours or "untold" in ours:
                found.add((item.alarm_name, item.timestamp.timestamp()))
    return found


@settings(max_examples=300, deadline=None)
@given(CHAIN, DATA, st.fixed_dictionaries({"a": TAGS, "c": TAGS}), st.sets(st.integers(SECOND, END), max_size=6))
def test_live_speaks_as_the_backtest(chain: Chain, data, tags, looks) -> None:
    """What the alarms' tags hold back (AL-19.6) is told at the same instants, and the states are as without tags."""
    chain = tagged(chain, tags)
    live = started(chain)
    feed(live, data, looks=looks | EVERY if any("tocsin:remind-every" in one for one in tags.values()) else looks)
    timeline = replayed(chain, points_of(data))
    assert live.states() == states_of(timeline) == states_of(replayed(tagged(chain, {}), points_of(data)))
    spoken = {(change.name, float(change.run.at)) for change in timeline.changes if change.run is not None}
    assert messages_of(live) == spoken


@settings(max_examples=200, deadline=None)
@given(CHAIN, st.lists(st.tuples(DATA.map(lambda data: data[:3]), st.integers(0, 30)), max_size=4))
def test_late_data_as_delivered(chain: Chain, batches) -> None:
    """A datum is seen from its arrival on, at the first instant at or after it (AL-18.5)."""
    late = [
        (name, second, value, min(second + 60 * minutes, END))
        for data, minutes in batches
        for name, second, value in data
    ]
    live = started(chain)
    for second in sorted(EVERY):
        live.move_to(at_second(second))
        for name, at, value, arrival in late:
            if arrival == second:
                live.add(KEYS[name], at_second(at), value)
        live.run()
    points: dict[str, list[HistoryPoint]] = {}
    for name, second, value, arrival in late:
        points.setdefault(name, []).append(HistoryPoint(second, arrival, StatisticSet.of(value)))
    timeline = replayed(chain, points)
    assert live.states() == states_of(timeline)
    assert sorted(live.actions()) == actions_of(timeline)


@settings(max_examples=200, deadline=None)
@given(CHAIN, DATA, st.integers(0, 60))
def test_a_delay_moves_everything_by_as_much(chain: Chain, data, delay: int) -> None:
    """What is decided at T is dated T + delay (AL-6.4): with a delay data have time to come in, nothing else."""
    chain = Chain(chain.alarms, {}, None)
    live = started(chain, evaluation_delay=delay)
    feed(live, data, looks=set())
    live.move_to(at_second(END + delay))
    live.run()
    expected = [change._replace(at=change.at + delay) for change in states_of(replayed(chain, points_of(data)))]
    assert live.states() == expected


@settings(max_examples=100, deadline=None)
@given(
    CHAIN,
    DATA,
    st.sets(st.integers(SECOND, END), max_size=3),
    st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=4),
)
def test_death_between_two_writes_leaves_no_trace(chain: Chain, data, looks, deaths) -> None:
    """The process dies before or after any write; whoever comes next gets to the same history (AR-5)."""
    whole = started(chain)
    feed(whole, data, looks=looks)
    mortal = started(chain)
    feed_with_deaths(mortal, data, looks, deaths)
    assert mortal.states() == whole.states()
    assert mortal.actions() == whole.actions()
    assert mortal.deliveries() == whole.deliveries()
    assert mortal.records("ab") == whole.records("ab")


def feed_with_deaths(live: Live, data, looks: set[int], deaths: list[tuple[int, bool]]) -> None:
    left = list(deaths)
    for second in sorted({*looks, END, *(second for _, second, _ in data)}):
        live.move_to(at_second(second))
        for name, at, value in data:
            if at == second:
                live.add(KEYS[name], at_second(at), value)
        if second in looks or second == END:
            while left:
                at_write, after_commit = left.pop()
                live.run_and_die(at_write, after_commit=after_commit)
            live.run()


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at_write", range(1, 9))
def test_what_was_recorded_before_a_death_is_not_recorded_again(at_write: int, after_commit: bool) -> None:
    """An alarm that rings on with other values has a record of that, once."""
    alarm = {
        "MetricName": "m",
        "Period": 10,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "ignore",
        "Statistic": "Sum",
    }
    chain = made(alarm, alarm, "ALARM(a)", None, None)
    data = [("m", SECOND, 1.0), ("m", SECOND + 120, 3.0)]
    whole = started(chain)
    feed(whole, data, looks=set())
    assert len(whole.records("a")) > 2
    mortal = started(chain)
    feed_with_deaths(mortal, data, set(), [(at_write, after_commit)])
    assert mortal.records("ab") == whole.records("ab")
    assert mortal.states() == whole.states()
