"""Which tests of which rules are run, what keeps rules from it, and the report.

Rule: a rule that cannot be used is an error with its place, never a rule whose tests pass. Spec: IF-1, IF-4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_set import build_alarm_set
from tocsin.app.rulepack import ChainRule, RuleSet, sort_findings
from tocsin.app.ruletest import TEST_TOPIC, kind_of
from tocsin.app.ruletest_report import RuleTestReport, RuleTestResult
from tocsin.core.finding import Finding, Severity
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from tocsin.app.ruleentry import RuleEntry
    from tocsin.app.ruletest import RuleTestOutcome


class RuleTests(msgspec.Struct, frozen=True, kw_only=True):
    """Tests of one rule: its place among the rules, and the places of the tests in it."""

    rule: int
    tests: tuple[int, ...]


class RuleTestPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. `rules` may be used by any test; `chosen` are the tests that were asked for."""

    rules: tuple[Rule, ...]
    chosen: tuple[RuleTests, ...]
    errors: tuple[Finding, ...]
    deselected: int

    @property
    def records(self) -> int:
        """How many records the chosen tests make, one for each test of a filter."""
        return sum(_size(self.rules[one.rule], place) for one in self.chosen for place in one.tests)


def plan_rule_tests(found: RuleSet, *, run: re.Pattern[str] | None = None) -> RuleTestPlan:
    """The tests of rules that were read. `run` must be found in `RULE: TEST NAME`.

    Errors are those of the texts, and those of alarms: AWS would refuse them, or nothing here feeds
    their metric, which matters only where a test needs them.
    """
    usable = [entry for entry in found.entries if entry.usable]
    chain = [ChainRule(rule=entry.rule, places=entry.places, in_listing=entry.in_listing) for entry in usable]
    alarms = build_alarm_set(chain, topic=TEST_TOPIC)
    runnable = {entry.rule.name for entry in alarms.metric_alarms}
    runnable |= {entry.rule.name for entry in alarms.composites}
    chosen: list[RuleTests] = []
    deselected = 0
    asked: set[str] = set()
    for place, entry in enumerate(usable):
        rule = entry.rule
        wanted = [
            number
            for number, test in enumerate(rule.tests)
            if run is None or run.search(f"{rule.name}: {test.name}") is not None
        ]
        deselected += len(rule.tests) - len(wanted)
        needs_alarm = [number for number in wanted if kind_of(rule.tests[number]) == "alarm"]
        if needs_alarm:
            asked.add(rule.name)
        if rule.name not in runnable:
            wanted = [number for number in wanted if number not in needs_alarm]
        if wanted:
            chosen.append(RuleTests(rule=place, tests=tuple(wanted)))
    errors = [one for one in found.findings if one.severity is Severity.ERROR]
    errors += [one for one in alarms.findings if one.name != "unknown-metric" or one.rule in asked]
    return RuleTestPlan(
        rules=tuple(entry.rule for entry in usable),
        chosen=tuple(chosen),
        errors=tuple(sort_findings(errors)),
        deselected=deselected,
    )


def report_of(
    found: RuleSet,
    plan: RuleTestPlan,
    outcomes: Mapping[int, Sequence[RuleTestOutcome]],
    *,
    version: str,
    seconds: float,
) -> RuleTestReport:
    """The report. `outcomes` are those of the chosen tests, by the place of the rule."""
    entries = [entry for entry in found.entries if entry.usable]
    results = [
        _result(entries[one.rule], place, outcome)
        for one in plan.chosen
        for place, outcome in zip(one.tests, outcomes[one.rule], strict=True)
    ]
    passed = sum(result.passed for result in results)
    return RuleTestReport(
        tocsin=version,
        rules=len(plan.chosen),
        tests=len(results),
        passed=passed,
        failed=len(results) - passed,
        deselected=plan.deselected,
        seconds=round(seconds, 3),
        errors=list(plan.errors),
        results=results,
    )


def _result(entry: RuleEntry, place: int, outcome: RuleTestOutcome) -> RuleTestResult:
    """An outcome with its places in the file."""
    test = entry.rule.tests[place]
    failures = []
    for key, failure in outcome.failures:
        line, column = entry.places.place(key)
        failures.append(msgspec.structs.replace(failure, line=line, column=column))
    line, column = entry.places.place(("tests", place))
    return RuleTestResult(
        rule=entry.rule.name,
        test=test.name,
        kind=kind_of(test),
        passed=not failures,
        path=entry.places.path,
        line=line,
        column=column,
        seconds=round(outcome.seconds, 6),
        failures=failures,
    )


def _size(rule: Rule, place: int) -> int:
    return 1 + sum(int(step.get("repeat", 1)) for step in rule.tests[place].events)
