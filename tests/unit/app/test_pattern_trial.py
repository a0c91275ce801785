"""Trying a metric filter out before it is kept (CON-4.7): what the filter would do, by the code that does it."""

from __future__ import annotations

from typing import Any

import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.pattern_trial import (
    MOST_A_SECOND,
    MOST_BYTES,
    MOST_EVENTS,
    Candidate,
    Outcome,
    TrialGate,
    candidates_of_rule,
    explain_trial,
    lint_trial,
    rule_of_filter,
    try_filter,
)
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule, RuleTest

PATTERN = "{ $.eventName = StopLogging }"


def definition(pattern: str = PATTERN, *, value: str = "1", **more: Any) -> MetricFilter:
    made = {"metric_name": "m", "metric_namespace": "N", "metric_value": value}
    made |= {name: more.pop(name) for name in ("dimensions", "default_value") if name in more}
    return MetricFilter(
        filter_name="f", filter_pattern=pattern, metric_transformations=(MetricTransformation(**made),), **more
    )


def candidates(*messages: str) -> list[Candidate]:
    return [Candidate(message=one) for one in messages]


def outcomes(trial: Any) -> list[Outcome]:
    return [one.outcome for one in trial.events]


def test_matches_and_misses_are_told_apart() -> None:
    trial = try_filter(definition(), candidates('{"eventName":"StopLogging"}', '{"eventName":"x"}'), scope=HERE)
    assert outcomes(trial) == [Outcome.MATCH, Outcome.MISS]
    assert trial.count(Outcome.MATCH) == 1


def test_a_match_without_a_usable_value_publishes_nothing() -> None:
    trial = try_filter(
        definition(value="$.n"),
        candidates('{"eventName":"StopLogging","n":7}', '{"eventName":"StopLogging","n":"x"}'),
        scope=HERE,
    )
    assert outcomes(trial) == [Outcome.MATCH, Outcome.UNUSABLE]
    assert trial.events[0].value == 7.0


def test_dimensions_are_those_that_would_be_published() -> None:
    trial = try_filter(
        definition(dimensions={"Who": "$.who"}), candidates('{"eventName":"StopLogging","who":"eve"}'), scope=HERE
    )
    assert trial.events[0].dimensions == (("Who", "eve"),)


def test_a_pattern_that_is_refused_tries_nothing() -> None:
    trial = try_filter(definition("{ $.a = }"), candidates("{}"), scope=HERE)
    assert trial.refusal is not None
    assert trial.events == ()


def test_a_mistake_in_the_value_hides_no_match() -> None:
    trial = try_filter(definition(value="length"), candidates('{"eventName":"StopLogging"}'), scope=HERE)
    assert "must be a valid number" in trial.fault
    assert outcomes(trial) == [Outcome.MATCH]


def test_a_mistake_in_the_criteria_hides_no_match() -> None:
    trial = try_filter(
        definition(field_selection_criteria="@aws.account"), candidates('{"eventName":"StopLogging"}'), scope=HERE
    )
    assert trial.fault
    assert outcomes(trial) == [Outcome.MATCH]


def test_events_of_another_account_do_not_count() -> None:
    trial = try_filter(
        definition(field_selection_criteria='@aws.account = "999999999999"'),
        candidates('{"eventName":"StopLogging"}'),
        scope=HERE,
    )
    assert outcomes(trial) == [Outcome.MISS]


def test_a_trial_looks_at_fifty_events() -> None:
    trial = try_filter(definition(), candidates(*["{}"] * (MOST_EVENTS + 3)), scope=HERE)
    assert (len(trial.events), trial.left_out) == (MOST_EVENTS, 3)


def test_a_trial_looks_at_a_mebibyte() -> None:
    large = "x" * (MOST_BYTES // 2)
    trial = try_filter(definition(), candidates(large, large, "y"), scope=HERE)
    assert (len(trial.events), trial.left_out) == (2, 1)


def test_why_is_told_clause_by_clause() -> None:
    (clause,) = explain_trial(definition(), '{"eventName":"x"}').clauses
    assert not clause.holds


# ---------------------------------------------------------------- rules


@pytest.fixture
def bench() -> RuleBench:
    return RuleBench()


def test_a_filter_of_a_rules_name_is_of_that_rule(bench: RuleBench) -> None:
    rule = rule_of_filter(bench.service, "cis/security-group-changes", "something else")
    assert rule is not None
    assert rule.name == "cis/security-group-changes"


def test_a_filter_with_a_rules_pattern_is_of_that_rule(bench: RuleBench) -> None:
    rules = bench.service.part(RuleCatalogue).on(bench.clock.now().date()).rules
    pattern = next(rule.filter.filter_pattern for rule in rules if rule.name == "article/stop-logging" and rule.filter)
    rule = rule_of_filter(bench.service, "mine", pattern)
    assert rule is not None
    assert rule.name == "article/stop-logging"


@pytest.mark.parametrize("pattern", ["", "{ $.a = b }"])
def test_a_filter_like_no_rule_is_of_none(bench: RuleBench, pattern: str) -> None:
    assert rule_of_filter(bench.service, "mine", pattern) is None


def test_a_rules_own_events_come_out_as_it_says(bench: RuleBench) -> None:
    for rule in bench.service.part(RuleCatalogue).on(bench.clock.now().date()).rules:
        own = candidates_of_rule(rule)
        if rule.filter is not None and own:
            effective = definition(rule.effective_pattern)
            assert try_filter(effective, own, scope=HERE).surprises == 0, rule.name


def test_what_comes_out_otherwise_is_a_surprise() -> None:
    rule = Rule(
        id="r",
        name="r",
        tests=(
            RuleTest(name="raw", message="a line", matches=True),
            RuleTest(name="quiet", event={"eventName": "x"}, matches=False),
            RuleTest(name="of the alarm"),
        ),
    )
    trial = try_filter(definition(), candidates_of_rule(rule), scope=HERE)
    assert [one.candidate.name for one in trial.events] == ["raw", "quiet"]
    assert trial.surprises == 1


# ---------------------------------------------------------------- lints


def lints(bench: RuleBench, made: MetricFilter, *messages: str) -> list[str]:
    rules = bench.service.part(RuleCatalogue).on(bench.clock.now().date())
    return [one.name for one in lint_trial(made, candidates(*messages), rules, at=bench.clock.now().date())]


def test_findings_have_their_names(bench: RuleBench) -> None:
    assert "neq-absent" in lints(bench, definition('{ $.userIdentity.invokedBy != "x" }'))
    assert "dimensions-with-default" in lints(bench, definition(dimensions={"Who": "$.who"}, default_value=0.0))
    assert lints(bench, definition()) == []


def test_events_behind_a_prefix_are_found(bench: RuleBench) -> None:
    assert lints(bench, definition(), 'docker: {"eventName":"StopLogging"}') == ["prefixed-json"]


def test_a_benchmarks_pattern_in_other_words_is_found(bench: RuleBench) -> None:
    pattern = (
        "{ ($.eventName = StopLogging) || ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) ||"
        " ($.eventName = DeleteTrail) || ($.eventName = StartLogging) }"
    )
    assert lints(bench, definition(pattern)) == ["text-compared"]


# ---------------------------------------------------------------- how often


def test_ten_trials_a_second_are_enough_for_anybody(bench: RuleBench) -> None:
    gate = bench.service.part(TrialGate)
    assert all(gate.admits("alice") for _ in range(MOST_A_SECOND))
    assert not gate.admits("alice")
    assert gate.admits("bob")
    bench.clock.advance(1)
    assert gate.admits("alice")
