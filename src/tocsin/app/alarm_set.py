"""The alarms of a chain, ready to be evaluated: rules as AWS's operations would take them.

Rule: an alarm that cannot be evaluated is refused with its place, or, in a listing of an account, left
out by name; never passed over. Spec: IF-3, IF-4, AL-5.9, AL-12.4, AL-14.1, AR-8.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.zone import offset_zone
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.network import AlarmNetwork
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.finding import Finding, Severity
from tocsin.core.mute_rule import MuteRule, MuteRuleError
from tocsin.core.nearest import did_you_mean
from tocsin.core.rule import Rule
from tocsin.core.topic import is_topic
from tocsin.errors import InputError, RuleFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from tocsin.app.rulepack import ChainRule
    from tocsin.core.metric import MetricKey
    from tocsin.core.rule import KeyPath, RuleText

DEFAULT_SCOPE = AlarmScope("123456789012", "us-east-1")
"""Account and region of alarms whose ARN nobody gave (IF-9, `server.account` and `server.region`)."""

# For so many unknown metrics it is said which one may be meant.
_MOST_SUGGESTED = 20


class MetricAlarmEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A metric alarm and the rule that it comes from. `zone` is that of a WallClockWindow."""

    rule: Rule
    alarm: MetricAlarm
    zone: Any = None


class CompositeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A composite alarm and the rule that it comes from."""

    rule: Rule
    alarm: CompositeAlarm


class MuteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A mute rule with its time zone."""

    rule: MuteRule
    zone: Any


class AlarmSet(msgspec.Struct, frozen=True, kw_only=True):
    """The alarms, in the order of the rules. `notes` say what was left out; `findings` what is wrong."""

    scope: AlarmScope
    metric_alarms: tuple[MetricAlarmEntry, ...] = ()
    composites: tuple[CompositeEntry, ...] = ()
    mute_rules: tuple[MuteEntry, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of all alarms."""
        metric = {entry.alarm.alarm_name for entry in self.metric_alarms}
        return frozenset(metric | {entry.alarm.alarm_name for entry in self.composites})


def metric_alarm_parameters(rule: Rule, *, topic: str = "") -> dict[str, Any]:
    """The parameters of PutMetricAlarm for a rule: what the rule leaves out is filled in (IF-4)."""
    given = dict(rule.alarm or {})
    given.setdefault("AlarmName", rule.name)
    if rule.filter is not None and "Metrics" not in given and rule.filter.metric_transformations:
        transformation = rule.filter.metric_transformations[0]
        given.setdefault("MetricName", transformation.metric_name)
        given.setdefault("Namespace", transformation.metric_namespace)
    if topic:
        given.setdefault("AlarmActions", [topic])
    return given


def composite_parameters(rule: Rule, *, topic: str = "") -> dict[str, Any]:
    """The parameters of PutCompositeAlarm for a rule (IF-4)."""
    given = dict(rule.composite or {})
    given.setdefault("AlarmName", rule.name)
    if topic:
        given.setdefault("AlarmActions", [topic])
    return given


def build_alarm_set(
    rules: Sequence[ChainRule], mute_rules: Iterable[Mapping[str, Any]] = (), *, topic: str = "", fed_only: bool = True
) -> AlarmSet:
    """The alarms of these rules, and everything that is wrong with them.

    `topic` is what rules without AlarmActions publish to. With `fed_only` an alarm must watch a
    metric that one of the filters feeds.
    """
    return _Building(rules, topic, fed_only=fed_only).build(mute_rules)


def find_zone(name: str) -> tzinfo | None:
    """The time zone of that name: an offset (AL-5.8) or an IANA name; None when there is none."""
    zone = offset_zone(name)
    if zone is not None:
        return zone
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of the database
        return None


def require_usable(alarms: AlarmSet) -> AlarmSet:
    """The alarms themselves. RuleFileError with every finding when one of them is refused."""
    if alarms.findings:
        first = alarms.findings[0]
        more = f" (and {len(alarms.findings) - 1} more)" if len(alarms.findings) > 1 else ""
        msg = f"{first.path}:{first.line}:{first.column}: error {first.name}: {first.message}{more}"
        raise RuleFileError(msg, findings=alarms.findings)
    return alarms


def require_alarms(alarms: AlarmSet, sources: Sequence[str]) -> AlarmSet:
    """The alarms themselves. Raises as `require_usable`, and InputError when there is none."""
    require_usable(alarms)
    if not alarms.metric_alarms and not alarms.composites:
        named = ", ".join(sources) if sources else "the packs"
        left = f" ({'; '.join(alarms.notes)})" if alarms.notes else ""
        msg = f"{named}: there is no alarm to evaluate{left}"
        raise InputError(
            msg, hint="metric filters alone ring nothing: add the alarms, -r alarms.json, or use tocsin scan"
        )
    return alarms


class _Building:
    def __init__(self, rules: Sequence[ChainRule], topic: str, *, fed_only: bool) -> None:
        self._rules = rules
        self._topic = topic
        self._fed = _fed_metrics(entry.rule for entry in rules) if fed_only else None
        self._findings: list[Finding] = []
        self._suggested = 0
        self._unfed: list[str] = []
        self._orphans: list[str] = []
        self._names: dict[str, ChainRule] = {}
        self._scope = _scope_of((entry.rule for entry in rules), topic)

    def build(self, mute_rules: Iterable[Mapping[str, Any]]) -> AlarmSet:
        metric_alarms = [
            made for entry in self._rules if entry.rule.alarm is not None and (made := self._metric(entry))
        ]
        composites = self._composites()
        return AlarmSet(
            scope=self._scope,
            metric_alarms=tuple(metric_alarms),
            composites=tuple(composites),
            mute_rules=tuple(muting for one in mute_rules if (muting := self._mute_rule(one))),
            notes=tuple(self._notes()),
            findings=tuple(self._findings),
        )

    def _metric(self, entry: ChainRule) -> MetricAlarmEntry | None:
        rule = entry.rule
        try:
            alarm = MetricAlarm.from_aws(metric_alarm_parameters(rule, topic=self._topic), zones=find_zone)
        except AlarmError as error:
            self._refuse(entry, "alarm", error)
            return None
        if self._fed is not None:
            unfed = [key for key in alarm.keys if not _is_fed(key, self._fed)]
            if unfed and entry.in_listing:
                self._unfed.append(alarm.alarm_name)
                return None
            if unfed:
                self._refuse_metric(entry, unfed[0])
                return None
        if not self._take_name(entry, alarm.alarm_name):
            return None
        zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
        return MetricAlarmEntry(rule=rule, alarm=alarm, zone=zone)

    def _composites(self) -> list[CompositeEntry]:
        made: list[tuple[ChainRule, CompositeAlarm]] = []
        for entry in self._rules:
            if entry.rule.composite is None:
                continue
            try:
                alarm = CompositeAlarm.from_aws(composite_parameters(entry.rule, topic=self._topic))
            except (AlarmError, AlarmRuleError) as error:
                self._refuse(entry, "composite", error)
                continue
            if self._take_name(entry, alarm.alarm_name):
                made.append((entry, alarm))
        while True:
            # A composite whose child was left out cannot be there, either; nor can what stands on it.
            network = AlarmNetwork((alarm for _, alarm in made), scope=self._scope)
            refused = [(entry, alarm, fault) for entry, alarm in made if (fault := self._fault(network, alarm))]
            if not refused:
                return [CompositeEntry(rule=entry.rule, alarm=alarm) for entry, alarm in made]
            for entry, alarm, fault in refused:
                made.remove((entry, alarm))
                del self._names[alarm.alarm_name]
                if entry.in_listing:
                    self._orphans.append(alarm.alarm_name)
                else:
                    self._refuse(entry, "composite", fault)

    def _fault(self, network: AlarmNetwork, alarm: CompositeAlarm) -> AlarmError | AlarmRuleError | None:
        try:
            network.check(alarm, known=self._names)
        except (AlarmError, AlarmRuleError) as error:
            return error
        return None

    def _mute_rule(self, parameters: Mapping[str, Any]) -> MuteEntry | None:
        name = str(parameters.get("Name", ""))
        try:
            rule = MuteRule.from_aws(parameters)
        except MuteRuleError as error:
            self._findings.append(_plain_finding(name, "invalid-mute-rule", error.message, error.hint, "AL-14.1"))
            return None
        zone = find_zone(rule.timezone or "UTC")
        if zone is None:
            message = f"there is no time zone {rule.timezone}"
            hint = "an IANA name such as Europe/Berlin, or UTC"
            self._findings.append(_plain_finding(name, "invalid-mute-rule", message, hint, "AL-14.1"))
            return None
        return MuteEntry(rule=rule, zone=zone)

    def _take_name(self, entry: ChainRule, name: str) -> bool:
        earlier = self._names.get(name)
        if earlier is None:
            self._names[name] = entry
            return True
        message = f"another alarm is called '{name}' ({earlier.rule.name})"
        self._report(
            entry, ("alarm",), "duplicate-rule", message, hint="give one of the two another AlarmName", spec="AL-5.9"
        )
        return False

    def _refuse(self, entry: ChainRule, section: str, error: AlarmError | AlarmRuleError) -> None:
        key: tuple[str | int, ...] = (section,)
        offset = 0
        if isinstance(error, AlarmRuleError):
            key, offset = (section, "AlarmRule"), error.position
        elif error.parameter:
            key = (section, *_key_of(error.parameter))
        self._report(entry, key, "invalid-alarm", error.message, hint=error.hint, spec="AL-5.9", offset=offset)

    def _refuse_metric(self, entry: ChainRule, key: MetricKey) -> None:
        assert self._fed is not None
        shown = f"{key.namespace}/{key.metric_name}"
        dimensions = [name for name, _ in key.dimensions]
        fed = self._fed.get((key.namespace, key.metric_name))
        if fed:
            has = " or ".join(f"with {', '.join(names)}" if names else "without dimensions" for names in fed)
            message = f"no filter here feeds {shown} with the dimensions {', '.join(dimensions) or 'that it has: none'}"
            hint = f"the metric is published {has}"
        else:
            message = f"no filter here feeds the metric {shown}"
            hint = self._known_metric_like(shown) or "name the filter's source with -r as well"
        place: KeyPath = (
            ("alarm", "MetricName") if entry.rule.alarm and "MetricName" in entry.rule.alarm else ("alarm",)
        )
        self._report(entry, place, "unknown-metric", message, hint=hint, spec="IF-3")

    def _known_metric_like(self, metric: str) -> str:
        """Asks for the metric that was meant. Comparing is slow, and who has so many wrong has read enough hints."""
        assert self._fed is not None
        if self._suggested >= _MOST_SUGGESTED:
            return ""
        self._suggested += 1
        return did_you_mean(metric, (f"{namespace}/{name}" for namespace, name in self._fed))

    def _report(
        self, entry: ChainRule, key: KeyPath, name: str, message: str, *, hint: str, spec: str, offset: int = 0
    ) -> None:
        places: RuleText | None = entry.places
        line, column = places.place(key, offset) if places is not None else (1, 1)
        self._findings.append(
            Finding(
                path=places.path if places is not None else entry.rule.name,
                line=line,
                column=column,
                severity=Severity.ERROR,
                name=name,
                spec=spec,
                rule=entry.rule.name,
                message=message,
                hint=hint,
            )
        )

    def _notes(self) -> Iterable[str]:
        if self._unfed:
            yield f"left out, since no filter here feeds their metric: {_listed(self._unfed)}"
        if self._orphans:
            yield f"left out, since their children are not here: {_listed(self._orphans)}"


def _plain_finding(name: str, kind: str, message: str, hint: str, spec: str) -> Finding:
    return Finding(
        path=name,
        line=1,
        column=1,
        severity=Severity.ERROR,
        name=kind,
        spec=spec,
        rule=name,
        message=message,
        hint=hint,
    )


def _key_of(parameter: str) -> tuple[str | int, ...]:
    """The key path of a parameter that counts list elements from 1: `Metrics.2.Expression`."""
    return tuple(int(part) - 1 if part.isdigit() else part for part in parameter.split("."))


_Fed = dict[tuple[str, str], list[tuple[str, ...]]]


def _fed_metrics(rules: Iterable[Rule]) -> _Fed:
    """The sorted names of dimensions that filters feed a metric with, by its namespace and name."""
    fed: _Fed = {}
    for rule in rules:
        if rule.filter is None:
            continue
        for one in rule.filter.metric_transformations:
            names = tuple(sorted((*(one.dimensions or ()), *rule.filter.emit_system_field_dimensions)))
            sets = fed.setdefault((one.metric_namespace, one.metric_name), [])
            sets.append(names)
            if names:  # a match without a usable value is published without any (FP-9.15)
                sets.append(())
    return fed


def _is_fed(key: MetricKey, fed: _Fed) -> bool:
    return tuple(name for name, _ in key.dimensions) in fed.get((key.namespace, key.metric_name), ())


def _scope_of(rules: Iterable[Rule], topic: str) -> AlarmScope:
    """Account and region of the topics that rules name; alarms and topics stand together."""
    lists = ("AlarmActions", "OKActions", "InsufficientDataActions")
    named = (str(arn) for rule in rules for one in lists for arn in (rule.alarm or rule.composite or {}).get(one, ()))
    for arn in chain((topic,), named):
        parts = arn.split(":")
        if is_topic(arn) and parts[3] and parts[4].isdigit():
            return AlarmScope(parts[4], parts[3], parts[1])
    return DEFAULT_SCOPE


_SHOWN = 5


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
