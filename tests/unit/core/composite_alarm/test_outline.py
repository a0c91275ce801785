"""A composite alarm's rule line by line, as its children stand (CON-4.8, AL-12.6)."""

from __future__ import annotations

import itertools

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.alarm_rule import AlarmRule
from tocsin.core.composite_alarm.outline import OutlineLine, outline

OK, ALARM, INSUFFICIENT_DATA = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA

RULES = [
    "TRUE",
    "ALARM(a)",
    "NOT OK(b)",
    "ALARM(a) AND OK(b)",
    "ALARM(a) OR INSUFFICIENT_DATA(b) AND NOT ALARM(c)",
    "AT_LEAST(2, ALARM, (a, b, c))",
    "AT_LEAST(50%, NOT OK, (a, b))",
    "NOT (ALARM(a) OR AT_LEAST(1, OK, (b, c)))",
]


@pytest.mark.parametrize("source", RULES)
def test_the_outcome_is_that_of_the_rule(source: str) -> None:
    rule = AlarmRule.parse(source)
    for values in itertools.product(StateValue, repeat=3):
        states = dict(zip("abc", values, strict=True))
        assert outline(rule, states)[0].holds is rule.evaluate(states)


@pytest.mark.parametrize("source", RULES)
def test_what_is_not_known_is_said_only_where_it_matters(source: str) -> None:
    rule = AlarmRule.parse(source)
    for values in itertools.product((*StateValue, None), repeat=3):
        states = {name: value for name, value in zip("abc", values, strict=True) if value is not None}
        possible = {
            rule.evaluate({**dict(zip("abc", guess, strict=True)), **states})
            for guess in itertools.product(StateValue, repeat=3)
        }
        holds = outline(rule, states)[0].holds
        # What follows from several children together may stay unknown; what is said is so.
        assert holds is None or possible == {holds}


def test_every_part_is_a_line() -> None:
    lines = outline(AlarmRule.parse("ALARM(a) AND NOT AT_LEAST(1, OK, (b, c)) OR FALSE"), {"a": ALARM, "b": OK})
    assert lines == [
        OutlineLine(0, "any of", "", None, False),
        OutlineLine(1, "all of", "", None, False),
        OutlineLine(2, "is ALARM", "a", ALARM, True),
        OutlineLine(2, "not", "", None, False),
        OutlineLine(3, "at least 1 of", "", None, True),
        OutlineLine(4, "is OK", "b", OK, True),
        OutlineLine(4, "is OK", "c", None, None),
        OutlineLine(1, "never", "", None, False),
    ]


def test_arns_mean_the_alarms_of_their_names() -> None:
    rule = AlarmRule.parse('ALARM("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a")')
    assert outline(rule, {"a": ALARM}) == [OutlineLine(0, "is ALARM", "a", ALARM, True)]


@pytest.mark.parametrize(("source", "text"), [("AT_LEAST(50%, NOT OK, (a))", "at least 50 % of"), ("TRUE", "always")])
def test_words(source: str, text: str) -> None:
    assert outline(AlarmRule.parse(source), {})[0].text == text


def test_a_long_rule_is_cut() -> None:
    rule = AlarmRule.parse("NOT " * 2_000 + "ALARM(a)")
    lines = outline(rule, {"a": ALARM})
    assert len(lines) == 200
    assert lines[0].holds is True
    assert len(outline(AlarmRule.parse("AT_LEAST(1, OK, (a, b, c))"), {}, most=2)) == 2
