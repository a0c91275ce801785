"""The report of a comparison as typed objects; `--format json` is their encoding. Spec: IF-1 (--compare), IF-3, IF-4.

OLD and NEW are the two versions. *Lost* is what OLD alone has, *gained* what NEW alone has. Times are
texts in UTC, durations seconds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.app.backtest_report import EventLine  # msgspec reads annotations at run time
from tocsin.app.report import Bytes, Files, Records


class RecordLine(EventLine, frozen=True, kw_only=True):
    """A record as people read it. `excluded_by` names the exclusions of the version that does not count it."""

    excluded_by: list[str] = msgspec.field(default_factory=list)


class RecordKind(msgspec.Struct, frozen=True, kw_only=True):
    """Records that are alike: who called (a role without its session), which event, with what error.

    `first` and `last` are the times of the earliest and latest; `address` is where the earliest came
    from, `several_addresses` says that not all of them did. `excluded_by` is as in `RecordLine`.
    """

    count: int
    who: str
    event: str
    error: str
    address: str
    several_addresses: bool
    first: str
    last: str
    excluded_by: list[str] = msgspec.field(default_factory=list)


class OneSidedRecords(msgspec.Struct, frozen=True, kw_only=True):
    """Records that one version alone counts. `unexplained` of them no exclusion of the other keeps out.

    `records` are the first by time: at most 100 that an exclusion explains and 100 that none does;
    `omitted` counts the rest. `kinds` are all of them by kind, the most frequent first: the 50 most
    frequent and the 50 rarest kinds; `kinds_omitted` counts those between.
    """

    count: int
    unexplained: int
    records: list[RecordLine]
    omitted: int = 0
    kinds: list[RecordKind] = msgspec.field(default_factory=list)
    kinds_omitted: int = 0


class ExclusionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one exclusion keeps out of its rule: records that the rule would count without its exclusions.

    `silences` counts them, `alone` those that no other exclusion of the rule keeps out as well, and
    `others` those that the other version counts. `applies` is false for one that has expired.
    `records` are the first 100 by time, `omitted` counts the rest; `kinds` and `kinds_omitted` are as
    in `OneSidedRecords`. `when` or `use` is as in the rule.
    """

    name: str
    applies: bool
    silences: int
    alone: int
    others: int
    records: list[RecordLine]
    omitted: int = 0
    kinds: list[RecordKind] = msgspec.field(default_factory=list)
    kinds_omitted: int = 0
    reason: str = ""
    author: str = ""
    expires: str | None = None
    when: str | None = None
    use: str | None = None


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a rule: how many records it counts, and its exclusions.

    `pattern` is the one in force, `written` the one without exclusions, as it stands in the file.
    """

    name: str
    pattern: str
    written: str
    matches: int
    exclusions: list[ExclusionResult]


class RuleDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose versions differ, or that one version alone has (`old` or `new` is None).

    `changed` are the keys of the rule file that differ: filter, params, except, alarm. `both` counts
    the records that both count.
    """

    name: str
    changed: list[str]
    old: RuleVersion | None
    new: RuleVersion | None
    both: int
    lost: OneSidedRecords
    gained: OneSidedRecords
    title: str = ""
    severity: str = ""


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """A stay in ALARM: from when to when, and why. `events` are at most 100 ids, `events_omitted` counts the rest."""

    at: str
    until: str
    seconds: float
    reason: str
    events: list[str]
    events_omitted: int = 0
    notified: list[str] = msgspec.field(default_factory=list)


class AlarmVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What one version of an alarm did. `rings` counts the transitions to ALARM, `in_alarm` is seconds."""

    name: str
    condition: str
    rings: int
    in_alarm: float
    final: str


class AlarmDifference(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that did not do the same in both versions, or that one version alone has.

    A stay in ALARM is `lost` or `gained` when the other version is at no moment of it in ALARM.
    """

    name: str
    old: AlarmVersion | None
    new: AlarmVersion | None
    lost: list[Ring]
    gained: list[Ring]
    title: str = ""
    severity: str = ""


class ComparisonReport(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    """The whole report.

    `compare` names the SOURCEs by `old` and `new`. `rules_unchanged` counts the rules that are the
    same in both versions, `alarms_unchanged` the alarms that did the same at the same times.
    """

    tocsin: str
    compare: dict[str, str]
    from_: str
    until: str
    seconds: float
    files: Files
    records: Records
    bytes: Bytes
    rules: list[RuleDifference]
    rules_unchanged: int
    alarms: list[AlarmDifference]
    alarms_unchanged: int
    command: str = "backtest"
    clock: str = "event"
    notes: list[str] = msgspec.field(default_factory=list)


def encode_comparison(report: ComparisonReport) -> dict[str, Any]:
    """The report as JSON has it."""
    made: dict[str, Any] = msgspec.to_builtins(report)
    return made
