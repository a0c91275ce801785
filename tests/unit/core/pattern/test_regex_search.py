"""Searching with a regex (FP-7.2, FP-7.6): one meaning, whatever does the work."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.regex import Anchor, RegexSyntax, parse_regex
from tocsin.core.pattern.regex_search import BitAutomaton, _compile_re2, compile_regex, locate_regex, make_chain


def by_bits(syntax: RegexSyntax):
    """The search of the automaton of our own, whatever the size."""
    return BitAutomaton([chain for branch in syntax.branches if (chain := make_chain(branch)) is not None]).search


def by_re2(syntax: RegexSyntax):
    """The search of RE2, also where string methods would do."""
    compiled = _compile_re2(syntax)
    return lambda text: compiled is not None and compiled.search(text.encode("utf-8", "surrogatepass")) is not None


@pytest.fixture(params=[compile_regex, by_bits, by_re2], ids=["as compiled", "bits", "re2"])
def found(request):
    return lambda regex, text: request.param(parse_regex(regex))(text)


@pytest.mark.parametrize(
    ("regex", "hits", "misses"),
    [
        ("AUTHORIZED", ["UNAUTHORIZED REQUEST"], ["Authorized", ""]),
        ("^cat", ["cat", "catalogue"], ["the cat"]),
        ("cat$", ["cat", "the cat"], ["cat food", "cat\n"]),
        ("^cat$", ["cat"], ["cats", "\ncat", "cat\n"]),
        ("^[hc]at$", ["hat", "cat"], ["bat", "chat"]),
        ("a.c", ["abc", "a\u20acc", "a\U0001f600c", "a\ud800c", "a\rc"], ["a\nc", "ac", "abbc"]),
        ("colou?r", ["color", "my colour"], ["colouur"]),
        ("ab*c", ["ac", "abbbc"], ["adc"]),
        ("ab+c", ["abc"], ["ac"]),
        ("^a{3,5}$", ["aaa", "aaaaa"], ["aa", "aaaaaa"]),
        ("^a{,2}$", ["", "a", "aa"], ["aaa"]),
        ("^a{2,}$", ["aa", "aaaaaa"], ["a"]),
        ("^a{0}b$", ["b"], ["ab"]),
        (r"^\d+$", ["123"], ["12a", "\u0661", ""]),
        (r"^\D$", ["a", "\xe9", "\u20ac", "\U0001f600", "\ud800"], ["1", "\u20ac\u20ac"]),
        (r"^\w$", ["_"], ["\xe9", "-"]),
        (r"^\W$", ["\xe9", "\u65e5", "-", "\udfff"], ["a"]),
        (r"a\sb", ["a b", "a\x0bb", "a\nb"], ["a_b", "a\xa0b"]),
        (r"^\S$", ["\xa0", "\x1c"], [" "]),
        ("^[^a]$", ["b", "\n", "\xff", "\u0100", "\U0010ffff", "\ud800"], ["a", "", "bb"]),
        (r"\xe9", ["caf\xe9"], ["cafe", "\u0100", "\xc3\xa9"]),
        (r"^[\x80-\xff]$", ["\x80", "\xff"], ["\x7f", "\u0100"]),
        (r"^[\x00-\xff]$", ["\x00"], ["\u0100"]),
        (r"\x28z\x29", ["f(z)"], ["fz"]),
        ("one|two", ["two", "xone"], ["on", "tw"]),
        ("^one|two$|3", ["one more", "or two", "x3x"], ["not one", "two more"]),
        (r"10\.10", ["10.10"], ["10010"]),
        ("a|", ["", "b"], []),
        ("a^b|c", ["c"], ["ab", "a^b", "b"]),
        ("a*^b", ["b", "bx"], ["ab", "xb"]),
        ("a$b*", ["xa"], ["ab"]),
        ("a$b|c", ["c"], ["ab"]),
        ("$^", [""], ["a"]),
        ("$a*^", [""], ["a"]),
        ("^^a$$", ["a"], ["aa"]),
        ("^$", [""], ["\n"]),
        (r"[\d\D]x", ["\nx", "\u20acx"], ["x"]),
        (r"[^\d\D]|y", ["y"], ["x", ""]),
        ("^a?b?c?d$", ["d", "ad", "bd", "acd", "abcd"], ["bad", "cbd", "dd"]),
        ("^a?a?aa$", ["aa", "aaa", "aaaa"], ["a", "aaaaa"]),
        ("x[ab]?c+d", ["xcd", "xaccd"], ["xabcd", "xd"]),
        ("a?$", ["", "b"], []),
    ],
)
def test_search(found, regex: str, hits: list[str], misses: list[str]) -> None:
    assert [text for text in hits if not found(regex, text)] == []
    assert [text for text in misses if found(regex, text)] == []


@pytest.mark.parametrize("regex", ["a^b", "a$b", "a^b|c$d"])
def test_regex_that_can_never_be_found_is_not_found(regex: str) -> None:
    assert not compile_regex(parse_regex(regex))("ab cd")


@pytest.mark.parametrize(
    ("regex", "text", "offset"),
    [
        ("b", "abc", 1),
        ("^a", "abc", 0),
        ("[cd]+$", "\u20ac\ud800\U0001f600cd", 3),
        ("x", "abc", None),
        ("a^b", "ab", None),
        ("a{2000}", "a" * 3000, None),
    ],
)
def test_place_of_the_leftmost_match(regex: str, text: str, offset: int | None) -> None:
    assert locate_regex(parse_regex(regex), text) == offset


# ---------------------------------------------------------------- large regexes, long texts


@pytest.mark.parametrize(
    ("regex", "hit", "miss"),
    [
        ("a{10000}", "a" * 10_000, "a" * 9_999),
        ("^a{9999}b$", "a" * 9_999 + "b", "a" * 9_998 + "b"),
        (".{4000}x", "\u20ac" * 4_000 + "x", "\u20ac" * 3_999 + "x"),
        ("a{0,5000}b{5000}", "b" * 5_000, "a" * 5_000 + "b" * 4_999),
        ("^a{5000,}$", "a" * 6_000, "a" * 4_999),
        (r"^\D{2000}$", "\ud800" * 2_000, "\ud800" * 2_001),
        ("|".join(["[^a]{1000}b"] * 9), "x" * 1_000 + "b", "x" * 999 + "ab"),
    ],
)
def test_every_accepted_size_works(regex: str, hit: str, miss: str) -> None:
    found = compile_regex(parse_regex(regex))
    assert (found(hit), found(miss)) == (True, False)


@pytest.mark.parametrize(
    ("regex", "length"),
    [
        ("a?" * 40 + "a" * 40 + "b", 1_000_000),
        ("a*b", 1_000_000),
        ("a*a*a*a*a*a*b", 1_000_000),
        ("[ab]*a[ab]{12}c", 1_000_000),
        (".*.*=.*x", 1_000_000),
        ("^a*b", 1_000_000),
        ("a*$b|a*a*c$", 1_000_000),
        ("[ab]*a[ab]{700}c", 200_000),
        ("[^c]{0,900}[^c]{0,900}c", 200_000),
        ("a{0,5000}a{4000}b", 100_000),
    ],
)
def test_search_takes_linear_time(regex: str, length: int) -> None:
    # The bound is the test's own running time: what backtracks would not finish in years.
    found = compile_regex(parse_regex(regex))
    assert not found("a" * length)
    assert not found("ba" * (length // 2)) or "b" in regex


def test_anchors_are_taken_out_of_a_branch() -> None:
    ((anchored,), (free,)) = (parse_regex(text).branches for text in ("^a$", "a"))
    assert make_chain(anchored)[::2] == (True, True)
    assert make_chain(free)[::2] == (False, False)
    assert make_chain((Anchor.START,)).items == ()
