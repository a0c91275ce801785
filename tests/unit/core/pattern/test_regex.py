"""Reading regular expressions: the dialect, and what it refuses (FP-7.1 to FP-7.3, FP-7.5)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.regex import ANY, BEYOND, Anchor, RegexError, Repeat, parse_regex


def members(chars: int) -> str:
    """The ASCII characters of a set."""
    return "".join(chr(code) for code in range(128) if chars >> code & 1)


def only_item(text: str) -> Repeat:
    ((item,),) = parse_regex(text).branches
    assert isinstance(item, Repeat)
    return item


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("a", "a"),
        ("Z", "Z"),
        ("7", "7"),
        (" ", " "),
        *((symbol, symbol) for symbol in ":_#=@/;,-]}"),
        *((f"\\{symbol}", symbol) for symbol in ":_#=@/;,-^$?[]{}|\\*+. "),
        (r"\x28", "("),
        (r"\x7E", "~"),
        (r"\x00", "\0"),
        (r"\d", "0123456789"),
        (r"\s", "\t\n\x0b\x0c\r "),
        ("[abc]", "abc"),
        ("[a-c]", "abc"),
        ("[a-cx-z]", "abcxyz"),
        ("[-a]", "-a"),
        ("[a-]", "-a"),
        ("[a-c-e]", "-abce"),
        ("[+--]", "+,-"),
        ("[a^]", "^a"),
        ("[.*+?$|{}]", "$*+.?{|}"),
        ("[[]", "["),
        (r"[\]]", "]"),
        (r"[\\]", "\\"),
        (r"[\^a]", "^a"),
        (r"[a\-c]", "-ac"),
        (r"[\d]", "0123456789"),
        (r"[\da]", "0123456789a"),
        (r"[0-\d]", "-0123456789"),
        (r"[\d-z]", "-0123456789z"),
        (r"[\x41-C]", "ABC"),
        (r"[A-\x43]", "ABC"),
        (r"[ -\x22]", ' !"'),
    ],
)
def test_one_character_is_taken_out_of_a_set(text: str, characters: str) -> None:
    assert members(only_item(text).chars) == "".join(sorted(characters))


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (".", "\n"),
        (r"\D", "0123456789"),
        (r"\S", "\t\n\x0b\x0c\r "),
        ("[^ab]", "ab"),
        (r"[^\d\n]".replace(r"\n", r"\x0a"), "\n0123456789"),
        ("[^^]", "^"),
    ],
)
def test_complement_holds_every_other_character(text: str, missing: str) -> None:
    chars = only_item(text).chars
    assert members(ANY & ~chars) == missing
    assert chars & BEYOND


def test_word_characters_are_ascii() -> None:
    assert members(only_item(r"\w").chars) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    assert only_item(r"\w").chars == ANY & ~only_item(r"\W").chars


def test_code_above_ascii_is_that_character() -> None:
    assert only_item(r"\xe9").chars == 1 << 0xE9


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("a", 1, 1),
        ("a*", 0, None),
        ("a+", 1, None),
        ("a?", 0, 1),
        ("a{3}", 3, 3),
        ("a{3,}", 3, None),
        ("a{,2}", 0, 2),
        ("a{2,3}", 2, 3),
        ("a{,}", 0, None),
        ("a{0}", 0, 0),
        ("a{ 2 , 3 }", 2, 3),
        ("a{2 }", 2, 2),
        ("a{ ,3}", 0, 3),
        ("[ab]{2}", 2, 2),
        (r"\d{2}", 2, 2),
        (r"\*{2}", 2, 2),
    ],
)
def test_quantifier_counts(text: str, low: int, high: int | None) -> None:
    item = only_item(text)
    assert (item.low, item.high) == (low, high)


def test_branches_hold_anchors_and_characters_in_order() -> None:
    assert parse_regex("^a$|b").branches == ((Anchor.START, Repeat(1 << 97), Anchor.END), (Repeat(1 << 98),))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("text", "position", "character"),
    [
        ("stop!", 4, "!"),
        ("a&b", 1, "&"),
        ("a<b", 1, "<"),
        ("a>b", 1, ">"),
        ('a"b', 1, '"'),
        ("a'b", 1, "'"),
        ("~x", 0, "~"),
        ("a`b", 1, "`"),
        ("a%b", 1, "%"),
        ("a(b)c", 1, "("),
        ("b)", 1, ")"),
        (r"a\(b", 2, "("),
        (r"a\)b", 2, ")"),
        (r"\!", 1, "!"),
        (r"\%", 1, "%"),
        ("[a(]", 2, "("),
        (r"[\)]", 2, ")"),
        ("(?i)a", 0, "("),
        ("a\tb", 1, "\t"),
        ("a\nb", 1, "\n"),
        ("日本", 0, "日"),
        ("caf\xe9", 3, "\xe9"),
        ("[\u2013]", 1, "\u2013"),
    ],
)
def test_character_outside_the_dialect_is_refused(text: str, position: int, character: str) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(text)
    error = caught.value
    assert (error.position, error.character, error.rule, error.too_big) == (position, character, "FP-7.1", False)
    assert error.hint


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "an empty regex"),
        (r"\bword", 0, r"there is no escape \b"),
        (r"x\A", 1, r"there is no escape \A"),
        (r"\n", 0, r"there is no escape \n"),
        (r"\p", 0, r"there is no escape \p"),
        (r"a\1", 1, r"there is no escape \1"),
        (r"[\n]", 1, r"there is no escape \n"),
        (r"a\x2", 1, r"\x needs two hexadecimal digits"),
        (r"a\xg0", 1, r"\x needs two hexadecimal digits"),
        ("a\\", 1, "nothing follows the backslash"),
        ("[a\\", 2, "nothing follows the backslash"),
        ("a**", 2, "a quantifier after a quantifier"),
        ("a+?", 2, "a quantifier after a quantifier"),
        ("a{2}{3}", 4, "a quantifier after a quantifier"),
        ("a*{2}", 2, "a quantifier after a quantifier"),
        ("*a", 0, "nothing to repeat"),
        ("^*", 1, "nothing to repeat"),
        ("a|+", 2, "nothing to repeat"),
        ("a$?", 2, "nothing to repeat"),
        ("{2}", 0, "nothing to repeat"),
        ("^{2}", 1, "nothing to repeat"),
        ("{a", 0, "a '{' that opens no quantifier"),
        ("a{", 1, "a '{' that opens no quantifier"),
        ("a{}", 1, "a '{' that opens no quantifier"),
        ("a{ }", 1, "a '{' that opens no quantifier"),
        ("a{1", 1, "a '{' that opens no quantifier"),
        ("a{1 2}", 1, "a '{' that opens no quantifier"),
        ("a{x}", 1, "a '{' that opens no quantifier"),
        ("a*{", 2, "a '{' that opens no quantifier"),
        ("a{3,2}", 1, "{3,2} asks for at least 3 and at most 2"),
        ("[z-a]", 1, "the range z-a runs backwards"),
        ("[a--]", 1, "the range a-- runs backwards"),
        ("a[bc", 1, "a class that is not closed"),
        ("[", 0, "a class that is not closed"),
        ("[^", 0, "a class that is not closed"),
        ("[a-", 0, "a class that is not closed"),
        ("[]", 0, "an empty class"),
        ("[^]", 0, "an empty class"),
        ("[]a]", 0, "an empty class"),
    ],
)
def test_spelling_outside_the_dialect_is_refused(text: str, position: int, reason: str) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(text)
    error = caught.value
    assert (error.reason, error.position, error.character, error.too_big) == (reason, position, "", False)
    assert error.hint
    assert error.rule.startswith("FP-7.")


@pytest.mark.parametrize(("character", "remedy"), [("(", r"\x28"), (")", r"\x29"), ("%", r"\x25"), ("\xe9", r"\xe9")])
def test_hint_names_the_spelling_by_code(character: str, remedy: str) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(character)
    assert remedy in caught.value.hint


# ---------------------------------------------------------------- size (FP-7.5)


@pytest.mark.parametrize(
    ("text", "size"),
    [("abc", 3), ("a*", 1), ("a{3,}", 3), ("a{,3}", 3), ("a{0}", 0), ("^$", 0), ("ab|cd{5}", 8), ("a{10000}", 10_000)],
)
def test_size_counts_repetitions_written_out(text: str, size: int) -> None:
    assert parse_regex(text).size == size


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a{10001}", 1),
        ("a{10001,}", 1),
        ("a{,10001}", 1),
        ("a{5000}b{5000}c", 15),
        ("a{5000}|b{5001}|c{9}", 9),
        ("a{99999999999999999999999999}", 1),
    ],
)
def test_regex_that_is_too_big_is_refused(text: str, position: int) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(text)
    error = caught.value
    assert (error.position, error.rule, error.too_big) == (position, "FP-7.5", True)


def test_spelling_is_refused_before_size() -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex("a{99999}b{x}")
    assert (caught.value.position, caught.value.too_big) == (9, False)


@pytest.mark.parametrize(
    ("text", "always"),
    [
        ("a|", True),
        ("|a", True),
        ("a*", True),
        ("^", True),
        ("$", True),
        ("^a*", True),
        ("a?$", True),
        ("^$", False),
        ("^a*$", False),
        ("a", False),
        ("a+|b", False),
    ],
)
def test_regex_that_is_found_in_every_text_is_known(text: str, always: bool) -> None:
    assert parse_regex(text).is_always_found is always


def test_long_run_of_blanks_in_a_quantifier_is_read_once() -> None:
    with pytest.raises(RegexError):
        parse_regex("a{" + " " * 100_000 + "," + " " * 100_000 + "x")
