"""The installed command as a process: exit status, streams, start-up (IF-1, AR-12, AR-13)."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOCSIN = Path(sys.executable).with_name("tocsin")
STOP = "{ $.eventName = StopLogging }"


def record(number: int = 0, **more: object) -> dict[str, object]:
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333"},
        "eventTime": f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "cli",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "recipientAccountId": "111122223333",
        **more,
    }


def write_log(path: Path, *records: dict[str, object]) -> Path:
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log file with three records of which two match."""
    return write_log(tmp_path / "a.json.gz", record(0), record(1), record(2, eventName="StartLogging"))


@pytest.fixture
def broken_log(log: Path) -> Path:
    """The same, cut off."""
    log.write_bytes(log.read_bytes()[:-20])
    return log


def environment(**more: str) -> dict[str, str]:
    """The environment without what would change the output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "PYTHON", "LC_"))}
    return {**kept, "COLUMNS": "80", "LANG": "C.UTF-8", **more}


def tocsin(*argv: str, stdin: bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [TOCSIN, *argv], input=stdin, capture_output=True, env=environment(**environ), timeout=120, check=False
    )


# ---------------------------------------------------------------- exit status


def test_status_0_done(log: Path) -> None:
    done = tocsin("scan", "-r", "article", str(log))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"stop-logging" in done.stdout


def test_status_1_an_input_could_not_be_read_in_full(broken_log: Path) -> None:
    done = tocsin("scan", "-r", "article", str(broken_log), "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["files"]["skipped"][0]["path"] == str(broken_log)
    assert b"could not be read in full" in done.stderr
    assert tocsin("scan", "-r", "article", str(broken_log), "--allow-skips").returncode == 0


def test_status_1_a_check_found_an_error(tmp_path: Path) -> None:
    rule = tmp_path / "r.yaml"
    rule.write_text("id: [\n", encoding="utf-8")
    done = tocsin("check", str(rule))
    assert done.returncode == 1
    assert done.stdout.startswith(f"{rule}:".encode())


@pytest.mark.parametrize(
    "argv", [["scan", "no/such/file"], ["scan"], ["sacn"], ["explain", "rule", "no-such-rule"], ["grep", "{", "."]]
)
def test_status_2_the_call_is_wrong(argv: list[str]) -> None:
    done = tocsin(*argv)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"tocsin: ")
    assert b"Traceback" not in done.stderr


def test_status_2_a_rule_cannot_be_used(tmp_path: Path, log: Path) -> None:
    rule = tmp_path / "r.yaml"
    rule.write_text("id: a\nseverity: hgih\n", encoding="utf-8")
    done = tocsin("scan", "-r", str(rule), str(log))
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"{rule}:2:11: error".encode() in done.stderr


def test_status_2_a_setting_cannot_be_used(tmp_path: Path, log: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[limits]\ndepht = 3\n", encoding="utf-8")
    done = tocsin("scan", "--config", str(config), str(log))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"did you mean limits.depth?" in done.stderr


DEFECT = """
import sys
from tocsin.cli.invocation import invocation_of_process
from tocsin.cli.main import run
invocation = invocation_of_process()
invocation.use_cases = type("Broken", (), {"pack_names": lambda self: 1 / 0})()
sys.exit(run(["rules"], invocation))
"""


@pytest.mark.parametrize(("debug", "has_traceback"), [("", False), ("1", True)])
def test_status_70_a_defect_of_ours(debug: str, has_traceback: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEFECT], capture_output=True, env=environment(TOCSIN_DEBUG=debug), check=False
    )
    assert (done.returncode, done.stdout) == (70, b"")
    assert b"internal error T-" in done.stderr
    assert (b"Traceback" in done.stderr) is has_traceback


def test_status_130_interrupted() -> None:
    process = subprocess.Popen(
        [TOCSIN, "scan", "-r", "article", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        # A test run in the background of a shell ignores interrupts, and would hand that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (there are no threads)
    )
    assert process.stdin is not None
    # More than a pipe holds: when it has been written, the process is in the middle of reading.
    process.stdin.write(json.dumps(record()).encode() * 2000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, b"")
    assert err == b"tocsin: interrupted\n"


@pytest.mark.parametrize(("pattern", "status"), [(STOP, 0), ("{ $.eventName = Nothing }", 1)])
def test_grep_has_greps_status(log: Path, pattern: str, status: int) -> None:
    assert tocsin("grep", pattern, str(log)).returncode == status


def test_grep_tells_trouble_and_prints_what_it_found(broken_log: Path, log: Path) -> None:
    good = write_log(log.parent / "b.json.gz", record(5))
    done = tocsin("grep", STOP, "no/such/file", str(broken_log), str(good))
    assert done.returncode == 2
    assert b"no/such/file: there is no such file" in done.stderr
    assert str(broken_log).encode() in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["eventTime"] == "2026-01-01T00:00:05Z"


# ---------------------------------------------------------------- streams


def test_standard_input_is_read_and_forms_are_told_by_content(log: Path) -> None:
    for data in (log.read_bytes(), gzip.decompress(log.read_bytes()), json.dumps(record()).encode()):
        assert tocsin("grep", STOP, "-", stdin=data).stdout.startswith(b'{"eventVersion"')


def test_grep_into_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    write_log(tmp_path / "big.json.gz", *(record(number) for number in range(20_000)))
    with subprocess.Popen(
        [TOCSIN, "grep", STOP, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"eventVersion"')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=120) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_without_room_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [TOCSIN, "rules"], stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=120, check=False
        )
    assert done.returncode == 2
    assert done.stderr == b"tocsin: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_process_without_a_stream_works(closed: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" rules {closed}', TOCSIN],
        capture_output=True,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "environ", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
@pytest.mark.parametrize("argv", [["explain", "alarm-states"], ["explain", "rule", "article/stop-logging"], ["rules"]])
def test_terminal_without_unicode_gets_ascii(argv: list[str], environ: dict[str, str]) -> None:
    done = tocsin(*argv, **environ)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


def on_a_terminal(*argv: str, **environ: str) -> str:
    """Everything that a run writes to a terminal."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [TOCSIN, *argv], stdin=side, stdout=side, stderr=side, env=environment(TERM="xterm", **environ)
    )
    os.close(side)
    data = b"".join(chunks(main))
    os.close(main)
    process.wait(timeout=120)
    return data.decode()


def chunks(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # the other side is closed
            return
        if not chunk:
            return
        yield chunk


def test_terminal_gets_colour_and_a_bar_that_goes_away(log: Path) -> None:
    shown = on_a_terminal("scan", "-r", "article", str(log))
    assert "\x1b[1m" in shown
    assert " % " in shown.split("\x1b[K")[1]
    last_bar = shown.rindex("\r\x1b[K")
    assert " % " not in shown[last_bar:]


def test_colour_and_bar_can_be_switched_off(log: Path) -> None:
    shown = on_a_terminal("scan", "-r", "article", "--quiet", str(log), NO_COLOR="1")
    assert "\x1b" not in shown
    assert "stop-logging" in shown


def test_no_value_of_an_event_acts_on_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2J\x9b2J\u202e\x7f"
    identity = {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/{evil}"}
    log = write_log(
        tmp_path / "evil\x1b[2J.json.gz", record(userIdentity=identity, sourceIPAddress=evil, userAgent=evil)
    )
    log.with_name("broken\x1b[2J.gz").write_bytes(log.read_bytes()[:-9])
    for argv in (
        ["scan", "-r", "article"],
        ["scan", "-r", "article", "--format", "json"],
        ["grep", STOP],
        ["grep", "--explain", STOP],
        ["grep", "--format", "table", STOP],
        ["explain", "event-types"],
    ):
        shown = on_a_terminal(*argv, "--quiet", str(tmp_path), NO_COLOR="1")
        assert not set(shown) & {"\x1b", "\x9b", "\u202e", "\x7f"}, argv


def test_result_goes_to_the_file_alone(log: Path) -> None:
    target = log.with_name("report.json")
    done = tocsin("scan", "-r", "article", str(log), "--format", "json", "--output", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert json.loads(target.read_bytes())["records"]["read"] == 3


def test_result_does_not_depend_on_the_number_of_processes(demo_archive: Path) -> None:
    def report(jobs: str) -> dict[str, object]:
        done = tocsin("scan", str(demo_archive), "--format", "json", "--jobs", jobs)
        return {**json.loads(done.stdout), "seconds": 0}

    assert report("1") == report("2")


# ---------------------------------------------------------------- start-up


def imported_by(*argv: str) -> set[str]:
    """The modules that a run loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tocsin", *argv],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        check=False,
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


HEAVY = ["rich", "yaml", "isal", "deflate", "msgspec", "re2", "tocsin.config", "tocsin.composition", "tomllib"]


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["explain", "--help"], []])
def test_help_loads_nothing_that_it_does_not_need(argv: list[str]) -> None:
    loaded = imported_by(*argv)
    assert "tocsin.cli.main" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_scan_loads_neither_server_nor_aws_libraries_nor_what_draws_tables(log: Path) -> None:
    loaded = {name.partition(".")[0] for name in imported_by("scan", "-r", "article", str(log))}
    assert loaded.isdisjoint(
        {"rich", "starlette", "uvicorn", "botocore", "boto3", "sqlite3", "anyio", "docstring_parser"}
    )


def test_backtest_loads_neither_server_nor_aws_libraries_nor_what_draws_tables(log: Path) -> None:
    compared = ("backtest", str(log), "--compare", "article", "article")
    for words in (("backtest", "-r", "article", str(log)), compared):
        loaded = {name.partition(".")[0] for name in imported_by(*words)}
        assert loaded.isdisjoint({"rich", "starlette", "uvicorn", "botocore", "boto3", "sqlite3", "anyio", "jinja2"})


def test_check_loads_neither_server_nor_aws_libraries() -> None:
    loaded = {name.partition(".")[0] for name in imported_by("check", "article")}
    assert loaded.isdisjoint({"rich", "starlette", "uvicorn", "botocore", "boto3", "sqlite3", "anyio"})


def test_help_takes_at_most_eight_times_as_long_as_python_itself() -> None:
    def fastest(command: list[object]) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([str(word) for word in command], capture_output=True, env=environment(), check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    assert fastest([TOCSIN, "--help"]) <= 8 * fastest([sys.executable, "-c", "pass"])
