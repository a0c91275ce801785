"""Addresses of subscribers as somebody may see them. Spec: SNS-8.3, CON-8.5.

Rule: a password in an address is shown to nobody; to a viewer a path is not either, for it may be what lets people in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.subscription_endpoint import shown_address
from tocsin.core.complaint import shown_endpoint

if TYPE_CHECKING:
    from tocsin.console.visit import Visit


def endpoint_text(visit: Visit, protocol: str, address: str) -> str:
    """An address for the one who looks."""
    return shown_address(protocol, address) if visit.visitor.is_operator else shown_endpoint(protocol, address)
