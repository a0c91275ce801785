"""Foreign text stands on one harmless line (AL-19.1)."""

from __future__ import annotations

import json

import pytest

from tocsin.core.notification.safe_line import safe_json, safe_line, safe_name, unlinked


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("alice", "alice"),
        ("Zoë 日本 🦊", "Zoë 日本 🦊"),
        ("a\r\nWho: root", r"a\r\nWho: root"),
        ("a\tb", r"a\tb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x00\x7f\x85\xad", r"\x00\x7f\x85\xad"),
        ("a\u202etxt.exe", r"a\u202etxt.exe"),
        ("\u200b\u2028\u2066\ufeff", r"\u200b\u2028\u2066\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\ufffd", "\ufffd"),
        ("\uffff", r"\uffff"),
    ],
)
def test_what_acts_on_a_screen_is_an_escape(text: str, wanted: str) -> None:
    assert safe_line(text) == wanted


@pytest.mark.parametrize(
    ("text", "limit", "wanted"),
    [
        ("x" * 256, 256, "x" * 256),
        ("x" * 257, 256, "x" * 255 + "…"),
        ("é" * 10, 4, "ééé…"),
        # An escape is longer than what it stands for, and is never cut in two.
        ("\n\n\n\n", 8, r"\n\n\n\n"),
        ("\n\n\n\n", 7, r"\n\n\n…"),
        ("\n\n\n\n", 6, r"\n\n…"),
        ("abc\x1b", 5, "abc…"),
        ("abc\n", 4, "abc…"),
        ("ab", 1, "…"),
        ("a" * 300 + "\n" * 10**6, 8, "aaaaaaa…"),
    ],
)
def test_the_line_is_never_longer_than_the_limit(text: str, limit: int, wanted: str) -> None:
    assert safe_line(text, limit) == wanted
    assert len(wanted) <= limit


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("mallory", "mallory"),
        ("arn:aws:iam::111122223333:user/a+b=c,d.e@f_g-h", "arn:aws:iam::111122223333:user/a+b=c,d.e@f_g-h"),
        ("nobody. Root opened it", '"nobody. Root opened it"'),
        ("Zoë", '"Zoë"'),
        ("a\n", r'"a\n"'),
        ("x" * 65, '"' + "x" * 63 + '…"'),
    ],
)
def test_a_name_in_a_sentence_is_quoted_unless_it_is_plain(text: str, wanted: str) -> None:
    assert safe_name(text) == wanted


def test_links_are_taken_apart() -> None:
    assert unlinked("see https://example.com/a and ftp://x") == "see https[:]//example.com/a and ftp[:]//x"


@pytest.mark.parametrize("value", ["\ud800", "a\u202eb\x7f", "\U000e0041", "é日🦊", {"k\n": ["\x1b", None, 1.5]}])
def test_safe_json_is_the_same_value_without_what_acts(value: object) -> None:
    text = safe_json(value)
    assert json.loads(text) == value
    assert safe_line(text, 10_000) == text
