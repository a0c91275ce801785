"""Which management events the selectors of a trail leave out. Spec: CT-8.2, CT-8.5, CT-10, CON-4.10 (Coverage).

Rule: nothing is said to be left out only where every management event is certain to be selected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.record_category import Category
from tocsin.core.trail.basic_selector import ReadWriteType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.trail.advanced_selector import AdvancedSelector
    from tocsin.core.trail.basic_selector import BasicSelector
    from tocsin.core.trail.selector import Selectors

_PLAIN = {"eventCategory"}
_READS, _WRITES = {"Equals": ("true",)}, {"Equals": ("false",)}


def management_gap(selectors: Selectors) -> str:
    """What of the management events is left out, as the end of a sentence: `reads`, `events of kms.amazonaws.com`.

    Empty where nothing is.
    """
    return _advanced_gap(selectors.advanced) if selectors.advanced else _basic_gap(selectors.basic)


def _basic_gap(selectors: Sequence[BasicSelector]) -> str:
    takes = [one for one in selectors if one.include_management_events]
    reads = [one for one in takes if one.read_write_type is not ReadWriteType.WRITE_ONLY]
    writes = [one for one in takes if one.read_write_type is not ReadWriteType.READ_ONLY]
    if not reads or not writes:
        return _half(has_reads=bool(reads), has_writes=bool(writes))
    left_out = _excluded_by_all(reads) | _excluded_by_all(writes)
    return f"events of {', '.join(sorted(left_out))}" if left_out else ""


def _excluded_by_all(selectors: Sequence[BasicSelector]) -> set[str]:
    """The sources that none of them takes."""
    return set.intersection(*(set(one.exclude_management_event_sources) for one in selectors))


def _advanced_gap(selectors: Sequence[AdvancedSelector]) -> str:
    takes = [one for one in selectors if one.category == Category.MANAGEMENT]
    asked = [{field.field: field.values for field in one.field_selectors if field.field not in _PLAIN} for one in takes]
    if not takes:
        return _half(has_reads=False, has_writes=False)
    if {} in asked or ({"readOnly": _READS} in asked and {"readOnly": _WRITES} in asked):
        return ""
    if all(one == {"readOnly": _READS} for one in asked):
        return _half(has_reads=True, has_writes=False)
    if all(one == {"readOnly": _WRITES} for one in asked):
        return _half(has_reads=False, has_writes=True)
    return "some of them, by its advanced selectors"


def _half(*, has_reads: bool, has_writes: bool) -> str:
    if has_reads:
        return "writes"
    return "reads" if has_writes else "all of them"
