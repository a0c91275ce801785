"""A YAML or JSON text as a tree in which every value knows its place.

Rule: whatever the text holds, reading is bounded, and everything that is wrong is said with its
place. Strings stay strings: of the plain words of YAML only `true`, `false`, `null` and decimal
numbers mean something else (no `yes`, `on`, `0o7`, `12:30`). Anchors, aliases and tags of one's
own are refused: rules need none, and they are how small files become large ones.

Spec: IF-1 (places of findings), IF-4 (YAML; JSON is accepted), HS-1 (security).
"""

from __future__ import annotations

import bisect
import codecs
import re
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from tocsin.app.scalar import Style, char_places, unescape_json

MAX_BYTES = 1024 * 1024
"""The largest rule file, in bytes."""

MAX_LISTING_BYTES = 16 * 1024 * 1024
"""The largest JSON file: what the AWS CLI prints about an account is longer than a rule file."""

MAX_DEPTH = 100
"""Levels of nesting in a file."""

MAX_DOCUMENTS = 1_000
"""YAML documents in a file."""

_MAX_NUMBER = 300  # characters; int() takes quadratic time on more, and no setting needs them
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")  # 012345678901 is an account id, no number
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
_NUMBER_STARTS = tuple("-+.0123456789")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LINE_END = re.compile(r"\r\n|\n|\r")
SURROGATE = re.compile("[\ud800-\udfff]")


class Problem(NamedTuple):
    """Something that is wrong with the text itself, at a 0-based offset into it."""

    position: int
    name: str
    message: str
    hint: str = ""


class Form(Enum):
    """How a text is written."""

    YAML = "YAML"
    JSON = "JSON"


class Scalar(msgspec.Struct):
    """A string, number, boolean or null: its characters after unquoting, and where it stands.

    `start` and `end` are offsets into the text, quotes included; of a block scalar they go from
    its `|` or `>` to the end of its last line.
    """

    text: str
    style: Style
    start: int
    end: int
    value: str | int | float | bool | None = None


class Array(msgspec.Struct):
    """A list. Where it stands in brackets `end` is the offset behind them."""

    start: int
    end: int = 0
    items: list[Node] = msgspec.field(default_factory=list)


class Member(NamedTuple):
    """A key and its value."""

    key: Scalar
    value: Node


class Object(msgspec.Struct):
    """A mapping with keys that are strings, in the order of the text."""

    start: int
    end: int = 0
    members: dict[str, Member] = msgspec.field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """The value of that key, or None when there is none."""
        member = self.members.get(key)
        return member.value if member is not None else None


Node = Scalar | Array | Object


class SourceText:
    """A text with its name, for finding places and lines in it."""

    def __init__(self, text: str, *, path: str) -> None:
        self.text = text
        self.path = path
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def place(self, position: int) -> tuple[int, int]:
        """Line and column, both from 1, of the character at that offset."""
        line = bisect.bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its end; empty when there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        found = _LINE_END.search(self.text, self._starts[number - 1])
        return self.text[self._starts[number - 1] : found.start() if found else len(self.text)]

    def place_in(self, scalar: Scalar, offset: int) -> tuple[int, int]:
        """Line and column of the character `offset` of a scalar's value.

        Exact for every style that the value can be traced through, else the scalar's start.
        """
        places = char_places(self.text, scalar.style, scalar.start, scalar.end, scalar.text)
        if places is None or not 0 <= offset < len(places):
            return self.place(scalar.start)
        return self.place(places[offset])


class Documents(msgspec.Struct):
    """What a text holds: the roots of its documents, and what is wrong with it."""

    form: Form
    roots: list[Node] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)


def decode(data: bytes) -> str | Problem:
    """The text of a file: UTF-8 with or without its mark, UTF-16 with one (as PowerShell writes)."""
    codec = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(codec)
    except UnicodeDecodeError as failure:
        before = data[: failure.start].decode(codec, errors="replace")
        message = f"the file is not {codec.removesuffix('-sig').upper()}"
        return Problem(len(before), "encoding", message, "save it as UTF-8")


def encode_like(text: str, model: bytes) -> bytes:
    """The bytes of a text in the encoding, and with the byte order mark, of the file that `model` is."""
    for mark, codec in _MARKS.items():
        if model.startswith(mark):
            return mark + text.encode(codec)
    return text.encode()


def read_documents(text: str, *, named: Form | None = None) -> Documents:
    """Read a text that is YAML, or JSON (told by its first character, then by trying).

    `named` is the form that the file's name promises: a `.json` file is never read as YAML, and
    of a text that is neither the errors are those of that form. The documents before one with an
    error are kept, so that everything wrong can be said at once.
    """
    if named is not Form.JSON and text.lstrip()[:1] not in ("{", "["):
        return _read_yaml(text)
    as_json = _JsonReader(text).read()
    if named is Form.JSON or not has_syntax_error(as_json):
        return as_json
    as_yaml = _read_yaml(text)
    return as_json if named is None and has_syntax_error(as_yaml) else as_yaml


def _read_yaml(text: str) -> Documents:
    # PyYAML takes as long to load as a listing of the AWS CLI, which is JSON, takes to read.
    from tocsin.app.yaml_document import read_yaml

    return read_yaml(text)


def has_syntax_error(documents: Documents) -> bool:
    """Whether a text is not of its language."""
    return any(problem.name in ("json-syntax", "yaml-syntax") for problem in documents.problems)


def to_python(node: Node) -> Any:
    """The plain value of a node: dict, list, str, int, float, bool or None."""
    match node:
        case Scalar():
            return node.value
        case Array():
            return [to_python(item) for item in node.items]
        case Object():
            return {key: to_python(member.value) for key, member in node.members.items()}


# ---------------------------------------------------------------- composing, for both languages


class Composer:
    """Builds nodes from a stream of begins, ends and scalars. An explicit stack, so depth costs no recursion."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.stack: list[Array | Object] = []
        self.keys: list[Scalar | None] = []

    def problem(self, position: int, name: str, message: str, hint: str = "") -> None:
        """Note something that is wrong with the text."""
        self.documents.problems.append(Problem(position, name, message, hint))

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is a key."""
        return bool(self.stack) and isinstance(self.stack[-1], Object) and self.keys[-1] is None

    def begin(self, node: Array | Object) -> bool:
        """Open a container; False when the text is nested too deeply to go on."""
        if len(self.stack) >= MAX_DEPTH:
            self.problem(node.start, "too-deep", f"nested more than {MAX_DEPTH} levels deep")
            return False
        if self.wants_key:
            self.problem(node.start, "wrong-type", "a key must be a string")
            self.keys[-1] = Scalar("", Style.PLAIN, node.start, node.start, "")
            # The value of the broken key lands under the empty key, and is not looked at.
            self.stack.append(node)
            self.keys.append(None)
            return True
        self._attach(node)
        self.stack.append(node)
        self.keys.append(None)
        return True

    def end(self, position: int) -> None:
        """Close the container at hand."""
        self.stack.pop().end = position
        self.keys.pop()

    def drop_unfinished(self) -> None:
        """Forget the document that reading stopped in: what is missing from it would look like the writer's fault."""
        if self.stack:
            self.documents.roots.pop()

    def scalar(self, node: Scalar) -> None:
        """Take a key, or a value that is no container."""
        if self.wants_key:
            self.keys[-1] = node
        else:
            self._attach(node)

    def _attach(self, node: Node) -> None:
        if not self.stack:
            self.documents.roots.append(node)
            return
        parent = self.stack[-1]
        if isinstance(parent, Array):
            parent.items.append(node)
            return
        key = self.keys[-1]
        assert key is not None  # wants_key was asked before
        self.keys[-1] = None
        if key.text in parent.members:
            self.problem(key.start, "duplicate-key", f"'{key.text}' stands here twice", "keep one of the two")
        else:
            parent.members[key.text] = Member(key, node)


def resolve(composer: Composer, node: Scalar) -> str | int | float | bool | None:
    """What a plain word means: the JSON schema of YAML 1.2 with its usual spellings, nothing more."""
    text = node.text
    if text in _WORDS:
        return _WORDS[text]
    if not text.startswith(_NUMBER_STARTS) or len(text) > _MAX_NUMBER:
        return text
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            composer.problem(node.start, "invalid-value", f"{text} is beyond every number", "put it in quotes for text")
            return text
        return number
    return text


# ---------------------------------------------------------------- JSON


_JSON_BLANK = re.compile(r"[ \t\r\n]*")
_JSON_STRING = re.compile(r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"')
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_JSON_WORD = re.compile(r"true|false|null")


class _JsonReader:
    """One JSON text (RFC 8259) and nothing after it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.documents = Documents(Form.JSON)
        self.composer = Composer(self.documents)

    def read(self) -> Documents:
        """Read the text as far as it is JSON."""
        self._read()
        self.composer.drop_unfinished()
        return self.documents

    def _read(self) -> Documents:
        """The states: a value, an array's first item or end, a key, an object's first key or end, what follows."""
        closing: list[str] = []
        state = "value"
        while True:
            self._blank()
            character = self.text[self.position : self.position + 1]
            match state:
                case "value" | "item" if character in ("{", "["):
                    if not self._open(character):
                        return self.documents
                    closing.append("}" if character == "{" else "]")
                    state = "member" if character == "{" else "item"
                case "item" | "member" if character == closing[-1]:
                    state = self._close(closing)
                case "value" | "item":
                    if not self._scalar("a value"):
                        return self.documents
                    state = "after"
                case "member" | "key":
                    if not self._key(character):
                        return self.documents
                    state = "value"
                case _ if closing and character == ",":
                    self.position += 1
                    state = "key" if closing[-1] == "}" else "value"
                case _ if closing and character == closing[-1]:
                    state = self._close(closing)
                case _ if closing:
                    return self._wrong(f"a comma or '{closing[-1]}' is missing here")
                case _ if character:
                    return self._wrong("nothing may follow the JSON value")
                case _:
                    return self.documents

    def _open(self, character: str) -> bool:
        node: Array | Object = Object(self.position) if character == "{" else Array(self.position)
        self.position += 1
        return self.composer.begin(node)

    def _close(self, closing: list[str]) -> str:
        closing.pop()
        self.position += 1
        self.composer.end(self.position)
        return "after"

    def _key(self, character: str) -> bool:
        if character != '"':
            hint = "take the comma before it away" if character == "}" else "keys stand in double quotes"
            self._wrong("a key is missing here", hint)
            return False
        if not self._scalar("a key"):
            return False
        self._blank()
        if self.text[self.position : self.position + 1] != ":":
            self._wrong("a colon is missing here")
            return False
        self.position += 1
        return True

    def _scalar(self, wanted: str) -> bool:
        start = self.position
        if found := _JSON_STRING.match(self.text, start):
            raw = found.group()
            text = unescape_json(raw) if "\\" in raw else raw[1:-1]
            node = Scalar(text, Style.JSON, start, found.end(), text)
            if SURROGATE.search(text):
                self.composer.problem(start, "encoding", "half of a surrogate pair is no character")
        elif found := _JSON_WORD.match(self.text, start):
            node = Scalar(found.group(), Style.PLAIN, start, found.end(), _WORDS[found.group()])
        elif found := _JSON_NUMBER.match(self.text, start):
            node = Scalar(found.group(), Style.PLAIN, start, found.end())
            node.value = resolve(self.composer, node)
            if isinstance(node.value, str) and len(node.text) > _MAX_NUMBER:
                self.composer.problem(start, "invalid-value", f"a number of more than {_MAX_NUMBER} characters")
        else:
            return self._no_scalar(wanted)
        self.position = node.end
        self.composer.scalar(node)
        return True

    def _no_scalar(self, wanted: str) -> bool:
        character = self.text[self.position : self.position + 1]
        if not character:
            self._wrong("the JSON text ends too early")
        elif character == '"':
            self._wrong("a string that does not end, or holds a raw control character or an unknown escape")
        elif character == "'":
            self._wrong("JSON strings stand in double quotes")
        elif character in ("]", "}"):
            self._wrong(f"{wanted} is missing here", "take the comma before it away")
        else:
            self._wrong(f"{wanted} is missing here")
        return False

    def _wrong(self, message: str, hint: str = "") -> Documents:
        self.composer.problem(self.position, "json-syntax", message, hint)
        return self.documents

    def _blank(self) -> None:
        found = _JSON_BLANK.match(self.text, self.position)
        assert found is not None  # the expression matches the empty text
        self.position = found.end()
