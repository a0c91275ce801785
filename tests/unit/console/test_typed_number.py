"""Numbers that people type into forms (CON-7.2)."""

from __future__ import annotations

import pytest

from tocsin.console.typed_number import finite_number, shortest


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3.0), (" 0.5 ", 0.5), ("1e3", 1000.0), ("-0", 0.0), ("", None), ("one", None), ("inf", None), ("nan", None)],
)
def test_a_typed_number_is_finite_or_none(text: str, number: float | None) -> None:
    assert finite_number(text) == number


@pytest.mark.parametrize(
    ("number", "shown"), [(3.0, "3"), (0.5, "0.5"), (-2.0, "-2"), (1e14, "100000000000000"), (1e300, "1e+300")]
)
def test_a_number_is_written_as_people_type_it(number: float, shown: str) -> None:
    assert repr(shortest(number)) == shown
