"""Pagination tokens: what comes back, and what is refused. Spec: WIRE-9.1 to WIRE-9.3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.wire.page_token import PageTokenError, PageTokens

TOKENS = PageTokens(b"k" * 32)
BINDING = ["logs", "DescribeLogGroups", "111122223333", "eu-west-1", {"logGroupNamePrefix": "aws"}]


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(), max_size=4))
def test_position_comes_back(position: list[str | int | None]) -> None:
    token = TOKENS.seal(position, BINDING, at=5)
    assert TOKENS.open(token, BINDING, at=6) == tuple(position)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_order_of_parameters_does_not_matter() -> None:
    token = TOKENS.seal(["a"], {"x": 1, "y": 2}, at=5)
    assert TOKENS.open(token, {"y": 2, "x": 1}, at=5) == ("a",)


@pytest.mark.parametrize(
    "binding",
    [
        ["logs", "DescribeLogGroups", "444455556666", "eu-west-1", {"logGroupNamePrefix": "aws"}],
        ["logs", "DescribeLogStreams", "111122223333", "eu-west-1", {"logGroupNamePrefix": "aws"}],
        ["logs", "DescribeLogGroups", "111122223333", "eu-west-1", {"logGroupNamePrefix": "awt"}],
        ["logs", "DescribeLogGroups", "111122223333", "eu-west-1", {}],
    ],
)
def test_another_request_is_refused(binding: object) -> None:
    token = TOKENS.seal(["a"], BINDING, at=5)
    with pytest.raises(PageTokenError):
        TOKENS.open(token, binding, at=5)


def test_another_installation_is_refused() -> None:
    token = TOKENS.seal(["a"], BINDING, at=5)
    with pytest.raises(PageTokenError):
        PageTokens(b"j" * 32).open(token, BINDING, at=5)


@pytest.mark.parametrize("token", ["", "x", "é", "=", "AAAA", "A" * 4097, "\ud800", " ", "a b", "+/+/"])
def test_malformed_is_refused(token: str) -> None:
    with pytest.raises(PageTokenError):
        TOKENS.open(token, BINDING, at=5)


@given(st.binary(max_size=80), st.integers(0, 200))
def test_a_changed_token_is_refused(noise: bytes, place: int) -> None:
    token = TOKENS.seal(["a", 1], BINDING, at=5)
    at = place % len(token)
    other = "A" if token[at] != "A" else "B"
    changed = token[:at] + other + token[at + 1 :]
    # The last character carries bits that base64 leaves unused.
    if at < len(token) - 1:
        with pytest.raises(PageTokenError):
            TOKENS.open(changed, BINDING, at=5)
    with pytest.raises(PageTokenError):
        TOKENS.open(noise.hex(), BINDING, at=5)


def test_lifetime() -> None:
    token = TOKENS.seal(["a"], BINDING, at=1_000)
    assert TOKENS.open(token, BINDING, at=2_000, lifetime=1_000) == ("a",)
    with pytest.raises(PageTokenError):
        TOKENS.open(token, BINDING, at=2_001, lifetime=1_000)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        PageTokens(b"short")
