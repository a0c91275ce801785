"""One call as its record tells it: service, name, parameters and answer.

Rule: reading never fails and takes time linear in the record. The two styles in which EC2 writes its
parameters, and the case of their first letters, make no difference. Spec: CT-2.6, CT-2.9, REC-8, REC-9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from tocsin.core.event import ABSENT, lexeme
from tocsin.core.notification.identity import text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.event import Absent, Event, JsonValue

# Lambda's calls carry the date of their version: CreateFunction20150331, UpdateFunctionCode20150331v2.
_DATED = re.compile(r"(?<=[a-z])20[0-9]{6}(?:v[0-9]{1,2})?\Z")

_DENIED = re.compile(r"denied|unauthori[sz]ed|forbidden|not_?authori[sz]ed", re.IGNORECASE)

# Of a list in the parameters, so many elements are looked at; no call takes more.
_MOST_ELEMENTS = 10_000

DONE, DENIED, FAILED = "done", "denied", "failed"
"""What became of a call (R-1)."""

PARAMETERS_MARK, RESPONSE_MARK = "Req", "Resp"
"""What the name of the only member has in it where the parameters, or the answer, are wrapped in it (REC-8.9)."""

Object = Mapping[str, "JsonValue"]


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
        self.name = undated(self.event_name)
        self.service = service_of(self.event_source)
        self.parameters = _unwrapped(event.get("requestParameters"), PARAMETERS_MARK)
        self.response = _unwrapped(event.get("responseElements"), RESPONSE_MARK)

    @property
    def result(self) -> str:
        """What became of it: done, denied or failed (R-1)."""
        return result_of(self.text("errorCode"), self.text("errorMessage"), text_at(self.response, self.name))

    def text(self, path: str) -> str:
        """The text of a field of the record; empty where there is none."""
        found = self.event.get(path)
        return "" if found is ABSENT else lexeme(found) or ""

    def parameter(self, path: str) -> str:
        """The first text at a path of the parameters, or of the answer where the path begins with `>`; else empty."""
        return next(self.texts(path), "")

    def texts(self, path: str) -> Iterator[str]:
        """Every text at a path, in the order of the record; lists on the way are spread out."""
        return texts_at(self.parameters, self.response, path)

    def nodes(self, path: str) -> Sequence[JsonValue]:
        """Every value at a path, as `texts` does."""
        return _nodes_at(self.parameters, self.response, path)


def undated(event_name: str) -> str:
    """The name of a call without the date of its version."""
    return _DATED.sub("", event_name) if "20" in event_name else event_name


def service_of(event_source: str) -> str:
    """The service that an eventSource names, without AWS's domain."""
    return event_source.removesuffix(".amazonaws.com")


def result_of(error_code: str, error_message: str, answer: str) -> str:
    """What became of a call (R-1). `answer` is the text that the response has under the name of the call."""
    if error_code:
        return DENIED if _DENIED.search(error_code[:200]) else FAILED
    # A failed sign-in has a message and no code (CT-4.3).
    return FAILED if error_message or answer == "Failure" else DONE


def texts_at(parameters: Object, response: Object, path: str) -> Iterator[str]:
    """Every text at a path of the parameters, or of the answer where the path begins with `>` (`Call.texts`)."""
    for node in _nodes_at(parameters, response, path):
        # In EC2's newer style an element of a list is an object with its number (REC-8.9).
        text = lexeme(node.get("content") if isinstance(node, dict) else node)
        if text:
            yield text


def _nodes_at(parameters: Object, response: Object, path: str) -> Sequence[JsonValue]:
    is_in_response, names = _taken_apart(path)
    start = response if is_in_response else parameters
    name, other = names[0]
    # Most paths that are asked for are not there: that is told by the first name.
    if name not in start and other not in start:
        return ()
    nodes = [start[name] if name in start else start[other]]
    for name, other in names[1:]:
        nodes = [
            node[name] if name in node else node[other]
            for node in _spread(nodes)
            if isinstance(node, dict) and (name in node or other in node)
        ]
    return _spread(nodes)


@lru_cache(maxsize=1024)
def _taken_apart(path: str) -> tuple[bool, tuple[tuple[str, str], ...]]:
    """Whether a path is one of the answer, and its names, each in both cases."""
    names = path.removeprefix(">").split(".")
    return path.startswith(">"), tuple((name, swapped(name)) for name in names)


def _unwrapped(value: JsonValue | Absent, mark: str) -> dict[str, JsonValue]:
    """The parameters themselves, out of the `<Op>Request` or `<Op>Response` of EC2's newer style (REC-8.9)."""
    if not isinstance(value, dict):
        return {}
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if mark in name[1:] and isinstance(inner, dict):
            return inner
    return value


def swapped(name: str) -> str:
    """A name with its first letter in the other case."""
    return name[:1].swapcase() + name[1:]


def _spread(nodes: list[JsonValue]) -> list[JsonValue]:
    """The elements of lists, plain or as `{"items": [...]}`, and what is no list as it is; so many at most."""
    found: list[JsonValue] = []
    for node in nodes:
        inner = node.get("items", node.get("item", node)) if isinstance(node, dict) and len(node) <= 2 else node
        if isinstance(inner, list):
            found += inner[: _MOST_ELEMENTS - len(found)]
        else:
            found.append(inner)
        if len(found) >= _MOST_ELEMENTS:
            break
    return found
