"""Foreign values in sentences: short, and always encodable."""

from __future__ import annotations

import pytest

from tocsin.core.number import Number
from tocsin.core.wording import kind_of, printable, quote


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({}, "an object"),
        ([], "an array"),
        ("x", "a text"),
        (Number("1"), "a number"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
    ],
)
def test_every_kind_of_value_has_its_words(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_long_text_is_cut() -> None:
    assert quote("abcdef", length=3) == '"abc…"'
    assert quote("abc", length=3) == '"abc"'


def test_what_is_shown_can_be_encoded() -> None:
    assert printable("a\udfffé").encode() == b"a\\udfff\xc3\xa9"
