"""Text between double quotes. Rule: YAML and Python read the same escapes the same way, so these are written once."""

from __future__ import annotations

from tocsin.core.unsafe_character import escaped


def quoted(text: str) -> str:
    r"""The text in double quotes; every character that does not stand on a screen is an escape.

    >>> print(quoted('a "b"\x1b[0m'))
    "a \"b\"\x1b[0m"
    """
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
