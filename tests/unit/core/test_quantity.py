"""Quantities as people read them."""

from __future__ import annotations

import pytest

from tocsin.core.quantity import bytes_text, count_text, counted, duration_text, ordinal, share_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (2.5, "2.5"),
        (-3.0, "-3"),
        (1.999, "2"),
        (0.00012, "0.00012"),
        (float("inf"), "inf"),
    ],
)
def test_count(number: float, text: str) -> None:
    assert count_text(number) == text


@pytest.mark.parametrize(
    ("number", "nouns", "text"), [(1, "", "1 match"), (0, "matches", "0 matches"), (2, "", "2 matchs")]
)
def test_noun_follows_the_number(number: int, nouns: str, text: str) -> None:
    assert counted(number, "match", nouns) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (13, "13th"),
        (21, "21st"),
        (112, "112th"),
        (1_003, "1,003rd"),
    ],
)
def test_place_in_a_row(number: int, text: str) -> None:
    assert ordinal(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_950, "100 kB"),
     (999_499, "999 kB"), (999_500, "1.0 MB"), (8_123_456, "8.1 MB"), (10**18, "1000 PB")],
)  # fmt: skip
def test_bytes(number: int, text: str) -> None:
    assert bytes_text(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.214, "0.21 s"),
        (1.26, "1.3 s"),
        (12.4, "12 s"),
        (59.6, "1 min 00 s"),
        (75, "1 min 15 s"),
        (3_725, "1 h 02 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, ""),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 8, "12.5 %"),
        (1, 100_000, "< 0.1 %"),
        (99_999, 100_000, "> 99.9 %"),
    ],
)
def test_share_is_never_rounded_to_nothing_or_all(part: int, whole: int, text: str) -> None:
    assert share_text(part, whole) == text
