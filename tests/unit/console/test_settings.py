"""Settings in force, and what a browser keeps. Spec: CON-4.10 (Settings), CON-1.5, IF-9."""

from __future__ import annotations

from pathlib import Path

import pytest
from console_bench import AT, ConsoleBench

from tocsin.composition.installation import RunningInstallation
from tocsin.composition.server_settings import plan_server
from tocsin.config import load_config
from tocsin.console.visit import Visitor

FILE = """
[server]
region = "eu-west-1"
[console]
password = "file:secret-place"
[smtp]
url = "smtp://alice:hunter2@mail.example.com:587?tls=starttls"
[[notifier]]
kind = "slack"
url = "https://hooks.slack.com/services/T000/B000/xyz"
topic = "sec-alerts"
[[source]]
kind = "file"
path = "/var/log/cloudtrail"
log_group = "trail"
log_stream = "files"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningInstallation:
    monkeypatch.chdir(tmp_path)
    Path("secret-place").write_text("correct horse")
    Path("tocsin.toml").write_text(FILE)
    environ = {"TOCSIN_ALARM_HISTORY_DAYS": "60", "TOCSIN_SERVER_DATA": str(tmp_path)}
    plan = plan_server(load_config(None, environ), environ)
    return RunningInstallation(
        plan,
        started_at=AT,
        facts={"services": ["logs", "sns"], "auth": "off"},
        states=list,
        troubles=list,
        streams=lambda: 0,
    )


def test_what_is_set_is_told_with_where_it_comes_from(installed: RunningInstallation) -> None:
    page = ConsoleBench(parts={"installation": installed}).get("settings")
    words = page._replace(text=page.text.replace("<wbr>", "")).words
    assert 'server.region = "eu-west-1" tocsin.toml' in words
    assert "alarm.history_days = 60 TOCSIN_ALARM_HISTORY_DAYS" in words
    assert "server.port = 4590" in words.partition("As they come")[2]
    assert "auth.mode not set: off on loopback, else strict" in words
    assert '[[source]] kind = "file" path = "/var/log/cloudtrail"' in words


def test_of_secrets_only_that_they_are_set_is_told(installed: RunningInstallation) -> None:
    seen = ConsoleBench(parts={"installation": installed}).get("settings")
    for told in ("console.password is set", "smtp.url is set", "url is set"):
        assert told in seen.words
    for secret in ("hunter2", "secret-place", "xyz", "correct horse"):
        assert secret not in seen.text.replace("<wbr>", "")


def test_every_setting_is_there(installed: RunningInstallation) -> None:
    from tocsin.config.table import SETTINGS

    assert [line.name for line in installed.settings()] == sorted(SETTINGS)


def test_a_store_on_disk_tells_its_room(installed: RunningInstallation, tmp_path: Path) -> None:
    (tmp_path / "tocsin.sqlite3").write_bytes(b"x" * 1_000)
    (tmp_path / "tocsin.sqlite3-wal").write_bytes(b"x" * 500)
    room = installed.room()
    assert room is not None
    assert room.database == 1_500
    assert 0 < room.free < room.total


def test_a_console_that_is_open_says_how_to_close_it() -> None:
    words = ConsoleBench().get("settings").words
    assert "Nobody has to sign in" in words
    assert 'password = "env:CONSOLE_PASSWORD"' in words


def test_an_operator_sees_who_there_is_and_a_viewer_who_they_are() -> None:
    bench = ConsoleBench(users={"alice": "operator", "vera": "viewer"})
    bench.sign_in("alice")
    assert "alice operator vera viewer" in bench.get("settings").words
    bench.sign_in("vera")
    words = bench.get("settings").words
    assert "You are signed in as vera , viewer." in words
    assert "alice" not in words


def test_preferences_are_kept_by_the_browser() -> None:
    bench = ConsoleBench(visitor=Visitor(name="vera", role="viewer"))
    bench.cookies["tocsin-zone"] = "America/New_York"
    told = bench.post(
        "keep-preferences", {"theme": "dark", "clock": "local", "shortcuts": "off", "zone": "Europe/Berlin"}
    )
    assert told.status == 303
    page = bench.follow(told)
    assert "Kept by this browser." in page.words
    assert 'data-theme="dark"' in page.text
    assert "Times in Europe/Berlin (UTC+1)" in page.words
    bench.post("keep-preferences", {"theme": "system", "clock": "local", "shortcuts": "on", "zone": ""})
    page = bench.get("settings")
    assert "Times in America/New_York (UTC-4)" in page.words
    assert "data-theme" not in page.text


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Berlim", "Did you mean 'Europe/Berlin'?"),
        ("x" * 64, "There is no time zone of that name."),
        ("../etc/passwd", "There is no time zone of that name."),
    ],
)
def test_a_zone_that_there_is_not_is_refused_and_stays_in_the_form(zone: str, told: str) -> None:
    bench = ConsoleBench()
    seen = bench.post("keep-preferences", {"theme": "dark", "zone": zone})
    assert seen.status == 422
    assert told.lower() in seen.words.lower()
    assert f'value="{zone}"' in seen.text
    assert "tocsin-theme" not in bench.cookies
