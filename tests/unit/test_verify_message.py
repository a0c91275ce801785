"""`tocsin.verify_message`: what is trusted, what is refused before anything is fetched. Spec: SNS-7.2, IF-5."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

import tocsin
from tocsin.sources.signing_certificate import CertificateCache, fetch_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:sec-alerts"
AMAZON = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
KEY = rsa.generate_private_key(65537, 2048)


def certificate(
    key: Any = KEY,
    *,
    issuer: str = "sns.amazonaws.com",
    by: Any = None,
    since: timedelta = timedelta(days=-1),
    until: timedelta = timedelta(days=1),
    name: str = "sns.amazonaws.com",
) -> bytes:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + since)
        .not_valid_after(NOW + until)
        .sign(by or key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


PEM = certificate()

NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
    "TopicArn": TOPIC,
    "Subject": "hello",
    "Message": "größe\n☂",
    "Timestamp": "2026-03-01T12:00:00.000Z",
    "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    "MessageAttributes": {"a": {"Type": "String", "Value": "b"}},
}
CONFIRMATION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
    "Token": "0f" * 128,
    "TopicArn": TOPIC,
    "Message": "m",
    "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
    "Timestamp": "2026-03-01T12:00:00.000Z",
}
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


def signed(message: dict[str, Any], version: str = "1", *, url: str = AMAZON, key: Any = KEY) -> dict[str, Any]:
    text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED[message["Type"]] if name in message)
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}[version]
    signature = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()
    return {**message, "SignatureVersion": version, "Signature": signature, "SigningCertURL": url}


def verify(body: Any, *, pem: bytes = PEM, **more: Any) -> dict[str, Any]:
    return tocsin.verify_message(body, at=more.pop("at", NOW), fetch=lambda _: pem, **more)


def never(url: str) -> bytes:
    raise AssertionError(f"{url} must not be fetched")


GOOD = {
    "notification": NOTIFICATION,
    "no-subject": {name: value for name, value in NOTIFICATION.items() if name != "Subject"},
    "confirmation": CONFIRMATION,
    "unsubscribe": {**CONFIRMATION, "Type": "UnsubscribeConfirmation"},
}


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("form", [json.dumps, msgspec.json.encode, dict])
def test_a_good_message_is_accepted(name: str, version: str, form: Callable[[Any], Any]) -> None:
    message = signed(GOOD[name], version)
    assert verify(form(message)) == message


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    ("name", "member"),
    [(name, member) for name in GOOD for member in SIGNED[GOOD[name]["Type"]] if member in GOOD[name]],
)
def test_a_message_that_was_changed_is_refused(name: str, member: str, version: str) -> None:
    message = signed(GOOD[name], version)
    changed = {"Type": "Notification" if "Token" in message else "SubscriptionConfirmation"}.get(member, "x")
    with pytest.raises(tocsin.SignatureError):
        verify({**message, member: changed})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Subject": "added"}, id="subject-added"),
        pytest.param({"SignatureVersion": "2"}, id="other-version"),
        pytest.param({"SignatureVersion": "3"}, id="unknown-version"),
        pytest.param({"SignatureVersion": 1}, id="version-number"),
        pytest.param({"Signature": ""}, id="empty-signature"),
        pytest.param({"Signature": "not base64!"}, id="no-base64"),
        pytest.param({"Signature": None}, id="null-signature"),
        pytest.param({"Type": "Other"}, id="other-type"),
        pytest.param({"Type": ["Notification"]}, id="type-list"),
        pytest.param({"Message": 1}, id="message-number"),
        pytest.param({"Subject": 1}, id="subject-number"),
        pytest.param({"SigningCertURL": None}, id="no-url"),
    ],
)
def test_a_message_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(tocsin.SignatureError):
        verify({**signed(GOOD["no-subject"]), **change})


def test_a_subject_of_null_is_none() -> None:
    assert verify({**signed(GOOD["no-subject"]), "Subject": None})


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{", '"x"', b"\xff", "[" * 100_000, "{}", b"x" * (8 * 1024 * 1024 + 1)], ids=str
)
def test_what_is_no_message_is_refused(body: str | bytes) -> None:
    with pytest.raises(tocsin.SignatureError):
        tocsin.verify_message(body, fetch=never)


def test_the_last_of_equal_names_is_the_one_that_is_checked_and_given() -> None:
    text = json.dumps(signed(NOTIFICATION))
    with pytest.raises(tocsin.SignatureError):
        verify(text[:-1] + ', "Message": "x"}')
    assert verify('{"Message": "x", ' + text[1:])["Message"] == NOTIFICATION["Message"]


def test_messages_of_fifo_topics_carry_no_signature() -> None:
    with pytest.raises(tocsin.SignatureError, match="FIFO"):
        verify({**NOTIFICATION, "SequenceNumber": "1"})


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123abcd.pem",
    ],
)
def test_certificates_of_amazon(url: str) -> None:
    assert verify(signed(NOTIFICATION, url=url))


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://evil.example.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com.example.com/x.pem",
        "https://sns.eu-west-1.amazonaws.comx/x.pem",
        "https://xsns.eu-west-1.amazonaws.com/x.pem",
        "https://x.sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.cn.example.com/x.pem",
        "https://sns.eu.west.amazonaws.com/x.pem",
        "https://snsxeu-west-1.amazonaws.com/x.pem",
        "https://sns.amazonaws.com/x.pem",
        "https://bucket.s3.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example.com/x.pem",
        "https://evil.example.com#sns.eu-west-1.amazonaws.com/x.pem",
        "https://evil.example.com\\@sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com\\.evil.example.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://sns.eu-west-1.amazonaws.com:x/x.pem",
        "https://sns.eu-west-1.amazonaws.com./x.pem",
        "https://SNS.eu-west-1.amazonaws.com%2eevil.example.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com\n.evil.example.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.pem\n",
        "https://ѕns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws。com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.pem?Action=Publish",
        "https://sns.eu-west-1.amazonaws.com/?x.pem",
        "https://sns.eu-west-1.amazonaws.com/#x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.crt",
        "https://sns.eu-west-1.amazonaws.com/.pem",
        "https://sns.eu-west-1.amazonaws.com/../x.pem",
        "https:sns.eu-west-1.amazonaws.com/x.pem",
        "//sns.eu-west-1.amazonaws.com/x.pem",
        "file:///etc/x.pem",
        "ftp://sns.eu-west-1.amazonaws.com/x.pem",
        "https://[::1]/x.pem",
        "https://[/x.pem",
        "",
    ],
)
def test_no_certificate_is_fetched_from_elsewhere(url: str) -> None:
    with pytest.raises(tocsin.SignatureError, match="SigningCertURL"):
        tocsin.verify_message(signed(NOTIFICATION, url=url), at=NOW, fetch=never)


OURS = "SimpleNotificationService-0123abcd.pem"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://tocsin.example.com", f"https://tocsin.example.com/{OURS}"),
        ("https://tocsin.example.com/", f"https://Tocsin.example.com/{OURS}"),
        ("https://tocsin.example.com/sns", f"https://tocsin.example.com/sns/{OURS}"),
        ("https://tocsin.example.com:8443", f"https://tocsin.example.com:8443/{OURS}"),
        ("http://127.0.0.1:4590", f"http://127.0.0.1:4590/{OURS}"),
        ("http://localhost:4590", f"http://localhost:4590/{OURS}"),
        ("http://[::1]:4590", f"http://[::1]:4590/{OURS}"),
    ],
)
def test_a_tocsin_of_ones_own_is_trusted_where_it_is_named(server: str, url: str) -> None:
    assert verify(signed(NOTIFICATION, url=url), server=server)


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://tocsin.example.com", AMAZON),
        ("https://tocsin.example.com", f"http://tocsin.example.com/{OURS}"),
        ("https://tocsin.example.com", f"https://tocsin.example.com:8443/{OURS}"),
        ("https://tocsin.example.com", f"https://tocsin.example.com.evil.example/{OURS}"),
        ("https://tocsin.example.com", f"https://a@tocsin.example.com/{OURS}"),
        ("http://127.0.0.1:4590", f"http://127.0.0.1:4591/{OURS}"),
        ("http://127.0.0.1:4590", f"http://127.0.0.2:4590/{OURS}"),
    ],
)
def test_and_nothing_else_is_then(server: str, url: str) -> None:
    with pytest.raises(tocsin.SignatureError, match="SigningCertURL"):
        tocsin.verify_message(signed(NOTIFICATION, url=url), server=server, fetch=never)


@pytest.mark.parametrize(
    "server", ["http://tocsin.example.com", "tocsin.example.com", "ftp://localhost", "https://a b"]
)
def test_a_server_that_proves_nothing_is_refused(server: str) -> None:
    with pytest.raises(tocsin.InputError) as refused:
        tocsin.verify_message(signed(NOTIFICATION, url=f"{server}/{OURS}"), server=server, fetch=never)
    assert not isinstance(refused.value, tocsin.SignatureError) or "SigningCertURL" in refused.value.message


def test_a_topic_may_be_asked_for() -> None:
    assert verify(signed(NOTIFICATION), topics=[TOPIC])
    with pytest.raises(tocsin.SignatureError, match="another topic"):
        verify(signed(NOTIFICATION), topics=[f"{TOPIC}s", "x"])


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(tocsin.InputError, match="no time zone"):
        verify(signed(NOTIFICATION), at=NOW.replace(tzinfo=None))


OTHER = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("pem", "at", "says"),
    [
        pytest.param(PEM, NOW + timedelta(days=2), "not valid at this time", id="expired"),
        pytest.param(PEM, NOW - timedelta(days=2), "not valid at this time", id="not-yet"),
        pytest.param(certificate(OTHER), NOW, "does not fit", id="other-key"),
        pytest.param(certificate(SHORT), NOW, "RSA key", id="short-key"),
        pytest.param(b"", NOW, "no certificate", id="empty"),
        pytest.param(b"<html>", NOW, "no certificate", id="html"),
        pytest.param(PEM + certificate(OTHER, name="another"), NOW, "no chain", id="no-chain"),
        pytest.param(PEM + certificate(until=timedelta(hours=-1)), NOW, "not valid at this time", id="issuer-expired"),
    ],
)
def test_a_certificate_has_to_be_good(pem: bytes, at: datetime, says: str) -> None:
    with pytest.raises(tocsin.SignatureError, match=says):
        verify(signed(NOTIFICATION), pem=pem, at=at)


def test_a_chain_is_accepted() -> None:
    leaf = certificate(issuer="authority", by=OTHER)
    authority = certificate(OTHER, name="authority", issuer="authority")
    assert verify(signed(NOTIFICATION), pem=leaf + authority)


def test_certificates_are_kept_by_their_url() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return PEM

    cache = CertificateCache(fetch)
    for number in (*range(64), 63, 62, 0):
        cache.chain(f"https://sns.example.com/{number}.pem")
    assert len(asked) == 64
    cache.chain("https://sns.example.com/64.pem")
    cache.chain("https://sns.example.com/0.pem")  # the oldest has gone
    assert len(asked) == 66


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers one request with whatever that does."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            with closing(listener.accept()[0]) as connection:
                connection.recv(65_536)
                try:
                    answer(connection)
                except OSError:
                    return  # the other side has gone

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/{OURS}"
        finally:
            thread.join(20)


def sending(data: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(data)


def test_a_certificate_is_fetched() -> None:
    with answering(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\npem")) as url:
        assert fetch_certificate(url) == b"pem"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x.pem\r\nContent-Length: 0\r\n\r\n", "answer was 302"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answer was 404"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, "longer than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nshort", "IncompleteRead"),
        (b"SSH-2.0-OpenSSH\r\n", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
    ],
)
def test_an_answer_that_is_no_certificate(answer: bytes, says: str) -> None:
    with answering(sending(answer)) as url, pytest.raises(tocsin.SourceError, match=says):
        fetch_certificate(url)


def test_a_server_that_drips_is_cut_off() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: y\r\n")
            threading.Event().wait(0.05)

    with answering(drip) as url, pytest.raises(tocsin.SourceError, match="TimeoutError"):
        fetch_certificate(url, seconds=0.4)


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(tocsin.SourceError, match="refused"):
        fetch_certificate(f"http://127.0.0.1:{port}/{OURS}")


def test_a_connection_without_a_certificate_that_is_trusted(tmp_path: Any) -> None:
    pem, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(PEM)
    key.write_bytes(
        KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)

    def shake(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True):
            pass

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=lambda: _quietly(shake, listener))
        thread.start()
        with pytest.raises(tocsin.SourceError, match="cannot be fetched"):
            fetch_certificate(f"https://127.0.0.1:{listener.getsockname()[1]}/{OURS}")
        thread.join(20)


def _quietly(work: Callable[[socket.socket], None], listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with closing(connection):
        try:
            work(connection)
        except OSError:
            return
