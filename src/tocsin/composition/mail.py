"""How mails leave: through the server of the settings, else into the built-in mailbox. Spec: SNS-5.8, SNS-5.9, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from tocsin.composition.data_folder import MAILBOX, existing_data_folder
from tocsin.config.smtp_url import SmtpAddress, parse_smtp_url
from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.message import EmailMessage
    from pathlib import Path

    from tocsin.app.ports import Notifier
    from tocsin.clock import Clock
    from tocsin.config import Config
    from tocsin.core.mail.kept_mail import KeptMail
    from tocsin.notifiers.signature import MessageSigner


def plan_mail(config: Config, environ: Mapping[str, str]) -> SmtpAddress | None:
    """The mail server, with its password; None where there is none.

    Raises:
        ConfigError: what the settings refer to is not there, or they do not go together.
    """
    smtp = config.smtp
    if smtp.url is None:
        if smtp.password is not None:
            raise ConfigError("smtp.password is set, and smtp.url is not", key="smtp.password")
        return None
    address = parse_smtp_url(smtp.url.reveal(environ, key="smtp.url"))
    if address is None:
        hint = "for example smtp://alerts@mail.example.com:587?tls=starttls"
        raise ConfigError(f"smtp.url is {smtp.url.shown}, and no such address stands there", key="smtp.url", hint=hint)
    if smtp.password is None:
        return address
    if not address.user:
        hint = "put the user into smtp.url: smtp://USER@HOST"
        raise ConfigError("smtp.password is set, and smtp.url names no user", key="smtp.url", hint=hint)
    if address.password:
        raise ConfigError("smtp.password is set, and smtp.url has a password as well", key="smtp.password")
    return msgspec.structs.replace(address, password=smtp.password.reveal(environ, key="smtp.password"))


def sender_of(config: Config, server: SmtpAddress | None, public_url: str) -> str:
    """The address that mails come from: what is set, else the user of the mail server, else `tocsin@` our own host."""
    if config.smtp.sender:
        return config.smtp.sender
    if server is not None and "@" in server.user and server.user.isascii():
        return server.user
    host = urlsplit(public_url).hostname or "localhost"
    return f"tocsin@{'localhost' if host.replace('.', '').isdigit() or ':' in host else host}"


def make_mail_notifier(
    signer: MessageSigner,
    clock: Clock,
    *,
    server: SmtpAddress | None,
    sender: str,
    public_url: str,
    mailbox: Path,
    unsubscribe_token: Callable[[str], str],
) -> Notifier:
    """What delivers mails. `mailbox` is the folder for those that no server takes."""
    from tocsin.notifiers.mail_message import MailWriter

    writer = MailWriter(signer, sender=sender, public_url=public_url, unsubscribe_token=unsubscribe_token)
    if server is None:
        from tocsin.notifiers.mailbox import MailboxNotifier

        return MailboxNotifier(writer, mailbox)
    from tocsin.notifiers.smtp import SmtpNotifier

    return SmtpNotifier(writer, server, clock)


# ---------------------------------------------------------------- the built-in mailbox


def mails_in_mailbox(config: Config, environ: Mapping[str, str]) -> list[KeptMail]:
    """What is in the mailbox, the newest first.

    Raises:
        NotFoundError: the folder of the service is not there.
    """
    from tocsin.notifiers.mailbox import list_mails

    return list_mails(existing_data_folder(config, environ) / MAILBOX)


def mail_in_mailbox(config: Config, environ: Mapping[str, str], name: str) -> EmailMessage:
    """One mail, by its name or a part that only one name begins or ends with.

    Raises:
        NotFoundError: there is none, or more than one.
    """
    from tocsin.notifiers.mailbox import find_mail, read_mail

    path = find_mail(existing_data_folder(config, environ) / MAILBOX, name)
    if path is None:
        raise NotFoundError(f'the mailbox has no single mail "{name}"', hint="tocsin mailbox lists the mails")
    return read_mail(path)
