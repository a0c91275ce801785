"""Bounds on what is read, in one place. Spec: CT-14.4, IF-9 (`limits.*`)."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds that hold while data is read, whatever it holds.

    `record` bytes of text for one record (or any other single JSON value that has to be looked at
    whole), `depth` levels of nesting, `unpacked` bytes that one file may expand to.
    """

    record: int = 16 * 1024 * 1024
    depth: int = 500
    unpacked: int = 8 * 1024 * 1024 * 1024


DEFAULT_LIMITS = Limits()
