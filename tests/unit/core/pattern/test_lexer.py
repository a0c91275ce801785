"""Characters, phrases, selectors and tokens (FP-2.1 to FP-2.8, FP-4.8 to FP-4.12)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.lexer import (
    JSON,
    SPACE,
    Facts,
    Lexer,
    Note,
    TokenKind,
    is_bare_char,
    is_name_char,
    is_word_char,
    read_phrase,
    read_regex,
    read_selector,
)
from tocsin.core.pattern.message import Expected, Fault, Refusal
from tocsin.core.pattern.tree import AnyElement, AnyName, Index, Literal, Name, Regex

# ---------------------------------------------------------------- characters


@pytest.mark.parametrize(
    ("belongs", "extra"),
    [(is_word_char, "_"), (is_name_char, "_-"), (is_bare_char, "_-+.*")],
)
def test_letters_and_digits_are_ascii_only(belongs: object, extra: str) -> None:
    assert callable(belongs)
    allowed = "".join(chr(code) for code in range(0x250) if belongs(chr(code)))
    assert sorted(allowed) == sorted("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + extra)
    assert not any(belongs(character) for character in "é٣１ⅣＡ")


# ---------------------------------------------------------------- phrases


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('""', ""),
        ('"disk  full"', "disk  full"),
        (r'"say \"hi\""', 'say "hi"'),
        (r'"C:\\temp"', r"C:\temp"),
        (r'"C:\temp"', r"C:\temp"),
        (r'"\\"', "\\"),
        (r'"\\\""', '\\"'),
        (r'"\\\n"', r"\\n"),
        ('"a\tb\nc"', "a\tb\nc"),
        ('"é日\ud800"', "é日\ud800"),
        ('"{ ( && %x% $.a ) }"', "{ ( && %x% $.a ) }"),
    ],
)
def test_a_phrase_stands_for_its_characters(source: str, text: str) -> None:
    assert read_phrase(source, 0, len(source), Facts()) == (Literal(text, quoted=True), len(source))


@pytest.mark.parametrize(
    ("source", "places"),
    [(r'"a\b\\c\"\d"', [2, 9]), (r'"\\\n"', [3]), (r'"plain \\ \" "', [])],
)
def test_a_backslash_before_an_ordinary_character_is_noted(source: str, places: list[int]) -> None:
    facts = Facts()
    read_phrase(source, 0, len(source), facts)
    assert facts.notes == [Note("single-backslash", place) for place in places]


@pytest.mark.parametrize("source", ['"', '"a', r'"a\"', '"a\\'])
def test_a_phrase_that_is_not_closed_is_refused_at_the_end(source: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_phrase(f"{source}  ", 0, len(source), Facts())
    assert caught.value.expected is Expected.QUOTE
    assert caught.value.position == len(source) + 2
    assert caught.value.start == 0


# ---------------------------------------------------------------- regexes


def test_a_regex_is_what_stands_between_its_percent_signs() -> None:
    facts = Facts()
    assert read_regex("x %^a b$% %y%", 2, 13, facts) == (Regex("^a b$"), 9)
    assert facts.regexes == [2]


@pytest.mark.parametrize(
    ("source", "fault", "position", "term"),
    [
        ("%ab", Fault.SYNTAX, 3, ""),
        ("%%", Fault.SYNTAX, 1, ""),
        ("%a(b%", Fault.CHARACTER, 2, "("),
        ("%é%", Fault.CHARACTER, 1, "é"),
        ("%[ab%", Fault.SYNTAX, 1, ""),
    ],
)
def test_a_bad_regex_is_refused_at_its_place(source: str, fault: Fault, position: int, term: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_regex(source, 0, len(source), Facts())
    assert (caught.value.fault, caught.value.position, caught.value.term) == (fault, position, term)


def test_a_regex_that_is_too_big_is_judged_later() -> None:
    facts = Facts()
    assert read_regex("%x{20000}%", 0, 10, facts)[1] == 10
    (refusal,) = facts.oversized
    assert refusal.fault is Fault.REGEX_TIME


# ---------------------------------------------------------------- selectors


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("$.eventName", [Name("eventName")]),
        ("$.a.b-c._d.0", [Name("a"), Name("b-c"), Name("_d"), Name("0")]),
        ("$['a.b']", [Name("a.b")]),
        ("$.['a b']", [Name("a b")]),
        ('$["a/b"].c', [Name("a/b"), Name("c")]),
        ('$.a.["x"]', [Name("a"), Name("x")]),
        ("$['']", [Name("")]),
        ("$['it]s']", [Name("it]s")]),
        ("""$["a']b"]""", [Name("a']b")]),
        ("$['日\n本']", [Name("日\n本")]),
        ("$[0]", [Index(0)]),
        ("$.[007].a", [Index(7), Name("a")]),
        ("$.a[1][22]", [Name("a"), Index(1), Index(22)]),
        ("$.*", [AnyName()]),
        ("$.*.a", [AnyName(), Name("a")]),
        ("$[*]", [AnyElement()]),
        ("$.a.[*].b", [Name("a"), AnyElement(), Name("b")]),
        ("$['*']", [Name("*")]),
    ],
)
def test_a_selector_is_read_step_by_step(source: str, steps: list[object]) -> None:
    for tail in ("", " = 1", "=1", "<1", ")", "}", "&&"):
        text = source + tail
        selector, after = read_selector(text, 0, len(text), Facts())
        assert (selector.source, list(selector.steps), after) == (source, steps, len(source))


@pytest.mark.parametrize("source", ["$[0]IS NULL", "$.*NOT EXISTS", "$['a']IS TRUE"])
def test_a_keyword_may_follow_a_bracket_or_a_star_directly(source: str) -> None:
    _, after = read_selector(source, 0, len(source), Facts())
    assert source[after] in "IN"


def test_wildcard_steps_are_told_with_their_selector() -> None:
    facts = Facts()
    read_selector("  $.a[*].b.*", 2, 12, facts)
    read_selector("$.a", 0, 3, facts)
    assert facts.wildcards == [(2, 5, 10)]


@pytest.mark.parametrize(
    ("source", "position", "term"),
    [
        ("$eventName = 1", 1, "$e"),
        ("$$.x = 1", 1, "$$"),
        ('$."x" = 1', 2, '$."'),
        ("$..a = 1", 2, "$.."),
        ("$.a..b = 1", 4, "$.a.."),
        ("$.a[x] = 1", 4, "$.a[x"),
        ("$.a[] = 1", 4, "$.a[]"),
        ("$.a[-1] = 1", 4, "$.a[-"),
        ("$.a[0:1] = 1", 5, "$.a[0:"),
        ("$.a[٣] = 1", 4, "$.a[٣"),
        ("$.a:b = 1", 3, "$.a:"),
        ("$.Put* = 1", 5, "$.Put*"),
        ("$.naïve = 1", 4, "$.naï"),
        ("$.a[0]'x", 6, "$.a[0]'"),
        ("$.a,", 3, "$.a,"),
    ],
)
def test_a_wrong_character_in_a_selector_is_named_with_what_stands_before_it(
    source: str, position: int, term: str
) -> None:
    with pytest.raises(Refusal) as caught:
        read_selector(source, 0, len(source), Facts())
    refusal = caught.value
    assert (refusal.fault, refusal.position, refusal.term) == (Fault.CHARACTER, position, term)


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("$ = 1", 1),
        ("$", 1),
        ("$)", 1),
        ("$. = 1", 2),
        ("$.a. = 1", 4),
        ("$.a[0 = 1", 5),
        ("$.a[* = 1", 5),
        ("$.a[ 0] = 1", 4),
    ],
)
def test_what_is_left_out_of_a_selector_is_a_syntax_error(source: str, position: int) -> None:
    with pytest.raises(Refusal) as caught:
        read_selector(source, 0, len(source), Facts())
    assert (caught.value.fault, caught.value.position) == (Fault.SYNTAX, position)


@pytest.mark.parametrize("source", ["$['a = 1 }", "$[\"a'] = 1 }", "$.a.['b\"]"])
def test_a_name_that_is_not_closed_is_refused_at_the_end(source: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_selector(source, 0, len(source), Facts())
    assert (caught.value.expected, caught.value.position) == (Expected.NAME_END, len(source))


# ---------------------------------------------------------------- tokens


def tokens(source: str, *, space: bool = False) -> list[str]:
    lexer = Lexer(source, 0, len(source), dialect=SPACE if space else JSON, facts=Facts())
    found = []
    while (token := lexer.next()).kind is not TokenKind.END:
        assert source[token.position : token.end] == token.text
        found.append(f"{token.kind.name} {token.text}")
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        (" \t\r\n", []),
        ("{(", ["LEFT_BRACE {", "LEFT_PARENTHESIS ("]),
        ("$.a=1)}", ["SELECTOR $.a", "COMPARE =", "WORD 1", "RIGHT_PARENTHESIS )", "RIGHT_BRACE }"]),
        ("$.a IS NULL", ["SELECTOR $.a", "WORD IS", "WORD NULL"]),
        ("$.a<=-3", ["SELECTOR $.a", "COMPARE <=", "WORD -3"]),
        ("!= >= < > =", ["COMPARE !=", "COMPARE >=", "COMPARE <", "COMPARE >", "COMPARE ="]),
        ("&&||", ["MISSPELT &&||"]),
        ("&& ||", ["AND &&", "OR ||"]),
        ("== =~ <> ! & | &&&", [f"MISSPELT {text}" for text in ("==", "=~", "<>", "!", "&", "|", "&&&")]),
        ('"a b"%c d%', ['PHRASE "a b"', "REGEX %c d%"]),
        (",[]:~\u00a0", [f"CHARACTER {character}" for character in ",[]:~\u00a0"]),
    ],
)
def test_tokens_of_a_json_pattern(source: str, expected: list[str]) -> None:
    assert tokens(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[a,...]", ["LEFT_BRACKET [", "WORD a", "COMMA ,", "WORD ...", "RIGHT_BRACKET ]"]),
        ("$a{}", ["CHARACTER $", "WORD a", "CHARACTER {", "CHARACTER }"]),
        ("a=4*||b", ["WORD a", "COMPARE =", "WORD 4*", "OR ||", "WORD b"]),
    ],
)
def test_tokens_of_a_space_delimited_pattern(source: str, expected: list[str]) -> None:
    assert tokens(source, space=True) == expected


def test_where_a_value_is_expected_a_dollar_starts_no_selector() -> None:
    lexer = Lexer("$.a", 0, 3, dialect=JSON, facts=Facts())
    assert lexer.next(value=True).kind is TokenKind.CHARACTER


def test_tokens_carry_their_nodes() -> None:
    lexer = Lexer('"x" %y% $.z', 0, 11, dialect=JSON, facts=Facts())
    nodes = [lexer.next().node for _ in range(3)]
    assert nodes[:2] == [Literal("x", quoted=True), Regex("y")]
    assert [node.position for node in nodes if node] == [0, 4, 8]


@pytest.mark.parametrize(
    ("dialect", "ends", "goes_on"),
    [(JSON, " \t\r\n&|){}", ",](["), (SPACE, " \t\r\n&|),]", "{}([")],
)
def test_what_ends_a_bare_value(dialect: object, ends: str, goes_on: str) -> None:
    for character in ends + goes_on:
        lexer = Lexer(f"x{character}", 0, 2, dialect=dialect, facts=Facts())
        assert lexer.ends_value(1) is (character in ends), character
    assert Lexer("x", 0, 1, dialect=dialect, facts=Facts()).ends_value(1)
