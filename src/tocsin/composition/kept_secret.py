"""Secrets of an installation: made when they are first asked for, and kept in its store for good."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from tocsin.app.definition import Definitions
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.store_port import Store, StoreWriter

_SECRETS: Final = Definitions("setting", bytes)
_HERE: Final = Scope("", "")
_BYTES: Final = 32


def kept_secret(store: Store, name: str) -> bytes:
    """The secret of that name."""

    def work(writer: StoreWriter) -> bytes:
        known = _SECRETS.get(writer, _HERE, name)
        if known is None:
            known = secrets.token_bytes(_BYTES)
            _SECRETS.put(writer, _HERE, name, known)
        return known

    return store.write(work)
