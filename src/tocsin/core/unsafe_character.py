r"""Characters that act on a screen instead of standing on it, in one table.

Rule: terminal, mail and console each show them in their own way; which they are is decided here alone. An
attacker chooses user agents, session names and parameters: a control character rewrites a terminal, a
bidirectional one turns text round, an invisible one makes two names look alike. Spec: CON-8.6, AL-19.1, R-31.
"""

from __future__ import annotations

import re
from typing import Final

UNSAFE: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u200b-\u200d\u3164\uffa0"  # soft hyphen, joiners, fillers: no ink
    "\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"  # variation selectors, the Mongolian ones among them
    "\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff"  # separators, invisible operators, byte order mark
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # anchors of annotations, shorthand, musical beams
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tags, and what is kept free for their like
    "\ud800-\udfff"  # lone surrogates, which no encoding takes
    "\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    # no characters at all, and never to be
    + "]"
)
"""One such character: all that Unicode wants ignored where it cannot be shown, and what turns or breaks text."""

# Unicode gives control characters no names. These are the ones of ISO 6429 that a reader may have heard of.
_CONTROLS: Final = {
    0x00: "null", 0x01: "start of heading", 0x02: "start of text", 0x03: "end of text", 0x04: "end of transmission",
    0x05: "enquiry", 0x06: "acknowledge", 0x07: "bell", 0x08: "backspace", 0x09: "tab", 0x0A: "line feed",
    0x0B: "line tabulation", 0x0C: "form feed", 0x0D: "carriage return", 0x0E: "shift out", 0x0F: "shift in",
    0x10: "data link escape", 0x15: "negative acknowledge", 0x16: "synchronous idle", 0x17: "end of block",
    0x18: "cancel", 0x19: "end of medium", 0x1A: "substitute", 0x1B: "escape", 0x1C: "file separator",
    0x1D: "group separator", 0x1E: "record separator", 0x1F: "unit separator", 0x7F: "delete", 0x85: "next line",
    0x90: "device control string", 0x9B: "control sequence introducer", 0x9D: "operating system command",
}  # fmt: skip


def is_plain(text: str) -> bool:
    """Tell at a glance that a text holds none of them, as nearly every text does: faster than looking for them."""
    return text.isascii() and text.isprintable()


def escape(character: str) -> str:
    r"""A character as `\n`, `\r`, `\t`, `\xNN`, `\uNNNN` or `\UNNNNNNNN`.

    >>> escape("\u202e")
    '\\u202e'
    """
    match character:
        case "\n":
            return r"\n"
        case "\r":
            return r"\r"
        case "\t":
            return r"\t"
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escaped(text: str) -> str:
    r"""`text` with each of them as an escape.

    >>> escaped("gpj.\u202eexe")
    'gpj.\\u202eexe'
    """
    return text if is_plain(text) else UNSAFE.sub(_escape, text)


def code_point(character: str) -> str:
    r"""A character by number and name.

    >>> code_point("\u202e")
    'U+202E right-to-left override'
    """
    code = ord(character)
    return f"U+{code:04X} {_name(character, code)}"


def _name(character: str, code: int) -> str:
    import unicodedata  # only pages name characters

    name = unicodedata.name(character, "")
    if name:
        return name.lower()
    match unicodedata.category(character):
        case "Cc":
            return _CONTROLS.get(code, "control")
        case "Cs":
            return "lone surrogate"
        case "Co":
            return "private use"
    return "not a character" if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF else "unassigned"


def _escape(found: re.Match[str]) -> str:
    return escape(found[0])
