"""Where a call came from, as its record tells it. Spec: REC-4.1.

Rule: what a client writes of itself is believed of no peer but those that are named in the settings.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class SourceAddresses:
    """Tells addresses; `trusted_proxies` are the ranges whose X-Forwarded-For counts."""

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(one, strict=False) for one in trusted_proxies]

    def of(self, peer: str, forwarded_for: str | None) -> str:
        """The peer's address; behind a proxy that is trusted, the one that the proxy names."""
        address = peer.partition("%")[0].removeprefix("::ffff:")
        if self._trusted and _is_address(address) and any(ip_address(address) in one for one in self._trusted):
            named = (forwarded_for or "").partition(",")[0].strip()
            if _is_address(named):
                return named
        return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
