"""How the files of an archive are shared out: each once, whatever is known of them when work begins (AR-7, IF-2)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from engine_worker import make_lister

from tocsin.app.ledger import Ledger
from tocsin.composition.archive_work import Progress, run_while_finding
from tocsin.errors import NotFoundError

Part = tuple[int, list[tuple[str, int]]]


def plant(root: Path, *, folders: int, files: int, size: int) -> list[tuple[str, int]]:
    made = []
    for folder in range(folders):
        (root / f"{folder:03}").mkdir(parents=True)
        for file in range(files):
            path = root / f"{folder:03}" / f"{file}.json"
            path.write_bytes(b"x" * (size + file))
            made.append((str(path), size + file))
    return made


class Run:
    """What came of it."""

    def __init__(self, *paths: str, jobs: int | None) -> None:
        self.told: list[Progress] = []
        self.ledger = Ledger()
        self.parts: list[Part] = list(
            run_while_finding(
                make_lister,
                paths,
                self.ledger,
                jobs=jobs,
                progress=self.told.append,
                found_by=lambda part: len(part[1]),
            )
        )

    @property
    def files(self) -> list[tuple[str, int]]:
        return sorted(file for _, files in self.parts for file in files)

    @property
    def processes(self) -> set[int]:
        return {process for process, _ in self.parts}


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize(("folders", "files", "size"), [(60, 5, 40_000), (3, 40, 60_000), (1, 2, 9_000_000)])
def test_each_file_is_read_once(tmp_path: Path, folders: int, files: int, size: int, jobs: int) -> None:
    made = plant(tmp_path, folders=folders, files=files, size=size)
    run = Run(str(tmp_path), jobs=jobs)
    assert run.files == sorted(made)
    assert (os.getpid() in run.processes) == (jobs == 1)
    total = sum(length for _, length in made)
    last = run.told[-1]
    assert (last.bytes_done, last.bytes_total, last.files_done, last.files_total) == (total, total, *[len(made)] * 2)
    assert last.matches == len(made)
    assert not last.is_counting
    for before, after in zip(run.told, run.told[1:], strict=False):
        assert before.bytes_done <= after.bytes_done <= after.bytes_total
        assert before.files_total <= after.files_total


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_work_begins_before_all_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plant(tmp_path, folders=100, files=4, size=50_000)
    listed: list[str] = []
    at_fork: list[int] = []
    scandir, fork = os.scandir, os.fork

    def scandir_noted(path: str) -> object:
        listed.append(path)
        return scandir(path)

    def fork_noted() -> int:
        at_fork.append(len(listed))
        return fork()

    # Whatever threads other tests have left.
    monkeypatch.setattr("tocsin.composition.archive_work.can_fork", lambda: True)
    monkeypatch.setattr("tocsin.sources.walk.os.scandir", scandir_noted)
    monkeypatch.setattr("tocsin.engines.forked.os.fork", fork_noted)
    run = Run(str(tmp_path), jobs=2)
    assert run.files == sorted(made)
    assert len(listed) == 101
    assert len(at_fork) == 2
    assert max(at_fork) < 30


def test_what_cannot_be_read_stands_in_the_ledger(tmp_path: Path) -> None:
    plant(tmp_path, folders=60, files=5, size=40_000)
    (tmp_path / "zzz").symlink_to("nowhere")
    for jobs in (1, 2):
        run = Run(str(tmp_path), jobs=jobs)
        assert run.ledger.skipped == [(str(tmp_path / "zzz"), "a link that leads nowhere")]


def test_a_path_that_is_not_there_is_told_before_work_begins(tmp_path: Path) -> None:
    plant(tmp_path / "a", folders=60, files=5, size=40_000)
    with pytest.raises(NotFoundError, match="no such file or folder"):
        Run(str(tmp_path / "a"), str(tmp_path / "b"), jobs=2)


def test_a_small_archive_is_read_in_this_process(tmp_path: Path) -> None:
    made = plant(tmp_path, folders=9, files=2, size=10)
    run = Run(str(tmp_path), jobs=None)
    assert run.files == sorted(made)
    assert run.processes == {os.getpid()}
