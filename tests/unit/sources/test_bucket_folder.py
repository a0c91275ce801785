"""Objects in folders: what there is, what is in them, and that nothing outside is opened. Spec: CT-15.10."""

from __future__ import annotations

import gzip
import hashlib
import os
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from tocsin.core.digest import LogContent
from tocsin.errors import SourceError
from tocsin.sources import bucket_folder
from tocsin.sources.bucket_folder import BucketFolder

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b'{"Records":[]}' * 50_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_files_are_listed_by_folder_in_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a/c/3", "4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"xy")
    folder = BucketFolder(str(tmp_path))
    assert list(folder.files()) == [("", [("4", 2)]), ("a/c/", [("3", 2)]), ("b/", [("1", 2), ("2", 2)])]
    assert [names for _, names in folder.files(sizes=False)] == [[("4", 0)], [("3", 0)], [("1", 0), ("2", 0)]]
    assert folder.skipped == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(gzip.compress(TEXT))
    (inside / "file").symlink_to(tmp_path / "secret")
    (inside / "folder").symlink_to(tmp_path)
    (inside / "loop").symlink_to(inside)
    folder = BucketFolder(str(inside))
    assert list(folder.files()) == []
    assert sorted(folder.skipped) == [
        (name, "a link, which is not followed") for name in sorted(("file", "folder", "loop"))
    ]
    with pytest.raises(SourceError, match="a link"):
        folder.log("file")
    assert folder.log("folder/secret") is None
    assert folder.log("loop/file") is None


def test_the_folder_itself_may_be_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_bytes(gzip.compress(TEXT))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert BucketFolder(str(tmp_path / "link")).log("x") == LogContent(sha256=sha256(TEXT))


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/x",
        "a//x",
        "./x",
        "a/.",
        "..",
        "",
        "a/",
        "a\0/x",
        "x\0",
        "x" * 300,
        "a/" * 3000 + "x",
        "nothing",
        "x/y",
        "\udcff\ud800",
    ],
)
def test_what_cannot_be_below_the_folder_is_not_there(tmp_path: Path, path: str) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    for name in ("x", "in/a/x", "in/x"):
        (tmp_path / name).write_bytes(gzip.compress(TEXT))
    folder = BucketFolder(str(tmp_path / "in"))
    assert folder.log(path) is None
    assert folder.read(path, most=10) is None
    assert folder.unpacked(path, most=10) == (None, False)


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str) -> None:
    import socket

    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as opened:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case _:
                opened.bind(os.path.relpath(path))
        with pytest.raises(SourceError):
            BucketFolder(str(tmp_path)).log("x")


SMALL, LARGE = b"{}", os.urandom(300_000) + bytes(2_000_000)


@pytest.mark.parametrize(
    ("packed", "content"),
    [
        (gzip.compress(SMALL), LogContent(sha256=sha256(SMALL))),
        (gzip.compress(TEXT), LogContent(sha256=sha256(TEXT))),
        (gzip.compress(LARGE), LogContent(sha256=sha256(LARGE))),
        (gzip.compress(b""), LogContent(sha256=sha256(b""))),
        (b"", LogContent(sha256=sha256(b""))),
        (gzip.compress(LARGE) + gzip.compress(SMALL), LogContent(has_trailing_data=True)),
        (gzip.compress(LARGE) + bytes(1_000_000), LogContent(has_trailing_data=True)),
        (gzip.compress(SMALL) + b"\0", LogContent(has_trailing_data=True)),
        (gzip.compress(LARGE)[:-4], LogContent(sha256=sha256(LARGE))),
        (gzip.compress(LARGE)[:-8] + bytes(8), LogContent(is_damaged=True)),
        (zlib.compress(SMALL), LogContent(is_damaged=True)),
        (SMALL, LogContent(is_damaged=True)),
        (b"\x1f\x8b\x08", LogContent(sha256=sha256(b""))),
    ],
    ids=range(13),
)
@pytest.mark.parametrize("fast", [True, False])
def test_a_log_file_is_hashed_as_awss_validator_does(
    tmp_path: Path, monkeypatch, packed: bytes, content: LogContent, fast: bool
) -> None:
    monkeypatch.setattr(bucket_folder, "CAN_INFLATE", fast)
    (tmp_path / "x").write_bytes(packed)
    folder = BucketFolder(str(tmp_path))
    assert folder.log("x") == content
    assert bool(folder.bytes_read) is bool(packed)


def test_a_log_file_that_unpacks_to_much_takes_little_memory(tmp_path: Path) -> None:
    packer = zlib.compressobj(1, wbits=31)
    piece = bytes(4_000_000)
    (tmp_path / "x").write_bytes(b"".join([packer.compress(piece) for _ in range(25)]) + packer.flush() + b"more")
    folder = BucketFolder(str(tmp_path))
    tracemalloc.start()
    try:
        assert folder.log("x") == LogContent(has_trailing_data=True)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_digest_is_unpacked_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(bytes(1000)) + b"more")
    folder = BucketFolder(str(tmp_path))
    assert folder.unpacked("x", most=1000) == (bytes(1000), True)
    assert folder.unpacked("x", most=999) == (None, True)
    with pytest.raises(SourceError, match="longer than 10 bytes"):
        folder.unpacked("x", most=10)
    (tmp_path / "x").write_bytes(b"no gzip")
    assert folder.unpacked("x", most=1000) == (None, True)


def test_many_folders_are_not_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_folder, "_MOST_FOLDERS_KEPT", 2)
    folder = BucketFolder(str(tmp_path))
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_bytes(b"1")
        assert folder.read(f"{name}/x", most=5) == b"1"
    assert len(folder._folders) <= 2
