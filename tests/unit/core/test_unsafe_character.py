"""One table says what acts on a screen (CON-8.6)."""

from __future__ import annotations

import unicodedata

import pytest

from tocsin.core.unsafe_character import UNSAFE, code_point, escape, escaped, is_plain

# As CON-8.6 lists them.
WANTED = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    *(0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, 0x200C, 0x200D, 0x2028, 0x2029),
    *(*range(0x2060, 0x2065), 0x3164, 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)),
    *(*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
    *range(0xD800, 0xE000),
    *(*range(0xFDD0, 0xFDF0), *(plane * 0x10000 + end for plane in range(17) for end in (0xFFFE, 0xFFFF))),
]


def test_all_that_the_console_boxes_is_unsafe() -> None:
    assert [f"U+{code:04X}" for code in WANTED if not UNSAFE.fullmatch(chr(code))] == []


def test_nothing_that_has_ink_is_unsafe() -> None:
    found = [chr(code) for code in range(0x110000) if UNSAFE.fullmatch(chr(code))]
    inked = [character for character in found if unicodedata.category(character)[0] in "LNPSZ"]
    # Fillers and separators are letters and blanks by name alone.
    assert {*inked} == {*"\u115f\u1160\u3164\uffa0\u2028\u2029"}


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\x00", "U+0000 null"),
        ("\n", "U+000A line feed"),
        ("\x81", "U+0081 control"),
        ("\u202e", "U+202E right-to-left override"),
        ("\u0430", "U+0430 cyrillic small letter a"),
        ("\ud800", "U+D800 lone surrogate"),
        ("\ue000", "U+E000 private use"),
        ("\ufffe", "U+FFFE not a character"),
        ("\ufdd0", "U+FDD0 not a character"),
        ("\U0010ffff", "U+10FFFF not a character"),
        ("\ufff0", "U+FFF0 unassigned"),
        ("\U000e0041", "U+E0041 tag latin capital letter a"),
    ],
)
def test_a_code_point_has_number_and_name(character: str, name: str) -> None:
    assert code_point(character) == name


@pytest.mark.parametrize(
    ("character", "wanted"),
    [
        ("\n", r"\n"),
        ("\r", r"\r"),
        ("\t", r"\t"),
        ("\x1b", r"\x1b"),
        ("\u202e", r"\u202e"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_an_escape_is_as_long_as_the_code_needs(character: str, wanted: str) -> None:
    assert escape(character) == wanted
    assert escaped(f"a{character}é") == f"a{wanted}é"


@pytest.mark.parametrize(("text", "wanted"), [("alice", True), ("", True), ("a\x7f", False), ("é", False)])
def test_plain_text_is_told_at_a_glance(text: str, wanted: bool) -> None:
    assert is_plain(text) is wanted
