"""The key that messages are signed with, and the certificates that are served for it. Spec: SNS-7.3.

Rule: the key is made when there is none, and no one but the owner of the data folder can read it. A certificate is
named after its key, so a new key has a new URL; the one before it is served for 30 days more, for messages that are
still on their way.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    from tocsin.clock import Clock

FOLDER: Final = "signing"
"""In the data folder."""

KEY_FILE: Final = "key.pem"

_CERTIFICATE_FILE: Final = re.compile(r"[0-9a-f]{32}\.pem")
_PATH: Final = re.compile(rb"/SimpleNotificationService-([0-9a-f]{32})\.pem")
_LEAST_BITS: Final = 2048
_LIFE: Final = timedelta(days=3650)
_SERVED_AFTERWARDS: Final = timedelta(days=30)

# Clocks of receivers may be behind ours.
_BACKDATED: Final = timedelta(hours=1)


class _Identity(NamedTuple):
    key: RSAPrivateKey
    name: str
    certificates: dict[str, _Served]  # by name


class _Served(NamedTuple):
    pem: bytes
    until: datetime | None


class SigningKey:
    """The key of a service, read or made when it is first needed. Threads may share it.

    `folder` is the data folder; None for a service that keeps nothing.
    """

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = None if folder is None else folder / FOLDER
        self._clock = clock
        self._lock = Lock()
        self._loaded: _Identity | None = None

    @property
    def key(self) -> RSAPrivateKey:
        """The key."""
        return self._identity().key

    @property
    def certificate_path(self) -> str:
        """Where its certificate is served."""
        return f"/SimpleNotificationService-{self._identity().name}.pem"

    def certificate(self, raw_path: bytes) -> bytes | None:
        """The certificate that is served under a path, as PEM; None where there is none."""
        found = _PATH.fullmatch(raw_path)
        served = None if found is None else self._identity().certificates.get(found[1].decode("ascii"))
        if served is None or (served.until is not None and self._clock.now() > served.until):
            return None
        return served.pem

    def open(self) -> bool:
        """Read the key, where there is one; whether there is.

        Raises:
            InputError: it cannot be used.
        """
        if self._folder is None or not (self._folder / KEY_FILE).exists():
            return False
        self.make()
        return True

    def make(self) -> None:
        """Read the key, or make it.

        Raises:
            InputError: it cannot be used, or not be written.
        """
        self._identity()

    def _identity(self) -> _Identity:
        loaded = self._loaded
        if loaded is None:
            with self._lock:
                loaded = self._loaded = self._loaded or self._load()
        return loaded

    def _load(self) -> _Identity:
        from cryptography.hazmat.primitives.asymmetric import rsa

        if self._folder is None:
            key = rsa.generate_private_key(public_exponent=65537, key_size=_LEAST_BITS)
            name = _name_of(key)
            return _Identity(key, name, {name: _Served(_pem_of(self._make_certificate(key)), None)})
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self._folder / KEY_FILE
            if file.exists():
                key = read_key(file)
            else:
                key = rsa.generate_private_key(public_exponent=65537, key_size=_LEAST_BITS)
                write_private(file, key_pem(key))
            name = _name_of(key)
            certificate = self._folder / f"{name}.pem"
            if not certificate.exists():
                write_private(certificate, _pem_of(self._make_certificate(key)))
            return _Identity(key, name, dict(self._served(name)))
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"the signing key in {self._folder} cannot be used: {reason}") from None

    def _make_certificate(self, key: RSAPrivateKey) -> Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import NameOID

        now = self._clock.now().replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tocsin message signing")])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )

    def _served(self, current: str) -> Iterator[tuple[str, _Served]]:
        """The certificates in the folder; each that was followed by another one has an end."""
        assert self._folder is not None
        found: list[tuple[datetime, str, bytes]] = []
        for path in sorted(self._folder.iterdir()):
            if _CERTIFICATE_FILE.fullmatch(path.name):
                pem = path.read_bytes()
                certificate = _read_certificate(pem)
                if certificate is not None:
                    found.append((certificate.not_valid_before_utc, path.stem, pem))
        for began, name, pem in found:
            follower = min((at for at, _, _ in found if at > began), default=None)
            is_over = follower is not None and name != current
            yield name, _Served(pem, follower + _BACKDATED + _SERVED_AFTERWARDS if is_over and follower else None)


def _name_of(key: RSAPrivateKey) -> str:
    """What a certificate is called: derived from its key."""
    from cryptography.hazmat.primitives import serialization

    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:32]


def read_key(file: Path) -> RSAPrivateKey:
    """The private key in a file, which nobody but its owner can read from now on.

    Raises:
        InputError: there is none that can be used.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None  # not to be repeated in a message: it is, or was, a secret
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise InputError(
            f"{file}: not a private RSA key of {_LEAST_BITS} bits or more, as PEM, without a passphrase",
            hint="remove the file to have a new key made",
        )
    if os.name != "nt" and file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return key


def _read_certificate(pem: bytes) -> Certificate | None:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def key_pem(key: RSAPrivateKey) -> bytes:
    """A private key as it is kept."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem_of(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def write_private(file: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
