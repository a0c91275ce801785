"""What the filter editor shows of a trial: outcomes, why, lints, matches of two weeks. Spec: CON-4.7, FP-8.5.

Rule: a trial while somebody types costs a fraction of one that is asked for by a button.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.log_group_reading import newest_events
from tocsin.app.match_count import count_matches
from tocsin.app.pasted_event import pasted_events
from tocsin.app.pattern_trial import (
    MOST_BYTES,
    MOST_EVENTS,
    Candidate,
    Outcome,
    candidates_of_rule,
    explain_trial,
    lint_trial,
    rule_of_filter,
    try_filter,
)
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.caret import draw_caret, script_position
from tocsin.console.charts import Window, event_lane
from tocsin.console.filter_form import definition_of
from tocsin.console.moment import from_epoch
from tocsin.core.event import Event
from tocsin.core.finding import Severity
from tocsin.core.lint import PATTERN_KEY
from tocsin.core.log_event import EventPlace
from tocsin.core.notification.event import EventSummary
from tocsin.core.pattern.explanation_text import clause_words, verdict_words
from tocsin.core.pattern.parser import mend_pattern
from tocsin.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.pattern_trial import Trial, TriedEvent
    from tocsin.console.charts import Lane
    from tocsin.console.visit import Visit
    from tocsin.core.lint import Observation
    from tocsin.core.metric_filter import MetricFilter
    from tocsin.core.pattern.explanation import Explanation
    from tocsin.core.rule import Rule
    from tocsin.errors import PatternError

NEWEST: Final = "newest"
PASTED: Final = "pasted"
OF_RULE: Final = "rule"
"""Where the events of a trial come from."""

DAYS: Final = 14
_STEP_HOURS: Final = 6
_STEP_MS: Final = _STEP_HOURS * 3_600_000

# What counting two weeks may cost while somebody types (a fraction of CON-4.0's B), and when a button asks for it.
_LIVE: Final = (12, 0.03)
_ASKED: Final = (150, 0.8)

# What longer messages tell is not kept from one trial to the next, so that little memory is taken.
_LONGEST_REMEMBERED: Final = 8 * 1024

_GRAVITY: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_SIGNS: Final = {Outcome.MATCH: ("ok", "ok"), Outcome.MISS: None, Outcome.UNUSABLE: ("warn", "warn")}


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was tried. `told` is a sentence, or the beginning of the message."""

    number: int
    at: datetime | None
    told: str
    is_record: bool
    outcome: Outcome
    sign: tuple[str, str] | None
    value: float | None
    dimensions: str
    surprise: str


class RefusedPattern(msgspec.Struct, frozen=True, kw_only=True):
    """Why a pattern is refused. `caret` is its place in the field, in UTF-16 units, as scripts count."""

    message: str
    drawing: str
    hint: str
    rule: str
    caret: int
    mended: str | None


class ClauseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One clause of why an event matches or not."""

    letter: str
    subject: str
    seen: str
    asked: str
    holds: bool
    is_ignored: bool
    decided: bool
    reached: bool
    notes: tuple[str, ...]


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why one event matches or not. `verdict` says it where no clause does; `reading` is how clauses are joined."""

    number: int
    told: str
    matches: bool
    reading: str
    verdict: str
    clauses: tuple[ClauseRow, ...]
    message: str


class Lint(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `rewrite` is the whole new pattern where the remedy is certain."""

    name: str
    severity: str
    message: str
    hint: str
    spec: str
    rewrite: str | None


class Fortnight(msgspec.Struct, frozen=True, kw_only=True):
    """The matches of two weeks. `further` is what a button sends to have more of them counted; empty at the end."""

    since: datetime
    total: int
    lane: Any  # a Lane; msgspec would look at its type
    back_to: datetime | None
    further: str


def trial_context(visit: Visit, fields: Mapping[str, str], *, group: str, name: str, is_live: bool) -> dict[str, Any]:
    """Everything that the trial's part of the page shows."""
    definition = definition_of(fields, name=name)
    rule = rule_of_filter(visit.service, name, fields["pattern"])
    source, unread = visit.form.get("source") or NEWEST, ""
    candidates: list[Candidate] = []
    try:
        candidates = _candidates(visit, source, group, rule)
    except StoreError as error:  # of what is known without them nothing is held back
        unread = error.message
    if not candidates and not visit.form and rule is not None:
        source, candidates = OF_RULE, candidates_of_rule(rule)
    trial = try_filter(definition, candidates, scope=visit.scope)
    chosen = _chosen(visit, trial)
    fortnight: Fortnight | None = None
    try:
        fortnight = None if trial.refusal or not group else _fortnight(visit, definition, group, is_live=is_live)
    except StoreError as error:
        unread = error.message
    rules = visit.service.part(RuleCatalogue).on(visit.at.date())
    return {
        "trial": trial,
        "rows": [_row(number, one) for number, one in enumerate(trial.events, 1)],
        "counts": [(outcome, _SIGNS[outcome], trial.count(outcome)) for outcome in Outcome],
        "refused": None if trial.refusal is None else _refused(trial.refusal),
        "why": None if chosen is None else _why(definition, chosen, trial.events[chosen - 1]),
        "lints": [] if trial.refusal else _lints(lint_trial(definition, candidates, rules, at=visit.at.date())),
        "fortnight": fortnight,
        "unread": unread,
        "source": source,
        "rule": rule,
        "most_events": MOST_EVENTS,
    }


# ---------------------------------------------------------------- events


def _candidates(visit: Visit, source: str, group: str, rule: Rule | None) -> list[Candidate]:
    match source:
        case "pasted":
            return [Candidate(message=one) for one in pasted_events(visit.form.exact("pasted"), limit=MOST_EVENTS)]
        case "rule" if rule is not None:
            return candidates_of_rule(rule)
    if not group:
        return []
    try:
        found = newest_events(visit.service, visit.scope, group, limit=MOST_EVENTS, max_bytes=MOST_BYTES)
    except NotFoundError:
        return []
    return [Candidate(message=one.message, at=one.timestamp) for one in found]


def _row(number: int, one: TriedEvent) -> TrialRow:
    candidate = one.candidate
    told, is_record = _told(candidate.message)
    expected = "" if one.is_as_expected else "should match" if candidate.expected else "should not match"
    return TrialRow(
        number=number,
        at=None if candidate.at is None else from_epoch(candidate.at),
        told=candidate.name or told,
        is_record=is_record or bool(candidate.name),
        outcome=one.outcome,
        sign=_SIGNS[one.outcome],
        value=one.value,
        dimensions=", ".join(f"{name} {value}" for name, value in one.dimensions),
        surprise=expected,
    )


def _told(message: str) -> tuple[str, bool]:
    return _told_again(message) if len(message) <= _LONGEST_REMEMBERED else _told_of(message)


@lru_cache(maxsize=4 * MOST_EVENTS)
def _told_again(message: str) -> tuple[str, bool]:
    # While somebody types, the newest events are asked about again and again.
    return _told_of(message)


def _told_of(message: str) -> tuple[str, bool]:
    event = Event(message)
    name = event.get("eventName")
    if isinstance(name, str) and isinstance(event.get("eventSource"), str):
        return EventSummary.of(event, 0).sentence, True
    return message[:200], False


def _chosen(visit: Visit, trial: Trial) -> int | None:
    """The number of the event that is explained: the one asked for, else the first that does not match."""
    if not trial.events:
        return None
    asked = visit.form.get("shown")
    if asked.isdecimal() and 1 <= int(asked) <= len(trial.events):
        return int(asked)
    return next((n for n, one in enumerate(trial.events, 1) if one.outcome is Outcome.MISS), 1)


# ---------------------------------------------------------------- why


def _refused(error: PatternError) -> RefusedPattern:
    return RefusedPattern(
        message=error.message,
        drawing=draw_caret(error.source, error.position),
        hint=error.hint,
        rule=error.rule,
        caret=script_position(error.source, error.position),
        mended=mend_pattern(error.source),
    )


def _why(definition: MetricFilter, number: int, one: TriedEvent) -> Why:
    explanation = explain_trial(definition, one.candidate.message)
    return Why(
        number=number,
        told=one.candidate.name or _told(one.candidate.message)[0],
        matches=explanation.matches,
        reading=explanation.reading if len(explanation.clauses) > 1 else "",
        verdict=verdict_words(explanation),
        clauses=_clauses(explanation),
        message=one.candidate.message,
    )


def _clauses(explanation: Explanation) -> tuple[ClauseRow, ...]:
    rows = []
    for clause in explanation.clauses:
        words = clause_words(clause, explanation.kind)
        rows.append(
            ClauseRow(
                letter=clause.letter,
                subject=words.subject,
                seen=words.seen,
                asked=words.asked,
                holds=clause.holds,
                is_ignored=not clause.letter,
                decided=clause.decided,
                reached=clause.reached,
                notes=words.notes,
            )
        )
    return tuple(rows)


# ---------------------------------------------------------------- lints


def _lints(observations: Sequence[Observation]) -> list[Lint]:
    ranked = sorted(observations, key=lambda one: _GRAVITY[one.severity])
    return [
        Lint(
            name=one.name,
            severity=str(one.severity),
            message=one.message,
            hint=one.hint,
            spec=one.spec,
            rewrite=one.rewrite if one.key == PATTERN_KEY else None,
        )
        for one in ranked
    ]


# ---------------------------------------------------------------- two weeks


def _fortnight(visit: Visit, definition: MetricFilter, group: str, *, is_live: bool) -> Fortnight | None:
    now = int(visit.at.timestamp() * 1000)
    end = (now // _STEP_MS + 1) * _STEP_MS
    edges = range(end - DAYS * 86_400_000, end + 1, _STEP_MS)
    before, counted = _counted(visit.form.get("further"), len(edges) - 1)
    blocks, seconds = _LIVE if is_live else _ASKED
    try:
        found = count_matches(
            visit.service,
            visit.scope,
            definition.filter_pattern,
            group=group,
            edges=edges,
            before=before,
            blocks=blocks,
            seconds=seconds,
        )
    except NotFoundError:
        return None
    counts = [one + more for one, more in zip(counted, found.counts, strict=True)]
    reached = found.searched_back_to
    place = "" if reached is None else f"{reached.timestamp}.{reached.sequence}"
    return Fortnight(
        since=from_epoch(edges[0]),
        total=sum(counts),
        lane=_lane(visit, edges, counts, reached),
        back_to=None if reached is None else from_epoch(reached.timestamp),
        further="" if reached is None else f"{place};{','.join(map(str, counts))}",
    )


def _counted(text: str, intervals: int) -> tuple[EventPlace | None, list[int]]:
    """What an earlier count came to, as the button that asks for more carries it."""
    place, _, listed = text.partition(";")
    timestamp, _, sequence = place.partition(".")
    counts = [int(one) for one in listed.split(",") if one.isdecimal()]
    if not (timestamp.isdecimal() and sequence.isdecimal() and len(counts) == intervals):
        return None, [0] * intervals
    return EventPlace(int(timestamp), int(sequence)), counts


def _lane(visit: Visit, edges: range, counts: Sequence[int], reached: EventPlace | None) -> Lane:
    starts = [edge // 1000 for edge in edges]
    known = 0 if reached is None else reached.timestamp // 1000
    step = _STEP_HOURS * 3_600
    shown = [(start, count if start >= known else None) for start, count in zip(starts, counts, strict=False)]
    return event_lane(
        Window(starts[0], starts[-1]),
        shown,
        width=step,
        now=int(visit.at.timestamp()),
        zone=visit.clock.zone,
        words=f"Matches in {_STEP_HOURS} hours",
    )
