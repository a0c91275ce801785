"""What may be published: sizes, subjects, structures, attributes, in SNS's words. Spec: SNS-2."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.envelope import MessageAttribute
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 262_144
"""Bytes of a message with its attributes, where a topic says nothing else (SNS-2.1)."""

_LONGEST_SUBJECT = 100
_LONGEST_NAME = 256
_NAME_CHARACTER = re.compile(r"[A-Za-z0-9_.-]")
_RESERVED = ("aws.", "amazon.")
_FIFO_ID = re.compile(r"[!-~]{1,128}\Z")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?\Z")
_LAST_PLANE_0 = "\uffff"
_LEAST_SCALE, _MOST_SCALE = -128, 126


def _invalid(what: str) -> InvalidParameterError:
    return InvalidParameterError(f"Invalid parameter: {what}", aws_code="InvalidParameter")


def _bad_attribute(message: str) -> InvalidParameterError:
    return InvalidParameterError(message, aws_code="ParameterValueInvalid")


def check_subject(subject: str | None) -> None:
    """A subject is one line of 1 to 100 UTF-16 units (SNS-2.2)."""
    if subject is None:
        return
    units = len(subject.encode("utf-16-le", "surrogatepass")) // 2
    if not 1 <= units <= _LONGEST_SUBJECT or any(ord(one) < 0x20 or ord(one) == 0x7F for one in subject):
        raise _invalid("Subject")


def check_size(message: str, attributes: Mapping[str, MessageAttribute], *, most: int = MOST_BYTES) -> int:
    """The bytes of a message with its attributes, which are not too many."""
    if not message:
        raise _invalid("Empty message")
    size = message_size(message, attributes)
    if size > most:
        raise _invalid("Message too long")
    return size


def message_size(message: str, attributes: Mapping[str, MessageAttribute]) -> int:
    """The bytes of a message with its attributes."""
    size = len(message.encode("utf-8", "replace"))
    for name, one in attributes.items():
        is_binary = one.data_type.startswith("Binary")
        value = base64.b64decode(one.value) if is_binary else one.value.encode("utf-8", "replace")
        size += len(name.encode()) + len(one.data_type.encode()) + len(value)
    return size


def check_fifo_id(name: str, value: str | None) -> None:
    """A message group or deduplication id is 1 to 128 letters, digits and marks of ASCII (SNS-2.7)."""
    if value is not None and not _FIFO_ID.match(value):
        raise _invalid(name)


def structured_texts(message: str) -> dict[str, str]:
    """The texts of MessageStructure=json by protocol; the last of equal keys wins (SNS-2.4)."""
    try:
        tree = msgspec.json.decode(message)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _invalid("Message Structure - JSON message body failed to parse") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("default"), str):
        raise _invalid("Message Structure - No default entry in JSON message body")
    return {name: text for name, text in tree.items() if isinstance(text, str)}


def read_attributes(given: Mapping[str, Mapping[str, Any]]) -> dict[str, MessageAttribute]:
    """The attributes of a message (SNS-2.5)."""
    return {name: _read_attribute(name, one) for name, one in given.items()}


def _read_attribute(name: str, given: Mapping[str, Any]) -> MessageAttribute:
    _check_name(name)
    data_type = str(given.get("DataType", ""))
    kind = data_type.partition(".")[0]
    if kind not in {"String", "Number", "Binary"}:
        raise _bad_attribute(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    field = "Binary" if kind == "Binary" else "String"
    value = given.get(f"{field}Value")
    other = given.get("StringValue" if field == "Binary" else "BinaryValue")
    if value is None and other:
        raise _bad_attribute(f"The message attribute '{name}' with type '{data_type}' must use field '{field}'.")
    if not value:
        raise _bad_attribute(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{data_type}'."
        )
    if kind == "Binary":
        return MessageAttribute(data_type, base64.b64encode(value).decode("ascii"))
    if kind == "Number":
        _check_number(name, value)
    elif any(character > _LAST_PLANE_0 for character in value):
        raise _bad_attribute(f"The message attribute '{name}' contains characters that are not supported.")
    return MessageAttribute(data_type, value)


def _check_name(name: str) -> None:
    if len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise _bad_attribute("Length of message attribute name must be less than 256 bytes.")
    for character in name:
        if not _NAME_CHARACTER.match(character):
            raise _bad_attribute(
                f"Invalid non-alphanumeric character '#x{ord(character):X}' was found in the message attribute name. "
                "Can only include alphanumeric characters, hyphens, underscores, or dots."
            )
    for place, word in ((0, "starting"), (-1, "ending")):
        if name[place:][:1] == ".":
            raise _bad_attribute(f"Invalid message attribute name {word} with character '.' was found.")
    if ".." in name:
        raise _bad_attribute("Message attribute name can not have successive '.' character.")
    if name.lower().startswith(_RESERVED):
        raise _bad_attribute(f"Message attribute name '{name}' has a prefix that is reserved.")


def _check_number(name: str, value: str) -> None:
    if not _NUMBER.match(value):
        raise _bad_attribute(f"Could not cast message attribute '{name}' value to number.")
    number = Decimal(value)
    if number and not _LEAST_SCALE <= number.adjusted() <= _MOST_SCALE:
        raise _bad_attribute(f"Message attribute '{name}' number value [{value}] scale must be 10^-128 and 10^126.")
