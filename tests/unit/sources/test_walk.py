"""Finding files: each once, links followed, nothing left out without a reason."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tocsin.errors import NotFoundError
from tocsin.sources.walk import FileEntry, is_within, walk

NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, so that paths are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plant(*names: str) -> None:
    """Make files; each holds its own name."""
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(path.name))


def found(*paths: str) -> list[str]:
    result = walk(paths)
    assert result.skipped == []
    return [entry.path for entry in result.files]


def test_all_files_below_a_folder_are_found_by_path(here: Path) -> None:
    plant("t/b/2.json", "t/a/9.json.gz", "t/a/b/c/1", "t/.hidden", "t/.git/x", "t/a.json", "t/CloudTrail-Digest/d")
    Path("t/empty").mkdir()
    expected = [
        "t/.git/x",
        "t/.hidden",
        "t/CloudTrail-Digest/d",
        "t/a.json",
        "t/a/9.json.gz",
        "t/a/b/c/1",
        "t/b/2.json",
    ]
    assert found("t") == expected
    assert walk(["t"]).files[0] == FileEntry("t/.git/x", 1)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["t/a"], ["t/a"]),
        (["t/"], ["t/a", "t/d/b"]),
        (["./t"], ["./t/a", "./t/d/b"]),
        (["."], ["./t/a", "./t/d/b"]),
        (["t", "t"], ["t/a", "t/d/b"]),
        (["t/d/b", "t", "./t/a"], ["t/a", "t/d/b"]),
        (["t", "t/d", "."], ["t/a", "t/d/b"]),
        (["./t/d", "t"], ["./t/d/b", "t/a"]),
        (["-"], ["-"]),
        (["t/a", "-", "-"], ["-", "t/a"]),
        ([], []),
    ],
)
def test_arguments_may_overlap(here: Path, paths: list[str], expected: list[str]) -> None:
    plant("t/a", "t/d/b")
    assert found(*paths) == expected


@pytest.mark.parametrize("path", ["nowhere", "nowhere/x", "t/a/x", "t/a/", "", "s3://bucket/key", "a\0b"])
def test_a_path_that_does_not_exist_is_named(here: Path, path: str) -> None:
    plant("t/a")
    with pytest.raises(NotFoundError) as caught:
        walk(["t", path])
    assert caught.value.message == f"no such file or folder: {path}".replace("\0", "\\x00")


def test_links_are_followed(here: Path) -> None:
    plant("t/real/a", "outside/b", "outside/d/c")
    Path("t/file-link").symlink_to("../outside/b")
    Path("t/folder-link").symlink_to("../outside/d")
    assert found("t") == ["t/file-link", "t/folder-link/c", "t/real/a"]


def test_links_may_be_kept_within_a_folder(here: Path) -> None:
    plant("root/a/1.json", "outside/2.json", "root2/3.json")
    Path("root/in").symlink_to(here / "root/a")
    Path("root/out").symlink_to(here / "outside")
    Path("root/near").symlink_to(here / "root2/3.json")
    result = walk(["root"], within=str(here / "root"))
    assert [entry.path for entry in result.files] == ["root/a/1.json"]
    reason = f"a link that leads out of {here}/root"
    assert result.skipped == [("root/near", reason), ("root/out", reason)]


@pytest.mark.parametrize(
    ("path", "is_below"), [("root", True), ("root/a", True), ("root2", False), ("root/..", False), ("root/\0", False)]
)
def test_a_path_is_within_a_folder_or_not(here: Path, path: str, is_below: bool) -> None:
    plant("root/a/1.json", "root2/2.json")
    assert is_within(path, str(here / "root")) is is_below


def test_what_is_reached_twice_is_read_once_by_its_own_name(here: Path) -> None:
    plant("t/z/real")
    Path("t/a-link").symlink_to("z/real")
    Path("t/b-link").symlink_to("z")
    Path("t/c-link").symlink_to("b-link/real")
    os.link("t/z/real", "t/z/second-name")
    assert found("t") == ["t/z/real"]
    assert found("t/b-link", "t") == ["t/b-link/real"]


@pytest.mark.parametrize("target", [".", "..", "../../t", "../d"])
def test_links_that_loop_are_followed_once(here: Path, target: str) -> None:
    plant("t/a", "t/d/b")
    Path("t/d/loop").symlink_to(target)
    Path("t/d/again").symlink_to("loop")
    # Nothing lies behind them that is not found without them, so nothing is left out.
    assert found("t") == ["t/a", "t/d/b"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [("nowhere", "a link that leads nowhere"), ("link", "links that loop"), ("a/x", "a link that leads nowhere")],
)
def test_a_link_that_leads_nowhere_is_skipped_with_the_reason(here: Path, target: str, reason: str) -> None:
    plant("t/a")
    Path("t/link").symlink_to(target)
    for paths in (["t"], ["t", "t/link"]):
        result = walk(paths)
        assert [entry.path for entry in result.files] == ["t/a"]
        assert result.skipped == [("t/link", reason)]


def test_pipes_sockets_and_devices_are_skipped_with_the_reason(here: Path) -> None:
    plant("t/a")
    os.mkfifo("t/pipe")
    Path("t/zero").symlink_to("/dev/zero")
    Path("t/pipe-link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("t/socket")
        result = walk(["t", "t/pipe", "/dev/zero"])
    assert [entry.path for entry in result.files] == ["t/a"]
    assert result.skipped == [
        ("/dev/zero", "a device, which is never opened"),
        ("t/pipe", "a named pipe, which is never opened"),
        ("t/pipe-link", "a named pipe, which is never opened"),
        ("t/socket", "a socket, which is never opened"),
        ("t/zero", "a device, which is never opened"),
    ]


@NOT_ROOT
def test_a_folder_that_may_not_be_listed_is_skipped_with_the_reason(here: Path) -> None:
    plant("t/a", "t/closed/b", "t/half/c")
    Path("t/closed").chmod(0)
    Path("t/half").chmod(0o444)
    try:
        result = walk(["t", "t/half/c"])
    finally:
        Path("t/closed").chmod(0o700)
        Path("t/half").chmod(0o700)
    assert [entry.path for entry in result.files] == ["t/a"]
    assert result.skipped == [("t/closed", "permission denied"), ("t/half/c", "permission denied")]


def test_names_that_cannot_be_printed_are_found(here: Path) -> None:
    plant(*map(os.fsdecode, (b"t/\xff.json", b"t/a\x1b[2J", b"t/\\xff.json")))
    assert found("t") == ["t/\\x5cxff.json", "t/\\xff.json", "t/a\\x1b[2J"]
    assert [entry.path for entry in walk([os.fsdecode(b"t/\xff.json")]).files] == ["t/\\xff.json"]


@contextmanager
def deep(name: str, levels: int) -> Iterator[None]:
    """Folders inside one another in the folder at hand, with a file at the end; taken away again."""
    for _ in range(levels):
        Path(name).mkdir()
        os.chdir(name)
    plant("end")
    os.chdir("../" * levels)
    try:
        yield
    finally:
        for _ in range(levels):
            os.chdir(name)
        Path("end").unlink()
        for _ in range(levels):
            os.chdir("..")
            Path(name).rmdir()


def test_a_path_that_is_too_long_is_skipped_with_the_reason(here: Path) -> None:
    plant("a")
    with deep("d" * 200, 25):
        result = walk([".", "x" * 300])
    assert [entry.path for entry in result.files] == ["./a"]
    assert [reason for _, reason in result.skipped] == ["path too long", "path too long"]


def test_a_deep_tree_needs_no_recursion(here: Path) -> None:
    with deep("d", 1200):
        assert found(".") == ["./" + "d/" * 1200 + "end"]
