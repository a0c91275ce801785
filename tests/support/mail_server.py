"""A mail server on this machine (aiosmtpd), which answers as it is told; and one that speaks from a script.

with MailServer() as server:
    send(server.url)
    server.wait(1)
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import ipaddress
import socket
import ssl
import threading
import time
from email import policy
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import Envelope, Session

USER, PASSWORD = "alerts", "correct horse"


class ReceivedMail(NamedTuple):
    """A mail that was taken: from whom, to whom, its bytes, and over which connection."""

    sender: str
    recipient: str
    data: bytes
    peer: tuple[str, int]
    is_private: bool

    @property
    def message(self) -> EmailMessage:
        """The mail, read."""
        return email.message_from_bytes(self.data, policy=policy.default)

    @property
    def text(self) -> str:
        """Its plain text."""
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        """Its HTML."""
        body = self.message.get_body(("html",))
        assert body is not None
        return str(body.get_content())


Reply = "Callable[[str, str], str | None]"
"""Given a phase (mail, rcpt, data) and the address: the answer, or None for the usual one."""


class _Handler:
    def __init__(self, server: MailServer, reply: Callable[[str, str], str | None]) -> None:
        self._server = server
        self._reply = reply

    async def handle_MAIL(  # noqa: N802  (named by aiosmtpd)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._reply("mail", address)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self._reply("rcpt", address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        recipient = envelope.rcpt_tos[0]
        answer = self._reply("data", recipient)
        if answer is None:
            data = envelope.original_content or b""
            assert isinstance(session.peer, tuple)
            self._server.received.append(
                ReceivedMail(
                    envelope.mail_from or "",
                    recipient,
                    data,
                    session.peer[:2],
                    self._server.is_implicit or session.ssl is not None,
                )
            )
        return answer or "250 Message accepted as 42"


class MailServer:
    """A server on loopback. With `tls` it offers STARTTLS, with `is_implicit` it begins with it."""

    def __init__(
        self,
        reply: Callable[[str, str], str | None] = lambda _phase, _address: None,
        *,
        tls: ssl.SSLContext | None = None,
        is_implicit: bool = False,
        needs_login: bool = False,
        takes_utf8: bool = False,
    ) -> None:
        self.received: list[ReceivedMail] = []
        more: dict[str, Any] = {}
        if tls is not None:
            more["ssl_context" if is_implicit else "tls_context"] = tls
        if needs_login:
            more |= {"authenticator": _authenticate, "auth_require_tls": False}
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.port: int = port
        self.is_implicit = is_implicit
        self._make = lambda: Controller(
            _Handler(self, reply), hostname="127.0.0.1", port=port, enable_SMTPUTF8=takes_utf8, **more
        )
        self._controller: Controller | None = None
        self.scheme = "smtps" if is_implicit else "smtp"

    @property
    def url(self) -> str:
        """Its address, as in the settings."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._controller = self._make()  # type: ignore[no-untyped-call]
        self._controller.start()

    def stop(self) -> None:
        """Be gone."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, count: int, *, seconds: float = 20.0) -> list[ReceivedMail]:
        """The mails, as soon as there are so many."""
        until = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count} mails came"
            threading.Event().wait(0.02)
        return list(self.received)


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=given == right, handled=given == right)


class ScriptedServer:
    """A server that says what it is told to, line by line, and closes the connection or hangs in the end.

    Each step is what is said when a line has come: bytes, None to close, or "hang" to say nothing more. The first
    step is the greeting. Behind `DATA` lines are read up to the dot where the step says `354`.
    """

    def __init__(self, *steps: bytes | str | None) -> None:
        self._steps: Sequence[bytes | str | None] = steps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        with connection, contextlib.suppress(OSError):
            for number, step in enumerate(self._steps):
                if number and not self._read_line(connection):
                    return
                if step is None:
                    return
                if step == "hang":
                    self._over.wait()
                    return
                assert isinstance(step, bytes)
                connection.sendall(step)

    def _read_line(self, connection: socket.socket) -> bool:
        data = b""
        while not data.endswith(b"\n"):
            if self._over.is_set():
                return False
            with contextlib.suppress(TimeoutError):
                part = connection.recv(1)
                if not part:
                    return False
                data += part
        return True


def make_certificate(folder: Path, *, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own, and that of a client who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
