"""Numbers as they are written, compared exactly (FP-2.8, FP-4.4)."""

from __future__ import annotations

import itertools
import time

import pytest

from tocsin.core import number
from tocsin.core.number import Number, compare_numbers, is_number, number_key


def order(left: str, right: str) -> int:
    left_key, right_key = number_key(left), number_key(right)
    assert left_key is not None
    assert right_key is not None
    return compare_numbers(left_key, right_key)


@pytest.mark.parametrize("text", ["0", "-3", "+3", "55.5", ".5", "1e3", "1E+3", "-1.5e-2", "007", "-0", "9" * 40])
def test_a_number_has_a_key(text: str) -> None:
    assert is_number(text)
    assert number_key(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "+", ".", "5.", "0x1F", "NaN", "Infinity", "1e", "1e+", "1.2.3", "4*",
        " 1", "1 ", "1\n", "1_000", "٣", "１", "--1",
    ],
)  # fmt: skip
def test_anything_else_has_none(text: str) -> None:
    assert not is_number(text)
    assert number_key(text) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1", "1.0"),
        ("1", "+1.000"),
        ("1e3", "1000"),
        ("1e3", "1000.0e0"),
        (".5", "0.5"),
        (".5", "5e-1"),
        ("-0", "0"),
        ("-0.0e5", "0"),
        ("0e999999999", "0"),
        ("00012", "12"),
        ("1e-3", "0.001"),
        ("1e0", "1"),
        ("1e000", "1e-0"),
        ("123456789012345678901234567890123456789.5", "1234567890123456789012345678901234567895e-1"),
        ("1e" + "9" * 999, "10e" + "9" * 998 + "8"),
        ("1e" + "9" * 1000, "0.1e1" + "0" * 1000),
        ("1e-" + "9" * 1000, "10e-1" + "0" * 1000),
        ("1e1" + "0" * 1500, "10e" + "9" * 1500),
        ("1e-1" + "0" * 1500, "0.1e-" + "9" * 1500),
        ("1e" + "0" * 2000 + "5", "100000"),
        ("0.01e1" + "0" * 999 + "1", "1e" + "9" * 1000),
    ],
    ids=lambda text: text[:24],
)
def test_two_spellings_of_one_number_are_equal(left: str, right: str) -> None:
    assert number_key(left) == number_key(right)
    assert order(left, right) == 0


ASCENDING = (
    "-1e" + "9" * 1501,
    "-1e" + "9" * 1500,
    "-1e999999999",
    "-9007199254740993",
    "-9007199254740992",
    "-10",
    "-9.5",
    "-2",
    "-1e-999999999",
    "-1e-" + "9" * 1500,
    "0",
    "1e-" + "9" * 1501,
    "1e-1" + "0" * 1000,
    "1e-" + "9" * 999,
    "1e-999999999",
    "1e-3",
    "0.1",
    "0.12",
    "0.2",
    "1",
    "9",
    "10",
    "12",
    "123",
    "13e1",
    "9007199254740992",
    "9007199254740993",
    "1234567890123456789012345678901234567890",
    "1234567890123456789012345678901234567891",
    "1e999999999",
    "1e" + "9" * 998,
    "1e" + "9" * 999,
    "1e" + "9" * 1000,
    "1e1" + "0" * 1000,
    "2e1" + "0" * 1000,
    "1e1" + "0" * 999 + "1",
    "1e" + "9" * 1500,
    "1e" + "9" * 1501,
)


def test_numbers_are_in_their_exact_order() -> None:
    for (low, left), (high, right) in itertools.combinations(enumerate(ASCENDING), 2):
        assert order(left, right) == -1, (low, high)
        assert order(right, left) == 1, (low, high)


@pytest.mark.usefixtures("no_collecting")
def test_a_hostile_number_costs_no_more_than_its_length() -> None:
    huge = "9" * 1_000_000
    began = time.process_time()
    assert order(f"1e{huge}", f"1e-{huge}") == 1
    assert order(huge, f"0.{huge}") == 1
    assert time.process_time() - began < 2


def test_long_texts_are_not_remembered() -> None:
    number._cached_key.cache_clear()
    number_key("1" * 65)
    assert number._cached_key.cache_info().currsize == 0
    number_key("1" * 64)
    assert number._cached_key.cache_info().currsize == 1


def test_a_number_is_told_from_a_text_of_the_same_digits() -> None:
    assert Number("5") == "5"
    assert type(Number("5")) is not str
