"""Refusals: AWS's text, the place, the rule, and how it looks on a terminal (FP-8)."""

from __future__ import annotations

import pickle
import time

import pytest

from tocsin.core.pattern.message import Expected, Fault, Refusal, aws_message
from tocsin.core.pattern.parser import mend_pattern, parse_pattern
from tocsin.errors import PatternError

SYNTAX = "Invalid filter pattern"
BRACE = "If a filter pattern starts with '{' it must end with '}'"
BRACKET = "If a filter pattern starts with '[' it must end with ']'"


def refusal(source: str) -> PatternError:
    with pytest.raises(PatternError) as caught:
        parse_pattern(source)
    return caught.value


# ---------------------------------------------------------------- AWS's text and the place


@pytest.mark.parametrize(
    ("source", "term", "position"),
    [
        ("My(error", "(", 2),
        ("a:b", ":", 1),
        ("a,b", ",", 1),
        (r"a\b", "\\", 1),
        ("/var/log", "/", 0),
        ("a@b", "@", 1),
        ("`ERROR`", "`", 0),
        ("a [b]", "[", 2),
        ("?Status: timeout", ":", 7),
        ("eu-west-1", "-", 2),
        ("ERROR*", "*", 5),
        ("50%", "%", 2),
        ("}", "}", 0),
        ("-", "-", 0),
        ("a - b", "-", 2),
        ("a ?", "?", 2),
        ("--x", "-", 1),
        ("?-x", "-", 1),
        ("“x”", "?", 0),
        ("naïve", "?", 2),
        ("a\x1bb", "?", 1),
        ("\ud800", "?", 0),
        ("\u00a0", "?", 0),
        ('"a" ,', ",", 4),
        ('"a",', ",", 3),
        ("{ $.a = x:y }", ":", 9),
        ("{ $.a = :y }", ":", 8),
        ("{ $.a = 'x' }", "'", 8),
        ("{ $.a = $.b }", "$", 8),
        ("{ $.a = a$b }", "$", 9),
        ("{ $.a = (b) }", "(", 8),
        ("{ $.a = f(b) }", "(", 9),
        ("{ $.a = [1] }", "[", 8),
        ("{ $.a = = 1 }", "=", 8),
        ("{ $.a = x=y }", "=", 9),
        ("{ $.a = 1, $.b = 2 }", ",", 9),
        ("{ $.a = Zoë }", "?", 10),
        ("{ @.a = 1 }", "@", 2),
        ("{ $.a : 1 }", ":", 6),
        ("{ $.a, = 1 }", "$.a,", 5),
        ("{ $eventName = 1 }", "$e", 3),
        ('{ $."x" = 1 }', '$."', 4),
        ("{ $.a.b[x] = 1 }", "$.a.b[x", 8),
        ("{ $.é = 1 }", "$.?", 4),
        ("{ $['é'].ü = 1 }", "$['?'].?", 9),
        ("[a.b]", ".", 2),
        ("[a, $b]", "$", 4),
        ("[a = x{y]", "{", 6),
        ("[a; b]", ";", 2),
        ("{ $.a = %(x)% }", "(", 9),
        ("%a!%", "!", 2),
        ("%日%", "?", 1),
    ],
)
def test_a_character_that_may_not_stand_there_is_named(source: str, term: str, position: int) -> None:
    error = refusal(source)
    assert error.message == f"Invalid character(s) in term '{term}'"
    assert error.position == position


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("{ }", 2),
        ("{}", 1),
        ("{ () }", 3),
        ("{ $.a = 1) }", 9),
        ("{ (($.a = 1) }", 13),
        ("{ $.a = 1 && }", 13),
        ("{ $.a = 1 && && $.b = 1 }", 13),
        ("{ || $.a = 1 }", 2),
        ("{ $.a = 1 $.b = 2 }", 10),
        ("{ ($.a = 1) ($.b = 2) }", 12),
        ("{ ($.a = 1 $.b = 2) }", 11),
        ('{ $.a = "x" "y" }', 12),
        ('{ $.a = "x"y }', 11),
        ("{ $.a = 1 OR $.b = 2 }", 10),
        ("{ !($.a = 1) }", 2),
        ("{ NOT ($.a = 1) }", 2),
        ("{ $.a }", 6),
        ("{ = 1 }", 2),
        ("{ $.a == 1 }", 6),
        ("{ $.a <> 1 }", 6),
        ("{ $.a = }", 8),
        ("{ $.a = && $.b = 1 }", 8),
        ("{ $.a is null }", 6),
        ("{ $.a IS null }", 9),
        ("{ $.a IS 5 }", 9),
        ("{ $.a IS NOT TRUE }", 9),
        ("{ $.a IS }", 9),
        ("{ $.a NOT }", 10),
        ("{ $.a NOT exists }", 10),
        ("{ $.a EXISTS }", 6),
        ("{ $.a ISNULL }", 6),
        ("{ $.a IS NULL5 }", 9),
        ("{ $.a < %x% }", 8),
        ("{ eventName = x }", 2),
        ('{ "eventName" = x }', 2),
        ("{ $ = 1 }", 3),
        ("{ $.a[0 = 1 }", 7),
        ("{ $.a = 1 } { $.b = 2 }", 12),
        ("{ $.a = 1 }}", 11),
        ("{{ $.a = 1 }}", 1),
        ('"a""b"', 3),
        ('"a"b', 3),
        ('a"b"', 1),
        ("%a%b", 3),
        ('%a%"b"', 3),
        ("[a b]", 3),
        ("[a, b = ]", 8),
        ("[a, =5]", 4),
        ('[a, "x"]', 4),
        ("[a IS NULL]", 3),
        ("[(a)]", 3),
        ("[a = 1 && b]", 11),
        ("[a = 1 && ]", 10),
        ("[a = 1)]", 6),
        ("[(a = 1]", 7),
        ("[a = x y]", 7),
        ("[a > %x%]", 5),
        ("[a, ..., b, ...]", 12),
        ("[a] [b]", 4),
        ("[a = 1 && b = 2, c]", 10),
        ("{ $.a = %% }", 9),
    ],
)
def test_every_other_mistake_is_a_syntax_error_at_its_place(source: str, position: int) -> None:
    error = refusal(source)
    assert (error.message, error.position) == (SYNTAX, position)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{ $.a = 1", BRACE),
        ("{", BRACE),
        ('{ $.a = "x', BRACE),
        (' { $.a = "x }"  ', BRACE),
        ("[a, b", BRACKET),
        ('[a = "x]"', BRACKET),
        ('{ $.a = "x }', SYNTAX),
        ('{ $.a = "x\\"} ', SYNTAX),
        ("{ $.a = %x }", SYNTAX),
        ("{ $.['a = 1 }", SYNTAX),
        ('"unclosed', SYNTAX),
        ("%unclosed ", SYNTAX),
        ('-"', SYNTAX),
        ("-%", SYNTAX),
    ],
)
def test_what_is_missing_at_the_end_is_placed_at_the_end(source: str, message: str) -> None:
    error = refusal(source)
    assert (error.message, error.position) == (message, len(source))


@pytest.mark.parametrize(
    ("source", "message", "position"),
    [
        ("{ $.a = 1 } AND x", BRACE, 12),
        (" { $.a = 1 }  # why", BRACE, 14),
        ('{ $.a = "}" } x', BRACE, 14),
        ("[a, b] c", BRACKET, 7),
        ("[a]]]x", BRACKET, 5),
    ],
)
def test_what_follows_the_closing_bracket_is_pointed_at(source: str, message: str, position: int) -> None:
    error = refusal(source)
    assert (error.message, error.position) == (message, position)


def test_too_big_a_regex_has_a_text_of_its_own() -> None:
    error = refusal("{ $.a = %[a-z]{20000}% }")
    assert error.message == "Regular expression evaluation time exceeded allowed limit"
    assert error.rule == "FP-7.5"


def test_too_long_a_pattern_is_answered_like_any_other_constraint() -> None:
    source = "x" * 1025
    error = refusal(source)
    assert error.message == (
        f"1 validation error detected: Value '{source}' at 'filterPattern' failed to satisfy constraint: "
        "Member must have length less than or equal to 1024"
    )
    assert (error.position, error.rule) == (1024, "FP-1.4")


def test_a_hostile_length_is_not_repeated_in_full() -> None:
    error = refusal("\x1b" * 1_000_000)
    assert len(str(error)) < 3000
    assert "\x1b" not in str(error)


# ---------------------------------------------------------------- the order of checks (FP-8.4)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        pytest.param("{ $..a = " + "x" * 1024, "FP-1.4", id="length-before-the-end"),
        pytest.param("{ $..a = 1", "FP-1.2", id="end-before-syntax"),
        pytest.param("{ $.a : 1 && $.b == 2 }", "FP-2.9", id="left-before-right"),
        pytest.param("{ $.*.* = 1 && $.b = x:y }", "FP-2.4", id="syntax-before-quotas"),
        pytest.param("{ $.a = %(% && $.b = x:y }", "FP-7.1", id="a-regex-is-syntax"),
        pytest.param("[a = 1 && b = 2, c = x:y]", "FP-2.4", id="syntax-before-columns"),
    ],
)
def test_the_first_thing_wrong_is_reported(source: str, rule: str) -> None:
    assert refusal(source).rule == rule


# ---------------------------------------------------------------- as people see it


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (
            "{ $.userIdentity.arn = arn:aws:iam::111122223333:root }",
            """\
Invalid character(s) in term ':'
  { $.userIdentity.arn = arn:aws:iam::111122223333:root }
                            ^
hint: put the value in double quotes: "arn:aws:iam::111122223333:root"   [FP-2.4]""",
        ),
        (
            '{\n  $.eventName = StopLogging\n  && $.errorCode == "x"\n}',
            """\
Invalid filter pattern
  3 |   && $.errorCode == "x"
    |                  ^
hint: write = in place of ==   [FP-2.9]""",
        ),
        (
            "{ $.eventName = StopLogging",
            """\
If a filter pattern starts with '{' it must end with '}'
  { $.eventName = StopLogging
                             ^
hint: the closing } is missing; write: { $.eventName = StopLogging }   [FP-1.2]""",
        ),
    ],
)
def test_an_error_shows_text_place_and_remedy(source: str, seen: str) -> None:
    assert str(refusal(source)) == seen


def test_an_error_survives_a_process_boundary() -> None:
    error = refusal("{ $.a == 1 }")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.source, copy.position, copy.rule, copy.hint) == (error.source, error.position, error.rule, error.hint)


def test_no_cause_is_shown_beneath_an_error() -> None:
    error = refusal("{ $.a == 1 }")
    assert error.__suppress_context__


def test_every_fault_has_a_text() -> None:
    for fault in Fault:
        assert aws_message(Refusal(fault, 0, expected=Expected.TERM, rule="FP-8.2", term="x"), "x")


# ---------------------------------------------------------------- time


HOSTILE = [
    "{" + "(" * 1022 + "}",
    "{" + "(" * 511 + ")" * 511 + "}",
    "{" + "$" * 1022 + "}",
    "{ $" + "['" * 510 + "}",
    "{ a" + "[0]" * 300 + " = 1 }",
    '"' * 1024,
    "\\" * 1024,
    '{ $.a = "' + '\\" ' * 330 + "}",
    "{ " + "! ( " * 255 + "}",
    "{ $.a = x:" + " y" * 500 + "}",
    "{ $.a = %" + "[a-z]{999}" * 90 + "% }",
    "{ $.a " + "is " * 300 + "}",
    "a " * 300 + "&& b || c",
    "[" + "a," * 500 + "b = 1 && z = 1]",
    "x" * 5_000_000,
    "\n" * 5_000_000 + "x",
]


@pytest.mark.usefixtures("no_collecting")
def test_a_hostile_pattern_is_answered_at_once() -> None:
    began = time.process_time()
    for source in HOSTILE:
        assert str(refusal(source))
        mend_pattern(source)
    assert time.process_time() - began < 2
