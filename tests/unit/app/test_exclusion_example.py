"""The exclusion that `explain rule` shows compiles, and leaves out no more than it says (IF-4)."""

import json
from datetime import date

import pytest

from tocsin.app.exclusion_example import exclusion_example
from tocsin.app.pack import load_rules, pack_names
from tocsin.core.exclusion import compile_exclusions
from tocsin.core.metric_filter import MetricFilter
from tocsin.core.pattern import FilterPattern
from tocsin.core.rule import Rule

DAY = date(2027, 4, 4)


def example(pattern):
    definition = MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=())
    return exclusion_example(Rule(id="r", name="r", filter=definition), expires=DAY)


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ("{ $.eventName = StopLogging }", "sessionIssuer.arn"),
        ('{ $.userIdentity.type = "Root" }', "sourceIPAddress"),
        ("{ $.eventName = ConsoleLogin && $.errorMessage = x }", "sourceIPAddress"),
        ("{ $.eventName != ConsoleLogin }", "sessionIssuer.arn"),
        ("{ $.a.type = Root || $.eventName = %x% || $.eventName NOT EXISTS }", "sessionIssuer.arn"),
    ],
)
def test_the_field_is_one_that_the_callers_have(pattern, field):
    found = example(pattern)
    assert field in found.when
    assert found.expires == "2027-04-04"


def test_where_the_longer_one_does_not_fit_the_shorter_is_shown():
    assert "sourceIPAddress" in example(f"{{ $.eventName = {'B' * 840} }}").when


@pytest.mark.parametrize("pattern", ["ERROR", "{ $.a = x:y }", "[a = 1, b]", f"{{ $.eventName = {'B' * 980} }}"])
def test_where_none_compiles_none_is_shown(pattern):
    assert example(pattern) is None


def test_without_a_filter_there_is_nothing_to_exclude_from():
    assert exclusion_example(Rule(id="r", name="r"), expires=DAY) is None


@pytest.mark.parametrize("rule", load_rules(*pack_names()), ids=lambda rule: rule.name)
def test_every_rule_that_ships_takes_its_example(rule):
    found = exclusion_example(rule, expires=DAY)
    if found is None:
        assert len(rule.effective_pattern) > 600
        return
    compiled = compile_exclusions(rule.effective_pattern, [found], at=None, clauses={})
    assert compiled.refusals == ()
    before, after = FilterPattern.parse(rule.effective_pattern), FilterPattern.parse(compiled.pattern)
    records = [{**test.event} for test in rule.tests if test.event]
    for record in records:
        assert before.matches(json.dumps(record)) == after.matches(json.dumps(record))
