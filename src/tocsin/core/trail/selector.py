"""The event selectors of a trail, basic or advanced: read, and asked which records they take. Spec: CT-8.

Rule: a trail has selectors of one kind, and a record that any of them takes is delivered. Records of Insights are not
their business: PutInsightSelectors decides about those (CT-17.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.record_category import category_of
from tocsin.core.trail.advanced_selector import AdvancedSelector, compile_advanced, read_advanced_selectors
from tocsin.core.trail.basic_selector import BasicSelector, compile_basic, read_basic_selectors
from tocsin.core.trail.selector_error import EventSelectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFAULT_SELECTORS",
    "AdvancedSelector",
    "BasicSelector",
    "CompiledSelectors",
    "EventSelectorError",
    "Selectors",
    "compile_selectors",
    "read_selectors",
    "selectors_of",
]


class Selectors(msgspec.Struct, frozen=True, kw_only=True):
    """The selectors of a trail, of one kind: the other is empty."""

    basic: tuple[BasicSelector, ...] = ()
    advanced: tuple[AdvancedSelector, ...] = ()

    @property
    def members(self) -> dict[str, list[dict[str, Any]]]:
        """What AWS answers beside the TrailARN: `EventSelectors` or `AdvancedEventSelectors` (CT-8.5)."""
        if self.advanced:
            return {"AdvancedEventSelectors": [one.members for one in self.advanced]}
        return {"EventSelectors": [one.members for one in self.basic]}


DEFAULT_SELECTORS = Selectors(basic=(BasicSelector(),))
"""What a new trail selects: all management events and nothing else (CT-8.2)."""


def read_selectors(parameters: Mapping[str, Any]) -> Selectors:
    """The selectors in the parameters of PutEventSelectors; other members are passed over.

    Raises:
        EventSelectorError: what AWS refuses (CT-8.6).

    >>> read_selectors({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}).basic[0].read_write_type.value
    'WriteOnly'
    """
    basic, advanced = parameters.get("EventSelectors"), parameters.get("AdvancedEventSelectors")
    if basic is not None and advanced is not None:
        raise EventSelectorError(
            "Specify either EventSelectors or AdvancedEventSelectors, not both.",
            hint="advanced event selectors can say all that basic ones say",
        )
    if basic is not None:
        return Selectors(basic=read_basic_selectors(basic))
    if advanced is not None:
        return Selectors(advanced=read_advanced_selectors(advanced))
    raise EventSelectorError("Specify either EventSelectors or AdvancedEventSelectors.")


def selectors_of(setting: Mapping[str, Any]) -> Selectors:
    """The selectors in what a trail keeps of PutEventSelectors; those of a new trail where it keeps nothing."""
    return read_selectors(setting) if setting else DEFAULT_SELECTORS


class CompiledSelectors:
    """Selectors made ready for many records; it is not changed, so threads may share it."""

    def __init__(self, selectors: Selectors) -> None:
        self._tests = (
            *(compile_basic(one) for one in selectors.basic),
            *(compile_advanced(one) for one in selectors.advanced),
        )

    def selects(self, record: Mapping[str, Any]) -> bool:
        """Whether a record, decoded, is delivered. Nothing in it makes this fail (CT-2.9)."""
        category = category_of(record)
        return any(test(record, category) for test in self._tests)


def compile_selectors(setting: Selectors | Mapping[str, Any]) -> CompiledSelectors:
    """Selectors made ready; `setting` may be what `selectors_of` takes.

    Raises:
        EventSelectorError: a setting that AWS refuses.
    """
    return CompiledSelectors(setting if isinstance(setting, Selectors) else selectors_of(setting))
