"""Subjects and headings (AL-17.2, AL-18.5, AL-19.6)."""

from __future__ import annotations

import pytest

from tocsin.core.notification.subject import Occasion, sms_heading, subject


@pytest.mark.parametrize(
    ("name", "state", "region", "wanted"),
    [
        ("root-use", "ALARM", "us-east-1", 'ALARM: "root-use" in US East (N. Virginia)'),
        ("root-use", "OK", "eu-central-1", 'OK: "root-use" in Europe (Frankfurt)'),
        ("root-use", "ALARM", "mars-north-1", 'ALARM: "root-use" in mars-north-1'),
        ("x" * 66, "ALARM", "us-east-1", f'ALARM: "{"x" * 66}" in US East (N. Virginia)'),
        # 63 characters and the mark of the cut (AL-17.2).
        ("x" * 67, "ALARM", "us-east-1", f'ALARM: "{"x" * 63}..." in US East (N. Virginia)'),
        ("x" * 255, "INSUFFICIENT_DATA", "us-east-1", f'INSUFFICIENT_DATA: "{"x" * 51}..." in US East (N. Virginia)'),
        ("Zoë日本\n\ta\u202eb", "ALARM", "us-east-1", 'ALARM: "Zo_a_b" in US East (N. Virginia)'),
        ("a", "ALARM", "é" * 300, 'ALARM: "a" in _'),
        ("a", "ALARM", "r" * 300, f'ALARM: "a" in {"r" * 37}...'),
    ],
)
def test_subject(name: str, state: str, region: str, wanted: str) -> None:
    assert subject(name, state, region) == wanted
    assert len(wanted) <= 100


def test_what_is_no_change_of_state_says_so() -> None:
    assert subject("a", "ALARM", "us-east-1", Occasion.LATE) == 'ALARM (late): "a" in US East (N. Virginia)'
    assert subject("a", "ALARM", "us-east-1", Occasion.REMINDER) == 'ALARM (reminder): "a" in US East (N. Virginia)'
    assert len(subject("a" * 255, "ALARM", "us-east-1", Occasion.REMINDER)) == 100


@pytest.mark.parametrize(
    ("name", "shown"), [("a", "a"), ("x" * 90, "x" * 90), ("x" * 91, "x" * 87 + "..."), ("é\n", "_")]
)
def test_the_heading_takes_ninety_characters_of_the_name(name: str, shown: str) -> None:
    assert sms_heading(name, "ALARM", "us-east-1") == f'ALARM: "{shown}" in US East (N. Virginia)'
