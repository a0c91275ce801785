"""The states of an alarm over a span of time in one line of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.state_band import Stretch, state_band, stretches_of


def band(*stretches: Stretch, width: int = 10, start: float = 0, end: float = 100, unicode: bool = True) -> str:
    return state_band(stretches, start=start, end=end, width=width, unicode=unicode)


@pytest.mark.parametrize(
    ("stretches", "text"),
    [
        ([(0, 100, "OK")], "··········"),
        ([(0, 10, "INSUFFICIENT_DATA"), (10, 100, "OK")], "░·········"),
        ([(0, 50, "OK"), (50, 100, "ALARM")], "·····█████"),
        ([(0, 50, "OK"), (50, 51, "ALARM"), (51, 100, "OK")], "·····█····"),  # however short
        ([(0, 59, "OK"), (59, 61, "ALARM"), (61, 100, "OK")], "·····██···"),  # in both parts
        ([(0, 53, "OK"), (53, 100, "INSUFFICIENT_DATA")], "·····░░░░░"),  # what it was for longest
        ([(0, 57, "OK"), (57, 100, "INSUFFICIENT_DATA")], "······░░░░"),
        ([(0, 99, "OK"), (99, 100, "ALARM")], "·········█"),
        ([(-50, 150, "ALARM")], "██████████"),
        ([(50, 50, "ALARM")], "░░░░░█░░░░"),
        ([], "░░░░░░░░░░"),
    ],
)
def test_parts_show_their_strongest_state(stretches: list[Stretch], text: str) -> None:
    assert band(*stretches) == text


def test_stream_without_unicode_gets_ascii() -> None:
    assert band((0, 50, "OK"), (50, 60, "ALARM"), (60, 100, "INSUFFICIENT_DATA"), unicode=False) == ".....#????"


@pytest.mark.parametrize("width", [1, 7])
def test_span_without_length(width: int) -> None:
    assert len(band((5, 5, "ALARM"), width=width, start=5, end=5)) == width


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], [(0, 100, "INSUFFICIENT_DATA")]),
        ([(10, "OK")], [(0, 10, "INSUFFICIENT_DATA"), (10, 100, "OK")]),
        ([(0, "OK")], [(0, 100, "OK")]),  # a composite is evaluated when it is created
        ([(10, "OK"), (10, "ALARM")], [(0, 10, "INSUFFICIENT_DATA"), (10, 100, "ALARM")]),
        ([(10, "OK"), (100, "ALARM")], [(0, 10, "INSUFFICIENT_DATA"), (10, 100, "OK")]),
    ],
)
def test_stretches_lie_between_changes(changes: list[tuple[float, str]], expected: list[Stretch]) -> None:
    assert stretches_of(changes, start=0, end=100) == expected


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(("OK", "ALARM", "INSUFFICIENT_DATA"))), max_size=20),
    st.integers(1, 40),
)
def test_time_in_alarm_is_always_seen(changes: list[tuple[int, str]], width: int) -> None:
    changes.sort(key=lambda change: change[0])
    stretches = stretches_of(changes, start=0, end=1000)
    text = state_band(stretches, start=0, end=1000, width=width, unicode=False)
    assert len(text) == width
    assert ("#" in text) == any(state == "ALARM" for _, _, state in stretches)
    assert sum(end - since for since, end, _ in stretches) == 1000
