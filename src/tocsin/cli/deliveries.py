"""`tocsin deliveries`: what was sent to whom, and every attempt. Spec: IF-1, SNS-10.7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from tocsin.cli.failure import DONE
from tocsin.cli.folder_options import FolderOptions, settings_of
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.moment import moment_text, parse_moment
from tocsin.cli.options import OutputOptions
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.quantity import counted
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.delivery_record import DeliveryRecord, FoundDeliveries
    from tocsin.cli.terminal import Stream

State = Literal["pending", "delivered", "failed"]

_TO_THE_TERMINAL = OutputOptions()
_THE_USUAL = FolderOptions()
_STYLES = {"failed": "red", "pending": "yellow", "delivered": "green"}
_HEAD = ("id", "state", "created", "topic", "protocol", "endpoint", "subject", "attempts", "outcome")
_MOST = 10_000
_INDENT = " " * 6


def deliveries(
    *,
    state: Annotated[State | None, Parameter(name="--state", metavar="STATE", group="Deliveries")] = None,
    topic: Annotated[str | None, Parameter(name="--topic", metavar="TOPIC", group="Deliveries")] = None,
    to: Annotated[str | None, Parameter(name="--to", metavar="TEXT", group="Deliveries")] = None,
    since: Annotated[str | None, Parameter(name="--since", metavar="WHEN", group="Deliveries")] = None,
    limit: Annotated[int, Parameter(name="--limit", metavar="N", group="Deliveries")] = 50,
    folder: FolderOptions = _THE_USUAL,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """List deliveries, the newest first, with every attempt: when, how long it took, what the other side said.

    A message that is published is one delivery for each subscriber. They are kept for some time after they have
    ended; what has failed in the end can be sent once more.

    Parameters
    ----------
    state
        pending (it waits or is tried again), delivered, or failed (default: all).
    topic
        A topic, by its ARN or name (default: all).
    to
        A part of the endpoint (default: all).
    since
        Made from this moment on: ISO 8601, or how long ago, such as 24h (default: all that are kept).
    limit
        So many at the most, up to 10000 (default: 50).

    Examples
    --------
    tocsin deliveries
        the last fifty

    tocsin deliveries --state failed --since 7d
        what was given up this week, and why

    tocsin deliveries replay 5f1c0b1e-0f5e-4a1b-9d0e-56e0f3c2a001
        one of these once more
    """
    if not 1 <= limit <= _MOST:
        raise InputError(f"--limit is a number from 1 to {_MOST}")
    begin = None if since is None else parse_moment(since, option="--since", now=invocation.clock.now()) * 1000
    listed: FoundDeliveries = invocation.use_cases.deliveries(
        settings_of(folder, invocation),
        invocation.environ,
        status=state,
        topic=topic,
        to=to,
        since=begin,
        limit=limit,
    )
    found = listed.records
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "json":
                write_json(stream, [_document(one) for one in found])
            case "ndjson":
                write_ndjson(stream, [_document(one) for one in found])
            case "csv":
                write_csv(stream, _HEAD, [_row(one) for one in found])
            case _:
                write_lines(stream, _draw(found, stream))
    if listed.cut_at is not None and not output.quiet:
        newest = counted(listed.cut_at, "delivery", "deliveries")
        invocation.terminal.note(f"the newest {newest} were looked at, and there are older ones")
    return DONE


def _document(one: DeliveryRecord) -> dict[str, Any]:
    row = one.row
    return {
        "id": row.delivery_id,
        "state": row.status.value,
        "created": moment_text(row.created_at),
        "next": moment_text(row.next_at) if row.status.value == "pending" else None,
        "topic": row.topic_arn,
        "protocol": row.protocol,
        "endpoint": one.endpoint,
        "subject": one.subject,
        "cause": row.cause,
        "attempts": [
            {"number": each.number, "at": moment_text(each.at), "milliseconds": each.took, "outcome": each.text}
            for each in one.attempts
        ],
    }


def _row(one: DeliveryRecord) -> tuple[str | int, ...]:
    row = one.row
    told = (row.delivery_id, row.status.value, moment_text(row.created_at), row.topic_arn, row.protocol)
    return (*told, one.endpoint, one.subject, row.attempts, row.outcome)


def _draw(found: Sequence[DeliveryRecord], stream: Stream) -> Iterator[str]:
    columns = [
        Column("STATE"),
        Column("CREATED"),
        Column("TOPIC", wraps=True, least=10),
        Column("TO", wraps=True, least=18),
        Column("MESSAGE", wraps=True, least=18),
    ]
    for number, one in enumerate(found):
        row = one.row
        cells: list[str | Cell] = [
            Cell(row.status.value, _STYLES[row.status.value]),
            moment_text(row.created_at),
            row.topic_arn.rpartition(":")[2],
            f"{row.protocol} {one.endpoint}",
            one.subject,
        ]
        lines = list(draw_table(columns, [cells], stream))
        yield from lines if number == 0 else lines[1:]
        for each in one.attempts:
            told = f"{moment_text(each.at)}, {each.took:,} ms: {each.text}"
            yield from paragraph(told, stream.width, indent=_INDENT, first=f"{each.number:>4}. ")
        if row.status.value == "pending":
            yield from paragraph(f"next at {moment_text(row.next_at)}", stream.width, indent=_INDENT)
        yield from paragraph(row.delivery_id, stream.width, indent=_INDENT)
    if found:
        yield ""
    yield counted(len(found), "delivery", "deliveries")
    if any(one.row.status.value == "failed" for one in found):
        yield from paragraph("tocsin deliveries replay ID sends one that has failed once more.", stream.width)


def replay(
    ident: Annotated[str, Parameter(name="ID")],
    /,
    *,
    folder: FolderOptions = _THE_USUAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Have a delivery that has failed tried once more, with the schedule from where it ended.

    It leaves when the service runs, under the same id: who had it already can tell.

    Parameters
    ----------
    ident
        The delivery, as tocsin deliveries lists it.

    Examples
    --------
    tocsin deliveries replay 5f1c0b1e-0f5e-4a1b-9d0e-56e0f3c2a001
        once more
    """
    invocation.use_cases.replay_delivery(settings_of(folder, invocation), invocation.environ, ident)
    invocation.terminal.output.write("it is due again\n")
    return DONE
