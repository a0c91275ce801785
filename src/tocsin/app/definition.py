"""Definitions in the store, with their types. Rule: what was put is what is got, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

Item = TypeVar("Item")


class Definitions(Generic[Item]):
    """The definitions of one kind. `item` is a type that msgspec can encode, as MessagePack."""

    def __init__(self, kind: str, item: type[Item]) -> None:
        self.kind = kind
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(item).decode

    def get(self, store: StoreReader, scope: Scope, name: str) -> Item | None:
        """One definition; None when there is none."""
        body = store.get(self.kind, scope, name)
        return None if body is None else self._decode(body)

    def read(self, body: bytes) -> Item:
        """What these bytes say, for whoever keeps them to see whether they have changed."""
        return self._decode(body)

    def scan(
        self,
        store: StoreReader,
        scope: Scope,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> list[tuple[str, Item]]:
        """Names and definitions in the order of the names' UTF-8, or in the opposite one."""
        found = store.scan(self.kind, scope, prefix=prefix, after=after, descending=descending, limit=limit)
        return [(name, self._decode(body)) for name, body in found]

    def scan_all(self, store: StoreReader) -> Iterator[tuple[Scope, str, Item]]:
        """The definitions of every scope."""
        return ((scope, name, self._decode(body)) for scope, name, body in store.scan_all(self.kind))

    def put(self, store: StoreWriter, scope: Scope, name: str, item: Item) -> None:
        """Keep a definition, in place of the one of that name."""
        store.put(self.kind, scope, name, self._encode(item))

    def delete(self, store: StoreWriter, scope: Scope, name: str) -> bool:
        """Remove a definition; False when there was none."""
        return store.delete(self.kind, scope, name)
