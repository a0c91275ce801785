"""Text between double quotes. Rule: YAML and Python read the same escapes the same way, so these are written once."""

from __future__ import annotations

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def escape(text: str) -> str:
    r"""What stands between the quotes; every character that does not print is an escape.

    >>> print(escape('a "b"\x1b[0m'))
    a \"b\"\x1b[0m
    """
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
