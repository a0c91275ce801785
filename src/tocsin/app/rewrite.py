"""Rewriting single strings of a YAML or JSON file. Rule: nothing else in the file changes, or nothing is written.

The characters that differ are replaced where they stand, in the quoting that stands there, so that
comments and layout stay. The new text is read back before it is used. Spec: IF-1 (`check --fix`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.document import Array, Node, Object, Scalar, read_documents
from tocsin.app.scalar import Style, char_places, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.document import Form


class Edit(NamedTuple):
    """A string and what it shall be."""

    scalar: Scalar
    value: str


def rewrite_text(text: str, edits: Sequence[Edit], *, form: Form | None) -> str | None:
    """The text with those strings replaced, or None where that cannot be done without touching more.

    `form` is what the text was read as (`read_documents`).
    """
    last_first = sorted(edits, key=lambda edit: edit.scalar.start, reverse=True)  # places before an edit stay true
    wanted = {edit.scalar.start: edit.value for edit in edits}
    expected = [wanted.get(one.start, one.text) for one in _scalars_of(text, form) or ()]
    together: str | None = text
    for edit in last_first:
        together = _replace_difference(together, edit) if together is not None else None
    if together is not None and _holds(together, expected, form):
        return together
    return _one_by_one(text, last_first, form)


def _one_by_one(text: str, edits: Sequence[Edit], form: Form | None) -> str | None:
    """Make the edits with a look at the text after each, so that one that needs other quotes gets them."""
    for edit in edits:
        expected = [edit.value if one.start == edit.scalar.start else one.text for one in _scalars_of(text, form) or ()]
        for changed in (_replace_difference(text, edit), _replace_whole(text, edit)):
            if changed is not None and _holds(changed, expected, form):
                text = changed
                break
        else:
            return None
    return text


def _replace_difference(text: str, edit: Edit) -> str | None:
    """Replace the characters between what old and new value have in common at both ends."""
    scalar, old, new = edit.scalar, edit.scalar.text, edit.value
    places = char_places(text, scalar.style, scalar.start, scalar.end, old)
    if places is None:
        return None
    head = _in_common(old, new)
    tail = _in_common(old[head:][::-1], new[head:][::-1])
    middle = write(new[head : len(new) - tail], scalar.style)
    if middle is None:
        return None
    return text[: places[head]] + middle + text[places[len(old) - tail] :]


def _in_common(left: str, right: str) -> int:
    """How many characters two texts have in common at their start."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _replace_whole(text: str, edit: Edit) -> str | None:
    """Replace the scalar with its quotes; the way out where the old text cannot be traced or held."""
    scalar = edit.scalar
    if scalar.style in (Style.LITERAL, Style.FOLDED):
        return None
    style = Style.SINGLE if scalar.style is Style.PLAIN else scalar.style
    inside = write(edit.value, style)
    if inside is None:
        return None
    quote = "'" if style is Style.SINGLE else '"'
    return f"{text[: scalar.start]}{quote}{inside}{quote}{text[scalar.end :]}"


def _holds(text: str, expected: list[str], form: Form | None) -> bool:
    scalars = _scalars_of(text, form)
    return scalars is not None and [one.text for one in scalars] == expected


def _scalars_of(text: str, form: Form | None) -> list[Scalar] | None:
    documents = read_documents(text, named=form)
    if any(problem.name in ("yaml-syntax", "json-syntax") for problem in documents.problems):
        return None
    return [scalar for root in documents.roots for scalar in _scalars(root)]


def _scalars(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Array():
            for item in node.items:
                yield from _scalars(item)
        case Object():
            for member in node.members.values():
                yield member.key
                yield from _scalars(member.value)
