"""What `tocsin check` says about alarms: those that are refused, and what the lints see in the chain.

Rule: a fault is told once, where it is; what only follows from it is not told. Spec: IF-1 (check),
AL-5.9, AL-12.4, AL-14.1, AL-19.8, detections.md 10.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.alarm_set import build_alarm_set, composite_parameters, find_zone
from tocsin.app.document import Object, Scalar, read_documents
from tocsin.app.ruleentry import RulePlaces
from tocsin.app.rulepack import ChainRule
from tocsin.core.alarm.error import AlarmError
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.network import AlarmNetwork
from tocsin.core.composite_alarm.reference import AlarmScope, name_in
from tocsin.core.cron import MuteRuleError
from tocsin.core.finding import Finding, Severity
from tocsin.core.lint import Observation
from tocsin.core.lint.alarm import RuleAlarm, lint_alarms
from tocsin.core.mute_rule import MuteRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.alarm_set import AlarmSet, CompositeEntry, MetricAlarmEntry
    from tocsin.app.ruleentry import RuleEntry, RuleFile
    from tocsin.core.rule import KeyPath

UNKNOWN_METRIC = "unknown-metric"
_UNSEEN = "dimension-unseen"


class AlarmReview(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say. `observations` are those of the lints by the `id()` of the entry, whatever is ignored."""

    refusals: tuple[Finding, ...] = ()
    observations: dict[int, list[Observation]] = {}


def review_alarms(
    entries: Sequence[RuleEntry], files: Sequence[RuleFile], *, topic: str = "", extra: int | None = None
) -> AlarmReview:
    """Look at the alarms of these rules beside their filters, subscriptions and mute rules.

    `topic` is the setting `rules.topic`, `extra` is `alarm.evaluation_range`. Nothing is raised.
    """
    entries = [one for one in entries if one.rule.name]  # without a name its text is faulty
    chain = [ChainRule(rule=one.rule, places=one.places, in_listing=one.in_listing) for one in entries]
    alarms = build_alarm_set(chain, topic=topic, fed_only=False)
    observations = _lint(alarms, entries, files, extra)
    refusals = [
        *_refused(alarms, entries),
        *_unfed(build_alarm_set(chain, topic=topic), entries, observations),
        *_mute_rules(files),
    ]
    return AlarmReview(refusals=tuple(refusals), observations=observations)


def _lint(
    alarms: AlarmSet, entries: Sequence[RuleEntry], files: Sequence[RuleFile], extra: int | None
) -> dict[int, list[Observation]]:
    by_rule = {id(entry.rule): entry for entry in entries}
    built: list[MetricAlarmEntry | CompositeEntry] = [*alarms.metric_alarms, *alarms.composites]
    heard: list[RuleAlarm] = []
    entry_of: dict[int, RuleEntry] = {}
    for one in built:
        subject = RuleAlarm(rule=msgspec.structs.replace(one.rule, ignore={}), alarm=one.alarm)
        heard.append(subject)
        entry_of[id(subject)] = by_rule[id(one.rule)]
    filters = [entry.rule.filter for entry in entries if entry.rule.filter is not None]
    lists = any(file.lists_subscriptions for file in files)
    subscriptions = [one for file in files for one in file.subscriptions] if lists else None
    found: dict[int, list[Observation]] = {}
    for subject, observation in lint_alarms(heard, filters, subscriptions, extra=extra):
        found.setdefault(id(entry_of[id(subject)]), []).append(observation)
    return found


# ---------------------------------------------------------------- what is refused


def _refused(alarms: AlarmSet, entries: Sequence[RuleEntry]) -> Iterator[Finding]:
    """The refusals that are no mere consequence of another fault."""
    by_name = {entry.rule.name: entry for entry in entries if _has_alarm(entry)}
    there = alarms.names
    missing = {_alarm_name(entry) for entry in by_name.values()} - there
    knows_alarms = any(entry.rule.alarm is not None for entry in entries)
    for finding in alarms.findings:
        entry = by_name[finding.rule]
        if _is_told(entry):
            continue
        unknown = _foreign_children(entry, alarms.scope) - there if entry.rule.composite is not None else set()
        # Where no alarm was given at all the children stand elsewhere.
        if unknown and (unknown & missing or not knows_alarms):
            continue
        yield _named(finding, entry)


def _has_alarm(entry: RuleEntry) -> bool:
    return entry.rule.alarm is not None or entry.rule.composite is not None


def _alarm_name(entry: RuleEntry) -> str:
    parameters = entry.rule.alarm or entry.rule.composite or {}
    return str(parameters.get("AlarmName", entry.rule.name))


def _is_told(entry: RuleEntry) -> bool:
    """Whether the text of the alarm has a fault of its own, which was found when it was read."""
    return not (entry.usable if entry.rule.alarm is None else entry.lintable)


def _foreign_children(entry: RuleEntry, scope: AlarmScope) -> set[str]:
    """The alarms that a composite names, its suppressor too; none where more is wrong than that they are unknown."""
    try:
        alarm = CompositeAlarm.from_aws(composite_parameters(entry.rule))
        named = set(map(name_in, alarm.alarm_rule.children))
        if alarm.actions_suppressor is not None:
            named.add(name_in(alarm.actions_suppressor))
        AlarmNetwork((), scope=scope).check(alarm, known=named)
    except (AlarmError, AlarmRuleError):
        return set()
    return named


def _unfed(
    alarms: AlarmSet, entries: Sequence[RuleEntry], observations: dict[int, list[Observation]]
) -> Iterator[Finding]:
    """Alarms of rule files whose metric no filter feeds, where all filters were read."""
    by_name = {entry.rule.name: entry for entry in entries if entry.rule.alarm is not None}
    if not all(entry.lintable for entry in entries) or all(entry.rule.filter is None for entry in entries):
        return
    for finding in alarms.findings:
        entry = by_name.get(finding.rule)
        if entry is None or finding.name != UNKNOWN_METRIC:
            continue
        if all(one.name != _UNSEEN for one in observations.get(id(entry), ())):
            yield finding


def _named(finding: Finding, entry: RuleEntry) -> Finding:
    """In a listing, where rules have no file of their own, the alarm is named first."""
    if not entry.in_listing:
        return finding
    return msgspec.structs.replace(finding, message=f"{entry.rule.name}: {finding.message}")


# ---------------------------------------------------------------- mute rules


def _mute_rules(files: Sequence[RuleFile]) -> Iterator[Finding]:
    """Mute rules that CloudWatch refuses: a schedule that never comes, a time zone that does not exist (AL-14.1)."""
    for file in files:
        refused = [(one, error) for one in file.mute_rules if (error := _mute_rule_error(one))]
        places = _mute_rule_places(file) if refused else {}
        for parameters, error in refused:
            name = str(parameters["Name"])
            key: KeyPath = tuple(error.parameter.split("."))
            line, column = places[name].place(key, error.position)
            yield Finding(
                path=file.source.path,
                line=line,
                column=column,
                severity=Severity.ERROR,
                name="invalid-mute-rule",
                spec="AL-14.1",
                rule=name,
                message=f"{name}: {error.message}",
                hint=error.hint,
            )


def _mute_rule_error(parameters: dict[str, Any]) -> MuteRuleError | None:
    try:
        rule = MuteRule.from_aws(parameters)
    except MuteRuleError as error:
        return error
    if find_zone(rule.timezone or "UTC") is not None:
        return None
    return MuteRuleError(
        f"there is no time zone {rule.timezone}",
        parameter="Rule.Schedule.Timezone",
        hint="an IANA name such as Europe/Berlin, or UTC",
    )


def _mute_rule_places(file: RuleFile) -> dict[str, RulePlaces]:
    """Where the members of mute rules stand in the text that they were read from, by their names."""
    named: dict[str, RulePlaces] = {}
    for root in read_documents(file.source.text).roots:
        name = root.get("Name") if isinstance(root, Object) else None
        if isinstance(name, Scalar):
            named[str(name.value)] = RulePlaces(file.source, root)
    return named
