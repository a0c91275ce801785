from __future__ import annotations

import pytest

from tocsin.core.alarm.number_text import number_text


# AL-9.7: as Java prints a double.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (50, "50.0"),
        (99.97, "99.97"),
        (0, "0.0"),
        (-0.0, "-0.0"),
        (-1.5, "-1.5"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (1e-4, "1.0E-4"),
        (-1e-4, "-1.0E-4"),
        (9_999_999, "9999999.0"),
        (9_999_999.5, "9999999.5"),
        (1e7, "1.0E7"),
        (-12_345_678.25, "-1.234567825E7"),
        (123_456_789_012_345_680, "1.2345678901234568E17"),
        (1e22, "1.0E22"),
        (1e23, "1.0E23"),
        (1.5e300, "1.5E300"),
        (5e-324, "5.0E-324"),  # Java before 19 prints 4.9E-324
        (2.0**360, "2.3485425827738332E108"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_print_as_in_java(value: float, text: str) -> None:
    assert number_text(value) == text
