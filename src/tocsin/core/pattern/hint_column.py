"""Hints about the entries of space-delimited patterns. Spec: FP-6.2 to FP-6.8, FP-8.6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.core.nearest import nearest
from tocsin.core.pattern.hint_condition import colon, wrong_operator
from tocsin.core.pattern.lexer import BLANKS, is_name_char
from tocsin.core.pattern.printer import print_condition
from tocsin.core.pattern.remedy import Remedy
from tocsin.core.pattern.tree import Compare, Literal

if TYPE_CHECKING:
    from tocsin.core.pattern.remedy import Scene

_NO_NEGATION = "there is no negation: write name != value"
_SHOWN_NAMES = 12
_DOTS = re.compile(r"\.\.+")


def explain_column(scene: Scene) -> Remedy:
    """What stands where a column's name should."""
    dots = _DOTS.match(scene.source, scene.at)
    if dots and scene.source[scene.following(dots.end())] in ",]":
        return scene.replace("any number of columns is ..., three dots", start=scene.at, end=dots.end(), text="...")
    if scene.sees("!") or scene.word.upper() == "NOT":
        return Remedy(_NO_NEGATION)
    if scene.sees("["):
        return Remedy("there are no brackets inside the brackets: an entry is a column's name")
    if scene.character in "=<>":
        return Remedy("every condition names its column: [level, code = 404]")
    if scene.sees('"') or scene.sees("%"):
        return Remedy(
            'an entry is a column\'s name, not a text: [level = "ERROR", rest]; '
            'to search for a text with brackets put it all in quotes: "[ERROR]"'
        )
    if scene.sees("$") and is_name_char(scene.source[scene.at + 1]):
        return scene.replace("columns are named without $", start=scene.at, end=scene.at + 1, text="")
    if scene.character in ",])&|":
        return Remedy("a condition is missing here, for example code = 404")
    return Remedy("a column's name holds letters, digits, _ and - only")


def explain_column_operator(scene: Scene) -> Remedy:
    """What stands behind a column's name."""
    if scene.refusal.names[0].upper() == "NOT":
        return Remedy(_NO_NEGATION)
    if scene.word.upper() in ("IS", "NOT", "EXISTS"):
        return Remedy(f"there is no {scene.word} for columns; any value at all is name = *")
    if scene.sees(":"):
        return colon(scene)
    if scene.character in "),]&|":
        return _value_list(scene) or Remedy("a name among conditions needs a comparison; any value at all is name = *")
    return wrong_operator(scene) or Remedy("a comma stands between two columns: [ip, user]; a name has no blanks")


def _value_list(scene: Scene) -> Remedy | None:
    """`[a = b || c]`: the name left out the second time."""
    previous = scene.refusal.previous
    junction = scene.source[: scene.start].rstrip(BLANKS)[-2:]
    if previous is None or junction not in ("&&", "||"):
        return None
    (word,) = scene.refusal.names
    whole = print_condition(Compare(previous.selector, previous.op, Literal(word, quoted=False)))
    hint = f"each side of {junction} is a whole condition: {whole}"
    return scene.replace(hint, start=scene.start, end=scene.start + len(word), text=whole)


def explain_declared_column(scene: Scene) -> Remedy:
    """A condition on a column that no entry declares."""
    name, *declared = scene.refusal.names
    known = ", ".join(declared[:_SHOWN_NAMES]) + ", …" * (len(declared) > _SHOWN_NAMES)
    likely = nearest(name, declared)
    question = f"; did you mean {likely}?" if likely else ""
    return Remedy(
        f"no entry declares {name}, the columns are {known}{question}; "
        "a condition belongs into the entry of its own column, at the column's place in the line"
    )


def explain_ellipsis(_: Scene) -> Remedy:
    """A second `...`."""
    return Remedy("... may stand once: between two of them nothing would say which fields are meant")
