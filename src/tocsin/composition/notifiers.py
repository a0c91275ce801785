"""Which notifier delivers what, as the settings say. Spec: AR-10, SNS-8.5, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.composition.server_settings import is_loopback
from tocsin.composition.telemetry import log
from tocsin.core.endpoint_address import LOOPBACK, AddressRules
from tocsin.notifiers.log import LogNotifier
from tocsin.notifiers.sqs import SqsAccess, SqsNotifier
from tocsin.notifiers.unserved import UnservedNotifier

if TYPE_CHECKING:
    from tocsin.app.ports import Notifier
    from tocsin.clock import Clock
    from tocsin.config import Config
    from tocsin.notifiers.signature import MessageSigner


UNSERVED = ("lambda", "firehose", "sms", "application")


def make_notifiers(config: Config, signer: MessageSigner, clock: Clock) -> dict[str, Notifier]:
    """The notifiers by protocol. Messages over the protocols that have none yet wait in the outbox.

    It loads libraries that the answer to the first request need not wait for; call it beside all else.
    """
    from tocsin.notifiers.http import HttpNotifier

    over_http = HttpNotifier(signer, address_rules(config), clock, counts_4xx=config.http.delivered_4xx)
    return {
        "log": LogNotifier(log("notification").info),
        **dict.fromkeys(("http", "https"), over_http),
        "sqs": _to_queues(config, signer),
        **dict.fromkeys(UNSERVED, UnservedNotifier()),
    }


def _to_queues(config: Config, signer: MessageSigner) -> Notifier:
    """Where a service for queues is configured, it gets messages for queues (WIRE-9.14)."""
    if not config.sqs.endpoint_url:
        return UnservedNotifier("set sqs.endpoint_url to the service that has the queues")
    return SqsNotifier(SqsAccess(config.sqs.endpoint_url, config.sqs.region), signer)


def address_rules(config: Config) -> AddressRules:
    """Which addresses messages may be sent to: what was allowed, else loopback for a server on loopback (SNS-8.4)."""
    allow = config.http.allow
    if allow is None:
        allow = LOOPBACK if is_loopback(config.server.host) else ()
    return AddressRules(allow)
