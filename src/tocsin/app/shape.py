"""Shapes of data, and comparing a document with one. Rule: every difference is said, each with its place and remedy.

A shape says what a value must be: a text, a number, a list of …, a record with these keys. The
check returns what fits, so that one bad value does not hide what else is wrong. Spec: IF-1, IF-4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from tocsin.app.document import Array, Node, Object, Scalar, to_python
from tocsin.app.scalar import Style
from tocsin.core.nearest import did_you_mean


class _Invalid:
    """The type of `INVALID`."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = _Invalid()
"""What a check gives for a value that does not fit."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A string. `words` are the allowed ones; `form` is matched at the start; `advice` says how it is written."""

    least: int = 0
    most: int | None = None
    words: tuple[str, ...] = ()
    form: re.Pattern[str] | None = None
    advice: str = ""
    spec: str = ""


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number, bounds included; `whole` ones have no decimals."""

    whole: bool = False
    least: float | None = None
    most: float | None = None
    spec: str = ""


class Boolean(msgspec.Struct, frozen=True):
    """`true` or `false`."""


class ListOf(msgspec.Struct, frozen=True, kw_only=True):
    """A list. `single` accepts one value in place of a list of one."""

    item: Shape
    least: int = 0
    most: int | None = None
    single: bool = False
    spec: str = ""


class MapOf(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping with keys of one's own choice."""

    value: Shape
    key: Text = msgspec.field(default_factory=Text)
    most: int | None = None
    spec: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping with known keys. `open` ones may hold others, which are left out."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    open: bool = False
    spec: str = ""


class Anything(msgspec.Struct, frozen=True):
    """Any value; with `mapping`, any mapping."""

    mapping: bool = False


Shape = Text | Number | Boolean | ListOf | MapOf | Record | Anything

_WANTED: dict[type, str] = {
    Text: "a text",
    Number: "a number",
    Boolean: "true or false",
    ListOf: "a list",
    MapOf: "a mapping",
    Record: "a mapping",
    Anything: "a mapping",
}


class Reporter(Protocol):
    """Takes what is wrong with a node: its name, what to say, what to do, and the rule that says so."""

    def __call__(self, node: Node, name: str, message: str, hint: str = "", spec: str = "") -> None:
        """Record it. `node` is the key or the value that is at fault."""
        ...


class ShapeCheck:
    """Compares nodes with shapes. `label` is the dotted path that messages call a value by."""

    def __init__(self, text: str, report: Reporter) -> None:
        self._text = text
        self._report = report

    def check(self, node: Node, shape: Shape, label: str, *, spec: str = "IF-4") -> Any:
        """The value of `node` as far as it fits `shape`, or INVALID."""
        spec = getattr(shape, "spec", "") or spec
        match shape, node:
            case Text(), Scalar() if isinstance(node.value, str):
                return self._check_text(node, node.value, shape, label, spec)
            case Number(), Scalar() if isinstance(node.value, int | float) and not isinstance(node.value, bool):
                return self._check_number(node, node.value, shape, label, spec)
            case Boolean(), Scalar() if isinstance(node.value, bool):
                return node.value
            case ListOf(), Array():
                return self._check_list(node, shape, label, spec)
            case ListOf(), Scalar() if shape.single and node.value is not None:
                value = self.check(node, shape.item, label, spec=spec)
                return value if value is INVALID else [value]
            case MapOf(), Object():
                return self._check_map(node, shape, label, spec)
            case Record(), Object():
                return self._check_record(node, shape, label, spec)
            case Anything(), _ if not shape.mapping or isinstance(node, Object):
                return to_python(node)
            case _:
                return self._wrong_type(node, shape, label, spec)

    def _check_text(self, node: Scalar, value: str, shape: Text, label: str, spec: str) -> Any:
        if shape.words and value not in shape.words:
            hint = did_you_mean(value, shape.words) or f"one of {', '.join(shape.words)}"
            return self._invalid(node, f"{label} cannot be '{_cut(value)}'", hint, spec)
        if len(value) < shape.least:
            return self._invalid(node, f"{label} is empty", shape.advice, spec)
        if shape.most is not None and len(value) > shape.most:
            message = f"{label} has {len(value):,} characters, {shape.most:,} are allowed"
            return self._invalid(node, message, shape.advice, spec)
        if shape.form is not None and shape.form.match(value) is None:
            return self._invalid(node, f"{label} cannot be '{_cut(value)}'", shape.advice, spec)
        return value

    def _check_number(self, node: Scalar, value: float, shape: Number, label: str, spec: str) -> Any:
        if shape.whole and value != int(value):
            return self._invalid(node, f"{label} is {node.text}; a whole number is wanted", "", spec)
        if shape.least is not None and value < shape.least:
            return self._invalid(node, f"{label} is {node.text}, the least is {shape.least:g}", "", spec)
        if shape.most is not None and value > shape.most:
            return self._invalid(node, f"{label} is {node.text}, the most is {shape.most:g}", "", spec)
        return int(value) if shape.whole else value

    def _check_list(self, node: Array, shape: ListOf, label: str, spec: str) -> Any:
        fits = True
        if len(node.items) < shape.least:
            fits = False
            self._invalid(node, f"{label} needs {_count(shape.least, 'entry', 'entries')}", "", spec)
        if shape.most is not None and len(node.items) > shape.most:
            fits = False
            message = f"{label} has {len(node.items)} entries, {_count(shape.most, 'is', 'are')} allowed"
            self._report(node.items[shape.most], "too-many", message, "", spec)
        values = [self.check(item, shape.item, f"{label}[{index}]", spec=spec) for index, item in enumerate(node.items)]
        return values if fits and INVALID not in values else INVALID

    def _check_map(self, node: Object, shape: MapOf, label: str, spec: str) -> Any:
        values: dict[str, Any] = {}
        for key, member in node.members.items():
            self._check_text(member.key, key, shape.key, f"a name in {label}", spec)
            values[key] = self.check(member.value, shape.value, f"{label}.{key}", spec=spec)
        if shape.most is not None and len(values) > shape.most:
            message = f"{label} has {len(values)} entries, {_count(shape.most, 'is', 'are')} allowed"
            self._report(list(node.members.values())[shape.most].key, "too-many", message, "", spec)
        return {key: value for key, value in values.items() if value is not INVALID}

    def _check_record(self, node: Object, shape: Record, label: str, spec: str) -> Any:
        values: dict[str, Any] = {}
        prefix = f"{label}." if label else ""
        for key, member in node.members.items():
            if key in shape.members:
                value = self.check(member.value, shape.members[key], prefix + key, spec=spec)
                if value is not INVALID:
                    values[key] = value
            elif not shape.open:
                where = f" in {label}" if label else ""
                hint = did_you_mean(key, shape.members) or f"known keys: {', '.join(shape.members)}"
                self._report(member.key, "unknown-key", f"there is no key '{_cut(key)}'{where}", hint, spec)
        for key in shape.required:
            if key not in node.members:
                self._report(node, "missing-key", f"{prefix}{key} is missing", "", spec)
        return values

    def _invalid(self, node: Node, message: str, hint: str, spec: str) -> _Invalid:
        self._report(node, "invalid-value", message, hint, spec)
        return INVALID

    def _wrong_type(self, node: Node, shape: Shape, label: str, spec: str) -> _Invalid:
        message = f"{label or 'a rule'} is {_kind(node)}; {_WANTED[type(shape)]} is wanted"
        self._report(node, "wrong-type", message, self._remedy(node, shape), spec)
        return INVALID

    def _remedy(self, node: Node, shape: Shape) -> str:
        """What to write instead, where that is plain from what stands there."""
        if isinstance(shape, Text) and isinstance(node, Scalar) and node.value is not None:
            fits = shape.form is None or shape.form.match(node.text) is not None
            return f'put it in quotes: "{node.text}"' if fits else shape.advice
        if isinstance(shape, Text) and isinstance(node, Array | Object):
            written = self._text[node.start : node.end]
            if written[:1] in ("{", "[") and "\n" not in written:
                quoted = written.replace("'", "''")
                return f"text that starts with {written[0]} stands in single quotes: '{_cut(quoted)}'"
        if isinstance(shape, Number | Boolean) and isinstance(node, Scalar) and node.style is not Style.PLAIN:
            return f"leave out the quotes: {_cut(node.text)}"
        return ""


def _kind(node: Node) -> str:
    match node:
        case Array():
            return "a list"
        case Object():
            return "a mapping"
        case Scalar(value=None):
            return "empty"
        case Scalar(value=bool()):
            return f"the boolean {node.text}"
        case Scalar(value=str()):
            return f"the text '{_cut(node.text)}'"
        case _:
            return f"the number {node.text}"


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _cut(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
