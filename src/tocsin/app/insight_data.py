"""What ListInsightsMetricData and ListInsightsData tell: the counts behind Insights, and Insights. Spec: CT-17.9.

Rule: a point is told for as long as AWS keeps its period; calls of an API that nobody counted are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.record_intake import DAY_SECONDS, HISTORY_DAYS
from tocsin.app.trail import require_trail
from tocsin.core.event_history import INSIGHT_SOURCE, HistoryEvent, insight_event
from tocsin.core.insight.age import most_kept_minutes
from tocsin.core.insight.call import Api, InsightKey, InsightType
from tocsin.core.kept_record import INSIGHT_HISTORY, RecordPlace
from tocsin.core.log_event import Term
from tocsin.core.trail.definition import parse_trail_arn
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

PERIODS: Final = (60, 300, 3600)
MOST_POINTS: Final = 21_600
MOST_EVENTS: Final = 50

_MINUTE: Final = 60


class MetricPage(NamedTuple):
    """Points, each with its second, the trail whose data events are counted, and where the next page begins."""

    points: list[tuple[int, int]]
    trail: str
    following: tuple[int, int] | None


class InsightRow(NamedTuple):
    """An Insights record: where it stands, what is told of it, and its text."""

    place: RecordPlace
    told: HistoryEvent
    text: str


def read_metric(
    service: Service,
    scope: Scope,
    *,
    event_source: str,
    event_name: str,
    insight_type: InsightType,
    error_code: str | None = None,
    trail: str | None = None,
    start: float | None = None,
    end: float | None = None,
    period: int = 3600,
    fills: bool = False,
    span: tuple[int, int] | None = None,
    limit: int = MOST_POINTS,
) -> MetricPage:
    """The calls of an API by periods with start <= second < end, ascending: those with calls, or with `fills` all.

    `span` is what a page before gave as the place where the next one begins, in place of `start` and `end`.

    Raises:
        InvalidParameterError: the parameters do not go together.
        UnknownTrailError: there is no such trail.
    """
    if period not in PERIODS:
        raise InvalidParameterError("Period must be 60, 300 or 3600.")
    if insight_type is InsightType.ERROR_RATE and error_code is None:
        raise InvalidParameterError("ErrorCode is required for ApiErrorRateInsight.")
    now = service.now_ms() // 1000
    first, last = (start, end) if span is None else span
    first = now - HISTORY_DAYS * DAY_SECONDS if first is None else first
    last = now if last is None else last
    if first > last:
        raise InvalidParameterError("StartTime must not be after EndTime.")
    # Only whole periods that are still kept as such, and none that has not begun.
    oldest = now - most_kept_minutes(period // _MINUTE) * _MINUTE
    begin, stop = -int(-max(first, oldest) // period) * period, min(last, now)
    width = period // _MINUTE
    with service.store.read() as store:
        found = None if trail is None else require_trail(store, scope, trail)
        key = InsightKey(
            Api(
                scope.account,
                scope.region,
                event_source,
                event_name,
                "Management" if found is None else "Data",
                "" if found is None else found.arn,
            ),
            error_code if insight_type is InsightType.ERROR_RATE else None,
        )
        # Up to the end of the last period that begins before `stop`.
        until = -int(-stop // period) * width
        rows = store.calls.minutes(key, start=begin // _MINUTE, end=until)
    counts: dict[int, int] = dict.fromkeys(range(begin, until * _MINUTE, period), 0) if fills else {}
    for minute, count in rows:
        second = (minute - minute % width) * _MINUTE
        counts[second] = counts.get(second, 0) + count
    points = sorted(counts.items())
    following = (points[limit][0], -int(-stop // 1)) if len(points) > limit else None
    return MetricPage(points[:limit], key.api.trail, following)


def list_insights(
    service: Service,
    scope: Scope,
    source: str,
    *,
    dimensions: Mapping[str, str],
    start: float | None = None,
    end: float | None = None,
    before: RecordPlace | None = None,
    limit: int = MOST_EVENTS,
) -> tuple[list[InsightRow], RecordPlace | None]:
    """The Insights on the data events of a trail, newest first, and the place behind which there are more, if any.

    Raises:
        InvalidParameterError: `source` is no ARN of a trail, or the times are none.
    """
    if parse_trail_arn(source) is None:
        raise InvalidParameterError(f"InsightSource must be the ARN of a trail: {source}")
    if start is not None and end is not None and start > end:
        raise InvalidParameterError("StartTime must not be after EndTime.")
    oldest = service.now_ms() // 1000 - HISTORY_DAYS * DAY_SECONDS
    found: list[InsightRow] = []
    with service.store.read() as store:
        while len(found) <= limit:
            rows = store.records.look_up(
                scope,
                INSIGHT_HISTORY,
                Term(INSIGHT_SOURCE, source),
                start=oldest if start is None else max(oldest, -int(-start // 1)),
                end=None if end is None else int(end // 1),
                before=before,
                limit=4 * MOST_EVENTS,
            )
            if not rows:
                break
            before = rows[-1].place
            told = [InsightRow(row.place, insight_event(_decode(row.body)), row.body.decode()) for row in rows]
            found += [one for one in told if _is_meant(one.told, source, dimensions)]
    following = found[limit - 1].place if len(found) > limit else None
    return found[:limit], following


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _is_meant(told: HistoryEvent, source: str, dimensions: Mapping[str, str]) -> bool:
    has = {"EventId": told.event_id, "EventName": told.event_name, "EventSource": told.event_source}
    return told.insight_source == source and all(has[name] == value for name, value in dimensions.items())
