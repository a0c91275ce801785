"""Which rules are on in an account and region: the filters that count for them, and the alarms that look on.

Rule: it is told by what filters and alarms do, not by what they are called: a filter that somebody made in another way
counts for a rule as soon as it is proved to match what the rule wants. Spec: CON-4.10, IF-7, FP-13.30.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_reach import Reach, ReachSurvey
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn, standing_of
from tocsin.app.alarm_set import find_zone, metric_alarm_parameters
from tocsin.app.metric_filter import FILTERS
from tocsin.app.resource_tag import get_tags
from tocsin.app.rulereader import fill
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.state import AlarmState
from tocsin.core.alarm_condition import condition_text
from tocsin.core.alarm_sensitivity import FedMetric, Sensitivity, sensitivity_of
from tocsin.core.late_breach import RULE
from tocsin.core.metric import MetricKey
from tocsin.core.number import is_number
from tocsin.core.pattern_fit import Fit, PatternFit, fit_of
from tocsin.core.rule import PARAMETER, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.app.alarm_catalogue import KnownAlarm
    from tocsin.app.metric_filter import KeptFilter
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.metric_filter import MetricFilter
    from tocsin.core.scope import Scope

_FITS = list(Fit)


class Switch(StrEnum):
    """Whether a rule is on in a scope, told by what filters and alarms do."""

    ON = "on"  # a filter counts exactly what it wants, and an alarm looks on; or its composite alarm is there
    PART = "in part"  # a filter counts a part of what it wants, and an alarm looks on
    COUNTING = "counting"  # a filter counts, and no alarm looks on
    OFF = "off"


class Watcher(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that looks at the metric of a filter.

    `condition` says when it rings. `shortfall` says why records that would ring the rule's own alarm may leave it
    quiet, empty where that cannot be. `rule` is the value of its tag `tocsin:rule`.
    """

    name: str
    condition: str
    state: AlarmState
    reach: Reach
    shortfall: str = ""
    rule: str = ""


class RuleFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter that counts for a rule, and the alarms that look at what it counts, the best first.

    `blind` says why no alarm can see all that it counts; empty where one can.
    """

    group: str
    name: str
    pattern: str
    metric: str
    created_at: int
    fit: PatternFit
    watchers: tuple[Watcher, ...] = ()
    blind: str = ""


class RuleStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule stands: its filters, the best first; for a composite rule the alarm of its name, if it is there."""

    rule: Rule
    filters: tuple[RuleFilter, ...] = ()
    composite: Watcher | None = None

    @property
    def counting(self) -> tuple[RuleFilter, ...]:
        """The filters that match what the rule wants and nothing else, or a part of it."""
        return tuple(one for one in self.filters if one.fit.fit is not Fit.WIDER)

    @property
    def switch(self) -> Switch:
        """Whether the rule is on, in part, or not."""
        counting = self.counting
        if self.composite is not None or any(one.fit.fit.is_equal and one.watchers for one in counting):
            return Switch.ON
        if any(one.watchers for one in counting):
            return Switch.PART
        return Switch.COUNTING if counting and self.rule.alarm is not None else Switch.OFF

    @property
    def watchers(self) -> tuple[Watcher, ...]:
        """The alarms that look on, the best first."""
        found = tuple(watcher for one in self.counting for watcher in one.watchers)
        return found if self.composite is None else (*found, self.composite)


class RuleSurvey:
    """The filters and alarms of one scope at one moment of the store, read once for all rules that are asked about."""

    def __init__(self, service: Service, store: StoreReader, scope: Scope) -> None:
        self._service = service
        self._store = store
        self._scope = scope
        self._reach = ReachSurvey(service, store, scope, now=service.now_ms())
        self.filters: tuple[KeptFilter, ...] = tuple(kept for _, kept in FILTERS.scan(store, scope))
        self._watching: dict[MetricKey, list[tuple[str, KnownAlarm]]] = {}
        for name, body in store.scan(METRIC_ALARMS.kind, scope):
            known = service.part(AlarmCatalogue).read(scope, name, body)
            for key in known.alarm.keys:
                self._watching.setdefault(key, []).append((name, known))
        self._watchers: dict[tuple[str, FedMetric, Sensitivity], Watcher] = {}

    def filters_in(self, group: str) -> int:
        """How many filters a group has, of the hundred that it takes (FP-9.3)."""
        return sum(one.log_group == group for one in self.filters)

    def standing(self, rule: Rule) -> RuleStanding:
        """How a rule stands in this scope."""
        if rule.composite is not None:
            return RuleStanding(rule=rule, composite=self._composite(rule))
        if rule.filter is None:
            return RuleStanding(rule=rule)
        wanted = fill(rule.filter.filter_pattern, rule.params)
        found = [
            self._filter(rule, kept, fit) for kept in self.filters if (fit := _fit(rule, wanted, kept)) is not None
        ]
        return RuleStanding(rule=rule, filters=tuple(sorted(found, key=_rank)))

    def standings(self, rules: Iterable[Rule]) -> list[RuleStanding]:
        """How rules stand, in their order."""
        return [self.standing(rule) for rule in rules]

    def _filter(self, rule: Rule, kept: KeptFilter, fit: PatternFit) -> RuleFilter:
        transformation = kept.filter.metric_transformations[0]
        blind, fed = _fed(kept.filter)
        key = MetricKey.of(transformation.metric_namespace, transformation.metric_name)
        wanted = _wanted(rule)
        watchers = [] if blind else [self._watcher(name, one, fed, wanted) for name, one in self._watching.get(key, ())]
        return RuleFilter(
            group=kept.log_group,
            name=kept.filter.filter_name,
            pattern=kept.filter.filter_pattern,
            metric=f"{transformation.metric_namespace}/{transformation.metric_name}",
            created_at=kept.created_at,
            fit=fit,
            watchers=tuple(sorted(watchers, key=_watcher_rank)),
            blind=blind,
        )

    def _watcher(self, name: str, known: KnownAlarm, fed: FedMetric, wanted: Sensitivity) -> Watcher:
        made = self._watchers.get((name, fed, wanted))
        if made is None:
            given = sensitivity_of(known.alarm, fed, extra=self._service.settings.evaluation_range)
            made = self._watchers[name, fed, wanted] = Watcher(
                name=name,
                condition=condition_text(known.alarm),
                state=standing_of(self._store, self._scope, name, created_at=known.kept.created_at).state,
                reach=self._reach.of(known.alarm),
                shortfall=given.shortfall(wanted),
                rule=self._rule_of(name),
            )
        return made

    def _composite(self, rule: Rule) -> Watcher | None:
        assert rule.composite is not None
        name = str(rule.composite.get("AlarmName", rule.name))
        kept = COMPOSITES.get(self._store, self._scope, name)
        alarm = self._reach.composite(name)
        if kept is None or alarm is None:
            return None
        return Watcher(
            name=name,
            condition=alarm.alarm_rule.source,
            state=standing_of(self._store, self._scope, name, created_at=kept.created_at).state,
            reach=self._reach.of(alarm),
            rule=self._rule_of(name),
        )

    def _rule_of(self, name: str) -> str:
        return get_tags(self._store, self._scope, alarm_arn(self._scope, name)).get(RULE, "")


def _fit(rule: Rule, wanted: str, kept: KeptFilter) -> PatternFit | None:
    """How a filter fits a rule; None where it does not, or sees a part of the records alone (FP-9.7)."""
    assert rule.filter is not None
    if kept.filter.field_selection_criteria and not rule.filter.field_selection_criteria:
        return None
    if rule.params and params_in(rule.filter.filter_pattern, kept.filter.filter_pattern) is not None:
        return PatternFit(fit=Fit.TEXT)
    found = fit_of(wanted, kept.filter.filter_pattern)
    return None if found.fit is Fit.NONE else found


def params_in(pattern: str, filled: str) -> dict[str, str] | None:
    """The values that make `filled` of a pattern with parameters; None where none do, or one would need two.

    >>> params_in("{ $.arn = <ARN> }", "{ $.arn = x }")
    {'ARN': 'x'}
    """
    parts = PARAMETER.split(pattern)  # text, name, text, name, … text
    if not filled.startswith(parts[0]):
        return None
    values: dict[str, str] = {}
    rest = filled[len(parts[0]) :]
    for name, following in zip(parts[1::2], parts[2::2], strict=True):
        end = rest.find(following) if following else len(rest)
        if end < 1 or values.setdefault(name, rest[:end]) != rest[:end]:
            return None
        rest = rest[end + len(following) :]
    return None if rest else values


def _fed(definition: MetricFilter) -> tuple[str, FedMetric]:
    """Why no alarm can see all that a filter publishes, and what it publishes."""
    transformation = definition.metric_transformations[0]
    unit = transformation.unit or "None"
    fed = FedMetric(value=0.0, unit=unit, has_default=transformation.default_value is not None)
    if transformation.dimensions or definition.emit_system_field_dimensions:
        return "it publishes with dimensions, so that no alarm sees all of it", fed
    if not is_number(transformation.metric_value):
        return "its value is a field of the record, so that how much a match counts is not certain", fed
    return "", msgspec.structs.replace(fed, value=float(transformation.metric_value))


def _wanted(rule: Rule) -> Sensitivity:
    """How sensitive the rule's own alarm is."""
    assert rule.filter is not None
    if rule.alarm is None:
        return Sensitivity()
    try:
        alarm = MetricAlarm.from_aws(metric_alarm_parameters(rule), zones=find_zone)
    except AlarmError:
        return Sensitivity()
    return sensitivity_of(alarm, _fed(rule.filter)[1])


def _rank(one: RuleFilter) -> tuple[object, ...]:
    best = _watcher_rank(one.watchers[0]) if one.watchers else (True, True, "")
    return (_FITS.index(one.fit.fit), not one.watchers, *best, one.group, one.name)


def _watcher_rank(one: Watcher) -> tuple[bool, bool, str]:
    return bool(one.reach.why_not), bool(one.shortfall), one.name
