"""Events out of text that somebody pasted. Spec: CON-4.7, CT-14.3, FP-10.

Rule: JSON is cut into the values that it holds, each with its own text, as PutLogEvents would get it; any other text is
taken line by line. Only what AWS's answers wrap around events is taken off; what a service wraps around a record stays,
since a log group has it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.splitter import split

if TYPE_CHECKING:
    from collections.abc import Iterator

# Members of AWS's answers that list events, and in which member of each the event stands as text.
_LISTS: Final = {"Events": "CloudTrailEvent", "events": "message", "logEvents": "message", "Messages": "Body"}

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def pasted_events(text: str, *, limit: int) -> list[str]:
    """The messages that a text holds, `limit` at most: log files, lists, NDJSON, answers of AWS, or lines."""
    found: list[str] = []
    for piece in split(text.encode("utf-8", "surrogatepass")):
        if piece.problem is not None:
            return [line for line in text.splitlines() if line.strip()][:limit]
        carried = _LISTS.get(piece.container or "")
        found += _messages(piece.text) if carried is None else [_carried(piece.text, carried)]
        if len(found) >= limit:
            break
    return found[:limit]


def _messages(value: bytes) -> Iterator[str]:
    """The events that a JSON value lists; itself where it lists none."""
    try:
        members = _members(value)
        listed = [(_items(members[name]), carried) for name, carried in _LISTS.items() if name in members]
    except msgspec.DecodeError:
        listed = []
    if not listed:
        yield value.decode()
    for items, carried in listed:
        yield from (_carried(bytes(item), carried) for item in items)


def _carried(item: bytes, name: str) -> str:
    try:
        return msgspec.json.decode(_members(item)[name], type=str)
    except (msgspec.DecodeError, KeyError):
        return item.decode()
