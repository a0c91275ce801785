"""Messages to incoming webhooks of Slack, and of what understands them: Mattermost, Rocket.Chat. Spec: SNS-8.5, IF-9.

Rule: the address is the secret. No part of it is in what is kept of an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.chat_message import chat_message
from tocsin.core.delivery import DeliveryOutcome, DeliveryReason, Failed
from tocsin.core.slack_blocks import slack_payload
from tocsin.notifiers.http_post import SECONDS, HttpPoster, WebAddress, secrets_in

if TYPE_CHECKING:
    import ssl

    from tocsin.clock import Clock
    from tocsin.core.endpoint_address import AddressRules
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.channel import ChannelAddresses
    from tocsin.notifiers.network import Resolver

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Tocsin",
    "Accept-Encoding": "gzip,deflate",
}


class SlackNotifier:
    """Posts messages as blocks. `public_url` is where the page of an alarm is."""

    def __init__(
        self,
        addresses: ChannelAddresses,
        rules: AddressRules,
        clock: Clock,
        *,
        public_url: str,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._addresses = addresses
        self._public_url = public_url
        self._poster = HttpPoster(rules, clock, seconds=seconds, tls=tls, resolver=resolver)

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Post a message once."""
        url = self._addresses.find(envelope)
        if isinstance(url, Failed):
            return url
        try:
            address = WebAddress.of(url, secrets=secrets_in(url))
        except ValueError:
            return Failed(DeliveryReason.MESSAGE, "the address of the channel is no URL")
        payload = slack_payload(chat_message(envelope, public_url=self._public_url))
        return await self._poster.post(address, _HEADERS, msgspec.json.encode(payload))

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._poster.close()
