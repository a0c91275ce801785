"""The chat channels of the settings: their names, topics and addresses. Spec: IF-9 (`[[notifier]]`), SNS-8.5.

Rule: the name of a channel is where its address stands, which is no secret; deliveries are kept under it. What is
wrong with an address is told when the service starts, with the remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.publication import scope_of_topic
from tocsin.app.topic import TOPICS
from tocsin.config import address_hint, address_problem
from tocsin.core.delivery import Endpoint
from tocsin.core.scope import Scope
from tocsin.core.topic import is_topic
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tocsin.app.service import Service
    from tocsin.config import Config, NotifierSettings

_KEY = "notifier.url"


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that gets what is published on a topic. `address` is a secret and is not in its text."""

    kind: str
    name: str
    topic_arn: str
    address: str

    def __repr__(self) -> str:
        return f"Channel({self.name!r}, {self.topic_arn!r})"


def plan_channels(config: Config, environ: Mapping[str, str]) -> tuple[Channel, ...]:
    """The channels of the settings, each once. An address in the settings themselves has a number for a name.

    Raises:
        ConfigError: an address is not where it is said to be, is of no use, or needs a library that is not there.
    """
    channels: dict[tuple[str, str], Channel] = {}
    for one, place in _places(config):
        address = one.url.reveal(environ, key=_KEY)
        _check(one.kind, address, place)
        channel = _channel(config, one, place, address)
        channels[channel.topic_arn, channel.name] = channel
    return tuple(channels.values())


def known_channels(config: Config) -> tuple[Channel, ...]:
    """The same without their addresses, for who only tells of them: nothing is looked up, and nothing is refused."""
    channels = [_channel(config, one, place, "") for one, place in _places(config)]
    return tuple({(one.topic_arn, one.name): one for one in channels}.values())


def _places(config: Config) -> Iterator[tuple[NotifierSettings, str]]:
    """Each notifier with what its name says of where the address stands."""
    numbers: dict[tuple[str, str], int] = {}
    for one in config.notifier:
        place = one.url.shown
        if not one.url.is_reference:
            same_kind = sum(kind == one.kind for kind, _ in numbers)
            itself = one.url.reveal({}, key=_KEY)
            place = f"number {numbers.setdefault((one.kind, itself), same_kind + 1)}"
        yield one, place


def _channel(config: Config, one: NotifierSettings, place: str, address: str) -> Channel:
    scope = Scope(config.server.account, config.server.region)
    topic_arn = one.topic if is_topic(one.topic) else scope.arn("sns", one.topic)
    return Channel(kind=one.kind, name=f"{one.kind} {place}", topic_arn=topic_arn, address=address)


def _check(kind: str, address: str, place: str) -> None:
    problem = address_problem(kind, address)
    if problem:
        raise ConfigError(f"{problem}; what is in {place} is none", key=_KEY, hint=address_hint(kind))
    if kind == "apprise":
        from tocsin.notifiers.apprise import is_installed, knows_address  # a library that is seldom there

        if not is_installed():
            raise ConfigError(
                "notifier.kind is apprise, and the library apprise is not installed",
                key="notifier.kind",
                hint="pip install 'tocsin[apprise]' brings it",
            )
        if not knows_address(address):
            raise ConfigError(
                f"notifier.url of kind apprise is an address that the library knows; what is in {place} is none",
                key=_KEY,
                hint="https://appriseit.com/services/ lists the services and what their addresses hold",
            )


def endpoints_of_topics(channels: Iterable[Channel]) -> dict[str, tuple[Endpoint, ...]]:
    """Who gets what is published on a topic besides its subscribers, by the topic's ARN."""
    found: dict[str, tuple[Endpoint, ...]] = {}
    for one in channels:
        found[one.topic_arn] = (*found.get(one.topic_arn, ()), Endpoint(one.kind, one.name))
    return found


def addresses_of(channels: Iterable[Channel], kind: str) -> dict[tuple[str, str], str]:
    """The addresses of the channels of a kind, by topic and name."""
    return {(one.topic_arn, one.name): one.address for one in channels if one.kind == kind}


def tell_missing_topics(service: Service, channels: Iterable[Channel], warn: Callable[..., None]) -> None:
    """Warn of channels whose topic is not there: they are silent until somebody creates it."""
    with service.store.read() as store:
        for one in channels:
            place = scope_of_topic(one.topic_arn)
            if place is None or TOPICS.get(store, *place) is None:
                warn("topic-of-notifier-missing", notifier=one.name, topic_arn=one.topic_arn)
