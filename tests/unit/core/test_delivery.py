"""What is kept of the answer to a delivery (SNS-10.7)."""

from __future__ import annotations

import pytest

from tocsin.core.delivery import LONGEST_ANSWER, answer_line


@pytest.mark.parametrize(
    ("text", "secrets", "line"),
    [
        ("250 OK", (), "250 OK"),
        ("550 no such\r\n\x1b[2J user: t0ken", ["t0ken"], "550 no such [2J user: ****"),
        ("t0ken-longer t0ken", ["t0ken", "t0ken-longer"], "**** ****"),
        ("x" * 300, (), "x" * LONGEST_ANSWER),
        ("x" * 250 + "t0ken-longer", ["t0ken-longer"], "x" * 250 + "****"),
        ("", (), ""),
    ],
    ids=["as it is", "control characters", "the longest first", "cut", "no part of a secret is left", "nothing"],
)
def test_an_answer_is_one_line_without_secrets(text: str, secrets: list[str], line: str) -> None:
    assert answer_line(text, secrets) == line
