"""Two people change one thing: what it was, what it became meanwhile, what is asked for now. Spec: CON-7.5.

Rule: a form carries what it was opened with; where that is no longer so nothing is saved until somebody has seen both
changes. A form is a mapping of names to texts, so that every kind of definition is compared the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import msgspec

Fields: TypeAlias = Mapping[str, str]
"""What a form shows, by the names of its fields."""


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field in which one of the two differs from what it was."""

    label: str
    was: str
    theirs: str
    yours: str

    @property
    def is_contested(self) -> bool:
        """Whether both changed it, and not to the same."""
        return self.theirs not in (self.was, self.yours) and self.yours != self.was


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be decided. `merged` has everything that only one of the two changed, and yours where both did.

    `by` and `at` are who saved meanwhile and when, where that is known.
    """

    changes: tuple[FieldChange, ...]
    merged: dict[str, str]
    version: str
    by: str = ""
    at: datetime | None = None

    @property
    def contested(self) -> int:
        """In how many fields both differ."""
        return sum(change.is_contested for change in self.changes)


def version_of(fields: Fields) -> str:
    """A short text that is another one for other fields."""
    return hashlib.sha256(msgspec.json.encode(dict(fields), order="sorted")).hexdigest()[:24]


def packed(fields: Fields) -> str:
    """The fields as text, for a form to carry."""
    return msgspec.json.encode(dict(fields)).decode()


def unpacked(text: str) -> dict[str, str]:
    """The fields that a form carried; none where the text is broken."""
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def conflict_of(
    was: Fields, theirs: Fields, yours: Fields, labels: Mapping[str, str], *, by: str = "", at: datetime | None = None
) -> Conflict:
    """What the two changed. `labels` are the fields that count, in the order of the form, as it calls them."""
    changes = []
    merged = {}
    for name, label in labels.items():
        one = FieldChange(label=label, was=was.get(name, ""), theirs=theirs.get(name, ""), yours=yours.get(name, ""))
        merged[name] = one.theirs if one.yours == one.was else one.yours
        if one.was != one.theirs or one.was != one.yours:
            changes.append(one)
    return Conflict(changes=tuple(changes), merged=merged, version=version_of(theirs), by=by, at=at)
