"""What another setting of event selectors would have kept from a trail, its detections and its bill. Spec: CT-8, CT-10.

Rule: the report depends on the records, the rules and the two settings alone; swapping the settings swaps what is lost
and what is gained, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.backtest import Backtest, BacktestPlan
from tocsin.app.comparison import ComparisonPlan, alarm_differences
from tocsin.app.explain import prices
from tocsin.app.selector_cost import reckon_costs
from tocsin.app.selector_data import SelectorDataPlan, Shares, matches_of
from tocsin.app.selector_report import AlarmLine, CallLine, CategoryLine, RuleLine, SimulationReport, Taken
from tocsin.core.record_category import Category
from tocsin.core.trail.selector import DEFAULT_SELECTORS, Selectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.app.selector_data import SelectorData


class SimulationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to try. `chain` says which records count, and has the rules and alarms; `before` is the setting in force."""

    chain: BacktestPlan
    after: Selectors
    before: Selectors = DEFAULT_SELECTORS

    @property
    def reading(self) -> SelectorDataPlan:
        """What has to be asked of the records."""
        return SelectorDataPlan(data=self.chain.reading, before=self.before, after=self.after)


def simulate(
    plan: SimulationPlan, data: SelectorData, *, version: str, elapsed: Callable[[], float]
) -> SimulationReport:
    """The report on what was read. `elapsed` says how many seconds all of it took."""
    ledger = data.ledger
    data.after.ledger = ledger  # both backtests are of one span
    alarms, unchanged = _alarms(plan, data, version=version)
    categories = _categories(data)
    seconds = 0 if ledger.first is None or ledger.last is None else ledger.last - ledger.first + 1
    total = _sum(data.calls.values())
    return SimulationReport(
        tocsin=version,
        against=plan.before.members,
        set=plan.after.members,
        files=ledger.files(),
        records=ledger.records(),
        bytes=ledger.bytes(),
        total=Taken(**_taken(total)),
        categories=list(categories.values()),
        calls=_calls(data),
        rules=_rules(plan, data),
        alarms=alarms,
        alarms_unchanged=unchanged,
        costs=reckon_costs(prices(), categories, seconds=seconds, regions=data.regions),
        seconds=round(elapsed(), 3),
        notes=_notes(plan, categories),
    )


# ---------------------------------------------------------------- records


def _taken(shares: Shares) -> dict[str, int]:
    return {
        "records": shares.records,
        "before": shares.before,
        "after": shares.after,
        "lost": shares.before - shares.both,
        "gained": shares.after - shares.both,
        "bytes_before": shares.bytes_before,
        "bytes_after": shares.bytes_after,
    }


def _sum(several: Iterable[Shares]) -> Shares:
    total = Shares()
    for one in several:
        total.merge(one)
    return total


def _categories(data: SelectorData) -> dict[str, CategoryLine]:
    """The categories that occur, in the order of CT-1.1, others after them."""
    found: dict[str, Shares] = {}
    for (category, _, _), shares in data.calls.items():
        found.setdefault(category, Shares()).merge(shares)
    known = [category.value for category in Category if category in found]
    names = [*known, *sorted(found.keys() - set(known))]
    return {name: CategoryLine(category=name, **_taken(found[name])) for name in names}


def _calls(data: SelectorData) -> list[CallLine]:
    lines = [
        CallLine(category=category, source=source, name=name, **_taken(shares))
        for (category, source, name), shares in data.calls.items()
    ]
    return sorted(lines, key=lambda one: (-one.lost, -one.gained, -one.records, one.category, one.source, one.name))


# ---------------------------------------------------------------- detections


def _rules(plan: SimulationPlan, data: SelectorData) -> list[RuleLine]:
    rules = [rule for rule in plan.chain.data.rules if rule.filter]
    counts = zip(rules, matches_of(data.before), matches_of(data.after), data.both, strict=True)
    return [
        RuleLine(
            name=rule.name,
            before=before,
            after=after,
            lost=before - both,
            gained=after - both,
            title=rule.title,
            severity=rule.severity.value if rule.title else "",
        )
        for rule, before, after, both in counts
    ]


def _alarms(plan: SimulationPlan, data: SelectorData, *, version: str) -> tuple[list[AlarmLine], int]:
    """The alarms that ring at other times, and how many do not."""
    chain = plan.chain
    if not chain.alarms.metric_alarms and not chain.alarms.composites:
        return [], 0
    before, after = (
        Backtest(chain, part).report(version=version, elapsed=lambda: 0.0) for part in (data.before, data.after)
    )
    found = alarm_differences(ComparisonPlan(old=chain, new=chain), before, after)
    lines = []
    for one in found:
        if one is not None:
            assert one.old is not None  # the alarms are the same
            assert one.new is not None
            lines.append(
                AlarmLine(
                    name=one.name,
                    before=one.old.rings,
                    after=one.new.rings,
                    lost=one.lost,
                    gained=one.gained,
                    title=one.title,
                    severity=one.severity,
                )
            )
    return lines, len(found) - len(lines)


def _notes(plan: SimulationPlan, categories: dict[str, CategoryLine]) -> list[str]:
    notes = list(plan.chain.alarms.notes)
    insight = categories.get(Category.INSIGHT)
    if insight is not None:
        stay = "the record of one stays" if insight.records == 1 else f"the {insight.records:,} records of them stay"
        notes.append(
            f"Selectors do not decide about Insights: {stay}. But Insights look at no call that is not recorded."
        )
    return notes
