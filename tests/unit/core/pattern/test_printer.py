"""Canonical text (FP-2.11)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.printer import print_pattern
from tocsin.core.pattern.tree import And, Compare, Json, Literal, Name, Op, Or, Selector


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        pytest.param("", "", id="all"),
        pytest.param(" \t\r\n", "", id="blanks"),
        pytest.param('  ERROR   -"disk full" ?%a b% ', 'ERROR -"disk full" ?%a b%', id="terms"),
        pytest.param('""', '""', id="empty-phrase"),
        pytest.param("{($.eventName=StopLogging)}", "{ $.eventName = StopLogging }", id="blanks-and-parentheses"),
        pytest.param("{$.a=1&&$.b!=2||$.c<3}", "{ $.a = 1 && $.b != 2 || $.c < 3 }", id="precedence"),
        pytest.param("{($.a=1&&$.b=2)||$.c=3}", "{ $.a = 1 && $.b = 2 || $.c = 3 }", id="redundant"),
        pytest.param("{$.a=1&&($.b=2||$.c=3)}", "{ $.a = 1 && ($.b = 2 || $.c = 3) }", id="needed"),
        pytest.param("{($.a=1||$.b=2)&&$.c=3}", "{ ($.a = 1 || $.b = 2) && $.c = 3 }", id="needed-first"),
        pytest.param("{$.a=1&&($.b=2&&$.c=3)}", "{ $.a = 1 && $.b = 2 && $.c = 3 }", id="flattened"),
        pytest.param("{$.a\n  IS\tNULL}", "{ $.a IS NULL }", id="is"),
        pytest.param("{$.a[0]IS TRUE&&$.b.*NOT  EXISTS}", "{ $.a[0] IS TRUE && $.b.* NOT EXISTS }", id="keywords"),
        pytest.param("{$.['a']=1}", "{ $.['a'] = 1 }", id="selectors-as-written"),
        pytest.param('{$.a="1"||$.a=1}', '{ $.a = "1" || $.a = 1 }', id="quotes-as-they-were"),
        pytest.param("{$.a=%^x$%}", "{ $.a = %^x$% }", id="regex"),
        pytest.param("[]", "[...]", id="no-columns"),
        pytest.param("[ ip,user , ... ]", "[ip, user, ...]", id="columns"),
        pytest.param("[,a,,b=4*,]", "[, a, , b = 4*, ]", id="unnamed-columns"),
        pytest.param("[(a=1||(b>2&&(b<5))),b]", "[a = 1 || b > 2 && b < 5, b]", id="column-conditions"),
    ],
)
def test_canonical_text(source: str, printed: str) -> None:
    assert print_pattern(parse_pattern(source)) == printed


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        (r'"a\b"', r'"a\b"'),
        (r'"a\\b"', r'"a\b"'),
        (r'"a\\\\b"', r'"a\\\b"'),
        (r'"a\\"', r'"a\\"'),
        (r'"\\\""', r'"\\\""'),
        (r'"\""', r'"\""'),
        (r'"\\\\"', r'"\\\\"'),
    ],
)
def test_a_backslash_is_doubled_only_where_one_would_read_differently(source: str, printed: str) -> None:
    assert print_pattern(parse_pattern(source)) == printed
    assert parse_pattern(printed) == parse_pattern(source)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{" + "||".join(["$.a=1"] * 146) + "}", id="json"),
        pytest.param("{" + "&&".join(["$[0]IS NULL", "$.*NOT EXISTS"] * 2 + ["($.a=1||$.b=2)"] * 60) + "}", id="mixed"),
        pytest.param("[" + ",".join(["a=1"] * 255) + "]", id="space"),
    ],
)
def test_what_would_be_too_long_is_printed_without_optional_blanks(source: str) -> None:
    printed = print_pattern(parse_pattern(source))
    assert printed == source
    assert len(printed) > 1000


def test_text_patterns_always_fit() -> None:
    source = " ".join(["ab"] * 341)
    assert print_pattern(parse_pattern(source)) == source


def test_depth_is_no_matter() -> None:
    selector = Selector("$.a", (Name("a"),))
    condition = Compare(selector, Op.EQ, Literal("1", quoted=False))
    expr: And | Or = And((condition, condition))
    for level in range(20_000):
        expr = (And if level % 2 else Or)((condition, expr))
    assert print_pattern(Json(expr)).count("$.a=1") == 20_002
