"""Comparison of patterns and the lints never contradict evaluation (FP-13.30, FP-14.9 point 8)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.finding import Severity
from tocsin.core.lint import lint_pattern
from tocsin.core.pattern import FilterPattern, language
from tocsin.core.pattern.equivalence import (
    Relation,
    always_matches,
    equivalent,
    example_of,
    implies,
    never_matches,
)
from tocsin.core.pattern.language import Form, RegexTest, TextTest, Within, words
from tocsin.core.pattern.regex import RegexError, parse_regex
from tocsin.core.pattern.regex_automaton import RegexAutomaton, TooLargeError
from tocsin.core.pattern.regex_search import compile_regex
from tocsin.errors import PatternError

# ---------------------------------------------------------------- patterns and events

SELECTORS = st.sampled_from(
    ["$.a", "$.b", "$.['a']", "$.a.b", "$.a.c", "$.a[0]", "$.a[1]", "$.a[*]", "$.a.*", "$.a[*].b", "$.*", "$.eventName"]
)
VALUES = st.sampled_from(
    [
        *("x", "y", '"x"', "x*", '"*x"', '"*xy*"', "*", "5", "5.0", '"5"', "4*", "true", '"true"', "%^x%"),
        *("%[xy]$%", '""', '"x*y"', "-1", "%5%", "%^$%", "1e3", '"1000"'),
    ]
)
EQUALITIES = st.builds("{} {} {}".format, SELECTORS, st.sampled_from(["=", "!="]), VALUES)
ORDERS = st.builds(
    "{} {} {}".format, SELECTORS, st.sampled_from(["<", ">", "<=", ">="]), st.sampled_from(["5", "-1", "5.5", "6", "x"])
)
CONSTANTS = st.builds("{} {}".format, SELECTORS, st.sampled_from(["IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS"]))
CONDITIONS = st.one_of(EQUALITIES, EQUALITIES, ORDERS, CONSTANTS)
EXPRESSIONS = st.recursive(
    CONDITIONS,
    lambda inner: st.builds(
        lambda items, operator: f"({operator.join(items)})",
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from([" && ", " || "]),
    ),
    max_leaves=6,
)


def accepted(source: str) -> bool:
    try:
        FilterPattern.parse(source)
    except PatternError:
        return False
    return True


JSON_PATTERNS = EXPRESSIONS.map("{{ {} }}".format).filter(accepted)
TERMS = st.sampled_from(["x", "y", "xy", "-x", "-xy", "?x", "?yx", '" "', '-"x y"', "%x.y%", "-%^y%", '""', "?%y$%"])
TEXT_PATTERNS = st.lists(TERMS, max_size=4).map(" ".join).filter(accepted)
COLUMNS = st.sampled_from(
    [
        *("a", "", "a = x", "a != x*", "a > 5", "a = 5", 'a = "5"', "a = 4* && a < 50", "a = x || a = y"),
        *("b = y", "b != 5.0", "a = %x$%", "a <= -1 || a >= +2", 'a = "x y"', "b = 1 && b = 2"),
    ]
)
SPACE_PATTERNS = st.builds(
    lambda columns, gap: f"[{', '.join([*columns[:1], *(['...'] if gap else []), *columns[1:]])}]",
    st.lists(COLUMNS, min_size=1, max_size=3),
    st.booleans(),
).filter(accepted)
PATTERNS = st.one_of(JSON_PATTERNS, TEXT_PATTERNS, SPACE_PATTERNS)

LEAVES = st.sampled_from(
    ["x", "y", "xy", "5", "5.0", "4", "true", "", "x*y", "yx", 5, 5.0, 6, 40, -1, True, False, None, 5.5, 1000]
)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)
RECORDS = st.one_of(
    st.dictionaries(st.sampled_from(["a", "b", "eventName"]), NODES, max_size=3), st.lists(NODES, max_size=2)
).map(json.dumps)
LINES = st.lists(
    st.sampled_from(["x", "y", "5", "5.0", "+5", "404", "-1", '"x y"', "[x]", "xy", '""', '"']), max_size=4
)
MESSAGES = st.one_of(
    RECORDS, RECORDS, LINES.map(" ".join), st.sampled_from(["", " ", "x y", "no", '"text"', "{}", "[]"])
)
SAMPLES = st.lists(MESSAGES, min_size=1, max_size=12)


# ---------------------------------------------------------------- comparison


@st.composite
def related_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Two patterns of one kind, often near to one another."""
    kind = draw(st.sampled_from([JSON_PATTERNS, JSON_PATTERNS, TEXT_PATTERNS, SPACE_PATTERNS]))
    first = draw(kind)
    if kind is JSON_PATTERNS and draw(st.booleans()):
        junction, more = draw(st.sampled_from(["&&", "||"])), draw(CONDITIONS)
        near = f"{{ ({first[2:-2]}) {junction} {more} }}"
        if accepted(near):
            return first, near
    return first, draw(kind)


@given(related_pairs(), SAMPLES)
def test_a_relation_is_never_refuted(pair: tuple[str, str], messages: list[str]) -> None:
    a, b = (FilterPattern.parse(source) for source in pair)
    found = equivalent(a, b)
    for message in messages:
        one, other = a.matches(message), b.matches(message)
        if found.relation is Relation.EQUAL:
            assert one == other
        if found.relation is Relation.A_IMPLIES_B:
            assert other or not one
        if found.relation is Relation.B_IMPLIES_A:
            assert one or not other
    assert found.only_a is None or (a.matches(found.only_a) and not b.matches(found.only_a))
    assert found.only_b is None or (b.matches(found.only_b) and not a.matches(found.only_b))


@given(PATTERNS, PATTERNS, SAMPLES)
def test_an_implication_across_kinds_is_never_refuted(one: str, other: str, messages: list[str]) -> None:
    a, b = FilterPattern.parse(one), FilterPattern.parse(other)
    if implies(a.tree, b.tree):
        assert all(b.matches(message) for message in messages if a.matches(message))


@given(PATTERNS)
def test_a_pattern_is_equal_to_itself_however_it_is_spelt(source: str) -> None:
    pattern = FilterPattern.parse(source)
    assert equivalent(pattern, FilterPattern.parse(str(pattern))).relation is Relation.EQUAL


@given(JSON_PATTERNS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(source: str, random: object) -> None:
    inner = source[2:-2]
    turned = f"{{ ({inner}) && (({inner}) || ({inner})) }}"
    if accepted(turned):
        assert equivalent(FilterPattern.parse(source), FilterPattern.parse(turned)).relation is Relation.EQUAL


@given(PATTERNS, SAMPLES)
def test_never_and_always_are_never_refuted(source: str, messages: list[str]) -> None:
    pattern = FilterPattern.parse(source)
    example = example_of(pattern)
    if never_matches(pattern.tree):
        assert example is None
        assert not any(pattern.matches(message) for message in messages)
    if always_matches(pattern.tree):
        assert all(pattern.matches(message) for message in messages)
    assert example is None or pattern.matches(example)


@given(JSON_PATTERNS)
def test_nearly_every_pattern_that_can_match_has_an_example(source: str) -> None:
    pattern = FilterPattern.parse(source)
    # Where a wildcard and a number of elements pull apart, an example may be missing; not in patterns without.
    if "[" not in source and ".*" not in source and "5" not in source:
        assert (example_of(pattern) is None) == never_matches(pattern.tree)


# ---------------------------------------------------------------- lints


@given(PATTERNS, SAMPLES)
def test_lints_never_raise_and_claim_nothing_false(source: str, messages: list[str]) -> None:
    pattern = FilterPattern.parse(source)
    for found in lint_pattern(source):
        assert 0 <= found.position <= len(source)
        assert found.rewrite is None or accepted(found.rewrite)
        if found.name == "never-matches" and found.severity is Severity.ERROR:
            assert not any(pattern.matches(message) for message in messages)
        if found.name == "always-matches" and source.startswith('"'):
            assert all(pattern.matches(message) for message in messages)
        if found.name in {"precedence", "regex-cost", "undocumented", "single-backslash"} and found.rewrite is not None:
            rewritten = FilterPattern.parse(found.rewrite)
            assert all(pattern.matches(message) == rewritten.matches(message) for message in messages)
        if found.name == "neq-absent" and found.rewrite is not None:
            rewritten = FilterPattern.parse(found.rewrite)
            assert all(rewritten.matches(message) for message in messages if pattern.matches(message))


@given(st.text(alphabet='{}[]$.ab =!<>&|()"%*,?-\\x15\n\u201c\u00e9', max_size=60))
def test_any_text_can_be_looked_at(source: str) -> None:
    found = lint_pattern(source)
    assert all(0 <= one.position <= len(source) for one in found)
    assert accepted(source) or len(found) == 1


# ---------------------------------------------------------------- texts

CORES = st.text(alphabet="ab", max_size=3)
TEXT_TESTS = st.builds(TextTest, st.sampled_from(list(Form)), CORES)
REGEXES = st.text(alphabet="ab^$.*+?|[]x-{},2d\\", min_size=1, max_size=8)


def is_regex(text: str) -> bool:
    try:
        return parse_regex(text).size < 40
    except RegexError:
        return False


REGEX_TESTS = REGEXES.filter(is_regex).map(RegexTest)


@given(REGEXES.filter(is_regex), st.text(alphabet="abc\nx1é日", max_size=8))
def test_the_automaton_finds_what_the_search_finds(source: str, text: str) -> None:
    assert RegexAutomaton(source).found(text) == compile_regex(parse_regex(source))(text)


@given(st.lists(st.one_of(TEXT_TESTS, TEXT_TESTS, REGEX_TESTS), max_size=4), st.sampled_from(list(Within)))
def test_words_show_what_they_say(tests: list[TextTest | RegexTest], within: Within) -> None:
    try:
        found = words(tests, within=within)
    except TooLargeError:
        return
    assert len({word.holds for word in found}) == len(found)
    for word in found:
        assert word.holds == sum(1 << place for place, test in enumerate(tests) if test.holds(word.text))


@given(
    st.lists(st.one_of(TEXT_TESTS, REGEX_TESTS), max_size=3), st.lists(st.text(alphabet="ab1é", max_size=6), max_size=6)
)
def test_words_miss_no_combination(tests: list[TextTest | RegexTest], texts: list[str]) -> None:
    try:
        known = {word.holds for word in words(tests)}
    except TooLargeError:
        return
    for text in texts:
        assert sum(1 << place for place, test in enumerate(tests) if test.holds(text)) in known


WHOLE_TESTS = st.one_of(
    st.just(TextTest(Form.ANY, "")),
    st.builds(TextTest, st.just(Form.EXACT), st.sampled_from(["", "x", "y", "1", "2", "01", ".5", "1e5", "-", "ab"])),
)


@given(st.lists(WHOLE_TESTS, max_size=5), st.sampled_from(list(Within)))
def test_whole_texts_need_no_automaton(tests: list[TextTest], within: Within) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "_WHOLE_TEXTS", set())
        by_automaton = {word.holds for word in words([*tests, TextTest(Form.PREFIX, "")], within=within)}
    always = 1 << len(tests)  # an empty prefix holds of every text
    assert {word.holds | always for word in words(tests, within=within)} == by_automaton


@pytest.mark.parametrize(
    ("within", "inside", "outside"),
    [
        (
            Within.JSON_NUMBER,
            ["0", "-0", "10", "1.50", "1e5", "1E-5", "-0.1e+9"],
            ["", "01", "+1", ".5", "1.", "1e", "-"],
        ),
        (Within.NUMBER, ["01", "+1", ".5", "-.5e1", "1e5"], ["", "1.", "1e", "+", ".", "1.e5", "x", "1 ", "e5", "1e+"]),
        (Within.NOT_NUMBER, ["", "1.", "x", "1-", "--1", "1ee5", "1.5.5"], ["01", "+1", ".5"]),
    ],
)
def test_numbers_are_told_by_their_spelling(within: Within, inside: list[str], outside: list[str]) -> None:
    def occurs(text: str) -> bool:
        return any(word.holds for word in words([TextTest(Form.EXACT, text)], within=within))

    assert [text for text in inside if not occurs(text)] == []
    assert [text for text in outside if occurs(text)] == []
