"""One log event: its text, its decoded value, and how fields are looked up. Spec: FP-4.

Rule: a message is decoded exactly or not at all. Numbers keep their source text, nothing is
rounded, absent is not null, and every way into the decoder draws the line between JSON and not
JSON at the same place.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in the stubs, but always there
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

from tocsin.core.limits import DEFAULT_LIMITS
from tocsin.core.number import Number

if TYPE_CHECKING:
    from collections.abc import Iterable


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "ABSENT"

    def __repr__(self) -> str:
        return self.value

    def __bool__(self) -> Literal[False]:
        return False


class NotJson(Enum):
    """The type of `NOT_JSON`."""

    NOT_JSON = "NOT_JSON"

    def __repr__(self) -> str:
        return self.value

    def __bool__(self) -> Literal[False]:
        return False


ABSENT: Final = Absent.ABSENT
"""What a look-up gives for a field that is not there: neither null nor empty. It counts as false."""

NOT_JSON: Final = NotJson.NOT_JSON
"""What stands in place of a value when a message is no JSON text as a whole. It counts as false."""

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | bool | None"
"""A decoded JSON value. Numbers are `Number`, a str of its own type that holds the source text."""


class MessageError(Exception):
    """A message that is not one JSON text.

    `reason` says why in a few words, `position` is the 0-based offset, in characters of the text,
    at which reading stopped.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} at character {position}")
        self.reason = reason
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        return (MessageError, (self.reason, self.position))


# ---------------------------------------------------------------- decoding


def decode_message(message: str | bytes, *, depth: int = DEFAULT_LIMITS.depth) -> JsonValue:
    """Decode a message exactly (FP-4.1 to FP-4.6).

    Bytes are read as UTF-8 with U+FFFD for each invalid sequence. Numbers become `Number`, the
    last of equal keys wins, lone surrogates stay. `depth` levels of arrays and objects are read,
    one more is refused. Raises `MessageError` and nothing else.
    """
    return _decode(_text_of(message), depth)


def _text_of(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode("utf-8", "replace")


class _ConstantError(ValueError):
    """`NaN` or `Infinity` was met; the standard library takes them, JSON does not have them."""


def _refuse_constant(name: str) -> NoReturn:
    raise _ConstantError(name)


# A message of megabytes may hold millions of short numbers; those are one object each.
_SHORT_NUMBER = 3
_short_numbers: dict[str, Number] = {}


def _number(text: str) -> Number:
    if len(text) > _SHORT_NUMBER:
        return Number(text)
    known = _short_numbers.get(text)
    if known is None:
        known = _short_numbers[text] = Number(text)
    return known


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=_number, parse_constant=_refuse_constant)


def _decode(text: str, depth: int) -> JsonValue:
    # Most messages hold few brackets at all: counting them settles the depth for next to nothing.
    if text.count("[") + text.count("{") > depth:
        _check_depth(text, depth)
    try:
        return _DECODER.decode(text)  # type: ignore[no-any-return]  # the hooks settle the type
    except json.JSONDecodeError as error:
        raise _message_error(error) from None
    except _ConstantError:
        raise MessageError("NaN and Infinity are not JSON", _constant_position(text)) from None
    except RecursionError:
        # The caller's own stack left too little room for the recursive decoder. The limit on depth
        # must not depend on who calls, so read again without recursion.
        return _decode_flat(text)


def _message_error(error: json.JSONDecodeError) -> MessageError:
    reason = "something follows the JSON text" if error.msg == "Extra data" else error.msg[0].lower() + error.msg[1:]
    return MessageError(reason, error.pos)


# A string, closed or not, or one of the characters that matter outside strings.
_OUTSIDE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*"?|[\[{\]}]|NaN|-?Infinity', re.DOTALL)


def _check_depth(text: str, depth: int) -> None:
    """Raise if an array or object opens more than `depth` levels deep."""
    level = 0
    for found in _OUTSIDE.finditer(text):
        match text[found.start()]:
            case "[" | "{":
                level += 1
                if level > depth:
                    raise MessageError(f"nested more than {depth} levels deep", found.start())
            case "]" | "}":
                level -= 1


def _constant_position(text: str) -> int:
    """Where the first `NaN` or `Infinity` outside a string stands; there is one."""
    return next(found.start() for found in _OUTSIDE.finditer(text) if text[found.start()] in "NI-")


_BLANKS = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_WORD = re.compile("true|false|null")


def _decode_flat(text: str) -> JsonValue:
    """Decode without recursion; agrees with the standard library's decoder on every text.

    `open_` holds the containers that are open, `keys` the member name that each object among them
    waits for a value under.
    """
    open_: list[dict[str, JsonValue] | list[JsonValue]] = []
    keys: list[str] = []
    at = _skip(text, 0)
    while True:
        # A value begins here.
        character = text[at : at + 1]
        value: JsonValue
        if character == "{":
            at = _skip(text, at + 1)
            if text[at : at + 1] != "}":
                open_.append({})
                key, at = _read_key(text, at)
                keys.append(key)
                continue
            value, at = {}, at + 1
        elif character == "[":
            at = _skip(text, at + 1)
            if text[at : at + 1] != "]":
                open_.append([])
                continue
            value, at = [], at + 1
        else:
            value, at = _read_scalar(text, at)
        # A value ends here: give it to its container, and close what ends with it.
        while True:
            at = _skip(text, at)
            if not open_:
                if at < len(text):
                    raise MessageError("something follows the JSON text", at)
                return value
            container = open_[-1]
            character = text[at : at + 1]
            if isinstance(container, dict):
                container[keys.pop()] = value
                if character == ",":
                    key, at = _read_key(text, _skip(text, at + 1))
                    keys.append(key)
                    break
                closing = "}"
            else:
                container.append(value)
                if character == ",":
                    at = _skip(text, at + 1)
                    break
                closing = "]"
            if character != closing:
                raise MessageError("expecting ',' delimiter", at)
            value, at = open_.pop(), at + 1


def _skip(text: str, at: int) -> int:
    """The place of the first character from `at` on that is no JSON white space."""
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # it matches everywhere


def _read_key(text: str, at: int) -> tuple[str, int]:
    """A member name and its colon; the place where the member's value begins."""
    if text[at : at + 1] != '"':
        raise MessageError("expecting property name enclosed in double quotes", at)
    key, at = _read_string(text, at)
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise MessageError("expecting ':' delimiter", at)
    return key, _skip(text, at + 1)


def _read_scalar(text: str, at: int) -> tuple[JsonValue, int]:
    if text[at : at + 1] == '"':
        return _read_string(text, at)
    number = _NUMBER.match(text, at)
    if number is not None:
        return Number(number[0]), number.end()
    word = _WORD.match(text, at)
    if word is None:
        raise MessageError("expecting value", at)
    return _WORDS[word[0]], word.end()


def _read_string(text: str, at: int) -> tuple[str, int]:
    try:
        return scanstring(text, at + 1, True)  # type: ignore[no-any-return]  # as above
    except json.JSONDecodeError as error:
        raise _message_error(error) from None


# ---------------------------------------------------------------- look-up


def lexeme(node: JsonValue) -> str | None:
    """The text that conditions compare: FP-5.4.

    A string's characters, a number as written in the message, `true` or `false`; None for null,
    objects and arrays, which have none.
    """
    if isinstance(node, str):
        return node
    if node is True:
        return "true"
    if node is False:
        return "false"
    return None


def look_up(value: JsonValue | NotJson, names: Iterable[str]) -> JsonValue | Absent:
    """The property at a path of names, `ABSENT` when there is none. Arrays are not searched (FP-4.8)."""
    node: JsonValue | NotJson | Absent = value
    for name in names:
        if not isinstance(node, dict):
            return ABSENT
        node = node.get(name, ABSENT)
    return ABSENT if node is NOT_JSON else node


class Event:
    """One log event. Its text and value are worked out when they are first asked for, then kept.

    It is not changed after that, and decoding twice gives equal values, so threads may share it.
    """

    __slots__ = ("_depth", "_message", "_problem", "_value")

    def __init__(self, message: str | bytes, *, depth: int = DEFAULT_LIMITS.depth) -> None:
        self._message = message
        self._depth = depth
        self._value: JsonValue | NotJson | Absent = ABSENT
        self._problem: MessageError | None = None

    @classmethod
    def decoded(cls, value: JsonValue, message: str | bytes) -> Event:
        """An event that is decoded already: `value` is what `decode_message` makes of `message`.

        `value` may lack fields that nobody will look at (FP-14.4); its numbers must be `Number`.
        """
        event = cls(message)
        event._value = value
        return event

    @property
    def text(self) -> str:
        """The raw message, which text and space-delimited patterns look at."""
        if not isinstance(self._message, str):
            self._message = _text_of(self._message)
        return self._message

    @property
    def value(self) -> JsonValue | NotJson:
        """The decoded message, `NOT_JSON` if it is no JSON text."""
        if self._value is ABSENT:
            try:
                self._value = _decode(self.text, self._depth)
            except MessageError as error:
                # In this order: who sees the value sees the problem too.
                self._problem = error
                self._value = NOT_JSON
        return self._value

    @property
    def problem(self) -> MessageError | None:
        """Why the message is not JSON, and where reading stopped; None when it is JSON."""
        return self._problem if self.value is NOT_JSON else None

    def get(self, path: str) -> JsonValue | Absent:
        """The field at a path of property names joined by dots, `ABSENT` when there is none.

        `event.get("userIdentity.type")`. A name that holds a dot cannot be written this way: see
        `look_up`.
        """
        if "." in path:
            return look_up(self.value, path.split("."))
        # Most fields that are asked for stand at the top.
        value = self.value
        return value.get(path, ABSENT) if isinstance(value, dict) else ABSENT

    def __repr__(self) -> str:
        return f"Event({self._message[:60]!r})"
