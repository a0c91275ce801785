"""Plain text for mails: paragraphs, `Label: value` lines and headings, 72 columns wide.

Rule: each value is a safe line before it is laid out, and continuation lines are indented, so that
nothing in a value can pass for a line of ours. A word that is longer than a line stays whole, so that
ids and links can be copied. Spec: AL-17.6, AL-19.1.
"""

from __future__ import annotations

import textwrap

from tocsin.core.notification.safe_line import safe_line

WIDTH = 72
"""Columns of a line; only a single long word goes beyond."""


# What comes before a command to copy in a runbook.
_COMMAND = ": tocsin "


class TextPage:
    """Text that grows line by line."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: list[str] = []

    def heading(self, text: str) -> None:
        """A heading, with a blank line before it."""
        self.blank()
        self._lines.append(text.upper())

    def blank(self) -> None:
        """A blank line, unless there is one already, or nothing."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def paragraph(self, text: str, *, indent: int = 0, hang: int = 0, limit: int = 2048) -> None:
        """A paragraph of at most `limit` characters; lines after its first are indented by `hang` more."""
        wrapped = textwrap.wrap(
            safe_line(text, limit),
            WIDTH,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._lines += wrapped

    def item(self, label: str, value: str, *, indent: int = 0, limit: int = 2048) -> None:
        """`Label: value`; nothing where the value is empty."""
        if value:
            self.paragraph(f"{label}: {value}", indent=indent, hang=2, limit=limit)

    def verbatim(self, text: str, *, indent: int = 0, limit: int = 2048) -> None:
        """One line that is not broken, so that it can be copied."""
        self._lines.append(" " * indent + safe_line(text, limit))

    def paragraphs(self, text: str, *, most: int) -> None:
        """Text of several lines, each a paragraph of its own, at most `most` of them.

        A command at the end of a line stays whole, on a line of its own.
        """
        for line in text.splitlines()[:most]:
            words, mark, command = line.partition(_COMMAND)
            self.paragraph(words + mark[:1], hang=3)
            if mark:
                self.verbatim(mark[2:] + command, indent=3)

    def text(self) -> str:
        """The whole, with a line end after each line."""
        return "\n".join(self._lines).rstrip("\n") + "\n"
