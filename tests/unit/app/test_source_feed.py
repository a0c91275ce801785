"""What sources read comes into a group once, whatever happens meanwhile. Spec: IF-9 (`[[source]]`), AR-5."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_alarm import CrashError, MortalStore

from tocsin.app.log_group import create_log_group, delete_log_group
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.service import Service
from tocsin.app.source_feed import FileFeed, FolderFeed, SourceTarget
from tocsin.clock import ManualClock
from tocsin.core.limits import DEFAULT_LIMITS
from tocsin.core.metric import MetricKey
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.scope import Scope
from tocsin.errors import SourceError
from tocsin.sources.file import read_file
from tocsin.sources.tail import TailPlace, read_tail
from tocsin.sources.walk import walk
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
TARGET = SourceTarget(HERE, "trail", "files")
SECOND = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())


def record(number: int, **members: object) -> dict[str, object]:
    return {
        "eventVersion": "1.11",
        "eventTime": "2026-03-01T12:00:00Z",
        "eventName": "StopLogging" if number % 3 == 0 else "GetObject",
        "eventID": f"id-{number}",
        **members,
    }


def log_file(numbers: range) -> bytes:
    return gzip.compress(json.dumps({"Records": [record(number) for number in numbers]}).encode())


def line(number: int) -> str:
    return json.dumps(record(number)) + "\n"


class Sourced:
    """A service with a metric filter on the group, and a source; `restart` forgets everything but the store."""

    def __init__(self, path: Path, *, is_file: bool = False) -> None:
        self.path = path
        self.is_file = is_file
        self.clock = ManualClock(datetime(2026, 3, 1, 13, tzinfo=UTC))
        self.store = MortalStore(MemoryStore())
        self.reports: list[dict[str, object]] = []
        self.restart()
        create_log_group(self.service, HERE, "trail")
        transformation = MetricTransformation(metric_name="stopped", metric_namespace="N", metric_value="1")
        put_metric_filter(
            self.service,
            HERE,
            "trail",
            MetricFilter(
                filter_name="stopped",
                filter_pattern="{ $.eventName = StopLogging }",
                metric_transformations=(transformation,),
            ),
        )

    def restart(self) -> None:
        self.service = Service(self.store, self.clock, new_id=lambda: "x")
        how = {"limits": DEFAULT_LIMITS, "report": lambda event, **told: self.reports.append({"event": event, **told})}
        if self.is_file:
            self.feed = FileFeed(self.service, TARGET, str(self.path), read_tail=read_tail, place_type=TailPlace, **how)
        else:
            self.feed = FolderFeed(
                self.service, TARGET, str(self.path), list_files=list_files, open_file=read_file, **how
            )

    def look(self, looks: int = 2) -> None:
        """Let the source look so many times, and read all that it finds."""
        for _ in range(looks):
            while (pause := self.feed.step()) == 0:
                pass
            self.clock.advance(pause)

    def ids(self) -> list[str]:
        with self.service.store.read() as store:
            found = store.logs.events(HERE, "trail", limit=100_000)
        return [json.loads(event.message)["eventID"] for event in found]

    def counted(self) -> float:
        with self.service.store.read() as store:
            points = store.metrics.data(HERE, MetricKey.of("N", "stopped"), start=SECOND, end=SECOND + 60)
        return sum(point.statistics.sum for point in points)


def list_files(path: str):
    found = walk([path])
    return found.files, found.skipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "AWSLogs"


def test_files_are_read_as_they_come(folder: Path) -> None:
    sourced = Sourced(folder)
    sourced.look()
    assert sourced.feed.state.state == "waiting: there is no such folder"
    (folder / "eu-west-1").mkdir(parents=True)
    (folder / "eu-west-1" / "a.json.gz").write_bytes(log_file(range(9)))
    sourced.look()
    (folder / "b.json").write_text(line(20) + line(21))
    sourced.look()
    assert sorted(sourced.ids()) == sorted([*(f"id-{number}" for number in range(9)), "id-20", "id-21"])
    assert sourced.counted() == 4
    assert (sourced.feed.state.files, sourced.feed.state.events) == (2, 11)
    assert sourced.feed.state.state == "watching"
    assert sourced.service.counters.snapshot()["source_events", ()] == 11


def test_a_file_is_left_alone_while_it_grows(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    data = log_file(range(2_000))
    for end in range(1_000, len(data), 1_000):
        (folder / "a.json.gz").write_bytes(data[:end])
        sourced.look(1)
    assert sourced.ids() == []
    (folder / "a.json.gz").write_bytes(data)
    sourced.look()
    assert len(set(sourced.ids())) == len(sourced.ids()) == 2_000
    assert sourced.reports == []


def test_a_file_that_has_grown_after_all_is_read_again(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    (folder / "a.json").write_text(line(1))
    sourced.look()
    (folder / "a.json").write_text(line(1) + line(2))
    sourced.look()
    assert sourced.ids() == ["id-1", "id-2"]
    assert sourced.feed.state.duplicates == 1


def test_what_cannot_be_read_is_told_and_stops_nothing(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    (folder / "a.json.gz").write_bytes(log_file(range(3))[:-20])
    (folder / "b.json").write_text(line(7) + '{"eventName": "x"}\nnonsense\n' + line(8))
    (folder / "c.json").write_text("nonsense")
    sourced.look(4)
    assert {"id-7", "id-8"} <= set(sourced.ids())
    told = [(report["event"], Path(str(report["path"])).name) for report in sourced.reports]
    assert Counter(told) == {
        ("source-file-skipped", "a.json.gz"): 1,
        ("source-file-skipped", "c.json"): 1,
        ("source-record-malformed", "b.json"): 2,
    }
    assert sourced.feed.state.files_skipped == 2
    assert sourced.feed.state.malformed == 2


def test_an_event_comes_once_whichever_file_holds_it(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    (folder / "a.json.gz").write_bytes(log_file(range(5)))
    (folder / "b.json.gz").write_bytes(log_file(range(3, 8)))
    (folder / "same.json").write_text((line(1) + line(9)) * 2)
    sourced.look()
    assert Counter(sourced.ids()) == Counter(f"id-{number}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 9))
    assert sourced.counted() == 4


def test_records_without_an_id_are_told_apart_by_all_they_hold(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    texts = [json.dumps(record(number, eventID=None)) for number in (1, 1, 3)]
    (folder / "a.json").write_text("\n".join(texts))
    sourced.look()
    assert (sourced.feed.state.events, sourced.feed.state.duplicates) == (2, 1)


def test_a_group_that_was_deleted_is_made_again(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    delete_log_group(sourced.service, HERE, "trail")
    (folder / "a.json.gz").write_bytes(log_file(range(5)))
    sourced.look()
    assert len(sourced.ids()) == 5


def test_after_a_restart_nothing_is_read_twice(folder: Path) -> None:
    folder.mkdir()
    sourced = Sourced(folder)
    (folder / "a.json.gz").write_bytes(log_file(range(5)))
    sourced.look()
    sourced.restart()
    sourced.look()
    assert (sourced.feed.state.files, sourced.feed.state.events, sourced.feed.state.duplicates) == (0, 0, 0)
    assert len(sourced.ids()) == 5


def test_lines_of_a_file_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "trail.ndjson"
    sourced = Sourced(path, is_file=True)
    sourced.look()
    assert sourced.feed.state.state == "waiting: there is no such file"
    path.write_text(line(0) + line(1) + line(2)[:30])
    sourced.look()
    assert sourced.ids() == ["id-0", "id-1"]
    with path.open("a") as file:
        file.write(line(2)[30:] + "nonsense\n" + line(3) + line(1))
    sourced.look()
    assert sourced.ids() == ["id-0", "id-1", "id-2", "id-3"]
    assert (sourced.feed.state.malformed, sourced.feed.state.duplicates) == (1, 1)
    assert sourced.counted() == 2
    sourced.restart()
    path.rename(tmp_path / "trail.1")
    path.write_text(line(4))
    with (tmp_path / "trail.1").open("a") as file:
        file.write(line(5))
    sourced.look(15)
    assert sourced.ids() == ["id-0", "id-1", "id-2", "id-3", "id-5", "id-4"]


def test_a_line_that_is_too_long_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "trail.ndjson"
    sourced = Sourced(path, is_file=True)
    path.write_text(line(0) + "x" * (DEFAULT_LIMITS.record + 2) + "\n" + line(1))
    sourced.look()
    assert sourced.ids() == ["id-0", "id-1"]
    assert sourced.feed.state.malformed == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=6), st.booleans())
def test_a_death_at_any_write_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[tuple[int, bool]], is_file: bool
) -> None:
    path = tmp_path_factory.mktemp("source") / ("trail.ndjson" if is_file else "logs")
    if is_file:
        path.write_text("".join(map(line, range(2_500))))
    else:
        path.mkdir()
        (path / "a.json.gz").write_bytes(log_file(range(1_500)))
        (path / "b.json").write_text("".join(map(line, range(1_400, 2_500))))
    sourced = Sourced(path, is_file=is_file)
    for at_write, after_commit in deaths:
        sourced.store.dies_at, sourced.store.after_commit = sourced.store.writes + at_write, after_commit
        try:
            sourced.look()
        except CrashError:
            sourced.restart()
        sourced.store.dies_at = None
    sourced.look()
    assert Counter(sourced.ids()) == Counter(f"id-{number}" for number in range(2_500))
    assert sourced.counted() == 834


def test_a_file_without_permission_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "a.json").write_text(line(1))
    sourced = Sourced(folder)

    def refused(path: str, *_: object):
        raise SourceError("permission denied")

    monkeypatch.setattr(sourced.feed._reader, "open_file", refused)
    sourced.look(50)
    assert len(sourced.reports) == 1  # told once
    monkeypatch.setattr(sourced.feed._reader, "open_file", read_file)
    sourced.look(50)
    assert sourced.ids() == ["id-1"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_never_opened(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    sourced = Sourced(folder)
    sourced.look()
    assert [report["reason"] for report in sourced.reports] == ["a named pipe, which is never opened"]
