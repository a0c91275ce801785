"""Mails through real mail servers on this machine, in order and out of it. Spec: SNS-5.8, SNS-10.4."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from mail_server import PASSWORD, USER, MailServer, ScriptedServer, make_certificate

from tocsin.clock import SystemClock
from tocsin.composition.signing_key import SigningKey
from tocsin.config.smtp_url import SmtpAddress
from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.mail_message import MailWriter
from tocsin.notifiers.signature import MessageSigner
from tocsin.notifiers.smtp import SmtpNotifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tocsin.core.delivery import DeliveryOutcome

TOPIC = "arn:aws:sns:eu-west-1:111122223333:sec-alerts"
PUBLIC = "https://tocsin.example.com"
WRITER = MailWriter(
    MessageSigner(SigningKey(None, SystemClock()), public_url=PUBLIC),
    sender="tocsin@example.com",
    public_url=PUBLIC,
    unsubscribe_token=lambda arn: arn[-1:],
)
ROW = DeliveryRow(
    delivery_id="d", scope=Scope("111122223333", "eu-west-1"), topic_arn=TOPIC, target=f"{TOPIC}:s", protocol="email",
    cause="publish", created_at=0, next_at=0, body=b"",
)  # fmt: skip


def envelope(number: int = 1, **members: Any) -> Envelope:
    """A message for a mailbox."""
    plain = {
        "kind": EnvelopeKind.NOTIFICATION,
        "message_id": f"00000000-0000-4000-8000-{number:012}",
        "topic_arn": TOPIC,
        "subscription_arn": f"{TOPIC}:8e0ebeef-3438-4f2b-9b21-{number:012}",
        "protocol": "email",
        "endpoint": "alice@example.com",
        "message": "something happened",
        "subject": "hello",
        "published_at": 1_772_366_400_000,
    }
    return Envelope(**{**plain, **members})


def address(port: int, **members: Any) -> SmtpAddress:
    return SmtpAddress(host="127.0.0.1", port=port, **members)


def send(server: SmtpAddress, *envelopes: Envelope, **members: Any) -> list[DeliveryOutcome]:
    """What becomes of these, one after the other, over one notifier."""

    async def run() -> list[DeliveryOutcome]:
        notifier = SmtpNotifier(WRITER, server, SystemClock(), **members)
        try:
            return [await notifier.send(ROW, one) for one in envelopes or (envelope(),)]
        finally:
            await notifier.close()

    return asyncio.run(run())


def test_a_mail_arrives() -> None:
    with MailServer() as server:
        assert send(address(server.port)) == [Delivered("Message accepted as 42")]
        (mail,) = server.received
    assert (mail.sender, mail.recipient) == ("tocsin@example.com", "alice@example.com")
    assert mail.message["Subject"] == "hello"
    assert mail.text.startswith("something happened\n")


def test_connections_are_kept() -> None:
    with MailServer() as server:
        send(address(server.port), *map(envelope, range(20)))
        assert len({mail.peer for mail in server.received}) == 1
        assert [mail.message["Message-ID"][1:37] for mail in server.received] == [
            envelope(number).message_id for number in range(20)
        ]


def test_not_too_many_at_a_time() -> None:
    async def run() -> None:
        notifier = SmtpNotifier(WRITER, address(server.port), SystemClock())
        await asyncio.gather(*(notifier.send(ROW, envelope(number)) for number in range(40)))
        await notifier.close()

    with MailServer() as server:
        asyncio.run(run())
        assert len(server.received) == 40
        assert len({mail.peer for mail in server.received}) <= 4


ANSWERS: list[tuple[str, str, DeliveryOutcome]] = [
    ("rcpt", "550 5.1.1 no such user here", Failed(DeliveryReason.REFUSED, "550 5.1.1 no such user here")),
    ("rcpt", "450 4.2.1 come back later", Retry(DeliveryReason.REFUSED, "450 4.2.1 come back later")),
    ("rcpt", "452 4.2.2 mailbox full", Retry(DeliveryReason.REFUSED, "452 4.2.2 mailbox full")),
    ("mail", "553 5.7.1 not from you", Failed(DeliveryReason.REFUSED, "553 5.7.1 not from you")),
    ("mail", "530 5.7.0 sign in first", Retry(DeliveryReason.REFUSED, "530 5.7.0 sign in first")),
    ("mail", "421 4.3.2 too busy", Retry(DeliveryReason.REFUSED, "421 4.3.2 too busy")),
    ("data", "554 5.7.1 this looks like spam", Failed(DeliveryReason.REFUSED, "554 5.7.1 this looks like spam")),
    ("data", "451 4.3.0 local error", Retry(DeliveryReason.REFUSED, "451 4.3.0 local error")),
    ("data", f"554 {'x' * 400}", Failed(DeliveryReason.REFUSED, f"554 {'x' * 252}")),
    ("data", "554 \x1b[2Jgone", Failed(DeliveryReason.REFUSED, "554 [2Jgone")),
]


@pytest.mark.parametrize(("phase", "answer", "outcome"), ANSWERS)
def test_what_the_server_says_of_a_mail_decides(phase: str, answer: str, outcome: DeliveryOutcome) -> None:
    told = [answer]
    with MailServer(lambda at, _address: told.pop() if at == phase and told else None) as server:
        # The next one goes over the same connection where that is still of use.
        assert send(address(server.port), envelope(1), envelope(2)) == [outcome, Delivered("Message accepted as 42")]
        assert [mail.message["Message-ID"][1:37] for mail in server.received] == [envelope(2).message_id]


GREETING, HELLO, OK = b"220 mail.example.com\r\n", b"250 mail.example.com\r\n", b"250 OK\r\n"
SCRIPTS: list[tuple[str, tuple[bytes | str | None, ...], DeliveryReason]] = [
    ("closes at once", (None,), DeliveryReason.CONNECTION),
    ("greets with a refusal", (b"554 no service for you\r\n",), DeliveryReason.REFUSED),
    ("greets with a plea", (b"421 too many connections\r\n",), DeliveryReason.REFUSED),
    ("speaks HTTP", (b"HTTP/1.1 400 Bad Request\r\n\r\n", None), DeliveryReason.CONNECTION),
    ("says nothing", ("hang",), DeliveryReason.TIME_OUT),
    ("says nothing to EHLO", (GREETING, "hang"), DeliveryReason.TIME_OUT),
    ("closes after EHLO", (GREETING, None), DeliveryReason.CONNECTION),
    ("closes at MAIL", (GREETING, HELLO, None), DeliveryReason.CONNECTION),
    ("says nothing to MAIL", (GREETING, HELLO, "hang"), DeliveryReason.TIME_OUT),
    ("closes in the midst of a message", (GREETING, HELLO, OK, OK, b"354 go on\r\n", None), DeliveryReason.CONNECTION),
    ("says nothing in the midst", (GREETING, HELLO, OK, OK, b"354 go on\r\n", "hang"), DeliveryReason.TIME_OUT),
    ("answers without end", (GREETING, b"250-x\r\n" * 20_000), DeliveryReason.CONNECTION),
]


@pytest.mark.parametrize(
    ("steps", "reason"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in SCRIPTS]
)
def test_a_server_that_misbehaves_gets_the_mail_again(
    steps: tuple[bytes | str | None, ...], reason: DeliveryReason
) -> None:
    with ScriptedServer(*steps) as server:
        (outcome,) = send(address(server.port), connect_seconds=0.5, command_seconds=0.5)
    assert isinstance(outcome, Retry)
    assert outcome.reason is reason
    assert f"127.0.0.1:{server.port}" in outcome.answer
    assert outcome.answer.isprintable()


def test_a_kept_connection_that_has_ended_costs_nothing() -> None:
    with MailServer() as server:

        async def run() -> list[DeliveryOutcome]:
            notifier = SmtpNotifier(WRITER, address(server.port), SystemClock())
            first = await notifier.send(ROW, envelope(1))
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            second = await notifier.send(ROW, envelope(2))
            await notifier.close()
            return [first, second]

        assert asyncio.run(run()) == [Delivered("Message accepted as 42")] * 2


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (outcome,) = send(address(port))
    assert isinstance(outcome, Retry)
    assert outcome.reason is DeliveryReason.CONNECTION


def test_a_name_that_there_is_not() -> None:
    assert send(SmtpAddress(host="mail.invalid", port=25)) == [
        Retry(DeliveryReason.NAME, "mail.invalid:25 has no address")
    ]


# ---------------------------------------------------------------- signing in, TLS


@pytest.mark.parametrize(
    ("password", "expected"),
    [(PASSWORD, Delivered("Message accepted as 42")), ("wrong", Retry(DeliveryReason.REFUSED, ""))],
)
def test_signing_in(password: str, expected: DeliveryOutcome) -> None:
    with MailServer(needs_login=True) as server:
        (outcome,) = send(address(server.port, user=USER, password=password))
    if isinstance(expected, Retry):
        assert isinstance(outcome, Retry)
        assert outcome.reason is DeliveryReason.REFUSED
        assert outcome.answer.startswith(f"sign-in at 127.0.0.1:{server.port}: 535")
        assert "wrong" not in outcome.answer
    else:
        assert outcome == expected


class Elsewhere(SmtpAddress, frozen=True, kw_only=True):
    """A server that is taken for one on another machine."""

    @property
    def is_local(self) -> bool:
        return False


@pytest.mark.parametrize(("tls", "is_sent"), [("auto", False), ("none", True)])
def test_a_password_does_not_go_out_in_the_clear_unasked(tls: str, is_sent: bool) -> None:
    with MailServer(needs_login=True) as server:
        place = Elsewhere(host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, tls=tls)
        (outcome,) = send(place)
    if is_sent:
        assert isinstance(outcome, Delivered)
    else:
        assert isinstance(outcome, Retry)
        assert outcome.reason is DeliveryReason.TLS
        assert "offers no TLS" in outcome.answer


@pytest.mark.parametrize(
    ("is_implicit", "tls", "is_private"),
    [(True, "implicit", True), (False, "starttls", True), (False, "auto", True), (False, "none", False)],
)
def test_tls(tmp_path: Path, *, is_implicit: bool, tls: str, is_private: bool) -> None:
    ours, theirs = make_certificate(tmp_path)
    with MailServer(tls=ours, is_implicit=is_implicit) as server:
        (outcome,) = send(address(server.port, tls=tls), tls=theirs)
        assert outcome == Delivered("Message accepted as 42")
        assert [mail.is_private for mail in server.received] == [is_private]


NO_TLS: list[tuple[str, Callable[[Any], dict[str, Any]], str, str]] = [
    ("a certificate that nobody vouches for", lambda ours: {"tls": ours, "is_implicit": True}, "implicit", "certificate"),
    ("the same behind STARTTLS", lambda ours: {"tls": ours}, "starttls", "certificate"),
    ("no TLS where it should be", lambda _: {}, "implicit", "TLS"),
    ("no STARTTLS where it must be", lambda _: {}, "starttls", "STARTTLS"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "tls", "told"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in NO_TLS]
)
def test_no_mail_without_the_tls_that_was_asked_for(
    tmp_path: Path, made: Callable[[Any], dict[str, Any]], tls: str, told: str
) -> None:
    with MailServer(**made(make_certificate(tmp_path)[0])) as server:
        (outcome,) = send(address(server.port, tls=tls), connect_seconds=2)
        assert server.received == []
    assert isinstance(outcome, Retry)
    assert told in outcome.answer


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("endpoint", "takes_utf8", "recipient"),
    [
        ("alice@exämple.com", False, "alice@xn--exmple-cua.com"),
        ("jörg@example.com", True, "jörg@example.com"),
        ("o'brien+tocsin@example.com", False, "o'brien+tocsin@example.com"),
    ],
)
def test_addresses(endpoint: str, takes_utf8: bool, recipient: str) -> None:
    with MailServer(takes_utf8=takes_utf8) as server:
        assert send(address(server.port), envelope(endpoint=endpoint)) == [Delivered("Message accepted as 42")]
        assert [mail.recipient for mail in server.received] == [recipient]


def test_an_address_that_the_server_cannot_take() -> None:
    with MailServer() as server:
        outcomes = send(address(server.port), envelope(1, endpoint="jörg@example.com"), envelope(2))
    assert outcomes == [
        Failed(DeliveryReason.REFUSED, f"127.0.0.1:{server.port} takes addresses in ASCII alone"),
        Delivered("Message accepted as 42"),
    ]


def test_an_address_that_is_none() -> None:
    assert send(address(1), envelope(endpoint="nobody")) == [Failed(DeliveryReason.MESSAGE, "'nobody' is no address")]


def test_a_mail_is_the_same_each_time() -> None:
    one = msgspec.structs.replace(envelope(), message="größe ☂\n.\n..dots\n" + "x" * 2_000)
    assert WRITER.write(one) == WRITER.write(one)
    with MailServer() as server:
        send(address(server.port), one)
        (mail,) = server.received
    assert max(map(len, mail.data.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.data.replace(b"\r\n", b"")
    assert mail.text.startswith(one.message)
