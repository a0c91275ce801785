"""A file that grows by lines. Spec: IF-9 (`[[source]]`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import SourceError
from tocsin.sources.tail import TailPiece, TailPlace, read_tail

LONGEST = 64


class Reader:
    """Reads on from where it was."""

    def __init__(self, path: Path, *, longest: int = LONGEST) -> None:
        self.path = path
        self.longest = longest
        self.place: TailPlace | None = None
        self.dropped = 0

    def once(self, *, leaves_old: bool = False) -> TailPiece:
        piece = read_tail(str(self.path), self.place, longest=self.longest, leaves_old=leaves_old)
        self.place = piece.place
        self.dropped += piece.dropped
        return piece

    def lines(self, **how: bool) -> list[str]:
        found: list[str] = []
        while True:
            piece = self.once(**how)
            found += piece.data.decode().split()
            if not piece.is_behind:
                return found

    def past_old(self) -> list[str]:
        """What is left of a file that lost its name, and what the new one holds."""
        found: list[str] = []
        before: TailPlace | None = None
        while self.place != before or before is None:
            before = self.place
            found += self.once(leaves_old=True).data.decode().split()
        return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.ndjson"


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_lines_come_once_and_whole(path: Path) -> None:
    append(path, "a\nb\nha")
    reader = Reader(path)
    assert reader.lines() == ["a", "b"]
    assert reader.lines() == []
    append(path, "lf\nc\n")
    assert reader.lines() == ["half", "c"]


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        Reader(path).once()
    path.mkdir()
    with pytest.raises(SourceError, match="folder"):
        Reader(path).once()


def test_after_a_rename_the_rest_of_the_old_one_comes_first(path: Path) -> None:
    append(path, "a\n")
    reader = Reader(path)
    assert reader.lines() == ["a"]
    append(path, "b\n")
    path.rename(path.with_suffix(".1"))
    append(path, "new\n")
    assert reader.once().is_old
    append(path.with_suffix(".1"), "c\nlast")  # who writes has not noticed yet
    assert reader.lines() == ["c"]
    assert reader.lines() == []
    assert reader.lines(leaves_old=True) == ["last"]
    assert reader.lines(leaves_old=True) == ["new"]


def test_an_old_file_that_is_gone_is_left(path: Path) -> None:
    append(path, "a\n")
    reader = Reader(path)
    reader.lines()
    path.rename(path.with_suffix(".1"))
    append(path, "new\n")
    path.with_suffix(".1").unlink()
    assert reader.lines() == ["new"]


@pytest.mark.parametrize("again", ["x\n", "xyz\nabc\nmore\n"])
def test_a_file_that_was_cut_off_is_read_from_its_beginning(path: Path, again: str) -> None:
    append(path, "a\nb\n")
    reader = Reader(path)
    reader.lines()
    os.truncate(path, 0)
    append(path, again)
    assert reader.lines() == again.split()


def test_a_line_that_is_too_long_is_passed_over(path: Path) -> None:
    append(path, "a\n" + "x" * 100 + "\nb\n")
    reader = Reader(path)
    assert reader.lines() == ["a", "b"]
    assert reader.dropped == 1


def test_a_line_that_never_ends_is_passed_over_as_it_comes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.sources.tail._AT_ONCE", 50)
    reader = Reader(path)
    append(path, "a\n")
    assert reader.lines() == ["a"]
    for _ in range(5):
        append(path, "x" * 100)
        assert reader.lines() == []
    append(path, "\nb\n")
    assert reader.lines() == ["b"]
    assert reader.dropped == 1


def test_much_comes_in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.sources.tail._AT_ONCE", 50)
    lines = [f"line-{number}" for number in range(100)]
    append(path, "\n".join(lines) + "\n")
    reader = Reader(path, longest=20)
    first = reader.once()
    assert first.is_behind
    assert first.data.decode().split() + reader.lines() == lines


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text('ab{}"', min_size=1, max_size=12), max_size=20),
    st.lists(st.integers(1, 30), max_size=20),
    st.sets(st.integers(0, 20), max_size=3),
)
def test_however_it_is_written_the_same_lines_come(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], cuts: list[int], rotations: set[int]
) -> None:
    path = tmp_path_factory.mktemp("tail") / "log"
    path.touch()
    reader = Reader(path)
    data = "".join(f"{line}\n" for line in lines)
    found = reader.lines()
    for turn, cut in enumerate([*cuts, len(data)]):
        append(path, data[:cut])
        at_line_end = not data[:cut] or data[:cut].endswith("\n")
        data = data[cut:]
        if turn % 2:
            found += reader.lines()
        if turn in rotations and at_line_end:
            path.rename(path.with_name(f"log.{turn}"))
            path.touch()
            found += reader.past_old()
    found += reader.lines()
    assert found == lines
