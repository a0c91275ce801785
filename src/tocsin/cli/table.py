"""Tables and paragraphs of plain text, laid out for a width in columns. Rule: no line is wider than asked.

Plain code in place of a library: importing one that draws tables costs more than a short scan.
Text given here is made safe here (`safe_text`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.cli.safe_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.cli.terminal import Stream

_GAP = "  "
_IN_NEED = 4  # what is left of a column when nothing else helps


def width_of(text: str) -> int:
    """How many columns `text` takes on a terminal: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def shorten(text: str, width: int, *, mark: str = "…", keep_end: bool = False) -> str:
    """`text` within `width` columns: the rest of it gives way to `mark`, at the end or in the middle."""
    if width_of(text) <= width:
        return text
    room = width - width_of(mark)
    if room <= 0:
        return _head(text, width)
    if not keep_end:
        return _head(text, room) + mark
    tail = _head(text[::-1], room - room // 2)[::-1]
    return _head(text, room - width_of(tail)) + mark + tail


def _head(text: str, width: int) -> str:
    taken = 0
    for place, character in enumerate(text):
        taken += width_of(character)
        if taken > width:
            return text[:place]
    return text


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled up with blanks to `width` columns; `right` puts the blanks before it."""
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def wrap(text: str, width: int) -> list[str]:
    """The words of `text` in lines of at most `width` columns; a longer word is broken. At least one line."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and width_of(line) + 1 + width_of(word) <= width:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        while width_of(word) > width:
            head = _head(word, width) or word[0]
            # Names come apart at a hyphen or a slash where there is one not too far back.
            joint = max(head.rfind("-"), head.rfind("/"))
            head = head[: joint + 1] if joint > width // 3 else head
            lines.append(head)
            word = word[len(head) :]  # noqa: PLW2901  # what is left of it
        line = word
    return [*lines, line] if line or not lines else lines


def paragraph(text: str, width: int, *, indent: str = "", first: str | None = None) -> list[str]:
    """`text`, made safe and wrapped; every line begins with `indent`, the first one with `first` if given."""
    lines = wrap(safe_text(text), max(10, width - width_of(indent)))
    start = indent if first is None else first
    return [(start if place == 0 else indent) + line for place, line in enumerate(lines)]


def labelled(rows: Iterable[tuple[str, str]], width: int, *, indent: str = "") -> list[str]:
    """Pairs of label and text: labels in one column, the texts wrapped beside them. Empty texts are left out."""
    pairs = [(label, text) for label, text in rows if text]
    column = max((width_of(label) for label, _ in pairs), default=0) + 2
    lines: list[str] = []
    for label, text in pairs:
        lines += paragraph(text, width, indent=indent + " " * column, first=indent + pad(label, column))
    return lines


@dataclass(frozen=True)
class Column:
    """A column of a table. `shrinks` lets it become narrower, down to `least`; `wraps` lets it take lines instead."""

    title: str
    right: bool = False
    shrinks: bool = False
    wraps: bool = False
    least: int = 8
    style: str = ""


@dataclass(frozen=True)
class Cell:
    """Text with a style of its own."""

    text: str
    style: str


def draw_table(columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]], stream: Stream) -> list[str]:
    """The lines of a table: a head, then the rows; columns that are empty throughout are left out."""
    texts = [[safe_text(cell.text if isinstance(cell, Cell) else cell) for cell in row] for row in rows]
    shown = [place for place in range(len(columns)) if any(row[place] for row in texts)]
    widths = _widths(columns, texts, shown, stream.width)
    mark = stream.pick("…", "...")
    head = _GAP.join(
        pad(shorten(columns[place].title, widths[place], mark=mark), widths[place], right=columns[place].right)
        for place in shown
    )
    lines = [stream.style(head.rstrip(), "bold")] if head.strip() else []
    for row, source in zip(texts, rows, strict=True):
        parts = [
            wrap(row[place], widths[place])
            if columns[place].wraps
            else [shorten(row[place], widths[place], mark=mark, keep_end=True)]
            for place in shown
        ]
        for number in range(max(map(len, parts), default=0)):
            line = ""
            blanks = ""
            for place, part in zip(shown, parts, strict=True):
                text = part[number].rstrip() if number < len(part) else ""
                cell = source[place]
                style = cell.style if isinstance(cell, Cell) else columns[place].style
                padding = " " * (widths[place] - width_of(text))
                drawn = stream.style(text, style) if style else text
                if columns[place].right:
                    blanks, padding = blanks + padding, ""
                line += (blanks if text else "") + drawn
                blanks = ("" if text else blanks) + padding + _GAP
            lines.append(line)
    return lines


def _widths(
    columns: Sequence[Column], texts: Sequence[Sequence[str]], shown: Sequence[int], width: int
) -> dict[int, int]:
    """Natural widths; where that is too much, columns that may give way do, then in need every one but numbers."""
    widths = {
        place: max(width_of(columns[place].title), *(width_of(row[place]) for row in texts), 1) for place in shown
    }
    room = width - len(_GAP) * (len(shown) - 1)
    may = {place: columns[place].least for place in shown if columns[place].shrinks or columns[place].wraps}
    _narrow(widths, may, room)
    _narrow(widths, {place: _IN_NEED for place in shown if not columns[place].right}, room)
    return widths


def _narrow(widths: dict[int, int], least: dict[int, int], room: int) -> None:
    """Take from the widest columns of `least`, down to the widths given there, until all fit into `room`."""
    while (excess := sum(widths.values()) - room) > 0:
        giving = [place for place, floor in least.items() if widths[place] > floor]
        if not giving:
            return
        widest = max(giving, key=lambda place: (widths[place], -place))
        narrower = [widths[place] for place in giving if widths[place] < widths[widest]]
        floor = max([least[widest], *narrower])
        widths[widest] -= min(excess, max(1, widths[widest] - floor))
