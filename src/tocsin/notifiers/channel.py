"""Where the chat channels of the settings are. Spec: IF-9, SNS-8.5.

Rule: a delivery names its channel, and the address, which is a secret, is looked up when it is sent. So it may be
changed while messages wait, and one that is gone is told of, not guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.delivery import DeliveryReason, Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.envelope import Envelope


class ChannelAddresses:
    """Addresses by the topic's ARN and the channel's name."""

    def __init__(self, addresses: Mapping[tuple[str, str], str]) -> None:
        self._addresses = dict(addresses)

    def find(self, envelope: Envelope) -> str | Failed:
        """The address that a message is for."""
        found = self._addresses.get((envelope.topic_arn, envelope.endpoint))
        if found is None:
            text = f"the settings have no such notifier any more: {envelope.endpoint} for topic {envelope.topic_name}"
            return Failed(DeliveryReason.NOT_SERVED, text)
        return found
