"""Comparing patterns by meaning, and events that show it (FP-13.30)."""

from __future__ import annotations

from itertools import combinations

import pytest

from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.equivalence import (
    Comparison,
    Relation,
    always_matches,
    equivalent,
    example_of,
    implies,
    never_matches,
)
from tocsin.core.pattern.language import Form, TextTest
from tocsin.core.pattern.proof import Both, Claim, Either, Prover
from tocsin.core.pattern.region import Comparison as Comparison_
from tocsin.core.pattern.region import Domain
from tocsin.core.pattern.tree import Name, Op

EQUAL, A_IN_B, B_IN_A = Relation.EQUAL, Relation.A_IMPLIES_B, Relation.B_IMPLIES_A
DIFFERENT, UNKNOWN = Relation.DIFFERENT, Relation.UNKNOWN


def compare(a: str, b: str) -> Comparison:
    one, other = FilterPattern.parse(a), FilterPattern.parse(b)
    found = equivalent(one, other)
    for event, matching, missing in ((found.only_a, one, other), (found.only_b, other, one)):
        assert event is None or (matching.matches(event) and not missing.matches(event))
    return found


@pytest.mark.parametrize(
    ("a", "b", "relation"),
    [
        # What must be seen as equal: spacing, parentheses, order, repetition, quotes, selectors, distribution.
        ("{$.a=x}", "{  $.a  =  x }", EQUAL),
        ("{ (($.a = x)) }", "{ $.a = x }", EQUAL),
        ("{ $.a = x && $.b = y }", "{ $.b = y && $.a = x }", EQUAL),
        ("{ $.a = x || $.b = y }", "{ $.b = y || $.a = x || $.b = y }", EQUAL),
        ("{ $.a = x && $.a = x }", "{ $.a = x }", EQUAL),
        ('{ $.a = "x" }', "{ $.a = x }", EQUAL),
        ("{ $.['a'].b = x }", '{ $.a["b"] = x }', EQUAL),
        ("{ $.a = x && ($.b = y || $.c = z) }", "{ ($.a = x && $.b = y) || ($.c = z && $.a = x) }", EQUAL),
        ("{ $.a = x || ($.b = y && $.c = z) }", "{ ($.a = x || $.b = y) && ($.a = x || $.c = z) }", EQUAL),
        # Text values.
        ("{ $.a = x }", '{ $.a = "x*" }', A_IN_B),
        ('{ $.a = "*x*" }', '{ $.a = "*x" }', B_IN_A),
        ("{ $.a = x || $.a = * }", "{ $.a = * }", EQUAL),
        ("{ $.a = x || $.a != x }", "{ $.a = * }", EQUAL),
        ("{ $.a != x }", "{ ($.a NOT EXISTS) || ($.a != x) }", A_IN_B),
        ("{ $.a = x }", "{ $.b = x }", DIFFERENT),
        ("{ $.a = X }", "{ $.a = x }", DIFFERENT),
        ('{ $.a = "**" }', "{ $.a = * }", EQUAL),
        ('{ $.a = "Del*ete*" }', r"{ $.a = %^Del\*ete% }", EQUAL),
        ('{ $.a = "a*" && $.a = "*a" }', '{ $.a = "a" }', B_IN_A),
        # Numbers.
        ("{ $.n >= 5 }", "{ $.n > 5 }", B_IN_A),
        ("{ $.n > 5 || $.n = 5 }", "{ $.n >= 5 }", B_IN_A),
        ("{ $.n < 5 || $.n >= 5 }", "{ $.n < 6 || $.n >= 1e0 }", EQUAL),
        ("{ $.n = 5 }", "{ $.n = 5.0 }", DIFFERENT),  # "5" and "5.0" as text
        ("{ $.n = 5 }", '{ $.n = "5" }', B_IN_A),
        ("{ $.n = 4* }", '{ $.n = "4*" }', EQUAL),
        ("{ $.n > 5 && $.n < 6 }", '{ $.n = "5.5" }', DIFFERENT),
        ("{ $.n > 1e400 }", "{ $.n > 1e300 }", A_IN_B),
        ("{ $.n > -2 && $.n < -1 }", "{ $.n < 0 }", A_IN_B),
        ("{ $.n <= 5 }", "{ $.n < 5 }", B_IN_A),
        ("{ $.n > -2 && $.n < 2 }", "{ $.n > -3 && $.n < 3 }", A_IN_B),
        # Constants, absence, nesting.
        ("{ $.a IS TRUE }", '{ $.a = "true" }', A_IN_B),
        ("{ $.a IS NULL }", "{ $.a NOT EXISTS }", DIFFERENT),
        ("{ $.a.b = x }", "{ $.a.b = x && $.a != y }", B_IN_A),
        ("{ $.a.b = x && $.a NOT EXISTS }", "{ $.z = z && $.z = y }", EQUAL),
        ("{ $.a[1] = x }", "{ $.a[1] = x && $.a[2] NOT EXISTS }", B_IN_A),
        ("{ $.a[1].b = x && $.a[0] NOT EXISTS }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a.b = x && $.a[0] = y }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $[0].a = x }", "{ $.a = x }", DIFFERENT),
        # Wildcard selectors.
        ("{ $.a[*] = x }", "{ $.a[0] = x }", B_IN_A),
        ("{ $.a[*].b = x }", "{ $.a[*].b = * }", A_IN_B),
        ("{ $.a[*] != x }", "{ $.a[*] = * }", A_IN_B),
        ("{ $.a[*] = x && $.a[*] = y }", "{ $.a[*] = y && $.a[*] = x }", EQUAL),
        ('{ $.a[*] = "x*" && $.a[*] = xy }', "{ $.a[*] = xy }", EQUAL),
        ('{ $.a[*] = xy && $.a[*] = "x*" }', "{ $.a[*] = xz }", DIFFERENT),
        ('{ $.a[*] = "x*" && $.a[*] = "*y" }', '{ $.a[*] = "x*" && $.a[*] = xy && $.a[*] = "*y" }', B_IN_A),
        ('{ $.a[*] = "x*" && $.a[*] = xy && $.a[*] = "*y" }', "{ $.q = q }", DIFFERENT),
        ("{ $.a[*] = x && $.a.* = y }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a[*] = x || $.a.* = y }", "{ $.a.* = y }", B_IN_A),
        ("{ $.a[*] NOT EXISTS }", "{ $.a[0] NOT EXISTS }", EQUAL),
        ("{ $.a.* = x }", "{ $.a.b = x }", B_IN_A),
        ("{ $.a[*].b = x && $.a[*] NOT EXISTS }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a[0].b = x && $.a[*] NOT EXISTS }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a[*] NOT EXISTS && ($.a[*] = x || $.a[*] = y) }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a[*] = x && $.a[0] NOT EXISTS }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a[*] = x && $.a.* = x }", "{ $.q = q && $.q = p }", EQUAL),
        ("{ $.a.*.b = x }", "{ $.a.* NOT EXISTS }", DIFFERENT),
        # Regexes.
        ("{ $.a = %^Del% }", '{ $.a = "Del*" }', EQUAL),
        ("{ $.a = %^Del$% }", "{ $.a = Del }", EQUAL),
        ("{ $.a != %el% }", '{ $.a != "*el*" }', EQUAL),
        ("{ $.a = %^a|b$% }", '{ $.a = "a*" || $.a = "*b" }', EQUAL),
        ("{ $.a = %^a{2,3}$% }", "{ $.a = aa || $.a = aaa }", EQUAL),
        (r"{ $.a = %^\d+$% }", "{ $.a = %^[0-9]% }", A_IN_B),
        (r"{ $.a = %\xe9% }", "{ $.a = %[^é]% }".replace("é", r"\xe9"), DIFFERENT),
        ("{ $.a = %a^% }", "{ $.a = x && $.a = y }", EQUAL),
        ("{ $.a = %$^% }", '{ $.a = "" }', EQUAL),
        # Text patterns.
        ("ERROR", "ERR", A_IN_B),
        ("a b", "b a b", EQUAL),
        ("?a ?b", "?b ?a", EQUAL),
        ("?a b", "b", EQUAL),
        ("", '" "', EQUAL),
        ("", "x", B_IN_A),
        ('-" "', "x -x", EQUAL),
        ("%ab+%", "ab", EQUAL),
        ("-x", "y", DIFFERENT),
        # Space-delimited patterns.
        ("[a, b = 4*]", '[x, y = "4*"]', EQUAL),
        ("[a = 404]", '[b = "404"]', B_IN_A),
        ("[a = 4* && a > 5]", "[a = 4*]", A_IN_B),
        ("[a > 5, b]", "[a >= 5, b]", A_IN_B),
        ("[a > 5 && a < 6, ...]", "[b != 5, ...]", A_IN_B),
        ("[a, b = 1 && a = 2]", "[a = 2, b = 1]", EQUAL),
        ("[...]", "", EQUAL),
        ("[a = x && a = y]", "{ $.a = x && $.a = y }", EQUAL),
        # Different kinds: the examples of each are tried.
        ("[a = x, b]", "{ $.a = x }", DIFFERENT),
        ("[a]", "{ $.a = x }", UNKNOWN),
        ("{ $.a = x }", "", A_IN_B),
    ],
)
def test_relation(a: str, b: str, relation: Relation) -> None:
    assert compare(a, b).relation is relation


def test_witness_tells_the_two_apart() -> None:
    assert compare("{ $.a = x }", '{ $.a = "x*" }').witness == '{"a": "xy"}'
    assert compare("{ $.a NOT EXISTS }", "{ $.a NOT EXISTS && $.b = x }").witness == "{}"
    assert compare("{ $.a = x }", "{$.a=x}").witness is None


@pytest.mark.parametrize(
    ("source", "event"),
    [
        ("{ $.eventName = StopLogging }", '{"eventName": "StopLogging"}'),
        ('{ $.a = "" }', '{"a": ""}'),
        ("{ $.a = * }", '{"a": "x"}'),
        ("{ $.a != x }", '{"a": "y"}'),
        ("{ $.n = 5 }", '{"n": 5}'),
        ("{ $.n > 5 }", '{"n": 6}'),
        ("{ $.n > 5 && $.n < 6 }", '{"n": 5.5}'),
        ("{ $.n < 1e-20 && $.n > 0 }", '{"n": 1e-21}'),
        ("{ $.n > 1e300 }", '{"n": 1e301}'),
        ('{ $.n > 1e300 && $.n = "*E*" }', '{"n": 1E301}'),
        ('{ $.n > 2 && $.n < 3 && $.n = "*e*" }', '{"n": 2.5e0}'),
        ('{ $.n > 5 && $.n = "*.*" }', '{"n": 6.0}'),
        ("{ $.a NOT EXISTS }", "{}"),
        ("{ $.a IS NULL }", '{"a": null}'),
        ("{ $.a IS FALSE }", '{"a": false}'),
        ("{ $.a.b[1] = x }", '{"a": {"b": [{}, "x"]}}'),
        ("{ $[1].a = x }", '[{}, {"a": "x"}]'),
        ("{ $.a[*] = x && $.a[*] = y }", '{"a": ["y", "x"]}'),
        ("{ $.a[*].b[1] = x }", '{"a": [{"b": [{}, "x"]}]}'),
        ("{ $.* = x }", '{"x": "x"}'),
        ("{ $.*.b = x && $.x = q }", '{"x": "q", "y": {"b": "x"}}'),
        ("{ $.['a b'] = x }", '{"a b": "x"}'),
        ("{ $.a = x && $.b NOT EXISTS || $.c = * }", '{"c": "x"}'),
        ("{ $.a = %^[A-C]{2}$% }", '{"a": "AA"}'),
        ("{ $.a = é }".replace("é", '"é"'), '{"a": "é"}'),
        ('{ $.a = "\ud800" }', '{"a": "\\ud800"}'),
        ("ERROR -WARN", "ERROR"),
        ("?a ?b", "a"),
        ("", "x"),
        ("%^$%", ""),
        ("[level = ERROR, ..., ms > 100]", "ERROR 101"),
        ('[a = "x y", b]', '"x y" x'),
        ('[a = "x \\" y", b]', '[x " y] x'),
        ("[a, b]", "x x"),
        ("[...]", ""),
        ("[a != 5]", "x"),
    ],
)
def test_example_is_small_and_matches(source: str, event: str) -> None:
    assert example_of(FilterPattern.parse(source)) == event


@pytest.mark.parametrize(
    "source",
    [
        "{ $.a = x && $.a = y }",
        "ERROR -ERR",
        '[a = "\\"x]y z", b]',  # a blank, a quote and a bracket: no field reads as this
        "{ $.a[100000] = x }",  # an array as long as that is no example
        "{ $.a[*].b[100000] = x }",
        "{ $.a[*].b[100000] = x && $.a[0] = y }",
        "{ $.*.b[100000] = x }",
        '{ $.n = "4*" && $.n > 3 && $.n < 4 }',  # impossible, but not seen to be
        "{ $.a[*] = x && $.b[100000] NOT EXISTS && $.b[99999] = y }",
    ],
)
def test_no_example(source: str) -> None:
    assert example_of(FilterPattern.parse(source)) is None


@pytest.mark.parametrize(
    ("source", "never", "always"),
    [
        ("", False, True),
        ('""', False, True),
        ("%a|%", False, True),
        ("[...]", False, True),
        ("[]", False, True),
        ("[a]", False, False),
        ("x", False, False),
        ("{ $.a = * || $.a != x || $.a NOT EXISTS || $.a IS NULL }", False, False),
        ("{ $.a > x }", True, False),
        ("{ $.a != * }", True, False),
        ("{ $.a = x && $.a.b = y }", True, False),
        ("{ $.n > 5 && $.n < 5 }", True, False),
        ("x -x", True, False),
        ("[a = x && a = y]", True, False),
    ],
)
def test_never_and_always(source: str, never: bool, always: bool) -> None:
    tree = FilterPattern.parse(source).tree
    assert (never_matches(tree), always_matches(tree)) == (never, always)


TOO_MANY_STATES = "{ " + " || ".join(f'$.a = "*{a}{b}*"' for a in "abcdef" for b in "uvwxyz") + " }"
TOO_MANY_POSITIONS = "{ $.a = %a{500}% }"


@pytest.mark.parametrize("source", [TOO_MANY_STATES, TOO_MANY_POSITIONS])
def test_what_is_too_large_is_unknown(source: str) -> None:
    pattern = FilterPattern.parse(source)
    found = equivalent(pattern, pattern)
    assert (found.relation, found.witness) == (UNKNOWN, None)
    assert example_of(pattern) is None
    assert not never_matches(pattern.tree)
    assert not implies(pattern.tree, pattern.tree)


def test_deep_patterns_are_compared() -> None:
    source = "$.a=x"
    while len(source) < 980:
        source = f"$.b=y&&($.c=z||({source}))"
    pattern = FilterPattern.parse(f"{{{source}}}")
    assert equivalent(pattern, pattern).relation is EQUAL


def pigeonhole(pigeons: int) -> Both:
    """More pigeons than holes: no event satisfies it, and there is no short way to see that."""
    holes = range(pigeons - 1)

    def sits(pigeon: int, hole: int, *, positive: bool = True) -> Claim:
        return Claim((Name(f"p{pigeon}h{hole}"),), Comparison_(Op.EQ, TextTest(Form.EXACT, "x")), is_positive=positive)

    somewhere = [Either(tuple(sits(pigeon, hole) for hole in holes)) for pigeon in range(pigeons)]
    alone = [
        Either((sits(one, hole, positive=False), sits(other, hole, positive=False)))
        for hole in holes
        for one, other in combinations(range(pigeons), 2)
    ]
    return Both((*somewhere, *alone))


@pytest.mark.parametrize(("pigeons", "proved"), [(3, True), (9, False)])
def test_a_search_that_is_too_long_is_given_up(pigeons: int, proved: bool) -> None:
    sketch = pigeonhole(pigeons)
    prover = Prover([sketch], Domain.JSON)
    assert prover.is_impossible(sketch) is proved
    assert prover.examples(sketch) == []
