"""The channel to whoever runs the service, and where heartbeats go: what the settings say, checked. Spec: IF-9.

Rule: what is wrong with an address is told when the service starts, with the remedy and without the address.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.config import HeartbeatUrl, OperatorChannel, channel_kind
from tocsin.core.delivery import Endpoint
from tocsin.core.scope import Scope
from tocsin.core.topic import is_topic
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.config import Config

CHANNEL_KEY: Final = "operator.channel"
"""The setting, and the name of the channel where its address is a secret."""

_URL_KEY: Final = "heartbeat.url"


class OperatorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A channel: its kind, and its address, which may be a secret and is not in its text."""

    kind: str
    address: str

    @property
    def endpoint(self) -> Endpoint:
        """Under what deliveries are kept: a mail address itself, of all else the name of the setting."""
        if self.kind == "mailto":
            return Endpoint("email", self.address)
        return Endpoint("apprise" if self.kind == "apprise" else "operator", CHANNEL_KEY)

    def __repr__(self) -> str:
        return f"OperatorPlan({self.kind!r})"


class HeartbeatPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Where beats go: `url` is empty for no address, `topic_arn` for no topic. `every` is in seconds."""

    url: str = ""
    topic_arn: str = ""
    every: int = 300

    def __repr__(self) -> str:
        return f"HeartbeatPlan({self.topic_arn!r}, every={self.every})"


def plan_operator(config: Config, environ: Mapping[str, str]) -> OperatorPlan | None:
    """The channel of the settings; None where there is none.

    Raises:
        ConfigError: it is not where it is said to be, is of no use, or needs a library that is not there.
    """
    setting = config.operator.channel
    if setting is None:
        return None
    text = setting.reveal(environ, key=CHANNEL_KEY)
    kind = channel_kind(text)
    if not kind:
        raise ConfigError(
            f"operator.channel is {setting.shown}, and no channel stands there",
            key=CHANNEL_KEY,
            hint="file:PATH, mailto:ADDRESS, an http or https address, or one of apprise",
        )
    if kind == "file":
        return OperatorPlan(kind=kind, address=str(_checked_file(Path(text[5:]))))
    if kind == "mailto":
        return OperatorPlan(kind=kind, address=text[7:])
    if kind == "apprise":
        _check_apprise(text, setting)
    return OperatorPlan(kind=kind, address=text)


def _checked_file(path: Path) -> Path:
    if not path.parent.is_dir():
        raise ConfigError(
            f"operator.channel is file:{path}, and there is no folder {path.parent}",
            key=CHANNEL_KEY,
            hint="make the folder, or name a file in another one",
        )
    if path.exists() and not path.is_file():
        raise ConfigError(f"operator.channel is file:{path}, which is not a regular file", key=CHANNEL_KEY)
    return path.absolute()


def _check_apprise(address: str, setting: OperatorChannel) -> None:
    from tocsin.notifiers.apprise import is_installed, knows_address  # a library that is seldom there

    if not is_installed():
        raise ConfigError(
            f"operator.channel is {setting.shown}, and the library apprise is not installed",
            key=CHANNEL_KEY,
            hint="pip install 'tocsin[apprise]' brings it",
        )
    if not knows_address(address):
        raise ConfigError(
            f"operator.channel is {setting.shown}, and the library apprise does not know that address",
            key=CHANNEL_KEY,
            hint="https://appriseit.com/services/ lists the services and what their addresses hold",
        )


def plan_heartbeat(config: Config, environ: Mapping[str, str]) -> HeartbeatPlan | None:
    """Where beats go; None where nowhere.

    Raises:
        ConfigError: the address is not where it is said to be, or is none.
    """
    heartbeat = config.heartbeat
    if heartbeat.url is None and not heartbeat.topic:
        return None
    scope = Scope(config.server.account, config.server.region)
    topic = heartbeat.topic
    return HeartbeatPlan(
        url="" if heartbeat.url is None else _checked_url(heartbeat.url, environ),
        topic_arn=topic if not topic or is_topic(topic) else scope.arn("sns", topic),
        every=heartbeat.every,
    )


def _checked_url(setting: HeartbeatUrl, environ: Mapping[str, str]) -> str:
    url = setting.reveal(environ, key=_URL_KEY)
    if channel_kind(url) != "http":
        raise ConfigError(
            f"heartbeat.url is {setting.shown}, and no http or https address stands there",
            key=_URL_KEY,
            hint="for example https://hc-ping.com/ and the id of the check",
        )
    return url
