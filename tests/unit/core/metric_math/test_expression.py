"""What callers ask an expression, and how its errors look (AL-4, AL-18.3)."""

from __future__ import annotations

import pickle

import pytest

from tocsin.core.metric_math import Expression, MathError


@pytest.mark.parametrize(
    ("source", "references", "functions"),
    [
        ("m1+m2*m1", {"m1", "m2"}, set()),
        ("AVG(METRICS('m3'))+1", set(), {"AVG", "METRICS"}),
        ("IF(-m1>5,[m2])", {"m1", "m2"}, {"IF"}),
        ("m1/PERIOD(m1)", {"m1"}, {"PERIOD"}),
        ("FILL(m1, REPEAT)", {"m1"}, {"FILL"}),
    ],
)
def test_what_an_expression_names(source: str, references: set[str], functions: set[str]) -> None:
    made = Expression.parse(source)
    assert (made.references, made.functions) == (references, functions)


@pytest.mark.parametrize(
    ("source", "clock", "search", "band"),
    [
        ("m1", False, False, False),
        ("IF(HOUR(m1)>8,m1)", True, False, False),
        ("IF(m1>EPOCH(m1),1)", True, False, False),
        ("SUM(SEARCH('x','Sum'))", False, True, False),
        ("FIRST(ANOMALY_DETECTION_BAND(m1))", False, False, True),
        ("DIFF_TIME(m1)", False, False, False),
    ],
)
def test_what_a_result_depends_on(source: str, *, clock: bool, search: bool, band: bool) -> None:
    made = Expression.parse(source)
    assert (made.depends_on_clock, made.uses_search, made.uses_band) == (clock, search, band)


def test_expressions_compare_by_their_trees() -> None:
    one, other = Expression.parse("m1>5 AND (m2)"), Expression.parse("(m1 > 5) && m2")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Expression.parse("m2 AND m1>5")
    assert one != "m1>5 AND (m2)"
    assert (one.source, str(one)) == ("m1>5 AND (m2)", "m1 > 5 AND m2")
    assert repr(one) == "Expression.parse('m1>5 AND (m2)')"
    assert pickle.loads(pickle.dumps(one)) == one


def test_errors_show_the_place() -> None:
    with pytest.raises(MathError) as caught:
        Expression.parse("m1 + avg(m2)")
    assert str(caught.value) == (
        "'avg' is no function\n  m1 + avg(m2)\n       ^\nhint: names of functions are in upper case"
    )
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.position) == (str(caught.value), 5)


def test_errors_without_a_remedy_end_with_the_caret() -> None:
    with pytest.raises(MathError) as caught:
        Expression.parse("m1 +")
    assert str(caught.value).endswith("\n  m1 +\n      ^")
