"""Event selectors in words: which events a trail takes. Spec: CT-8.2, CT-8.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.trail.basic_selector import ReadWriteType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.trail.advanced_selector import AdvancedSelector, FieldSelector
    from tocsin.core.trail.basic_selector import BasicSelector
    from tocsin.core.trail.selector import Selectors

_SHOWN_VALUES = 3

_ACTION = {ReadWriteType.ALL: "", ReadWriteType.READ_ONLY: " that read", ReadWriteType.WRITE_ONLY: " that write"}

_CATEGORY = {
    "Management": "management events",
    "Data": "data events",
    "NetworkActivity": "network activity events",
}

_OPERATOR = {
    "Equals": "is",
    "StartsWith": "begins with",
    "EndsWith": "ends with",
    "NotEquals": "is not",
    "NotStartsWith": "does not begin with",
    "NotEndsWith": "does not end with",
}


def setting_words(selectors: Selectors) -> Iterator[str]:
    """A line for each thing that the selectors take."""
    for basic in selectors.basic:
        yield from _basic_words(basic)
    for advanced in selectors.advanced:
        yield _advanced_words(advanced)


def _basic_words(selector: BasicSelector) -> Iterator[str]:
    action = _ACTION[selector.read_write_type]
    if selector.include_management_events:
        excluded = selector.exclude_management_event_sources
        without = f", without those of {' and '.join(excluded)}" if excluded else ""
        yield f"{'' if action else 'all '}management events{action}{without}"
    for one in selector.data_resources:
        values = _shown(one.values) if one.values else "none (the list is empty)"
        yield f"data events{action} of {one.type}: {values}"


def _advanced_words(selector: AdvancedSelector) -> str:
    conditions = [_condition(one) for one in selector.field_selectors if one.field != "eventCategory"]
    kind = _CATEGORY[selector.category]
    name = f"{selector.name}: " if selector.name else ""
    return f"{name}{kind} where {', and '.join(conditions)}" if conditions else f"{name}all {kind}"


def _condition(one: FieldSelector) -> str:
    """`eventName begins with Get or is Scan, and does not end with Tags`."""
    positive = [_operation(name, values) for name, values in one.values.items() if not name.startswith("Not")]
    negative = [_operation(name, values) for name, values in one.values.items() if name.startswith("Not")]
    return f"{one.field} " + " and ".join(part for part in (" or ".join(positive), " and ".join(negative)) if part)


def _operation(name: str, values: Sequence[str]) -> str:
    return f"{_OPERATOR[name]} {_shown(values)}"


def _shown(values: Sequence[str]) -> str:
    shown = ", ".join(values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    return shown if more <= 0 else f"{shown} and {more:,} more"
