"""The archive part of the Python API: scan and backtest with the types that programs have at hand. Spec: IF-5."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.app.alarm_data import AlarmDataPlan
from tocsin.app.alarm_set import build_alarm_set, require_alarms
from tocsin.app.backtest import BacktestPlan
from tocsin.app.pack import load_rules
from tocsin.app.rulepack import load_chain
from tocsin.app.selection import Selection
from tocsin.composition.backtest import backtest as backtest_archive
from tocsin.composition.scan import scan as scan_archive
from tocsin.core.insight.judgement import DEFAULT_RULES
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.report import ScanReport
    from tocsin.core.rule import Rule

# The largest evaluation range that may be asked for, in periods beyond EvaluationPeriods.
_MOST_EXTRA = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def scan(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    rules: Iterable[Rule | str],
    since: datetime | None = None,
    until: datetime | None = None,
    accounts: Iterable[str] = (),
    regions: Iterable[str] = (),
    unique: bool = False,
    events: str | os.PathLike[str] | None = None,
    insights: bool = False,
    jobs: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ScanReport:
    """Count what metric filters match in the CloudTrail data below `paths`.

    `rules` are `Rule`s, or SOURCEs as the command line takes them: a pack's name, a rule file, a folder,
    the JSON of `aws logs describe-metric-filters`. Counted are records with since <= eventTime < until
    (aware datetimes), of these accounts and regions; nothing given means all. `unique` counts an eventID
    once. `events` names a file for the matching records as NDJSON. With `insights` the report's `insights` are
    the CloudTrail Insights that the calls give rise to. `jobs` is the number of processes,
    by default one for each core.

    What could not be read is in the report's `files.skipped` and `records.problems`. Raises
    RuleFileError for rules, NotFoundError for a path that does not exist, InputError for the rest.
    """
    return scan_archive(
        _texts(paths),
        rules=load_rules(*rules),
        jobs=jobs,
        since=_seconds(since),
        until=_seconds(until),
        accounts=frozenset(accounts),
        regions=frozenset(regions),
        unique=unique,
        limits=limits,
        events=None if events is None else Path(events),
        insights=DEFAULT_RULES if insights else None,
    )


def backtest(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    rules: Iterable[Rule | str],
    since: datetime | None = None,
    until: datetime | None = None,
    accounts: Iterable[str] = (),
    regions: Iterable[str] = (),
    unique: bool = False,
    as_delivered: bool = False,
    evaluation_range: int | None = None,
    topic: str = "",
    at: date | None = None,
    jobs: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> BacktestReport:
    """Run alarms over the CloudTrail data below `paths`: every change of state, why, and who would be told.

    `rules` are `Rule`s, or SOURCEs as the command line takes them: a pack's name, a rule file, a folder,
    what the AWS CLI prints of filters, alarms, subscriptions and mute rules; they add up. Records with
    since <= eventTime < until count, alarms are evaluated at instants T with since < T <= until (aware
    datetimes; by default the span of the data). `accounts`, `regions`, `unique`, `jobs` and `limits` are as
    in `scan`.

    `as_delivered`: a record is known from the time in its file's name on, not from its own.
    `evaluation_range` is how many periods more than EvaluationPeriods an alarm looks at, 0 to 100, by
    default what is known of CloudWatch (AL-6.5). `topic` is the ARN that alarms without actions of their
    own publish to. `at` is the day for which exclusions of SOURCEs count; None: none has expired.

    What could not be read is in the report's `files.skipped` and `records.problems`; alarms out of an
    account whose metric no filter feeds are left out, and named in `notes`. Raises RuleFileError for rules
    and alarms, with every finding; NotFoundError for a path that does not exist; InputError for the rest.
    """
    sources = list(rules)
    if evaluation_range is not None and not 0 <= evaluation_range <= _MOST_EXTRA:
        raise InputError(f"evaluation_range: {evaluation_range} is not a number from 0 to {_MOST_EXTRA}")
    chain = load_chain(*sources, at=at)
    alarms = build_alarm_set(chain.entries, chain.mute_rules, topic=topic)
    plan = BacktestPlan(
        data=AlarmDataPlan(
            rules=tuple(rule for rule in chain.rules if rule.filter),
            selection=Selection(
                since=_seconds(since), until=_seconds(until), accounts=frozenset(accounts), regions=frozenset(regions)
            ),
            limits=limits,
            as_delivered=as_delivered,
            unique=unique,
        ),
        alarms=require_alarms(alarms, [one if isinstance(one, str) else one.name for one in sources] or ["rules"]),
        subscriptions=chain.subscriptions,
        extra=evaluation_range,
    )
    return backtest_archive(_texts(paths), plan, jobs=jobs)


def _texts(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str]:
    return [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]


def _seconds(moment: datetime | None) -> int | None:
    """Whole seconds since the epoch, rounded up: eventTimes have none between them."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InputError(f"{moment.isoformat()} has no time zone", hint="write datetime(…, tzinfo=UTC)")
    return -((_EPOCH - moment) // timedelta(seconds=1))
