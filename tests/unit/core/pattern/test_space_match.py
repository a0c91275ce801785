"""Cutting a line into fields, and the fields that columns meet (FP-6.1 to FP-6.4, FP-6.9)."""

from __future__ import annotations

import pytest

from tocsin.core.event import Event
from tocsin.core.pattern.compile import compile_pattern
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.space_match import split_fields


def extract(pattern: str, line: str) -> dict[str, str] | None:
    matcher = compile_pattern(parse_pattern(pattern))
    return matcher.extract(Event(line)) if matcher.matches(Event(line)) else None


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("", []),
        (" \t\r\n", []),
        ("one", ["one"]),
        ("  one \t two\r\nthree ", ["one", "two", "three"]),
        ("a\u00a0b\x0bc", ["a\u00a0b\x0bc"]),
        ('"two words" x', ["two words", "x"]),
        ("[two words] x", ["two words", "x"]),
        ('"" []', ["", ""]),
        ('"a""b"', ["a", "b"]),
        ('"a"b c', ["a", "b", "c"]),
        ("[a]b", ["a", "b"]),
        ("[a]]", ["a", "]"]),
        ('a"b c"', ['a"b', 'c"']),
        ("a[b c]", ["a[b", "c]"]),
        ('"a [b" c]', ["a [b", "c]"]),
        ('[a "b] c"', ['a "b', 'c"']),
        ("[[a]]", ["[a", "]"]),
        (r'"a\"b"', ["a\\", 'b"']),
        ('"open', ['"open']),
        ('x "open two', ["x", '"open', "two"]),
        ("[open two", ["[open", "two"]),
        ("[a [b] c", ["a [b", "c"]),
        ("a] [b", ["a]", "[b"]),
        ('"', ['"']),
        ("-", ["-"]),
    ],
)
def test_line_is_cut_at_blanks_quotes_and_brackets(line: str, texts: list[str]) -> None:
    fields = list(split_fields(line))
    assert [field.text for field in fields] == texts
    for field in fields:
        raw = line[field.start : field.end]
        assert field.text in {raw, raw[1:-1]}


@pytest.mark.parametrize("line", ['"a ' * 100_001, "[a " * 100_000, "]" + '[a "b ' * 100_000, "[] " * 100_000 + "[x"])
def test_cutting_takes_linear_time(line: str) -> None:
    # The bound is the test's own running time: with quadratic time it would not finish.
    assert sum(1 for _ in split_fields(line)) > 50_000


@pytest.mark.parametrize(
    ("pattern", "line", "values"),
    [
        ("[a, b]", "one two", {"$a": "one", "$b": "two"}),
        ("[a, b]", "one", None),
        ("[a, b]", "one two three", {"$a": "one", "$b": "two three"}),
        ("[a, b]", 'one "two three"  ', {"$a": "one", "$b": "two three"}),
        ("[a, b]", 'one "two three" four \r\n', {"$a": "one", "$b": '"two three" four'}),
        ("[a, b]", "one [two]x", {"$a": "one", "$b": "[two]x"}),
        ("[a, b]", "one two\u00a0 ", {"$a": "one", "$b": "two\u00a0"}),
        ("[a]", "  one  two  ", {"$a": "one  two"}),
        ("[a]", "", None),
        ("[a, ]", "one two three", {"$a": "one", "$2": "two three"}),
        ("[, b]", "one two", {"$1": "one", "$b": "two"}),
        ("[]", "", {}),
        ("[ ]", "one two", {"$1": "one", "$2": "two"}),
        ("[...]", "one two", {"$1": "one", "$2": "two"}),
        ("[a, ...]", "one", {"$a": "one"}),
        ("[a, ...]", "one two three", {"$a": "one", "$2": "two", "$3": "three"}),
        ("[..., a]", "one two three", {"$1": "one", "$2": "two", "$a": "three"}),
        ("[a, ..., b]", "one two", {"$a": "one", "$b": "two"}),
        ("[a, ..., b]", "one two three", {"$a": "one", "$2": "two", "$b": "three"}),
        ("[a, ..., b]", "one", None),
        ("[a, b, ...]", "one", None),
        ("[..., a, b]", "one", None),
        ("[..., c = 4*, ]", "x 404 y", {"$1": "x", "$c": "404", "$3": "y"}),
        ("[2, a, ]", "one two three", {"$2": "one", "$a": "two", "$3": "three"}),
        ("[a, 1, ]", "one two three", {"$a": "one", "$1": "two", "$3": "three"}),
        ("[x, ..., 2]", "one two three", {"$x": "one", "$2": "three"}),
        ("[a, a]", "one two", {"$a": "two"}),
    ],
)
def test_columns_meet_fields(pattern: str, line: str, values: dict[str, str] | None) -> None:
    assert extract(pattern, line) == values


def test_conditions_after_the_ellipsis_look_at_the_last_fields() -> None:
    assert extract("[..., code = 4*, size]", "a b 404 9") == {"$1": "a", "$2": "b", "$code": "404", "$size": "9"}
    assert extract("[first = a, ..., code = 4*, size]", "404 404 9") is None


def test_values_of_a_line_that_has_too_few_fields_are_empty() -> None:
    matcher = compile_pattern(parse_pattern("[a, b]"))
    assert matcher.extract(Event("one")) == {}
    assert compile_pattern(parse_pattern("[a, ..., b]")).extract(Event("one")) == {}
