"""The help page of one command, from its signature and docstring. Rule: no line is wider than the terminal.

The docstring's first paragraphs say what the command does, its section `Examples` is shown as it is,
and each parameter's text stands beside its option.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from tocsin.cli.parsing import usage
from tocsin.cli.table import pad, width_of, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.cli.main import Command
    from tocsin.cli.signature import Argument, Signature
    from tocsin.cli.terminal import Stream

_WIDEST = 100
_LABEL_COLUMN = 26
_SECTION = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)


def command_help(command: Command, signature: Signature, stream: Stream) -> str:
    """The whole page, ending with a line break."""
    width = min(_WIDEST, stream.width)
    sections = _sections(inspect.getdoc(signature.function) or "")
    lines = [stream.style(f"Usage: {usage(command, signature)}", "bold"), ""]
    for text in sections[""].split("\n\n"):
        lines += [*wrap(text, width), ""]
    groups = _grouped(signature.arguments)
    texts = signature.help_texts()
    for title, arguments in groups.items():
        lines.append(stream.style(title, "bold"))
        for argument in arguments:
            lines += _entry(_label(argument), texts.get(argument.field, ""), width)
        if title == "Options":
            lines += _entry("  -h, --help", "Show this help.", width)
        lines.append("")
    if "Examples" in sections:
        lines.append(stream.style("Examples", "bold"))
        lines += [f"  {line}".rstrip() for line in sections["Examples"].strip("\n").split("\n")]
    return "\n".join(lines).rstrip() + "\n"


def _sections(doc: str) -> dict[str, str]:
    """The sections of a docstring by title; the text before the first one under the empty title."""
    parts = _SECTION.split(doc)
    return {"": parts[0].strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def _grouped(arguments: Sequence[Argument]) -> dict[str, list[Argument]]:
    """Arguments by group, in the order of declaration: positional ones, options without a group, the other groups."""
    groups: dict[str, list[Argument]] = {"Arguments": [], "Options": []}
    for argument in arguments:
        title = "Arguments" if argument.index is not None else argument.group
        groups.setdefault(title, []).append(argument)
    return {title: found for title, found in groups.items() if found or title == "Options"}


def _entry(label: str, text: str, width: int) -> list[str]:
    """One argument or option: its names, and beside or below them what it does."""
    indent = " " * _LABEL_COLUMN
    lines = [indent + line for line in wrap(text, width - _LABEL_COLUMN)]
    if width_of(label) > _LABEL_COLUMN - 2:
        return [label, *lines]
    return [pad(label, _LABEL_COLUMN) + lines[0].strip(), *lines[1:]]


def _label(argument: Argument) -> str:
    if argument.index is not None:
        return f"  {argument.name}"
    short = [name for name in argument.names if not name.startswith("--")]
    long = [name for name in argument.names if name.startswith("--")]
    metavar = argument.metavar or ("WORD" if argument.choices else "")
    joined = ", ".join([*short, *long])
    return f"  {joined} {metavar}".rstrip() if short else f"      {joined} {metavar}".rstrip()
