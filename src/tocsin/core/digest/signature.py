"""What of a digest is signed, and its signature: RSASSA-PKCS1-v1_5 with SHA-256. Spec: CT-15.3, CT-15.5."""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.digest.document import PreviousDigest, digest_time_text, encode_digest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from tocsin.core.digest.document import DigestDocument

ALGORITHM: Final = "SHA256withRSA"


class SignedDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A digest that is ready to be put: `content` is to be packed as a single gzip member."""

    bucket: str
    key: str
    content: bytes
    sha256: str
    signature: str

    @property
    def metadata(self) -> dict[str, str]:
        """The object's user metadata, names without `x-amz-meta-`."""
        return {"signature": self.signature, "signature-algorithm": ALGORITHM}

    @property
    def as_previous(self) -> PreviousDigest:
        """What the next digest says about this one."""
        return PreviousDigest(bucket=self.bucket, key=self.key, sha256=self.sha256, signature=self.signature)


def string_to_sign(*, end_time: str, bucket: str, key: str, sha256: str, previous_signature: str | None) -> str:
    """The text that the signature of a digest is over.

    `end_time` is digestEndTime exactly as in the file, `sha256` the hash of the file's unpacked bytes in hex.
    """
    previous = "null" if previous_signature is None else previous_signature
    return f"{end_time}\n{bucket}/{key}\n{sha256}\n{previous}"


def sign_digest(document: DigestDocument, private_key: RSAPrivateKey) -> SignedDigest:
    """The digest, serialised and signed."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    content = encode_digest(document)
    sha256 = hashlib.sha256(content).hexdigest()
    text = string_to_sign(
        end_time=digest_time_text(document.end),
        bucket=document.bucket,
        key=document.key,
        sha256=sha256,
        previous_signature=document.previous.signature if document.previous else None,
    )
    signature = private_key.sign(text.encode(), PKCS1v15(), SHA256()).hex()
    return SignedDigest(bucket=document.bucket, key=document.key, content=content, sha256=sha256, signature=signature)


def is_signed(text: str, signature: str, key: RSAPublicKey) -> bool:
    """Is `signature`, in hex, that of `text`?"""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(binascii.unhexlify(signature), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
