"""The server starts, says where it is, and ends (IF-7)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer

if TYPE_CHECKING:
    from pathlib import Path


def serve(*arguments: str, cwd: Path, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return subprocess.run(
        [sys.executable, "-m", "tocsin", "serve", *arguments],
        cwd=cwd,
        env={**clean, "NO_COLOR": "1", **(environ or {})},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_banner_says_where_and_how(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        assert server.banner.startswith(f"Tocsin listens on http://127.0.0.1:{server.port}\n")
        assert f"  data    {tmp_path / 'data'}\n" in server.banner
        assert "  keys    not checked" in server.banner
        assert f"  console http://127.0.0.1:{server.port}/console (asks for no password)\n" in server.banner
        assert server.ask("/_tocsin/health").json()["status"] == "ok"
        assert (tmp_path / "data" / "tocsin.sqlite3").is_file()
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
        status, seconds = server.stop()
    assert status == 0
    assert seconds < 10
    assert server.log == ""
    # What was in the log of the database was folded into it.
    kept = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert kept == ["signing", "tocsin.lock", "tocsin.sqlite3"]


def test_interrupt_ends_it_quietly(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0
        assert "Traceback" not in server.log


def test_state_outlives_the_process(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        server.client("logs").create_log_group(logGroupName="kept")
        server.stop()
    with LiveServer(tmp_path / "data") as server:
        groups = server.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["kept"]


def test_page_tokens_outlive_the_process(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        for name in ("a", "b"):
            server.client("logs").create_log_group(logGroupName=name)
        token = server.client("logs").describe_log_groups(limit=1)["nextToken"]
        server.kill()
    with LiveServer(tmp_path / "data") as server:
        rest = server.client("logs").describe_log_groups(limit=1, nextToken=token)
    assert [group["logGroupName"] for group in rest["logGroups"]] == ["b"]


def test_memory_store_leaves_nothing(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data", environ={"TOCSIN_SERVER_STORE": "memory"}) as server:
        assert "  data    in memory\n" in server.banner
        server.client("logs").create_log_group(logGroupName="g")
        assert server.ask("/_tocsin/health").json()["store"] == "memory"
    assert not (tmp_path / "data").exists()


def test_data_folder_has_one_owner(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data"):
        done = serve("--port", "0", "--data", "data", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tocsin: the data folder data is used by another tocsin serve\n"
        "hint: stop that one first, or give this one a folder of its own with --data\n"
    )


def test_port_that_is_taken(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        done = serve("--port", str(server.port), "--data", "other", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"tocsin: cannot listen on 127.0.0.1 port {server.port}: ")
    assert "hint: is another server running there? --port chooses another one" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "told"),
    [
        (["--host", "0.0.0.0"], {}, "auth.mode is strict, and there are no access keys"),
        (
            ["--host", "0.0.0.0"],
            {"TOCSIN_AUTH_MODE": "off"},
            "auth.mode is off, and server.host is 0.0.0.0, which others can reach",
        ),
        (["--host", "::"], {}, "auth.mode is strict, and there are no access keys"),
        ([], {"TOCSIN_AUTH_MODE": "known"}, "auth.mode is known, and there are no access keys"),
        ([], {"TOCSIN_AUTH_CREDENTIALS": "absent.toml"}, "absent.toml: there is no such file"),
        ([], {"TOCSIN_SERVER_TLS_CERT": "c.pem"}, "server.tls_cert and server.tls_key belong together"),
        (["--port", "65536"], {}, "--port: 65536 is no port"),
        ([], {"TOCSIN_SERVER_PORT": "http"}, "TOCSIN_SERVER_PORT"),
        (
            ["--host", "0.0.0.0"],
            {"TOCSIN_AUTH_CREDENTIALS": "keys.toml"},
            "the console has no password, and server.host is 0.0.0.0, which others can reach",
        ),
        (
            [],
            {"TOCSIN_CONSOLE_PASSWORD": "env:ABSENT"},
            "console.password is env:ABSENT, and the variable ABSENT is not set",
        ),
        ([], {"TOCSIN_CONSOLE_PASSWORD": "$2b$12$abc"}, "console.password is a hash of another kind than Argon2id"),
        ([], {"TOCSIN_ARCHIVE_ROOTS": "/absent/folder"}, "archive.roots: there is no folder /absent/folder"),
        ([], {"TOCSIN_CONSOLE_USERS": "absent.toml"}, "absent.toml: there is no such file"),
        (
            ["--host", "host.invalid."],
            {"TOCSIN_AUTH_CREDENTIALS": "keys.toml", "TOCSIN_CONSOLE_PASSWORD": "correct horse"},
            "cannot listen on host.invalid.",
        ),
        (["--data", "file"], {}, "cannot use the data folder file"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_opened(
    tmp_path: Path, arguments: list[str], environ: dict[str, str], told: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "keys.toml").write_text(
        '[AKIAIOSFODNN7EXAMPLE]\nsecret = "wJalrXUtnFEMI/K7MDENG"\narn = "arn:aws:iam::111122223333:user/ci"\n'
    )
    defaults = {"--port": "0", "--data": "data"}
    given = [part for name, value in defaults.items() if name not in arguments for part in (name, value)]
    done = serve(*given, *arguments, cwd=tmp_path, environ=environ)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_print_config_can_be_used_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('[server]\nregion = "eu-west-1"\nhosts = ["tocsin.internal"]\n')
    done = serve("--print-config", "--port", "4600", cwd=tmp_path, environ={"TOCSIN_ALARM_HISTORY_DAYS": "60"})
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert 'server.region = "eu-west-1"  # tocsin.toml' in lines
    assert "server.port = 4600  # --port" in lines
    assert "alarm.history_days = 60  # TOCSIN_ALARM_HISTORY_DAYS" in lines
    assert "alarm.evaluation_delay = 10  # default" in lines
    assert "# auth.mode is not set: off on loopback, else strict" in lines
    (tmp_path / "printed.toml").write_text(done.stdout)
    checked = subprocess.run(
        [sys.executable, "-m", "tocsin", "check", "printed.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
