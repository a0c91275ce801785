"""Reading the members of a selector. Rule: nothing in the input is passed over, so no slip of the pen selects less.

Each function raises `EventSelectorError`; `place` is where the value stands, such as `EventSelectors[0].DataResources`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.core.nearest import did_you_mean
from tocsin.core.trail.selector_error import EventSelectorError
from tocsin.core.wording import kind_of, printable

if TYPE_CHECKING:
    from collections.abc import Collection


def members_of(value: object, names: Collection[str], place: str) -> dict[str, Any]:
    """The members of a structure that has no others than `names`; those that are null count as absent."""
    if not isinstance(value, dict):
        raise EventSelectorError(f"{place} must be an object, not {_kind(value)}.")
    for name in value:
        if name not in names:
            raise EventSelectorError(
                f"{place} has an unknown member: {shown(name)}.",
                hint=did_you_mean(str(name), names) or f"it takes {', '.join(names)}",
            )
    return {name: member for name, member in value.items() if member is not None}


def elements_of(value: object, place: str) -> list[Any]:
    """The elements of a list."""
    if not isinstance(value, list):
        raise EventSelectorError(f"{place} must be a list, not {_kind(value)}.")
    return value


def texts_of(value: object, place: str) -> tuple[str, ...]:
    """The elements of a list of texts."""
    texts = elements_of(value, place)
    for index, text in enumerate(texts):
        if type(text) is not str:
            raise EventSelectorError(f"{place}[{index}] must be a text, not {_kind(text)}.")
    return tuple(texts)


def refuse_value(value: object, member: str, *, allowed: Collection[str] = (), hint: str = "") -> EventSelectorError:
    """The refusal of one value, in AWS's sentence."""
    choice = f" Valid values are: {', '.join(allowed)}" if allowed else ""
    return EventSelectorError(f"Value {shown(value)} for {member} is invalid.{choice}", hint=hint)


_LONGEST = 200


def shown(value: object) -> str:
    """A value as a refusal names it."""
    if not isinstance(value, str):
        return _kind(value)
    return printable(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…")


def _kind(value: object) -> str:
    # The wire decodes numbers as such, the archive reader as text of a type of its own.
    return "a number" if type(value) in (int, float) else kind_of(value)
