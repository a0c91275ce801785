"""Switching rules on and off. Spec: CON-4.10 (Rules), IF-7, CON-7.6 to CON-7.8.

do/switch-rule-on, do/switch-pack-on    app.rule_switch -> visit.call: PutMetricFilter, PutMetricAlarm
confirm/switch-rule-off                 what goes with it, in numbers
do/switch-rule-off, do/put-rule-back    visit.call: DeleteAlarms, DeleteMetricFilter, and back
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_history import alarm_history
from tocsin.app.rule_survey import RuleSurvey, Switch
from tocsin.app.rule_switch import NameTakenError, alarm_name, calls_back, calls_off, find_switched, parameters_of
from tocsin.console.answer import ApiRefusalError, FormProblemError, Fragment, Page, Redirect, Undo
from tocsin.console.route import action, page
from tocsin.console.rule_form import equal_context, filled, shipped_rules, switching_on
from tocsin.console.views.rules import CRUMB, pack_named, rule_named, rule_pack, rule_page
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.aws_call import AwsCall
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.alarm_reach import Listener
    from tocsin.app.rule_switch import Switched
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.rule import Rule

_MOST_RINGS = 1_000
_MOST_REFUSALS = 5

# What `put-rule-back` may call.
_BACK = {("logs", "PutMetricFilter"), ("cloudwatch", "PutMetricAlarm"), ("cloudwatch", "PutCompositeAlarm")}


# ---------------------------------------------------------------- on


def preview_on(visit: Visit) -> Answer:
    """The calls that the form would make, while it is being filled in."""
    shipped = shipped_rules(visit)
    rule = filled(visit, rule_named(visit, shipped))
    return Fragment(
        "rule/_equal.html",
        {"visit": visit, **equal_context(visit, shipped, rule, visit.form.get("group"), visit.form.get("topic"))},
    )


def switch_on(visit: Visit) -> Answer:
    """Switch a rule on in a log group, telling a topic."""
    shipped = shipped_rules(visit)
    rule = filled(visit, rule_named(visit, shipped))
    group, topic = visit.form.get("group"), visit.form.get("topic")
    if rule.composite is None and not group:
        raise FormProblemError({"group": "Choose the log group whose records count."})
    missing = [name for name in parameters_of(rule) if not rule.params.get(name)]
    if missing:
        raise FormProblemError({f"p-{name}": f"{name} needs a value." for name in missing})
    try:
        calls = switching_on(visit, shipped, rule, group=group, topic=topic, replaces=bool(visit.form.get("replace")))
    except NameTakenError as error:
        field = "replace" if "filter" in error.message else ""
        raise FormProblemError({field: f"{_sentence(error.message)} {_sentence(error.hint)}"}) from None
    _make(visit, calls)
    where = f" in {group}" if group else ""
    return Redirect(visit.url("rules", rule.name), told=f"Switched on{where}. {_who(visit, rule)}")


def switch_pack_on(visit: Visit) -> Answer:
    """Switch every rule of a pack on that is not, one after the other; what is refused holds up no other."""
    shipped = shipped_rules(visit)
    pack = pack_named(visit, shipped)
    group, topic = visit.form.get("group"), visit.form.get("topic")
    if not group:
        raise FormProblemError({"group": "Choose the log group whose records count."})
    with visit.service.store.read() as store:
        survey = RuleSurvey(visit.service, store, visit.scope)
        left = [one.rule for one in survey.standings(pack.rules) if one.switch is not Switch.ON]
    refused: list[str] = []
    for rule in left:
        try:
            _make(visit, switching_on(visit, shipped, rule, group=group, topic=topic))
        except (ApiRefusalError, InputError) as error:
            refused.append(f"{rule.id} ({getattr(error, 'message', error)})")
    done = len(left) - len(refused)
    told = f"{done} of {len(left)} rules switched on in {group}."
    if refused:
        more = f" and {len(refused) - _MOST_REFUSALS} more" if len(refused) > _MOST_REFUSALS else ""
        told = f"{told} Not: {'; '.join(refused[:_MOST_REFUSALS])}{more}."
    return Redirect(visit.url("rules", pack.name), told=told)


def _make(visit: Visit, calls: Sequence[AwsCall]) -> None:
    for call in calls:
        visit.call(call.service, call.operation, call.parameters)


def _who(visit: Visit, rule: Rule) -> str:
    """Who is told by a rule's alarm now."""
    told = _listeners(visit, rule)
    if not told:
        return "Nobody is told when it rings."
    return f"{told[0].endpoint} is told." if len(told) == 1 else f"{len(told)} people or endpoints are told."


def _listeners(visit: Visit, rule: Rule) -> list[Listener]:
    """Whom the alarm of a rule's own name tells."""
    with visit.service.store.read() as store:
        standing = RuleSurvey(visit.service, store, visit.scope).standing(rule)
    found = next((one for one in standing.watchers if one.name == alarm_name(rule)), None)
    return [] if found is None else list(found.reach.listeners)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


# ---------------------------------------------------------------- off


def confirm_off(visit: Visit) -> Answer:
    """What goes with a rule, before it goes (CON-7.6)."""
    shipped = shipped_rules(visit)
    rule = rule_named(visit, shipped)
    group = visit.form.get("group") or visit.query("group")
    switched = _switched(visit, rule, group)
    goes = switched.alarm is not None and not switched.elsewhere
    context = {
        "rule": rule,
        "group": group,
        "switched": switched,
        "alarm": alarm_name(rule),
        "goes": goes,
        "rang": _rang(visit, alarm_name(rule)) if goes else 0,
        "unheard": _listeners(visit, rule) if goes else [],
        "calls": calls_off(rule, switched, group=group),
    }
    crumbs = [(CRUMB, visit.url("rules")), (rule.name, visit.url("rules", rule.name))]
    return Page("rule_off.html", "Switch off", context, crumbs=crumbs, section="rules")


def switch_off(visit: Visit) -> Answer:
    """Switch a rule off. Where somebody would no longer be told its name has to be typed."""
    rule = rule_named(visit, shipped_rules(visit))
    group = visit.form.get("group")
    switched = _switched(visit, rule, group)
    calls = calls_off(rule, switched, group=group)
    if not calls:
        raise FormProblemError({"": "Nothing of this rule's own is here any more."})
    goes = switched.alarm is not None and not switched.elsewhere
    if goes and _listeners(visit, rule) and visit.form.get("typed") != rule.name:
        raise FormProblemError({"typed": f"Type {rule.name} to switch it off."})
    back = msgspec.json.encode(calls_back(rule, switched, group=group)).decode()
    _make(visit, calls)
    return Redirect(
        visit.url("rules", rule.name),
        told="Switched off." if goes else f"Not counted in {group} any more.",
        undo=Undo("put-rule-back", {"rule": rule.name, "calls": back}),
    )


def put_back(visit: Visit) -> Answer:
    """Take a switching-off back: the definitions as they were."""
    rule = rule_named(visit, shipped_rules(visit))
    try:
        calls = msgspec.json.decode(visit.form.exact("calls"), type=tuple[AwsCall, ...])
    except msgspec.MsgspecError:
        raise FormProblemError({"": "This form was not sent as it was made."}) from None
    if any((call.service, call.operation) not in _BACK for call in calls):
        raise FormProblemError({"": "This form was not sent as it was made."})
    _make(visit, calls)
    told = f"Switched on again, as it was. Its state and its history do not come back. {_who(visit, rule)}"
    return Redirect(visit.url("rules", rule.name), told=told)


def _switched(visit: Visit, rule: Rule, group: str) -> Switched:
    with visit.service.store.read() as store:
        return find_switched(store, visit.scope, rule, group)


def _rang(visit: Visit, name: str) -> int:
    """How often an alarm went to ALARM in the time that history is kept."""
    changes, _ = alarm_history(
        visit.service, visit.scope, alarm_name=name, item_type=HistoryItemType.STATE_UPDATE, limit=_MOST_RINGS
    )
    return sum(item.history_summary.endswith(" to ALARM") for _, item in changes)


ROUTES = (
    page("confirm/switch-rule-off", confirm_off),
    action("preview-rule-on", preview_on, role="viewer"),
    action("switch-rule-on", switch_on, form=rule_page),
    action("switch-pack-on", switch_pack_on, form=rule_pack),
    action("switch-rule-off", switch_off, form=confirm_off),
    action("put-rule-back", put_back),
)
