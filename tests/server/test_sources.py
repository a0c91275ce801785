"""Sources of a running server: the counts of an archive, and death while files come. Spec: IF-9, AR-5."""

from __future__ import annotations

import gzip
import json
import random  # noqa: TID251  # seeded: the same rounds each time
import shutil
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_server import LiveServer, pages

import tocsin
from tocsin.core.metric import MetricKey
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "111122223333"
ENVIRON = {"TOCSIN_SERVER_ACCOUNT": ACCOUNT, "TOCSIN_SERVER_REGION": "eu-west-1"}
WITHIN = 60.0


def settings_of(folder: Path, path: Path) -> Path:
    """A settings file with one source."""
    config = folder / "tocsin.toml"
    source = {"kind": "file", "path": str(path), "log_group": "trail", "log_stream": "files"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in source.items()]
    config.write_text("\n".join(("[[source]]", *lines, "")), encoding="utf-8")
    return config


def until(true: Callable[[], Any]) -> Any:
    """What it gives once that is true."""
    waiting = threading.Event()
    for _ in range(int(WITHIN / 0.1)):
        if found := true():
            return found
        waiting.wait(0.1)  # for another process
    raise AssertionError("it has not come about in time")


def event_ids(server: LiveServer) -> list[str]:
    """The eventIDs in the group; none while there is no group."""
    logs = server.client("logs", account=ACCOUNT)
    try:
        events = pages(logs.filter_log_events, "events", logGroupName="trail")
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"])["eventID"] for event in events]


def log_file(numbers: range) -> bytes:
    records = [
        {
            "eventVersion": "1.11",
            "eventTime": "2026-03-01T12:00:00Z",
            "eventName": "GetObject",
            "eventID": f"id-{number}",
        }
        for number in numbers
    ]
    return gzip.compress(json.dumps({"Records": records}).encode())


def test_files_that_come_while_the_server_dies_are_read_once(tmp_path: Path) -> None:
    watched = tmp_path / "logs"
    watched.mkdir()
    config = settings_of(tmp_path, watched)
    chance = random.Random(7)
    sent = 0
    for turn in range(5):
        with LiveServer(tmp_path / "data", "--config", str(config), environ=ENVIRON) as server:
            for number in range(3):
                size = chance.choice([5, 900, 2_500])
                (watched / f"{turn}-{number}.json.gz").write_bytes(log_file(range(sent, sent + size)))
                sent += size
            threading.Event().wait(chance.uniform(1.9, 3.0))  # what is tested is the moment of the kill
            server.kill()
    with LiveServer(tmp_path / "data", "--config", str(config), environ=ENVIRON) as server:
        ids = until(lambda: found if len(found := event_ids(server)) >= sent else None)
        health = server.ask("/_tocsin/health").json()
    assert Counter(ids) == Counter(f"id-{number}" for number in range(sent))
    assert [(source["path"], source["state"]) for source in health["sources"]] == [(str(watched), "watching")]


def test_a_real_archive_is_counted_as_a_scan_counts_it(tmp_path: Path, shared_dir: Path) -> None:
    """Metric filters over a watched folder give the totals of a scan that counts an eventID once."""
    watched = tmp_path / "AWSLogs"
    config = settings_of(tmp_path, watched)
    report = tocsin.scan(shared_dir / "data" / "AWSLogs", rules=["article", "cis"], unique=True)
    with LiveServer(tmp_path / "data", "--config", str(config), environ=ENVIRON) as server:
        logs = server.client("logs", account=ACCOUNT)
        logs.create_log_group(logGroupName="trail")
        for one in report.filters:
            logs.put_metric_filter(
                logGroupName="trail",
                filterName=one.name.replace("/", "-"),
                filterPattern=one.pattern,
                metricTransformations=[
                    {"metricName": one.name.replace("/", "-"), "metricNamespace": "T", "metricValue": "1"}
                ],
            )
        shutil.copytree(shared_dir / "data" / "AWSLogs", watched)
        until(lambda: source_of(server)["files"] >= report.files.read)
        source = source_of(server)
        server.stop()
    assert source["files_skipped"] == len(report.files.skipped)
    assert source["malformed"] == report.records.malformed
    assert source["events"] + source["duplicates"] == report.records.read
    with closing(SqliteStore(tmp_path / "data" / "tocsin.sqlite3")) as store, store.read() as reader:
        for one in report.filters:
            key = MetricKey.of("T", one.name.replace("/", "-"))
            points = reader.metrics.data(Scope(ACCOUNT, "eu-west-1"), key, start=0, end=2**40)
            assert sum(point.statistics.sum for point in points) == one.matches, one.name


def source_of(server: LiveServer) -> Any:
    return server.ask("/_tocsin/health").json()["sources"][0]
