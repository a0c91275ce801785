"""Patterns, or parts of them, that match nothing or everything. Spec: FP-13.2, FP-13.4, detections.md 10.3.

Rule: "never" is only said when it is proved that no event whatever matches (FP-14.9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import shown
from tocsin.core.pattern.printer import print_pattern, print_value
from tocsin.core.pattern.proof import opposite, present, term_claim
from tocsin.core.pattern.regex import parse_regex
from tocsin.core.pattern.text_match import is_blank
from tocsin.core.pattern.tree import (
    And,
    Column,
    Compare,
    Json,
    Literal,
    NotExists,
    Op,
    Or,
    Regex,
    Role,
    Selector,
    Space,
    Text,
    conditions,
)
from tocsin.core.pattern.value_match import ORDERINGS
from tocsin.core.record_fields import is_always_present

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.lint.subject import Spot, Subject
    from tocsin.core.pattern.tree import Expr, Step, Term


def lint_satisfiability(subject: Subject) -> Iterator[Observation]:
    """Contradictions and tautologies, of the whole pattern and of branches of an OR."""
    tree = subject.tree
    if subject.excludes(subject.sketch):
        yield _text_never(subject, tree.terms) if isinstance(tree, Text) else _never(subject)
        return
    yield from _dead_branches(subject)
    if isinstance(tree, Text):
        yield from _text_always(subject, tree)
    elif isinstance(tree, Space) and not subject.roots:
        yield _columns_always(tree)
    else:
        yield from _choices_always(subject)
        yield from _regexes_always(subject)


# ---------------------------------------------------------------- never


def _never(subject: Subject) -> Observation:
    """The pattern as a whole; of several impossible columns the first."""
    dead = next((spot for spot in subject.roots if subject.excludes(spot.sketch)), None)
    core = _core(subject, list(subject.roots)) if dead is None else _contradiction(subject, dead)
    return _observed(core, "the pattern never matches")


def _dead_branches(subject: Subject) -> Iterator[Observation]:
    stack = list(reversed(subject.roots))
    while stack:
        spot = stack.pop()
        # What is AND-ed to a living part lives with it; only a branch of an OR can be dead.
        if spot.others and subject.excludes(spot.sketch, *spot.context):
            if subject.excludes(spot.sketch):
                core = _contradiction(subject, spot)
            else:
                core = _core(subject, [*(spot.parts if isinstance(spot.expr, And) else (spot,)), *spot.beside])
            observed = _observed(core, f"the branch {shown(spot.expr)} never matches", severity=Severity.WARNING)
            yield observed
        else:
            stack.extend(reversed(spot.parts))


def _contradiction(subject: Subject, spot: Spot) -> list[Spot]:
    """The smallest parts of an impossible expression that cannot hold together."""
    while isinstance(spot.expr, And):
        inner = next((part for part in spot.parts if subject.excludes(part.sketch)), None)
        if inner is None:
            return _core(subject, list(spot.parts))
        spot = inner
    return [spot]


def _core(subject: Subject, spots: list[Spot]) -> list[Spot]:
    """As few of `spots` as cannot hold together: each is left out in turn, and stays out if it is not needed."""
    for spot in list(spots):
        fewer = [other for other in spots if other is not spot]
        if subject.excludes(*(other.sketch for other in fewer)):
            spots = fewer
    return spots


def _observed(core: list[Spot], what: str, *, severity: Severity = Severity.ERROR) -> Observation:
    exprs = [spot.expr for spot in core]
    reason, hint = _reason(exprs)
    position = min(spot.position for spot in core)
    return observe("never-matches", position, f"{what}: {reason}", hint=hint, severity=severity)


def _reason(exprs: Sequence[Expr]) -> tuple[str, str]:
    """Why expressions cannot hold together, clause by clause, and what to do about it."""
    if len(exprs) == 1:
        return _single_reason(exprs[0])
    reason = f"{' and '.join(shown(expr) for expr in exprs)} cannot hold together"
    fields = {_steps(condition) for expr in exprs for condition in conditions(expr)}
    if any(isinstance(expr, NotExists) for expr in exprs):
        return reason, "nothing else is true of an absent field: join alternatives with ||"
    if len(fields) == 1 and not any(isinstance(expr, Compare) and expr.op is not Op.EQ for expr in exprs):
        return reason, "a field has one value: join alternatives with ||"
    return reason, "no event satisfies all of these: join alternatives with ||, or drop one"


def _single_reason(expr: Expr) -> tuple[str, str]:
    if isinstance(expr, Or):
        return f"no branch of {shown(expr)} can hold", "look at each branch by itself"
    if isinstance(expr, Compare) and expr.op in ORDERINGS and not _is_number(expr):
        return (
            f"{shown(expr)} asks for order, which only a bare number has (FP-5.5)",
            "write a number without quotes, or compare text with = and wildcards",
        )
    if isinstance(expr, Compare) and expr.op is Op.NE:
        return f"{shown(expr)} is false for every value, because every value equals it", "absence is NOT EXISTS"
    return f"{shown(expr)} holds for no value", ""


def _is_number(condition: Compare) -> bool:
    return isinstance(condition.value, Literal) and condition.value.is_number


def _steps(condition: Expr) -> tuple[Step, ...] | str:
    assert not isinstance(condition, And | Or)
    selector = condition.selector
    return selector.steps if isinstance(selector, Selector) else selector.name


def _text_never(subject: Subject, terms: tuple[Term, ...]) -> Observation:
    required = [term for term in terms if term.role is Role.REQUIRED]
    for excluded in (term for term in terms if term.role is Role.EXCLUDED):
        word = print_value(excluded.value)
        if isinstance(excluded.value, Literal) and is_blank(excluded.value.text):
            reason = f"a phrase of blanks is found in every event, and -{word} excludes them all"
            return observe("never-matches", excluded.position, f"the pattern never matches: {reason}")
        for term in required:
            if subject.excludes(term_claim(term), term_claim(excluded)):
                reason = f"every event with {print_value(term.value)} also holds {word}, which is excluded"
                hint = "search for a longer term, or exclude a more exact one"
                return observe("never-matches", excluded.position, f"the pattern never matches: {reason}", hint=hint)
    return observe("never-matches", 0, "the pattern never matches: its terms exclude one another")


# ---------------------------------------------------------------- always


def _text_always(subject: Subject, text: Text) -> Iterator[Observation]:
    if subject.excludes(opposite(subject.sketch)):
        yield observe(
            "always-matches",
            text.terms[0].position,
            f"{print_pattern(text)} is found in every event, so the pattern matches every event",
            hint="write what must occur; to match every event on purpose leave the pattern empty",
        )


def _columns_always(space: Space) -> Observation:
    columns = [column for column in space.columns if isinstance(column, Column)]
    hint = "give a column a condition, such as [level = ERROR, rest]"
    if not columns:
        message = "the pattern asks for no column, so it matches every event"
    elif len(space.columns) == 1 and columns[0].name is not None:
        message = f"this declares one column of the name {columns[0].name}: every line with a word in it matches"
        hint = f'the text itself is found with "[{columns[0].name}]"; a condition looks like [level = ERROR, rest]'
    else:
        fields = "one field" if len(columns) == 1 else f"{len(columns)} fields"
        message = f"no column has a condition: every line with at least {fields} matches"
    return observe("always-matches", 0, message, hint=hint)


def _choices_always(subject: Subject) -> Iterator[Observation]:
    for spot in subject.spots:
        if not isinstance(subject.tree, Json) or not isinstance(spot.expr, Or):
            continue
        differing = [item for item in spot.expr.items if isinstance(item, Compare) and item.op is Op.NE]
        named = {_steps(item) for item in differing if _is_certain(item)}
        if _is_always_true(subject, spot, differing):
            loose = next((item for item in spot.expr.items if _is_presence(item)), None)
            if loose is None:
                message = f"{shown(spot.expr)} is true for every event that has the field"
                hint = "join exclusions with &&: the value must differ from all of them"
                yield observe("always-matches", spot.position, message, hint=hint)
            else:
                message = f"{shown(loose)} is true for every record, and with it the whole OR"
                yield observe("always-matches", loose.position, message, hint="drop this branch")
        elif len(named) > 1 and not spot.beside and not spot.others:
            yield observe(
                "always-matches",
                differing[0].position,
                f"{' || '.join(shown(item) for item in differing if _is_certain(item))} is false only where all of "
                "these fields have exactly these values: the pattern matches nearly every record",
                hint="exclusions are joined with &&, and the rest stands in parentheses before them",
            )


def _is_always_true(subject: Subject, spot: Spot, differing: Sequence[Compare]) -> bool:
    """Tell whether an OR holds whenever the fields that it can count on are there."""
    selectors = [condition.selector for condition in conditions(spot.expr)]
    twice = [item.selector for item in differing if sum(_steps(item) == _steps(other) for other in differing) > 1]
    assumed = [
        present(selector)
        for selector in selectors
        if isinstance(selector, Selector)
        and not selector.has_wildcard
        and (selector in twice or is_always_present(selector.steps))
    ]
    return bool(assumed) and subject.excludes(opposite(spot.sketch), *assumed)


def _is_certain(condition: Expr) -> bool:
    """Tell whether a condition looks at a field that every record has."""
    assert isinstance(condition, Compare)
    return isinstance(condition.selector, Selector) and is_always_present(condition.selector.steps)


def _is_presence(expr: Expr) -> bool:
    if not isinstance(expr, Compare) or expr.op is not Op.EQ or not _is_certain(expr):
        return False
    return isinstance(expr.value, Literal) and expr.value.text == "*"


def _regexes_always(subject: Subject) -> Iterator[Observation]:
    for spot in subject.conditions:
        condition = spot.expr
        if not isinstance(condition, Compare) or condition.op is not Op.EQ or not isinstance(condition.value, Regex):
            continue
        if parse_regex(condition.value.source).is_always_found:
            yield observe(
                "always-matches",
                condition.value.position,
                f"{print_value(condition.value)} is found in every text: part of it asks for nothing",
                hint="remove the empty branch, or whatever may occur zero times; presence is = *",
            )
