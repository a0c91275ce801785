"""`tocsin sub`: subscriptions, who has agreed, and what can be done about those who have not. Spec: IF-1, SNS-12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import DONE
from tocsin.cli.folder_options import FolderOptions, settings_of
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.moment import moment_text
from tocsin.cli.options import OutputOptions
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.safe_text import safe_text
from tocsin.cli.signature import Parameter
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.quantity import counted
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.subscription_care import SubscriptionState
    from tocsin.cli.terminal import Stream

_TO_THE_TERMINAL = OutputOptions()
_THE_USUAL = FolderOptions()
_STYLES = {"pending": "yellow", "deleted": "red"}
_HEAD = ("arn", "topic", "protocol", "endpoint", "state", "since", "until", "last", "reason")


def subscriptions(
    *,
    folder: FolderOptions = _THE_USUAL,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """List every subscription with its state, and what became of the last message to it.

    States: pending (asked, and told nothing until it agrees), confirmed, protected (removed by a signed call alone),
    deleted (ended by a link, which can be taken back).

    Examples
    --------
    tocsin sub
        who is subscribed

    tocsin sub resend "$ARN"
        the question once more, with a new link

    tocsin sub --format json | jq -r '.[] | select(.state == "pending").endpoint'
        who has not agreed
    """
    found: Sequence[SubscriptionState] = invocation.use_cases.subscriptions(
        settings_of(folder, invocation), invocation.environ
    )
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "json":
                write_json(stream, [_document(one) for one in found])
            case "ndjson":
                write_ndjson(stream, [_document(one) for one in found])
            case "csv":
                write_csv(stream, _HEAD, [tuple(_document(one).values()) for one in found])
            case _:
                write_lines(stream, _draw(found, stream))
    return DONE


def _document(one: SubscriptionState) -> dict[str, Any]:
    return {
        "arn": one.arn,
        "topic": one.topic_arn,
        "protocol": one.protocol,
        "endpoint": one.endpoint,
        "state": one.state,
        "since": moment_text(one.since),
        "until": None if one.until is None else moment_text(one.until),
        "last": one.outcome,
        "reason": one.reason,
    }


def _draw(found: Sequence[SubscriptionState], stream: Stream) -> Iterator[str]:
    by_topic: dict[str, list[SubscriptionState]] = {}
    for one in found:
        by_topic.setdefault(one.topic_arn, []).append(one)
    for topic, subscribed in by_topic.items():
        yield safe_text(topic)
        columns = [
            Column("STATE"),
            Column("SINCE"),
            Column("PROTOCOL"),
            Column("ENDPOINT", wraps=True, least=20),
            Column("LAST MESSAGE", wraps=True, least=16, style="dim"),
        ]
        rows: list[list[str | Cell]] = [
            [
                Cell(one.state, _STYLES.get(one.state, "green")),
                moment_text(one.since),
                one.protocol,
                one.endpoint,
                one.outcome,
            ]
            for one in subscribed
        ]
        yield from draw_table(columns, rows, stream)
        for one in subscribed:
            if one.until is not None:
                yield from paragraph(f"{one.state} until {moment_text(one.until)}: {one.arn}", stream.width)
            elif one.reason:
                yield from paragraph(f"confirmed for {one.endpoint}: {one.reason}", stream.width)
        yield ""
    yield counted(len(found), "subscription")
    if any(one.until is not None for one in found):
        yield from paragraph("tocsin sub resend ARN asks once more.", stream.width)


def resend(
    arn: Annotated[str, Parameter(name="ARN")],
    /,
    *,
    folder: FolderOptions = _THE_USUAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Send the message that asks for a confirmation once more, with a new link; the older ones still work.

    To one that was ended by a link it sends the message with which that is taken back. It leaves when the service
    runs. A mailbox gets five such mails an hour.

    Parameters
    ----------
    arn
        The subscription, as tocsin sub lists it.

    Examples
    --------
    tocsin sub resend "$ARN"
        the question once more
    """
    due = invocation.use_cases.resend_confirmation(settings_of(folder, invocation), invocation.environ, arn)
    now = int(invocation.clock.now().timestamp() * 1000)
    when = "at once" if due <= now else f"at {moment_text(due)}: this mailbox had five such mails within an hour"
    invocation.terminal.output.write(f"it is sent {when}\n")
    return DONE


def confirm(
    arn: Annotated[str, Parameter(name="ARN")],
    /,
    *,
    reason: Annotated[str, Parameter(name="--reason", metavar="TEXT", group="Confirming")],
    folder: FolderOptions = _THE_USUAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Confirm a subscription for an address that cannot press a button, such as a pager's mailbox.

    AWS has no such thing. The reason is kept and shown. Endpoints over http and https confirm by themselves.

    Parameters
    ----------
    arn
        The subscription, as tocsin sub lists it.
    reason
        Why the address cannot confirm by itself.

    Examples
    --------
    tocsin sub confirm "$ARN" --reason "the mailbox of a pager"
        what nobody can press is agreed to
    """
    from tocsin.app.subscription_care import NoReasonError

    try:
        invocation.use_cases.confirm_subscription_for(settings_of(folder, invocation), invocation.environ, arn, reason)
    except NoReasonError as error:
        raise InputError(f"--reason: {error.message}") from None
    invocation.terminal.output.write("confirmed\n")
    return DONE
