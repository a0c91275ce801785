"""Exclusions: those that a caller can forge, that never end, or that ended. Spec: IF-4, detections.md 4 and 10.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.exclusion import is_expired
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import shown
from tocsin.core.pattern.tree import Compare, Constant, Is, NotExists, Op, Selector, conditions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tocsin.core.lint.subject import Spot, Subject
    from tocsin.core.pattern.tree import Expr
    from tocsin.core.rule import Exclusion, KeyPath

FORGEABLE_CLAUSES = frozenset({"not-aws-internal"})
"""Shared clauses that look at nothing but the user agent (detections.md section 4)."""

_AGENT = ("userAgent",)
_FREE_TEXT = "the user agent is free text of the caller, so whoever knows of it is not seen"
_REMEDY = "exclude by identity or by the role's ARN: $.userIdentity.sessionContext.sessionIssuer.arn"


def lint_exclusion(exclusion: Exclusion, key: KeyPath, *, at: date | None) -> Iterator[Observation]:
    """Observations about an exclusion as such; its `when` is a pattern and is looked at as one."""
    if exclusion.expires is None:
        yield observe(
            "no-expiry",
            0,
            f"exclusion {exclusion.name} never ends",
            hint="give it a day: expires: 2027-01-31",
            key=key,
        )
    elif is_expired(exclusion, at):
        yield observe(
            "expired-exclusion",
            0,
            f"exclusion {exclusion.name} expired on {exclusion.expires} and no longer applies",
            hint="remove it, or decide anew until when it holds",
            key=(*key, "expires"),
        )
    if exclusion.use in FORGEABLE_CLAUSES:
        message = f"exclusion {exclusion.name} looks at the user agent only: {_FREE_TEXT}"
        yield observe("forgeable-exclusion", 0, message, hint=_REMEDY, key=(*key, "use"))


def lint_excluded_agents(subject: Subject) -> Iterator[Observation]:
    """Records that a pattern leaves out because of their user agent alone."""
    for spot in subject.conditions:
        if _is_excluded_agent(spot):
            message = f"{shown(spot.expr)} leaves records out by their user agent only: {_FREE_TEXT}"
            yield observe("forgeable-exclusion", spot.position, message, hint=_REMEDY)


def lint_when(exclusion: Exclusion, subject: Subject) -> Iterator[Observation]:
    """The pattern of an exclusion that asks for nothing but the user agent."""
    if subject.conditions and all(_is_about_agent(spot.expr) for spot in subject.conditions):
        message = f"exclusion {exclusion.name} looks at the user agent only: {_FREE_TEXT}"
        yield observe("forgeable-exclusion", subject.conditions[0].position, message, hint=_REMEDY)


def _is_excluded_agent(spot: Spot) -> bool:
    """Tell whether a condition is `!=` on the user agent, with nothing beside it in its OR but that field's absence."""
    if not isinstance(spot.expr, Compare) or spot.expr.op is not Op.NE or not _is_about_agent(spot.expr):
        return False
    return all(_is_absence(condition) for other in spot.others for condition in conditions(other))


def _is_about_agent(expr: Expr) -> bool:
    selector = expr.selector if isinstance(expr, Compare | Is | NotExists) else None
    return isinstance(selector, Selector) and selector.names == _AGENT


def _is_absence(expr: Expr) -> bool:
    is_empty = isinstance(expr, NotExists) or (isinstance(expr, Is) and expr.constant is Constant.NULL)
    return is_empty and _is_about_agent(expr)
