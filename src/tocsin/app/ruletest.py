"""The tests that rules carry, run on the virtual clock: what each expects, and what happened instead.

Rule: a test runs through the same filters, alarms and messages as an archive does; every expectation
of it is looked at, not only the first that fails. Spec: IF-4 (Tests), AL-6, AL-7, AL-17.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.alarm_data import AlarmData, AlarmDataPlan, Contribution
from tocsin.app.alarm_set import AlarmSet, build_alarm_set
from tocsin.app.audience import audience_of
from tocsin.app.backtest import Backtest, BacktestPlan
from tocsin.app.mail_search import cut, holds, mail_of, nearest_line
from tocsin.app.rulepack import ChainRule
from tocsin.app.ruletest_report import Failure, SlotPoint
from tocsin.app.scan import compile_rules, datums_of
from tocsin.app.selection import Selection
from tocsin.app.timeline import actions_of
from tocsin.app.virtual_clock import START, offset_text, records_of, second_at
from tocsin.core.alarm.schedule import instant_after
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.composite_alarm.network import AlarmNetwork
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.event import Event
from tocsin.core.metric_filter import FilterSet
from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.message import MessageSettings
from tocsin.core.pattern.explanation_text import render_explanation
from tocsin.core.rule import KeyPath
from tocsin.core.tally import Room
from tocsin.core.template import lay_over
from tocsin.core.topic import Subscription, is_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.app.alarm_set import CompositeEntry, MetricAlarmEntry
    from tocsin.app.timeline import AlarmChange
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.rule import Rule, RuleTest

TEST_TOPIC = "arn:aws:sns:us-east-1:123456789012:rule-tests"
"""What rules without AlarmActions publish to in a test. A confirmed subscriber gets what any topic is sent."""

_SETTINGS = MessageSettings()
_LINES_OF_MAIL = 12
_EXPLANATION_WIDTH = 72


class RuleTestOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one test: the failures, each with the key path of its expectation, and the seconds it took."""

    failures: tuple[tuple[KeyPath, Failure], ...]
    seconds: float


def kind_of(test: RuleTest) -> str:
    """Does the test ask a filter or an alarm?"""
    return "filter" if test.matches is not None else "alarm"


class RuleTester:
    """Runs tests of rules that stand together, so that a composite alarm finds its children.

    `extra` is the setting `alarm.evaluation_range`; `timer` gives seconds from any fixed moment on.
    """

    def __init__(self, rules: Sequence[Rule], *, extra: int | None, timer: Callable[[], float]) -> None:
        self._rules = rules
        self._extra = extra
        self._timer = timer
        self._alarms = build_alarm_set([ChainRule(rule=rule) for rule in rules], topic=TEST_TOPIC)
        self._network = AlarmNetwork((entry.alarm for entry in self._alarms.composites), scope=self._alarms.scope)

    def run(self, rule: Rule, places: Sequence[int]) -> list[RuleTestOutcome]:
        """Run the tests of a rule at these places in its list. The rule's alarm must be one that can be evaluated."""
        bench: _AlarmBench | None = None
        outcomes = []
        for place in places:
            started = self._timer()
            test = rule.tests[place]
            if test.matches is not None:
                found = _filter_failures(rule, test)
            else:
                bench = bench or self._bench(rule)
                found = bench.failures(test)
            failures = tuple((("tests", place, *key), failure) for key, failure in found)
            outcomes.append(RuleTestOutcome(failures=failures, seconds=self._timer() - started))
        return outcomes

    def _bench(self, rule: Rule) -> _AlarmBench:
        """What an alarm test of a rule needs: its alarm, the alarms below it, and the filters that feed them."""
        entries: list[MetricAlarmEntry | CompositeEntry] = [*self._alarms.metric_alarms, *self._alarms.composites]
        entry = next(entry for entry in entries if entry.rule.name == rule.name)
        needed = self._with_those_below(entry.alarm.alarm_name)
        # Mute rules belong to an account, not to a rule: its tests hold whatever is muted.
        alarms = msgspec.structs.replace(
            self._alarms,
            metric_alarms=tuple(one for one in self._alarms.metric_alarms if one.alarm.alarm_name in needed),
            composites=tuple(one for one in self._alarms.composites if one.alarm.alarm_name in needed),
            mute_rules=(),
        )
        metrics = {(key.namespace, key.metric_name) for one in alarms.metric_alarms for key in one.alarm.keys}
        feeding = tuple(one for one in self._rules if one.filter is not None and _feeds(one, metrics))
        children = self._network.children(entry.alarm.alarm_name)
        return _AlarmBench(entry, alarms, feeding, children, extra=self._extra)

    def _with_those_below(self, name: str) -> set[str]:
        """The alarm of that name, its children and theirs, and what suppresses any of them."""
        needed: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in needed:
                continue
            needed.add(one)
            waiting += self._network.children(one)
            composite = self._network.composites.get(one)
            if composite is not None and composite.actions_suppressor is not None:
                waiting.append(name_in(composite.actions_suppressor))
        return needed


def _feeds(rule: Rule, metrics: set[tuple[str, str]]) -> bool:
    assert rule.filter is not None
    return any((one.metric_namespace, one.metric_name) in metrics for one in rule.filter.metric_transformations)


_Found = tuple[KeyPath, Failure]
"""Where an expectation stands below its test, and how it failed."""


# ---------------------------------------------------------------- a filter


def _filter_failures(rule: Rule, test: RuleTest) -> list[_Found]:
    """A test of the filter alone: does it take the event or not?"""
    text = test.message if test.message is not None else json.dumps(lay_over(test.event or {}, test.absent))
    filters = FilterSet(compile_rules([rule]))
    matches = bool(datums_of(filters, Event(text)))
    if matches is test.matches:
        return []
    pattern = filters.filters[0].pattern
    failure = Failure(
        line=0,
        column=0,
        kind="match",
        expected=_match_words(matches=not matches),
        got=_match_words(matches=matches),
        pattern=pattern.source,
        explanation=render_explanation(pattern.explain(text), width=_EXPLANATION_WIDTH),
    )
    return [(("matches",), failure)]


def _match_words(*, matches: bool) -> str:
    return "the filter matches" if matches else "the filter does not match"


# ---------------------------------------------------------------- an alarm


class _AlarmBench:
    """One alarm with all that it depends on, ready for tests."""

    def __init__(
        self,
        entry: MetricAlarmEntry | CompositeEntry,
        alarms: AlarmSet,
        rules: tuple[Rule, ...],
        children: Sequence[str],
        *,
        extra: int | None,
    ) -> None:
        self.entry = entry
        self.alarms = alarms
        self.children = children
        self._rules = rules
        self._extra = extra
        self._filters = FilterSet(compile_rules(rules))

    def failures(self, test: RuleTest) -> list[_Found]:
        """Run a test, and give the expectations that do not hold, in their order."""
        until = max(second_at(expectation["at"]) for expectation in test.expect)
        plan = BacktestPlan(
            data=AlarmDataPlan(rules=self._rules, selection=Selection(since=START, until=until)),
            alarms=self.alarms,
            extra=self._extra,
        )
        run = _AlarmRun(self, Backtest(plan, self._data(test, plan.reading)))
        return [
            (("expect", place, *key), failure)
            for place, expectation in enumerate(test.expect)
            for key, failure in run.failures(expectation)
        ]

    def _data(self, test: RuleTest, plan: AlarmDataPlan) -> AlarmData:
        """What the filters make of the records of a test."""
        data, room = AlarmData(len(self._filters.filters)), Room()
        for record in records_of(test):
            if plan.has_defaults:
                data.present.add((record.second // 60, plan.arrival_of(record.second // 60 * 60, None)))
            event = Event(record.text)
            datums = datums_of(self._filters, event)
            if datums:
                summary = EventSummary.of(event, record.second)
                arrival = plan.arrival_of(record.second, None)
                data.count(Contribution(ident=b"", arrival=arrival, datums=datums, event=summary), room)
        return data


class _AlarmRun:
    """One test as it went."""

    def __init__(self, bench: _AlarmBench, done: Backtest) -> None:
        self._bench = bench
        self._alarm = bench.entry.alarm
        self._done = done
        self._name = self._alarm.alarm_name
        self._changes = [change for change in done.timeline.changes if change.name == self._name]
        self._replay = done.timeline.replays.get(self._name)
        sent = [
            (change.run.at, place)
            for place, change in enumerate(self._changes)
            if change.run is not None and any(map(is_topic, actions_of(self._alarm, change.new)))
        ]
        self._mails = [(at, self._changes[place]) for at, place in sorted(sent)]

    def failures(self, expectation: dict[str, Any]) -> Iterator[_Found]:
        """What one expectation says that is not so, with the key paths below it."""
        at = second_at(expectation["at"])
        found: list[tuple[KeyPath, Failure | None]] = []
        if "state" in expectation:
            found.append((("state",), self._state_failure(StateValue(expectation["state"]), at)))
        if "never" in expectation:
            found.append((("never",), self._never_failure(StateValue(expectation["never"]), at)))
        if "message" in expectation:
            for place, wanted in enumerate(expectation["message"]["contains"]):
                found.append((("message", "contains", place), self._message_failure(wanted, at)))
        for key, failure in found:
            if failure is not None:
                yield key, msgspec.structs.replace(failure, at=expectation["at"])

    # ------------------------------------------------------------ states

    def _last_change(self, at: int) -> AlarmChange | None:
        return next((change for change in reversed(self._changes) if change.at <= at), None)

    def _state(self, at: int) -> StateValue:
        change = self._last_change(at)
        return StateValue.INSUFFICIENT_DATA if change is None else change.new

    def _state_failure(self, expected: StateValue, at: int) -> Failure | None:
        got = self._state(at)
        if got is expected:
            return None
        change = self._last_change(at)
        failure = Failure(
            line=0,
            column=0,
            kind="state",
            expected=f"state {expected.value}",
            got=f"state {got.value}",
            since=offset_text(START if change is None else change.at),
        )
        if self._replay is None:
            return self._with_children(failure, at, "" if change is None else change.reason)
        first = instant_after(START, self._replay.interval)
        instant = at // self._replay.interval * self._replay.interval
        if instant < first:
            reason = f"the alarm is created at 0m and evaluated for the first time at {offset_text(first)}"
            return msgspec.structs.replace(failure, reason=reason)
        # What it was at that instant, also where an earlier one made the state.
        return self._with_decision(failure, self._replay.evaluation(instant, got))

    def _never_failure(self, unwanted: StateValue, at: int) -> Failure | None:
        """The first evaluation up to `at` that ends in `unwanted`. What an alarm is created in is not evaluated."""
        for place, change in enumerate(self._changes):
            if change.at <= at and change.new is unwanted:
                after = self._changes[place + 1].at if place + 1 < len(self._changes) else None
                return self._never(unwanted, change.at, after, change)
        first = START if self._replay is None else instant_after(START, self._replay.interval)
        moved = self._changes[0].at if self._changes else None
        stayed = unwanted is StateValue.INSUFFICIENT_DATA and first <= at and (moved is None or moved > first)
        return self._never(unwanted, first, moved, None) if stayed else None

    def _never(self, unwanted: StateValue, since: int, until: int | None, change: AlarmChange | None) -> Failure:
        lasting = "" if until is None else f" until {offset_text(until)}"
        failure = Failure(
            line=0,
            column=0,
            kind="never",
            expected=f"never {unwanted.value}",
            got=f"state {unwanted.value} from {offset_text(since)}{lasting}",
            since=offset_text(since),
        )
        if self._replay is None:
            return self._with_children(failure, since, "" if change is None else change.reason)
        evaluation = None if change is None else change.evaluation
        return self._with_decision(failure, evaluation or self._replay.evaluation(since, unwanted))

    def _with_decision(self, failure: Failure, evaluation: Evaluation) -> Failure:
        """The failure with what an evaluation says: reason, rule of AL-7, decisive points."""
        assert self._replay is not None
        edges = self._replay.evaluator.edges(second_of(evaluation.at))
        ends = dict(itertools.pairwise(edges))
        points = [
            SlotPoint(from_=offset_text(start), until=offset_text(ends[start]), value=value)
            for start, value in ((second_of(at), value) for at, value in evaluation.points)
        ]
        return msgspec.structs.replace(failure, reason=evaluation.reason, decided_by=evaluation.rule, points=points)

    def _with_children(self, failure: Failure, at: int, reason: str) -> Failure:
        """The failure of a composite alarm with the states of its children."""
        told = []
        for child in self._bench.children:
            last = None
            for change in self._done.timeline.changes:
                if change.name == child and change.at <= at:
                    last = change
            state = StateValue.INSUFFICIENT_DATA if last is None else last.new
            told.append(f"{child} is {state.value} since {offset_text(START if last is None else last.at)}")
        return msgspec.structs.replace(failure, reason=reason, children=told)

    # ------------------------------------------------------------ messages

    def _message_failure(self, wanted: str, at: int) -> Failure | None:
        """Is `wanted` in the last mail so far?"""
        last = next(((sent, change) for sent, change in reversed(self._mails) if sent <= at), None)
        failure = Failure(line=0, column=0, kind="message", expected=f'a message that contains "{wanted}"', got="")
        if last is None:
            return msgspec.structs.replace(failure, got="no message so far", reason=self._why_no_mail(at))
        sent, change = last
        mail = mail_of(self._done.message(change, _SETTINGS))
        if holds(mail, wanted):
            return None
        return msgspec.structs.replace(
            failure,
            got=f"a message without it: {change.old.value} -> {change.new.value}, sent at {offset_text(sent)}",
            since=offset_text(sent),
            nearest=nearest_line(mail, wanted),
            text=cut(mail, _LINES_OF_MAIL),
        )

    def _why_no_mail(self, at: int) -> str:
        change = self._last_change(at)
        if change is None:
            return f"the alarm has not changed its state: {self._state(at).value} since 0m"
        actions = actions_of(self._alarm, change.new)
        heard = [
            Subscription(topic_arn=action, protocol="email", endpoint="-", subscription_arn=action)
            for action in actions
            if is_topic(action)
        ]
        held = change.held_by if change.run is None or change.run.at > at else ""
        told = audience_of(actions, change.new, heard, enabled=self._alarm.actions_enabled, held_by=held)
        return f"{change.old.value} -> {change.new.value} at {offset_text(change.at)}: {told.not_notified}"
