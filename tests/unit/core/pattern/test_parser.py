"""From a pattern's text to its tree (FP-1, FP-2, FP-3, FP-4.8, FP-6)."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import pytest

from tocsin.core.pattern.parser import Kind, Note, parse_pattern, parse_with_notes, pattern_kind
from tocsin.core.pattern.printer import print_pattern
from tocsin.core.pattern.tree import (
    All,
    And,
    AnyElement,
    Column,
    ColumnRef,
    Compare,
    Constant,
    Ellipsis,  # noqa: A004 - what the language calls it
    Index,
    Is,
    Json,
    Literal,
    Name,
    NotExists,
    Op,
    Or,
    Regex,
    Role,
    Selector,
    Space,
    Term,
    Text,
    conditions,
)
from tocsin.errors import PatternError

CASES = Path(__file__).parents[3] / "conformance" / "cases" / "filter-cases.jsonl"


def bare(text: str) -> Literal:
    return Literal(text, quoted=False)


def quoted(text: str) -> Literal:
    return Literal(text, quoted=True)


def field(name: str) -> Selector:
    return Selector(f"$.{name}", (Name(name),))


def equal(name: str, value: str = "1") -> Compare:
    return Compare(field(name), Op.EQ, bare(value))


def column(name: str, value: str = "1") -> Compare:
    return Compare(ColumnRef(name), Op.EQ, bare(value))


# ---------------------------------------------------------------- the kind


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("", Kind.ALL),
        (" \t\r\n", Kind.ALL),
        ("{", Kind.JSON),
        ("\n{ $.a = 1 }", Kind.JSON),
        ("[", Kind.SPACE),
        (" [a]", Kind.SPACE),
        ("ERROR", Kind.TEXT),
        ("%x%", Kind.TEXT),
        ('"{"', Kind.TEXT),
        ("\u00a0{ $.a = 1 }", Kind.TEXT),
        ("}", Kind.TEXT),
    ],
)
def test_the_first_character_tells_the_kind(source: str, kind: Kind) -> None:
    assert pattern_kind(source) is kind


@pytest.mark.parametrize("source", ["", " ", "\t\r\n "])
def test_an_empty_pattern_matches_all(source: str) -> None:
    assert parse_pattern(source) == All()


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("source", "terms"),
    [
        ("ERROR", [Term(Role.REQUIRED, bare("ERROR"))]),
        ("a_1  B", [Term(Role.REQUIRED, bare("a_1")), Term(Role.REQUIRED, bare("B"))]),
        ('-"a b"\t?c\n', [Term(Role.EXCLUDED, quoted("a b")), Term(Role.OPTIONAL, bare("c"))]),
        ('"{ [ - ? %"', [Term(Role.REQUIRED, quoted("{ [ - ? %"))]),
        ('""', [Term(Role.REQUIRED, quoted(""))]),
        ("%a b%", [Term(Role.REQUIRED, Regex("a b"))]),
        (
            "x -%y% ?%z%",
            [Term(Role.REQUIRED, bare("x")), Term(Role.EXCLUDED, Regex("y")), Term(Role.OPTIONAL, Regex("z"))],
        ),
        ("OR", [Term(Role.REQUIRED, bare("OR"))]),
    ],
)  # fmt: skip
def test_terms_of_a_text_pattern(source: str, terms: list[Term]) -> None:
    assert parse_pattern(source) == Text(tuple(terms))


def test_terms_know_their_place() -> None:
    pattern = parse_pattern('  -ab ?"c"')
    assert isinstance(pattern, Text)
    assert [(term.position, term.value.position) for term in pattern.terms] == [(2, 3), (6, 7)]


# ---------------------------------------------------------------- JSON conditions


@pytest.mark.parametrize(
    ("source", "expr"),
    [
        ("{ $.a = 1 }", equal("a")),
        ("{$.a=1}", equal("a")),
        (" \r\n{\t$.a\n= 1 } ", equal("a")),
        ('{ $.a != "x y" }', Compare(field("a"), Op.NE, quoted("x y"))),
        ("{ $.a < 1 }", Compare(field("a"), Op.LT, bare("1"))),
        ("{ $.a>-1.5e2 }", Compare(field("a"), Op.GT, bare("-1.5e2"))),
        ("{ $.a <= x }", Compare(field("a"), Op.LE, bare("x"))),
        ('{ $.a >= "5" }', Compare(field("a"), Op.GE, quoted("5"))),
        ("{ $.a = %^x|y$% }", Compare(field("a"), Op.EQ, Regex("^x|y$"))),
        ("{ $.a != %x% }", Compare(field("a"), Op.NE, Regex("x"))),
        ("{ $.a = * }", equal("a", "*")),
        ("{ $.a = kms.amazonaws.com }", equal("a", "kms.amazonaws.com")),
        ("{ $.a = 198.51.* }", equal("a", "198.51.*")),
        ("{ $.a = IS }", equal("a", "IS")),
        ("{ $.a = a-b+c }", equal("a", "a-b+c")),
        ("{ $.a = ... }", equal("a", "...")),
        ("{ $.a IS NULL }", Is(field("a"), Constant.NULL)),
        ("{ $.a\tIS\nTRUE }", Is(field("a"), Constant.TRUE)),
        ("{($.a IS FALSE)}", Is(field("a"), Constant.FALSE)),
        ("{ $.a NOT EXISTS }", NotExists(field("a"))),
        ("{ $.IS = NOT }", equal("IS", "NOT")),
        ("{ $.a[0]IS NULL }", Is(Selector("$.a[0]", (Name("a"), Index(0))), Constant.NULL)),
        ("{ $['a b'] = 1 }", Compare(Selector("$['a b']", (Name("a b"),)), Op.EQ, bare("1"))),
        ("{ $.a[*]=x }", Compare(Selector("$.a[*]", (Name("a"), AnyElement())), Op.EQ, bare("x"))),
    ],
)
def test_conditions_of_a_json_pattern(source: str, expr: object) -> None:
    assert parse_pattern(source) == Json(expr)


@pytest.mark.parametrize(
    ("value", "is_number"),
    [
        ("5", True), ("-3", True), ("+3", True), (".5", True), ("1e+3", True), ('"5"', False), ("5.", False),
        ("0x1F", False), ("NaN", False), ("Infinity", False), ("1e", False), ("1.2.3", False), ("4*", False),
    ],
)  # fmt: skip
def test_only_a_bare_value_can_be_a_number(value: str, is_number: bool) -> None:
    (condition,) = conditions(parse_pattern(f"{{ $.a = {value} }}").expr)
    assert condition.value.is_number is is_number


@pytest.mark.parametrize(
    ("source", "expr"),
    [
        ("$.a=1 && $.b=1", And((equal("a"), equal("b")))),
        ("$.a=1||$.b=1||$.c=1", Or((equal("a"), equal("b"), equal("c")))),
        ("$.a=1 && $.b=1 || $.c=1", Or((And((equal("a"), equal("b"))), equal("c")))),
        ("$.a=1 || $.b=1 && $.c=1", Or((equal("a"), And((equal("b"), equal("c")))))),
        ("($.a=1 || $.b=1) && $.c=1", And((Or((equal("a"), equal("b"))), equal("c")))),
        ("((($.a=1)))", equal("a")),
        ("($.a=1 && ($.b=1 && ($.c=1)))", And((equal("a"), equal("b"), equal("c")))),
        ("(($.a=1 && $.b=1) && $.c=1)", And((equal("a"), equal("b"), equal("c")))),
        ("($.a=1 || ($.b=1 || $.c=1)) || $.d=1", Or(tuple(map(equal, "abcd")))),
        (
            "$.a=1 && $.b=1 || $.c=1 && $.d=1 || $.e=1",
            Or((And((equal("a"), equal("b"))), And((equal("c"), equal("d"))), equal("e"))),
        ),
        (
            "$.a=1 && ($.b=1 || $.c=1 && $.d=1) && $.e=1",
            And((equal("a"), Or((equal("b"), And((equal("c"), equal("d"))))), equal("e"))),
        ),
    ],
)
def test_and_binds_tighter_than_or(source: str, expr: object) -> None:
    assert parse_pattern(f"{{{source}}}") == Json(expr)


def test_nodes_know_their_place() -> None:
    pattern = parse_pattern(' { ($.a = "x") && ($.b IS NULL || $.c NOT EXISTS) }')
    assert isinstance(pattern, Json)
    both = pattern.expr
    assert isinstance(both, And)
    compare, either = both.items
    assert isinstance(compare, Compare)
    assert isinstance(either, Or)
    assert (both.position, compare.position, compare.selector.position, compare.value.position) == (4, 4, 4, 10)
    assert [item.position for item in (either, *either.items)] == [19, 19, 34]


def test_places_take_no_part_in_equality() -> None:
    assert parse_pattern("{ $.a = 1 }") == parse_pattern("{$.a=1}")
    assert hash(parse_pattern("{ $.a = 1 }")) == hash(parse_pattern("{$.a=1}"))


@pytest.mark.parametrize(
    ("left", "right"),
    [('$.a = "1"', "$.a = 1"), ("$.a = 1", "$['a'] = 1"), ("$.a = 1", "$.a != 1")],
)
def test_quotes_and_spelling_take_part_in_equality(left: str, right: str) -> None:
    assert parse_pattern(f"{{ {left} }}") != parse_pattern(f"{{ {right} }}")


# ---------------------------------------------------------------- space-delimited patterns


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ("[]", [Ellipsis()]),
        ("[ \n]", [Ellipsis()]),
        ("[...]", [Ellipsis()]),
        ("[ip]", [Column("ip", None)]),
        ("[1, _a-b]", [Column("1", None), Column("_a-b", None)]),
        ("[,]", [Column(None, None)] * 2),
        ("[a,,b,]", [Column("a", None), Column(None, None), Column("b", None), Column(None, None)]),
        ("[a, ..., b=4*]", [Column("a", None), Ellipsis(), Column("b", column("b", "4*"))]),
        ("[a=1||a=2]", [Column("a", Or((column("a"), column("a", "2"))))]),
        ("[((a=1)&&(a=2))]", [Column("a", And((column("a"), column("a", "2"))))]),
        ('[a != "x, y]"]', [Column("a", Compare(ColumnRef("a"), Op.NE, quoted("x, y]")))]),
        ("[a = %, ]%]", [Column("a", Compare(ColumnRef("a"), Op.EQ, Regex(", ]")))]),
        ("[IS = NULL]", [Column("IS", column("IS", "NULL"))]),
    ],
)  # fmt: skip
def test_columns_of_a_space_delimited_pattern(source: str, columns: list[object]) -> None:
    assert parse_pattern(source) == Space(tuple(columns))


def test_columns_know_their_place() -> None:
    pattern = parse_pattern("[ip, , ..., (code = 4*)]")
    assert isinstance(pattern, Space)
    assert [entry.position for entry in pattern.columns] == [1, 5, 7, 13]


# ---------------------------------------------------------------- notes


@pytest.mark.parametrize(
    ("source", "notes"),
    [
        ("{ $.a = 1 }", []),
        (r'{ $.a = "C:\temp" || $.b = "\\ \"" }', [Note("single-backslash", 11)]),
        (r'"a\d"', [Note("single-backslash", 2)]),
        ("[a, b, a, a = 1]", [Note("duplicate-column", 7), Note("duplicate-column", 10)]),
        ("[a, b = 1 && a = 2]", [Note("foreign-column", 13)]),
        ("[a = 1 || b = 2, b]", [Note("foreign-column", 10)]),
        ("[a = 1 || b = 2, b, b]", [Note("foreign-column", 10), Note("duplicate-column", 20)]),
        ("[a = 1 && a = 2 && (a = 3)]", []),
    ],
)
def test_what_deserves_a_warning_is_noted(source: str, notes: list[Note]) -> None:
    assert parse_with_notes(source) == (parse_pattern(source), tuple(notes))


# ---------------------------------------------------------------- size and depth


def test_a_pattern_may_have_1024_characters() -> None:
    assert isinstance(parse_pattern("x" * 1024), Text)
    with pytest.raises(PatternError):
        parse_pattern("x" * 1024 + " ")


def test_length_is_counted_in_code_points() -> None:
    assert isinstance(parse_pattern('"' + "😀" * 1022 + '"'), Text)


@pytest.mark.parametrize(("brackets", "condition"), [("{}", "$.a=1"), ("[]", "a=1")])
def test_five_hundred_parentheses_parse(brackets: str, condition: str) -> None:
    assert len(conditions_of(brackets[0] + "(" * 500 + condition + ")" * 500 + brackets[1])) == 1


def conditions_of(source: str) -> tuple[object, ...]:
    pattern = parse_pattern(source)
    if isinstance(pattern, Json):
        return conditions(pattern.expr)
    assert isinstance(pattern, Space)
    (entry,) = pattern.columns
    assert isinstance(entry, Column)
    assert entry.expr is not None
    return conditions(entry.expr)


def deepest_pattern() -> str:
    """The deepest tree that 1024 characters can hold: || and && in turn, by the shortest conditions."""
    body, level = "a=1", 0
    while len(longer := f"a=1&&({body})" if level % 2 else f"a=1||{body}") + 2 <= 1024:
        body, level = longer, level + 1
    return f"[{body}]"


def test_the_deepest_pattern_compares_hashes_and_prints_within_the_usual_stack() -> None:
    source = deepest_pattern()
    left, right = parse_pattern(source), parse_pattern(f" {source}")
    limit = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth + 750)  # of the usual 1000, so that callers have some left
    try:
        assert (left == right) is True
        assert hash(left) == hash(right)
        assert len(repr(left)) > 1024
        assert len(conditions_of(source)) == 170
        assert pickle.loads(pickle.dumps(left)) == left
        assert parse_pattern(print_pattern(left)) == left
    finally:
        sys.setrecursionlimit(limit)


# ---------------------------------------------------------------- quotas


@pytest.mark.parametrize(
    "source",
    [
        "{ $.a[*] = 1 || $.b.* = 2 && $[*].c = 3 }",
        "{ $['*'].a[*].b = 1 }",
        "{ $.a = %x% || $.b != %y% }",
        "[a = %x%, b = %y%]",
        "%x% -%y%",
        '{ $.a = "%x%" || $.b = "%y%" || $.c = "%z%" }',
    ],
)
def test_what_stays_within_the_quotas_is_accepted(source: str) -> None:
    assert parse_pattern(source)


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("{ $.a[*].b[*] = 1 }", 10),
        ("{ $.*.* = 1 }", 5),
        ("{ $[*][*][*] = 1 }", 6),
        ("{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.a[*] = 1 }", 47),
        ("{ $.a = %x% || $.b = %y% || $.c = %z% }", 34),
        ("[a = %x%, b = %y%, c = %z%]", 23),
        ("%x% -%y% ?%z%", 10),
        ("{ $.a = %x% || $.b = %y% || $.c = %z% || $.*.* = 1 }", 34),
        ("{ $.*.* = 1 || $.a = %x% || $.b = %y% || $.c = %z% }", 5),
        ("{ $.a = %x{20000}% || $.*.* = 1 }", 10),
    ],
)
def test_an_excess_is_refused_at_the_first_that_is_too_many(source: str, position: int) -> None:
    with pytest.raises(PatternError) as caught:
        parse_pattern(source)
    assert caught.value.position == position


def test_quotas_are_checked_after_all_syntax() -> None:
    with pytest.raises(PatternError) as caught:
        parse_pattern("{ $.*.* = %x{20000}% || $.a = %x% || $.b = %y% || $.c : 1 }")
    assert caught.value.message == "Invalid character(s) in term ':'"


# ---------------------------------------------------------------- the corpus


def cases() -> list[dict[str, object]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def test_the_corpus_is_accepted_or_refused_as_it_says() -> None:
    wrong = []
    for case in cases():
        try:
            parse_pattern(str(case["pattern"]))
        except PatternError:
            accepted = False
        else:
            accepted = True
        if accepted is (case["expect"] == "invalid"):
            wrong.append(case["id"])
    assert wrong == []


def test_the_corpus_prints_and_parses_to_the_same() -> None:
    for case in cases():
        if case["expect"] != "invalid":
            pattern = parse_pattern(str(case["pattern"]))
            printed = print_pattern(pattern)
            assert parse_pattern(printed) == pattern, case["id"]
            assert print_pattern(parse_pattern(printed)) == printed, case["id"]
