"""Whether a regex stands in a pattern. Spec: FP-7.4."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import has_regex


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", False),
        ("ERROR", False),
        ("%E.R%", True),
        ("{ $.a = x }", False),
        ("{ ($.a = x) && ($.b = %y%) }", True),
        ("{ $.a NOT EXISTS }", False),
        ("[a, b = x, ...]", False),
        ("[a, b = %x%, ...]", True),
    ],
)
def test_has_regex(pattern: str, expected: bool) -> None:
    assert has_regex(parse_pattern(pattern)) is expected
