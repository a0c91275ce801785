"""XML that others wrote, as a tree of elements. Spec: WIRE-2.10, WIRE-7.4.

Rule: no document type, so no entity of anyone's making and nothing fetched; depth and count are bounded.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

import msgspec

from tocsin.wire.limits import NESTING
from tocsin.wire.shape import ParseError

ELEMENTS: Final = 200_000
"""Elements of one document."""


class Element(msgspec.Struct, kw_only=True, eq=False):
    """An element: its name without prefix, attributes by the names that they were written with, children, text."""

    name: str
    attributes: dict[str, str] = {}
    children: list[Element] = []
    text: str = ""

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def child_text(self, *names: str) -> str | None:
        """The text of the first child that has one of these names."""
        return next((child.text for child in self.children if child.name in names), None)


class _Builder:
    """Takes what expat reports and keeps the path from the root to the element that is open."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > ELEMENTS or len(self._open) >= NESTING:
            raise ParseError("The document has too many elements, or is nested too deeply")
        element = Element(name=name.rpartition(":")[2], attributes=attributes, children=[])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        if element.children and not element.text.strip():
            element.text = ""

    def characters(self, text: str) -> None:
        self._texts[-1].append(text)

    def refuse(self, *_: object) -> None:
        raise ParseError("A document type is not accepted")


def parse_xml(body: bytes) -> Element:
    """The root of a document.

    Raises:
        ParseError: it is no XML, has a document type, or is larger or deeper than is read.
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise ParseError("Could not parse the body as XML") from None
    assert builder.root is not None  # expat refuses a document without an element
    return builder.root
