"""The heartbeat of a server that runs: it stops while the store cannot be written, and goes on afterwards. Spec: IF-9."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from http_endpoint import HttpEndpoint, Reply
from live_server import LiveServer

if TYPE_CHECKING:
    from collections.abc import Callable

NO_BOUND = 2**40


def until(look: Callable[[], Any], seconds: float = 40) -> Any:
    """What `look` finds, as soon as that is anything."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        threading.Event().wait(0.05)  # for another process
    return found


def heartbeat(server: LiveServer) -> dict[str, Any]:
    return server.ask("/_tocsin/health").json()["heartbeat"]


def test_the_heart_stops_with_the_disk_and_beats_again(tmp_path: Path) -> None:
    with HttpEndpoint() as watcher:
        environ = {
            "TOCSIN_HEARTBEAT_URL": "env:BEAT", "BEAT": f"{watcher.url}ping/abcdefghijkl", "TOCSIN_HEARTBEAT_EVERY": "10",
            "TOCSIN_ALARM_EVALUATION_DELAY": "0",
        }  # fmt: skip
        with LiveServer(tmp_path / "data", environ=environ) as server:
            watcher.wait(1, seconds=40)
            assert until(lambda: heartbeat(server)["status"]) == "sent"
            server.bound_files(0)
            assert until(lambda: heartbeat(server)["status"] == "withheld")
            beats = len(watcher.received)
            metrics = server.ask("/_tocsin/metrics").body.decode().splitlines()
            assert {"tocsin_heartbeat_alive 0", 'tocsin_heartbeats_total{outcome="withheld"} 1'} <= {*metrics}
            server.bound_files(NO_BOUND)
            watcher.wait(beats + 1, seconds=40)
            assert until(lambda: heartbeat(server)["status"] == "sent")
            server.stop()
            events = [json.loads(line)["event"] for line in server.log.splitlines() if "heartbeat" in line]
        assert {one.line for one in watcher.received} == {"GET /ping/abcdefghijkl HTTP/1.1"}
    # The log is a file on the same disk, and what could not be written there has ended nothing.
    assert events == ["heartbeat-sent", "heartbeat-sent"]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"abcdefghijkl" not in kept


def test_who_does_not_answer_holds_nobody_up(tmp_path: Path) -> None:
    with HttpEndpoint(lambda _: Reply(raw=b"", hangs=True)) as watcher:
        environ = {"TOCSIN_HEARTBEAT_URL": watcher.url, "TOCSIN_ALARM_EVALUATION_DELAY": "0"}
        with LiveServer(tmp_path / "data", environ=environ) as server:
            watcher.wait(1, seconds=40)
            began = time.monotonic()
            server.client("sns").create_topic(Name="t")
            assert server.ask("/_tocsin/health").status == 200
            assert time.monotonic() - began < 5
            status, seconds = server.stop()
            assert status == 0
            assert seconds < 10
