"""Messages over HTTP to real servers on this machine: what is sent, and what each kind of answer means. Spec: SNS-8."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
import ssl
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from http_endpoint import HttpEndpoint, Received, Reply
from sns_verifier import is_genuine

from tocsin.clock import ManualClock, SystemClock
from tocsin.composition.signing_key import SigningKey
from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.endpoint_address import LOOPBACK, AddressRules
from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.http import HttpNotifier
from tocsin.notifiers.network import NameNotFoundError, Resolver
from tocsin.notifiers.signature import MessageSigner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("nothing_left_open")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:sec-alerts"
SUBSCRIPTION = f"{TOPIC}:8e0ebeef-3438-4f2b-9b21-1081a8ee92d9"
PUBLIC = "https://sns.example.com"
TOKEN = "0f" * 128
KEY = SigningKey(None, SystemClock())

ROW = DeliveryRow(
    delivery_id="d",
    scope=Scope("111122223333", "eu-west-1"),
    topic_arn=TOPIC,
    target=SUBSCRIPTION,
    cause="publish",
    created_at=0,
    next_at=0,
    body=b"",
)


def envelope(url: str, **given: Any) -> Envelope:
    return Envelope(
        **{
            "kind": EnvelopeKind.NOTIFICATION,
            "message_id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
            "topic_arn": TOPIC,
            "subscription_arn": SUBSCRIPTION,
            "protocol": url.partition(":")[0],
            "endpoint": url,
            "message": "größe\n☂",
            "subject": "hello",
            "attributes": {"kind": MessageAttribute("String", "wrapped")},
            "published_at": 1_790_105_249_337,
            **given,
        }
    )


def sending(
    *envelopes: Envelope, allow: tuple[str, ...] = LOOPBACK, resolver: Resolver | None = None, **more: Any
) -> Any:
    """What becomes of messages, one after the other."""

    async def run() -> list[Any]:
        notifier = HttpNotifier(
            MessageSigner(KEY, public_url=PUBLIC),
            AddressRules(allow),
            ManualClock(NOW),
            resolver=resolver,
            **{"seconds": 10.0, **more},
        )
        try:
            return [await notifier.send(ROW, one) for one in envelopes]
        finally:
            await notifier.close()

    outcomes = asyncio.run(run())
    return outcomes[0] if len(outcomes) == 1 else outcomes


def answering(reply: Reply, **given: Any) -> tuple[Any, list[Received]]:
    more = {name: given.pop(name) for name in ("seconds", "counts_4xx") if name in given}
    with HttpEndpoint(lambda _: reply) as endpoint:
        return sending(envelope(endpoint.url, **given), **more), endpoint.received


# ---------------------------------------------------------------- what is sent


def test_a_notification() -> None:
    outcome, (request,) = answering(Reply(200, b"thanks"))
    assert outcome == Delivered("200 Some Reason: thanks")
    assert request.line == "POST / HTTP/1.1"
    assert request.headers["host"].startswith("127.0.0.1:")
    assert {name: value for name, value in request.headers.items() if name not in {"host", "content-length"}} == {
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
        "accept-encoding": "gzip,deflate",
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
        "x-amz-sns-topic-arn": TOPIC,
        "x-amz-sns-subscription-arn": SUBSCRIPTION,
    }
    read = json.loads(request.body)
    assert (read["Message"], read["Subject"]) == ("größe\n☂", "hello")
    assert is_genuine(request.body.decode(), lambda url: KEY.certificate(url.removeprefix(PUBLIC).encode()) or b"")


def test_a_raw_message_loses_its_attributes() -> None:
    _, (request,) = answering(Reply(), is_raw=True, content_type="application/json; charset=UTF-8")
    assert request.body.decode() == "größe\n☂"
    assert request.headers["x-amz-sns-rawdelivery"] == "true"
    assert request.headers["content-type"] == "application/json; charset=UTF-8"
    assert not any("wrapped" in value for value in request.headers.values())


def test_a_confirmation() -> None:
    kind = EnvelopeKind.SUBSCRIPTION_CONFIRMATION
    _, (request,) = answering(Reply(), kind=kind, token=TOKEN, subject=None, attributes={}, is_raw=True)
    assert request.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert "x-amz-sns-subscription-arn" not in request.headers
    assert json.loads(request.body)["Token"] == TOKEN


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("a/b?c=d&e=%2F", "/a/b?c=d&e=%2F"),
        ("a#fragment", "/a"),
        ("ä?ö", "/%C3%A4?%C3%B6"),
    ],
)
def test_the_path_is_the_endpoints_own(path: str, target: str) -> None:
    with HttpEndpoint() as endpoint:
        assert isinstance(sending(envelope(endpoint.url + path)), Delivered)
        assert endpoint.received[0].line == f"POST {target} HTTP/1.1"


def test_a_retry_sends_the_same() -> None:
    with HttpEndpoint() as endpoint:
        sending(envelope(endpoint.url), envelope(endpoint.url))
        first, second = endpoint.received
    assert first.body == second.body


# ---------------------------------------------------------------- what an answer means


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200), Delivered("200 Some Reason")),
        (Reply(204, headers={"Content-Length": "0"}), Delivered("204 Some Reason")),
        (Reply(299, reason=""), Delivered("299")),
        (Reply(200, gzip.compress(b"packed"), headers={"Content-Encoding": "gzip"}), Delivered("200 Some Reason: packed")),
        (Reply(200, b"not packed", headers={"Content-Encoding": "gzip"}), Delivered("200 Some Reason")),
        (
            Reply(301, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
            Failed(DeliveryReason.STATUS, "301 Some Reason (redirects are not followed)"),
        ),
        (Reply(307, headers={"Location": "/"}), Failed(DeliveryReason.STATUS, "307 Some Reason (redirects are not followed)")),
        (Reply(400, b"no"), Failed(DeliveryReason.STATUS, "400 Some Reason: no")),
        (Reply(403), Failed(DeliveryReason.STATUS, "403 Some Reason")),
        (Reply(404), Failed(DeliveryReason.STATUS, "404 Some Reason")),
        (Reply(429), Retry(DeliveryReason.STATUS, "429 Some Reason")),
        (Reply(429, headers={"Retry-After": "90"}), Retry(DeliveryReason.STATUS, "429 Some Reason", 90.0)),
        (Reply(503, headers={"Retry-After": "7"}), Retry(DeliveryReason.STATUS, "503 Some Reason", 7.0)),
        (
            Reply(503, headers={"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}),
            Retry(DeliveryReason.STATUS, "503 Some Reason", 60.0),
        ),
        (
            Reply(503, headers={"Retry-After": "Sun, 01 Mar 2020 12:01:00 GMT"}),
            Retry(DeliveryReason.STATUS, "503 Some Reason", 0.0),
        ),
        (Reply(503, headers={"Retry-After": "soon"}), Retry(DeliveryReason.STATUS, "503 Some Reason")),
        (Reply(503, headers={"Retry-After": "-1"}), Retry(DeliveryReason.STATUS, "503 Some Reason")),
        (Reply(500, headers={"Retry-After": "90"}), Retry(DeliveryReason.STATUS, "500 Some Reason")),
        (Reply(599), Retry(DeliveryReason.STATUS, "599 Some Reason")),
        (Reply(600), Failed(DeliveryReason.STATUS, "600 Some Reason")),
        (Reply(200, raw=b"HTTP/1.0 200 OK\r\n\r\nold", closes=True), Delivered("200 OK: old")),
        (
            Reply(200, raw=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            Delivered("200 OK"),
        ),
    ],
    ids=lambda value: None,
)  # fmt: skip
def test_answers(reply: Reply, outcome: Any) -> None:
    found, received = answering(reply)
    assert found == outcome
    assert len(received) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_4xx_may_count_as_delivered(status: int) -> None:
    assert answering(Reply(status), counts_4xx=True)[0] == Delivered(f"{status} Some Reason")


@pytest.mark.parametrize("status", [429, 500])
def test_what_is_tried_again_never_does(status: int) -> None:
    assert isinstance(answering(Reply(status), counts_4xx=True)[0], Retry)


@pytest.mark.parametrize(
    "raw",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00" * 100, b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"x" * 200_000],
)  # fmt: skip
def test_what_is_no_answer_is_tried_again(raw: bytes) -> None:
    found, _ = answering(Reply(raw=raw, closes=True))
    assert isinstance(found, Retry)
    assert found.reason is DeliveryReason.CONNECTION
    assert found.answer


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_endpoint_that_hangs_has_its_time(raw: bytes) -> None:
    began = time.monotonic()
    found, _ = answering(Reply(raw=raw, hangs=True), seconds=0.4)
    assert found == Retry(DeliveryReason.TIME_OUT, "no answer within 0.4 s")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "reply",
    [
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart", closes=True),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart", hangs=True),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", closes=True),
        Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n", endless=True),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nstart\r\n" * 50_000, hangs=True),
    ],
    ids=["closed", "hangs", "no-chunk", "endless", "endless-chunks"],
)
def test_a_status_decides_even_if_the_body_does_not_come(reply: Reply) -> None:
    began = time.monotonic()
    found, _ = answering(reply, seconds=0.4)
    assert isinstance(found, Delivered)
    assert len(found.answer) <= 256
    assert time.monotonic() - began < 5


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert sending(envelope(f"http://127.0.0.1:{port}/")) == Retry(DeliveryReason.CONNECTION, "Connection refused")


def test_what_is_kept_of_an_answer_is_one_line_and_not_long() -> None:
    found, _ = answering(Reply(400, b"\x1b[31mred\r\n\x00" + "größe ".encode() * 500))
    assert found.answer.startswith("400 Some Reason: [31mred größe größe")
    assert len(found.answer) == 256
    assert found.answer.isprintable()


@pytest.mark.parametrize("url", ["http://", "ftp://example.com/", "http://[::1/", "nothing"])
def test_an_endpoint_that_is_no_url(url: str) -> None:
    assert sending(envelope(url)) == Failed(DeliveryReason.MESSAGE, "the endpoint is no URL")


# ---------------------------------------------------------------- where it goes


def named(**names: list[str]) -> Resolver:
    def look_up(host: str) -> list[str]:
        if host not in names:
            raise socket.gaierror(-2, "Name or service not known")
        return names[host]

    return Resolver(look_up)


def test_a_name_that_is_not_there() -> None:
    found = sending(envelope("http://hooks.example.com/"), resolver=named())
    assert found == Retry(DeliveryReason.NAME, "hooks.example.com: Name or service not known")


def test_a_name_without_an_address() -> None:
    found = sending(envelope("http://hooks/"), resolver=named(hooks=[]))
    assert found == Retry(DeliveryReason.NAME, "hooks: it has no address")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://0.0.0.0:80/",
    ],
)
def test_addresses_that_are_never_connected_to(url: str) -> None:
    found = sending(envelope(url), allow=("0.0.0.0/0", "::/0"))
    assert isinstance(found, Failed)
    assert found.reason is DeliveryReason.ADDRESS


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"])
def test_other_ways_to_write_them_are_seen_through(host: str) -> None:
    found = sending(envelope(f"http://{host}/"), allow=("0.0.0.0/0",))
    assert isinstance(found, Failed | Retry)
    assert found.reason in {DeliveryReason.ADDRESS, DeliveryReason.NAME, DeliveryReason.MESSAGE}


def test_loopback_has_to_be_allowed() -> None:
    with HttpEndpoint() as endpoint:
        found = sending(envelope(endpoint.url), allow=())
        assert endpoint.connections == 0
    expected = "127.0.0.1: 127.0.0.1 is loopback, and the setting http.allow does not cover it"
    assert found == Failed(DeliveryReason.ADDRESS, expected)


def test_a_name_is_looked_up_once_and_that_address_is_connected_to() -> None:
    asked: list[str] = []

    def look_up(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with HttpEndpoint() as endpoint:
        url = f"http://rebind.example.com:{endpoint.port}/"
        found = sending(envelope(url), envelope(url), resolver=Resolver(look_up))
        assert [type(one) for one in found] == [Delivered, Delivered]  # the second on the connection that was kept
        assert {one.headers["host"] for one in endpoint.received} == {f"rebind.example.com:{endpoint.port}"}
    assert asked == ["rebind.example.com"]


def test_of_several_addresses_only_those_that_are_allowed_are_tried() -> None:
    with HttpEndpoint() as endpoint:
        resolver = named(hooks=["169.254.169.254", "10.0.0.1", "127.0.0.9", "127.0.0.1"])
        found = sending(envelope(f"http://hooks:{endpoint.port}/"), resolver=resolver)
    assert isinstance(found, Delivered)


def test_all_who_ask_for_a_name_at_a_time_get_one_answer() -> None:
    asked: list[str] = []
    go = threading.Event()

    def look_up(host: str) -> list[str]:
        asked.append(host)
        go.wait(10)
        if host == "b":
            raise OSError("no")
        return [host]

    async def run() -> list[Any]:
        resolver = Resolver(look_up)
        tasks = [asyncio.create_task(resolver.addresses(name)) for name in "aabba"]
        while len(asked) < 2:  # noqa: ASYNC110  (it is threads that ask)
            await asyncio.sleep(0.01)
        tasks[0].cancel()
        go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(run())
    assert sorted(asked) == ["a", "b"]
    assert isinstance(found[0], asyncio.CancelledError)
    assert (found[1], found[4]) == (["a"], ["a"])
    assert all(isinstance(one, NameNotFoundError) for one in found[2:4])


def test_a_look_up_that_hangs_holds_up_nobody_else() -> None:
    go = threading.Event()

    def look_up(host: str) -> list[str]:
        if host.startswith("dead"):
            go.wait(10)
        return ["127.0.0.1"]

    async def run(port: int) -> list[Any]:
        notifier = HttpNotifier(
            MessageSigner(KEY, public_url=PUBLIC),
            AddressRules(LOOPBACK),
            ManualClock(NOW),
            seconds=3.0,
            resolver=Resolver(look_up),
        )
        dead = [asyncio.create_task(notifier.send(ROW, envelope(f"http://dead{number}/"))) for number in range(40)]
        await asyncio.sleep(0)
        alive = await notifier.send(ROW, envelope(f"http://alive:{port}/"))
        assert not any(one.done() for one in dead)
        outcomes = await asyncio.gather(*dead)
        await notifier.close()
        return [alive, *outcomes]

    with HttpEndpoint() as endpoint:
        alive, *dead = asyncio.run(run(endpoint.port))
    go.set()
    assert isinstance(alive, Delivered)
    assert {one.reason for one in dead} == {DeliveryReason.TIME_OUT}


# ---------------------------------------------------------------- connections


def test_connections_are_kept() -> None:
    with HttpEndpoint() as endpoint:
        sending(*(envelope(endpoint.url) for _ in range(5)))
        assert [one.connection for one in endpoint.received] == [1] * 5


def test_a_connection_that_was_kept_and_has_ended_costs_no_attempt() -> None:
    """Some servers end a connection just when the next request comes."""

    def reply(request: Received) -> Reply:
        seen.append(request.connection)
        return Reply() if seen.count(request.connection) == 1 else Reply(raw=b"", closes=True)

    seen: list[int] = []
    with HttpEndpoint(reply) as endpoint:
        found = sending(*(envelope(endpoint.url) for _ in range(3)))
    assert [type(one) for one in found] == [Delivered] * 3
    assert seen == [1, 1, 2, 2, 3]


def test_a_new_connection_that_is_closed_is_not_tried_again_at_once() -> None:
    found, received = answering(Reply(raw=b"", closes=True))
    assert isinstance(found, Retry)
    assert len(received) == 1


# ---------------------------------------------------------------- TLS and credentials


@pytest.fixture
def identity(tmp_path: Path) -> Callable[[str], tuple[ssl.SSLContext, Path]]:
    """A server that has a certificate for that name, and the certificate."""

    def make(name: str) -> tuple[ssl.SSLContext, Path]:
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)  # noqa: TID251  (TLS reads the clock of the machine)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem, key_file = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key_file)
        return context, pem

    return make


def trusting(pem: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem))


def test_over_tls_the_name_is_asked_for_and_answered_for(identity: Any) -> None:
    context, pem = identity("hooks.example.com")
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with HttpEndpoint(tls=context) as endpoint:
        found = sending(
            envelope(f"https://alice:s3cret%2F@hooks.example.com:{endpoint.port}/in"),
            tls=trusting(pem),
            resolver=named(**{"hooks.example.com": ["127.0.0.1"]}),
        )
        (request,) = endpoint.received
    assert found == Delivered("200 Some Reason")
    assert asked == ["hooks.example.com"]
    assert request.headers["host"] == f"hooks.example.com:{endpoint.port}"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"alice:s3cret/").decode()
    assert request.line == "POST /in HTTP/1.1"


@pytest.mark.parametrize(
    ("host", "trusted", "says"),
    [
        ("hooks.example.com", False, "the certificate is not trusted: self-signed certificate"),
        ("other.example.com", True, "the certificate is not trusted: Hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_the_hosts(identity: Any, host: str, trusted: bool, says: str) -> None:
    context, pem = identity("hooks.example.com")
    with HttpEndpoint(tls=context) as endpoint:
        found = sending(
            envelope(f"https://alice:s3cret@{host}:{endpoint.port}/"),
            tls=trusting(pem) if trusted else None,
            resolver=named(**{host: ["127.0.0.1"]}),
        )
        assert endpoint.received == []
    assert isinstance(found, Retry)
    assert found.reason is DeliveryReason.TLS
    assert found.answer.startswith(says)


def test_a_server_without_tls() -> None:
    with HttpEndpoint(lambda _: Reply(raw=b"HTTP/1.1 400 Bad\r\n\r\n", closes=True)) as endpoint:
        found = sending(envelope(f"https://127.0.0.1:{endpoint.port}/"), seconds=1.0)
    assert isinstance(found, Retry)
    assert found.reason in {DeliveryReason.TLS, DeliveryReason.CONNECTION, DeliveryReason.TIME_OUT}


def test_secrets_that_an_answer_repeats_are_not_kept(identity: Any) -> None:
    context, pem = identity("hooks.example.com")

    def repeat(request: Received) -> Reply:
        said = f"{request.headers['authorization']} alice:s3cret/ s3cret%2F {TOKEN}"
        return Reply(400, said.encode(), reason=f"no {TOKEN}")

    with HttpEndpoint(repeat, tls=context) as endpoint:
        found = sending(
            envelope(
                f"https://alice:s3cret%2F@hooks.example.com:{endpoint.port}/",
                kind=EnvelopeKind.SUBSCRIPTION_CONFIRMATION,
                token=TOKEN,
            ),
            tls=trusting(pem),
            resolver=named(**{"hooks.example.com": ["127.0.0.1"]}),
        )
    assert "s3cret" not in found.answer
    assert base64.b64encode(b"alice:s3cret/").decode() not in found.answer
    assert TOKEN[:64] not in found.answer
    assert "Basic **** alice:**** ****" in found.answer
