"""JSON in a field of a form. Spec: CON-8.6.

Rule: a field shows what it holds, and no box can stand in it, so what acts on a screen or is not seen stands as an
escape: the same JSON, legible.
"""

from __future__ import annotations

from tocsin.core.unsafe_character import UNSAFE


def json_for_field(text: str) -> str:
    r"""A JSON text with escapes for the characters of its strings that are unsafe to show.

    >>> json_for_field('{"a": "\u202eb"}')
    '{"a": "\\u202eb"}'
    """
    return UNSAFE.sub(lambda found: found[0] if found[0] in "\n\r\t" else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
