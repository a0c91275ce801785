"""Lints: what is wrong, or worth knowing, about filter patterns and metric filters. Spec: FP-13, detections.md 10.3.

Rule: a lint says what happens, where, and what to do; it never changes what a pattern means, and it
is silent when it is not sure. `docs/reference/findings.md` explains each name.

    lint_pattern   a pattern alone
    lint_rule      a rule: its pattern, its metric transformation, its exclusions, its samples
    lint_rules     what only shows when rules are counted together

What there is to say about alarms stands in `lint.alarm`, which is loaded when it is asked: `lint_alarms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tocsin.core.lint.absence import lint_absence
from tocsin.core.lint.benchmark import benchmark_of, lint_benchmarks
from tocsin.core.lint.exclusion import lint_excluded_agents, lint_exclusion, lint_when
from tocsin.core.lint.observation import SPECS, Observation, observe
from tocsin.core.lint.parameter import Filled
from tocsin.core.lint.quota import lint_groups
from tocsin.core.lint.refusal import lint_refusal
from tocsin.core.lint.sample import lint_samples
from tocsin.core.lint.satisfiability import lint_satisfiability
from tocsin.core.lint.selection import lint_selection
from tocsin.core.lint.spelling import lint_spelling
from tocsin.core.lint.subject import Subject
from tocsin.core.lint.term import lint_eaten_quotes, lint_terms
from tocsin.core.lint.transformation import lint_transformations
from tocsin.core.lint.value import lint_values
from tocsin.core.pattern.tree import Json, Space
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from tocsin.core.metric_filter import MetricFilter
    from tocsin.core.rule import Exclusion, KeyPath, Rule, RuleText

__all__ = ["SPECS", "Observation", "lint_pattern", "lint_rule", "lint_rules"]

PATTERN_KEY: KeyPath = ("filter", "filterPattern")
"""Where a rule's pattern stands."""


def lint_pattern(source: str) -> list[Observation]:
    """What there is to say about a filter pattern, in order of place; one observation if it is refused."""
    try:
        subject = Subject(source)
    except PatternError as error:
        return [lint_refusal(error)]
    return sorted(_pattern(subject), key=lambda found: found.position)


def lint_rule(
    rule: Rule,
    *,
    at: date | None = None,
    benchmarks: Mapping[str, str] | None = None,
    text: RuleText | None = None,
) -> list[Observation]:
    """What there is to say about a rule, except what its `ignore` names.

    `at` is the day for which exclusions count (None: none has expired). `benchmarks` are the texts of
    a benchmark's filters by their names. `text` is what the rule was read from, for what only the
    file's own quotes can tell.
    """
    found: list[Observation] = []
    if rule.filter is not None:
        found.extend(_filter(rule, rule.filter, benchmarks or {}, text))
    for place, exclusion in enumerate(rule.exclusions):
        found.extend(_exclusion(rule, exclusion, ("except", place), at))
    return [one for one in found if one.name not in rule.ignore]


def lint_rules(rules: Iterable[Rule]) -> list[tuple[Rule, Observation]]:
    """What is too much when rules go into one log group, each with the first rule beyond the limit."""
    return [(rule, found) for rule, found in lint_groups(rules) if found.name not in rule.ignore]


# ---------------------------------------------------------------- patterns


def _pattern(subject: Subject) -> Iterator[Observation]:
    yield from _meaning(subject)
    yield from lint_absence(subject)
    yield from lint_excluded_agents(subject)


def _meaning(subject: Subject) -> Iterator[Observation]:
    """What holds for a pattern wherever it stands."""
    yield from lint_satisfiability(subject)
    yield from lint_selection(subject)
    yield from lint_values(subject)
    yield from lint_terms(subject)
    yield from lint_spelling(subject)


# ---------------------------------------------------------------- rules


def _filter(
    rule: Rule, definition: MetricFilter, benchmarks: Mapping[str, str], text: RuleText | None
) -> Iterator[Observation]:
    filled = Filled(definition.filter_pattern, rule.params)
    try:
        subject = Subject(filled.text)
    except PatternError as error:
        yield filled.placed(lint_refusal(error), PATTERN_KEY)
        return
    found = list(_pattern(subject))
    extra = [*lint_benchmarks(subject, benchmarks), *_unindexed(subject)]
    if text is not None:
        extra += lint_eaten_quotes(subject, is_quoted=_is_quoted(text))
    observations = [one for one in [*found, *extra] if not _reads_columns(one, definition, subject)]
    exact = benchmark_of(subject.source, benchmarks)
    for one in sorted(observations, key=lambda one: one.position):
        yield filled.placed(one if exact is None else _kept(one, exact), PATTERN_KEY)
    yield from lint_transformations(definition, subject)
    yield from lint_samples(subject, rule.tests)


def _kept(one: Observation, benchmark: str) -> Observation:
    """The observation about a pattern that has a benchmark's text, which has to stay as it is (R-12)."""
    if one.rewrite is None:
        return one
    hint = f"this is the text of {benchmark}, and scanners compare it: make the change in a rule beside it"
    return replace(one, hint=hint, rewrite=None)


def _reads_columns(one: Observation, definition: MetricFilter, subject: Subject) -> bool:
    """Tell whether a pattern without conditions is there to cut lines into the columns that the metric takes."""
    if one.name != "always-matches" or not isinstance(subject.tree, Space):
        return False
    made = definition.metric_transformations
    return any(each.metric_value.startswith("$") or each.dimensions for each in made)


def _unindexed(subject: Subject) -> Iterator[Observation]:
    if isinstance(subject.tree, Json) and subject.pattern.index_keys is None:
        yield observe(
            "no-index-key",
            0,
            "no part of the pattern fixes $.eventName, so it is run against every event",
            hint="a literal $.eventName = ... that every match needs would index it",
        )


def _is_quoted(text: RuleText) -> bool:
    """Tell whether the file has quotes around the pattern; in JSON they mean nothing."""
    line, column = text.place(PATTERN_KEY)
    around = text.line(line)[max(column - 2, 0) : column]
    return not text.path.endswith(".json") and bool(set(around) & set("'\""))


def _exclusion(rule: Rule, exclusion: Exclusion, key: KeyPath, at: date | None) -> Iterator[Observation]:
    yield from lint_exclusion(exclusion, key, at=at)
    if exclusion.when is None:
        return
    filled = Filled(exclusion.when, rule.params)
    where: KeyPath = (*key, "when")
    try:
        subject = Subject(filled.text)
    except PatternError as error:
        yield filled.placed(lint_refusal(error), where)
        return
    # `!=` that is false on an absent field hides nothing here, so that lint is left out.
    for one in sorted([*_meaning(subject), *lint_when(exclusion, subject)], key=lambda one: one.position):
        yield filled.placed(one, where)
