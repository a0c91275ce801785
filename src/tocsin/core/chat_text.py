"""Foreign text in a chat channel, where it may call nobody, link nowhere and look like nothing of ours.

Rule: whatever a record or a publication holds, it is shown as text. `quiet_line` takes away what every chat service
heeds; `slack_escaped` and `plain_escaped` what remains for one kind of them. What is replaced stays legible: a reader
sees that something stood there, and none of it is hidden. Spec: AL-19.1, SNS-8.5.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from tocsin.core.notification.safe_line import LONGEST, safe_line, unlinked

# An @ calls somebody at the beginning of a word, and in some services within one.
_CALL: Final = re.compile(r"(?<![0-9A-Za-z])@|@(?=here|channel|all|everyone|group|team)", re.IGNORECASE)
_WIDE_AT: Final = "\uff20"

# Addresses that services make links of although no scheme stands before them.
_BARE_LINK: Final = re.compile(r"(?<![0-9A-Za-z])(www|mailto|tel)([.:])", re.IGNORECASE)

_SLACK: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

# Characters that mean something in Markdown or HTML, and below each of them one that looks like it. An underscore
# means something at the edge of a word.
_MARKS: Final = str.maketrans(
    "<>*[]~\\|&#",
    "\u2039\u203a\u2217\uff3b\uff3d\u223c\uff3c\u2223\uff06\uff03",
)
_EDGE: Final = re.compile(r"(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_WIDE_UNDERSCORE: Final = "\uff3f"

_CUT: Final = "…"

# Characters that one may become.
_WIDEST: Final = 16


def quiet_line(text: str, limit: int = LONGEST) -> str:
    """`text` on one line of at most `limit` characters that calls nobody, is no link and ends no code.

    >>> quiet_line("@here see http://example.com, alice@example.com")
    '＠here see http[:]//example.com, alice@example.com'
    """
    line = _BARE_LINK.sub(_taken_apart, unlinked(safe_line(text, limit)))
    line = _CALL.sub(_WIDE_AT, line).replace("`", "'")
    return line if len(line) <= limit else line[: limit - 1] + _CUT


def quiet_text(text: str, limit: int, *, most_lines: int = 100) -> str:
    """A text of several lines, each as `quiet_line` makes it; in all at most `limit` characters."""
    lines = text[: limit + 1].splitlines()
    shown = [quiet_line(line.expandtabs(4), _WIDEST * limit) for line in lines[:most_lines]]
    whole = "\n".join(shown)
    if len(whole) <= limit and len(text) <= limit and len(lines) <= most_lines:
        return whole
    return whole[: limit - 1] + _CUT


def slack_escaped(text: str, limit: int) -> str:
    """`text` as Slack wants it, where `&`, `<` and `>` are written out; of at most `limit` UTF-16 units.

    >>> slack_escaped("a <!channel> & b", 100)
    'a &lt;!channel&gt; &amp; b'
    """
    whole = text.translate(_SLACK)
    if units(whole) <= limit:
        return whole
    # What a character is written as stays whole.
    pieces = [character.translate(_SLACK) for character in text[:limit]]
    ends = accumulate(map(units, pieces))
    return "".join(piece for piece, end in zip(pieces, ends, strict=True) if end < limit) + _CUT


def plain_escaped(text: str) -> str:
    """`text` as it is safe in Markdown as well as in HTML and in plain text: what means something is replaced.

    >>> plain_escaped("[click](x) *now* root_use")
    '［click］(x) ∗now∗ root_use'
    """
    return _EDGE.sub(_WIDE_UNDERSCORE, text.translate(_MARKS))


def units(text: str) -> int:
    """The length of a text as chat services count it, in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _taken_apart(found: re.Match[str]) -> str:
    return f"{found[1]}[{found[2]}]"
