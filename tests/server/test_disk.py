"""What a server does with a disk that fails, and afterwards. Spec: WIRE-7.7, WIRE-9.7, AR-5, IF-7.

Whatever happens to the database, what was acknowledged before is there when the cause is gone, and nothing is
acknowledged that is not.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from live_server import LiveServer, pages

from tocsin.store.sqlite_schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATABASE = "tocsin.sqlite3"
NO_BOUND = 2**40


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  # a client has the time of day


def set_up(server: LiveServer) -> None:
    server.client("logs").create_log_group(logGroupName="g")
    server.client("logs").create_log_stream(logGroupName="g", logStreamName="s")


def put(server: LiveServer, number: int) -> None:
    event = {"timestamp": now_ms(), "message": f"{number} " + "x" * 2_000}
    server.client("logs").put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])


def kept(server: LiveServer) -> set[int]:
    events = pages(server.client("logs").filter_log_events, "events", logGroupName="g")
    return {int(event["message"].split()[0]) for event in events}


def refused_with(call: Callable[[], object]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def reasons(server: LiveServer) -> str:
    """Why the server says that it is not well."""
    answer = server.ask("/_tocsin/health")
    assert answer.status == 503
    assert answer.json()["status"] == "failing"
    return " ".join(answer.json()["reasons"])


def until_well(server: LiveServer) -> None:
    for _ in range(250):  # background tasks try again after some seconds, and a failure is told for ten
        if server.ask("/_tocsin/health").status == 200:
            return
        threading.Event().wait(0.2)
    pytest.fail(f"health has not come back: {reasons(server)}")


# ---------------------------------------------------------------- full


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Files may not grow beyond 1 MB: to SQLite that is a disk that is full. Then there is room again."""
    acknowledged = set()
    with LiveServer(tmp_path / "data", most_bytes=1_000_000) as server:
        set_up(server)
        failures: list[int] = []
        for number in range(3_000):  # until there is no more room anywhere
            try:
                put(server, number)
            except ClientError:
                failures.append(number)
                if len(failures) == 30:
                    break
            else:
                acknowledged.add(number)
        code, status, message = refused_with(lambda: put(server, 10_000))
        assert (code, status) == ("ServiceUnavailableException", 503)
        assert "the disk is full" in message or "the disk could not be read or written" in message
        assert "disk" in reasons(server)
        assert acknowledged <= kept(server)  # what is there can be read
        before = server.log.count("store-failed")
        for _ in range(20):
            refused_with(lambda: put(server, 10_000))
        assert server.log.count("store-failed") - before <= 1  # not once for each request
        assert "Traceback" not in server.log
        server.kill()
    with LiveServer(tmp_path / "data", most_bytes=1_000_000) as server:
        assert acknowledged <= kept(server)
        server.bound_files(NO_BOUND)
        until_well(server)
        put(server, 20_000)
        after = kept(server)
    assert acknowledged | {20_000} <= after
    assert 10_000 not in after


def test_there_is_room_again_while_it_runs(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        put(server, 1)
        server.bound_files(4_096)
        _, status, message = refused_with(lambda: put(server, 2))
        assert status == 503
        assert "disk" in message
        for service, call in (("cloudwatch", "describe_alarms"), ("sns", "list_topics")):
            getattr(server.client(service), call)()  # reading goes on
        server.bound_files(NO_BOUND)
        put(server, 3)
        assert kept(server) == {1, 3}


def test_a_disk_that_is_full_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"tocsin: the database \S+ cannot be used: .*disk") as caught:
        LiveServer(tmp_path / "data", most_bytes=4_096)
    assert "Traceback" not in str(caught.value)


# ---------------------------------------------------------------- held by another program


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Callable[[], sqlite3.Connection]]:
    """Another program that holds the database of `tmp_path`, for writing."""
    held: list[sqlite3.Connection] = []

    def hold() -> sqlite3.Connection:
        held.append(sqlite3.connect(tmp_path / "data" / DATABASE, isolation_level=None))
        held[0].execute("BEGIN IMMEDIATE")
        return held[0]

    yield hold
    for connection in held:
        connection.close()


def test_a_locked_database_is_told_and_goes_on_afterwards(tmp_path: Path, holder) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        other = holder()
        code, status, message = refused_with(lambda: put(server, 1))
        assert (code, status) == ("ServiceUnavailableException", 503)
        assert "locked by another program" in message
        assert "locked by another program" in reasons(server)
        assert kept(server) == set()  # reading goes on
        other.execute("ROLLBACK")
        put(server, 2)
        assert kept(server) == {2}
        until_well(server)


def test_a_database_that_is_held_for_a_moment_is_waited_for(tmp_path: Path, holder) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        other = holder()
        release = threading.Timer(1.5, other.interrupt)
        thread = threading.Thread(target=put, args=(server, 1))
        thread.start()
        release.start()
        release.join()
        other.execute("ROLLBACK")
        thread.join(10)
        assert kept(server) == {1}


def test_it_ends_although_the_database_is_held(tmp_path: Path, holder) -> None:
    """Whoever waits is told that the service is not there; a client tries again."""
    outcomes: list[str] = []
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        put(server, 0)

        def work(number: int) -> None:
            try:
                put(server, number)
            except ClientError as error:
                outcomes.append(error.response["Error"]["Code"])
            else:
                outcomes.append("acknowledged")

        holder()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 25)]
        for thread in threads:
            thread.start()
        threading.Event().wait(1)
        status, seconds = server.stop()
        for thread in threads:
            thread.join(10)
        assert seconds < 10
        assert status == 0
    assert outcomes == ["ServiceUnavailableException"] * 24
    assert "Traceback" not in server.log


# ---------------------------------------------------------------- damaged, removed, not Tocsin's


def test_a_database_that_is_damaged_while_it_runs(tmp_path: Path) -> None:
    """Every service is told in its own words, and so are health, metrics and the log."""
    with LiveServer(tmp_path / "data", environ={"TOCSIN_SERVER_ALLOW_RESET": "1"}) as server:
        set_up(server)
        for number in range(40):
            put(server, number)
        path = tmp_path / "data" / DATABASE
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            for place in range(4_096, path.stat().st_size, 4_096):
                file.seek(place)
                file.write(os.urandom(4_096))
        calls = {
            "logs": lambda: put(server, 1_000),
            "cloudwatch": server.client("cloudwatch").describe_alarms,
            "sns": lambda: server.client("sns").create_topic(Name="t"),
        }
        told = {service: refused_with(call) for service, call in calls.items()}
        assert {service: answer[:2] for service, answer in told.items()} == {
            "logs": ("ServiceUnavailableException", 503),
            "cloudwatch": ("InternalServiceError", 503),
            "sns": ("InternalError", 503),
        }
        assert all(message.endswith("it is damaged") for _, _, message in told.values())
        assert "it is damaged" in reasons(server)
        metrics = server.ask("/_tocsin/metrics")
        assert metrics.status == 200
        assert b'tocsin_errors_total{reason="store"} 3\n' in metrics.body
        assert server.ask("/_tocsin/reset", method="POST").status == 503
        assert server.stop()[1] < 10
    assert "it is damaged" in server.log
    assert "Traceback" not in server.log


def test_a_database_that_is_removed_takes_nothing_until_it_is_back(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        put(server, 1)
        path, away = tmp_path / "data" / DATABASE, tmp_path / "away"
        path.rename(away)
        _, status, message = refused_with(lambda: put(server, 2))
        assert status == 503
        assert message.endswith("it was removed or replaced while it was in use")
        assert "it was removed or replaced" in reasons(server)
        assert not path.exists()  # no other one is begun
        away.rename(path)
        put(server, 3)
        assert kept(server) == {1, 3}


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.write_bytes(b"no database, but some text" * 100), "it is no SQLite database"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4_000 + path.read_bytes()[4_100:]),
            "it is damaged",
        ),
        (lambda path: sqlite3.connect(path).execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}"), "newer"),
        (lambda path: (path.unlink(), path.mkdir()), "it cannot be opened"),
        (lambda path: path.write_bytes(path.read_bytes()[:5_000]), "it is damaged"),
    ],
    ids=["text", "overwritten", "newer", "folder", "cut off"],
)
def test_a_database_that_cannot_be_used_is_told_at_the_start(
    tmp_path: Path, damage: Callable[[Path], object], told: str
) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
    damage(tmp_path / "data" / DATABASE)
    with pytest.raises(AssertionError, match=told) as caught:
        LiveServer(tmp_path / "data")
    assert "hint: " in str(caught.value)
    assert "Traceback" not in str(caught.value)


# ---------------------------------------------------------------- permissions


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        put(server, 1)
    data = tmp_path / "data"
    for file in data.iterdir():
        file.chmod(0o500 if file.is_dir() else 0o400)
    data.chmod(0o500)
    try:
        with pytest.raises(AssertionError) as caught:
            LiveServer(data, heeds_permissions=True)
    finally:
        data.chmod(0o700)
        for file in data.iterdir():
            file.chmod(0o700 if file.is_dir() else 0o600)
    assert "cannot use the data folder" in str(caught.value)
    assert "hint: --data names another folder; it has to be one that may be written" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    with LiveServer(data) as server:
        assert kept(server) == {1}


@pytest.mark.parametrize("mode", [0o400, 0o000], ids=["read only", "nothing"])
def test_a_database_that_may_not_be_written(tmp_path: Path, mode: int) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
    path = tmp_path / "data" / DATABASE
    path.chmod(mode)
    with pytest.raises(AssertionError, match=r"cannot be used: it (may not be written|cannot be opened)") as caught:  # noqa: SIM117
        with LiveServer(tmp_path / "data", heeds_permissions=True):
            pass
    assert "permissions" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(AssertionError, match="cannot use the data folder") as caught:
        LiveServer(tmp_path / "shut" / "data", heeds_permissions=True)
    assert "Traceback" not in str(caught.value)


# ---------------------------------------------------------------- backup


def test_a_backup_under_load_is_of_one_moment(tmp_path: Path) -> None:
    """It has all that was acknowledged before it began, and of what came later a beginning without gaps."""
    acknowledged: list[int] = []
    stop = threading.Event()
    with LiveServer(tmp_path / "data") as server:
        set_up(server)

        def load() -> None:
            for number in range(100_000):
                if stop.is_set():
                    return
                put(server, number)
                acknowledged.append(number)

        thread = threading.Thread(target=load)
        thread.start()
        copies = []
        for name in ("first", "second"):
            threading.Event().wait(0.5)
            before = len(acknowledged)
            done = subprocess.run(
                [sys.executable, "-m", "tocsin", "backup", "--data", "data", name],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            copies.append((tmp_path / name, before, len(acknowledged)))
        stop.set()
        thread.join(10)
        assert len(acknowledged) > copies[1][2] >= copies[1][1] > copies[0][2] > 0  # it went on meanwhile
    for folder, before, after in copies:
        with LiveServer(folder) as server:
            found = kept(server)
            put(server, 1_000_000)  # the copy is a data folder like any other
        assert found == set(range(len(found)))
        assert before <= len(found) <= after + 1
    shutil.rmtree(tmp_path / "data")
