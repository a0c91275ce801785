"""Foreign text on one harmless line.

Rule: what comes out of a record, or out of a definition that somebody sent, reaches a message only
through here. An attacker chooses user agents, session names and parameters; line breaks in them could
forge lines of a mail, control characters rewrite a terminal, bidirectional marks turn text round, a
link send the reader somewhere. Spec: AL-19.1.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tocsin.core.unsafe_character import UNSAFE, escaped, is_plain

LONGEST = 256
"""Characters that are shown of one value (AL-19.1), the mark of the cut among them."""

LONGEST_NAME = 64
"""Characters that are shown of a name within a sentence (CON-4.4)."""

_BARE_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@:/*$-]+\Z")


def safe_line(text: str, limit: int = LONGEST) -> str:
    r"""`text` on one line of at most `limit` characters; what could act on a reader's screen is an escape.

    >>> safe_line("alice\r\nWho: root", 12)
    'alice\\r\\nWh…'
    """
    kept = text if len(text) <= limit else text[: limit - 1]
    mark = "" if len(text) <= limit else "…"
    # Nearly every text is plain, and this tells it at a glance.
    if is_plain(kept):
        return kept + mark
    line = escaped(kept) + mark
    if len(line) <= limit:
        return line
    # Escapes stay whole, so that what is left of one is not taken for other text.
    room, pieces = limit - 1, []
    for character in text[:room]:
        piece = escaped(character)
        room -= len(piece)
        if room < 0:
            break
        pieces.append(piece)
    return "".join(pieces) + "…"


def safe_name(text: str) -> str:
    """A name within a sentence: cut, and quoted unless it is one word of plain characters (CON-4.4)."""
    return quoted_name(safe_line(text, LONGEST_NAME))


def quoted_name(text: str) -> str:
    """A name as it is, in quotes unless it is one word of plain characters, so that it cannot pass for our words."""
    return text if _BARE_NAME.match(text) else f'"{text}"'


def unlinked(text: str) -> str:
    """`text` with its links taken apart, so that no mail reader makes an attacker's address clickable.

    >>> unlinked("Mozilla/5.0 (+http://example.com)")
    'Mozilla/5.0 (+http[:]//example.com)'
    """
    return text.replace("://", "[:]//")


def safe_json(value: Any) -> str:
    r"""The compact JSON text of `value`, on one line, with all that `safe_line` would escape as a `\\u` escape.

    A reader of the JSON gets the very same value, a screen nothing that acts on it.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return UNSAFE.sub(_escape_json, text)


def _escape_json(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
