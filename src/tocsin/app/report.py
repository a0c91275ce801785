"""The scan report as typed objects; `--format json` is their encoding. Spec: IF-2."""

from __future__ import annotations

from typing import Any

import msgspec


class Skip(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was not read, or read in part, and why."""

    path: str
    reason: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is no record: the `position`-th value of its file, from 1."""

    path: str
    position: int
    reason: str


class Files(msgspec.Struct, kw_only=True, omit_defaults=False):
    """The ledger of files. `read` ones were read to their end."""

    read: int = 0
    digests: int = 0
    skipped: list[Skip] = []


class Records(msgspec.Struct, kw_only=True):
    """The ledger of records: decoded ones, and beside them the malformed ones.

    `selected` is how many of them lie within --since/--until, --account and --region; `first` and
    `last` are the eventTimes of the earliest and latest of these, None when there is none.
    """

    read: int = 0
    selected: int = 0
    malformed: int = 0
    first: str | None = None
    last: str | None = None
    problems: list[Problem] = []


class Bytes(msgspec.Struct, kw_only=True):
    """Bytes read from disk, and what they unpacked to."""

    read: int = 0
    unpacked: int = 0


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """The metric that a filter feeds."""

    namespace: str
    name: str
    unit: str | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The datapoints of one set of dimension values."""

    dimensions: dict[str, str]
    datapoints: list[tuple[str, float]]


class FilterResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one metric filter did: matches, its metric's values by minute, and who and from where.

    `datapoints` are `[start of minute (UTC), Sum]` ascending, or one `Series` for each set of
    dimension values. `unusable` counts matches that had no usable metric value (FP-9.14). `first`
    and `last` are eventTimes of matches. `title` and `severity` are the rule's.
    """

    name: str
    pattern: str
    matches: int
    metric: Metric
    datapoints: list[tuple[str, float]] | list[Series]
    top: dict[str, list[tuple[str, int]]]
    unusable: int = 0
    first: str | None = None
    last: str | None = None
    title: str = ""
    severity: str = ""


class InsightReading(msgspec.Struct, kw_only=True):
    """What Insights were looked for in (CT-17.7).

    `calls` were counted, of so many `apis` and `accounts`; `too_short` are accounts with less than `min_hours` of
    data, of which nothing is judged. `unclassified` calls do not say whether they read or write, and are in no call
    rate. `found` Insights were found; beyond what a report holds the later ones are `omitted`.
    """

    calls: int
    apis: int
    accounts: int
    too_short: list[str]
    unclassified: int
    min_hours: float
    found: int = 0
    omitted: int = 0


class ScanReport(msgspec.Struct, kw_only=True):
    """The whole report. `tocsin` is the version that wrote it.

    `insights` are the Insights records, and `insight_reading` says what they were looked for in: both only where
    that was asked for.
    """

    tocsin: str
    command: str
    files: Files
    records: Records
    bytes: Bytes
    seconds: float
    filters: list[FilterResult]
    insights: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    insight_reading: InsightReading | msgspec.UnsetType = msgspec.UNSET


def decode_scan_report(body: bytes) -> ScanReport:
    """A report out of its JSON. msgspec.MsgspecError where it is none."""
    told = msgspec.json.decode(body, type=dict[str, Any])
    filters = [_filter_result(one) for one in told["filters"]]
    parts = {
        "files": msgspec.convert(told["files"], Files),
        "records": msgspec.convert(told["records"], Records),
        "bytes": msgspec.convert(told["bytes"], Bytes),
    }
    if "insight_reading" in told:
        parts["insight_reading"] = msgspec.convert(told["insight_reading"], InsightReading)
    return ScanReport(**{**told, **parts, "filters": filters})


def _filter_result(told: dict[str, Any]) -> FilterResult:
    """Decoding by type does not know which of two kinds of lists `datapoints` is."""
    has_dimensions = any(isinstance(one, dict) for one in told["datapoints"])
    kind = list[Series] if has_dimensions else list[tuple[str, float]]
    made = {
        "metric": msgspec.convert(told["metric"], Metric),
        "datapoints": msgspec.convert(told["datapoints"], kind),
        "top": msgspec.convert(told["top"], dict[str, list[tuple[str, int]]]),
    }
    return FilterResult(**{**told, **made})
