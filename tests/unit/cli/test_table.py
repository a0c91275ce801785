"""Tables and paragraphs keep to the width, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.table import Cell, Column, draw_table, labelled, pad, paragraph, shorten, width_of, wrap
from tocsin.cli.terminal import Stream

from .conftest import FakeStream, MakeStream

TEXT = st.text(st.sampled_from("ab c東e\u0301é\x1b\n"), max_size=30)


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("東京", 4), ("ａ", 2), ("…", 1)]
)
def test_width_is_counted_in_columns(text: str, width: int) -> None:
    assert width_of(text) == width


@pytest.mark.parametrize(
    ("text", "width", "keep_end", "expected"),
    [
        ("abcdef", 6, False, "abcdef"),
        ("abcdef", 5, False, "abcd…"),
        ("abcdef", 5, True, "ab…ef"),
        ("abcdefg", 4, True, "a…fg"),
        ("東京東京", 5, False, "東京…"),
        ("東京東京", 4, False, "東…"),
        ("abcdef", 1, False, "a"),
        ("abcdef", 0, False, ""),
    ],
)
def test_long_text_gives_way_to_a_mark(text: str, width: int, keep_end: bool, expected: str) -> None:
    assert shorten(text, width, keep_end=keep_end) == expected


@given(TEXT, st.integers(0, 20), st.booleans())
def test_shortened_text_fits(text: str, width: int, keep_end: bool) -> None:
    assert width_of(shorten(text, width, keep_end=keep_end)) <= width


def test_padding_counts_columns() -> None:
    assert (pad("東", 4), pad("a", 4, right=True)) == ("東  ", "   a")


@given(TEXT, st.integers(2, 20))
def test_wrapped_text_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(line) <= width for line in lines)
    assert lines


def test_paragraph_is_indented_and_safe() -> None:
    assert paragraph("one two\x1b three", 14, indent="    ", first="  * ") == ["  * one", "    two\\x1b", "    three"]


def test_labels_stand_in_one_column_and_empty_texts_are_left_out() -> None:
    lines = labelled([("who", "user/alice"), ("what", ""), ("where from", "192.0.2.1 and elsewhere")], 30, indent=" ")
    assert lines == [" who         user/alice", " where from  192.0.2.1 and", "             elsewhere"]


def draw(columns: list[Column], rows: list[list[str | Cell]], stream: Stream) -> list[str]:
    return draw_table(columns, rows, stream)


def test_table_aligns_and_leaves_out_empty_columns(make_stream: MakeStream) -> None:
    columns = [Column("NAME"), Column("NOTE"), Column("COUNT", right=True)]
    assert draw(columns, [["a", "", "1"], ["long", "", "1,000"]], make_stream()) == [
        "NAME  COUNT",
        "a         1",
        "long  1,000",
    ]


def test_table_without_head_has_rows_alone(make_stream: MakeStream) -> None:
    assert draw([Column(""), Column("")], [["a", "b"]], make_stream()) == ["a  b"]


def test_table_without_rows_is_empty(make_stream: MakeStream) -> None:
    assert draw([Column("NAME")], [], make_stream()) == []


def test_columns_give_way_where_there_is_no_room(make_stream: MakeStream) -> None:
    columns = [Column("NAME", shrinks=True, least=6), Column("TITLE", wraps=True, least=10), Column("N", right=True)]
    lines = draw(columns, [["a" * 40, "some words that wrap", "12"]], make_stream(width=40))
    assert lines == [
        "NAME            TITLE                  N",
        "aaaaaa…aaaaaaa  some words that wrap  12",
    ]


def test_colour_does_not_count(make_stream: MakeStream) -> None:
    stream = make_stream(is_terminal=True)
    lines = draw([Column("A"), Column("B", style="dim")], [[Cell("x", "red"), "y"]], stream)
    assert lines == ["\x1b[1mA  B\x1b[0m", "\x1b[31mx\x1b[0m  \x1b[2my\x1b[0m"]


@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=4), st.integers(40, 80))
def test_no_line_is_wider_than_the_stream_and_none_is_hostile(rows: list[list[str]], width: int) -> None:
    stream = Stream(FakeStream(), {"COLUMNS": str(width)})
    columns = [Column("A", shrinks=True), Column("B", right=True, shrinks=True), Column("C", wraps=True)]
    lines = draw_table(columns, rows, stream)
    assert all(width_of(line) <= width for line in lines)
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in "".join(lines)
