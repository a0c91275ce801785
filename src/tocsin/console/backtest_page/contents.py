"""What stands on the page, and in which order: the report as the template shows it.

Rule: every text out of the report passes `shown`, and whatever a bound leaves out is counted in a
sentence of the page. Every alarm is named, also the quiet ones.
Spec: IF-3, AL-19.1, AL-19.4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from tocsin.console.backtest_page.drawing import Drawings, Graph, Lane, rings_text
from tocsin.console.backtest_page.timeline import ALARM, INSUFFICIENT_DATA, Span, Tick, ticks
from tocsin.console.backtest_page.wording import LONG_TEXT, Moment, length_text, moment, number_text, shown
from tocsin.core.alarm.decision import decided_words
from tocsin.core.event_time import parse_event_time
from tocsin.core.quantity import bytes_text, count_text, counted
from tocsin.core.rule import RuleSeverity

if TYPE_CHECKING:
    from tocsin.app.backtest_report import AlarmResult, BacktestReport, EventLine, TransitionLine
    from tocsin.app.report import ScanReport

# Bounds of the page. Those of the whole page are shared out among the alarms that have a part of their own.
_ROWS = 1_500  # alarms with a line of their own in the overview; the others are named
_CARDS = 150  # alarms that rang with a part of their own, and as many quiet ones
_TURNS, _FEWEST_TURNS, _TURNS_OF_ALL = 25, 6, 900
_EVENTS, _FEWEST_EVENTS, _EVENTS_OF_ALL = 10, 3, 2_700
_QUIET_TURNS = 4
_POINTS, _CHILDREN, _PEOPLE, _NOTES, _FILES = 10, 20, 10, 50, 50
_TITLE = 160
_REASON = 1_200  # more than the longest StateReason (AL-8.7)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm in the overview. `link` is the id of its part of the page, or empty."""

    link: str
    name: str
    severity: str
    rang: int
    nobody: int
    in_alarm: str
    remark: str
    lane: Lane


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """Equal events as one row: `count` of them, the first with its time and id."""

    count: int
    at: Moment
    event: str
    source: str
    error: str
    who: str
    address: str
    agent: str
    place: str
    resource: str
    id: str


class ChildRow(msgspec.Struct, frozen=True, kw_only=True):
    """A child of a composite alarm; `link` leads to its part of the page where there is one."""

    name: str
    state: str
    since: Moment
    link: str


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A transition. `told` is nobody, some or none: `nobody` is loud, `none` is as it should be."""

    second: int | None
    at: Moment
    from_: str
    to: str
    lasted: str
    reason: str
    why: str
    told: str
    people: str
    held: str
    points: list[tuple[Moment, str]]
    points_left_out: int
    children: list[ChildRow]
    children_left_out: int
    events: list[EventRow]
    count: int
    left_out: int


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The part of one alarm."""

    id: str
    name: str
    title: str
    kind: str
    severity: str
    final: str
    rang: int
    nobody: int
    remark: str
    condition: str
    why: str
    runbook: str
    facts: list[tuple[str, str]]
    graph: Graph
    turns: list[Turn]
    left_out: int


class Total(msgspec.Struct, frozen=True):
    """A number of the headline. `tone` is empty, alarm or warn."""

    label: str
    value: str
    note: str
    tone: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """All that the template shows."""

    tocsin: str
    generated: str
    span: Span
    since: Moment
    until: Moment
    length: str
    headline: str
    tone: str
    warnings: list[tuple[str, str]]
    totals: list[Total]
    ticks: list[Tick]
    rang: list[Row]
    quiet: list[Row]
    quiet_count: int
    others: list[str]
    cards: list[Card]
    cards_left_out: int
    quiet_cards: list[Card]
    quiet_cards_left_out: int
    ledger: list[tuple[str, str]]
    skipped: list[tuple[str, str]]
    skipped_left_out: int
    problems: list[tuple[str, int, str]]
    problems_left_out: int
    data: str


class _Place(msgspec.Struct, frozen=True):
    """Where a part stands: the span, the ids of all parts by alarm, and how much of one alarm is shown."""

    span: Span
    links: dict[str, str]
    turns: int
    events: int


def page_of(report: BacktestReport, *, generated: str) -> Page:
    """Everything that the page says about `report`."""
    span = Span.of(report.from_, report.until)
    ordered = sorted(
        report.alarms, key=lambda alarm: (not _rang(alarm), _rank(alarm), -_rang(alarm), -alarm.matches, alarm.name)
    )
    loud = [alarm for alarm in ordered if _rang(alarm)]
    quiet = ordered[len(loud) :]
    drawn, drawn_quiet = loud[:_CARDS], quiet[:_CARDS]
    ids = [f"a{number}" for number in range(1, len(drawn) + len(drawn_quiet) + 1)]
    ids_of_all = [
        *ids[: len(drawn)],
        *[""] * (len(loud) - len(drawn)),
        *ids[len(drawn) :],
        *[""] * (len(quiet) - len(drawn_quiet)),
    ]
    links = {alarm.name: link for alarm, link in zip(ordered, ids_of_all, strict=True)}
    drawings = Drawings(span, cards=len(ids), rows=min(_ROWS, len(ordered)))
    rows = [_row(alarm, link, drawings) for alarm, link in zip(ordered[:_ROWS], ids_of_all, strict=False)]
    turns = min(_TURNS, max(_FEWEST_TURNS, _TURNS_OF_ALL // max(1, len(drawn))))
    events = min(_EVENTS, max(_FEWEST_EVENTS, _EVENTS_OF_ALL // max(1, len(drawn) * turns)))
    place, quiet_place = _Place(span, links, turns, events), _Place(span, links, _QUIET_TURNS, events)
    cards = [_card(alarm, name, place, drawings) for alarm, name in zip(drawn, ids, strict=False)]
    quiet_cards = [
        _card(alarm, name, quiet_place, drawings) for alarm, name in zip(drawn_quiet, ids[len(drawn) :], strict=True)
    ]
    headline, tone = _headline(report, loud)
    return Page(
        tocsin=shown(report.tocsin, 40),
        generated=shown(generated, 80),
        span=span,
        since=moment(report.from_),
        until=moment(report.until),
        length=length_text(span.seconds),
        headline=headline,
        tone=tone,
        warnings=_warnings(report),
        totals=_totals(report, loud),
        ticks=ticks(span),
        rang=[row for row in rows if row.rang],
        quiet=[row for row in rows if not row.rang],
        quiet_count=len(quiet),
        others=[shown(alarm.name) for alarm in ordered[_ROWS:]],
        cards=cards,
        cards_left_out=len(loud) - len(drawn),
        quiet_cards=quiet_cards,
        quiet_cards_left_out=len(quiet) - len(drawn_quiet),
        ledger=[*ledger_of(report), _known_at(report)],
        skipped=[(shown(skip.path), shown(skip.reason)) for skip in report.files.skipped[:_FILES]],
        skipped_left_out=max(0, len(report.files.skipped) - _FILES),
        problems=[
            (shown(problem.path), problem.position, shown(problem.reason))
            for problem in report.records.problems[:_FILES]
        ],
        problems_left_out=max(0, report.records.malformed - min(_FILES, len(report.records.problems))),
        data=drawings.data(),
    )


def _rang(alarm: AlarmResult) -> int:
    """How often it went to ALARM."""
    return sum(turn.to == ALARM for turn in alarm.transitions)


def _nobody(alarm: AlarmResult) -> int:
    """How often it went to ALARM and told nobody (AL-19.4)."""
    return sum(turn.to == ALARM and not turn.notified for turn in alarm.transitions)


_SEVERITIES = [severity.value for severity in reversed(RuleSeverity)]


def _rank(alarm: AlarmResult) -> int:
    return _SEVERITIES.index(alarm.severity) if alarm.severity in _SEVERITIES else len(_SEVERITIES)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{count_text(number)} times"


def _headline(report: BacktestReport, loud: list[AlarmResult]) -> tuple[str, str]:
    if not report.alarms:
        return "There was no alarm to replay", "warn"
    if not report.records.read:
        return f"No record was read, so {'nothing' if not loud else 'little'} can be said", "warn"
    if not loud:
        return (
            "The one alarm stayed quiet"
            if len(report.alarms) == 1
            else f"All {count_text(len(report.alarms))} alarms stayed quiet"
        ), "ok"
    return f"{count_text(len(loud))} of {counted(len(report.alarms), 'alarm')} rang", "alarm"


def _warnings(report: BacktestReport) -> list[tuple[str, str]]:
    """What a reader has to know before believing the rest, the gravest first, each with its tone."""
    found = []
    nobody = sum(map(_nobody, report.alarms))
    if nobody:
        calls = counted(sum(map(_rang, report.alarms)), "call")
        found.append(("alarm", f"{count_text(nobody)} of {calls} told nobody. The reason stands at each."))
    silent = sum(_never_had_data(alarm) for alarm in report.alarms)
    if silent and report.records.read:
        verb = "has" if silent == 1 else "have"
        found.append(("warn", f"{counted(silent, 'alarm')} never had data and {verb} proved nothing."))
    skipped = len(report.files.skipped)
    if skipped:
        verb = "was" if skipped == 1 else "were"
        found.append(
            ("warn", f"{counted(skipped, 'file')} {verb} not read to the end: what they held may be missing here.")
        )
    if report.records.malformed:
        found.append(("warn", f"{counted(report.records.malformed, 'record')} could not be used."))
    found += [("warn", shown(note)) for note in report.notes[:_NOTES]]
    if len(report.notes) > _NOTES:
        found.append(("warn", f"{counted(len(report.notes) - _NOTES, 'more note')}: see the JSON report."))
    return found


def _totals(report: BacktestReport, loud: list[AlarmResult]) -> list[Total]:
    turns = sum(len(alarm.transitions) for alarm in report.alarms)
    calls = sum(map(_rang, loud))
    nobody = sum(map(_nobody, loud))
    seconds = sum(alarm.time_in.get(ALARM, 0.0) for alarm in report.alarms)
    longest = max(loud, key=lambda alarm: alarm.time_in.get(ALARM, 0.0), default=None)
    records = report.records
    return [
        Total("Rang", count_text(len(loud)), f"of {counted(len(report.alarms), 'alarm')}", "alarm" if loud else ""),
        Total(
            "Went to ALARM",
            count_text(calls),
            "of " + counted(turns, "change of state", "changes of state"),
        ),
        Total("Told nobody", count_text(nobody), f"of {counted(calls, 'call')}", "alarm" if nobody else ""),
        Total(
            "Time in ALARM",
            length_text(seconds),
            "" if longest is None else f"together; longest: {shown(longest.name, 60)}",
        ),
        Total(
            "Records",
            count_text(records.read),
            f"{count_text(records.selected)} within the span" if records.selected != records.read else "",
        ),
        Total("Evaluations", count_text(report.evaluations), f"in {report.seconds:,.2f} s"),
    ]


def ledger_of(report: BacktestReport | ScanReport) -> list[tuple[str, str]]:
    """What was read: files, records and bytes, each with its number."""
    files, records = report.files, report.records
    found = [
        ("Files read", count_text(files.read)),
        ("Files not read to the end", count_text(len(files.skipped))),
        ("Digest files", count_text(files.digests)),
        ("Records", count_text(records.read)),
        ("Records within the span and selection", count_text(records.selected)),
        ("Malformed records", count_text(records.malformed)),
        ("Bytes", f"{bytes_text(report.bytes.read)} read, {bytes_text(report.bytes.unpacked)} unpacked"),
    ]
    if records.first is not None and records.last is not None:
        found.insert(5, ("First and last record", f"{moment(records.first).text} to {moment(records.last).text}"))
    return found


def _known_at(report: BacktestReport) -> tuple[str, str]:
    at = "at its delivery" if report.clock == "delivery" else f"at its {shown(report.clock, 40)} time"
    return "A record is known", at


def _never_had_data(alarm: AlarmResult) -> bool:
    return alarm.final == INSUFFICIENT_DATA and not alarm.transitions


def _remark(alarm: AlarmResult) -> str:
    """What is worth knowing of an alarm that did not ring: how near it came."""
    if _rang(alarm):
        return ""
    if _never_had_data(alarm):
        return "never had data"
    values = [value for _, value in alarm.series if math.isfinite(value)]
    if values and alarm.threshold is not None:
        if alarm.comparison.startswith("Less"):
            return f"lowest {number_text(min(values))}, {rings_text(alarm)}"
        return f"highest {number_text(max(values))}, {rings_text(alarm)}"
    return counted(alarm.matches, "match", "matches") if alarm.matches else "nothing matched"


def _row(alarm: AlarmResult, link: str, drawings: Drawings) -> Row:
    rang = _rang(alarm)
    return Row(
        link=link,
        name=shown(alarm.name),
        severity=_severity(alarm),
        rang=rang,
        nobody=_nobody(alarm),
        in_alarm=length_text(alarm.time_in.get(ALARM, 0.0)) if rang else "",
        remark=_times(rang) if rang else _remark(alarm),
        lane=drawings.lane(alarm),
    )


def _severity(alarm: AlarmResult) -> str:
    return shown(alarm.severity, 20)


def _card(alarm: AlarmResult, name: str, place: _Place, drawings: Drawings) -> Card:
    taken = min(place.turns, len(alarm.transitions))
    title = alarm.title or alarm.name
    return Card(
        id=name,
        name=shown(alarm.name),
        title=shown(title, _TITLE),
        kind=shown(alarm.kind, 20),
        severity=_severity(alarm),
        final=shown(alarm.final, 40),
        rang=_rang(alarm),
        nobody=_nobody(alarm),
        remark=_remark(alarm),
        condition=shown(alarm.condition, LONG_TEXT),
        why=shown(alarm.why, LONG_TEXT),
        runbook="\n".join(shown(line, LONG_TEXT) for line in alarm.runbook[:LONG_TEXT].strip().splitlines()),
        facts=_facts(alarm),
        graph=drawings.graph(alarm, name),
        turns=[_turn(alarm, number, place) for number in range(taken)],
        left_out=len(alarm.transitions) - taken,
    )


def _facts(alarm: AlarmResult) -> list[tuple[str, str]]:
    facts = [
        (f"In {shown(state, 40)}", length_text(seconds)) for state, seconds in alarm.time_in.items() if seconds > 0
    ]
    if alarm.kind == "composite":
        return facts
    facts.append(("Matching records", count_text(alarm.matches)))
    if alarm.period is not None:
        facts.append(("Period", length_text(alarm.period)))
    if alarm.period is not None and alarm.evaluation_range is not None:
        back = length_text(alarm.period * alarm.evaluation_range)
        facts.append(("Looks back", f"{back} ({counted(alarm.evaluation_range, 'slot')})"))
    return facts


def _turn(alarm: AlarmResult, number: int, place: _Place) -> Turn:
    turn = alarm.transitions[number]
    start = parse_event_time(turn.at)
    end: int | None = place.span.end
    if number + 1 < len(alarm.transitions):
        end = parse_event_time(alarm.transitions[number + 1].at)
    rows = _event_rows(turn.details)[: place.events]
    count = max(len(turn.events), len(turn.details)) + turn.events_omitted
    points = turn.datapoints or []
    children = turn.children or []
    return Turn(
        second=start,
        at=moment(turn.at),
        from_=shown(turn.from_, 40),
        to=shown(turn.to, 40),
        lasted="" if start is None or end is None else length_text(max(0, end - start)),
        reason=shown(turn.reason, _REASON),
        why=shown(decided_words(turn.why) or turn.why, LONG_TEXT),
        told="some" if turn.notified else "nobody" if turn.to == ALARM else "none",
        people=_people(turn),
        held=_held(turn),
        points=[(moment(at), number_text(value)) for at, value in points[:_POINTS]],
        points_left_out=max(0, len(points) - _POINTS),
        children=[
            ChildRow(
                name=shown(child.name),
                state=shown(child.state, 40),
                since=moment(child.since),
                link=place.links.get(child.name, ""),
            )
            for child in children[:_CHILDREN]
        ],
        children_left_out=max(0, len(children) - _CHILDREN),
        events=rows,
        count=count,
        left_out=count - sum(row.count for row in rows),
    )


def _people(turn: TransitionLine) -> str:
    if not turn.notified:
        return shown(turn.not_notified)
    names = ", ".join(shown(name, 120) for name in turn.notified[:_PEOPLE])
    more = len(turn.notified) - _PEOPLE
    return f"{names} and {count_text(more)} more" if more > 0 else names


def _held(turn: TransitionLine) -> str:
    if turn.held is None:
        return ""
    by = shown(turn.held.by, 40)
    if turn.held.ran_at is None:
        return f"The actions were held ({by}) and never ran."
    return f"The actions were held ({by}) and ran at {moment(turn.held.ran_at).text}."


def _event_rows(details: list[EventLine]) -> list[EventRow]:
    """Equal events folded into one row, in the order of the first of each."""
    groups: dict[tuple[str, ...], list[EventLine]] = {}
    for line in details:
        key = (line.event, line.source, line.error, line.who, line.address, line.agent, line.account, line.region)
        groups.setdefault((*key, line.resource), []).append(line)
    return [
        EventRow(
            count=len(group),
            at=moment(group[0].at),
            event=shown(group[0].event, 128),
            source=shown(group[0].source, 128),
            error=shown(group[0].error),
            who=shown(group[0].who),
            address=shown(group[0].address, 128),
            agent=shown(group[0].agent),
            place=" ".join(shown(part, 64) for part in (group[0].account, group[0].region) if part),
            resource=shown(group[0].resource),
            id=shown(group[0].id, 128),
        )
        for group in groups.values()
    ]
