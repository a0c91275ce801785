"""Rules: the packs, one pack, one rule. Spec: CON-4.10 (Rules), IF-7.

rules              packs, filters of each group       app.rule_survey -> rules.html
rules/{pack}       its rules as they stand            app.rule_survey -> rule_pack.html
rules/{pack}/{id}  why, pattern, alarm, tests, days   app.rule_survey, app.match_count -> rule.html

What switches rules on and off stands in `rule_switch`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.app.exclusion_example import exclusion_example
from tocsin.app.log_group import GROUPS
from tocsin.app.match_count import count_matches
from tocsin.app.metric_filter import MOST_FILTERS
from tocsin.app.rule_catalogue import tested
from tocsin.app.rule_survey import RuleSurvey, Switch
from tocsin.app.rule_switch import parameters_of
from tocsin.app.rule_words import alarm_words, controls_text, cost_words, look_alikes, runbook_steps
from tocsin.console.answer import NoSuchPageError, Page
from tocsin.console.charts.event_lane import event_lane
from tocsin.console.charts.tick_row import tick_row
from tocsin.console.charts.time_axis import Tick, Window
from tocsin.console.event_row import event_row
from tocsin.console.moment import from_epoch
from tocsin.console.route import page
from tocsin.console.rule_form import choices, equal_context, filled, shipped_rules, today_of
from tocsin.core.exclusion import is_expired
from tocsin.core.log_event import EventPlace
from tocsin.core.nearest import nearest
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.words import pattern_lines, pattern_words
from tocsin.core.rule import RuleSeverity
from tocsin.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from tocsin.app.match_count import MatchCount
    from tocsin.app.rule_catalogue import Pack, ShippedRules
    from tocsin.app.rule_survey import RuleStanding
    from tocsin.console.answer import Answer
    from tocsin.console.charts.event_lane import Lane
    from tocsin.console.visit import Visit
    from tocsin.core.rule import Exclusion, Rule

DAYS = 14
_DAY = 86_400
_EXAMPLE_LASTS = timedelta(days=90)

CRUMB = "Rules"
_PACK_WORDS = {
    "article": "Six things to watch first: sign-in failures, security groups, IAM policies, and a trail being stopped.",
    "cis": "The monitoring chapter of the CIS AWS Foundations Benchmark, with the texts that Security Hub wants.",
    "baseline": "Attacks and mistakes that are worth an alarm, from logging to data and services.",
    "self-protection": "Whatever would make this chain of alarms blind, dumb or late.",
}
_SEVERITIES = [severity.value for severity in reversed(RuleSeverity)]


class PackLine(NamedTuple):
    """A pack in the list: how many of its rules are on, are on in part, and reach somebody."""

    pack: Pack
    words: str
    on: int
    part: int
    heard: int
    severities: list[tuple[str, int]]


class GroupLine(NamedTuple):
    """A log group with the filters that it has of the hundred that it takes."""

    name: str
    filters: int
    on: int


# ---------------------------------------------------------------- packs


def rule_packs(visit: Visit) -> Answer:
    """Every pack, and what the log groups have room for."""
    shipped = shipped_rules(visit)
    with visit.service.store.read() as store:
        survey = RuleSurvey(visit.service, store, visit.scope)
        standings = {one.rule.name: one for one in survey.standings(shipped.rules)}
        names = [name for name, _ in GROUPS.scan(store, visit.scope)]
    groups = [
        GroupLine(name, survey.filters_in(name), sum(_is_on_in(one, name) for one in standings.values()))
        for name in names
    ]
    packs = [_pack_line(pack, standings) for pack in shipped.packs]
    context = {
        "packs": packs,
        "groups": groups,
        "most_filters": MOST_FILTERS,
        "on": sum(one.on for one in packs),
        "of": len(shipped.rules),
        "heard": sum(one.heard for one in packs),
        "problems_of_packs": [one for one in shipped.found.findings if one.severity == "error"],
    }
    return Page("rules.html", CRUMB, context)


def _pack_line(pack: Pack, standings: dict[str, RuleStanding]) -> PackLine:
    of_pack = [standings[rule.name] for rule in pack.rules]
    counts = [(severity, sum(rule.severity == severity for rule in pack.rules)) for severity in _SEVERITIES]
    return PackLine(
        pack=pack,
        words=_PACK_WORDS.get(pack.name, ""),
        on=sum(one.switch is Switch.ON for one in of_pack),
        part=sum(one.switch is Switch.PART for one in of_pack),
        heard=sum(one.switch is Switch.ON and is_heard(one) for one in of_pack),
        severities=[(severity, count) for severity, count in counts if count],
    )


def _is_on_in(standing: RuleStanding, group: str) -> bool:
    return any(one.group == group and one.watchers and one.fit.fit.is_equal for one in standing.counting)


def is_heard(standing: RuleStanding) -> bool:
    """Whether somebody is told when a rule's alarm rings."""
    return any(not one.reach.why_not for one in standing.watchers)


def rule_pack(visit: Visit) -> Answer:
    """The rules of a pack as they stand."""
    shipped = shipped_rules(visit)
    pack = pack_named(visit, shipped)
    with visit.service.store.read() as store:
        standings = RuleSurvey(visit.service, store, visit.scope).standings(pack.rules)
    standings.sort(key=lambda one: (_SEVERITIES.index(one.rule.severity), one.rule.id))
    left = [one for one in standings if one.switch is not Switch.ON]
    context = {
        "pack": pack,
        "words": _PACK_WORDS.get(pack.name, ""),
        "standings": standings,
        "on": len(standings) - len(left),
        "left": left,
        "controls_text": controls_text,
        **choices(visit),
    }
    return Page("rule_pack.html", pack.name, context, crumbs=[(CRUMB, visit.url("rules"))])


# ---------------------------------------------------------------- one rule


def rule_page(visit: Visit) -> Answer:
    """One rule: what it is for, how it stands, what its tests say, what it has matched."""
    shipped = shipped_rules(visit)
    rule = rule_named(visit, shipped)
    with visit.service.store.read() as store:
        standing = RuleSurvey(visit.service, store, visit.scope).standing(rule)
    chosen = choices(visit, standing)
    today = today_of(visit)
    context = {
        "rule": rule,
        "standing": standing,
        "is_heard": is_heard(standing),
        "alarm_words": alarm_words(rule) if rule.alarm is not None else _composite_words(rule),
        "controls": controls_text(rule),
        "catalogue": rule.references.get("tocsin", []),
        "cost": cost_words(rule),
        "steps": runbook_steps(rule),
        "quiet": look_alikes(rule),
        "exclusions": [(one, is_expired(one, today), _until(one)) for one in rule.exclusions],
        "example": _example_text(exclusion_example(rule, expires=today + _EXAMPLE_LASTS)),
        "tests": tested(visit.service, shipped, rule),
        **_pattern_context(rule),
        "parameters": parameters_of(rule),
        "own": _own_places(rule, standing),
        **chosen,
        **equal_context(visit, shipped, filled(visit, rule), chosen["group"], chosen["topic"]),
        **_matches_context(visit, rule, chosen["group"]),
    }
    crumbs = [(CRUMB, visit.url("rules"))]
    if rule.pack:
        crumbs.append((rule.pack, visit.url("rules", rule.pack)))
    return Page("rule.html", rule.title or rule.id, context, crumbs=crumbs)


def _own_places(rule: Rule, standing: RuleStanding) -> list[str]:
    """The groups in which a filter of the rule's own name counts; one without a name for its composite alarm."""
    if rule.composite is not None:
        return [""] if standing.composite is not None and standing.composite.rule == rule.name else []
    own = rule.filter.filter_name if rule.filter is not None else ""
    return [one.group for one in standing.filters if one.name == own]


def _composite_words(rule: Rule) -> str:
    return f"When {rule.composite['AlarmRule']}" if rule.composite else "It has no alarm: it counts."


def _until(exclusion: Exclusion) -> str:
    return f"until {exclusion.expires}" if exclusion.expires else "without an end"


def _example_text(example: Exclusion | None) -> str:
    """An exclusion as it is written into a copy of the rule."""
    if example is None:
        return ""
    return (
        f"except:\n  - name: {example.name}\n    when: '{example.when}'\n    reason: {example.reason}\n"
        f"    author: {example.author}\n    expires: {example.expires}\n"
    )


def _pattern_context(rule: Rule) -> dict[str, Any]:
    if rule.filter is None:
        return {"pattern": "", "lines": [], "words": [], "names": []}
    pattern = FilterPattern.parse(rule.effective_pattern or rule.filter.filter_pattern)
    return {
        "pattern": rule.filter.filter_pattern,
        "lines": pattern_lines(pattern.tree),
        "words": pattern_words(pattern.tree),
        "names": sorted(pattern.index_keys or ()),
    }


# ---------------------------------------------------------------- what it has matched


def _matches_context(visit: Visit, rule: Rule, group: str) -> dict[str, Any]:
    """The matches of the last fourteen days in a group, as far as the budget goes (CON-4.0, B)."""
    if rule.filter is None or not group:
        return {"matches": None, "unread": ""}
    zone = visit.clock.zone
    edges = day_edges(visit.at, DAYS, zone)
    before = _place(visit.query("before"))
    try:
        found = count_matches(
            visit.service,
            visit.scope,
            rule.effective_pattern or rule.filter.filter_pattern,
            group=group,
            edges=[edge * 1000 for edge in edges],
            before=before,
        )
    except StoreError as error:  # of what is known without them nothing is held back
        return {"matches": None, "unread": error.message}
    return {
        "matches": found,
        "unread": "",
        "days": _day_counts(found, edges),
        "lane": _lane(visit, found, edges, zone),
        "ticks": tick_row(_day_ticks(visit, edges)),
        "events": [event_row(visit, one) for one in found.newest],
        "searched_back_to": None if found.searched_back_to is None else from_epoch(found.searched_back_to.timestamp),
        "searched_from": None if before is None else from_epoch(before.timestamp),
        "further": "" if found.searched_back_to is None else "{}.{}".format(*found.searched_back_to),
        "moment_of": from_epoch,
    }


def day_edges(at: datetime, days: int, zone: tzinfo) -> list[int]:
    """Bounds of so many days, in seconds since the epoch: the last one ends with today, where the reader is."""
    today = at.astimezone(zone).date()
    return [
        int(datetime.combine(today + timedelta(days=number), datetime.min.time(), tzinfo=zone).timestamp())
        for number in range(1 - days, 2)
    ]


def _day_counts(found: MatchCount, edges: Sequence[int]) -> list[tuple[datetime, int | None]]:
    """The count of each day, the newest first; None for one that was not searched in full."""
    reached = 0 if found.searched_back_to is None else found.searched_back_to.timestamp
    counted = zip(edges, edges[1:], found.counts, strict=False)
    days = [
        (from_epoch(start * 1000), count if start * 1000 >= reached or count else None) for start, _, count in counted
    ]
    return days[::-1]


def _lane(visit: Visit, found: MatchCount, edges: Sequence[int], zone: tzinfo) -> Lane:
    days = [
        (int(at.timestamp()), None if count is None else float(count))
        for at, count in reversed(_day_counts(found, edges))
    ]
    window = Window(edges[0], edges[-1])
    now = int(visit.at.timestamp())
    return event_lane(window, days, width=_DAY, now=now, zone=zone, words="Matches a day")


def _day_ticks(visit: Visit, edges: Sequence[int]) -> list[Tick]:
    """Every third day, below the middle of its column."""
    days = len(edges) - 1
    places = range((days - 1) % 3, days, 3)
    label = [visit.clock.day(from_epoch(edges[place] * 1000)).rpartition(" ")[0] for place in places]
    return [Tick(edges[place], (place + 0.5) / days, text) for place, text in zip(places, label, strict=True)]


def _place(text: str) -> EventPlace | None:
    timestamp, _, sequence = text.partition(".")
    return EventPlace(int(timestamp), int(sequence)) if timestamp.isdecimal() and sequence.isdecimal() else None


# ---------------------------------------------------------------- finding


def pack_named(visit: Visit, shipped: ShippedRules) -> Pack:
    """The pack that the form or the address names; where there is none, the nearest name."""
    name = visit.form.get("pack") or visit.path.get("pack", "")
    try:
        return shipped.pack(name)
    except NotFoundError:
        near = nearest(name, [pack.name for pack in shipped.packs])
        links = [] if near is None else [(near, visit.url("rules", near))]
        raise NoSuchPageError(f"There is no pack {name}", nearest=links) from None


def rule_named(visit: Visit, shipped: ShippedRules) -> Rule:
    """The rule that the form or the address names; where there is none, the nearest name."""
    in_path = f"{visit.path['pack']}/{visit.path['id']}" if "id" in visit.path else ""
    name = visit.form.get("rule") or visit.query("rule") or in_path
    try:
        return shipped.entry(name).rule
    except NotFoundError:
        near = nearest(name, [rule.name for rule in shipped.rules])
        links = [] if near is None else [(near, visit.url("rules", near))]
        raise NoSuchPageError(f"There is no rule {name}", nearest=links) from None


ROUTES = (
    page("rules", rule_packs),
    page("rules/{pack}", rule_pack),
    page("rules/{pack}/{id}", rule_page),
)
