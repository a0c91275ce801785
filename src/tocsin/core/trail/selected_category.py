"""Which types of events a trail's settings take at all. Spec: CT-1.1, CT-8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tocsin.core.trail.basic_selector import ReadWriteType

if TYPE_CHECKING:
    from tocsin.core.trail.selector import Selectors

Taken = Literal["all", "some", "none"]
"""All events of a type, some of them, or none."""


def taken_of(selectors: Selectors, category: str) -> Taken:
    """How much of a category selectors take; Insights are no business of theirs.

    >>> from tocsin.core.trail.selector import DEFAULT_SELECTORS
    >>> taken_of(DEFAULT_SELECTORS, "Management"), taken_of(DEFAULT_SELECTORS, "Data")
    ('all', 'none')
    """
    if selectors.advanced:
        found = [one for one in selectors.advanced if one.category == category]
        if not found:
            return "none"
        is_whole = any(all(field.field == "eventCategory" for field in one.field_selectors) for one in found)
        return "all" if is_whole else "some"
    if category == "Management":
        taking = [one for one in selectors.basic if one.include_management_events]
        if not taking:
            return "none"
        is_whole = any(
            one.read_write_type is ReadWriteType.ALL and not one.exclude_management_event_sources for one in taking
        )
        return "all" if is_whole else "some"
    # Basic selectors name the resources of each type that they take, never a category as a whole (CT-8.2).
    is_data = category == "Data" and any(one.data_resources for one in selectors.basic)
    return "some" if is_data else "none"
