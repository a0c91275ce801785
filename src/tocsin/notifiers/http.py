"""Messages to http and https endpoints. Spec: SNS-8, SNS-10.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.delivery import DeliveryOutcome, DeliveryReason, Failed
from tocsin.core.envelope_text import message_headers
from tocsin.notifiers.http_post import SECONDS, HttpPoster, WebAddress

if TYPE_CHECKING:
    import ssl

    from tocsin.clock import Clock
    from tocsin.core.endpoint_address import AddressRules
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.network import Resolver
    from tocsin.notifiers.signature import MessageSigner


class HttpNotifier:
    """Posts messages. `seconds` is what an endpoint has; `counts_4xx` takes a 4xx for delivered, as was captured."""

    def __init__(
        self,
        signer: MessageSigner,
        rules: AddressRules,
        clock: Clock,
        *,
        counts_4xx: bool = False,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._signer = signer
        self._poster = HttpPoster(
            rules,
            clock,
            counts_4xx=counts_4xx,
            remedy=", and the setting http.allow does not cover it",
            seconds=seconds,
            tls=tls,
            resolver=resolver,
        )

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Post a message once."""
        try:
            endpoint = WebAddress.of(envelope.endpoint, secrets=[envelope.token or ""])
        except ValueError:  # it was refused when it was subscribed
            return Failed(DeliveryReason.MESSAGE, "the endpoint is no URL")
        body = self._signer.body(envelope).encode("utf-8", "replace")
        return await self._poster.post(endpoint, message_headers(envelope), body)

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._poster.close()
