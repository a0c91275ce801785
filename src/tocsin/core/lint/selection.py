"""What a selector selects: containers, names that no record has, wildcards. Spec: FP-13.3, FP-13.22, FP-13.25."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import edited, shown, with_rewrite
from tocsin.core.pattern.tree import (
    AnyElement,
    AnyName,
    Compare,
    Constant,
    Index,
    Is,
    Name,
    NotExists,
    Op,
    Selector,
    conditions,
)
from tocsin.core.record_fields import ELEMENT, FIELDS, FieldKind, field_path, kind_of, recase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.lint.subject import Spot, Subject
    from tocsin.core.pattern.tree import Condition, Step


def lint_selection(subject: Subject) -> Iterator[Observation]:
    """Observations about the selectors of a JSON pattern."""
    for spot in subject.conditions:
        condition = spot.expr
        assert isinstance(condition, Compare | Is | NotExists)
        if not isinstance(condition.selector, Selector):
            return
        yield from _unknown_field(subject, condition.selector)
        yield from _container(condition, condition.selector)
        if isinstance(condition, Compare) and condition.op is Op.NE and condition.selector.has_wildcard:
            yield observe(
                "wildcard-neq",
                condition.position,
                f"{shown(condition)} is true as soon as one of the values differs, also when another one is equal",
                hint="to say that none is equal, name the elements one by one, or test it in a rule of its own",
            )
    yield from _same_element(subject)


def _unknown_field(subject: Subject, selector: Selector) -> Iterator[Observation]:
    found = recase(selector.steps)
    if found is None:
        return
    place, name = found
    step = selector.steps[place]
    assert isinstance(step, Name)
    # The first place where the wrong name stands as a step: after a dot, or inside quotes.
    starts = [
        selector.position + at
        for at in range(1, len(selector.source))
        if selector.source.startswith(step.name, at) and selector.source[at - 1] in ".'\""
    ]
    start = starts[0]
    rewrite = edited(subject.source, [(start, start + len(step.name), name)])
    yield observe(
        "unknown-field",
        start,
        f"no record has a field {step.name} there: names are case-sensitive",
        hint=with_rewrite(f"did you mean {name}?", rewrite),
        rewrite=rewrite,
    )


# ---------------------------------------------------------------- containers


def _container(condition: Condition, selector: Selector) -> Iterator[Observation]:
    wrong = _wrong_step(selector.steps)
    if wrong is not None:
        yield observe("container", selector.position, f"{selector.source} selects nothing: {wrong[0]}", hint=wrong[1])
        return
    kind = kind_of(selector.steps)
    if kind is None or not kind.is_container or isinstance(condition, NotExists):
        return
    if isinstance(condition, Is) and condition.constant is Constant.NULL:
        return
    is_certain = kind is not FieldKind.MOSTLY_OBJECT
    yield observe(
        "container",
        condition.position,
        f"{shown(condition)} is {'always' if is_certain else 'nearly always'} false: "
        f"{selector.source} is {kind.value}, and nothing compares with that",
        hint=f"compare a field inside it{_inside(selector)}; absence is {selector.source} NOT EXISTS",
        severity=Severity.ERROR if is_certain else Severity.WARNING,
    )


def _inside(selector: Selector) -> str:
    """An example of a scalar below a container."""
    path = field_path(selector.steps) or ()
    if kind_of(selector.steps) is FieldKind.MOSTLY_OBJECT:
        return ""
    for field, kind in FIELDS.items():
        if field[: len(path)] == path and kind.is_text:
            names = ("[*]" if name == ELEMENT else f".{name}" for name in field[len(path) :])
            return f", such as {selector.source}{''.join(names)}"
    return ""


def _wrong_step(steps: tuple[Step, ...]) -> tuple[str, str] | None:
    """A step that the value before it cannot take: a name into a list, a number into an object."""
    for place, step in enumerate(steps):
        kind = kind_of(steps[:place])
        before = ".".join(one.name for one in steps[:place] if isinstance(one, Name))
        if kind is FieldKind.LIST and isinstance(step, Name | AnyName):
            return f"{before} is a list, and a name does not look into its elements", f"write {before}[*]"
        if kind is FieldKind.OBJECT and isinstance(step, Index | AnyElement):
            return f"{before} is an object and has no elements", "write the name of a field, or .* for any"
    return None


# ---------------------------------------------------------------- two wildcards


def _same_element(subject: Subject) -> Iterator[Observation]:
    """Two conditions on one list that both must hold, but not of the same element (detections.md section 2)."""
    found: list[tuple[Spot, Selector]] = []
    for spot in subject.conditions:
        selector = _wild(spot)
        if selector is None:
            continue
        twin = next((other for before, other in found if _is_trap(spot, selector, before, other)), None)
        if twin is not None:
            yield observe(
                "same-element",
                spot.position,
                f"{twin.source} and {selector.source} may hold for different elements of the list",
                hint="one condition cannot ask about two fields of one element; name it, such as [0], "
                "or test it in a rule of its own",
            )
        found.append((spot, selector))


def _wild(spot: Spot) -> Selector | None:
    condition = spot.expr
    if not isinstance(condition, Compare | Is) or not isinstance(condition.selector, Selector):
        return None
    return condition.selector if condition.selector.has_wildcard else None


def _is_trap(spot: Spot, selector: Selector, before: Spot, other: Selector) -> bool:
    if _list_of(selector) != _list_of(other) or not _is_beside(before, spot):
        return False
    if selector.steps != other.steps:
        return True
    # `[*] = a && [*] = b` can only mean two elements; a range is meant of one.
    return not all(isinstance(one.expr, Compare) and one.expr.op is Op.EQ for one in (spot, before))


def _list_of(selector: Selector) -> tuple[Step, ...]:
    """The steps up to and with the wildcard."""
    place = next(place for place, step in enumerate(selector.steps) if isinstance(step, AnyName | AnyElement))
    return selector.steps[: place + 1]


def _is_beside(one: Spot, other: Spot) -> bool:
    """Tell whether both must hold: neither is in another branch of an OR than the other."""
    elsewhere = {condition.position for branch in other.others for condition in conditions(branch)}
    return one.position not in elsewhere
