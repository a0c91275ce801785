"""An exclusion for a rule, ready to be filled in. Rule: what is shown compiles into the pattern. Spec: IF-4, R-20."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.exclusion import compile_exclusions
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import Compare, Json, Literal, Op, Selector, conditions
from tocsin.core.rule import Exclusion
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from datetime import date

    from tocsin.core.pattern.tree import Condition
    from tocsin.core.rule import Rule

# From the narrowest to the widest that is still about who it was.
_BY_ROLE = '{ $.userIdentity.sessionContext.sessionIssuer.arn = "arn:aws:iam::111122223333:role/NAME" }'
_BY_ADDRESS = '{ $.sourceIPAddress = "192.0.2.10" }'


def exclusion_example(rule: Rule, *, expires: date) -> Exclusion | None:
    """An exclusion by role, or by address where the rule watches callers without one; None where none compiles.

    Root and people who sign in have no role. A pattern that is full, or that is none of JSON, takes
    no exclusion of this kind.
    """
    if rule.filter is None:
        return None
    pattern = rule.effective_pattern or rule.filter.filter_pattern
    for when in (_BY_ADDRESS,) if _is_without_role(pattern) else (_BY_ROLE, _BY_ADDRESS):
        example = Exclusion(
            name="known-caller",
            when=when,
            reason="who this is, and why these calls are expected",
            author="your name",
            expires=expires.isoformat(),
        )
        try:
            compiled = compile_exclusions(pattern, [example], at=None, clauses={})
        except PatternError:
            return None
        if not compiled.refusals:
            return example
    return None


def _is_without_role(pattern: str) -> bool:
    """Whether the pattern asks for root, or for sign-ins alone."""
    try:
        tree = parse_pattern(pattern)
    except PatternError:
        return False
    asked = conditions(tree.expr) if isinstance(tree, Json) else ()
    return any(
        _equals(one, ("userIdentity", "type"), "Root") or _equals(one, ("eventName",), "ConsoleLogin") for one in asked
    )


def _equals(condition: Condition, names: tuple[str, ...], value: str) -> bool:
    return (
        isinstance(condition, Compare)
        and condition.op is Op.EQ
        and isinstance(condition.selector, Selector)
        and condition.selector.names == names
        and isinstance(condition.value, Literal)
        and condition.value.text == value
    )
