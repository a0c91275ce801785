"""One setting: what is allowed, and how a value out of a file or a variable is read. Spec: IF-9."""

from __future__ import annotations

import re
from collections.abc import Callable  # msgspec reads it at run time
from ipaddress import ip_network
from pathlib import PurePath
from typing import TypeVar

import msgspec

from tocsin.config.secret import Secret  # as above
from tocsin.core.topic import is_topic

Number = TypeVar("Number", int, float)

_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))?\s*([a-z]*)\Z", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,15})?(?:[eE]-?[0-9]{1,2})?\Z", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}\Z", re.ASCII)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `read` gives its value, None for one that is not allowed; `kind` says what is.

    `unset` says what holds where nobody sets it and the default is not a value. `is_needed` belongs to the
    members of an entry (`[[source]]`) that it makes no sense without. What is given for one that `is_secret` is
    not repeated, however wrong it is.
    """

    read: Callable[[object], int | float | bool | str | tuple[str, ...] | Secret | None]
    kind: str
    example: str
    unset: str = "none"
    is_needed: bool = False
    is_secret: bool = False


def read_size(value: object) -> int | None:
    """How to read a size in bytes: a number, or a text such as `16 MiB`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.match(value.strip()) if isinstance(value, str) else None
    unit = None if found is None else _UNITS.get(found[3].lower())
    if found is None or unit is None:
        return None
    fraction = found[2] or ""
    size, rest = divmod(int(found[1] + fraction) * unit, 10 ** len(fraction))
    return None if rest else size


def read_integer(value: object) -> int | None:
    """How to read a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        return int(value)
    return None


def read_number(value: object) -> float | None:
    """How to read a number of zero or more, with or without a fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return float(value) if isinstance(value, str) and _NUMBER.match(value.strip()) else None


def read_boolean(value: object) -> bool | None:
    """How to read a truth value; in a variable it may be 1 or 0 as well (WIRE-9.11)."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "false": False, "0": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def read_topic(value: object) -> str | None:
    """How to read the ARN of a topic; empty means none."""
    return value if isinstance(value, str) and (value == "" or is_topic(value)) else None


def matching(pattern: str) -> Callable[[object], str | None]:
    """How to read a text of a form."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: value if isinstance(value, str) and compiled.fullmatch(value) else None


def read_texts(value: object) -> tuple[str, ...] | None:
    """A list of texts; in a variable they stand behind each other with commas."""
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    if isinstance(value, list) and all(isinstance(one, str) and one for one in value):
        return tuple(value)
    return None


def read_folders(value: object) -> tuple[str, ...] | None:
    """A list of folders by their whole paths, so that it does not matter where the service is started."""
    texts = read_texts(value)
    if texts is None or not all(PurePath(one).is_absolute() and "\0" not in one for one in texts):
        return None
    return texts


def read_networks(value: object) -> tuple[str, ...] | None:
    """A list of ranges of addresses, as CIDR; an address alone is a range of one."""
    texts = read_texts(value)
    if texts is None:
        return None
    try:
        return tuple(str(ip_network(one, strict=False)) for one in texts)
    except ValueError:
        return None


def between(least: float, read: Callable[[object], Number | None], most: float) -> Callable[[object], Number | None]:
    """How to read a number from `least` to `most`."""

    def bounded(value: object) -> Number | None:
        number = read(value)
        return number if number is not None and least <= number <= most else None

    return bounded
