"""What a finding costs, counted on the user's own records. Rule: a number is counted, never estimated.

Spec: R-11, R-43, detections.md 10.3 (`neq-absent`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from tocsin.app.rulereader import PATTERN_KEY, fill, unfilled_offset
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import Compare, Json, Name, Selector, conditions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.core.lint import Observation
    from tocsin.core.rule import Rule


class CountMatches(Protocol):
    """Counts matches over an archive; the command line passes one that scans (`--archive`)."""

    def __call__(self, patterns: Sequence[str], /) -> Sequence[int]:
        """For each pattern the number of records that it matches, in one pass; the empty one matches all."""
        ...


class Claim(NamedTuple):
    """A `neq-absent` observation about a rule with a filter, which the archive can prove."""

    rule: Rule
    observation: Observation


class _Question(NamedTuple):
    """What to count for a claim: records without the field, and the rule as written and as rewritten."""

    field: str
    absent: str
    written: str
    rewritten: str | None


def prove(claims: Sequence[Claim], count: CountMatches) -> list[str]:
    """For each claim the sentences that the archive adds to it, empty where there is nothing to count.

    The archive is read once, whatever the number of claims, and not at all without one. What a
    filter lost in all is said with the first of its claims that one rewrite mends.
    """
    questions = [_question(claim) for claim in claims]
    patterns = [""]
    for asked in questions:
        if asked is not None:
            patterns += [asked.absent, *((asked.written, asked.rewritten) if asked.rewritten is not None else ())]
    unique = list(dict.fromkeys(patterns))
    numbers = dict(zip(unique, count(unique), strict=True)) if len(unique) > 1 else {}
    told: set[tuple[str, str | None]] = set()
    sentences = []
    for claim, asked in zip(claims, questions, strict=True):
        if asked is None:
            sentences.append("")
            continue
        sentence = f"{numbers[asked.absent]:,} of {numbers['']:,} archived records have no {asked.field}."
        if asked.rewritten is not None and (claim.rule.name, asked.rewritten) not in told:
            sentence += _loss(asked.written, asked.rewritten, numbers)
        told.add((claim.rule.name, asked.rewritten))
        sentences.append(sentence)
    return sentences


def _loss(written: str, rewritten: str, numbers: Mapping[str, int]) -> str:
    before, after = numbers[written], numbers[rewritten]
    return f" The filter lost {after - before:,} of its {after:,} matches."


def _question(claim: Claim) -> _Question | None:
    rule, observation = claim
    if observation.key != PATTERN_KEY or rule.filter is None:
        return None
    written = rule.filter.filter_pattern
    filled = fill(written, rule.params)
    tree = parse_pattern(filled)  # accepted before: a refused pattern has no such observation
    for condition in conditions(tree.expr) if isinstance(tree, Json) else ():
        position = unfilled_offset(written, rule.params, condition.position)
        if not isinstance(condition, Compare) or position != observation.position:
            continue
        selector = condition.selector
        if isinstance(selector, Selector) and isinstance(selector.steps[-1], Name):
            rewritten = fill(observation.rewrite, rule.params) if observation.rewrite is not None else None
            absent = f"{{ {selector.source} NOT EXISTS }}"
            return _Question(selector.steps[-1].name, absent, filled, rewritten)
    return None
