"""The keys of digests: one a region, replaced once a year, none ever forgotten. Spec: CT-15.6."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tocsin.clock import ManualClock
from tocsin.composition.backup import back_up
from tocsin.composition.data_folder import DATABASE
from tocsin.composition.digest_keys import FOLDER, DigestKeyFolder
from tocsin.config import load_config
from tocsin.errors import InputError
from tocsin.store.sqlite import SqliteStore

DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 2, tzinfo=UTC))


def test_a_region_has_one_key_that_lasts(tmp_path: Path, clock: ManualClock) -> None:
    keys = DigestKeyFolder(tmp_path, clock)
    key, fingerprint = keys.signing_key("eu-west-1")
    clock.advance(364 * DAY)
    assert keys.signing_key("eu-west-1") == (key, fingerprint)
    assert DigestKeyFolder(tmp_path, clock).signing_key("eu-west-1")[1] == fingerprint
    assert keys.signing_key("us-east-1")[1] != fingerprint
    (public,) = keys.public_keys("eu-west-1")
    assert public.fingerprint == fingerprint
    assert load_der_public_key(public.der).public_numbers() == key.public_key().public_numbers()
    assert keys.public_keys("ap-south-1") == []


def test_after_a_year_there_is_another_one_and_the_old_one_is_still_told(tmp_path: Path, clock: ManualClock) -> None:
    keys = DigestKeyFolder(tmp_path, clock)
    first = keys.signing_key("eu-west-1")[1]
    clock.advance(366 * DAY)
    second = keys.signing_key("eu-west-1")[1]
    assert first != second
    for one in (keys, DigestKeyFolder(tmp_path, clock)):
        assert [key.fingerprint for key in one.public_keys("eu-west-1")] == [first, second]
        assert one.signing_key("eu-west-1")[1] == second
    told = keys.public_keys("eu-west-1")
    assert told[0].valid_until > told[1].valid_from


@pytest.mark.skipif(os.name == "nt", reason="permissions are others there")
def test_nobody_else_can_read_them(tmp_path: Path, clock: ManualClock) -> None:
    DigestKeyFolder(tmp_path, clock).signing_key("eu-west-1")
    (file,) = (tmp_path / FOLDER / "eu-west-1").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_service_that_keeps_nothing(clock: ManualClock) -> None:
    keys = DigestKeyFolder(None, clock)
    assert keys.signing_key("eu-west-1") == keys.signing_key("eu-west-1")
    assert len(keys.public_keys("eu-west-1")) == 1
    assert keys.all_public_keys() == []


def test_keys_of_all_regions(tmp_path: Path, clock: ManualClock) -> None:
    keys = DigestKeyFolder(tmp_path, clock)
    assert keys.all_public_keys() == []
    made = [keys.signing_key(region)[1] for region in ("eu-west-1", "us-east-1")]
    assert [key.fingerprint for key in DigestKeyFolder(tmp_path, clock).all_public_keys()] == made


def test_a_backup_has_them(tmp_path: Path, clock: ManualClock) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    data.mkdir()
    SqliteStore(data / DATABASE).close()
    made = [DigestKeyFolder(data, clock).signing_key(region)[1] for region in ("eu-west-1", "us-east-1")]
    back_up(load_config(None, {"TOCSIN_SERVER_DATA": str(data)}, folder=tmp_path), {}, copy)
    assert [key.fingerprint for key in DigestKeyFolder(copy, clock).all_public_keys()] == made
    assert {stat.S_IMODE(file.stat().st_mode) for file in (copy / FOLDER).rglob("*.pem")} == {0o600}


@pytest.mark.parametrize("region", ["..", "a/b", "", "A"])
def test_no_region_leads_out_of_the_folder(tmp_path: Path, clock: ManualClock, region: str) -> None:
    keys = DigestKeyFolder(tmp_path, clock)
    assert keys.public_keys(region) == []
    with pytest.raises(InputError):
        keys.signing_key(region)
    assert list(tmp_path.rglob("*")) == []


def test_what_cannot_be_read_is_said(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / FOLDER / "eu-west-1"
    folder.mkdir(parents=True)
    (folder / "1767312000.pem").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a private RSA key"):
        DigestKeyFolder(tmp_path, clock).signing_key("eu-west-1")


def test_what_cannot_be_written_is_said(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / FOLDER).write_bytes(b"a file where a folder is needed")
    with pytest.raises(InputError, match="cannot be used"):
        DigestKeyFolder(tmp_path, clock).signing_key("eu-west-1")


def test_a_folder_that_may_not_be_read_is_said(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    keys = DigestKeyFolder(tmp_path / "keys", clock)
    monkeypatch.setattr(Path, "is_dir", refuse)
    for ask in (keys.all_public_keys, lambda: keys.public_keys("eu-west-1")):
        with pytest.raises(InputError, match="Permission denied"):
            ask()
