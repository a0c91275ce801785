"""How long an alarm was in each state. Spec: CON-4.0 (X6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import HOUR_MS, StateHour, StateStep, StateTimes, times_between

OK, ALARM, NO_DATA = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
M = 60_000


def hours_of(changes: list[tuple[int, StateValue]], *, made: int = 0) -> list[StateHour]:
    """The hours of an alarm that was made at an instant and has changed since."""
    found: dict[int, StateHour] = {}
    state, since = NO_DATA, made
    for at, new in changes:
        step, hour = StateStep(state, new, since), at // HOUR_MS
        found[hour] = found[hour].then(step, at) if hour in found else StateHour.of(step, at)
        state, since = new, at
    return list(found.values())


def test_an_hour_adds_up_to_its_last_change() -> None:
    (hour,) = hours_of([(HOUR_MS + 10 * M, OK), (HOUR_MS + 25 * M, ALARM), (HOUR_MS + 30 * M, OK)])
    assert hour == StateHour(
        hour=1,
        old=NO_DATA,
        since=0,
        new=OK,
        last_change=HOUR_MS + 30 * M,
        changes=3,
        times=StateTimes(insufficient_data=10 * M, ok=15 * M, alarm=5 * M),
    )


def test_of_an_alarm_that_was_made_in_the_hour_nothing_is_told_before() -> None:
    (hour,) = hours_of([(50 * M, OK)], made=45 * M)
    assert hour.times == StateTimes(insufficient_data=5 * M)
    assert times_between([hour], start=0, end=HOUR_MS, now_in=OK, since=50 * M) == StateTimes(
        insufficient_data=5 * M, ok=10 * M
    )


def test_an_alarm_that_was_made_again_was_in_no_state_in_between() -> None:
    first = StateHour.of(StateStep(OK, ALARM, 0), 10 * M)
    again = first.then(StateStep(NO_DATA, OK, 30 * M), 31 * M)
    assert again.times == StateTimes(ok=10 * M, insufficient_data=M)


@pytest.mark.parametrize(
    ("start", "times"),
    [
        (0, StateTimes(insufficient_data=90 * M, alarm=180 * M, ok=30 * M)),
        (HOUR_MS, StateTimes(insufficient_data=30 * M, alarm=180 * M, ok=30 * M)),
        (2 * HOUR_MS, StateTimes(alarm=150 * M, ok=30 * M)),
    ],
)
def test_hours_without_a_change_belong_to_the_state_between_two(start: int, times: StateTimes) -> None:
    hours = [one for one in hours_of([(90 * M, ALARM), (270 * M, OK)]) if one.hour * HOUR_MS >= start]
    assert times_between(hours, start=start, end=300 * M, now_in=OK, since=270 * M) == times


def test_a_change_with_a_time_before_the_last_one_takes_nothing_back() -> None:
    first = StateHour.of(StateStep(OK, ALARM, 5 * M), 3 * M)
    assert (first.since, first.times) == (3 * M, StateTimes())
    assert first.then(StateStep(ALARM, OK, 3 * M), 2 * M).last_change == 3 * M


@given(
    st.lists(st.integers(1, 30 * 60), min_size=1, max_size=40, unique=True).map(sorted),
    st.lists(st.sampled_from(list(StateValue)), min_size=40, max_size=40),
    st.integers(0, 30),
)
def test_the_sums_are_those_of_the_changes(minutes: list[int], states: list[StateValue], first: int) -> None:
    changes = [(minute * M, state) for minute, state in zip(minutes, states, strict=False)]
    start, end = first * HOUR_MS, 31 * HOUR_MS
    expected = dict.fromkeys(StateValue, 0)
    for (at, state), (until, _) in zip([(0, NO_DATA), *changes], [*changes, (end, OK)], strict=True):
        expected[state] += max(0, until - max(at, start))
    hours = [one for one in hours_of(changes) if one.hour >= first]
    found = times_between(hours, start=start, end=end, now_in=changes[-1][1], since=changes[-1][0])
    assert found == StateTimes(ok=expected[OK], alarm=expected[ALARM], insufficient_data=expected[NO_DATA])
