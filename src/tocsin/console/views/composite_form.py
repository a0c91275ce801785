"""Making and changing a composite alarm: its rule, what that comes to, what it would have done. Spec: CON-4.8, CON-7.5.

new/composite, edit/composite/NAME  the form and a preview     console.composite_form, _trial -> composite_form.html
do/preview-composite                the preview alone          app.composite_preview -> composite_form/_trial.html
do/write-composite-rule             the rule of chosen alarms  core.composite_alarm.ringing_rule -> the form
do/put-composite                    PutCompositeAlarm, tags    console.alarm_saving; a conflict shows conflict.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.alarm_board import AlarmBoards
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn
from tocsin.app.pattern_trial import TrialGate
from tocsin.app.resource_tag import get_tags
from tocsin.console.action_choice import action_rows
from tocsin.console.alarm_form import ACTIONS, SEVERITIES
from tocsin.console.alarm_saving import CRUMB, conflict_page, opened_with, put_calls
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect
from tocsin.console.composite_form import (
    LABELS,
    USUAL_SECONDS,
    fields_of,
    fields_sent,
    first_fields,
    parameters_of,
)
from tocsin.console.composite_trial import absences, composite_of_form, trial_context
from tocsin.console.edit_conflict import packed, version_of
from tocsin.console.route import action, page
from tocsin.console.visit import Form
from tocsin.core.alarm_severity import SEVERITY
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.ringing_rule import HowMany, ringing_rule
from tocsin.core.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_MOST_ALARMS: Final = 200
_OPERATION: Final = "PutCompositeAlarm"
_TOO_MANY: Final = "More than 10 previews a second: this one was left out. Press Preview for an answer."
_HOW_MANY: Final = [
    (HowMany.ANY.value, "any of them rings"),
    (HowMany.TWO.value, "at least 2 of them ring"),
    (HowMany.ALL.value, "all of them ring"),
]


# ---------------------------------------------------------------- the form


def new_composite(visit: Visit) -> Answer:
    """The form of a composite that is not there yet: empty, a copy, or over the alarms that the address names."""
    name, fields = visit.form.get("name"), fields_sent(visit.form)
    if not visit.form:
        name, fields = _begun(visit)
    context = _context(visit, fields, name=name, stored=None)
    crumbs = [(CRUMB, visit.url("alarms"))]
    return Page("composite_form.html", "New composite alarm", context, crumbs=crumbs, section="alarms")


def _begun(visit: Visit) -> tuple[str, dict[str, str]]:
    copied = visit.query("copy")
    if not copied:
        return "", first_fields() | {"rule": _over(visit.queries("child"), HowMany.ANY)}
    with visit.service.store.read() as store:
        stored = _stored(store, visit, copied)
    if stored is None:
        raise NoSuchPageError(f"There is no composite alarm {copied}")
    return f"{copied}-copy", stored


def _over(names: Sequence[str], how_many: HowMany) -> str:
    return ringing_rule(list(dict.fromkeys(names)), how_many) if names else ""


def edit_composite(visit: Visit) -> Answer:
    """The form of a composite that is there; a metric alarm has a form of its own."""
    name = visit.form.get("name") or visit.name()
    with visit.service.store.read() as store:
        if METRIC_ALARMS.get(store, visit.scope, name) is not None:
            return Redirect(visit.url("edit/alarm", name))
        stored = _stored(store, visit, name)
        names = [one for one, _ in COMPOSITES.scan(store, visit.scope)]
    if stored is None:
        near = nearest(name, names)
        links = [(near, visit.url("edit/composite", near))] if near is not None else []
        raise NoSuchPageError(f"There is no composite alarm {name}", nearest=links)
    fields = fields_sent(visit.form) if visit.form else stored
    context = _context(visit, fields, name=name, stored=stored)
    crumbs = [(CRUMB, visit.url("alarms")), (name, visit.url("alarms", name))]
    return Page("composite_form.html", "Edit", context, crumbs=crumbs, section="alarms")


def composite_form(visit: Visit) -> Answer:
    """The form that a form came from."""
    return edit_composite(visit) if visit.form.get("version") else new_composite(visit)


def _stored(store: StoreReader, visit: Visit, name: str) -> dict[str, str] | None:
    """The fields of a composite as it is kept; None where there is none."""
    kept = COMPOSITES.get(store, visit.scope, name)
    if kept is None:
        return None
    tags = get_tags(store, visit.scope, alarm_arn(visit.scope, name))
    return fields_of(kept.parameters, severity=tags.get(SEVERITY, ""))


def _context(visit: Visit, fields: Mapping[str, str], *, name: str, stored: Mapping[str, str] | None) -> dict[str, Any]:
    with visit.service.store.read() as store:
        board = visit.service.part(AlarmBoards).of(store, visit.scope, now=visit.service.now_ms())
    alarms = sorted((line for line in board.lines if line.name != name), key=lambda line: line.name)
    return {
        "fields": fields,
        "name": name,
        "is_new": stored is None,
        "alarms": alarms[:_MOST_ALARMS],
        "more_alarms": len(alarms) > _MOST_ALARMS,
        "chosen": set(visit.form.all("child") or visit.queries("child")),
        "how_many": _HOW_MANY,
        "usual": USUAL_SECONDS,
        "severities": SEVERITIES,
        "actions": action_rows(visit, fields),
        "lists": ACTIONS,
        "version": "" if stored is None else visit.form.get("version") or version_of(stored),
        "base": "" if stored is None else visit.form.exact("base") or packed(stored),
        **_trial(visit, fields, name=name, before=opened_with(visit) or stored),
    }


# ---------------------------------------------------------------- the preview


def preview(visit: Visit) -> Answer:
    """The preview of what was typed: the part of the page alone for the script, else the whole page."""
    if visit.request.header("x-tocsin-live") is None:
        return composite_form(visit)
    if not visit.service.part(TrialGate).admits(visit.visitor.name):
        return Fragment("filter/_busy.html", {"text": _TOO_MANY})
    fields, name = fields_sent(visit.form), visit.form.get("name")
    context = _trial(visit, fields, name=name, before=opened_with(visit))
    return Fragment("composite_form/_trial.html", {"fields": fields, "name": name, **context})


def _trial(visit: Visit, fields: Mapping[str, str], *, name: str, before: Mapping[str, str] | None) -> dict[str, Any]:
    context = trial_context(visit, fields, name=name, is_new=before is None)
    parameters = parameters_of(fields, name=name or "new-alarm")
    return {**context, "calls": put_calls(visit.scope, _OPERATION, parameters, fields, before=before)}


def write_rule(visit: Visit) -> Answer:
    """The form with the rule of the alarms that were chosen from the list."""
    how_many = visit.form.get("how-many")
    names = visit.form.all("child")
    if not names or how_many not in set(HowMany):
        raise FormProblemError({"rule": "Choose alarms from the list first."})
    kept = [(name, value) for name, value in visit.form.items() if name != "rule"]
    visit.form = Form([*kept, ("rule", _over(names, HowMany(how_many)))])
    return composite_form(visit)


# ---------------------------------------------------------------- saving


def put_composite(visit: Visit) -> Answer:
    """Save: PutCompositeAlarm and its severity, unless somebody saved something else meanwhile."""
    name, fields = visit.form.get("name"), fields_sent(visit.form)
    _check(visit, fields, name=name)
    with visit.service.store.read() as store:
        theirs = _stored(store, visit, name)
    opened = visit.form.get("version")
    if theirs is not None and not opened:
        raise FormProblemError({"name": f"There is an alarm {name} already. Choose another name, or edit that one."})
    if theirs is not None and version_of(theirs) != opened and theirs != fields:
        return conflict_page(visit, fields, theirs, LABELS, name=name, operation=_OPERATION, noun="composite")
    for call in put_calls(visit.scope, _OPERATION, parameters_of(fields, name=name), fields, before=theirs):
        visit.call(call.service, call.operation, call.parameters)
    done = "created" if theirs is None else "saved"
    return Redirect(visit.url("alarms", name), told=f"Alarm {name} {done}.")


def _check(visit: Visit, fields: Mapping[str, str], *, name: str) -> None:
    """Raises FormProblemError for what PutCompositeAlarm would refuse, so that it is told at its field."""
    try:
        made = composite_of_form(fields, name=name)
        if isinstance(made, dict):
            raise FormProblemError(made)
        with visit.service.store.read() as store:
            problems = absences(visit, store, made)
    except AlarmRuleError as error:
        raise FormProblemError({"rule": error.message}) from error
    if problems:
        raise FormProblemError(problems)


ROUTES = (
    page("new/composite", new_composite),
    page("edit/composite/{name...}", edit_composite),
    action("preview-composite", preview, form=composite_form, role="viewer"),
    action("write-composite-rule", write_rule, form=composite_form, role="viewer"),
    action("put-composite", put_composite, form=composite_form),
)
