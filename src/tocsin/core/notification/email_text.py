"""The text of an alarm's mail: what happened first, how the alarm is defined last.

Rule: whoever is woken by it learns in the first lines who did what, from where and to which resource,
then what to do next; nothing in it is a raw record, and nothing from a record is more than text.
Spec: AL-17.6, AL-19.1, AL-19.3, AL-19.7, R-1 to R-3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.alarm.decision import decided_words
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.number_text import number_text
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.notification.alarm_link import alarm_link
from tocsin.core.notification.call import DONE
from tocsin.core.notification.folding import Folding
from tocsin.core.notification.headline import headline
from tocsin.core.notification.moment_text import long_moment, short_moment, span_of_moments
from tocsin.core.notification.region_name import region_name
from tocsin.core.notification.safe_line import safe_line, safe_name, unlinked
from tocsin.core.notification.state_change import StateChange
from tocsin.core.notification.subject import Occasion
from tocsin.core.notification.text_page import TextPage
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from tocsin.core.metric import MetricKey
    from tocsin.core.notification.folding import Fold

# Children of a composite alarm that are listed (AL-17.6).
_MOST_CHILDREN = 10

# Changes that were not told and are listed.
_MOST_UNTOLD = 20

# Decisive points that are listed.
_MOST_POINTS = 10

# Lines of a runbook, and of a description, that are printed.
_MOST_LINES = 40

# What may stand in a command that somebody is asked to copy.
_PLAIN_ID = re.compile(r"[0-9A-Za-z-]{1,64}\Z")

_COMPARED: Final = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanLowerOrGreaterThanUpperThreshold": "outside",
    "LessThanLowerThreshold": "below",
    "GreaterThanUpperThreshold": "above",
}

_MISSING: Final = {
    "missing": "missing (no data at all: INSUFFICIENT_DATA)",
    "ignore": "ignore (the state stays)",
    "breaching": "breaching (a missing datapoint counts against the threshold)",
    "notBreaching": "notBreaching (a missing datapoint counts as fine)",
}


class MailContent(msgspec.Struct, frozen=True, kw_only=True):
    """All that a mail is made of.

    `folding` is None for an alarm that no records stand behind. `rule` is the rule that the alarm was
    made from. `public_url` is where the console is reached, None for a link to AWS's.
    """

    alarm: MetricAlarm | CompositeAlarm
    change: StateChange
    folding: Folding | None = None
    rule: Rule | None = None
    public_url: str | None = None


def email_text(content: MailContent) -> str:
    """The plain text of the mail, lines of 72 columns ending in a line feed (AL-17.6)."""
    page = TextPage()
    _opening(page, content)
    if content.folding is not None and (content.folding.total or content.change.new is StateValue.ALARM):
        _events(page, content.folding)
    _children(page, content.change)
    if content.rule is not None and content.change.new is StateValue.ALARM:
        _next(page, content.rule)
    _details(page, content)
    if isinstance(content.alarm, MetricAlarm):
        _threshold(page, content.alarm, content.change)
        _metric(page, content.alarm)
    _actions(page, content.alarm)
    return page.text()


# ---------------------------------------------------------------- first lines


def _opening(page: TextPage, content: MailContent) -> None:
    """What happened in one sentence, then the alarm, its region, state and reason, the time, and the link."""
    alarm, change = content.alarm, content.change
    name = _quoted(alarm.alarm_name)
    told = headline(change, content.folding)
    if told:
        page.paragraph(f"{unlinked(told)}.")
        page.blank()
    region = region_name(change.scope.region)
    when = long_moment(change.at)
    if change.occasion in {Occasion.REMINDER, Occasion.SUMMARY}:
        became = f"is {'still ' if change.occasion is Occasion.REMINDER else ''}in {change.new}"
        when = when if change.told_at is None else f"{long_moment(change.told_at)}, since {when}"
    else:
        became = "would have gone to ALARM" if change.occasion is Occasion.LATE else f"went to {change.new}"
    reason = _quoted(change.reason, limit=2048)
    page.paragraph(f"The alarm {name} in {region} {became} on {when}: {reason}", limit=4096)
    if change.occasion is Occasion.LATE:
        page.paragraph("The data came late, after its periods had been evaluated, so the state was left as it is.")
    _untold(page, change)
    if change.after_mute_window:
        page.paragraph("A mute rule held this message back until now.")
    if change.contributor is not None:
        attributes = ", ".join(f"{key} = {value}" for key, value in change.contributor.attributes.items())
        page.item("Contributor", f"{change.contributor.id} {attributes}".strip())
    link = alarm_link(alarm.alarm_name, change.scope, content.public_url)
    if link:
        page.blank()
        page.verbatim(link)


def _untold(page: TextPage, change: StateChange) -> None:
    """Changes that no message has told of (AL-19.6): their number, and the latest of them."""
    total = len(change.untold) + change.untold_more
    if not total:
        return
    page.paragraph(f"{_number(total, 'change')} before that {'was' if total == 1 else 'were'} not told:")
    for one in change.untold[:_MOST_UNTOLD]:
        page.paragraph(f"{one.value} on {long_moment(one.at)}", indent=3, hang=2)
    more = total - len(change.untold[:_MOST_UNTOLD])
    if more:
        page.paragraph(f"and {_number(more, 'more change')}", indent=3)


# ---------------------------------------------------------------- events


def _events(page: TextPage, folding: Folding) -> None:
    page.heading("What happened")
    if not folding.total:
        page.paragraph("No record is known behind the datapoints that decided.")
        return
    span = "" if folding.first is None or folding.last is None else f", {span_of_moments(folding.first, folding.last)}"
    page.paragraph(f"{_number(folding.total, 'event')}{span}")
    facts = [_facts(fold) for fold in folding.folds]
    # What all of them share is said once: a mail that repeats itself is not read at night.
    shared = [fact for fact in (facts[0] if len(facts) > 1 else []) if all(fact in others for others in facts[1:])]
    if shared:
        page.blank()
        page.paragraph("The same in all that are listed:")
        for label, value in shared:
            page.item(label, value, indent=3)
    for place, (fold, told) in enumerate(zip(folding.folds, facts, strict=True), start=1):
        page.blank()
        page.paragraph(f"{place}. {_title(fold)}", hang=3)
        for fact in told:
            if fact not in shared:
                page.item(*fact, indent=3)
    _tails(page, folding)
    found = [fold.event_ids[0] for fold in folding.folds if fold.event_ids and _PLAIN_ID.match(fold.event_ids[0])]
    if found:
        page.blank()
        page.paragraph("The first of these, raw:")
        page.verbatim(f"tocsin grep '\"{found[0]}\"' ARCHIVE", indent=3)


def _title(fold: Fold) -> str:
    """`3 x ConsoleLogin (signin), failed`."""
    event = fold.event
    times = f"{fold.count:,} x " if fold.count > 1 else ""
    service = f" ({event.event_source.removesuffix('.amazonaws.com')})" if event.event_source else ""
    return unlinked(f"{times}{event.event_name or 'a call without a name'}{service}, {event.result}")


def _facts(fold: Fold) -> list[tuple[str, str]]:
    """What is told of a fold, in the order in which somebody asks; what the record does not say is left out."""
    event = fold.event
    others = {name: " (others differ)" if name in fold.varying else "" for name in ("user_agent", "error_message")}
    error = ": ".join(filter(None, (event.error_code, event.error_message)))
    told = (
        ("Who", event.who),
        ("From", event.source_address or "the record carries no address"),
        ("With", event.user_agent and f"{event.user_agent}{others['user_agent']}"),
        ("Resource", event.resource),
        *(("Change" if event.result == DONE else "Tried", change) for change in event.changes),
        ("Error", error and f"{error}{others['error_message']}"),
        ("MFA", event.mfa),
        ("Key", event.access_key and event.access_key + (" and others" if "access_key" in fold.varying else "")),
        ("Where", ", ".join(filter(None, (event.region, event.account and f"account {event.account}")))),
        ("When", span_of_moments(fold.first, fold.last)),
        ("Record", _ids(fold)),
    )
    return [(label, unlinked(value)) for label, value in told if value]


def _ids(fold: Fold) -> str:
    more = fold.count - len(fold.event_ids)
    if not fold.event_ids:
        return "the record carries no id"
    return ", ".join(fold.event_ids) + (f" and {more} more" if more else "")


def _tails(page: TextPage, folding: Folding) -> None:
    """Counts of what is not told in full."""
    left = folding.others + sum(tail.count for tail in folding.tails)
    if not left:
        return
    page.blank()
    page.paragraph(
        f"{'Besides' if folding.folds else 'Not listed'}: {_number(left, 'event')}" + ("" if folding.tails else ".")
    )
    for tail in folding.tails:
        result = "" if tail.result == DONE else f", {tail.result}"
        page.paragraph(unlinked(f"{tail.count:,} x {tail.event_name} by {tail.actor}{result}"), indent=3, hang=2)
    if folding.tails and folding.others:
        page.paragraph(f"{folding.others:,} others", indent=3)


# ---------------------------------------------------------------- what to do


def _next(page: TextPage, rule: Rule) -> None:
    page.heading("What to do next")
    page.paragraph(f"{rule.title or rule.name}, severity {rule.severity}. {rule.why}".strip())
    page.paragraphs(rule.runbook, most=_MOST_LINES)
    if rule.false_positives:
        page.item("Often harmless", rule.false_positives)
    page.paragraph(
        f"Expected, and to be left out from now on: add an exclusion with a reason (except:) to rule {rule.name}."
    )


# ---------------------------------------------------------------- details


def _details(page: TextPage, content: MailContent) -> None:
    alarm, change = content.alarm, content.change
    page.heading("Details")
    page.item("Name", alarm.alarm_name)
    _description(page, alarm.alarm_description)
    page.item("State", f"{change.old} -> {change.new}")
    if isinstance(alarm, CompositeAlarm):
        page.item("Rule", alarm.alarm_rule.source, limit=12_000)
    page.item("Reason", change.reason)
    if change.rule:
        words = decided_words(change.rule)
        page.item("Decided by", f"{change.rule} (AL-7){f': {words}' if words else ''}")
    for start, value in change.points[:_MOST_POINTS]:
        page.item("Datapoint", f"{number_text(value)} from {short_moment(second_of(start))}{_samples(change, start)}")
    more = len(change.points) - _MOST_POINTS
    if more > 0:
        page.paragraph(f"and {_number(more, 'more datapoint')}")
    page.item("Time", long_moment(change.at))
    page.item("Account", change.scope.account)
    page.verbatim(f"ARN: {change.scope.arn(alarm.alarm_name)}")


def _description(page: TextPage, description: str | None) -> None:
    lines = [line for line in (description or "").splitlines() if line.strip()]
    if not lines:
        page.item("Description", "none")
        return
    page.item("Description", lines[0])
    for line in lines[1:_MOST_LINES]:
        page.paragraph(line, indent=2)


def _samples(change: StateChange, start: object) -> str:
    """How many samples a datapoint is made of, as the evaluation saw them (AL-19.7)."""
    for slot in change.slots:
        if slot.start == start and slot.sample_count is not None:
            return f" ({_number(slot.sample_count, 'sample')})"
    return ""


def _children(page: TextPage, change: StateChange) -> None:
    if not change.children:
        return
    page.heading("Triggering alarms")
    for child in change.children[:_MOST_CHILDREN]:
        page.paragraph(f"{safe_name(name_in(child.arn))} is {child.state} since {long_moment(child.at)}", hang=2)
    more = len(change.children) - _MOST_CHILDREN
    if more > 0:
        page.paragraph(f"and {_number(more, 'more alarm')}")


def _threshold(page: TextPage, alarm: MetricAlarm, change: StateChange) -> None:
    page.heading("Threshold")
    compared = _COMPARED[alarm.comparison_operator]
    if alarm.threshold is None:
        bound = f"the band {safe_name(alarm.threshold_metric_id or '')}"
    else:
        bound = number_text(alarm.threshold)
    periods = f"{alarm.points_to_alarm} of the last {_number(alarm.evaluation_periods, 'period')}"
    page.paragraph(f"In ALARM when the value is {compared} {bound} in at least {periods} of {alarm.period} seconds.")
    page.item("Operator", alarm.comparison_operator.value)
    page.item("Missing data", _MISSING[alarm.missing_data])
    if alarm.evaluate_low_sample_count_percentile:
        page.item("Percentiles over few samples", alarm.evaluate_low_sample_count_percentile)
    if change.evaluation_range is not None:
        page.item("Looked at", _number(change.evaluation_range, "period"))


def _metric(page: TextPage, alarm: MetricAlarm) -> None:
    page.heading("Monitored metric")
    if alarm.key is not None and alarm.statistic is not None:
        _key(page, alarm.key, alarm.period, alarm.statistic.source, alarm.unit)
    for query in alarm.metrics:
        label = f" ({query.label})" if query.label else ""
        if query.expression is not None:
            page.item(f"{query.id}{label}", query.expression)
        if query.metric_stat is not None:
            stat = query.metric_stat
            page.paragraph(f"{query.id}{label}:")
            _key(page, stat.key, stat.period, stat.stat.source, stat.unit, indent=2)


def _key(page: TextPage, key: MetricKey, period: int, statistic: str, unit: str | None, *, indent: int = 0) -> None:
    dimensions = ", ".join(f"{name} = {value}" for name, value in key.dimensions)
    page.item("Namespace", key.namespace, indent=indent)
    page.item("Name", key.metric_name, indent=indent)
    page.item("Dimensions", f"[{dimensions}]", indent=indent, limit=8192)
    page.item("Period", f"{period} seconds", indent=indent)
    page.item("Statistic", statistic, indent=indent)
    page.item("Unit", unit or "not specified", indent=indent)


def _actions(page: TextPage, alarm: MetricAlarm | CompositeAlarm) -> None:
    page.heading("State change actions")
    if not alarm.actions_enabled:
        page.paragraph("The actions of this alarm are disabled.")
    for state, actions in (
        ("OK", alarm.ok_actions),
        ("ALARM", alarm.alarm_actions),
        ("INSUFFICIENT_DATA", alarm.insufficient_data_actions),
    ):
        page.item(state, " ".join(actions) or "none", limit=8192)


# ---------------------------------------------------------------- words


def _quoted(text: str, *, limit: int = 256) -> str:
    return f'"{safe_line(text, limit)}"'


def _number(count: float, noun: str) -> str:
    """A count with its noun: `1 event`, `5,020 events`."""
    shown = f"{int(count):,}" if float(count).is_integer() else number_text(count)
    return f"{shown} {noun}{'' if count == 1 else 's'}"
