"""Mails through a mail server. Spec: SNS-5.8, SNS-10.4, RFC 5321.

Rule: what the server says of a mail decides about that mail: 5xx is final, 4xx is tried again. What it says before one
is offered (greeting, TLS, sign-in) is of the connection, which somebody has to put right, and the mail is tried again.
Connections are kept, so that many mails do not each pay for one. A password does not go out in the clear unasked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import aiosmtplib

from tocsin.core.delivery import LONGEST_ANSWER, Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry, answer_line

if TYPE_CHECKING:
    from tocsin.clock import Clock
    from tocsin.config.smtp_url import SmtpAddress
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.mail_message import MailWriter, WrittenMail

_CONNECTIONS: Final = 4
CONNECT_SECONDS: Final = 15.0
"""For a connection, and each answer until mails can be offered."""

COMMAND_SECONDS: Final = 60.0
"""For each answer to a mail."""

_IDLE_SECONDS: Final = 20.0
"""After which a connection is not used again: servers end them, and tell nobody."""

_PERMANENT: Final = 500
_SIGN_IN: Final = frozenset((530, 534, 535, 538))
"""Answers to a mail that ask for a sign-in, or another one: for somebody to put right (RFC 4954)."""


class _ConnectionFailedError(Exception):
    """There is no connection to offer a mail over; `outcome` says why."""

    def __init__(self, outcome: Retry) -> None:
        super().__init__(outcome.answer)
        self.outcome = outcome


class SmtpNotifier:
    """Sends mails, over a few connections at most."""

    def __init__(
        self,
        writer: MailWriter,
        server: SmtpAddress,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        """`tls` says whose certificates are trusted; without it those that the system trusts."""
        self._connect_seconds = connect_seconds
        self._command_seconds = command_seconds
        self._writer = writer
        self._server = server
        self._clock = clock
        self._tls = tls or ssl.create_default_context()
        self._room = asyncio.Semaphore(_CONNECTIONS)
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Offer the mail of an envelope once."""
        try:
            mail = await asyncio.to_thread(self._writer.write, envelope)
        except ValueError as error:
            return Failed(DeliveryReason.MESSAGE, str(error)[:LONGEST_ANSWER])
        async with self._room:
            while True:
                connection, is_kept = self._take()
                try:
                    if connection is None:
                        connection = await self._connect()
                except _ConnectionFailedError as error:
                    return error.outcome
                outcome = await self._offer(connection, mail, is_kept=is_kept)
                if outcome is not None:
                    return outcome

    async def close(self) -> None:
        """Say goodbye on all connections."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            with suppress(Exception):
                await connection.quit(timeout=1)
            connection.close()

    # -------------------------------------------------------- connections

    def _take(self) -> tuple[aiosmtplib.SMTP | None, bool]:
        """A connection that was kept, if there is one that is fresh; and whether it is such a one."""
        while self._idle:
            connection, since = self._idle.pop()
            if connection.is_connected and self._clock.monotonic() - since < _IDLE_SECONDS:
                return connection, True
            connection.close()
        return None, False

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "implicit",
            start_tls={"starttls": True, "auto": None}.get(server.tls, False),
            tls_context=self._tls,
            timeout=self._connect_seconds,
            local_hostname=_own_name(),
        )
        try:
            await client.connect()
            if server.user:
                self._require_privacy(client)
                await client.login(server.user, server.password)
        except _ConnectionFailedError:
            client.close()
            raise
        except BaseException as error:
            client.close()
            if isinstance(error, (aiosmtplib.SMTPException, OSError, TimeoutError)):
                raise _ConnectionFailedError(self._no_connection(error)) from None
            raise
        client.timeout = self._command_seconds
        return client

    def _require_privacy(self, client: aiosmtplib.SMTP) -> None:
        """See that nobody on the way can read a password; on this machine, or where that was asked for, anybody may."""
        is_private = client.transport is not None and client.transport.get_extra_info("ssl_object") is not None
        if not is_private and self._server.tls != "none" and not self._server.is_local:
            reason = "offers no TLS, and the password would go in the clear; with ?tls=none it does"
            raise _ConnectionFailedError(Retry(DeliveryReason.TLS, f"{self._server.place} {reason}"[:LONGEST_ANSWER]))

    def _no_connection(self, error: BaseException) -> Retry:
        """Why there is no connection, from what aiosmtplib raises."""
        place = self._server.place
        chain: list[BaseException] = []
        one: BaseException | None = error
        while one is not None and one not in chain:
            chain.append(one)
            one = one.__cause__ or one.__context__
        if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
            cause = next(one for one in chain if isinstance(one, ssl.SSLCertVerificationError))
            return Retry(
                DeliveryReason.TLS, answer_line(f"the certificate of {place} is refused: {cause.verify_message}")
            )
        if any(isinstance(one, ssl.SSLError) for one in chain):
            return Retry(DeliveryReason.TLS, f"no TLS with {place}; is tls= right for this port?"[:LONGEST_ANSWER])
        if any(isinstance(one, socket.gaierror) for one in chain):
            return Retry(DeliveryReason.NAME, f"{place} has no address"[:LONGEST_ANSWER])
        if isinstance(error, aiosmtplib.SMTPResponseException) and error.code < 0:
            return Retry(DeliveryReason.CONNECTION, answer_line(f"{place} does not speak SMTP: {error.message}"))
        if isinstance(error, aiosmtplib.SMTPAuthenticationError):
            return Retry(DeliveryReason.REFUSED, answer_line(f"sign-in at {place}: {error.code} {error.message}"))
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return Retry(DeliveryReason.REFUSED, answer_line(f"{place}: {error.code} {error.message}"))
        if isinstance(error, (aiosmtplib.SMTPTimeoutError, TimeoutError)):
            return Retry(DeliveryReason.TIME_OUT, f"no answer from {place}"[:LONGEST_ANSWER])
        if any(isinstance(one, aiosmtplib.SMTPNotSupported) for one in chain):
            return Retry(DeliveryReason.REFUSED, answer_line(f"{place}: {error}"))
        return Retry(DeliveryReason.CONNECTION, answer_line(f"no connection to {place}: {error}"))

    # -------------------------------------------------------- a mail

    async def _offer(self, connection: aiosmtplib.SMTP, mail: WrittenMail, *, is_kept: bool) -> DeliveryOutcome | None:
        """Offer a mail over a connection, which is kept where it can be used again.

        None for a kept connection that had ended before the mail was taken: it is to be offered over another.
        """
        outcome: DeliveryOutcome
        usable = False
        try:
            if mail.needs_utf8 and not connection.supports_extension("smtputf8"):
                usable = True
                return Failed(DeliveryReason.REFUSED, f"{self._server.place} takes addresses in ASCII alone")
            options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.needs_utf8 else []
            _, answer = await connection.sendmail(mail.sender, [mail.recipient], mail.data, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            usable, outcome = True, self._judged(error.recipients[0])
        except aiosmtplib.SMTPResponseException as error:
            # A code below zero is aiosmtplib's, for an answer that is none.
            usable, outcome = error.code > 0, self._judged(error)
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            outcome = Retry(DeliveryReason.TIME_OUT, f"no answer from {self._server.place}"[:LONGEST_ANSWER])
        except (aiosmtplib.SMTPServerDisconnected, OSError) as error:
            if is_kept:
                return None
            outcome = Retry(
                DeliveryReason.CONNECTION, answer_line(f"{self._server.place} ended the connection: {error}")
            )
        except aiosmtplib.SMTPException as error:
            outcome = Retry(DeliveryReason.CONNECTION, answer_line(f"{self._server.place}: {error}"))
        else:
            usable, outcome = True, Delivered(answer_line(answer))
        finally:
            # Cancelled in the midst, a connection is of no further use.
            if usable and connection.is_connected:
                self._idle.append((connection, self._clock.monotonic()))
            else:
                connection.close()
        return outcome

    def _judged(self, error: aiosmtplib.SMTPResponseException) -> DeliveryOutcome:
        if error.code < 0:
            return Retry(
                DeliveryReason.CONNECTION, answer_line(f"{self._server.place} speaks no SMTP: {error.message}")
            )
        text = answer_line(f"{error.code} {error.message}")
        if error.code >= _PERMANENT and error.code not in _SIGN_IN:
            return Failed(DeliveryReason.REFUSED, text)
        return Retry(DeliveryReason.REFUSED, text)


def _own_name() -> str:
    """What we call ourselves: the name of the machine, of which servers check no more than the form."""
    name = socket.gethostname()
    return name if name.isascii() and name else "localhost"
