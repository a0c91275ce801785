"""Shapes of parameters and results as plain data: what a record has to know of a service's model. Spec: REC-5.

Rule: nothing here knows where the models come from. The edge that has them (`wire.record_shape`) makes these once for
each operation; a shape may hold itself, so members are filled in after a shape was made.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["structure", "list", "map", "string", "blob", "timestamp", "number", "boolean", "document"]


class Member(msgspec.Struct, kw_only=True, eq=False):
    """A member of a structure, the element of a list, or key or value of a map.

    `name` is the model's, `wire_name` the name in EC2's forms and `xml_name` that in its answers; for an element
    that of its own, empty where it has none. `is_streamed` marks a body of bytes or a stream of events, which is
    never recorded. `timestamp_format` is the model's, empty where it says nothing.
    """

    name: str
    shape: Shape
    wire_name: str = ""
    xml_name: str = ""
    is_sensitive: bool = False
    is_streamed: bool = False
    timestamp_format: str = ""


class Shape(msgspec.Struct, kw_only=True, eq=False):
    """The kind of a value: `members` of a structure, `element` of a list, `key` and `element` of a map."""

    kind: Kind
    members: dict[str, Member] = {}
    key: Member | None = None
    element: Member | None = None
