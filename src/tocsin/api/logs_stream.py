"""Log streams. Spec: WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.logs_table import bad_token, invalid, named_group, operations, page_of
from tocsin.app import log_stream
from tocsin.app.log_stream import stream_arn

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.core.log_event import LogStream

_SEQUENCE_DIGITS = 56


@operations("CreateLogStream")
def create_log_stream(ctx: Context, parameters: Parameters) -> None:
    """Make a stream."""
    log_stream.create_log_stream(ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["logStreamName"])


@operations("DeleteLogStream")
def delete_log_stream(ctx: Context, parameters: Parameters) -> None:
    """Remove a stream with its events."""
    log_stream.delete_log_stream(ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["logStreamName"])


@operations("DescribeLogStreams")
def describe_log_streams(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Streams of a group by name or by their last event."""
    group = named_group(ctx, parameters)
    prefix = parameters.get("logStreamNamePrefix")
    by_last_event = parameters.get("orderBy") == "LastEventTime"
    if by_last_event and prefix is not None:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    begin = page_of(ctx, parameters)
    after: tuple[int, str] | None = None
    match begin:
        case None:
            pass
        case (int() as last_event, str() as name):
            after = (last_event, name)
        case _:
            raise bad_token()
    limit = parameters.get("limit", 50)
    found = log_stream.list_log_streams(
        ctx.tocsin,
        ctx.scope,
        group,
        prefix=prefix or "",
        by_last_event=by_last_event,
        descending=parameters.get("descending", False),
        after=after,
        limit=limit + 1,
    )
    token = None
    if len(found) > limit:
        found = found[:limit]
        last = found[-1]
        token = ctx.next_token(parameters, [-1 if last.last_event is None else last.last_event, last.name])
    return {"logStreams": [_described(ctx, group, one) for one in found], "nextToken": token}


def _described(ctx: Context, group: str, stream: LogStream) -> dict[str, Any]:
    """A stream as AWS tells it: storedBytes is always 0, times are there once it has events (WIRE-8.1)."""
    told: dict[str, Any] = {
        "arn": stream_arn(ctx.scope, group, stream.name),
        "creationTime": stream.created_at,
        "logStreamName": stream.name,
        "storedBytes": 0,
    }
    if stream.last_ingestion is not None:
        told |= {
            "firstEventTimestamp": stream.first_event,
            "lastEventTimestamp": stream.last_event,
            "lastIngestionTime": stream.last_ingestion,
            "uploadSequenceToken": sequence_token(stream.last_ingestion),
        }
    return told


def sequence_token(number: int) -> str:
    """A sequence token: a long text of digits, which nobody asks for any more (FP-12.4)."""
    return f"{number:0{_SEQUENCE_DIGITS}d}"
