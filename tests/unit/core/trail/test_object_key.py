"""The keys of log files and digests. Spec: CT-11.1, CT-11.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.core.log_file_name import delivery_time
from tocsin.core.scope import Scope
from tocsin.core.trail.object_key import log_file_key, unique_part

HERE = Scope("111122223333", "eu-west-1")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UNIQUE = "a1B2c3D4e5F6g7H8"
LOG = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0304Z_a1B2c3D4e5F6g7H8.json.gz"


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({}, LOG),
        ({"prefix": "logs/trail"}, f"logs/trail/{LOG}"),
        ({"organization": "o-abc1234567"}, LOG.replace("AWSLogs/", "AWSLogs/o-abc1234567/")),
        ({"prefix": "p", "organization": "o-a"}, "p/" + LOG.replace("AWSLogs/", "AWSLogs/o-a/")),
        ({"folder": "CloudTrail-Insight"}, LOG.replace("CloudTrail", "CloudTrail-Insight")),
    ],
)
def test_log_files(how: dict[str, str], key: str) -> None:
    assert log_file_key(HERE, at=AT, unique=UNIQUE, **{"folder": "CloudTrail"} | how) == key


def test_the_folders_are_of_the_day_in_utc() -> None:
    late = datetime(2026, 1, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert "/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0430Z_" in log_file_key(
        HERE, at=late, unique=UNIQUE, folder="CloudTrail"
    )


@pytest.mark.parametrize(
    ("key", "minute"),
    [
        (LOG, int(datetime(2026, 1, 2, 3, 4, tzinfo=UTC).timestamp())),
        (LOG.replace("0304Z", "2504Z"), None),
        ("AWSLogs/a.json.gz", None),
    ],
)
def test_the_minute_is_read_back(key: str, minute: int | None) -> None:
    assert delivery_time(key) == minute


@pytest.mark.parametrize("unique", ["", "a" * 15, "a" * 17, "a" * 15 + "-", "../../../../../xx"])
def test_what_keeps_names_apart_is_sixteen_letters_and_digits(unique: str) -> None:
    with pytest.raises(ValueError, match="16 letters"):
        log_file_key(HERE, at=AT, unique=unique, folder="CloudTrail")


def test_bytes_become_letters_and_digits() -> None:
    assert unique_part(bytes(range(16))) == "ABCDEFGHIJKLMNOP"
    assert len(unique_part(bytes(range(240, 256)))) == 16
    assert unique_part(b"\xff" * 20).isalnum()
