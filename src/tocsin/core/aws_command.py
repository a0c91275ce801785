"""A call of an AWS API as the command of the AWS CLI that makes it. Spec: CON-7.8, IF-1 (`demo`).

Rule: what is printed can be pasted into a POSIX shell, and makes the same call.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# Options that the AWS CLI calls otherwise than the API calls the parameter: --endpoint would read as --endpoint-url.
_OPTIONS = {("sns", "Subscribe", "Endpoint"): "notification-endpoint"}

# What the shorthand of the AWS CLI can hold without quoting (user guide, "Using shorthand syntax").
_PLAIN = re.compile(r"[^\s,={}\[\]'\"]+\Z")


def aws_command(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """`aws SERVICE OPERATION --OPTION VALUE …` on one line.

    `parameters` are by the names of the API: text, numbers, booleans, lists and mappings of these. Booleans become a
    pair of options (`--enable-x`, `--no-enable-x`), lists of text stand side by side, what the shorthand of the AWS
    CLI can hold stands in it, everything else as JSON.
    """
    words = ["aws", service, cli_name(operation)]
    for name, value in parameters.items():
        option = _OPTIONS.get((service, operation, name)) or cli_name(name)
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
            continue
        words.append(f"--{option}")
        words += [shlex.quote(word) for word in _values(value)]
    return " ".join(words)


def cli_name(name: str) -> str:
    """A name of the API as the AWS CLI writes it: `OKActions` is `ok-actions`."""
    return _WORDS.sub("-", name).lower()


def _values(value: Any) -> list[str]:
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return list(value)
    if isinstance(value, list | tuple) and value:
        short = [_shorthand(one) for one in value]
        if all(short):
            return [one for one in short if one]
    return [_shorthand(value) or _text(value)]


def _shorthand(value: Any) -> str | None:
    """A flat mapping as `key=value,…`; None for anything that the shorthand cannot hold."""
    if not isinstance(value, dict) or not value:
        return None
    parts = []
    for name, one in value.items():
        text = _text(one) if isinstance(one, str | int | float) else ""
        if not (_PLAIN.match(str(name)) and _PLAIN.match(text)):
            return None
        parts.append(f"{name}={text}")
    return ",".join(parts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
