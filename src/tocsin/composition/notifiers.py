"""Which notifier delivers what, as the settings say. Spec: AR-10, SNS-8.5, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.composition.telemetry import log
from tocsin.notifiers.log import LogNotifier
from tocsin.notifiers.unserved import UnservedNotifier

if TYPE_CHECKING:
    from tocsin.app.ports import Notifier
    from tocsin.notifiers.signature import MessageSigner


UNSERVED = ("lambda", "firehose", "sms", "application")


def make_notifiers(signer: MessageSigner) -> dict[str, Notifier]:  # noqa: ARG001  (those that follow need it)
    """The notifiers by protocol. Messages over the protocols that have none yet wait in the outbox."""
    unserved = UnservedNotifier()
    return {"log": LogNotifier(log("notification").info), **dict.fromkeys(UNSERVED, unserved)}
