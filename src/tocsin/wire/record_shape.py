"""The models' shapes as the plain data that records are made by. Spec: REC-5, AR-3 (the core knows no botocore)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from tocsin.core.record.shape import Kind, Member, Shape

if TYPE_CHECKING:
    from botocore.model import Shape as ModelShape

_KINDS: Final[dict[str, Kind]] = {
    "structure": "structure",
    "list": "list",
    "map": "map",
    "string": "string",
    "character": "string",
    "blob": "blob",
    "timestamp": "timestamp",
    "byte": "number",
    "short": "number",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
}


class RecordShapes:
    """The shapes of one service, each made once. Safe in threads."""

    def __init__(self) -> None:
        self._known: dict[str, Shape] = {}
        self._lock = threading.RLock()

    def shape(self, model: ModelShape | None) -> Shape | None:
        """The shape of an operation's input or output; None where it has none."""
        if model is None:
            return None
        with self._lock:
            return self._shape(model)

    def _shape(self, model: ModelShape) -> Shape:
        known = self._known.get(model.name)
        if known is not None:
            return known
        is_document = bool(getattr(model, "is_document_type", False))
        shape = Shape(kind="document" if is_document else _KINDS.get(model.type_name, "string"), members={})
        self._known[model.name] = shape
        if shape.kind == "structure":
            for name, member in model.members.items():
                shape.members[name] = self._member(name, member)
            payload = model.serialization.get("payload")
            if payload in shape.members and shape.members[payload].shape.kind == "blob":
                shape.members[payload].is_streamed = True
        elif shape.kind == "list":
            shape.element = self._member(_own_name(model.member), model.member)
        elif shape.kind == "map":
            shape.key = self._member(_own_name(model.key), model.key)
            shape.element = self._member(_own_name(model.value), model.value)
        return shape

    def _member(self, name: str, model: ModelShape) -> Member:
        traits = model.serialization
        location = str(traits.get("name", name))
        return Member(
            name=name,
            shape=self._shape(model),
            wire_name=str(
                traits.get("queryName") or (location[:1].upper() + location[1:] if "name" in traits else name)
            ),
            xml_name=location,
            is_sensitive=bool(model.metadata.get("sensitive")),
            is_streamed=bool(traits.get("streaming") or traits.get("eventstream") or model.metadata.get("streaming")),
            timestamp_format=str(traits.get("timestampFormat", "")),
        )


def _own_name(model: ModelShape) -> str:
    return str(model.serialization.get("name", ""))
