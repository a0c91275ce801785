"""Telling, from the members of a JSON object, whether it is a container of records, and which.

Rule: the first rule of CT-14.3 that fits decides, whatever the order of the members. An object that
is too long to be held is decided by the members that came first. Spec: CT-14.3.
"""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTAINERS = ("Records", "Messages", "logEvents", "Events")
"""Members whose array holds records, or envelopes of records, one in each element."""

# Elements that carry something else than these are none of ours: then the object is what it is.
_CARRIED = {"Messages": b'"Body"', "Events": b'"CloudTrailEvent"'}

_TELLING = frozenset(
    {
        "Type",
        "Message",
        "Service",
        "Event",
        "s3Bucket",
        "s3ObjectKey",
        "detail-type",
        "detail",
        "awslogs",
        "messageType",
        "digestStartTime",
        "logFiles",
    }
)

_OTHER_SNS_TYPES = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


class Elements:
    """Where the elements of one array lie, relative to their object; 8 bytes for each.

    `streams`: are they cut when the object is too long to be held?
    """

    __slots__ = ("_flaws", "_spans", "name", "streams")

    def __init__(self, name: str, *, streams: bool) -> None:
        self.name = name
        self.streams = streams
        self._spans = array("I")
        self._flaws: dict[int, tuple[str, bool]] = {}

    def __len__(self) -> int:
        return len(self._spans) // 2

    def add(self, start: int, end: int) -> None:
        """Note an element."""
        self._spans.append(start)
        self._spans.append(end)

    def add_flaw(self, start: int, problem: str, *, garbled: bool) -> None:
        """Note something that cannot be read."""
        self._flaws[len(self)] = (problem, garbled)
        self.add(start, start)

    def span(self) -> tuple[int, int]:
        """From the first element to the last."""
        return (self._spans[0], self._spans[-1]) if self._spans else (0, 0)

    def take(self) -> Iterator[tuple[int, int, str | None, bool]]:
        """Start, end, problem and whether it is garbled, of each; then they are forgotten."""
        spans = self._spans
        for number in range(len(self)):
            problem, garbled = self._flaws.get(number, (None, False))
            yield spans[2 * number], spans[2 * number + 1], problem, garbled
        self._spans = array("I")
        self._flaws = {}


class HeldObject:
    """The members of one object, as far as they tell its form. `start` is its offset in the text.

    `is_cut`: have elements been taken from it because it is too long? `deepest` is how many levels of
    brackets it has.
    """

    __slots__ = ("_names", "_texts", "arrays", "deepest", "is_cut", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.arrays: list[Elements] = []
        self.deepest = 1
        self.is_cut = False
        self._names: set[str] = set()
        self._texts: dict[str, str] = {}

    def note(self, name: str, value: bytes) -> None:
        """Note a member; `value` is its JSON text when that is short, else empty."""
        if name not in _TELLING:
            return
        self._names.add(name)
        self._texts.pop(name, None)
        if value.startswith(b'"'):
            try:
                self._texts[name] = json.loads(value)
            except ValueError:
                return

    def begin(self, name: str) -> Elements:
        """Note that the array `name`, one of `CONTAINERS`, begins."""
        streams = name != "logEvents" or self._texts.get("messageType", "DATA_MESSAGE") == "DATA_MESSAGE"
        elements = Elements(name, streams=streams)
        self.arrays.append(elements)
        return elements

    @property
    def is_digest(self) -> bool:
        """Is it a digest? Asked of an object that is nothing else."""
        return {"digestStartTime", "logFiles"} <= self._names

    def container(self, data: bytes | bytearray, start: int) -> str | None:
        """Which of `CONTAINERS` the object is cut into; None when it is one value.

        `start` is where the object begins in `data`.
        """
        names, texts = self._names, self._texts
        kind = texts.get("Type")
        if kind in _OTHER_SNS_TYPES or (kind == "Notification" and "Message" in names):
            return None
        if texts.get("Service") == "Amazon S3" and texts.get("Event") == "s3:TestEvent":
            return None
        if self._has("Records"):
            return "Records"
        if self._has("Messages") and self._carries("Messages", data, start):
            return "Messages"
        if {"s3Bucket", "s3ObjectKey"} <= names or {"detail-type", "detail"} <= names or "awslogs" in names:
            return None
        if "messageType" in names:
            return "logEvents" if texts.get("messageType") == "DATA_MESSAGE" and self._has("logEvents") else None
        if self._has("Events") and self._carries("Events", data, start):
            return "Events"
        return None

    def _has(self, name: str) -> bool:
        return any(elements.name == name for elements in self.arrays)

    def _carries(self, name: str, data: bytes | bytearray, start: int) -> bool:
        """Does an element have the member that makes it ours? One that has it escaped is left to the decoder."""
        spans = [elements.span() for elements in self.arrays if elements.name == name and len(elements)]
        return not spans or any(data.find(_CARRIED[name], start + first, start + last) >= 0 for first, last in spans)
