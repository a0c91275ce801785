"""Scopes as they stand in tables: `account/region`."""

from __future__ import annotations

from tocsin.core.scope import Scope

NOWHERE = Scope("", "")
"""The scope of what belongs to the installation."""


def scope_text(scope: Scope) -> str:
    """`111122223333/eu-west-1`."""
    return f"{scope.account}/{scope.region}"


def scope_of(text: str) -> Scope:
    """The scope that `scope_text` has written."""
    account, _, region = text.partition("/")
    return Scope(account, region)


def prefix_end(prefix: str) -> str | None:
    """The first text, in the order of UTF-8, behind all that begin with `prefix`; None when there is no such text."""
    for place in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[place]) + 1
        if code == 0xD800:  # surrogates are no characters
            code = 0xE000
        if code <= 0x10FFFF:
            return prefix[:place] + chr(code)
    return None
