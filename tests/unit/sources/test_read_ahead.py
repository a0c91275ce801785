"""Unpacking ahead gives what unpacking in turn gives (AR-7)."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path

import pytest

from tocsin.core.limits import Limits
from tocsin.errors import SourceError
from tocsin.sources.file import OpenFile
from tocsin.sources.read_ahead import ReadAhead

TEXT = b"".join(b'{"n": %d}\n' % n for n in range(400_000))


@pytest.mark.parametrize("data", [gzip.compress(TEXT, 1), TEXT, b"x"])
def test_the_pieces_are_the_same(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    plain, ahead = OpenFile(str(path)), ReadAhead(str(path))
    assert b"".join(ahead) == b"".join(plain)
    assert (ahead.bytes_read, ahead.bytes_unpacked) == (plain.bytes_read, plain.bytes_unpacked)


def test_an_error_comes_after_all_that_lies_before_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(TEXT, 1)[:-1000])
    given = []
    pieces = iter(ReadAhead(str(path)))
    with pytest.raises(SourceError, match="unexpected end"):
        while True:
            given.append(next(pieces))
    assert TEXT.startswith(b"".join(given))
    assert len(b"".join(given)) > len(TEXT) * 0.9


def test_what_cannot_be_opened_is_said_when_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        list(ReadAhead(str(tmp_path / "missing"), Limits()))


def test_a_reader_that_leaves_early_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(TEXT * 2, 1))
    before = threading.active_count()
    pieces = iter(ReadAhead(str(path)))
    next(pieces)
    pieces.close()
    assert threading.active_count() == before
