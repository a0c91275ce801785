"""The caret under a mistake (FP-8.5)."""

from __future__ import annotations

import unicodedata

import pytest

from tocsin.caret import draw_caret, make_visible, script_position


@pytest.mark.parametrize(
    ("source", "position", "drawn"),
    [
        pytest.param("a = :", 4, "  a = :\n      ^", id="under-the-character"),
        pytest.param("a =", 3, "  a =\n     ^", id="behind-the-end"),
        pytest.param("a =  \n", 6, "  a =  \n     ^", id="the-end-is-behind-the-last-visible-character"),
        pytest.param("", 0, "  \n  ^", id="empty"),
        pytest.param("abc", 99, "  abc\n     ^", id="beyond-the-end"),
        pytest.param("abc", -3, "  abc\n  ^", id="before-the-start"),
        pytest.param("a\tb:c", 3, "  a\tb:c\n   \t ^", id="tabs-are-kept"),
        pytest.param("日本:", 2, "  日本:\n      ^", id="wide-characters-count-twice"),
        pytest.param("日本", 0, "  日本\n  ^^", id="a-wide-character-has-two-carets"),
        pytest.param("e\u0301:", 2, "  e\u0301:\n   ^", id="accents-take-no-column"),
        pytest.param("\u0301", 0, "  \u0301\n  ^", id="there-is-always-a-caret"),
    ],
)
def test_the_caret_stands_under_the_mistake(source: str, position: int, drawn: str) -> None:
    assert draw_caret(source, position) == drawn


@pytest.mark.parametrize(
    ("source", "position", "drawn"),
    [
        pytest.param("a = 1\nb : 2\nc", 8, "  2 | b : 2\n    |   ^", id="line-feed"),
        pytest.param("a = 1\r\nb : 2", 9, "  2 | b : 2\n    |   ^", id="carriage-return-line-feed"),
        pytest.param("a = 1\rb : 2", 8, "  2 | b : 2\n    |   ^", id="carriage-return"),
        pytest.param("a\nb", 1, "  1 | a\n    |  ^", id="at-the-break"),
        pytest.param("a\r\nb", 2, "  1 | a\n    |  ^", id="inside-the-break"),
        pytest.param("\nab\n", 2, "  ab\n   ^", id="one-line-between-breaks-has-no-number"),
        pytest.param("a\n" * 11 + "b:", 23, "  12 | b:\n     |  ^", id="two-digits"),
        pytest.param("a\n\nb\n", 5, "  3 | b\n    |  ^", id="the-end-of-several-lines"),
    ],
)
def test_several_lines_show_the_one_that_matters(source: str, position: int, drawn: str) -> None:
    assert draw_caret(source, position) == drawn


def test_a_long_line_is_cut_to_a_window() -> None:
    shown, caret = draw_caret("a" * 200 + ":" + "b" * 200, 200).splitlines()
    assert shown == "  …" + "a" * 60 + ":" + "b" * 59 + "…"
    assert shown[caret.index("^")] == ":"


def test_what_nearly_fits_is_not_cut() -> None:
    assert draw_caret("a" * 61 + ":" + "b" * 60, 61).splitlines()[0] == "  " + "a" * 61 + ":" + "b" * 60


@pytest.mark.parametrize(
    ("width", "carets"),
    [(0, "^"), (-2, "^"), (2, "^^"), (3, "^^^"), (99, "^^^")],
)
def test_the_width_ends_with_the_line(width: int, carets: str) -> None:
    assert draw_caret("a = bcd\n", 4, width=width).splitlines()[1].strip() == carets


@pytest.mark.parametrize("hostile", ["\x1b[31m", "\x07", "\u202e", "\u200b", "\ufeff", "\ud800", "\u2028", "\x00"])
def test_nothing_reaches_a_terminal_that_it_would_act_on(hostile: str) -> None:
    drawn = draw_caret(f"a{hostile}:", 1)
    assert hostile not in drawn
    drawn.encode()
    categories = {unicodedata.category(character) for character in drawn if character != "\n"}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl"})


def test_a_replaced_character_keeps_its_column() -> None:
    assert draw_caret("a\u200b\x1b:", 3) == "  a\ufffd\ufffd:\n     ^"


def test_visible_text_keeps_tabs_and_line_feeds() -> None:
    assert make_visible("a\tb\nc\rd\x1b") == "a\tb\nc\ufffdd\ufffd"


@pytest.mark.parametrize(
    ("source", "position", "units"),
    [("abc", 2, 2), ("é:", 1, 1), ("\U0001f600:", 1, 2), ("\ud800:", 1, 1), ("ab", 9, 2), ("", 0, 0)],
)
def test_scripts_count_in_other_units(source: str, position: int, units: int) -> None:
    assert script_position(source, position) == units
