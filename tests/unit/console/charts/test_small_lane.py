"""The lane of an alarm in a list: all that `state_lane` shows, in three lines at most. Spec: CON-5.5, CON-10.1."""

from __future__ import annotations

import re

import pytest

from tocsin.console.charts import StateSpan, Window, small_lane

WINDOW = Window(0, 1_000)


def spans(drawn: str, class_: str) -> list[tuple[int, int]]:
    """What the dashes of a line cover, in 250ths of it."""
    found = re.search(rf'<line class="{class_}" x2="100%" pathLength="250" stroke-dasharray="0 ([0-9 ]*)"/>', drawn)
    if found is None:
        return []
    told, at, lengths = [], 0, list(map(int, found[1].split()))
    assert sum(lengths) == 250  # less would begin anew
    for pause, dash in zip(lengths[::2], lengths[1::2], strict=False):
        told.append((at + pause, at + pause + dash))
        at += pause + dash
    return told


@pytest.mark.parametrize(
    ("states", "alarm", "silent"),
    [
        ([], [], []),
        ([(0, 1_000, "OK")], [], []),
        ([(0, 1_000, "ALARM")], [(0, 250)], []),
        ([(0, 400, "ALARM"), (800, 1_000, "ALARM")], [(0, 100), (200, 250)], []),
        ([(-500, 200, "INSUFFICIENT_DATA"), (400, 600, "ALARM")], [(100, 150)], [(0, 50)]),
        ([(400, 401, "ALARM")], [(100, 107)], []),  # never too short to be seen
        ([(999, 1_000, "ALARM")], [(243, 250)], []),
        ([(400, 401, "ALARM"), (404, 405, "ALARM")], [(100, 108)], []),  # they could not be told apart
        ([(2_000, 3_000, "ALARM")], [], []),
    ],
)
def test_times_in_a_state_are_dashes(
    states: list[tuple[int, int, str]], alarm: list[tuple[int, int]], silent: list[tuple[int, int]]
) -> None:
    drawn = small_lane(WINDOW, [StateSpan(*one) for one in states])
    assert (spans(drawn, "lA"), spans(drawn, "lN")) == (alarm, silent)


def test_what_flapped_is_in_alarm_and_hatched_and_what_was_muted_is_hatched() -> None:
    drawn = small_lane(WINDOW, [], muted=[(0, 200)], flapping=[(400, 800)])
    assert spans(drawn, "lA") == [(100, 200)]
    assert spans(drawn, "lH") == [(0, 50), (100, 200)]


def test_it_is_told_in_words_or_hidden() -> None:
    assert 'role="img" aria-label="in ALARM for 5 min"' in small_lane(WINDOW, [], label="in ALARM for 5 min")
    assert 'aria-hidden="true"' in small_lane(WINDOW, [])


def test_many_mutes_are_one_line() -> None:
    drawn = small_lane(WINDOW, [], muted=[(place, place + 1) for place in range(0, 1_000, 2)])
    assert len(drawn) < 1_200
