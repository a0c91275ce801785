"""A record as rows that a page can show: each field with its place, its kind and the clause that asks for it.

Rule: what the record holds is shown as it is, in its own order; null, an empty text and a field that is not there are
three different things. A record that is too large for a page is not shown in part. Spec: CON-4.5, CON-1.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.event import ABSENT, NOT_JSON, lexeme, look_up
from tocsin.core.number import Number
from tocsin.core.pattern.field_clause import field_clause
from tocsin.core.pattern.tree import Index, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.event import Event, JsonValue

MOST_ROWS: Final = 2_000
MOST_LEVELS: Final = 64
"""What a page shows of a record; a larger one is shown raw."""

# Fields that filters ask for, and that are often not there.
_OFTEN_ABSENT: Final = (
    ("errorCode",),
    ("errorMessage",),
    ("sourceIPAddress",),
    ("userIdentity", "accessKeyId"),
    ("userIdentity", "invokedBy"),
    ("userIdentity", "sessionContext", "attributes", "mfaAuthenticated"),
    ("additionalEventData", "MFAUsed"),
    ("requestParameters",),
    ("responseElements",),
    ("resources",),
    ("readOnly",),
    ("vpcEndpointId",),
)


class OutlineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A field. `kind` is string, number, boolean, null, object or array; `number` is its place among all rows.

    `text` is what it holds, for objects and arrays how many members. `clause` asks for just that value, None where the
    filter language cannot.
    """

    number: int
    depth: int
    name: str
    kind: str
    text: str
    clause: str | None


class AbsentField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that the record does not have, and the clause that asks for that."""

    path: str
    clause: str | None


class RecordOutline(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a record. `is_too_large` says that there are none because they would be too many or too deep."""

    rows: tuple[OutlineRow, ...] = ()
    absent: tuple[AbsentField, ...] = ()
    is_too_large: bool = False


def outline_of(event: Event) -> RecordOutline:
    """The outline of a record; without rows for what is no JSON object."""
    value = event.value
    if value is NOT_JSON or not isinstance(value, dict):
        return RecordOutline()
    rows: list[OutlineRow] = []
    for row in _rows(value):
        if row is None or len(rows) == MOST_ROWS:
            return RecordOutline(is_too_large=True)
        rows.append(row)
    absent = tuple(
        AbsentField(path=".".join(names), clause=field_clause(tuple(map(Name, names)), ABSENT))
        for names in _OFTEN_ABSENT
        if look_up(value, names) is ABSENT
    )
    return RecordOutline(rows=tuple(rows), absent=absent)


def text_of_row(event: Event, number: int) -> str | None:
    """The whole text of the field of that row; None where there is none."""
    value = event.value
    if value is NOT_JSON or not isinstance(value, dict):
        return None
    for row in _rows(value, most=number + 1):
        if row is not None and row.number == number:
            return row.text
    return None


_Way = tuple[Name | Index, ...]


def _rows(value: JsonValue, *, most: int = MOST_ROWS + 1) -> Iterator[OutlineRow | None]:
    """The rows in the order of the record; None in place of what lies too deep. Without recursion: records are deep."""
    waiting: list[tuple[_Way, str, JsonValue]] = _members((), value)[::-1]
    number = 0
    while waiting and number < most:
        way, name, node = waiting.pop()
        if len(way) > MOST_LEVELS:
            yield None
            return
        yield OutlineRow(
            number=number,
            depth=len(way) - 1,
            name=name,
            kind=_kind(node),
            text=_text(node),
            clause=field_clause(way, node),
        )
        number += 1
        waiting += _members(way, node)[::-1]


def _members(way: _Way, node: JsonValue) -> list[tuple[_Way, str, JsonValue]]:
    if isinstance(node, dict):
        return [((*way, Name(name)), name, one) for name, one in node.items()]
    if isinstance(node, list):
        return [((*way, Index(place)), f"[{place}]", one) for place, one in enumerate(node)]
    return []


def _kind(node: JsonValue) -> str:
    match node:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Number():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _text(node: JsonValue) -> str:
    if isinstance(node, dict | list):
        return str(len(node))
    return "null" if node is None else lexeme(node) or ""
