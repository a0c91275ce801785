"""Looking for text in a mail. Rule: how lines are broken does not matter; everything else does.

Spec: IF-4 (Tests, `message`).
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.notification.message import AlarmMessage

# How much of a text must be found in one piece for a line to be near it: so large a part of it, and so many
# characters, or all that it has.
_NEAR = 0.5
_LEAST = 4

# Characters of what is looked for, and lines of a mail, that are compared.
_LONGEST = 200
_MOST_LINES = 1000


def mail_of(message: AlarmMessage) -> str:
    """The mail as a subscriber reads it: the subject, then the text."""
    return f"Subject: {message.subject}\n\n{message.email}"


def holds(mail: str, wanted: str) -> bool:
    """Is `wanted` in the mail? Letters count exactly, runs of blanks and line breaks as one blank."""
    return wanted in mail or _folded(wanted) in _folded(mail)


def nearest_line(mail: str, wanted: str) -> str:
    """The line that has the longest piece of `wanted`, whatever the case; empty when none comes near."""
    looked_for = wanted.casefold()[:_LONGEST]
    lines = [line.strip() for line in mail.split("\n")[:_MOST_LINES] if line.strip()]
    best = max(lines, key=lambda line: _common(looked_for, line), default="")
    enough = max(min(_LEAST, len(looked_for)), _NEAR * len(looked_for))
    return best if _common(looked_for, best) >= enough else ""


def cut(mail: str, lines: int) -> str:
    """The first lines of a mail, without the empty ones."""
    return "\n".join(_first((line for line in mail.split("\n") if line.strip()), lines))


def _first(lines: Iterable[str], count: int) -> list[str]:
    return [line for _, line in zip(range(count), lines, strict=False)]


def _folded(text: str) -> str:
    return " ".join(text.split())


def _common(looked_for: str, line: str) -> int:
    matcher = SequenceMatcher(None, line.casefold()[:_LONGEST], looked_for, autojunk=False)
    return matcher.find_longest_match().size
