"""What a tree tells about itself (FP-2.10)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.tree import (
    And,
    AnyElement,
    AnyName,
    Compare,
    Index,
    Literal,
    Name,
    Op,
    Or,
    Selector,
    conditions,
)


@pytest.mark.parametrize(
    ("steps", "has_wildcard", "names"),
    [
        ((Name("a"), Name("b")), False, ("a", "b")),
        ((Name("a"), Index(0)), False, None),
        ((Name("a"), AnyElement()), True, None),
        ((AnyName(),), True, None),
    ],
)
def test_a_selector_knows_its_kind_of_steps(
    steps: tuple[object, ...], has_wildcard: bool, names: tuple[str, ...] | None
) -> None:
    selector = Selector("$", steps)
    assert (selector.has_wildcard, selector.names) == (has_wildcard, names)


def test_conditions_come_in_their_order() -> None:
    selectors = [Selector(f"$.{name}", (Name(name),)) for name in "abc"]
    first, second, third = (Compare(selector, Op.EQ, Literal("1", quoted=False)) for selector in selectors)
    assert conditions(first) == (first,)
    assert conditions(Or((And((first, second)), third))) == (first, second, third)
