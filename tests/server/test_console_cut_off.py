"""A page that the store cannot answer in time, over a socket. Spec: CON-8.9, CON-10.4."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from live_server import Answer, LiveServer

from tocsin.store.sqlite import SqliteStore

# In place of the hours in which alarms changed: rows without end, none of which is of an account.
_ENDLESS = """
DROP TABLE state_hour;
CREATE VIEW state_hour AS
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n)
SELECT 'nobody' || i AS scope, '' AS alarm_name, i AS hour, '' AS old_state, 0 AS since, '' AS new_state,
  0 AS last_change, 0 AS changes, 0 AS ok, 0 AS alarm, 0 AS insufficient_data FROM n;
"""


def test_a_slow_query_ends_with_its_page_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    SqliteStore(data / "tocsin.sqlite3").close()
    with closing(sqlite3.connect(data / "tocsin.sqlite3")) as database:
        database.executescript(_ENDLESS)
    seen: list[tuple[Answer, float]] = []
    with LiveServer(data) as server:
        server.client("cloudwatch").put_metric_alarm(
            AlarmName="a", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
        )  # fmt: skip

        def look() -> None:
            began = time.monotonic()
            seen.append((server.ask("/console"), time.monotonic() - began))

        watchers = [threading.Thread(target=look) for _ in range(2)]
        for watcher in watchers:
            watcher.start()
        assert server.ask("/console/topics").status == 200
        for watcher in watchers:
            watcher.join()
        for answer, seconds in seen:
            assert answer.status == 503
            assert b"This took longer than 2 seconds, and was given up" in answer.body
            assert b'<nav class="nav"' in answer.body
            assert 1.9 < seconds < 10
        used = _seconds_used(server)
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(1)
        assert _seconds_used(server) - used < 0.5  # nobody goes on with what was given up
        assert server.ask("/console/topics").status == 200


def _seconds_used(server: LiveServer) -> float:
    """Time of the processor that the server has taken so far."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
