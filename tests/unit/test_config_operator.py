"""Where the service reports on itself, and the heartbeat: how the settings are read and shown. Spec: IF-9."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config import check_config, load_config, settings_in_force
from tocsin.config.operator_channel import OperatorChannel, channel_kind, read_heartbeat_url, read_operator_channel
from tocsin.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("file:/var/log/tocsin/complaints.jsonl", "file"),
        ("file:complaints.jsonl", "file"),
        ("file:", ""),
        ("file:///var/log/complaints.jsonl", ""),
        ("file:a\nb", ""),
        ("mailto:oncall@example.com", "mailto"),
        ("mailto:oncall", ""),
        ("mailto:a@example.com,b@example.com", ""),
        ("mailto:", ""),
        ("https://hooks.example.com/abc?token=x", "http"),
        ("http://127.0.0.1:9/", "http"),
        ("HTTPS://hooks.example.com", "http"),
        ("https://", ""),
        ("https://example.com:0/", ""),
        ("https://example.com:port/", ""),
        ("https://exa mple.com/", ""),
        ("ntfys://ntfy.sh/my-topic", "apprise"),
        ("ftp://example.com/x", ""),
        ("oncall@example.com", ""),
        ("", ""),
        ("ntfys://" + "x" * 5000, ""),
    ],
)
def test_kinds_of_channels(text: str, kind: str) -> None:
    assert channel_kind(text) == kind
    found = read_operator_channel(text)
    assert (found is not None) == bool(kind)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("file:a.jsonl", "file:a.jsonl"),
        ("mailto:oncall@example.com", "mailto:oncall@example.com"),
        ("env:CHANNEL", "env:CHANNEL"),
        ("https://user:pass@hooks.example.com/abcdef", "https://****"),
        ("ntfys://token@ntfy.sh/abcdef", "ntfys://****"),
    ],
)
def test_a_channel_is_shown_without_what_may_be_a_secret(tmp_path: Path, text: str, shown: str) -> None:
    config = load_config(None, {"TOCSIN_OPERATOR_CHANNEL": text}, folder=tmp_path)
    values = {setting.name: setting.value for setting in settings_in_force(config)}
    assert values["operator.channel"] == shown
    assert repr(config.operator.channel) == f"Secret({shown!r})"


def test_where_the_channel_stands_may_be_said() -> None:
    assert OperatorChannel("env:X").reveal({"X": "file:a"}, key="operator.channel") == "file:a"
    # A path is the channel itself, not a file in which one stands.
    assert OperatorChannel("file:missing").reveal({}, key="operator.channel") == "file:missing"


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("https://hc.example.com/ping/00000000", True),
        ("env:HEARTBEAT_URL", True),
        ("file:/run/secrets/heartbeat", True),
        ("env:", False),
        ("mailto:a@example.com", False),
        ("ntfys://ntfy.sh/x", False),
        ("example.com", False),
    ],
)
def test_addresses_of_the_heartbeat(text: str, is_read: bool) -> None:
    assert (read_heartbeat_url(text) is not None) == is_read


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('operator.channel = "secret-word"', "operator.channel is file:PATH, mailto:ADDRESS"),
        ('heartbeat.url = "secret-word"', "heartbeat.url is an http or https address"),
        ('heartbeat.topic = "no topic"', "heartbeat.topic is the ARN of a topic"),
        ("heartbeat.every = 9", "heartbeat.every is a number of seconds from 10 to 86400, not 9"),
        ("heartbeat.evry = 60", "there is no setting heartbeat.evry"),
    ],
)
def test_what_is_wrong_is_told_without_secrets(tmp_path: Path, line: str, message: str) -> None:
    toml = tmp_path / "tocsin.toml"
    toml.write_text(f"{line}\n", encoding="utf-8")
    (finding,) = check_config(toml)
    assert finding.message.startswith(message)
    assert "secret-word" not in finding.message + finding.hint
    with pytest.raises(ConfigError):
        load_config(toml, {})


def test_the_heart_beats_every_five_minutes_unless_told_otherwise(tmp_path: Path) -> None:
    assert load_config(None, {}, folder=tmp_path).heartbeat.every == 300
    assert load_config(None, {"TOCSIN_HEARTBEAT_EVERY": "60"}, folder=tmp_path).heartbeat.every == 60
