"""Messages with their signatures, as every protocol but the raw ones sends them. Spec: SNS-6, SNS-7.

Rule: a message is signed once, however many subscribers it has and however often it is tried: its signature is over
nothing that differs between them.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from tocsin.core.envelope_text import envelope_json, is_sent_raw, is_signed, string_to_sign, wire_links

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tocsin.core.envelope import Envelope
    from tocsin.core.envelope_text import Links

_MOST_KEPT: Final = 4096


class SigningIdentity(Protocol):
    """Whose signature it is."""

    @property
    def key(self) -> RSAPrivateKey:
        """The key."""
        ...

    @property
    def certificate_path(self) -> str:
        """The path of its certificate below the public URL: `/SimpleNotificationService-….pem`."""
        ...


class MessageSigner:
    """Writes messages. Threads may share it."""

    def __init__(self, identity: SigningIdentity, *, public_url: str) -> None:
        self._identity = identity
        self._public_url = public_url.rstrip("/")
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()

    def body(self, envelope: Envelope, *, links: Links | None = None) -> str:
        """What an endpoint gets: the message alone where that was asked for, else SNS's JSON (SNS-6.1, SNS-6.4)."""
        return envelope.message if is_sent_raw(envelope) else self.envelope_body(envelope, links=links)

    def envelope_body(self, envelope: Envelope, *, links: Links | None = None) -> str:
        """The message in SNS's JSON; `links` are those of the AWS API where no others are given."""
        links = links or wire_links(envelope, self._public_url)
        signature = certificate_url = ""
        if is_signed(envelope):
            text = string_to_sign(envelope, public_url=self._public_url, links=links)
            signature = self.signature(text, version=envelope.signature_version)
            certificate_url = f"{self._public_url}{self._identity.certificate_path}"
        return envelope_json(
            envelope,
            signature=signature,
            signing_cert_url=certificate_url,
            public_url=self._public_url,
            links=links,
        )

    def signature(self, text: str, *, version: str) -> str:
        """The signature of a text in Base64: SHA1withRSA for version 1, SHA256withRSA for 2 (SNS-7.1)."""
        data = text.encode("utf-8", "replace")
        name = hashlib.sha256(data).digest() + version.encode()
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                return kept
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303  (SignatureVersion 1 is SHA1)
        made = base64.b64encode(self._identity.key.sign(data, padding.PKCS1v15(), algorithm)).decode("ascii")
        with self._lock:
            self._kept[name] = made
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return made
