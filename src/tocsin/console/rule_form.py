"""What the forms choose from that switch rules on, and the calls that they come to. Spec: CON-4.10 (Rules), CON-7.8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.log_group import GROUPS
from tocsin.app.metric_filter import FILTERS, MOST_FILTERS
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.rule_switch import calls_on, find_switched, parameters_of
from tocsin.app.topic_reading import list_topic_lines
from tocsin.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    from tocsin.app.rule_catalogue import ShippedRules
    from tocsin.app.rule_survey import RuleStanding
    from tocsin.app.topic_reading import TopicLine
    from tocsin.console.visit import Visit
    from tocsin.core.aws_call import AwsCall
    from tocsin.core.rule import Rule

_MOST_TOPICS = 1_000


def shipped_rules(visit: Visit) -> ShippedRules:
    """The rules as they are today."""
    return visit.service.part(RuleCatalogue).on(today_of(visit))


def today_of(visit: Visit) -> date:
    """The day for which exclusions count: that of UTC."""
    return visit.at.date()


def choices(visit: Visit, standing: RuleStanding | None = None) -> dict[str, Any]:
    """Log groups and topics to choose from, and those that are chosen: as asked for, else the likeliest.

    That is the group in which the rule is on, else the one that has the most filters; the topic that most people hear.
    """
    with visit.service.store.read() as store:
        groups = [name for name, _ in GROUPS.scan(store, visit.scope)]
        filters = {name: store.count(FILTERS.kind, visit.scope, prefix=f"{name}\0") for name in groups}
    topics = list_topic_lines(visit.service, visit.scope, limit=_MOST_TOPICS)[0]
    on = [one.group for one in standing.filters] if standing is not None else []
    likely = [*on, *sorted(groups, key=lambda name: -filters[name])]
    asked = visit.form.get("group") or visit.query("group")
    heard = max(topics, key=lambda one: one.counts.hearing, default=None)
    return {
        "groups": groups,
        "group": asked if asked in groups else next(iter(likely), ""),
        "topics": [*((one.arn, _topic_text(one)) for one in topics), ("", "nobody: the alarm rings unheard")],
        "topic": visit.form.get("topic") if "topic" in visit.form else ("" if heard is None else heard.arn),
        "filters_in": filters,
        "most_filters": MOST_FILTERS,
        "has_topics": bool(topics),
    }


def _topic_text(line: TopicLine) -> str:
    hearing = line.counts.hearing
    people = "nobody hears it" if not hearing else "1 person hears it" if hearing == 1 else f"{hearing} people hear it"
    return f"{line.topic.name} ({people})"


def filled(visit: Visit, rule: Rule) -> Rule:
    """The rule with the values that were typed for its parameters."""
    typed = {name: visit.form.get(f"p-{name}") for name in parameters_of(rule) if f"p-{name}" in visit.form}
    return msgspec.structs.replace(rule, params={**rule.params, **typed})


def switching_on(
    visit: Visit, shipped: ShippedRules, rule: Rule, *, group: str, topic: str, replaces: bool = False
) -> tuple[AwsCall, ...]:
    """The calls that switch a rule on. Raises as `calls_on`."""
    with visit.service.store.read() as store:
        switched = find_switched(store, visit.scope, rule, group)
    return calls_on(
        rule,
        switched,
        group=group,
        topic=topic,
        clauses=shipped.clauses,
        at=today_of(visit),
        replaces=replaces,
    )


def equal_context(visit: Visit, shipped: ShippedRules, rule: Rule, group: str, topic: str) -> dict[str, Any]:
    """What `_equal.html` shows: the calls that switch a rule on, or why there are none."""
    try:
        return {"calls": switching_on(visit, shipped, rule, group=group, topic=topic, replaces=True), "problem": ""}
    except InputError as error:
        return {"calls": (), "problem": error.message}
