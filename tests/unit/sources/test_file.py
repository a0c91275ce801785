"""Opening one file: regular files and standard input alone, with a reason for whatever cannot be read."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.core.limits import Limits
from tocsin.errors import SourceError
from tocsin.sources.file import OpenFile, read_file
from tocsin.sources.walk import walk

NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
TEXT = b'{"Records":[{"eventName":"StopLogging"}]}' * 20_000


def outcome(file: OpenFile) -> tuple[bytes, str | None]:
    given = []
    try:
        given.extend(file)
    except SourceError as error:
        return b"".join(given), error.message
    return b"".join(given), None


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT), gzip.compress(TEXT) * 2])
def test_a_file_is_unpacked_and_its_bytes_are_counted(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(data)
    file = read_file(str(path))
    text, reason = outcome(file)
    assert reason is None
    assert text in (TEXT, TEXT * 2)
    assert (file.bytes_read, file.bytes_unpacked) == (len(data), len(text))


def test_pieces_are_no_longer_than_asked(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    assert [len(piece) for piece in OpenFile(str(path), size=300_000)] == [300_000, 300_000, 220_000]


@pytest.mark.parametrize("data", [b"", gzip.compress(b"")])
def test_an_empty_file_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    assert outcome(read_file(str(tmp_path / "x"))) == (b"", "empty file")


SHORT = TEXT[:2000]
PACKED = gzip.compress(SHORT)


def with_length(length: int) -> bytes:
    """A member that says that it holds `length` bytes."""
    return PACKED[:-4] + length.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("data", "text", "reason"),
    [
        (SHORT, SHORT, None),
        (PACKED, SHORT, None),
        (PACKED * 3, SHORT * 3, None),
        (PACKED + bytes(512), SHORT, None),
        (PACKED + b"more", SHORT, "gzip: data after the end of the stream"),
        (PACKED + b"\xff\xff\xff\x7f", SHORT, "gzip: data after the end of the stream"),
        (PACKED + gzip.compress(b""), SHORT, None),
        (with_length(0), SHORT, "gzip: bad length"),
        (with_length(1999), SHORT, "gzip: bad length"),
        (with_length(2**32 - 1), SHORT, "gzip: bad length"),
        (PACKED[:-5] + b"\0" + PACKED[-4:], SHORT, "gzip: bad checksum"),
        (PACKED[:-8], SHORT, "gzip: unexpected end of stream"),
        (PACKED[:-1], SHORT, "gzip: unexpected end of stream"),
        (b"\x1f\x8b", b"", "gzip: unexpected end of stream"),
        (b"\x1f", b"\x1f", None),
        (PACKED[:1], PACKED[:1], None),
    ],
)
def test_a_short_file_is_read_as_a_long_one_is(tmp_path: Path, data: bytes, text: bytes, reason: str | None) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    file = read_file(str(path))
    assert outcome(file) == (text, reason)
    assert (file.bytes_read, file.bytes_unpacked) == (len(data), len(text))


@pytest.mark.parametrize(("whole", "count"), [(1999, 4), (2000, 1), (2001, 1)])
def test_a_packed_file_that_is_short_enough_comes_as_one_piece(tmp_path: Path, whole: int, count: int) -> None:
    (tmp_path / "x").write_bytes(PACKED)
    pieces = list(OpenFile(str(tmp_path / "x"), size=500, whole=whole))
    assert b"".join(pieces) == SHORT
    assert len(pieces) == count


@pytest.mark.parametrize("size", [1, 1999, 2000, 2001])
def test_a_short_file_comes_in_pieces_of_the_size_that_is_asked_for(tmp_path: Path, size: int) -> None:
    for data in (SHORT, PACKED):
        (tmp_path / "x").write_bytes(data)
        pieces = list(OpenFile(str(tmp_path / "x"), size=size, whole=size))
        assert b"".join(pieces) == SHORT
        assert all(len(piece) == size for piece in pieces[:-1])
        assert len(pieces[-1]) <= size


def test_the_limit_on_what_a_file_unpacks_to_holds(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(TEXT))
    text, reason = outcome(read_file(str(tmp_path / "x"), Limits(unpacked=1024)))
    assert (text, reason) == (TEXT[:1024], "unpacks to more than 1 KiB (limits.unpacked)")


def test_a_damaged_file_gives_what_lies_before_and_is_counted_once(tmp_path: Path) -> None:
    data = gzip.compress(os.urandom(600_000))
    damaged = data[:400_000] + bytes(100) + data[400_100:]
    (tmp_path / "x").write_bytes(damaged)
    file = read_file(str(tmp_path / "x"))
    text, reason = outcome(file)
    assert reason is not None
    assert reason.startswith("gzip: ")
    assert len(text) > 390_000
    assert file.bytes_read <= len(damaged)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "vanished while it was being read"),
        (Path.mkdir, "a folder"),
        (os.mkfifo, "a named pipe, which is never opened"),
        (lambda path: path.symlink_to("/dev/zero"), "a device, which is never opened"),
        (lambda path: path.symlink_to(path), "links that loop"),
    ],
)
def test_what_is_no_regular_file_is_never_read(tmp_path: Path, make, reason: str) -> None:
    path = tmp_path / "x"
    make(path)
    file = read_file(str(path))
    assert outcome(file) == (b"", reason)
    assert (file.bytes_read, file.bytes_unpacked) == (0, 0)


@NOT_ROOT
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(TEXT)
    (tmp_path / "x").chmod(0)
    assert outcome(read_file(str(tmp_path / "x"))) == (b"", "permission denied")


def test_a_path_that_cannot_be_one_says_so() -> None:
    assert outcome(read_file("a\\x00b")) == (b"", "no path: it holds a zero byte")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that is regular and cannot be read")
def test_a_read_that_fails_says_so() -> None:
    assert outcome(read_file("/proc/self/mem")) == (b"", "input/output error")


@pytest.mark.parametrize("name", [b"\xff\xfe.json", b"a\x1b[2J", b"a\\xff", b"line\nbreak"])
def test_a_file_that_walk_found_can_be_opened(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_bytes(b"{}")
    [entry] = walk([str(tmp_path)]).files
    assert outcome(read_file(entry.path)) == (b"{}", None)


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_a_file_is_closed_when_reading_ends_early(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(TEXT)
    before = open_files()
    for _ in range(3):
        pieces = iter(read_file(str(tmp_path / "x")))
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert open_files() == before


SMALL = gzip.compress(b'{"a":1}', mtime=0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a":1}', b'{"a":1}'),
        (SMALL, b'{"a":1}'),
        (b"", b"empty file"),
        (SMALL[:-3], b"gzip: unexpected end of stream"),
    ],
)
def test_a_dash_is_standard_input(data: bytes, expected: bytes) -> None:
    program = (
        "import sys\n"
        "from tocsin.errors import SourceError\n"
        "from tocsin.sources.file import OpenFile\n"
        "file = OpenFile('-')\n"
        "try:\n"
        "    text = b''.join(file)\n"
        "except SourceError as error:\n"
        "    text = error.message.encode()\n"
        "sys.stdout.buffer.write(text)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    assert done.stdout == expected
