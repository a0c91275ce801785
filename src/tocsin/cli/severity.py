"""How severities look: a mark and a colour for each, of rules and of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.cli.terminal import Stream

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""The severities of rules, the gravest first."""

_MARKS = {"critical": ("◆", "!"), "high": ("●", "*"), "medium": ("◐", "+"), "low": ("○", "-"), "info": ("·", ".")}
_STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
    "error": "bold red",
    "warning": "yellow",
}


def severity_mark(severity: str, stream: Stream) -> str:
    """One character: the fuller, the graver."""
    return stream.pick(*_MARKS.get(severity, (" ", " ")))


def severity_style(severity: str) -> str:
    """The colour of a severity (`Stream.style`)."""
    return _STYLES.get(severity, "bold")
