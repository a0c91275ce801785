"""Protocols that are accepted and have no service here. Spec: SNS-8.5.

Rule: nobody is led to believe that such a message has arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.delivery import DeliveryOutcome, DeliveryReason, Failed

if TYPE_CHECKING:
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow


class UnservedNotifier:
    """Records every message as failed, with the reason; `remedy` says what would change that."""

    def __init__(self, remedy: str = "") -> None:
        self._remedy = remedy

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Say that it is not delivered here."""
        reason = f"Tocsin delivers nothing over {envelope.protocol}"
        return Failed(DeliveryReason.NOT_SERVED, f"{reason}: {self._remedy}" if self._remedy else reason)

    async def close(self) -> None:
        """There is nothing to let go of."""
