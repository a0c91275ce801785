"""An SNS message that came from somewhere: what of it is signed, and whose certificate may vouch for it. Spec: SNS-7.

Rule: a message names the place of its certificate itself, so that place is checked before anything is fetched; what
is not plainly SNS's own is not.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec

from tocsin.core.envelope import EnvelopeKind
from tocsin.core.envelope_text import signed_text
from tocsin.errors import InputError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of a message: 1 MiB of text, every character of which is escaped."""

_HOST: Final = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
_PATH: Final = re.compile(r"/[A-Za-z0-9/_-]*[A-Za-z0-9_-]\.pem")
_KINDS: Final = tuple(kind.value for kind in EnvelopeKind)
_VERSIONS: Final = ("1", "2")
_NEEDED: Final = ("MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL")
_LINK: Final = ("Token", "SubscribeURL")


class SignedMessage(NamedTuple):
    """A message as it came. `text` is what `signature` (in Base64) is over; `version` is 1 or 2."""

    members: dict[str, Any]
    text: str
    signature: str
    version: str
    certificate_url: str


def read_message(body: str | bytes | Mapping[str, Any]) -> SignedMessage:
    """Read a message; the last of equal names counts.

    Raises:
        SignatureError: it is no message of SNS, or carries no signature.
    """
    members = dict(body) if not isinstance(body, (str, bytes, bytearray)) else _decode(body)
    kind = members.get("Type")
    if kind not in _KINDS:
        raise SignatureError("this is no message of SNS: it has no Type of one")
    if "Signature" not in members and "SequenceNumber" in members:
        raise SignatureError("messages of FIFO topics are not signed")
    needed = _NEEDED if kind == EnvelopeKind.NOTIFICATION else (*_NEEDED, *_LINK)
    for name in needed:
        if not isinstance(members.get(name), str):
            raise SignatureError(f"the message has no {name}")
    subject = members.get("Subject")
    if subject is None:  # some clients write null for what is absent
        signed = {name: value for name, value in members.items() if name != "Subject"}
    elif isinstance(subject, str):
        signed = members
    else:
        raise SignatureError("the Subject is no text")
    if members["SignatureVersion"] not in _VERSIONS:
        raise SignatureError("the SignatureVersion is neither 1 nor 2")
    return SignedMessage(
        members=members,
        text=signed_text(signed),
        signature=members["Signature"],
        version=members["SignatureVersion"],
        certificate_url=members["SigningCertURL"],
    )


def _decode(body: str | bytes | bytearray) -> dict[str, Any]:
    if len(body) > MOST_BYTES:
        raise SignatureError("this is longer than any message of SNS")
    try:
        members = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise SignatureError("this is no JSON") from None
    if not isinstance(members, dict):
        raise SignatureError("this is no message of SNS: it is no JSON object")
    return members


def check_certificate_url(url: str, server: str) -> None:
    """Whether a certificate may come from there: from SNS itself, or from `server`, the public URL of a Tocsin.

    Raises:
        SignatureError: it may not.
        InputError: `server` is no URL that could be trusted.
    """
    parts = _split(url)
    if parts is None:
        raise SignatureError("the SigningCertURL is no plain URL")
    if server:
        ours = _split(server)
        if ours is None or not ours.hostname or ours.scheme not in {"http", "https"}:
            raise InputError(f"{server[:200]}: not an http or https address")
        if ours.scheme == "http" and not _is_loopback(ours.hostname):
            raise InputError(
                f"{server[:200]}: a certificate that is fetched over plain http proves nothing",
                hint="use https, or a server on this machine",
            )
        is_ours = (parts.scheme, parts.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    else:
        is_ours = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
    if not is_ours or parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        whose = server[:200] or "Amazon SNS"
        raise SignatureError(f"the SigningCertURL is no certificate of {whose}")


def _split(url: str) -> SplitResult | None:
    """The parts of a URL without blanks, marks that readers of URLs differ about, or a name before the host."""
    if not url.isascii() or not url.isprintable() or any(one in url for one in ' \\"<>@%') or len(url) > 2048:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
