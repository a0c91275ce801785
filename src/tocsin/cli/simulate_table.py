"""A simulation of selectors as a person reads it. Rule: no line wraps by itself; what is lost comes before what stays.

First the two settings in words and how many records each takes; then the calls that are lost, the detections that
lose matches, the alarms that ring less, and a month's bill. Spec: IF-1, CT-8, prices.md (rules 3, 12 to 14).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.ledger_text import draw_ledger
from tocsin.cli.overview import short_names
from tocsin.cli.severity import SEVERITIES, severity_mark, severity_style
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.quantity import bytes_text, count_text, counted, duration_text, share_text
from tocsin.core.trail.selector_words import setting_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.selector_report import AlarmLine, CallLine, CostLine, RuleLine, SimulationReport
    from tocsin.app.selector_simulation import SimulationPlan
    from tocsin.cli.terminal import Stream

_WIDEST = 120
_NARROW = 60
_SHOWN_SOURCES = 8
_SHOWN_CALLS = 4
_SHOWN_RULES = 20
_SHOWN_ALARMS = 12
_DAY = 86_400


def draw_report(report: SimulationReport, plan: SimulationPlan, stream: Stream) -> Iterator[str]:
    """The lines of a report, for the width and the characters of `stream`."""
    width = min(_WIDEST, stream.width)
    for label, selectors in (("BEFORE", plan.before), ("AFTER", plan.after)):
        for place, words in enumerate(setting_words(selectors)):
            yield from paragraph(words, width, indent=" " * 8, first=(f"{label:8}" if not place else " " * 8))
    yield ""
    yield from _draw_records(report, stream, width)
    yield from _draw_sources(report.calls, stream)
    yield from _draw_rules(report.rules, stream, width)
    yield from _draw_alarms(report, stream, width)
    yield from _draw_costs(report, stream, width)
    for note in report.notes:
        yield from paragraph(note, width)
    yield from draw_ledger(report, stream, width)


# ---------------------------------------------------------------- records


def _draw_records(report: SimulationReport, stream: Stream, width: int) -> Iterator[str]:
    total = report.total
    if not total.records:
        yield stream.style("There is no record to try the setting on.", "bold")
        yield ""
        return
    for line in paragraph(_summary(report), width):
        yield stream.style(line, "bold")
    columns = [Column("CATEGORY"), *(Column(one, right=True) for one in ("RECORDS", "BEFORE", "AFTER", "LOST"))]
    columns += [Column(""), Column("GAINED", right=True)]
    is_narrow = width < _NARROW
    rows: list[list[str | Cell]] = [
        [
            one.category or "(none)",
            "" if is_narrow else count_text(one.records),
            count_text(one.before),
            count_text(one.after),
            Cell(count_text(one.lost), "yellow" if one.lost else "dim"),
            share_text(one.lost, one.before) if one.lost and not is_narrow else "",
            count_text(one.gained) if total.gained else "",
        ]
        for one in report.categories
    ]
    yield from draw_table(columns, rows, stream)
    yield ""


def _summary(report: SimulationReport) -> str:
    total = report.total
    kept = total.before - total.lost
    text = f"Keeps {count_text(kept)} of {counted(total.before, 'record')}"
    if total.gained:
        text += f", gains {count_text(total.gained)}"
    if not sum(one.after for one in report.categories if one.category != "Insight"):
        text += ": nothing that happened here would be recorded"
    if total.bytes_before and total.bytes_before != total.bytes_after:
        text += f" ({_change(total.bytes_before, total.bytes_after)} bytes to the log group)"
    return text


def _change(before: int, after: int) -> str:
    """The change in whole per cent; never none or all of it where that is not exactly so."""
    share = 100 * abs(after - before) / before
    sign = "-" if after < before else "+"
    if share < 1:
        return f"less than {sign}1 %"
    return "-99 %" if share > 99 and 0 < after < before else f"{sign}{share:.0f} %"


def _draw_sources(calls: Sequence[CallLine], stream: Stream) -> Iterator[str]:
    """The calls that are lost, and those that are gained, by source."""
    for attribute, title in (("lost", "LOST BY SOURCE"), ("gained", "GAINED BY SOURCE")):
        sources: dict[str, list[tuple[int, str]]] = {}
        for one in calls:
            if number := getattr(one, attribute):
                sources.setdefault(one.source, []).append((number, one.name))
        if not sources:
            continue
        ordered = sorted(sources.items(), key=lambda item: (-sum(count for count, _ in item[1]), item[0]))
        rows = [
            [_source(source), count_text(sum(count for count, _ in names)), _names(names)]
            for source, names in ordered[:_SHOWN_SOURCES]
        ]
        if len(ordered) > _SHOWN_SOURCES:
            rest = sum(count for _, names in ordered[_SHOWN_SOURCES:] for count, _ in names)
            left = len(ordered) - _SHOWN_SOURCES
            rows.append([f"{count_text(left)} {'other' if left == 1 else 'others'}", count_text(rest), ""])
        columns = [Column(title), Column("RECORDS", right=True), Column("MOSTLY", wraps=True, least=20, style="dim")]
        yield from draw_table(columns, rows, stream)
        yield ""


def _source(source: str) -> str:
    return source.removesuffix(".amazonaws.com") or "(none)"


def _names(names: Sequence[tuple[int, str]]) -> str:
    """The most frequent names: `DescribeInstances 12, DescribeVpcs 3, 4 other calls`."""
    ordered = sorted(names, key=lambda item: (-item[0], item[1]))
    shown = [f"{name or '(none)'} {count_text(count)}" for count, name in ordered[:_SHOWN_CALLS]]
    if len(ordered) > _SHOWN_CALLS:
        shown.append(counted(len(ordered) - _SHOWN_CALLS, "other call"))
    return ", ".join(shown)


# ---------------------------------------------------------------- detections


def _draw_rules(rules: Sequence[RuleLine], stream: Stream, width: int) -> Iterator[str]:
    """The rules that lose matches, those that go blind on top, and a sentence about the others."""
    if not rules:
        return
    names = short_names(one.name for one in rules)
    differing = sorted((one for one in rules if one.lost or one.gained), key=_by_loss)
    rows = [
        [
            Cell(severity_mark(one.severity, stream), severity_style(one.severity)),
            Cell(one.severity, severity_style(one.severity)),
            names[one.name],
            count_text(one.before),
            Cell(count_text(one.after), "bold red") if one.before and not one.after else count_text(one.after),
            Cell("blind", "bold red") if one.before and not one.after else "",
        ]
        for one in differing[:_SHOWN_RULES]
    ]
    if rows:
        columns = [Column(""), Column("SEVERITY"), Column("DETECTION", shrinks=True, least=12)]
        columns += [Column("BEFORE", right=True), Column("AFTER", right=True), Column("")]
        yield from draw_table(columns, rows, stream)
        if len(differing) > _SHOWN_RULES:
            left = differing[_SHOWN_RULES:]
            more = f"and {count_text(len(left))} more: {', '.join(names[one.name] for one in left)}"
            yield from paragraph(more, width, indent="  ")
    blind = sum(1 for one in differing if one.before and not one.after)
    same = sum(1 for one in rules if one.before and not one.lost and not one.gained)
    parts = []
    if blind:
        parts.append(f"{counted(blind, 'detection')} would see nothing any more")
    if len(differing) > blind:
        parts.append(f"{counted(len(differing) - blind, 'detection')} would see {_less(differing)}")
    if same or not parts:
        they = "it sees" if same == 1 else "they see"
        parts.append(f"{counted(same, 'detection')} would see all that {they} now")
    silent = len(rules) - len(differing) - same
    if silent:
        parts.append(f"{count_text(silent)} matched nothing before and after")
    yield from paragraph("; ".join(parts) + ".", width)
    yield ""


def _less(differing: Sequence[RuleLine]) -> str:
    if not any(one.gained for one in differing):
        return "less"
    return "something else" if any(one.lost for one in differing) else "more"


def _by_loss(one: RuleLine) -> tuple[bool, int, int, str]:
    rank = SEVERITIES.index(one.severity) if one.severity in SEVERITIES else len(SEVERITIES)
    return bool(one.after or not one.before), rank, -one.lost, one.name


def _draw_alarms(report: SimulationReport, stream: Stream, width: int) -> Iterator[str]:
    if not report.alarms and not report.alarms_unchanged:
        return
    alarms = sorted(
        (one for one in report.alarms if one.lost or one.gained),
        key=lambda one: (one.after > 0, -len(one.lost), one.name),
    )
    names = short_names(one.name for one in alarms)
    rows = [
        [
            names[one.name],
            count_text(one.before),
            Cell(count_text(one.after), "bold red") if one.before and not one.after else count_text(one.after),
            count_text(len(one.lost)),
            count_text(len(one.gained)) if any(alarm.gained for alarm in alarms) else "",
            _first(one),
        ]
        for one in alarms[:_SHOWN_ALARMS]
    ]
    if rows:
        columns = [Column("ALARM", shrinks=True, least=12), Column("RINGS BEFORE", right=True)]
        columns += [Column("AFTER", right=True), Column("LOST", right=True), Column("GAINED", right=True)]
        yield from draw_table([*columns, Column("FIRST LOST")], rows, stream)
    parts = []
    if len(alarms) > _SHOWN_ALARMS:
        more = len(alarms) - _SHOWN_ALARMS
        ring = "rings" if more == 1 else "ring"
        parts.append(f"{counted(more, 'more alarm')} {ring} otherwise (--format json lists them)")
    silent = sum(1 for one in alarms if one.before and not one.after)
    if silent:
        parts.append(f"{counted(silent, 'alarm')} would not ring any more")
    if other := len(report.alarms) - len(alarms):
        parts.append(f"{counted(other, 'alarm')} would ring as often, for another length of time")
    if report.alarms_unchanged or not parts:
        parts.append(f"{counted(report.alarms_unchanged, 'alarm')} would do the same at the same times")
    yield from paragraph("; ".join(parts) + ".", width)
    yield ""


def _first(alarm: AlarmLine) -> str:
    return alarm.lost[0].at[:16].replace("T", " ") + " UTC" if alarm.lost else ""


# ---------------------------------------------------------------- costs


def _draw_costs(report: SimulationReport, stream: Stream, width: int) -> Iterator[str]:
    costs = report.costs
    if costs.reason:
        yield from paragraph(f"No costs: {costs.reason}.", width)
        yield ""
        return
    if not costs.lines:
        return
    title = f"DOLLARS A MONTH{', ROUGHLY' if costs.is_rough else ''}, FROM {_span(costs.seconds)} OF RECORDS"
    arrow = stream.pick("→", "->")
    rows: list[list[str | Cell]] = [[_item(one, costs.home_region, arrow), *_amounts(one)] for one in costs.lines]
    rows.append([Cell("in all, as the only trail", "bold"), *_sums(costs.before, costs.after, costs.difference)])
    further = next((one for one in costs.lines if one.is_alternative), None)
    if further is not None and further.difference is not None:
        sums = (
            (costs.before + (further.before or 0), costs.after + (further.after or 0)),
            costs.difference + further.difference,
        )
        rows.append(["in all, beside another trail", *_sums(*sums[0], sums[1])])
    columns = [Column(title, wraps=True, least=24)]
    yield from draw_table(
        [*columns, *(Column(one, right=True) for one in ("BEFORE", "AFTER", "DIFFERENCE"))], rows, stream
    )
    for remark in _remarks(report):
        yield from paragraph(remark, width, indent="  ")
    yield ""


def _span(seconds: int) -> str:
    text = counted(round(seconds / _DAY), "day") if seconds >= 2 * _DAY else duration_text(seconds)
    return text.upper()


def _item(line: CostLine, home_region: str, arrow: str) -> str:
    quantities = f" {arrow} ".join(_quantity(one, line.unit) for one in (line.quantity_before, line.quantity_after))
    mark = " ?" if line.is_unsure else ""
    match line.row:
        case "ct-mgmt-first":
            words = "management events, first copy"
        case "ct-mgmt-more":
            words = "or a further copy of them"
        case "ct-data":
            words = "data events"
        case "ct-network":
            words = "network activity events"
        case _ if line.unit == "GB":
            words = f"log group in {home_region or 'an unknown region'}"
        case _:
            words = line.item
    return f"{words}{mark} ({quantities})"


def _quantity(number: float, unit: str) -> str:
    if unit == "GB":
        return bytes_text(number * 1e9)
    return "< 1" if 0 < number < 1 else count_text(round(number))


def _amounts(line: CostLine) -> list[str | Cell]:
    if line.before is None or line.after is None or line.difference is None:
        return ["", "", Cell("price unknown", "yellow")]
    return _sums(line.before, line.after, line.difference)


def _sums(before: float, after: float, difference: float) -> list[str | Cell]:
    return [money(before), money(after), money(difference, signed=True)]


def money(amount: float, *, signed: bool = False) -> str:
    """An amount in dollars and cents; below a cent `< $0.01` (prices.md, rule 14)."""
    sign = "-" if amount < 0 else "+" if signed and amount > 0 else ""
    if 0 < abs(amount) < 0.01:
        return f"{sign} < $0.01".lstrip()
    return f"{sign}${abs(amount):,.2f}"


def _remarks(report: SimulationReport) -> Iterator[str]:
    costs = report.costs
    unsure = (
        f"; {counted(costs.unsure_rows, 'row')} marked ? unverified" if costs.unsure_rows else "; no unverified row"
    )
    yield f"Prices of {costs.as_of}, US dollars, without tax and discounts{unsure}."
    if costs.unknown_prices:
        prices = "price is" if costs.unknown_prices == 1 else "prices are"
        yield f"{count_text(costs.unknown_prices)} {prices} unknown there and left out of the sums."
    if costs.is_rough:
        yield "The records cover less than a week: a month may well look different."
    if any(one.unit == "GB" for one in costs.lines):
        home = costs.home_region or "a region that no record names"
        yield f"The log group is taken to be in {home}, where most records are from."
        yield "Of what it takes in 5 GB a month are free, if nothing else uses them; keeping it is not counted."
