"""What is wrong, or worth knowing, about alarms and the chain that they stand in.

Rule: an alarm is looked at beside the filters, the other alarms and the subscriptions that are there.
What is said holds for every event; where something is not known, nothing is said about it.
Spec: FP-13.15, FP-13.16, detections.md 10.3, AL-5.4, AL-5.10, AL-12.7, AL-19.2, AL-19.4, AL-19.6, AL-19.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.network import cycles
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.lint.alarm_action import lint_actions
from tocsin.core.lint.alarm_data import lint_data
from tocsin.core.lint.alarm_tag import lint_tags
from tocsin.core.lint.feed import Feeds
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.core.metric_filter import MetricFilter
    from tocsin.core.topic import Subscription

_SHOWN = 8


class RuleAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm and the rule that it comes from."""

    rule: Rule
    alarm: MetricAlarm | CompositeAlarm

    @property
    def section(self) -> str:
        """The key of the rule that holds the alarm's parameters."""
        return "alarm" if isinstance(self.alarm, MetricAlarm) else "composite"


def lint_alarms(
    alarms: Sequence[RuleAlarm],
    filters: Iterable[MetricFilter] = (),
    subscriptions: Sequence[Subscription] | None = None,
    *,
    extra: int | None = None,
) -> list[tuple[RuleAlarm, Observation]]:
    """What there is to say about these alarms, except what the `ignore` of a rule names.

    `filters` are those that publish what the alarms watch; `subscriptions` is None where nobody
    said who is subscribed; `extra` is the setting `alarm.evaluation_range`. Linear in what is given.
    """
    feeds = Feeds(filters)
    told = _parts(alarms)
    subscribed = _by_topic(subscriptions)
    found: list[tuple[RuleAlarm, Observation]] = []
    for one in alarms:
        found.extend((one, each) for each in lint_tags(one.rule, one.section))
        is_part = one.alarm.alarm_name in told
        found.extend((one, each) for each in lint_actions(one.rule, one.alarm, one.section, subscribed, is_part))
        if isinstance(one.alarm, MetricAlarm):
            found.extend((one, each) for each in lint_data(one.alarm, feeds, extra=extra))
    found.extend(_cycles(alarms))
    return [(one, each) for one, each in found if each.name not in one.rule.ignore]


def _parts(alarms: Iterable[RuleAlarm]) -> set[str]:
    """The names of the alarms that a composite looks at: who hears of them is decided there."""
    names: set[str] = set()
    for one in alarms:
        if isinstance(one.alarm, CompositeAlarm):
            names.update(map(name_in, one.alarm.alarm_rule.children))
            if one.alarm.actions_suppressor is not None:
                names.add(name_in(one.alarm.actions_suppressor))
    return names


def _by_topic(subscriptions: Sequence[Subscription] | None) -> dict[str, list[Subscription]] | None:
    if subscriptions is None:
        return None
    topics: dict[str, list[Subscription]] = {}
    for one in subscriptions:
        topics.setdefault(one.topic_arn, []).append(one)
    return topics


def _cycles(alarms: Iterable[RuleAlarm]) -> Iterator[tuple[RuleAlarm, Observation]]:
    """One observation for each cycle, at the first of its members by the alphabet (AL-12.7)."""
    composites = {one.alarm.alarm_name: (one, one.alarm) for one in alarms if isinstance(one.alarm, CompositeAlarm)}
    for names in cycles(alarm for _, alarm in composites.values()):
        first, alarm = composites[names[0]]
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        members = set(names)
        reference = next(child for child in alarm.alarm_rule.children if name_in(child) in members)
        message = f"these depend on one another: {shown}; evaluation stops at a cycle, so their states can disagree"
        hint = "take one of them out of the AlarmRule of another; to delete them, set one AlarmRule to FALSE first"
        position = alarm.alarm_rule.source.find(reference)
        yield first, observe("alarm-cycle", max(position, 0), message, hint=hint, key=("composite", "AlarmRule"))
