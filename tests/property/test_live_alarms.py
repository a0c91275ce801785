"""Alarms that are driven live give the history that a replay of the same data gives. Spec: AR-6, AL-18."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.app import metric_alarm
from tocsin.app.alarm_set import AlarmSet, CompositeEntry, MetricAlarmEntry, MuteEntry
from tocsin.app.evaluator import Evaluator
from tocsin.app.mute_rule import put_mute_rule
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.timeline import run_alarms
from tocsin.clock import ManualClock
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory
from tocsin.core.mute_rule import MuteRule
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = int(START.timestamp())
MINUTES = 25

ALARM = st.fixed_dictionaries(
    {
        "Period": st.sampled_from([60, 120, 300]),
        "EvaluationPeriods": st.integers(1, 3),
        "Threshold": st.sampled_from([1.0, 2.0]),
        "ComparisonOperator": st.sampled_from(["GreaterThanOrEqualToThreshold", "LessThanThreshold"]),
        "TreatMissingData": st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
        "Statistic": st.sampled_from(["Sum", "Maximum", "SampleCount"]),
    }
)
DATA = st.lists(st.tuples(st.integers(0, MINUTES - 1), st.sampled_from([0.0, 1.0, 3.0])), max_size=12)
COMPOSITE = st.sampled_from(["ALARM(a)", "NOT OK(a)", "ALARM(a) OR ALARM(b)", "AT_LEAST(1, ALARM, (a, b))"])
MUTE = st.none() | st.tuples(st.integers(0, 20), st.integers(1, 15))


def parameters(name: str, given_: dict) -> dict:
    return {"AlarmName": name, "Namespace": "N", "MetricName": "m", **given_}


def live(alarms: dict[str, dict], rule: str, mute: MuteRule | None, data) -> list[tuple[str, int, str, str]]:
    clock = ManualClock(START)
    numbers = itertools.count()
    service = Service(
        MemoryStore(), clock, new_id=lambda: str(next(numbers)), settings=ServiceSettings(evaluation_delay=0)
    )
    evaluator = service.part(Evaluator)
    evaluator.run()
    for name, one in alarms.items():
        metric_alarm.put_metric_alarm(service, HERE, parameters(name, one))
    metric_alarm.put_composite_alarm(service, HERE, {"AlarmName": "c", "AlarmRule": rule})
    if mute is not None:
        put_mute_rule(service, HERE, mute.to_aws())
    by_minute: dict[int, list[float]] = {}
    for minute, value in data:
        by_minute.setdefault(minute, []).append(value)
    for minute in range(MINUTES):
        made = [
            MetricDatum(key=MetricKey.of("N", "m"), timestamp=SECOND + 60 * minute, statistics=StatisticSet.of(value))
            for value in by_minute.get(minute, ())
        ]
        service.store.write(lambda store, made=made: store.metrics.add(HERE, made))
        clock.advance(60)
        while evaluator.run().is_behind:
            pass
    with service.store.read() as store:
        items = store.history.items(HERE, item_type=HistoryItemType.STATE_UPDATE, descending=False, limit=10_000)
    return [(one.alarm_name, int(one.timestamp.timestamp()), one.history_summary) for _, one in items]


def replayed(alarms: dict[str, dict], rule: str, mute: MuteRule | None, data) -> list[tuple[str, int, str]]:
    entries = tuple(
        MetricAlarmEntry(rule=None, alarm=MetricAlarm.from_aws(parameters(name, one))) for name, one in alarms.items()
    )
    composite = CompositeAlarm.from_aws({"AlarmName": "c", "AlarmRule": rule})
    chain = AlarmSet(
        scope=AlarmScope(HERE.account, HERE.region),
        metric_alarms=entries,
        composites=(CompositeEntry(rule=None, alarm=composite),),
        mute_rules=() if mute is None else (MuteEntry(rule=mute, zone=UTC),),
    )
    points = [HistoryPoint(SECOND + 60 * minute, None, StatisticSet.of(value)) for minute, value in data]
    histories = {(MetricKey.of("N", "m"), None): MetricHistory(points)}
    timeline = run_alarms(chain, histories, since=SECOND, until=SECOND + 60 * MINUTES, every_instant=True)
    return [
        (change.name, change.at, f"Alarm updated from {change.old.value} to {change.new.value}")
        for change in timeline.changes
    ]


@settings(max_examples=60, deadline=None)
@given(ALARM, ALARM, COMPOSITE, MUTE, DATA)
def test_live_is_as_the_backtest(first, second, rule, mute, data) -> None:
    muted = None
    if mute is not None:
        begin, minutes = START + timedelta(minutes=mute[0]), mute[1]
        schedule = {"Expression": f"at({begin:%Y-%m-%dT%H:%M})", "Duration": f"PT{minutes}M"}
        muted = MuteRule.from_aws(
            {"Name": "q", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["a", "c"]}}
        )
    alarms = {"a": first, "b": second}
    assert live(alarms, rule, muted, data) == replayed(alarms, rule, muted, data)
