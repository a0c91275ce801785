"""Which notifier delivers what, as the settings say. Spec: AR-10, SNS-8.5, IF-9."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.app.subscription_endpoint import UNSERVED
from tocsin.composition.channels import addresses_of
from tocsin.composition.object_store import ServiceKeys
from tocsin.composition.server_settings import is_loopback
from tocsin.composition.telemetry import log
from tocsin.core.endpoint_address import LOOPBACK, AddressRules
from tocsin.notifiers.channel import ChannelAddresses
from tocsin.notifiers.log import LogNotifier
from tocsin.notifiers.sqs import SqsAccess, SqsNotifier
from tocsin.notifiers.unserved import UnservedNotifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.ports import Notifier
    from tocsin.clock import Clock
    from tocsin.composition.channels import Channel
    from tocsin.composition.operator_channel import OperatorPlan
    from tocsin.config import Config
    from tocsin.notifiers.signature import MessageSigner


# Whoever writes the settings may name an address in the own network; link-local ones are refused all the same.
ANYWHERE = AddressRules(("0.0.0.0/0", "::/0"))
"""The addresses that those of the settings may lead to."""

_NO_KEYS = ServiceKeys()


def make_notifiers(
    config: Config,
    signer: MessageSigner,
    clock: Clock,
    *,
    mail: Callable[[], Notifier],
    channels: Sequence[Channel] = (),
    operator: OperatorPlan | None = None,
    public_url: str = "",
    keys: ServiceKeys = _NO_KEYS,
) -> dict[str, Notifier]:
    """The notifiers by protocol.

    `mail` makes the one for mails. `channels` are the chat channels of the settings, `operator` is where the service
    reports on itself, `public_url` is where links in messages to channels lead. `keys` are those for queues.

    It loads libraries that the answer to the first request need not wait for; call it beside all else.
    """
    from tocsin.notifiers.apprise import AppriseNotifier
    from tocsin.notifiers.http import HttpNotifier
    from tocsin.notifiers.slack import SlackNotifier

    apprise = addresses_of(channels, "apprise")
    if operator is not None and operator.kind == "apprise":
        apprise["", operator.endpoint.address] = operator.address
    over_http = HttpNotifier(signer, address_rules(config), clock, counts_4xx=config.http.delivered_4xx)
    return {
        "log": LogNotifier(log("notification").info),
        **dict.fromkeys(("http", "https"), over_http),
        **dict.fromkeys(("email", "email-json"), mail()),
        "sqs": _to_queues(config, signer, keys),
        "slack": SlackNotifier(
            ChannelAddresses(addresses_of(channels, "slack")), ANYWHERE, clock, public_url=public_url
        ),
        "apprise": AppriseNotifier(ChannelAddresses(apprise), public_url=public_url),
        "operator": _to_operator(operator, clock),
        **dict.fromkeys(UNSERVED, UnservedNotifier()),
    }


def _to_operator(operator: OperatorPlan | None, clock: Clock) -> Notifier:
    """What takes JSON for the operator; mails and messages over apprise go the way of all others."""
    if operator is not None and operator.kind == "file":
        from tocsin.notifiers.operator import FileNotifier

        return FileNotifier(Path(operator.address))
    if operator is not None and operator.kind == "http":
        from tocsin.notifiers.operator import JsonNotifier

        return JsonNotifier(operator.address, ANYWHERE, clock)
    return UnservedNotifier("operator.channel was changed since")


def _to_queues(config: Config, signer: MessageSigner, keys: ServiceKeys) -> Notifier:
    """Where a service for queues is configured, it gets messages for queues (WIRE-9.14)."""
    if not config.sqs.endpoint_url:
        return UnservedNotifier("set sqs.endpoint_url to the service that has the queues")
    return SqsNotifier(SqsAccess(config.sqs.endpoint_url, config.sqs.region, *keys), signer)


def address_rules(config: Config) -> AddressRules:
    """Which addresses messages may be sent to: what was allowed, else loopback for a server on loopback (SNS-8.4)."""
    allow = config.http.allow
    if allow is None:
        allow = LOOPBACK if is_loopback(config.server.host) else ()
    return AddressRules(allow)
