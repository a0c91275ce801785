"""The signing key: made once, kept to its owner, followed by its certificate for a while. Spec: SNS-7.3."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tocsin.clock import ManualClock
from tocsin.composition.signing_key import SigningKey
from tocsin.errors import InputError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86_400


def certificate_of(key: SigningKey) -> bytes | None:
    return key.certificate(key.certificate_path.encode())


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first, second = (SigningKey(tmp_path, ManualClock(AT)) for _ in range(2))
    assert first.certificate_path == second.certificate_path
    assert certificate_of(first) == certificate_of(second) is not None
    assert first.key.private_numbers() == second.key.private_numbers()


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    _ = SigningKey(tmp_path, ManualClock(AT)).key
    folder = tmp_path / "signing"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_key_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    _ = SigningKey(tmp_path, ManualClock(AT)).key
    file = tmp_path / "signing" / "key.pem"
    file.chmod(0o644)
    _ = SigningKey(tmp_path, ManualClock(AT)).key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_certificate_is_of_the_key_and_valid(tmp_path: Path) -> None:
    key = SigningKey(tmp_path, ManualClock(AT))
    pem = certificate_of(key)
    assert pem is not None
    assert b"PRIVATE" not in pem
    certificate = x509.load_pem_x509_certificate(pem)
    assert certificate.public_key() == key.key.public_key()
    assert certificate.not_valid_before_utc < AT
    assert (certificate.not_valid_after_utc - AT).days > 3000
    certificate.verify_directly_issued_by(certificate)


@pytest.mark.parametrize(("days", "served"), [(0, True), (29, True), (31, False)])
def test_the_certificate_before_is_served_for_30_days(tmp_path: Path, days: int, served: bool) -> None:
    clock = ManualClock(AT)
    old = SigningKey(tmp_path, clock).certificate_path
    clock.advance(400 * DAY)
    (tmp_path / "signing" / "key.pem").unlink()
    changed = SigningKey(tmp_path, clock)
    assert changed.certificate_path != old
    clock.advance(days * DAY)
    for one in (changed, SigningKey(tmp_path, clock)):
        assert one.certificate_path == changed.certificate_path
        assert (one.certificate(old.encode()) is not None) is served
        assert certificate_of(one) is not None


def test_a_service_that_keeps_nothing_has_a_key_all_the_same() -> None:
    one, other = (SigningKey(None, ManualClock(AT)) for _ in range(2))
    assert one.certificate_path != other.certificate_path
    assert certificate_of(one) is not None
    assert one.certificate(other.certificate_path.encode()) is None


@pytest.mark.parametrize(
    "path",
    [
        b"/SimpleNotificationService-key.pem",
        b"/SimpleNotificationService-../key.pem",
        b"/SimpleNotificationService-" + b"0" * 32 + b".pem",
        b"/signing/key.pem",
        b"/",
    ],
)
def test_nothing_else_is_served(tmp_path: Path, path: bytes) -> None:
    assert SigningKey(tmp_path, ManualClock(AT)).certificate(path) is None


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, passphrase: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key at all: hunter2",
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        pem_of(rsa.generate_private_key(65537, 1024)),
        pem_of(rsa.generate_private_key(65537, 2048), passphrase=b"p"),
    ],
    ids=["empty", "text", "curve", "short", "passphrase"],
)
def test_a_key_that_cannot_be_used_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "signing").mkdir()
    (tmp_path / "signing" / "key.pem").write_bytes(content)
    with pytest.raises(InputError, match="not a private RSA key") as refused:
        SigningKey(tmp_path, ManualClock(AT)).open()
    assert "hunter2" not in str(refused.value)
    assert "remove the file" in refused.value.hint


def test_a_folder_that_cannot_be_made_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "signing").write_text("a file")
    with pytest.raises(InputError, match="cannot be used"):
        _ = SigningKey(tmp_path, ManualClock(AT)).key


def test_a_key_of_ones_own_may_be_put_there(tmp_path: Path) -> None:
    own = rsa.generate_private_key(65537, 3072)
    (tmp_path / "signing").mkdir()
    (tmp_path / "signing" / "key.pem").write_bytes(pem_of(own))
    key = SigningKey(tmp_path, ManualClock(AT))
    assert key.key.private_numbers() == own.private_numbers()
    assert certificate_of(key) is not None


def test_opening_makes_none(tmp_path: Path) -> None:
    key = SigningKey(tmp_path, ManualClock(AT))
    assert not key.open()
    assert not (tmp_path / "signing").exists()
    key.make()
    assert SigningKey(tmp_path, ManualClock(AT)).open()
