"""The archive part of the Python API: scanning with the types that Python programs have at hand. Spec: IF-5."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.app.rulepack import load_rules
from tocsin.composition.scan import scan as scan_archive
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.app.report import ScanReport
    from tocsin.core.rule import Rule

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
    jobs: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ScanReport:
    """Count what metric filters match in the CloudTrail data below `paths`.

    `rules` are `Rule`s, or SOURCEs as the command line takes them: a pack's name, a rule file, a folder,
    the JSON of `aws logs describe-metric-filters`. Counted are records with since <= eventTime < until
    (aware datetimes), of these accounts and regions; nothing given means all. `unique` counts an eventID
    once. `events` names a file for the matching records as NDJSON. `jobs` is the number of processes,
    by default one for each core.

    What could not be read is in the report's `files.skipped` and `records.problems`. Raises
    RuleFileError for rules, NotFoundError for a path that does not exist, InputError for the rest.
    """
    return scan_archive(
        [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)],
        rules=load_rules(*rules),
        jobs=jobs,
        since=_seconds(since),
        until=_seconds(until),
        accounts=frozenset(accounts),
        regions=frozenset(regions),
        unique=unique,
        limits=limits,
        events=None if events is None else Path(events),
    )


def _seconds(moment: datetime | None) -> int | None:
    """Whole seconds since the epoch, rounded up: eventTimes have none between them."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InputError(f"{moment.isoformat()} has no time zone", hint="write datetime(…, tzinfo=UTC)")
    return -((_EPOCH - moment) // timedelta(seconds=1))
