"""The backtest report as typed objects; `--format json` is their encoding. Spec: IF-3.

Times are texts in UTC (`2026-03-18T02:30:00Z`), durations seconds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.app.report import Bytes, Files, Records  # msgspec reads annotations at run time

Point = tuple[str, float]
"""Start of a slot, and its value."""


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A child of a composite alarm that makes its rule have its value (AL-9.10)."""

    name: str
    state: str
    since: str


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """A contributing event as people read it (AL-19.1). Values are safe to show, one line each."""

    id: str
    at: str
    event: str
    source: str
    error: str
    who: str
    address: str
    agent: str
    account: str
    region: str
    resource: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why the actions of a transition did not run at its instant: `by` is WaitPeriod, ExtensionPeriod, Alarm or Mute.

    It may also be the key of a tag of the alarm, `tocsin:hold-down` for example (AL-19.6); the message at `ran_at` may
    then be one that names the transition among others. `ran_at` is when they ran after all; None when they never did.
    """

    by: str
    ran_at: str | None = None


class TransitionLine(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One change of state.

    `datapoints` are the points that decided, newest first; None for a composite alarm, which has
    `children`. `events` are the ids of the records in those slots, at most 100; `events_omitted`
    counts the rest. `actions` is the list for the new state; `notified` names confirmed
    subscribers, and where there is none `not_notified` says why (AL-19.4). `why` says which rule
    of AL-7 decided.
    """

    at: str
    from_: str
    to: str
    reason: str
    events: list[str] = msgspec.field(default_factory=list)
    actions: list[str] = msgspec.field(default_factory=list)
    notified: list[str] = msgspec.field(default_factory=list)
    datapoints: list[Point] | None = None
    children: list[Child] | None = None
    events_omitted: int = 0
    not_notified: str = ""
    why: str = ""
    held: Held | None = None
    details: list[EventLine] = msgspec.field(default_factory=list)


class AlarmResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one alarm did. `time_in` adds up to until - from.

    `kind` is metric or composite; `condition` says in words when it rings; `threshold` is None for
    composite alarms and bands; `period` (seconds) and `evaluation_range` (slots) are None for
    composite alarms. `series` are the values of single periods (Sum of five minutes, say), one for each slot that
    an evaluation found with a value, ascending, for drawing; slots without data are left out. `title`, `severity`,
    `why` and `runbook` are the rule's, empty for an alarm out of an account.
    """

    name: str
    final: str
    time_in: dict[str, float]
    transitions: list[TransitionLine]
    kind: str = "metric"
    title: str = ""
    severity: str = ""
    why: str = ""
    runbook: str = ""
    condition: str = ""
    comparison: str = ""
    threshold: float | None = None
    period: int | None = None
    evaluation_range: int | None = None
    matches: int = 0
    series: list[Point] = msgspec.field(default_factory=list)


class BacktestReport(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    """The whole report. `evaluations` counts the instants of all alarms, computed or jumped over (AL-18.3)."""

    tocsin: str
    from_: str
    until: str
    evaluations: int
    seconds: float
    files: Files
    records: Records
    bytes: Bytes
    alarms: list[AlarmResult]
    command: str = "backtest"
    clock: str = "event"
    notes: list[str] = msgspec.field(default_factory=list)


_LEFT_OUT_WHEN_EMPTY = ("datapoints", "children", "events_omitted", "not_notified", "why", "held")


def encode_transition(line: TransitionLine) -> dict[str, Any]:
    """A change of state as JSON has it: what does not apply is left out; the lists of IF-3 are always there."""
    made: dict[str, Any] = msgspec.to_builtins(line)
    for name in _LEFT_OUT_WHEN_EMPTY:
        if made[name] is None or made[name] in (0, ""):
            del made[name]
    return made


def encode_report(report: BacktestReport) -> dict[str, Any]:
    """The report as JSON has it (IF-3)."""
    made: dict[str, Any] = msgspec.to_builtins(report)
    for alarm, result in zip(made["alarms"], report.alarms, strict=True):
        alarm["transitions"] = [encode_transition(line) for line in result.transitions]
    return made
