"""Values as YAML. Rule: whatever reads YAML 1.1 or 1.2 gets back what was put in, of the same type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.equal_command.escape import quoted
from tocsin.core.unsafe_character import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Text that no reader of YAML takes for anything but text: it begins with a letter, and holds no `: `, ` #` or blank
# at its end. Words that mean a value in YAML 1.1 are quoted.
_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./$@%+*()=;<>&|!?^~-]|:(?=[^ ])| (?=[^ #]))*(?<![ :])\Z")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


class Tagged(msgspec.Struct, frozen=True):
    """A scalar with a tag of its own: `!Ref Topic`."""

    tag: str
    value: str


def yaml_of(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """A mapping or a list as a YAML document, in blocks of two blanks, with a line end at its end."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, member in value.items():
                yield from _member(f"{_text(str(key))}:", member)
        case list() | tuple() if value:
            for item in value:
                yield from _item(item)
        case _:
            yield _scalar(value)


def _member(head: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list | tuple) and value:
        yield head
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    for place, line in enumerate(_lines(value)):
        yield f"{'  ' if place else '- '}{line}"


def _scalar(value: Any) -> str:
    match value:
        case Tagged():
            return f"{value.tag} {_text(value.value)}"
        case str():
            return _text(value)
        case dict():
            return "{}"
        case list() | tuple():
            return "[]"
        case float() if "e" in repr(value):
            return _float(repr(value))
        case _:
            return msgspec.json.encode(value).decode()


def _float(text: str) -> str:
    """A number with an exponent as YAML 1.1 wants it: with a point and a sign."""
    digits, _, exponent = text.partition("e")
    sign = "" if exponent.startswith("-") else "+"
    return f"{digits}{'' if '.' in digits else '.0'}e{sign}{exponent.removeprefix('+')}"


def _text(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return quoted(text) if UNSAFE.search(text) else "'" + text.replace("'", "''") + "'"
