"""Certificates that vouch for messages of SNS: fetched, kept, and what they say of a signature. Spec: SNS-7.2.

Rule: a certificate is fetched from a place that was checked, without redirects, bounded in size and time, and kept
by its URL. What cannot be verified is not trusted.
"""

from __future__ import annotations

import base64
import http.client
import socket
import threading
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tocsin.errors import InputError, SignatureError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.x509 import Certificate

_MOST_BYTES: Final = 64 * 1024
_SECONDS: Final = 10.0
_MOST_KEPT: Final = 64
_LEAST_KEY: Final = 2048


class CertificateCache:
    """Certificates by their URL; the oldest go when there are too many. Threads may share it."""

    def __init__(self, fetch: Callable[[str], bytes] | None = None) -> None:
        self._fetch = fetch or fetch_certificate
        self._kept: dict[str, tuple[Certificate, ...]] = {}
        self._lock = threading.Lock()

    def chain(self, url: str) -> tuple[Certificate, ...]:
        """The certificate at a URL that was checked, and those behind it.

        Raises:
            SourceError: it cannot be fetched.
            SignatureError: what is there is no certificate.
        """
        with self._lock:
            kept = self._kept.get(url)
        if kept is None:
            kept = read_chain(self._fetch(url))
            with self._lock:
                while len(self._kept) >= _MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[url] = kept
        return kept


def fetch_certificate(url: str, *, seconds: float = _SECONDS) -> bytes:
    """What is at a URL.

    Raises:
        SourceError: nothing is, or it is too much or takes too long.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with closing(kind(parts.hostname or "", parts.port, timeout=seconds)) as connection:
        # The time-out of a socket is for each read; a server that gives a byte now and then is cut off by this.
        was_cut = threading.Event()
        timer = threading.Timer(seconds, _cut, (connection, was_cut))
        timer.daemon = True
        timer.start()
        try:
            connection.request("GET", parts.path, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read(_MOST_BYTES + 1)
            if was_cut.is_set():
                raise TimeoutError
            if response.length and len(body) <= _MOST_BYTES:
                raise http.client.IncompleteRead(body, response.length)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise SourceError(f"the certificate at {url} cannot be fetched: {reason}") from None
        finally:
            timer.cancel()
    if response.status != http.client.OK:
        raise SourceError(f"the certificate at {url} cannot be fetched: the answer was {response.status}")
    if len(body) > _MOST_BYTES:
        raise SourceError(f"the certificate at {url} cannot be fetched: it is longer than any certificate")
    return body


def _cut(connection: http.client.HTTPConnection, was_cut: threading.Event) -> None:
    was_cut.set()
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it had ended just then


def read_chain(pem: bytes) -> tuple[Certificate, ...]:
    """The certificates of a PEM file.

    Raises:
        SignatureError: there is none in it.
        InputError: the library for that is not installed.
    """
    try:
        from cryptography import x509
    except ImportError:
        raise InputError(
            "signatures need the package cryptography, which is not installed", hint="pip install 'tocsin[server]'"
        ) from None
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise SignatureError("what is at the SigningCertURL is no certificate") from None


def check_signature(chain: tuple[Certificate, ...], text: str, signature: str, *, version: str, at: datetime) -> None:
    """Whether a signature in Base64 is that of a certificate which is valid at that time.

    Raises:
        SignatureError: it is not.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    _check_chain(chain, at)
    key = chain[0].public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_KEY:
        raise SignatureError("the certificate has no RSA key of a length that can be trusted")
    try:
        given = base64.b64decode(signature, validate=True)
    except ValueError:
        raise SignatureError("the Signature is no Base64") from None
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303  (SignatureVersion 1 is SHA1)
    try:
        key.verify(given, text.encode("utf-8", "surrogatepass"), padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        raise SignatureError("the signature does not fit the message") from None


def _check_chain(chain: tuple[Certificate, ...], at: datetime) -> None:
    """Whether each certificate is valid then, and signed by the one behind it."""
    for certificate in chain:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise SignatureError("the certificate is not valid at this time")
    for certificate, issuer in pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except Exception:  # noqa: BLE001  (ValueError, TypeError, InvalidSignature: it is not)
            raise SignatureError("the certificates at the SigningCertURL are no chain") from None
