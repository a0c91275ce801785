"""Values of AWS's shapes for Hypothesis, and what a protocol makes of them on the way. Spec: WIRE-6.1."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

_EXTREME_DOUBLES = (0.0, -0.0, 1e16, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan)
_ANY_TEXT = st.characters(exclude_categories=["Cs"])
_XML_TEXT = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)


def values(shape: Any, *, is_xml: bool = False, is_finite: bool = False, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape within its constraints (patterns apart).

    `is_xml`: without what XML cannot carry; `is_finite`: without infinities and NaN.
    """
    match shape.type_name:
        case "structure":
            return _structures(shape, is_xml=is_xml, is_finite=is_finite, depth=depth)
        case "list":
            low = shape.metadata.get("min", 0)
            high = low if depth > 4 else min(shape.metadata.get("max", 3), max(low, 3))
            return st.lists(
                values(shape.member, is_xml=is_xml, is_finite=is_finite, depth=depth + 1), min_size=low, max_size=high
            )
        case "map":
            low = shape.metadata.get("min", 0)
            keys = values(shape.key, is_xml=is_xml, is_finite=is_finite, depth=depth + 1)
            return st.dictionaries(
                keys,
                values(shape.value, is_xml=is_xml, is_finite=is_finite, depth=depth + 1),
                min_size=low,
                max_size=max(low, 2),
            )
        case "string":
            return _texts(shape, is_xml=is_xml)
        case "integer" | "long":
            bits = 31 if shape.type_name == "integer" else 63
            low, high = shape.metadata.get("min", -(2**bits)), shape.metadata.get("max", 2**bits - 1)
            return st.sampled_from([low, high]) | st.integers(low, high)
        case "float" | "double":
            doubles = st.sampled_from(_EXTREME_DOUBLES) | st.floats()
            return doubles.filter(math.isfinite) if is_finite else doubles | st.integers(-(2**31), 2**31).map(float)
        case "boolean":
            return st.booleans()
        case "blob":
            return st.binary(max_size=20)
        case "timestamp":
            return st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (bounds are naive; the zone is added)
    raise AssertionError(shape.type_name)


def _texts(shape: Any, *, is_xml: bool) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(list(shape.enum))
    low = shape.metadata.get("min", 0)
    return st.text(_XML_TEXT if is_xml else _ANY_TEXT, min_size=low, max_size=max(low, 12))


@st.composite
def _structures(draw: st.DrawFn, shape: Any, *, is_xml: bool, is_finite: bool, depth: int) -> dict[str, Any]:
    members = {name: member for name, member in shape.members.items() if not member.serialization.get("eventstream")}
    if shape.is_tagged_union:
        simple = [name for name in members if members[name].type_name not in {"structure", "list", "map"}]
        chosen = [draw(st.sampled_from(simple if depth > 4 and simple else list(members)))]
    else:
        chosen = list(shape.required_members)
        if depth < 4:
            others = [name for name in members if name not in chosen]
            if others:
                chosen += draw(st.lists(st.sampled_from(others), unique=True, max_size=6 if depth < 2 else 2))
    return {
        name: draw(values(members[name], is_xml=is_xml, is_finite=is_finite, depth=depth + 1))
        for name in chosen
        if name in members
    }


def same(left: Any, right: Any) -> bool:
    """Equal, where NaN equals itself, and moments are cut to milliseconds."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _cut(left) == _cut(right)
    return type(left) is type(right) and left == right


def _cut(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


GONE = object()


def through_a_form(shape: Any, value: Any) -> Any:
    """What is left of a value in a form, which cannot carry empty structures and maps."""
    match shape.type_name:
        case "structure":
            left = {name: through_a_form(shape.members[name], item) for name, item in value.items()}
            left = {name: item for name, item in left.items() if item is not GONE}
            return left or GONE
        case "list":
            items = [through_a_form(shape.member, item) for item in value]
            left = [item for item in items if item is not GONE]
            return left if left or not value else GONE
        case "map":
            if not value:
                return GONE
            items = {key: through_a_form(shape.value, item) for key, item in value.items()}
            return {key: item for key, item in items.items() if item is not GONE}
    return value
