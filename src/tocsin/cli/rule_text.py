"""A rule as a person reads it. Rule: what rings it is said in words, from AWS's own parameters.

Spec: IF-4, AL-5, AL-7, prices.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.app.exclusion_example import exclusion_example
from tocsin.app.rule_words import alarm_words, controls_text, cost_words, look_alikes, runbook_steps
from tocsin.cli.safe_text import safe_text
from tocsin.cli.severity import severity_mark, severity_style
from tocsin.cli.table import paragraph, width_of, wrap
from tocsin.core.pattern.tree import Compare, Json, Selector, conditions
from tocsin.core.pattern.words import pattern_lines, pattern_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tocsin.cli.terminal import Stream
    from tocsin.core.pattern.tree import Pattern
    from tocsin.core.rule import Exclusion, Rule

_WIDEST = 100
_INDENT = "  "

_EXAMPLE_LASTS = timedelta(days=90)


def draw_rule(rule: Rule, stream: Stream, *, at: date) -> Iterator[str]:
    """The lines: head, why, what it watches, what rings it, look-alikes, noise, what to do, references, cost.

    `at` is today, for the end of the exclusion that is shown.
    """
    width = min(_WIDEST, stream.width)
    yield from _head(rule, stream, width)
    yield from _section("Why", [rule.why], stream, width)
    yield from _watches(rule, stream, width)
    if rule.alarm:
        yield from _section("Rings", [alarm_words(rule)], stream, width)
    elif rule.composite:
        yield from _section("Rings", [f"when {rule.composite.get('AlarmRule', '')}"], stream, width)
    else:
        yield from _section("Rings", ["It has no alarm: it counts."], stream, width)
    yield from _bullets("Look-alikes that are quiet", look_alikes(rule), stream, width)
    yield from _section("Noise", [rule.false_positives, rule.note], stream, width)
    yield from _exclusions(rule, stream, width, at)
    yield from _bullets("When it rings", runbook_steps(rule), stream, width, numbered=True)
    references = controls_text(rule)
    catalogue = ", ".join(rule.references.get("tocsin", ()))
    yield from _section("References", [references, f"catalogue {catalogue}" if catalogue else ""], stream, width)
    yield from _section("Cost on AWS", [cost_words(rule)], stream, width, last=True)


def _head(rule: Rule, stream: Stream, width: int) -> Iterator[str]:
    severity = str(rule.severity)
    mark = severity_mark(severity, stream)
    name = safe_text(rule.name)
    blanks = " " * max(2, width - width_of(name) - len(severity) - 2)
    yield f"{stream.style(name, 'bold')}{blanks}{stream.style(f'{mark} {severity}', severity_style(severity))}"
    yield from paragraph(rule.title, width)
    yield ""


def _section(title: str, texts: Sequence[str], stream: Stream, width: int, *, last: bool = False) -> Iterator[str]:
    texts = [text for text in texts if text.strip()]
    if not texts:
        return
    yield stream.style(title, "bold cyan")
    for text in texts:
        yield from paragraph(text, width, indent=_INDENT)
    if not last:
        yield ""


def _bullets(title: str, texts: Sequence[str], stream: Stream, width: int, *, numbered: bool = False) -> Iterator[str]:
    if not texts:
        return
    yield stream.style(title, "bold cyan")
    for place, text in enumerate(texts, 1):
        mark = f"{place}." if numbered else stream.pick("•", "*")
        first = f"{_INDENT}{mark} "
        yield from paragraph(text, width, indent=" " * width_of(first), first=first)
    yield ""


def _watches(rule: Rule, stream: Stream, width: int) -> Iterator[str]:
    """The pattern that is in force, one condition a line, and the same in words."""
    from tocsin.core.pattern import FilterPattern

    if rule.filter is None:
        return
    pattern = FilterPattern.parse(rule.effective_pattern or rule.filter.filter_pattern)
    yield stream.style("Watches", "bold cyan")
    for line in pattern_lines(pattern.tree):
        yield from _wrapped(line, width)
    yield ""
    names = pattern.index_keys
    if names and _asks_names_alone(pattern.tree):
        yield from paragraph(f"Events named {', '.join(sorted(names))}.", width, indent=_INDENT)
    else:
        for line in pattern_words(pattern.tree):
            yield from _wrapped(line, width)
    yield ""


def _asks_names_alone(pattern: Pattern) -> bool:
    """Tell whether the pattern is nothing but a list of event names."""
    return isinstance(pattern, Json) and all(
        isinstance(condition, Compare)
        and isinstance(condition.selector, Selector)
        and condition.selector.names == ("eventName",)
        for condition in conditions(pattern.expr)
    )


def _wrapped(line: str, width: int) -> Iterator[str]:
    """An indented line, wrapped under its own indentation."""
    line = safe_text(line)
    text = line.lstrip()
    indent = _INDENT + " " * (len(line) - len(text))
    lines = wrap(text, max(20, width - len(indent)))
    yield indent + lines[0]
    yield from (f"{indent}  {more}" for more in lines[1:])


def _exclusions(rule: Rule, stream: Stream, width: int, at: date) -> Iterator[str]:
    """The exclusions that are there, and how to write one that loses nothing."""
    there = []
    for exclusion in rule.exclusions:
        until = f" until {exclusion.expires}" if exclusion.expires else ", without an end"
        reason = f": {exclusion.reason}" if exclusion.reason else ""
        there.append(f"{exclusion.name}{until}{reason}")
    yield from _bullets("Excluded", there, stream, width)
    if rule.filter is None:
        return
    advice = (
        "Exclude by identity, with a reason and an end, under except: in a copy of the rule. An exclusion there is "
        "compiled so that records without the field still count. Written by hand, "
        '($.userIdentity.arn != "…") alone would drop every record that has no arn; '
        '(($.userIdentity.arn NOT EXISTS) || ($.userIdentity.arn != "…")) does not.'
    )
    yield from _section("To exclude soundly", [advice], stream, width)
    if rule.exclusions:
        return  # those that are there show how it is written
    example = exclusion_example(rule, expires=at + _EXAMPLE_LASTS)
    if example is not None:
        yield from _draw_example(example, width)
        yield ""


def _draw_example(example: Exclusion, width: int) -> Iterator[str]:
    """The exclusion as YAML that can be pasted into the rule; a line that is folded is read as one."""
    yield "except:"
    yield f"  - name: {example.name}"
    yield "    when: >-"
    yield from (f"      {line}" for line in wrap(example.when or "", max(20, width - 6)))
    yield f"    reason: {example.reason}"
    yield f"    author: {example.author}"
    yield f"    expires: {example.expires}"
