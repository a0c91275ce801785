"""What stands in a file of access keys. Spec: WIRE-5.6, REC-14.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.config.access_key_file import read_access_key_file
from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

MOST = 4 * 1024 * 1024


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(b'[AKIAIOSFODNN7EXAMPLE]\r\narn = "x"\r\n')
    found = read_access_key_file(file, named_by="auth.credentials")
    assert found.document == {"AKIAIOSFODNN7EXAMPLE": {"arn": "x"}}
    assert found.text == '[AKIAIOSFODNN7EXAMPLE]\narn = "x"\n'


def test_a_file_may_be_as_long_as_that_and_no_longer(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(b"#" * MOST)
    assert read_access_key_file(file, named_by="auth.credentials").document == {}
    with file.open("ab") as more:
        more.truncate(1 << 40)  # without room on the disk: reading all of it would not end well
    with pytest.raises(ConfigError, match="longer than 4 MiB"):
        read_access_key_file(file, named_by="auth.credentials")


@pytest.mark.parametrize("data", [b"[secret-word\n", b"\xff\xfe"], ids=["no TOML", "no UTF-8"])
def test_what_stands_in_it_is_in_no_message(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as failure:
        read_access_key_file(file, named_by="auth.credentials")
    assert failure.value.message == f"{file}: it is no TOML file"


def test_who_names_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no such file") as failure:
        read_access_key_file(tmp_path / "none", named_by="--credentials")
    assert failure.value.hint == "--credentials names it"
