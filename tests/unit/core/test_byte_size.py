"""Numbers of bytes in words."""

from __future__ import annotations

import pytest

from tocsin.core.byte_size import show_size


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1000, "1000 bytes"),
        (1024, "1 KiB"),
        (1025, "1025 bytes"),
        (16 * 1024 * 1024, "16 MiB"),
        (1536 * 1024, "1536 KiB"),
        (8 * 1024**3, "8 GiB"),
    ],
)
def test_a_size_is_exact_in_the_largest_unit_that_divides_it(size: int, shown: str) -> None:
    assert show_size(size) == shown
