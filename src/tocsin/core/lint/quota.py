"""What is too much for one log group, counted over all its rules. Spec: FP-7.4, FP-9.3, detections.md 3 and 10.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import has_regex
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.rule import Rule

MAX_FILTERS = 100
"""How many metric filters a log group takes (FP-9.3)."""

MAX_REGEX_PATTERNS = 5
"""How many patterns with a regex a log group takes (FP-7.4)."""


def lint_groups(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Observation]]:
    """What is too much in each log group, with the first rule that is beyond the limit.

    Rules that name no log group are taken to be meant for one. For those the limits are worth
    knowing and no more: they hold on AWS, not here.
    """
    groups: dict[str | None, list[Rule]] = {}
    for rule in rules:
        if rule.filter is not None:
            groups.setdefault(rule.filter.log_group_name, []).append(rule)
    for name, group in groups.items():
        severity = Severity.INFO if name is None else Severity.WARNING
        where = "a log group" if name is None else f"log group {name}"
        if len(group) > MAX_FILTERS:
            message = f"{len(group)} metric filters for {where}; AWS allows {MAX_FILTERS}, and this is the first beyond"
            hint = "merge rules of one theme into one filter, or split them over two trails"
            yield group[MAX_FILTERS], observe("too-many", 0, message, hint=hint, severity=severity, key=_KEY)
        with_regex = [rule for rule in group if _has_regex(rule)]
        if len(with_regex) > MAX_REGEX_PATTERNS:
            message = (
                f"{len(with_regex)} patterns with a regex for {where}; AWS allows {MAX_REGEX_PATTERNS}, "
                "and this is the first beyond"
            )
            hint = 'a wildcard at an edge needs no regex: "Delete*"'
            rule = with_regex[MAX_REGEX_PATTERNS]
            yield rule, observe("too-many", 0, message, hint=hint, severity=severity, key=_KEY)


_KEY = ("filter", "filterPattern")


def _has_regex(rule: Rule) -> bool:
    assert rule.filter is not None
    try:
        tree = parse_pattern(rule.effective_pattern or rule.filter.filter_pattern)
    except PatternError:
        return False
    return has_regex(tree)
