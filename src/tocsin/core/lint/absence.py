"""`!=` on a field that may be absent, which is false there. Spec: FP-13.1, FP-5.2, R-11, R-43."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.spelling import parenthesised
from tocsin.core.lint.subject import Subject, is_accepted, shown, with_rewrite
from tocsin.core.pattern.language import Form, TextTest
from tocsin.core.pattern.printer import print_pattern
from tocsin.core.pattern.proof import ALWAYS, Claim, absent, opposite
from tocsin.core.pattern.region import Comparison
from tocsin.core.pattern.tree import And, Compare, Json, Name, NotExists, Op, Or, Selector
from tocsin.core.record_fields import PRESENT_BY_TYPE, field_path, is_always_present, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.lint.subject import Spot
    from tocsin.core.pattern.proof import Sketch
    from tocsin.core.pattern.tree import Condition, Expr, Step


def lint_absence(subject: Subject) -> Iterator[Observation]:
    """Each `!=` that misses the events without the field, with one rewrite that mends all of them."""
    if not isinstance(subject.tree, Json):
        return
    missed = [spot for spot in subject.conditions if _misses_absent(subject, spot)]
    rewrite = _rewritten(subject.tree, {spot.position for spot in missed}) if missed else None
    for spot in missed:
        condition = spot.expr
        assert isinstance(condition, Compare)
        selector = condition.selector
        assert isinstance(selector, Selector)
        hint = f"ask for absence as well: ({selector.source} NOT EXISTS) || ({shown(condition)})"
        yield observe(
            "neq-absent",
            condition.position,
            f"{shown(condition)} is false where {selector.source} is absent: events without the field are missed",
            hint=with_rewrite(hint, rewrite),
            rewrite=rewrite,
        )


def _misses_absent(subject: Subject, spot: Spot) -> bool:
    condition = spot.expr
    if not isinstance(condition, Compare) or condition.op is not Op.NE:
        return False
    selector = condition.selector
    assert isinstance(selector, Selector)
    kind = kind_of(selector.steps)
    return not (
        selector.has_wildcard  # wildcard-neq says what it means
        or (kind is not None and kind.is_container)  # false in any case: container says so
        or is_always_present(selector.steps)
        or spot.has_absence_beside(selector.steps)
        or subject.excludes(spot.sketch)  # false in any case: never-matches says so
        or subject.excludes(*(_positive(sketch, selector.steps) for sketch in spot.context), absent(selector))
        or _is_there_by_type(subject, spot, selector.steps)
    )


def _positive(sketch: Sketch, steps: tuple[Step, ...]) -> Sketch:
    """What is demanded beside a `!=`, without other `!=` on the field: those miss the same events and prove nothing."""
    if not isinstance(sketch, Claim):
        return type(sketch)(tuple(_positive(part, steps) for part in sketch.parts))
    predicate = sketch.predicate
    is_other = sketch.place == steps and isinstance(predicate, Comparison) and predicate.op is Op.NE
    return ALWAYS if is_other else sketch


def _is_there_by_type(subject: Subject, spot: Spot, steps: tuple[Step, ...]) -> bool:
    """Tell whether the context fixes a type of identity that always has the field (CT-3.1)."""
    path = field_path(steps)
    for kind, fields in PRESENT_BY_TYPE.items():
        claim = Claim(_TYPE, Comparison(Op.EQ, TextTest(Form.EXACT, kind)))
        if path in fields and subject.knows(claim) and subject.excludes(*spot.context, opposite(claim)):
            return True
    return False


_TYPE = (Name("userIdentity"), Name("type"))


# ---------------------------------------------------------------- the sound form


def _rewritten(tree: Json, missed: set[int]) -> str | None:
    """The pattern with every missed absence asked for; None when it does not fit."""
    text = print_pattern(Json(_sound(tree.expr, missed)))
    # The canonical text leaves out parentheses that people want to see (`precedence`).
    return (parenthesised(Subject(text)) or text) if is_accepted(text) else None


def _sound(expr: Expr, missed: set[int]) -> Expr:
    if isinstance(expr, Or):
        return _joined(Or, (_sound(item, missed) for item in expr.items))
    if not isinstance(expr, And):
        return Or((NotExists(_selector(expr)), expr)) if expr.position in missed else expr
    # `F != a && F != b` gets one question for absence, which keeps the result short.
    groups: dict[tuple[Step, ...], list[Expr]] = {}
    parts: list[Expr | list[Expr]] = []
    for item in expr.items:
        if isinstance(item, And | Or) or item.position not in missed:
            parts.append(_sound(item, missed))
            continue
        steps = _selector(item).steps
        if steps not in groups:
            groups[steps] = []
            parts.append(groups[steps])
        groups[steps].append(item)
    return _joined(And, (_asked(part) if isinstance(part, list) else part for part in parts))


def _asked(group: list[Expr]) -> Expr:
    first = group[0]
    assert isinstance(first, Compare)
    return Or((NotExists(_selector(first)), first if len(group) == 1 else And(tuple(group))))


def _selector(condition: Condition) -> Selector:
    assert isinstance(condition.selector, Selector)
    return condition.selector


def _joined(kind: type[And | Or], items: Iterable[Expr]) -> Expr:
    flat: list[Expr] = []
    for item in items:
        flat.extend(item.items if isinstance(item, And | Or) and isinstance(item, kind) else (item,))
    return kind(tuple(dict.fromkeys(flat)))
