"""Chat channels of the settings: their names, topics and addresses. Spec: IF-9, SNS-8.5."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.composition.channels import addresses_of, endpoints_of_topics, known_channels, plan_channels
from tocsin.config import Config, NotifierSettings, Secret
from tocsin.errors import ConfigError


def test_names_are_where_an_address_stands() -> None:
    def notifier(url: str, topic: str = "a") -> Any:
        return NotifierSettings(kind="slack", url=Secret(url), topic=topic)

    hooks = [f"https://hooks.example.com/{number}" for number in range(3)]
    config = Config(
        notifier=(
            notifier(hooks[0]),
            notifier(hooks[1]),
            notifier(hooks[0], "arn:aws:sns:us-east-1:111122223333:b"),
            notifier("env:HOOK"),
            notifier("env:HOOK"),
        )
    )
    channels = plan_channels(config, {"HOOK": hooks[2]})
    here = "arn:aws:sns:us-east-1:123456789012:a"
    assert addresses_of(channels, "slack") == {
        (here, "slack number 1"): hooks[0],
        (here, "slack number 2"): hooks[1],
        ("arn:aws:sns:us-east-1:111122223333:b", "slack number 1"): hooks[0],
        (here, "slack env:HOOK"): hooks[2],
    }
    assert [one.address for one in endpoints_of_topics(channels)[here]] == [
        "slack number 1",
        "slack number 2",
        "slack env:HOOK",
    ]
    assert not any(hook in repr(channels) for hook in hooks)
    # who only tells of them need not be able to reach them
    assert endpoints_of_topics(known_channels(config)) == endpoints_of_topics(channels)
    assert not any(one.address for one in known_channels(config))


def test_a_library_that_is_not_there_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.notifiers.apprise.is_installed", lambda: False)
    config = Config(notifier=(NotifierSettings(kind="apprise", url=Secret("json://127.0.0.1:9"), topic="a"),))
    with pytest.raises(ConfigError) as caught:
        plan_channels(config, {})
    assert caught.value.message == "notifier.kind is apprise, and the library apprise is not installed"
    assert caught.value.hint == "pip install 'tocsin[apprise]' brings it"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("slack", "notifier.url of kind slack is an http or https address with a path; what is in env:HOOK is none"),
        ("apprise", "notifier.url of kind apprise is an address that the library knows; what is in env:HOOK is none"),
    ],
)
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # of the library, on old Pythons
def test_an_address_that_is_none_is_told_without_it(kind: str, message: str) -> None:
    pytest.importorskip("apprise", reason="the extra apprise is not installed")
    config = Config(notifier=(NotifierSettings(kind=kind, url=Secret("env:HOOK"), topic="a"),))
    with pytest.raises(ConfigError) as caught:
        plan_channels(config, {"HOOK": "nonsense://abcdefghijklmnop"})
    assert caught.value.message == message
    assert "abcdefghijklmnop" not in f"{caught.value.hint}"
