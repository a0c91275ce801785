"""Which addresses messages may be sent to. Spec: SNS-8.4.

Rule: whoever may subscribe an endpoint may make us connect to it, so an address has to be public, or be allowed by
the settings; those by which machines in a cloud learn their credentials never are. An address that carries another
one is both.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")

_NEVER: Final[tuple[tuple[Network, str], ...]] = (
    (IPv4Network("169.254.0.0/16"), "link-local"),
    (IPv6Network("fe80::/10"), "link-local"),
    (IPv6Network("fd00:ec2::/32"), "a metadata service"),
    (IPv4Network("100.100.100.200/32"), "a metadata service"),
    (IPv4Network("168.63.129.16/32"), "a metadata service"),
    (IPv4Network("0.0.0.0/8"), "no host"),
    (IPv6Network("::/128"), "no host"),
    (IPv4Network("224.0.0.0/4"), "multicast"),
    (IPv6Network("ff00::/8"), "multicast"),
    (IPv4Network("255.255.255.255/32"), "broadcast"),
)

_GIVEN_OUT: Final = IPv6Network("2000::/3")
_EXAMPLES: Final = IPv6Network("3fff::/20")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")

# Prefixes whose addresses end in one of IPv4: translated on the way (RFC 6052, RFC 8215), or old forms.
_CARRIERS: Final = (
    _TRANSLATED,
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0:0/96"),
)
_INTERFACE_OF_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
_LAST: Final = 0xFFFF_FFFF


class AddressRules:
    """Whom we connect to. `allow` are ranges that may be reached besides public ones."""

    def __init__(self, allow: Iterable[str]) -> None:
        self._allow = tuple(ip_network(one, strict=False) for one in allow)

    def refusal(self, text: str) -> str | None:
        """Why an address is not connected to; None for one that is."""
        try:
            address = ip_address(text)
        except ValueError:
            return "no address"
        for one in _all_of(address):
            reason = next((reason for network, reason in _NEVER if one in network), None)
            if reason is None and not _is_public(one) and not any(one in network for network in self._allow):
                reason = "loopback" if one.is_loopback else "not public"
            if reason is not None:
                return reason
        return None


def _is_public(address: Address) -> bool:
    """Whether an address is reached over the internet; of IPv6 only what was given out for that is."""
    if isinstance(address, IPv4Address):
        return address.is_global
    return address in _TRANSLATED or (address in _GIVEN_OUT and address not in _EXAMPLES and address.is_global)


def _all_of(address: Address) -> Iterator[Address]:
    """An address, and those that it carries; of one that is only another way to write an address, that one."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield IPv6Address(int(address))  # without a zone
    if address.is_loopback or address.is_unspecified:
        return
    value = int(address)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _CARRIERS) or value >> 32 & _LAST in _INTERFACE_OF_ISATAP:
        yield IPv4Address(value & _LAST)
