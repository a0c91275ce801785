"""Which addresses messages may be sent to, in whatever form they are written. Spec: SNS-8.4."""

from __future__ import annotations

import pytest

from tocsin.core.endpoint_address import LOOPBACK, AddressRules

PUBLIC = ["198.41.0.4", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]

METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::169.254.169.254",
    "2002:a9fe:a9fe::",
    "2002:a9fe:a9fe::1",
    "2001:0:808:808:0:0:5601:5601",  # Teredo: the client's address is written inverted
    "2001:0:a9fe:a9fe::",
    "2606:4700::5efe:169.254.169.254",
    "2606:4700::200:5efe:169.254.169.254",
]

NOWHERE = ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:224.0.0.1"]

LOCAL = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"]

PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "2002:a00:1::1",
]

EVERYTHING = ("0.0.0.0/0", "::/0")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_connected_to(address: str) -> None:
    assert AddressRules(()).refusal(address) is None


@pytest.mark.parametrize("address", [*METADATA, *NOWHERE, "", "example.com", "1", "0x7f.1", "127.1"])
@pytest.mark.parametrize("allow", [(), LOOPBACK, EVERYTHING, ("169.254.0.0/16", "fe80::/10")])
def test_some_are_never(address: str, allow: tuple[str, ...]) -> None:
    assert AddressRules(allow).refusal(address) is not None


@pytest.mark.parametrize("address", [*LOCAL, *PRIVATE])
def test_others_need_to_be_allowed(address: str) -> None:
    assert AddressRules(()).refusal(address) is not None
    assert AddressRules(EVERYTHING).refusal(address) is None


@pytest.mark.parametrize(
    ("allow", "address", "refusal"),
    [
        (LOOPBACK, "127.0.0.1", None),
        (LOOPBACK, "::1", None),
        (LOOPBACK, "::ffff:127.0.0.1", None),
        (LOOPBACK, "10.0.0.1", "not public"),
        (LOOPBACK, "fd00:ec2::254", "a metadata service"),
        (("10.0.0.0/8",), "10.9.9.9", None),
        (("10.0.0.0/8",), "::ffff:10.9.9.9", None),
        (("10.0.0.0/8",), "192.168.0.1", "not public"),
        (("10.0.0.0/8",), "127.0.0.1", "loopback"),
        (("10.0.0.7",), "10.0.0.7", None),
        (("10.0.0.7",), "10.0.0.8", "not public"),
        (("fd00::/8",), "fd12::1", None),
        (("fd00::/8",), "10.0.0.1", "not public"),
        # What carries a private address is not allowed by the range of the carrier alone.
        (("64:ff9b:1::/48",), "64:ff9b:1::10.0.0.1", "not public"),
        (("64:ff9b:1::/48", "10.0.0.0/8"), "64:ff9b:1::10.0.0.1", None),
    ],
)
def test_what_is_allowed_is_a_range(allow: tuple[str, ...], address: str, refusal: str | None) -> None:
    assert AddressRules(allow).refusal(address) == refusal
