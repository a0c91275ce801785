"""Chains in memory: filters, alarms and an archive, replayed as `tocsin backtest` does it, without files or processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alarms import parameters
from synthetic import Archive, record

from tocsin.app.alarm_data import AlarmData, AlarmDataPlan, AlarmDataReader, AlarmDataTotal, Contribution
from tocsin.app.alarm_set import AlarmSet, build_alarm_set
from tocsin.app.backtest import Backtest, BacktestPlan
from tocsin.app.rulepack import ChainRule
from tocsin.app.selection import Selection
from tocsin.core.event_time import parse_event_time
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.app.backtest_report import AlarmResult, BacktestReport
    from tocsin.core.topic import Subscription

NAMESPACE = "Tocsin/Test"
STOP = "{ $.eventName = StopLogging }"


def second(text: str) -> int:
    """A second of 1 March 2026 (`10:00`, `10:00:30`), or of any day (`2026-03-02T10:00:00Z`)."""
    if "T" not in text:
        text = f"2026-03-01T{text}{':00' if text.count(':') == 1 else ''}Z"
    found = parse_event_time(text)
    assert found is not None
    return found


def event(at: str, name: str = "StopLogging", **fields: Any) -> dict[str, Any]:
    """A record of 1 March 2026."""
    text = at if "T" in at else f"2026-03-01T{at}{':00' if at.count(':') == 1 else ''}Z"
    return record(name, text, **fields)


def feed(name: str = "stop", pattern: str = STOP, *, value: str = "1", metric: str = "Events", **more: Any) -> Rule:
    """A rule that is a filter alone; `more` are `unit`, `default_value` and `dimensions`."""
    transformation = MetricTransformation(metric_name=metric, metric_namespace=NAMESPACE, metric_value=value, **more)
    return Rule(
        id=name,
        name=name,
        filter=MetricFilter(filter_name=name, filter_pattern=pattern, metric_transformations=(transformation,)),
    )


def alarm(name: str, **changes: Any) -> Rule:
    """A rule that is an alarm alone: Sum of Events at least 1 in five minutes, notBreaching; changes to None take away."""
    given = parameters(**{"AlarmName": name, "Period": 300, "TreatMissingData": "notBreaching", **changes})
    return Rule(id=name, name=name, alarm=given)


def composite(name: str, text: str, **more: Any) -> Rule:
    """A rule that is a composite alarm."""
    return Rule(id=name, name=name, composite={"AlarmName": name, "AlarmRule": text, **more})


def alarm_set(rules: Iterable[Rule], mute_rules: Iterable[Mapping[str, Any]] = (), **more: Any) -> AlarmSet:
    """The alarms of rules that a program made."""
    return build_alarm_set([ChainRule(rule=rule) for rule in rules], mute_rules, **more)


def read(plan: AlarmDataPlan, archive: Archive, *, split: int = 1) -> AlarmData:
    """What an archive holds, read in `split` parts, as that many processes would."""
    total = AlarmDataTotal(plan)
    kept: dict[int, list[Contribution]] = {}
    places = archive.places()
    for turn in range(split):
        reader = AlarmDataReader(
            plan, open_file=archive.open, keep=lambda place, one: kept.setdefault(place, []).append(one)
        )
        total.add(reader.read(places[turn::split]))
    if plan.unique:
        total.add_unique(one for _, found in sorted(kept.items()) for one in found)
    return total.data


def backtest(
    archive: Archive,
    rules: Sequence[Rule],
    *,
    mute_rules: Iterable[Mapping[str, Any]] = (),
    subscriptions: tuple[Subscription, ...] | None = None,
    since: str | None = None,
    until: str | None = None,
    split: int = 1,
    extra: int | None = None,
    **options: Any,
) -> Backtest:
    """Replay a chain over an archive; `options` are those of AlarmDataPlan."""
    alarms = alarm_set(rules, mute_rules)
    assert alarms.findings == ()
    selection = Selection(
        since=None if since is None else second(since), until=None if until is None else second(until)
    )
    plan = BacktestPlan(
        data=AlarmDataPlan(rules=tuple(rule for rule in rules if rule.filter), selection=selection, **options),
        alarms=alarms,
        subscriptions=subscriptions,
        extra=extra,
    )
    return Backtest(plan, read(plan.reading, archive, split=split))


def report_of(done: Backtest) -> BacktestReport:
    """The report of a backtest that took a second and a bit."""
    return done.report(version="0", elapsed=lambda: 1.23456)


def result_of(done: Backtest, name: str) -> AlarmResult:
    """What one alarm did."""
    return next(one for one in report_of(done).alarms if one.name == name)


def steps(done: Backtest, name: str) -> list[tuple[str, str]]:
    """When one alarm went to which state: `[("10:01", "ALARM"), …]`; with seconds where they are not 0."""
    return [(_clock(line.at), line.to) for line in result_of(done, name).transitions]


def _clock(at: str) -> str:
    return at[11:16] if at.endswith(":00Z") else at[11:19]
