"""Log events: sending, reading, searching. Spec: FP-11, FP-12, WIRE-4.4, WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.logs_stream import sequence_token
from tocsin.api.logs_table import DAY_MS, bad_token, invalid, named_group, operations, page_of
from tocsin.app import log_events
from tocsin.app.pipeline import Pipeline
from tocsin.core.log_event import EventPlace
from tocsin.wire.log_events import FastLogEvents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.api.operation import Context, Parameters
    from tocsin.core.log_event import LogEvent

# 1 January 2024: before that, searches do not run backwards (FP-11.4).
_BACKWARD_SINCE = 1_704_067_200_000

_FORWARD, _BACKWARD = "f/", "b/"


@operations("PutLogEvents")
def put_log_events(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Keep events, with the metric data that filters make of them."""
    given = parameters["logEvents"]
    events: Sequence[tuple[int, str]] = (
        given if isinstance(given, FastLogEvents) else [(one["timestamp"], one["message"]) for one in given]
    )
    outcome = ctx.tocsin.part(Pipeline).put(ctx.scope, parameters["logGroupName"], parameters["logStreamName"], events)
    answer: dict[str, Any] = {"nextSequenceToken": sequence_token(outcome.last_sequence)}
    rejected = {
        "tooNewLogEventStartIndex": outcome.too_new,
        "tooOldLogEventEndIndex": outcome.too_old,
        "expiredLogEventEndIndex": outcome.expired,
    }
    if any(place is not None for place in rejected.values()):
        answer["rejectedLogEventsInfo"] = rejected
    return answer


@operations("GetLogEvents")
def get_log_events(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """A page of a stream, with a token for each direction; at the end the same one comes back."""
    group, stream = named_group(ctx, parameters), parameters["logStreamName"]
    bound = {"group": group, "stream": stream}
    token = parameters.get("nextToken")
    after = before = None
    if token is not None:
        if token[:2] not in (_FORWARD, _BACKWARD):
            raise bad_token()
        place = _place(ctx.position(token[2:], bound, fault=bad_token(), lifetime=DAY_MS))
        after, before = (place, None) if token.startswith(_FORWARD) else (None, place)
    found = log_events.read_stream(
        ctx.tocsin,
        ctx.scope,
        group,
        stream,
        start=parameters.get("startTime"),
        end=parameters.get("endTime"),
        after=after,
        before=before,
        from_head=parameters.get("startFromHead", False),
        limit=parameters.get("limit", log_events.MOST_EVENTS),
    )
    if found:
        last, first = found[-1].place, found[0].place
    else:
        # Nothing lies there: what comes later is found from where this page would have begun.
        last = first = after or before or EventPlace(parameters.get("startTime", 0), 0)
    forward, backward = (
        f"{mark}{ctx.next_token(bound, place)}" for mark, place in ((_FORWARD, last), (_BACKWARD, first))
    )
    if token is not None and not found:
        forward, backward = (token, backward) if token.startswith(_FORWARD) else (forward, token)
    events = [
        {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingestion_time}
        for event in found
    ]
    return {"events": events, "nextForwardToken": forward, "nextBackwardToken": backward}


def _place(position: Sequence[object] | None) -> EventPlace:
    match position:
        case (int() as timestamp, int() as sequence):
            return EventPlace(timestamp, sequence)
        case _:
            raise bad_token()


@operations("FilterLogEvents")
def filter_log_events(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Events of a group that a pattern matches."""
    group = named_group(ctx, parameters)
    names, prefix = parameters.get("logStreamNames"), parameters.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    descending = not parameters.get("startFromHead", True)
    start, end = parameters.get("startTime"), parameters.get("endTime")
    if descending and (start is None or start < _BACKWARD_SINCE):
        raise invalid("startFromHead can be false only with a startTime on or after 2024-01-01T00:00:00Z.")
    begin = page_of(ctx, parameters)
    found = log_events.search_events(
        ctx.tocsin,
        ctx.scope,
        group,
        pattern=parameters.get("filterPattern", ""),
        streams=names,
        stream_prefix=prefix or "",
        start=start,
        end=None if end is None else end + 1,  # both bounds are inside (FP-11.2)
        after=None if begin is None else _place(begin),
        descending=descending,
        limit=parameters.get("limit", log_events.MOST_EVENTS),
    )
    token = None if found.reached is None else ctx.next_token(parameters, found.reached)
    return {"events": [_found(event) for event in found.events], "searchedLogStreams": [], "nextToken": token}


def _found(event: LogEvent) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingestion_time,
        "eventId": event.event_id,
    }
