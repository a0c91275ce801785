"""Where records go, and what happens when they cannot. Spec: REC-16, REC-1.2, CT-11."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from http_endpoint import HttpEndpoint, Received, Reply
from proxy_bench import SilentLog

from tocsin.app.counters import Counters
from tocsin.clock import ManualClock
from tocsin.errors import InputError
from tocsin.recorder.archive_sink import ArchiveSink
from tocsin.recorder.exchange import Passage, Peer
from tocsin.recorder.ndjson_sink import NdjsonSink
from tocsin.recorder.record_queue import RecordQueue
from tocsin.recorder.server_sink import MOST_BATCH_BYTES, MOST_IN_BATCH, ServerSink

AT = datetime(2026, 3, 1, 9, 4, tzinfo=UTC)
WAIT = 10.0


def record(
    number: int = 0, *, account: str = "111122223333", region: str = "us-east-1"
) -> tuple[dict[str, Any], bytes]:
    made = {
        "eventID": str(number),
        "recipientAccountId": account,
        "awsRegion": region,
        "eventTime": "2026-03-01T09:03:00Z",
    }
    return made, json.dumps(made).encode()


# ---------------------------------------------------------------- lines


def test_each_line_is_there_at_once_and_behind_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "records.ndjson"
    file.write_bytes(b"before\n")
    sink = NdjsonSink(str(file), counters=Counters(), log=SilentLog())
    sink.take(*record(1))
    assert file.read_bytes() == b"before\n" + record(1)[1] + b"\n"
    sink.take(*record(2))
    sink.tick()
    sink.close()
    assert [json.loads(line)["eventID"] for line in file.read_bytes().splitlines()[1:]] == ["1", "2"]


def test_file_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--ndjson: cannot write"):
        NdjsonSink(str(tmp_path / "no" / "such" / "file"), counters=Counters(), log=SilentLog())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_disk_that_is_full_is_counted_and_told_once() -> None:
    counters, log = Counters(), SilentLog()
    sink = NdjsonSink("/dev/full", counters=counters, log=log)
    for number in range(3):
        sink.take(*record(number))
    assert counters.count("records_dropped", reason="ndjson") == 3
    assert sink.problem == "cannot write /dev/full: No space left on device"
    assert [event for event, _ in log.told] == ["sink-failed"]
    sink.close()


def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "records.ndjson"
    sink = NdjsonSink(str(file), counters=Counters(), log=SilentLog())
    sink.take(*record(1))
    real, calls = os.write, []

    def short(handle: int, data: bytes) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(handle, bytes(data)[:10])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        sink.take(*record(2))
    assert sink.problem
    sink.take(*record(3))
    assert sink.problem == ""
    sink.close()
    assert [json.loads(line)["eventID"] for line in file.read_bytes().splitlines()] == ["1", "3"]


# ---------------------------------------------------------------- archive


def archive(folder: Path, clock: ManualClock, counters: Counters, log: Any = None) -> ArchiveSink:
    return ArchiveSink(
        folder, clock=clock, new_secret=lambda size: bytes(range(size)), counters=counters, log=log or SilentLog()
    )


def files_in(folder: Path) -> dict[str, list[str]]:
    """Names of files, and the ids of the records in each."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): [
            one["eventID"] for one in json.loads(gzip.decompress(path.read_bytes()))["Records"]
        ]
        for path in found
    }


def test_log_file_for_each_account_and_region_every_five_minutes(tmp_path: Path) -> None:
    clock, counters = ManualClock(AT), Counters()
    sink = archive(tmp_path / "a", clock, counters)
    sink.take(*record(1))
    sink.take(*record(2, region="eu-west-1"))
    clock.advance(299)
    sink.tick()
    assert files_in(tmp_path / "a") == {}
    sink.take(*record(3))
    clock.advance(1)
    sink.tick()
    start = "AWSLogs/111122223333/CloudTrail"
    assert files_in(tmp_path / "a") == {
        f"{start}/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_20260301T0909Z_ABCDEFGHIJKLMNOP.json.gz": [
            "2"
        ],
        f"{start}/us-east-1/2026/03/01/111122223333_CloudTrail_us-east-1_20260301T0909Z_ABCDEFGHIJKLMNOP.json.gz": [
            "1",
            "3",
        ],
    }
    assert counters.count("records_delivered", sink="archive") == 3


def test_rest_is_written_at_the_end(tmp_path: Path) -> None:
    clock = ManualClock(AT)
    sink = archive(tmp_path, clock, Counters())
    sink.take(*record(1))
    sink.close()
    assert list(files_in(tmp_path).values()) == [["1"]]


def test_archive_that_cannot_be_written_keeps_what_it_has(tmp_path: Path) -> None:
    clock, counters, log = ManualClock(AT), Counters(), SilentLog()
    sink = archive(tmp_path, clock, counters, log)
    blocker = tmp_path / "AWSLogs"
    blocker.write_text("a file where a folder should be")
    sink.take(*record(1))
    clock.advance(300)
    sink.tick()
    assert sink.problem
    assert [event for event, _ in log.told] == ["sink-failed"]
    blocker.unlink()
    clock.advance(10)
    sink.tick()
    assert sink.problem == ""
    assert list(files_in(tmp_path).values()) == [["1"]]
    assert counters.count("records_dropped", reason="archive") == 0


def test_what_is_lost_at_the_end_is_counted(tmp_path: Path) -> None:
    counters = Counters()
    sink = archive(tmp_path, ManualClock(AT), counters)
    (tmp_path / "AWSLogs").write_text("")
    sink.take(*record(1))
    sink.close()
    assert counters.count("records_dropped", reason="archive") == 1


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--archive: cannot make"):
        archive(tmp_path / "file" / "a", ManualClock(AT), Counters())


# ---------------------------------------------------------------- server


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def taken(request: Received) -> Reply:
    count = len(request.body.splitlines())
    return Reply(200, json.dumps({"accepted": count, "duplicates": 0}).encode())


def server_sink(url: str, counters: Counters, log: Any = None) -> ServerSink:
    return ServerSink(url, region="us-east-1", counters=counters, log=log or SilentLog())


def test_records_go_in_batches_in_their_order() -> None:
    counters = Counters()
    with HttpEndpoint(taken) as endpoint:
        sink = server_sink(endpoint.url, counters)
        lines = [record(number)[1] for number in range(MOST_IN_BATCH + 10)]
        for line in lines:
            sink.take({}, line)
        sink.close()
        bodies = [one.body for one in endpoint.received]
    assert b"".join(bodies).splitlines() == lines
    assert max(len(body.splitlines()) for body in bodies) <= MOST_IN_BATCH
    assert all(one.line.startswith("POST /_tocsin/records ") for one in endpoint.received)
    assert {name.lower(): value for name, value in endpoint.received[0].headers.items()}[
        "content-type"
    ] == "application/x-ndjson"
    assert counters.count("records_delivered", sink="server") == len(lines)


def test_batch_is_bounded_in_bytes() -> None:
    with HttpEndpoint(taken) as endpoint:
        sink = server_sink(endpoint.url, Counters())
        for _ in range(9):
            sink.take({}, b'{"x":"%b"}' % (b"y" * 200_000))
        sink.close()
        assert max(len(one.body) for one in endpoint.received) <= MOST_BATCH_BYTES
        assert sum(len(one.body.splitlines()) for one in endpoint.received) == 9


def test_requests_are_signed_where_there_are_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 20)
    with HttpEndpoint(taken) as endpoint:
        sink = server_sink(endpoint.url, Counters())
        sink.take(*record(1))
        sink.close()
        sent = {name.lower(): value for name, value in endpoint.received[0].headers.items()}
    assert "Credential=AKIAEXAMPLE/" in sent["authorization"]
    assert "/us-east-1/cloudtrail/aws4_request" in sent["authorization"]


def test_server_that_fails_gets_the_same_again() -> None:
    counters, log = Counters(), SilentLog()
    answers = iter([Reply(503, b"busy"), Reply(200, b"{}", closes=True), Reply(200, b"{}")])
    with HttpEndpoint(lambda _: next(answers)) as endpoint:
        sink = server_sink(endpoint.url, counters, log)
        sink.take(*record(1))
        endpoint.wait(2)
        sink.close()
        assert [one.body for one in endpoint.received] == [record(1)[1] + b"\n"] * 2
    assert counters.count("sink_failures", sink="server") == 1
    assert counters.count("records_delivered", sink="server") == 1
    assert [event for event, _ in log.told] == ["sink-failed", "sink-recovered"]


def test_batch_that_is_refused_for_good_is_counted_and_the_next_one_goes() -> None:
    counters = Counters()
    answers = iter([Reply(400, b'{"accepted":1,"duplicates":1,"refused":1}'), Reply(200, b"{}")])
    with HttpEndpoint(lambda _: next(answers)) as endpoint:
        sink = server_sink(endpoint.url, counters)
        for number in range(3):
            sink.take(*record(number))
        endpoint.wait(1)
        sink.take(*record(4))
        sink.close()
        assert len(endpoint.received) == 2
    assert counters.count("records_delivered", sink="server") == 3
    assert counters.count("records_dropped", reason="server") == 1


def test_server_that_is_not_there_does_not_keep_the_recorder() -> None:
    counters = Counters()
    sink = server_sink("http://127.0.0.1:9", counters)
    sink.take(*record(1))
    sink.close()
    assert counters.count("records_dropped", reason="server") == 1
    assert "127.0.0.1:9 cannot be reached: " in sink.problem


@pytest.mark.parametrize("url", ["", "tocsin", "ftp://x", "http://", "http://x/path", "http://x:port"])
def test_what_is_no_address_of_a_server(url: str) -> None:
    with pytest.raises(InputError, match="--server"):
        server_sink(url, Counters())


# ---------------------------------------------------------------- the queue

PASSAGE = Passage(
    method="GET",
    target=b"/?secret=1",
    headers=(),
    body=b"",
    body_size=0,
    status=200,
    answer_headers=(),
    answer=b"",
    answer_size=0,
    is_whole=True,
    at=AT,
    peer=Peer(address="192.0.2.1"),
)


class Maker:
    """Makes a record of each second passage, and breaks on each third."""

    def __init__(self) -> None:
        self.seen = 0

    def record(self, _passage: Passage) -> dict[str, Any] | None:
        self.seen += 1
        if self.seen % 3 == 0:
            raise ZeroDivisionError
        return {"eventID": str(self.seen)} if self.seen % 2 else None


class ListSink:
    name = "list"
    problem = ""

    def __init__(self, *, fails: bool = False) -> None:
        self.lines: list[bytes] = []
        self.fails = fails
        self.is_closed = False

    def take(self, record: dict[str, Any], line: bytes) -> None:
        if self.fails:
            raise ZeroDivisionError
        self.lines.append(line)

    def tick(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def test_what_fails_is_counted_and_the_rest_is_recorded_in_order() -> None:
    counters, log, good = Counters(), SilentLog(), ListSink()
    sinks = [ListSink(fails=True), good]
    queue = RecordQueue(Maker(), sinks, counters=counters, clock=ManualClock(AT), log=log)  # type: ignore[arg-type]
    for _ in range(7):
        queue.put(PASSAGE)
    assert queue.waiting == 7
    queue.start()
    assert queue.close(within=WAIT)
    assert [json.loads(line)["eventID"] for line in good.lines] == ["1", "5", "7"]
    assert counters.count("recording_errors") == 2 + 3
    assert good.is_closed
    assert queue.waiting == 0
    assert not any("secret" in str(fields.get("target")) for _, fields in log.told)


@pytest.mark.parametrize("bound", [{"most_waiting": 3}, {"most_bytes": 3 * PASSAGE.weight}])
def test_full_queue_drops_counts_and_tells(bound: dict[str, int]) -> None:
    counters, log = Counters(), SilentLog()
    queue = RecordQueue(Maker(), [], counters=counters, clock=ManualClock(AT), log=log, **bound)  # type: ignore[arg-type]
    for _ in range(5):
        queue.put(PASSAGE)
    assert queue.waiting == 3
    assert counters.count("records_dropped", reason="queue-full") == 2
    assert [event for event, _ in log.told] == ["records-dropped"]
    queue.start()
    assert queue.close(within=WAIT)
    assert queue.waiting == 0
