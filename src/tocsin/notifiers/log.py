"""Messages into the log of the service: the protocol `log`. Spec: SNS-8.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.delivery import Delivered, DeliveryOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow


class LogNotifier:
    """Writes each message as one event; `write` takes its members."""

    def __init__(self, write: Callable[..., None]) -> None:
        self._write = write

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:
        """Write the message."""
        self._write(
            "notification",
            topic_arn=envelope.topic_arn,
            message_id=envelope.message_id,
            delivery_id=delivery.delivery_id,
            subject=envelope.subject,
            message=envelope.message,
        )
        return Delivered()

    async def close(self) -> None:
        """There is nothing to let go of."""
