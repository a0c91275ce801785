"""`tocsin mailbox`: the mails of a service that has no mail server. Spec: IF-7, SNS-5.8."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from tocsin.cli.failure import DONE
from tocsin.cli.folder_options import FolderOptions, settings_of
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.safe_text import safe_text
from tocsin.cli.signature import Parameter
from tocsin.cli.table import Column, draw_table, paragraph
from tocsin.core.quantity import counted
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage

    from tocsin.cli.terminal import Stream
    from tocsin.core.mail.kept_mail import KeptMail

_TO_THE_TERMINAL = OutputOptions()
_THE_USUAL = FolderOptions()
_LINK = re.compile(r"https?://\S+/(?:_tocsin/subscriptions/|\?Action=)\S+")


def mailbox(
    *,
    folder: FolderOptions = _THE_USUAL,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """List the mails in the built-in mailbox, the newest first.

    A service without a mail server (smtp.url) keeps its mails there, whether it runs or not.

    Examples
    --------
    tocsin mailbox
        what has come

    tocsin mailbox show 5f1c0b1e
        one mail, by a part of its name

    tocsin mailbox open 5f1c0b1e
        the page that confirms a subscription
    """
    mails: Sequence[KeptMail] = invocation.use_cases.mails_in_mailbox(
        settings_of(folder, invocation), invocation.environ
    )
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "json":
                write_json(stream, [mail._asdict() for mail in mails])
            case "ndjson":
                write_ndjson(stream, [mail._asdict() for mail in mails])
            case "csv":
                write_csv(stream, ("name", "date", "recipient", "subject"), mails)
            case _:
                write_lines(stream, _draw(mails, stream))
    return DONE


def _draw(mails: Sequence[KeptMail], stream: Stream) -> Iterator[str]:
    if mails:
        columns = [
            Column("MAIL"),
            Column("DATE"),
            Column("TO", wraps=True, least=16),
            Column("SUBJECT", wraps=True, least=24),
        ]
        rows = [[mail.name.rpartition("-")[2], mail.date, mail.recipient, mail.subject] for mail in mails]
        yield from draw_table(columns, rows, stream)
        yield ""
    yield counted(len(mails), "mail")
    if mails:
        yield from paragraph(
            "tocsin mailbox show MAIL prints one, tocsin mailbox open MAIL follows its link.", stream.width
        )


def show(
    name: Annotated[str, Parameter(name="MAIL")],
    /,
    *,
    raw: Annotated[bool, Parameter(name="--raw", group="Output")] = False,
    folder: FolderOptions = _THE_USUAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Print a mail of the built-in mailbox: who it is for, its subject and its text.

    Parameters
    ----------
    name
        The mail, by its name or a part that no other begins or ends with.
    raw
        Print the mail as it would travel, with all headers and parts (default: its text).

    Examples
    --------
    tocsin mailbox show 5f1c0b1e
        the text of a mail

    tocsin mailbox show 5f1c0b1e --raw > alarm.eml
        a file that mail programs open
    """
    mail = _mail(name, folder, invocation)
    output = invocation.terminal.output
    if raw:
        output.write(mail.as_bytes().decode("utf-8", "replace"))
        return DONE
    for header in ("Date", "From", "To", "Subject"):
        output.write(f"{header}: {safe_text(str(mail[header] or ''))}\n")
    for part in mail.iter_attachments():
        output.write(f"Attached: {safe_text(part.get_filename() or '?')}\n")
    output.write("\n" + "".join(f"{safe_text(line)}\n" for line in _text(mail).splitlines()))
    return DONE


def open_link(
    name: Annotated[str, Parameter(name="MAIL")],
    /,
    *,
    folder: FolderOptions = _THE_USUAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Print the link in a mail that confirms or ends a subscription, and on a terminal open it in a browser.

    Opening it changes nothing: the page has a button for that.

    Parameters
    ----------
    name
        The mail, by its name or a part that no other begins or ends with.

    Examples
    --------
    tocsin mailbox open 5f1c0b1e
        the page that confirms a subscription
    """
    found = _LINK.search(_text(_mail(name, folder, invocation)))
    if found is None:
        raise NotFoundError(f'the mail "{name}" has no link that confirms or ends a subscription')
    invocation.terminal.output.write(f"{found[0]}\n")
    if invocation.terminal.output.can_move:
        import webbrowser

        webbrowser.open(found[0])
    return DONE


def _mail(name: str, folder: FolderOptions, invocation: Invocation) -> EmailMessage:
    found: EmailMessage = invocation.use_cases.mail_in_mailbox(
        settings_of(folder, invocation), invocation.environ, name
    )
    return found


def _text(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(preferencelist=("plain",))
    return "" if body is None else str(body.get_content())
