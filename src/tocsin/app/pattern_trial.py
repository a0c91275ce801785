"""Trying a metric filter out on events before it is kept. Spec: CON-4.7, FP-8.5, FP-9.14, FP-10, FP-13.

Rule: what is told is what the filter would do, by the code that does it; a mistake in one part of the filter hides
nothing of the others.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.core.criteria import CriteriaError
from tocsin.core.event import Event
from tocsin.core.metric_filter import CompiledFilter, MetricFilter, MetricFilterError
from tocsin.core.pattern import FilterPattern
from tocsin.core.rule import Rule, RuleTest
from tocsin.core.template import lay_over
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tocsin.app.rule_catalogue import ShippedRules
    from tocsin.app.service import Service
    from tocsin.core.lint import Observation
    from tocsin.core.pattern.explanation import Explanation
    from tocsin.core.scope import Scope

MOST_EVENTS: Final = 50
MOST_BYTES: Final = 1_048_576
"""What one trial may look at (CON-4.7)."""

MOST_A_SECOND: Final = 10
"""Trials of one visitor (CON-4.7)."""

_BENCHMARK: Final = "cis"


class Outcome(StrEnum):
    """What a filter makes of an event."""

    MATCH = "match"
    MISS = "no match"
    UNUSABLE = "no usable value"
    """It matches, and publishes nothing (FP-9.14)."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An event to try. `at` is in milliseconds since the epoch, None where it has no time.

    `expected` is what the rule that it comes from says of it, None where nobody says anything; `name` is its test's.
    """

    message: str
    at: int | None = None
    expected: bool | None = None
    name: str = ""


class TriedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was tried, and the datum that it would publish: value and dimensions."""

    candidate: Candidate
    outcome: Outcome
    value: float | None = None
    dimensions: tuple[tuple[str, str], ...] = ()

    @property
    def is_as_expected(self) -> bool:
        """Whether it is what its rule says of it; true where that says nothing."""
        return self.candidate.expected in (None, self.outcome is not Outcome.MISS)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a trial.

    With `refusal` the pattern was refused and nothing was tried; `fault` is what is wrong with value, dimensions or
    criteria, in AWS's words: then events are only told apart by the pattern. `left_out` counts events beyond limits.
    """

    events: tuple[TriedEvent, ...] = ()
    refusal: PatternError | None = None
    fault: str = ""
    left_out: int = 0

    def count(self, outcome: Outcome) -> int:
        """How many events came out so."""
        return sum(one.outcome is outcome for one in self.events)

    @property
    def surprises(self) -> int:
        """How many events came out otherwise than their rule says."""
        return sum(not one.is_as_expected for one in self.events)


def try_filter(definition: MetricFilter, candidates: Sequence[Candidate], *, scope: Scope) -> Trial:
    """Run a filter over events: MOST_EVENTS, and MOST_BYTES of them, at most."""
    try:
        pattern = FilterPattern.parse(definition.filter_pattern)
    except PatternError as error:
        return Trial(refusal=error)
    compiled, fault = _compiled(definition)
    taken = _within_limits(candidates)
    events = tuple(_tried(one, pattern, compiled, scope) for one in taken)
    return Trial(events=events, fault=fault, left_out=len(candidates) - len(taken))


def explain_trial(definition: MetricFilter, message: str) -> Explanation:
    """Why the pattern of a filter does or does not match a message, clause by clause. PatternError."""
    return FilterPattern.parse(definition.filter_pattern).explain(message)


def _compiled(definition: MetricFilter) -> tuple[CompiledFilter | None, str]:
    try:
        return CompiledFilter(definition), ""
    except (MetricFilterError, CriteriaError) as error:
        return None, error.message


def _within_limits(candidates: Sequence[Candidate]) -> list[Candidate]:
    taken: list[Candidate] = []
    size = 0
    for one in candidates[:MOST_EVENTS]:
        size += len(one.message.encode("utf-8", "surrogatepass"))
        if size > MOST_BYTES:
            break
        taken.append(one)
    return taken


def _tried(one: Candidate, pattern: FilterPattern, compiled: CompiledFilter | None, scope: Scope) -> TriedEvent:
    event = Event(one.message)
    if not pattern.matches_event(event):
        return TriedEvent(candidate=one, outcome=Outcome.MISS)
    if compiled is None:
        return TriedEvent(candidate=one, outcome=Outcome.MATCH)
    if not compiled.sees(scope.account, scope.region):
        return TriedEvent(candidate=one, outcome=Outcome.MISS)
    datum = compiled.datum(event, account=scope.account, region=scope.region)
    if datum is None:
        return TriedEvent(candidate=one, outcome=Outcome.UNUSABLE)
    return TriedEvent(candidate=one, outcome=Outcome.MATCH, value=datum.value, dimensions=datum.dimensions)


class TrialGate:
    """Bounds how often somebody tries: `service.part(TrialGate)`."""

    def __init__(self, service: Service) -> None:
        self._now = service.clock.monotonic
        self._lock = threading.Lock()
        self._tried: dict[str, deque[float]] = {}

    def admits(self, visitor: str) -> bool:
        """Note a trial of a visitor, unless there were too many in the last second."""
        now = self._now()
        with self._lock:
            tried = self._tried.setdefault(visitor, deque())
            while tried and tried[0] <= now - 1:
                tried.popleft()
            if len(tried) >= MOST_A_SECOND:
                return False
            tried.append(now)
            return True


# ---------------------------------------------------------------- rules that ship


def rule_of_filter(service: Service, name: str, pattern: str) -> Rule | None:
    """The rule that a filter is of: the one of its name, else the one whose pattern it has."""
    rules = service.part(RuleCatalogue).on(service.now().date()).rules
    named = next((rule for rule in rules if rule.name == name), None)
    return named or next((rule for rule in rules if pattern and _has_pattern(rule, pattern)), None)


def _has_pattern(rule: Rule, pattern: str) -> bool:
    return rule.filter is not None and pattern in (rule.filter.filter_pattern, rule.effective_pattern)


def candidates_of_rule(rule: Rule) -> list[Candidate]:
    """The events of a rule's own tests of its filter, with what it says of them."""
    return [
        Candidate(message=_message(test), expected=test.matches, name=test.name)
        for test in rule.tests
        if test.matches is not None
    ]


def _message(test: RuleTest) -> str:
    if test.message is not None:
        return test.message
    return msgspec.json.encode(lay_over(test.event or {}, test.absent)).decode()


# ---------------------------------------------------------------- lints


def lint_trial(
    definition: MetricFilter, candidates: Sequence[Candidate], rules: ShippedRules, *, at: date
) -> list[Observation]:
    """What there is to say about a filter; of the events those that are no JSON are looked at, too."""
    from tocsin.core.lint import lint_rule  # its catalogue is large, and a service may never need it

    samples = tuple(
        RuleTest(name=str(number), message=one.message, matches=one.expected)
        for number, one in enumerate(candidates)
        if not one.message.lstrip().startswith("{")
    )
    name = definition.filter_name or "new"
    rule = Rule(
        id=name, name=name, filter=definition, effective_pattern=definition.filter_pattern, tests=samples[:MOST_EVENTS]
    )
    return lint_rule(rule, at=at, benchmarks=_benchmarks(rules))


def _benchmarks(rules: ShippedRules) -> dict[str, str]:
    return {
        rule.name: rule.filter.filter_pattern
        for pack in rules.packs
        if pack.name == _BENCHMARK
        for rule in pack.rules
        if rule.filter is not None
    }
