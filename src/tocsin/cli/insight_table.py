"""The Insights of a scan as a person reads them: what was unusual, how much, who it was. Spec: CT-17.7, IF-2.

Rule: no line wraps, whatever the width; what is left out is counted, and what could not be judged is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.cli.arn_text import short_arn
from tocsin.cli.safe_text import safe_text
from tocsin.cli.table import paragraph, shorten
from tocsin.core.quantity import count_text, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.app.report import InsightReading, ScanReport
    from tocsin.cli.terminal import Stream

_SHOWN = 20
_SHOWN_VALUES = 3
_SHOWN_ACCOUNTS = 3
_INDENT = " " * 12
_LABELS = {"userIdentityArn": "by", "userAgent": "with", "errorCode": "errors"}


def draw_insights(report: ScanReport, stream: Stream, width: int) -> Iterator[str]:
    """The Insights and what they were looked for in; nothing where they were not asked for."""
    records, reading = report.insights, report.insight_reading
    if isinstance(records, msgspec.UnsetType) or isinstance(reading, msgspec.UnsetType):
        return
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(record["sharedEventID"], {})[record["insightDetails"]["state"]] = record
    title = f"{counted(reading.found, 'Insight')} in {counted(reading.calls, 'call')} of {counted(reading.apis, 'API')}"
    yield from (stream.style(line, "bold") for line in paragraph(title, width))
    for states in list(found.values())[:_SHOWN]:
        yield from _draw(states["Start"], states.get("End"), stream, width)
    if reading.found > _SHOWN:
        yield f"  and {count_text(reading.found - _SHOWN)} more (--format json lists {_listed(reading)})"
    yield from _remarks(reading, width)
    yield ""


def _listed(reading: InsightReading) -> str:
    return f"the first {count_text(reading.found - reading.omitted)}" if reading.omitted else "them all"


def _draw(start: Mapping[str, Any], end: Mapping[str, Any] | None, stream: Stream, width: int) -> Iterator[str]:
    """When, which API, how often before and now; under it who called."""
    ellipsis = stream.pick("…", "...")
    details = (end or start)["insightDetails"]
    statistics = details["insightContext"]["statistics"]
    what = "errors" if "errorCode" in details else "calls"
    service = details["eventSource"].removesuffix(".amazonaws.com")
    name = f"{service} {details['eventName']}"
    if "errorCode" in details:
        name += f", {details['errorCode']}"
    now, before = (_rate(statistics[part]["average"]) for part in ("insight", "baseline"))
    rate = f"{now} {what if now != '1' else what[:-1]} a minute, {before} before"
    head = safe_text(f"{_span(start, end)} UTC  {rate}: {name}")
    yield stream.style(shorten(head, width, mark=ellipsis), "yellow")
    where = " ".join(filter(None, (start.get("recipientAccountId"), start.get("awsRegion"))))
    parts = [f"in {where}"] if where else []
    for attribution in details["insightContext"].get("attributions", ()):
        values = [short_arn(one["value"]) for one in attribution["insight"] if one["value"] != "null"]
        if values:
            more = ", …" if len(values) > _SHOWN_VALUES else ""
            parts.append(f"{_LABELS[attribution['attribute']]} {', '.join(values[:_SHOWN_VALUES])}{more}")
    for part in parts:
        text = safe_text(part if stream.is_utf8 else part.replace("…", "..."))
        yield _INDENT + stream.style(shorten(text, width - len(_INDENT), mark=ellipsis), "dim")


def _span(start: Mapping[str, Any], end: Mapping[str, Any] | None) -> str:
    first = start["eventTime"][:16].replace("T", " ")
    if end is None:
        return f"from {first}"
    last = end["eventTime"][:16].replace("T", " ")
    return f"{first} to {last[11:] if last[:10] == first[:10] else last}"


def _rate(average: float) -> str:
    """A number of calls a minute in two or three digits.

    >>> _rate(0), _rate(0.0000882145), _rate(0.6), _rate(1234.5)
    ('0', '0.000088', '0.6', '1,234')
    """
    if average >= 100:
        return count_text(round(average))
    if average >= 1:
        return f"{average:.3g}"
    return f"{average:.6f}".rstrip("0").rstrip(".") if average < 0.01 else f"{average:.2g}"


def _remarks(reading: InsightReading, width: int) -> Iterator[str]:
    """What was not judged, and why."""
    if reading.too_short:
        named = ", ".join(account or "(none named)" for account in reading.too_short[:_SHOWN_ACCOUNTS])
        more = len(reading.too_short) - _SHOWN_ACCOUNTS
        named += f" and {count_text(more)} more" if more > 0 else ""
        yield from paragraph(
            f"not judged, as their calls span less than {count_text(reading.min_hours)} hours: "
            f"{count_text(len(reading.too_short))} of {counted(reading.accounts, 'account')} ({named})",
            width,
            indent="  ",
        )
    if reading.unclassified:
        yield from paragraph(
            f"in no call rate, as they do not say whether they read or write: {counted(reading.unclassified, 'call')}",
            width,
            indent="  ",
        )
