"""How much an alarm matters. Spec: CON-1.3, CON-4.8, IF-4, IF-7.

Rule: AWS has no word for it, so it stands in a tag of the alarm and travels through AWS's own API; without the tag an
alarm matters as much as the rule that it was made from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.late_breach import RULE
from tocsin.core.rule import RuleSeverity

if TYPE_CHECKING:
    from collections.abc import Mapping

SEVERITY: Final = "tocsin:severity"
"""The key of the tag."""

_RANKS: Final = {severity: rank for rank, severity in enumerate(RuleSeverity)}


def severity_problem(value: str) -> str:
    """What is wrong with the value of the tag; empty when nothing is."""
    return "" if value in _RANKS else f"{SEVERITY} takes {', '.join(RuleSeverity)}"


def severity_of(tags: Mapping[str, str], name: str, by_rule: Mapping[str, RuleSeverity]) -> RuleSeverity | None:
    """The severity of an alarm with these tags and this name; None where nothing tells it.

    `by_rule` are those of rules by their full names, which are also what their alarms are called by default (IF-4).
    """
    said = tags.get(SEVERITY)
    if said in _RANKS:
        return RuleSeverity(said)
    return by_rule.get(tags.get(RULE, "")) or by_rule.get(name)


def severity_rank(severity: RuleSeverity | None) -> int:
    """0 for info to 4 for critical. One that is not known stands with medium, as rules do that name none."""
    return _RANKS[severity or RuleSeverity.MEDIUM]
