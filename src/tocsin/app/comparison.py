"""Two versions of rules on one archive: which records and which alarms NEW gains and loses, one by one.

Rule: swapping OLD and NEW swaps what is gained and what is lost, and nothing else. A stay in ALARM of
one version belongs to one of the other when the two share a moment; one that shares none is gained or
lost. Spec: IF-1 (--compare), IF-3, IF-4 (Exclusions).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.backtest import Backtest, BacktestPlan, event_line, span_of
from tocsin.app.comparison_data import ComparisonDataPlan, PairTally
from tocsin.app.comparison_report import (
    AlarmDifference,
    AlarmVersion,
    ComparisonReport,
    ExclusionResult,
    OneSidedRecords,
    RecordKind,
    RecordLine,
    Ring,
    RuleDifference,
    RuleVersion,
)
from tocsin.app.rule_pairs import ExclusionPlaces, pair_up, watch
from tocsin.core.alarm.state import StateValue
from tocsin.core.event_time import format_time, parse_event_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.app.backtest_report import AlarmResult, BacktestReport
    from tocsin.app.comparison_data import ComparisonData, Kept, Kind, KindTally, OneSided, SilencedRecords
    from tocsin.core.rule import Rule


# Of very many kinds of records, this many are told from either end.
_KINDS_OF_AN_END = 50


class ComparisonPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare: two backtests of the same records, and what their SOURCEs are called.

    The versions differ in rules, alarms and subscriptions alone. `at` is the day for which exclusions
    count; None: none has expired.
    """

    old: BacktestPlan
    new: BacktestPlan
    old_name: str = "OLD"
    new_name: str = "NEW"
    at: date | None = None

    def data_plan(self, clauses: Mapping[str, str] | None = None) -> ComparisonDataPlan:
        """What has to be asked of the records. `clauses` are the shared ones that an exclusion may `use`."""
        watched = watch(self.old.data.rules, self.new.data.rules, at=self.at, clauses=clauses)
        is_finer = self.old.reading.to_the_second or self.new.reading.to_the_second
        data = msgspec.structs.replace(self.old.data, rules=watched.rules, to_the_second=is_finer)
        return ComparisonDataPlan(data=data, watched=watched)


def compare_versions(
    plan: ComparisonPlan, read: ComparisonDataPlan, data: ComparisonData, *, version: str, elapsed: Callable[[], float]
) -> ComparisonReport:
    """The report on what was read for both versions. `elapsed` says how many seconds all of it took."""
    watched = read.watched
    parts = (data.version(watched.old_places), data.version(watched.new_places))
    spans = (span_of(plan.old, parts[0]), span_of(plan.new, parts[1]))
    since, until = min(span.since for span in spans), max(span.until for span in spans)
    old, new = (
        Backtest(_within(version_plan, since, until), part).report(version=version, elapsed=elapsed)
        for version_plan, part in zip((plan.old, plan.new), parts, strict=True)
    )
    differing = [
        (pair, data.tallies.get(number) or PairTally(pair)) for number, pair in enumerate(watched.pairs) if pair.changed
    ]
    alarms = alarm_differences(plan, old, new)
    ledger = data.data.ledger
    return ComparisonReport(
        tocsin=version,
        compare={"old": plan.old_name, "new": plan.new_name},
        from_=old.from_,
        until=old.until,
        seconds=round(elapsed(), 3),
        files=ledger.files(),
        records=ledger.records(),
        bytes=ledger.bytes(),
        rules=[
            RuleDifference(
                name=pair.rule.name,
                title=pair.rule.title,
                severity=pair.rule.severity.value if pair.rule.title else "",
                changed=list(pair.changed),
                old=_rule_version(pair.old, pair.old_exclusions, tally.both + tally.lost.count, tally.old_silenced),
                new=_rule_version(pair.new, pair.new_exclusions, tally.both + tally.gained.count, tally.new_silenced),
                both=tally.both,
                lost=_one_sided(tally.lost, pair.new),
                gained=_one_sided(tally.gained, pair.old),
            )
            for pair, tally in differing
        ],
        rules_unchanged=len(watched.pairs) - len(differing),
        alarms=[one for one in alarms if one is not None],
        alarms_unchanged=sum(1 for one in alarms if one is None),
        clock=old.clock,
        notes=list(dict.fromkeys([*old.notes, *new.notes])),
    )


def _within(plan: BacktestPlan, since: int, until: int) -> BacktestPlan:
    """The plan with the span of both: a longer evaluation range must not make one version run longer."""
    selection = msgspec.structs.replace(plan.data.selection, since=since, until=until)
    return msgspec.structs.replace(plan, data=msgspec.structs.replace(plan.data, selection=selection))


# ---------------------------------------------------------------- rules


def _rule_version(
    rule: Rule | None, places: ExclusionPlaces | None, matches: int, silenced: Sequence[SilencedRecords]
) -> RuleVersion | None:
    if rule is None:
        return None
    assert rule.filter is not None
    alone = places.alone if places is not None else ()
    return RuleVersion(
        name=rule.name,
        pattern=rule.effective_pattern or rule.filter.filter_pattern,
        written=rule.filter.filter_pattern,
        matches=matches,
        exclusions=[
            ExclusionResult(
                name=one.name,
                applies=place is not None,
                silences=found.count,
                alone=found.alone,
                others=found.others,
                records=(shown := _record_lines(found.first(), rule)),
                omitted=found.count - len(shown),
                kinds=(kinds := _kinds(found.kinds, rule)),
                kinds_omitted=len(found.kinds) - len(kinds),
                reason=one.reason,
                author=one.author,
                expires=one.expires,
                when=one.when,
                use=one.use,
            )
            for one, place, found in zip(rule.exclusions, alone, silenced, strict=True)
        ],
    )


def _one_sided(found: OneSided, other: Rule | None) -> OneSidedRecords:
    records = _record_lines(found.first(), other)
    kinds = _kinds(found.kinds, other)
    return OneSidedRecords(
        count=found.count,
        unexplained=found.unexplained.count,
        records=records,
        omitted=found.count - len(records),
        kinds=kinds,
        kinds_omitted=len(found.kinds) - len(kinds),
    )


def _kinds(kinds: Mapping[Kind, KindTally], rule: Rule | None) -> list[RecordKind]:
    """Kinds of records, the most frequent first; of very many the most frequent and the rarest."""
    exclusions = rule.exclusions if rule is not None else ()
    ordered = sorted(kinds.items(), key=lambda item: (-item[1].count, item[1].first, item[0]))
    if len(ordered) > 2 * _KINDS_OF_AN_END:
        ordered = ordered[:_KINDS_OF_AN_END] + ordered[-_KINDS_OF_AN_END:]
    return [
        RecordKind(
            count=tally.count,
            who=who,
            event=event,
            error=error,
            address=tally.first[2],
            several_addresses=tally.several_addresses,
            first=format_time(tally.first[0]),
            last=format_time(tally.last),
            excluded_by=[exclusions[index].name for index in holding],
        )
        for (who, event, error, holding), tally in ordered
    ]


def _record_lines(kept: Sequence[Kept], rule: Rule | None) -> list[RecordLine]:
    """Records with the names of the exclusions of `rule` that keep them out."""
    exclusions = rule.exclusions if rule is not None else ()
    return [
        RecordLine(
            **msgspec.structs.asdict(event_line(event)), excluded_by=[exclusions[index].name for index in holding]
        )
        for event, holding in kept
    ]


# ---------------------------------------------------------------- alarms


def alarm_differences(plan: ComparisonPlan, old: BacktestReport, new: BacktestReport) -> list[AlarmDifference | None]:
    """One for each alarm of either version, from the reports of their backtests; None for one that did the same."""
    idents = _idents(plan.old) | _idents(plan.new)
    pairs = pair_up(old.alarms, new.alarms, name=_name, ident=lambda alarm: idents[alarm.name])
    return [_alarm_difference(first, second, old.until) for first, second in pairs]


def _idents(plan: BacktestPlan) -> dict[str, str]:
    """The id of the rule of each alarm, by the alarm's name."""
    idents = {entry.alarm.alarm_name: entry.rule.id for entry in plan.alarms.metric_alarms}
    return idents | {entry.alarm.alarm_name: entry.rule.id for entry in plan.alarms.composites}


def _name(alarm: AlarmResult) -> str:
    return alarm.name


def _alarm_difference(old: AlarmResult | None, new: AlarmResult | None, until: str) -> AlarmDifference | None:
    before, after = _rings(old, until), _rings(new, until)
    times = [[(ring.at, ring.until) for ring in rings] for rings in (before, after)]
    if old is not None and new is not None and times[0] == times[1]:
        return None
    named = new or old
    assert named is not None
    return AlarmDifference(
        name=named.name,
        title=named.title,
        severity=named.severity,
        old=_alarm_version(old, before),
        new=_alarm_version(new, after),
        lost=_apart(before, after),
        gained=_apart(after, before),
    )


def _alarm_version(alarm: AlarmResult | None, rings: Sequence[Ring]) -> AlarmVersion | None:
    if alarm is None:
        return None
    return AlarmVersion(
        name=alarm.name,
        condition=alarm.condition,
        rings=len(rings),
        in_alarm=alarm.time_in[StateValue.ALARM.value],
        final=alarm.final,
    )


def _rings(alarm: AlarmResult | None, until: str) -> list[Ring]:
    """The stays in ALARM, by time."""
    lines = [] if alarm is None else alarm.transitions
    return [
        Ring(
            at=line.at,
            until=(end := lines[place + 1].at if place + 1 < len(lines) else until),
            seconds=float(_second(end) - _second(line.at)),
            reason=line.reason,
            events=line.events,
            events_omitted=line.events_omitted,
            notified=line.notified,
        )
        for place, line in enumerate(lines)
        if line.to == StateValue.ALARM.value
    ]


def _apart(rings: Sequence[Ring], others: Sequence[Ring]) -> list[Ring]:
    """Those of `rings` that share no moment with one of `others`; both are by time, and none overlaps its next."""
    found, place = [], 0
    for ring in rings:
        while place < len(others) and others[place].until <= ring.at and others[place].at != ring.at:
            place += 1
        # A stay that begins when the span ends has no length, and still a beginning.
        if place == len(others) or not (others[place].at < ring.until or others[place].at == ring.at):
            found.append(ring)
    return found


def _second(text: str) -> int:
    second = parse_event_time(text)
    assert second is not None
    return second
