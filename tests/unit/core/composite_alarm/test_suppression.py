"""Action suppression: what is held, until when, and what is run (AL-13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.suppression import (
    ActionRun,
    Facts,
    SuppressedBy,
    Suppression,
    replace_suppressor,
    step,
)

OK, ALARM = StateValue.OK, StateValue.ALARM
INSUFFICIENT = StateValue.INSUFFICIENT_DATA
START = datetime(2026, 1, 5, tzinfo=UTC)
W, X = 120, 180


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def play(
    composite: dict[float, StateValue],
    suppressor: dict[float, StateValue],
    *,
    until: float = 30,
    every: float | None = None,
    wait: int = W,
    extension: int = X,
) -> tuple[list[tuple[float, StateValue]], Suppression]:
    """Actions run, in minutes, when changes come at these minutes; `every`: look that often besides."""
    instants = {*composite, *suppressor} | ({n * every for n in range(int(until / every) + 1)} if every else set())
    pending = sorted(instants)
    held = replace_suppressor(None, suppressor=suppressor[min(suppressor)])
    runs = []
    value = shield = OK
    while pending and pending[0] <= until:
        at = pending.pop(0)
        value, shield = composite.get(at, value), suppressor.get(at, shield)
        facts = Facts(value=value, suppressor=shield, wait_period=wait, extension_period=extension)
        held, found = step(held, minute(at), facts)
        runs += [((run.at - START) / timedelta(minutes=1), run.value) for run in found]
        if held.due is not None and every is None:
            pending = sorted({*pending, (held.due - START) / timedelta(minutes=1)})
    return runs, held


CASES = [
    # AL-13.a
    ({0: OK, 2: ALARM}, {0: OK}, [(4, ALARM)]),
    ({0: OK, 2: ALARM}, {0: OK, 3: ALARM}, []),
    ({0: OK, 2: ALARM}, {0: ALARM}, []),
    ({0: OK, 2: ALARM, 7: OK}, {0: OK, 3: ALARM, 6: OK}, [(9, OK)]),
    # AL-13.3: the initial OK waits too
    ({0: OK}, {0: OK}, [(2, OK)]),
    # a new change restarts the wait, and the actions of the state then are run, once
    ({0: ALARM, 1: OK}, {0: OK}, [(3, OK)]),
    ({0: ALARM, 1: OK, 2: ALARM}, {0: OK}, [(4, ALARM)]),
    # the last instant of the wait belongs to it
    ({0: ALARM}, {0: OK, 2: ALARM}, []),
    ({0: ALARM, 2: OK}, {0: OK, 2: ALARM}, []),
    # too late: what already ran is not suppressed
    ({0: ALARM}, {0: OK, 3: ALARM, 5: OK}, [(2, ALARM)]),
    # the extension
    ({0: ALARM}, {0: OK, 1: ALARM, 5: OK}, [(8, ALARM)]),
    ({0: ALARM}, {0: OK, 1: ALARM, 5: INSUFFICIENT}, [(8, ALARM)]),
    # a suppressor that comes back during it, its last instant included, cancels it
    ({0: ALARM}, {0: OK, 1: ALARM, 5: OK, 7: ALARM}, []),
    ({0: ALARM}, {0: OK, 1: ALARM, 5: OK, 8: ALARM}, []),
    ({0: ALARM}, {0: OK, 1: ALARM, 5: OK, 8: ALARM, 9: OK}, [(12, ALARM)]),
    # a change at the instant at which the suppressor leaves waits, and is not extended
    ({0: ALARM, 5: OK}, {0: OK, 1: ALARM, 5: OK}, [(7, OK)]),
    # a change while suppressed is held; the state then is what is run
    ({0: ALARM, 4: OK}, {0: OK, 1: ALARM, 6: OK}, [(9, OK)]),
    ({0: ALARM, 4: OK, 5: ALARM}, {0: ALARM, 6: OK}, [(9, ALARM)]),
    # nothing is pending: leaving ALARM runs nothing
    ({0: OK}, {0: OK, 3: ALARM, 4: OK, 5: ALARM, 9: OK}, [(2, OK)]),
]


@pytest.mark.parametrize("every", [None, 0.5])
@pytest.mark.parametrize(("composite", "suppressor", "runs"), CASES)
def test_actions_are_run(composite: dict, suppressor: dict, runs: list, every: float | None) -> None:
    assert play(composite, suppressor, every=every)[0] == runs


@pytest.mark.parametrize(("composite", "suppressor", "runs"), CASES)
def test_looking_late_loses_nothing(composite: dict, suppressor: dict, runs: list) -> None:
    """Only changes are looked at, and the end: timers in between are run as of when they were due."""
    held = replace_suppressor(None, suppressor=suppressor[0])
    found: list[ActionRun] = []
    value = shield = OK
    for at in sorted({*composite, *suppressor, 30}):
        value, shield = composite.get(at, value), suppressor.get(at, shield)
        facts = Facts(value=value, suppressor=shield, wait_period=W, extension_period=X)
        held, more = step(held, minute(at), facts)
        found += more
    assert found == [ActionRun(minute(at), state) for at, state in runs]


def test_no_wait_means_at_once_unless_suppressed() -> None:
    assert play({0: OK, 1: ALARM}, {0: OK}, wait=0)[0] == [(0, OK), (1, ALARM)]
    assert play({0: OK, 1: ALARM}, {0: ALARM}, wait=0)[0] == []
    assert play({0: ALARM}, {0: ALARM, 3: OK}, extension=0)[0] == [(3, ALARM)]


@pytest.mark.parametrize(
    ("composite", "suppressor", "until", "by"),
    [
        ({0: ALARM}, {0: OK}, 1, SuppressedBy.WAIT_PERIOD),
        ({0: ALARM}, {0: OK}, 2, None),
        ({0: ALARM}, {0: ALARM}, 1, SuppressedBy.ALARM),
        ({0: ALARM}, {0: OK, 1: ALARM}, 1, SuppressedBy.ALARM),
        ({0: ALARM}, {0: ALARM, 1: OK}, 3, SuppressedBy.EXTENSION_PERIOD),
        ({0: ALARM}, {0: ALARM, 1: OK}, 4, None),
    ],
)
def test_fields(composite: dict, suppressor: dict, until: float, by: SuppressedBy | None) -> None:
    """AL-13.4."""
    assert play(composite, suppressor, until=until)[1].suppressed_by is by


def test_texts() -> None:
    assert [by.value for by in SuppressedBy] == ["WaitPeriod", "ExtensionPeriod", "Alarm"]
    assert SuppressedBy.WAIT_PERIOD.reason == "Actions suppressed by WaitPeriod"


def test_replacing_the_suppressor_drops_what_was_pending() -> None:
    """AL-13.3."""
    held = play({0: ALARM}, {0: OK}, until=1)[1]
    assert held.due == minute(2)
    held = replace_suppressor(held.value, suppressor=ALARM)
    assert held == Suppression(value=ALARM, in_alarm=True)
    assert step(held, minute(9), Facts(value=ALARM, suppressor=OK, wait_period=W, extension_period=X)) == (
        Suppression(value=ALARM),
        (),
    )


def test_a_period_may_outlast_the_calendar() -> None:
    held, _ = step(
        Suppression(),
        datetime(9999, 12, 31, tzinfo=UTC),
        Facts(value=OK, suppressor=OK, wait_period=2**31 - 1, extension_period=0),
    )
    assert held.due == datetime.max.replace(tzinfo=UTC)
