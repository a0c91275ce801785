"""The text of a filter policy as SNS reads it, and where in it everything stands. Spec: SNS-9.6.

SNS writes a policy without blanks before it looks at its rules, so all of it is one line. A place is where a reader
stands that has just learnt what comes: behind the first quote of a string and the bracket of a list or an object,
and behind the last character of a number, `true`, `false` or `null`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tocsin.core.filter_policy_message import exact_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

Value: TypeAlias = "str | Decimal | bool | list[Node] | dict[str, Node] | None"

MOST_DEPTH = 100
"""Objects and lists within each other."""

# As much of a policy as an error repeats.
_MOST_SHOWN = 500


class Node(NamedTuple):
    """A value in a policy: `seen` is its place, `end` the one behind all of it, as offsets from 0."""

    value: Value
    seen: int
    end: int


class Refusal(Exception):  # noqa: N818  (not an error that anybody sees: it becomes a FilterPolicyError)
    """Why a policy is refused, in AWS's words, and the place where that was noticed; None for the whole of it."""

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at

    def told(self, text: str) -> str:
        """The words with the place in `text`, as SNS tells it."""
        if self.at is None:
            return self.message
        left = len(text) - _MOST_SHOWN
        shown = f'"{text}"' if left <= 0 else f'"{text[:_MOST_SHOWN]}"[truncated {left} chars]'
        return f"{self.message}\n at [Source: (String){shown}; line: 1, column: {self.at + 1}]"


class Source(NamedTuple):
    """A policy: its text without blanks, and what stands in it."""

    text: str
    root: dict[str, Node]


def locate(tree: dict[str, Any]) -> Source:
    """Write a policy without blanks and say where everything stands in it.

    Raises:
        Refusal: it is too deep.
    """
    writer = _Writer()
    root = writer.write(tree, 0).value
    assert isinstance(root, dict)
    return Source("".join(writer.parts), root)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._at = 0

    def write(self, value: Any, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise Refusal("Filter policy is too complex")
        start = self._at
        if isinstance(value, dict):
            members: dict[str, Node] = {}
            for name in self._items(value, "{}"):
                self._put(f"{json.dumps(name, ensure_ascii=False)}:")
                members[name] = self.write(value[name], depth + 1)
            return Node(members, start + 1, self._at)
        if isinstance(value, list):
            items = [self.write(item, depth + 1) for item in self._items(value, "[]")]
            return Node(items, start + 1, self._at)
        if isinstance(value, str):
            self._put(json.dumps(value, ensure_ascii=False))
            return Node(value, start + 1, self._at)
        if value is None or isinstance(value, bool):
            self._put(json.dumps(value))
            return Node(value, self._at, self._at)
        self._put(str(value))
        return Node(exact_number(value), self._at, self._at)

    def _items(self, container: dict[str, Any] | list[Any], brackets: str) -> Iterator[Any]:
        """What is in a container, between its brackets and with commas."""
        self._put(brackets[0])
        for number, item in enumerate(container):
            if number:
                self._put(",")
            yield item
        self._put(brackets[1])

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self._at += len(text)


def text_of(node: Node) -> str:
    """A value in an error: strings without quotes, of lists and objects the bracket alone."""
    match node.value:
        case str() as text:
            return text
        case bool() | None as word:
            return json.dumps(word)
        case dict():
            return "{"
        case list():
            return "["
        case number:
            return str(number)
