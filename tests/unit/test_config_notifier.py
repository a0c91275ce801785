"""`[[notifier]]` in the settings, and secrets that never show. Spec: IF-9, AR-9."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tocsin.config import Secret, check_config, entries_in_force, load_config
from tocsin.errors import ConfigError

HOOK = "https://hooks.slack.com/services/T000/B000/abcdefghijklmnop"
NOTIFIER = '[[notifier]]\nkind = "slack"\nurl = "env:SLACK_URL"\ntopic = "sec-alerts"\n'


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.toml"


def test_notifiers_are_read(toml: Path) -> None:
    arn = "arn:aws:sns:eu-west-1:111122223333:t"
    toml.write_text(
        NOTIFIER + NOTIFIER.replace("slack", "apprise").replace("env:SLACK_URL", "ntfys://x").replace("sec-alerts", arn)
    )
    config = load_config(toml, {})
    assert [(one.kind, one.url, one.topic) for one in config.notifier] == [
        ("slack", Secret("env:SLACK_URL"), "sec-alerts"),
        ("apprise", Secret("ntfys://x"), arn),
    ]
    assert check_config(toml) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ('"slack"', '"teams"', 2, 'notifier.kind is slack or apprise, not "teams"', 'for example kind = "slack"'),
        (
            "env:SLACK_URL",
            "env:SLACK URL",
            3,
            "notifier.url is env:NAME or file:PATH, where the address stands, or the address itself",
            'for example url = "env:SLACK_URL"',
        ),
        (
            "env:SLACK_URL",
            HOOK.replace("https", "htps"),
            3,
            "notifier.url of kind slack is an http or https address with a path",
            "for example https://hooks.slack.com/services/T000/B000/XXXX",
        ),
        (
            "env:SLACK_URL",
            "https://hooks.slack.com",
            3,
            "notifier.url of kind slack is an http or https address with a path",
            "for example https://hooks.slack.com/services/T000/B000/XXXX",
        ),
        (
            '"slack"\nurl = "env:SLACK_URL"',
            '"apprise"\nurl = "abcdefghijklmnop"',
            3,
            "notifier.url of kind apprise is an address that begins with a service and ://",
            "for example ntfys://ntfy.sh/my-topic",
        ),
        (
            "sec-alerts",
            "arn:aws:sqs:eu-west-1:111122223333:q",
            4,
            (
                "notifier.topic is the ARN of a topic, or the name of one in server.account and server.region, "
                'not "arn:aws:sqs:eu-west-1:111122223333:q"'
            ),
            'for example topic = "sec-alerts"',
        ),
        (
            '"sec-alerts"',
            "7",
            4,
            "notifier.topic is the ARN of a topic, or the name of one in server.account and server.region, not 7",
            'for example topic = "sec-alerts"',
        ),
        ('topic = "sec-alerts"\n', "", 1, "[[notifier]] has no topic", 'for example topic = "sec-alerts"'),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_the_secret(
    toml: Path, old: str, new: str, line: int, message: str, hint: str
) -> None:
    assert old in NOTIFIER
    toml.write_text(NOTIFIER.replace(old, new))
    assert [(one.line, one.message, one.hint) for one in check_config(toml)] == [(line, message, hint)]
    with pytest.raises(ConfigError) as caught:
        load_config(toml, {})
    assert "abcdefghijklmnop" not in f"{caught.value.message} {caught.value.hint}"


def test_a_secret_in_the_settings_is_never_shown(toml: Path) -> None:
    toml.write_text(NOTIFIER + NOTIFIER.replace("env:SLACK_URL", HOOK))
    config = load_config(toml, {})
    shown = [entry["url"] for _, entry in entries_in_force(config)]
    assert shown == ["env:SLACK_URL", "****"]
    assert HOOK not in repr(config)
    assert HOOK not in f"{config.notifier[1].url} {config.notifier[1].url!r}"
    with pytest.raises(TypeError):  # nor written by accident
        msgspec.json.encode(config.notifier[1])


def test_a_secret_is_found_where_it_stands(tmp_path: Path) -> None:
    kept = tmp_path / "hook"
    kept.write_text(f"{HOOK}\n")
    for text in (HOOK, "env:HOOK", f"file:{kept}"):
        assert Secret(text).reveal({"HOOK": f" {HOOK}"}, key="notifier.url") == HOOK


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("env:HOOK", "notifier.url is env:HOOK, and the variable HOOK is not set"),
        ("file:{}/missing", "notifier.url is file:{}/missing, and there is no such file"),
        ("file:{}", "notifier.url is file:{}, and it is not a regular file"),
        ("file:{}/empty", "notifier.url is file:{}/empty, and the file {}/empty is empty"),
        ("file:{}/bytes", "notifier.url is file:{}/bytes, and it is not UTF-8"),
        ("file:{}/long", "notifier.url is file:{}/long, and it is longer than 64 KiB"),
    ],
)
def test_a_secret_that_is_not_there_is_told_by_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "long").write_text("x" * 70_000)
    with pytest.raises(ConfigError) as caught:
        Secret(text.replace("{}", str(tmp_path))).reveal({"HOOK": ""}, key="notifier.url")
    assert caught.value.message == message.replace("{}", str(tmp_path))
    assert caught.value.key == "notifier.url"
