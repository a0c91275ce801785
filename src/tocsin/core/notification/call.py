"""One call as its record tells it: service, name, parameters and answer.

Rule: reading never fails and takes time linear in the record. The two styles in which EC2 writes its
parameters, and the case of their first letters, make no difference. Spec: CT-2.6, CT-2.9, REC-8, REC-9.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.core.event import ABSENT, lexeme, look_up
from tocsin.core.notification.identity import text_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.event import Absent, Event, JsonValue

# Lambda's calls carry the date of their version: CreateFunction20150331, UpdateFunctionCode20150331v2.
_DATED = re.compile(r"(?<=[a-z])20[0-9]{6}(?:v[0-9]{1,2})?\Z")

_DENIED = re.compile(r"denied|unauthori[sz]ed|forbidden|not_?authori[sz]ed", re.IGNORECASE)

# Of a list in the parameters, so many elements are looked at; no call takes more.
_MOST_ELEMENTS = 10_000

DONE, DENIED, FAILED = "done", "denied", "failed"
"""What became of a call (R-1)."""


class Call:
    """What a record says about the call.

    `event_name` and `event_source` are those of the record (of an Insights record, what it is about),
    `name` and `service` the same without date and domain. `parameters` and `response` are empty where
    there are none.
    """

    __slots__ = ("event", "event_name", "event_source", "name", "parameters", "response", "service")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.event_name = self.text("eventName") or self.text("insightDetails.eventName")
        self.event_source = self.text("eventSource") or self.text("insightDetails.eventSource")
        self.name = _DATED.sub("", self.event_name)
        self.service = self.event_source.removesuffix(".amazonaws.com")
        self.parameters = _unwrapped(event.get("requestParameters"), "Req")
        self.response = _unwrapped(event.get("responseElements"), "Resp")

    @property
    def result(self) -> str:
        """What became of it: done, denied or failed (R-1)."""
        code = self.text("errorCode")
        if code:
            return DENIED if _DENIED.search(code[:200]) else FAILED
        # A failed sign-in has a message and no code (CT-4.3).
        if self.text("errorMessage") or text_at(self.response, self.name) == "Failure":
            return FAILED
        return DONE

    def text(self, path: str) -> str:
        """The text of a field of the record; empty where there is none."""
        found = self.event.get(path)
        return "" if found is ABSENT else lexeme(found) or ""

    def parameter(self, path: str) -> str:
        """The first text at a path of the parameters, or of the answer where the path begins with `>`; else empty."""
        return next(self.texts(path), "")

    def texts(self, path: str) -> Iterator[str]:
        """Every text at a path, in the order of the record; lists on the way are spread out."""
        for node in self.nodes(path):
            # In EC2's newer style an element of a list is an object with its number (REC-8.9).
            text = lexeme(node.get("content") if isinstance(node, dict) else node)
            if text:
                yield text

    def nodes(self, path: str) -> Iterator[JsonValue]:
        """Every value at a path, as `texts` does."""
        start = self.response if path.startswith(">") else self.parameters
        names = path.removeprefix(">").split(".")
        # Most paths that are asked for are not there: that is told by the first name.
        if names[0] not in start and swapped(names[0]) not in start:
            return iter(())
        nodes: Iterator[JsonValue] = iter([start])
        for name in names:
            nodes = _step(nodes, name)
        return _spread(nodes)


def _unwrapped(value: JsonValue | Absent, mark: str) -> dict[str, JsonValue]:
    """The parameters themselves, out of the `<Op>Request` or `<Op>Response` of EC2's newer style (REC-8.9)."""
    if not isinstance(value, dict):
        return {}
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if mark in name[1:] and isinstance(inner, dict):
            return inner
    return value


def _step(nodes: Iterator[JsonValue], name: str) -> Iterator[JsonValue]:
    for node in _spread(nodes):
        if isinstance(node, dict):
            found = look_up(node, (name,))
            if found is ABSENT:
                found = look_up(node, (swapped(name),))
            if found is not ABSENT:
                yield found


def swapped(name: str) -> str:
    """A name with its first letter in the other case."""
    return name[:1].swapcase() + name[1:]


def _spread(nodes: Iterator[JsonValue]) -> Iterator[JsonValue]:
    """The elements of lists, plain or as `{"items": [...]}`, and what is no list as it is."""
    left = _MOST_ELEMENTS
    for node in nodes:
        inner: JsonValue = node
        if isinstance(inner, dict) and len(inner) <= 2:
            for name in ("items", "item"):
                if name in inner:
                    inner = inner[name]
                    break
        for element in inner if isinstance(inner, list) else [inner]:
            left -= 1
            if left < 0:
                return
            yield element
