"""Nothing that came out of an event acts on a terminal or runs in a spreadsheet (R-31)."""

from __future__ import annotations

import csv
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.safe_text import csv_line, safe_cell, safe_json, safe_json_text, safe_text

# Controls, lone surrogates, separators; and of the format characters those that turn, hide or join.
HOSTILE = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Cc", "Cs", "Zl", "Zp"}]
BIDI = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
HIDDEN = [*"\u00ad\u200b\u200c\u200d\u2060\ufeff\U000e0001\U000e0041\U000e007f"]
ANY_TEXT = st.text(st.characters() | st.sampled_from([*"\x1b\x07\r\n\t\x7f\x9b", *BIDI, *HIDDEN, "\ud800"]))


def is_harmless(text: str) -> bool:
    return not set(text) & {*HOSTILE, *BIDI, *HIDDEN}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alice", "alice"),
        ("Zoë 東京", "Zoë 東京"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("ad\u200bmin", "ad\\u200bmin"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_text_is_shown(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize("character", [*BIDI, *HIDDEN], ids=lambda character: f"U+{ord(character):04X}")
def test_hidden_and_turning_characters_are_escaped(character: str) -> None:
    assert is_harmless(safe_text(f"a{character}b"))


def test_every_control_character_is_escaped() -> None:
    assert is_harmless(safe_text("".join(HOSTILE)))


@given(ANY_TEXT)
def test_safe_text_is_harmless_and_stays_so(text: str) -> None:
    shown = safe_text(text)
    assert is_harmless(shown)
    assert safe_text(shown) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(JSON, st.booleans())
def test_json_is_harmless_and_means_the_same(value: Any, ascii_only: bool) -> None:
    text = safe_json(value, ascii_only=ascii_only)
    assert is_harmless(text)
    assert json.loads(text) == value
    assert text.isascii() or not ascii_only


def test_json_text_keeps_its_value() -> None:
    text = '{"userAgent": "a\u202eb\x7f\U000e0041"}'
    shown = safe_json_text(text)
    assert shown == '{"userAgent": "a\\u202eb\\u007f\\udb40\\udc41"}'
    assert json.loads(shown) == json.loads(text)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_number_that_json_lacks_is_null(number: float) -> None:
    assert safe_json({"a": [1.5, number], "b": (number,)}) == '{"a":[1.5,null],"b":[null]}'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_cell_that_a_spreadsheet_would_run_is_neutralised(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0").lstrip('"').startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("alice", "alice"),
        ("", ""),
        (None, ""),
        (-1.5, "-1.5"),
        (3, "3"),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("a;b", '"a;b"'),
        (" a", '" a"'),
        ("a\nb", "a\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("-1", "'-1"),
    ],
)
def test_cell_is_written(value: str | float | None, cell: str) -> None:
    assert safe_cell(value) == cell


@given(st.lists(ANY_TEXT, min_size=2, max_size=4))
def test_row_is_read_back_as_it_is_shown(cells: list[str]) -> None:
    line = csv_line(list(cells))
    assert line.count("\n") == 1
    (row,) = csv.reader([line])
    assert [cell.removeprefix("'") for cell in row] == [safe_text(cell).removeprefix("'") for cell in cells]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
