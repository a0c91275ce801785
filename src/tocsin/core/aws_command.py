"""A call of an AWS API as the command of the AWS CLI that makes it. Spec: CON-7.8, IF-1 (`demo`).

Rule: what is printed can be pasted into a POSIX shell, and makes the same call, whatever the values hold. A value that
the CLI would take for an option, for the name of a file to read or for a shorthand is written so that it is none; what
does not print (a terminal acts on it, also while text is pasted) is written as an escape of JSON.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.unsafe_character import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# Options that the AWS CLI calls otherwise than the API calls the parameter: --endpoint would read as --endpoint-url.
_OPTIONS = {("sns", "Subscribe", "Endpoint"): "notification-endpoint"}

# What the shorthand of the AWS CLI can hold without quoting (user guide, "Using shorthand syntax").
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:/#-]+\Z")
_PLAIN = re.compile(r"(?:(?![,={}\[\]'\"\\])[!-~])+\Z")

# The AWS CLI puts the contents of such a file, or of such an address, in place of the value.
_READ = re.compile(r"(?:fileb?|https?)://")
_NEVER_READ = frozenset({("sns", "Subscribe", "Endpoint")})


def aws_command(service: str, operation: str, parameters: Mapping[str, Any], *, width: int | None = None) -> str:
    """`aws SERVICE OPERATION --OPTION VALUE …` on one line, or an option a line where it is wider than `width`.

    `parameters` are by the names of the API: text, numbers, booleans, lists and mappings of these. Booleans become a
    pair of options (`--enable-x`, `--no-enable-x`), lists of text stand side by side, what the shorthand of the AWS
    CLI can hold stands in it, everything else as JSON. Where a text cannot stand alone on a command line, all
    parameters are given as one JSON document.
    """
    head = f"aws {service} {cli_name(operation)}"
    options = [_option(service, operation, name, value) for name, value in parameters.items()]
    written = [option for option in options if option is not None]
    if len(written) < len(options):
        written = [f"--cli-input-json {shlex.quote(_json(parameters))}"]
    line = " ".join([head, *written])
    if width is None or len(line) <= width:
        return line
    return " \\\n  ".join([head, *written])


def cli_name(name: str) -> str:
    """A name of the API as the AWS CLI writes it: `OKActions` is `ok-actions`."""
    return _WORDS.sub("-", name).lower()


def _option(service: str, operation: str, name: str, value: Any) -> str | None:
    """One parameter with its value; None for a text that the CLI would not take as it is."""
    place = (service, operation, name)
    option = f"--{_OPTIONS.get(place) or cli_name(name)}"
    match value:
        case bool():
            return option if value else f"--no-{option[2:]}"
        case str():
            if not _prints(value) or value == "--" or (_READ.match(value) and place not in _NEVER_READ):
                return None
            return _with_value(option, value)
        case list() | tuple():
            return f"{option} {' '.join(map(shlex.quote, _list(value)))}"
        case dict():
            return _with_value(option, _shorthand(value) or _json(value))
        case _:
            return _with_value(option, _json(value))


def _with_value(option: str, value: str) -> str:
    """The value after its option, joined to it where it could be taken for another option."""
    return f"{option}{'=' if value.startswith('-') else ' '}{shlex.quote(value)}"


def _list(values: list[Any] | tuple[Any, ...]) -> list[str]:
    """The words for a list: an element each where each can stand alone, else one word of JSON."""
    if values and all(isinstance(one, str) and _stands_alone(one) for one in values):
        return list(values)
    short = [_shorthand(one) for one in values]
    if values and all(short):
        return [one for one in short if one]
    return [_json(values)]


def _stands_alone(text: str) -> bool:
    """Whether the CLI takes a word for an element of a list of text, and for nothing else."""
    return bool(text.strip()) and _prints(text) and not text.lstrip().startswith(("-", "[")) and not _READ.match(text)


def _shorthand(value: Any) -> str | None:
    """A flat mapping as `key=value,…`; None for anything that the shorthand cannot hold."""
    if not isinstance(value, dict) or not value:
        return None
    parts = []
    for name, one in value.items():
        text = _scalar(one)
        if not (_PLAIN_KEY.match(str(name)) and _PLAIN.match(text)):
            return None
        parts.append(f"{name}={text}")
    return ",".join(parts)


def _scalar(value: Any) -> str:
    match value:
        case str():
            return value
        case int() | float() if not isinstance(value, bool):
            return _json(value)
        case _:
            return ""


def _json(value: Any) -> str:
    """The value as JSON, with an escape for every character that does not stand on a screen."""
    return UNSAFE.sub(_escape, msgspec.json.encode(value).decode())


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _prints(text: str) -> bool:
    """Whether a text is lines of characters that can be seen."""
    return UNSAFE.search(text.replace("\n", "")) is None
