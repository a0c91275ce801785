"""Public keys of digests: their form, their fingerprints, and a set of them by fingerprint. Spec: CT-15.6."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_MOST_BYTES: Final = 16 * 1024
"""Of a key: RSA keys of 16,384 bits take 2 KiB."""


def public_key_der(key: RSAPublicKey) -> bytes:
    """A public key as ListPublicKeys gives it: PKCS#1 DER (RSAPublicKey, not SubjectPublicKeyInfo)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)


def fingerprint_of(der: bytes) -> str:
    """The fingerprint of a public key: 32 hex characters. It names a key and proves nothing."""
    return hashlib.md5(der, usedforsecurity=False).hexdigest()


def load_public_key(der: bytes) -> RSAPublicKey | None:
    """The key in PKCS#1 DER; None when it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return None
    # The library takes a SubjectPublicKeyInfo as well, which AWS's validator does not.
    return key if isinstance(key, RSAPublicKey) and public_key_der(key) == der else None


class PublicKeys:
    """Public keys by fingerprint, each read when it is first asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """`values` are the keys in Base64, by fingerprint, as ListPublicKeys gives them."""
        self.values = dict(values)
        self._keys: dict[str, RSAPublicKey | None] = {}

    def __len__(self) -> int:
        return len(self.values)

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self.values

    def key(self, fingerprint: str) -> RSAPublicKey | None:
        """The key of a fingerprint that is there; None when it cannot be read."""
        if fingerprint not in self._keys:
            self._keys[fingerprint] = self._read(self.values[fingerprint])
        return self._keys[fingerprint]

    @staticmethod
    def _read(value: str) -> RSAPublicKey | None:
        if len(value) > _MOST_BYTES:
            return None
        try:
            return load_public_key(base64.b64decode(value))
        except ValueError:
            return None
