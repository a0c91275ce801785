"""A comparison as a person reads it. Rule: no line wraps by itself; what is silenced is shown under what silences it.

Rules come first, those that change most on top: each with its exclusions and the records that each of them
keeps out, by kind, then what no exclusion explains, then what is gained. Alarms that rang at other times follow.
Of what one version alone has there is a line, no more. Spec: IF-1 (--compare), IF-4 (Exclusions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.cli.ledger_text import draw_ledger
from tocsin.cli.safe_text import safe_text
from tocsin.cli.severity import SEVERITIES, severity_mark, severity_style
from tocsin.cli.table import pad, paragraph, shorten, width_of
from tocsin.core.quantity import count_text, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.app.comparison_report import (
        AlarmDifference,
        AlarmVersion,
        ComparisonReport,
        ExclusionResult,
        RecordKind,
        Ring,
        RuleDifference,
        RuleVersion,
    )
    from tocsin.cli.terminal import Stream

_WIDEST = 160
_WIDEST_NAME = 44
_NARROWEST_NAME = 12
_NARROW = 60
_NARROWEST_CELL = 14
_WHO = 2
_MAY_SHRINK = (1, _WHO, 5)  # columns that may be cut: what, who, remark
_SHOWN_KINDS = 8
_SHOWN_FREQUENT = 4
_SHOWN_RARE = 3
_SHOWN_RINGS = 4
_SHOWN_NOTES = 5
_INDENT = "  "
_DEEP = " " * 6


class _Number(NamedTuple):
    """A column of numbers: its title and what stands in it."""

    title: str
    texts: Sequence[str]


def draw_comparison(report: ComparisonReport, stream: Stream) -> Iterator[str]:
    """The lines of a report, for the width and the characters of `stream`."""
    width = min(_WIDEST, stream.width)
    yield from paragraph(report.compare["old"], width, indent=" " * 5, first="OLD  ")
    yield from paragraph(report.compare["new"], width, indent=" " * 5, first="NEW  ")
    yield ""
    loud = sorted((rule for rule in report.rules if not _is_quiet(rule)), key=_by_difference)
    if loud:
        yield from _draw_rules(loud, stream, width)
    rang = sorted((alarm for alarm in report.alarms if not _never_rang(alarm)), key=_is_in_one)
    if rang:
        yield from _draw_alarms(rang, stream, width)
    if not any(rule.lost.count + rule.gained.count for rule in report.rules) and not report.alarms:
        yield stream.style("No record and no alarm differs.", "bold")
    yield from _draw_rest(report, stream, width)
    for note in report.notes[:_SHOWN_NOTES]:
        yield from paragraph(note, width)
    yield from draw_ledger(report, stream, width)


def _is_in_one(one: RuleDifference | AlarmDifference) -> bool:
    """Does one version alone have it?"""
    return one.old is None or one.new is None


def _is_quiet(rule: RuleDifference) -> bool:
    """Is there nothing to say of the rule but that one version alone has it?"""
    return _is_in_one(rule) and not rule.lost.count and not rule.gained.count


def _never_rang(alarm: AlarmDifference) -> bool:
    return _is_in_one(alarm) and not alarm.lost and not alarm.gained


def _by_difference(rule: RuleDifference) -> tuple[bool, int, int, str]:
    return _is_in_one(rule), -(rule.lost.count + rule.gained.count), _rank(rule.severity), rule.name


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


# ---------------------------------------------------------------- rules


def _draw_rules(rules: Sequence[RuleDifference], stream: Stream, width: int) -> Iterator[str]:
    numbers = [
        _Number("OLD", [_matches(rule.old) for rule in rules]),
        _Number("NEW", [_matches(rule.new) for rule in rules]),
        _Number("LOST", [count_text(rule.lost.count) for rule in rules]),
        _Number("GAINED", [count_text(rule.gained.count) for rule in rules]),
    ]
    rows = _rows("RULE", rules, numbers, stream, width)
    yield next(rows)
    for rule, row in zip(rules, rows, strict=True):
        yield row
        if not _is_in_one(rule):
            yield from _draw_rule(rule, stream, width)
    yield ""


def _only(one: RuleDifference | AlarmDifference) -> str:
    return "  only in NEW" if one.old is None else "  only in OLD" if one.new is None else ""


def _matches(version: RuleVersion | None) -> str:
    return "-" if version is None else count_text(version.matches)


def _draw_rule(rule: RuleDifference, stream: Stream, width: int) -> Iterator[str]:
    """What each exclusion of NEW keeps out, what is lost without one, and what is gained."""
    assert rule.old is not None
    assert rule.new is not None
    if rule.old.name != rule.new.name:
        yield from paragraph(f"called {rule.old.name} in OLD", width, indent=_INDENT * 2)
    if not rule.lost.count and not rule.gained.count:
        text = f"{', '.join(rule.changed)} changed; the records are the same"
        yield from paragraph(text, width, indent=_INDENT * 2)
    for exclusion in rule.new.exclusions:
        yield from _draw_exclusion(exclusion, stream, width)
    if rule.lost.unexplained:
        head = f"lost: {counted(rule.lost.unexplained, 'record')}"
        head += " that no exclusion explains" if rule.new.exclusions else ""
        yield _heading(head, "yellow", stream, width)
        yield from _draw_kinds([kind for kind in rule.lost.kinds if not kind.excluded_by], stream, width)
    for exclusion in rule.old.exclusions:
        if exclusion.others:
            gained = [kind for kind in rule.gained.kinds if exclusion.name in kind.excluded_by]
            head = f"gained: {counted(exclusion.others, 'record')} that {safe_text(exclusion.name)} kept out in OLD"
            yield _heading(head, "green", stream, width)
            yield from _draw_kinds(gained, stream, width, remark=_others_of(exclusion.name))
    if rule.gained.unexplained:
        head = f"gained: {counted(rule.gained.unexplained, 'record')}"
        head += " that no exclusion kept out" if rule.old.exclusions else ""
        yield _heading(head, "green", stream, width)
        yield from _draw_kinds([kind for kind in rule.gained.kinds if not kind.excluded_by], stream, width)


def _draw_exclusion(exclusion: ExclusionResult, stream: Stream, width: int) -> Iterator[str]:
    """One exclusion with its reason, how much it keeps out, and the records."""
    until = f" {'until' if exclusion.applies else 'expired'} {exclusion.expires}" if exclusion.expires else ""
    mark = stream.pick("•", "*")
    yield from paragraph(
        f"{exclusion.name}{until}: {exclusion.reason or 'no reason given'}",
        width,
        indent=_DEEP,
        first=f"{_INDENT * 2}{mark} ",
    )
    if not exclusion.applies:
        yield _DEEP + stream.style("has expired: it silences nothing", "yellow")
        return
    text = f"silences {counted(exclusion.silences, 'record')}" if exclusion.silences else "silences nothing here"
    if exclusion.alone < exclusion.silences:
        text += f", {_of(exclusion.alone)} of them on its own"
    if exclusion.others < exclusion.silences:
        text += f"; OLD counts {_of(exclusion.others)} of them"
    yield from paragraph(text, width, indent=_DEEP)
    others = _others_of(exclusion.name)
    yield from _draw_kinds(exclusion.kinds, stream, width, remark=others, omitted=exclusion.kinds_omitted)


def _of(count: int) -> str:
    return count_text(count) if count else "none"


def _heading(text: str, style: str, stream: Stream, width: int) -> str:
    return _INDENT * 2 + stream.style(shorten(text, width - 2 * len(_INDENT), mark=stream.pick("…", "...")), style)


def _others_of(name: str) -> Callable[[RecordKind], str]:
    """What to say of a record beside an exclusion: which others keep it out as well."""

    def remark(kind: RecordKind) -> str:
        others = [one for one in kind.excluded_by if one != name]
        return f"also {', '.join(others)}" if others else ""

    return remark


def _no_remark(_kind: RecordKind) -> str:
    return ""


def _draw_kinds(
    kinds: Sequence[RecordKind],
    stream: Stream,
    width: int,
    *,
    remark: Callable[[RecordKind], str] = _no_remark,
    omitted: int = 0,
) -> Iterator[str]:
    """A line for each kind of records: how many, what, who, from where, when. The rarest are never left out.

    A rare record among many of a robot's is what a reader must not miss.
    """
    ellipsis = stream.pick("…", "...")
    shown = list(kinds) if len(kinds) <= _SHOWN_KINDS else [*kinds[:_SHOWN_FREQUENT], *kinds[-_SHOWN_RARE:]]
    cells = [
        (
            count_text(kind.count),
            kind.event + (f" ({kind.error})" if kind.error else ""),
            kind.who,
            (kind.address or "-") + (f", {ellipsis}" if kind.several_addresses else ""),
            _when(kind),
            remark(kind),
        )
        for kind in shown
    ]
    lines = list(_columns(cells, width - len(_DEEP), ellipsis)) if shown else []
    between = len(kinds) - len(shown) + omitted
    if between:
        more = f"and {counted(between, 'kind')} of records between (--format json lists them)"
        lines.insert(_SHOWN_FREQUENT, shorten(more, width - len(_DEEP), mark=ellipsis))
    for line in lines:
        yield _DEEP + stream.style(line, "dim")


def _when(kind: RecordKind) -> str:
    first, last = (text[:16].replace("T", " ") for text in (kind.first, kind.last))
    if first == last:
        return first
    return f"{first} to {last[11:] if first[:10] == last[:10] else last[5:] if first[:4] == last[:4] else last}"


def _columns(cells: Sequence[Sequence[str]], room: int, ellipsis: str) -> Iterator[str]:
    """Rows in columns, numbers to the right; what may be cut is, where it must be."""
    rows = [[safe_text(cell) for cell in row] for row in cells]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    gaps = len(_INDENT) * (sum(1 for size in widths if size) - 1)
    for place in sorted(_MAY_SHRINK, key=lambda place: -widths[place]):
        widths[place] = max(min(widths[place], _NARROWEST_CELL), widths[place] - max(0, sum(widths) + gaps - room))
    for row in rows:
        parts = [
            pad(shorten(cell, size, mark=ellipsis, keep_end=place == _WHO), size, right=place == 0)
            for place, (cell, size) in enumerate(zip(row, widths, strict=True))
            if size
        ]
        yield shorten(_INDENT.join(parts).rstrip(), room, mark=ellipsis)


# ---------------------------------------------------------------- alarms


def _draw_alarms(alarms: Sequence[AlarmDifference], stream: Stream, width: int) -> Iterator[str]:
    arrow = stream.pick("→", "->")
    numbers = [
        _Number("RANG", [f"{_rang(alarm.old)} {arrow} {_rang(alarm.new)}" for alarm in alarms]),
        _Number("IN ALARM", [f"{_spent(alarm.old)} {arrow} {_spent(alarm.new)}" for alarm in alarms]),
    ]
    rows = _rows("ALARM", alarms, numbers, stream, width)
    yield next(rows)
    for alarm, row in zip(alarms, rows, strict=True):
        yield row
        if _is_in_one(alarm):
            continue
        if not alarm.lost and not alarm.gained:
            yield from paragraph("rang on the same occasions, at other times", width, indent=_INDENT * 2)
        for word, style, rings in (("lost", "yellow", alarm.lost), ("gained", "green", alarm.gained)):
            yield from _draw_rings(word, style, rings, stream, width)
    yield ""


def _rang(alarm: AlarmVersion | None) -> str:
    return "-" if alarm is None else count_text(alarm.rings)


def _spent(alarm: AlarmVersion | None) -> str:
    return "-" if alarm is None else _length(alarm.in_alarm)


def _draw_rings(word: str, style: str, rings: Sequence[Ring], stream: Stream, width: int) -> Iterator[str]:
    for ring in rings[:_SHOWN_RINGS]:
        records = counted(len(ring.events) + ring.events_omitted, "record")
        text = f"{ring.at[:16].replace('T', ' ')} for {_length(ring.seconds)}, {records}"
        if ring.notified:
            text += f", told {', '.join(map(safe_text, ring.notified))}"
        text = shorten(text, width - 12, mark=stream.pick("…", "..."))
        yield f"{_INDENT * 2}{stream.style(pad(word, 6), style)}  {stream.style(text, 'dim')}"
    if len(rings) > _SHOWN_RINGS:
        more = f"and {count_text(len(rings) - _SHOWN_RINGS)} more {word} (--format json lists them)"
        yield _DEEP + stream.style(more, "dim")


def _length(seconds: float) -> str:
    """A length of time in its two largest units: `0`, `17 min`, `2 h 05 min`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 3600:
        return "0" if whole == 0 else f"{whole} s" if whole < 60 else f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400:,} d {whole % 86_400 // 3600} h"


# ---------------------------------------------------------------- the rest


def _draw_rest(report: ComparisonReport, stream: Stream, width: int) -> Iterator[str]:
    """What is not listed: rules of one version alone that matched nothing, and what is the same in both."""
    rules = [rule for rule in report.rules if _is_quiet(rule)]
    alarms = [alarm for alarm in report.alarms if _never_rang(alarm)]
    for noun, what, found in (("rule", "matched nothing", rules), ("alarm", "never rang", alarms)):
        for word in ("OLD", "NEW"):
            names = [one.name for one in found if _only(one).endswith(word)]
            if names:
                head = f"{counted(len(names), noun)} only in {word} {what}: "
                for line in paragraph(head + ", ".join(names), width, indent=_INDENT, first=""):
                    yield stream.style(line, "dim")
    same = []
    if report.rules_unchanged:
        same.append(counted(report.rules_unchanged, "rule is", "rules are") + " the same in both")
    if report.alarms_unchanged:
        same.append(counted(report.alarms_unchanged, "alarm") + " rang at the same times or not at all")
    if same:
        yield from paragraph("; ".join(same), width)
    late = ", each record known from its delivery on" if report.clock == "delivery" else ""
    yield from paragraph(f"{_moment(report.from_)} to {_moment(report.until)} UTC{late}", width)


def _moment(text: str) -> str:
    return text[:16].replace("T", " ")


def _rows(
    title: str,
    named: Sequence[RuleDifference | AlarmDifference],
    numbers: Sequence[_Number],
    stream: Stream,
    width: int,
) -> Iterator[str]:
    """A head, then a line for each rule or alarm with its numbers. On a narrow terminal the mark tells the severity."""
    sizes = [max(map(width_of, [number.title, *number.texts])) for number in numbers]
    gap = len(_INDENT)
    severity_width = 8 + gap if width >= _NARROW else 0
    room = width - gap - severity_width - sum(size + gap for size in sizes)
    tails = [_only(one) for one in named]
    longest = max(map(len, tails))
    if room - longest < _NARROWEST_NAME:
        tails, longest = [""] * len(named), 0  # the hyphen among the numbers says it, too
    names = max(len(title), *(width_of(safe_text(one.name)) for one in named))
    column = min(_WIDEST_NAME, names, max(6, room - longest))
    head = f"  {pad('SEVERITY', severity_width) if severity_width else ''}{pad(title, column)}"
    for number, size in zip(numbers, sizes, strict=True):
        head += f"  {pad(number.title, size, right=True)}"
    yield stream.style(head, "bold")
    for place, one in enumerate(named):
        style = severity_style(one.severity)
        shown = shorten(safe_text(one.name), column, mark=stream.pick("…", "..."), keep_end=True)
        row = f"{stream.style(severity_mark(one.severity, stream), style)} "
        if severity_width:
            row += stream.style(pad(safe_text(one.severity), severity_width), style)
        row += pad(shown, column)
        for number, size in zip(numbers, sizes, strict=True):
            row += f"  {stream.style(pad(number.texts[place], size, right=True), 'bold')}"
        yield row + tails[place]
