"""The filter editor: a pattern tried out as it is typed, its metric, saving, deleting. Spec: CON-4.7, CON-7.5 to 7.7.

new/filter, filters/{group}:{filter}   the form and a trial   console.filter_form, console.filter_trial -> filter.html
do/test-filter                         the trial alone        app.pattern_trial, app.match_count -> filter/_trial.html
do/put-filter                          PutMetricFilter        visit.call; a conflict shows conflict.html
confirm, do/delete-filter              what goes with it      app.filter_watch -> DeleteMetricFilter, undo
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.definition_author import last_author
from tocsin.app.filter_watch import FilterWatch
from tocsin.app.log_group_reading import group_names, likely_group
from tocsin.app.metric_filter import FILTERS, filter_name
from tocsin.app.parameters import UNITS
from tocsin.app.pattern_trial import TrialGate
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect, Undo
from tocsin.console.edit_conflict import conflict_of, packed, unpacked, version_of
from tocsin.console.filter_form import (
    LABELS,
    MOST_DIMENSIONS,
    encoded,
    fields_of,
    fields_sent,
    first_fields,
    parameters_of,
    problems_of,
)
from tocsin.console.filter_trial import trial_context
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, page
from tocsin.console.visit import Form
from tocsin.core.aws_call import AwsCall
from tocsin.core.exclusion import compile_exclusions
from tocsin.core.nearest import nearest
from tocsin.core.rule import Exclusion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.metric_filter import KeptFilter
    from tocsin.console.answer import Answer
    from tocsin.console.edit_conflict import Conflict
    from tocsin.console.visit import Visit

_CRUMB = "Log groups"
_TOO_MANY = "More than 10 tests a second: this one was left out. Press Test for an answer."


# ---------------------------------------------------------------- the editor


def new_filter(visit: Visit) -> Answer:
    """The editor of a filter that is not there yet. The address may give a pattern, and more, to begin with."""
    # A list to choose from shows something as chosen; what is tried is that.
    group = visit.form.get("group") or visit.query("group") or likely_group(visit.service, visit.scope)
    given = {name: visit.query(name) for name in LABELS if visit.query(name)}
    fields = fields_sent(visit.form) if visit.form else first_fields() | given
    name = visit.form.get("name") or visit.query("filter")
    crumbs = [(_CRUMB, visit.url("logs")), *([(group, visit.url("logs", group))] if group else [])]
    context = _editor(visit, fields, group=group, name=name, kept=None)
    return Page("filter.html", "New metric filter", context, crumbs=crumbs, section="logs")


def filter_page(visit: Visit) -> Answer:
    """The editor of a filter that is there; for a viewer, who can try it out and saves nothing."""
    kept = _kept(visit)
    group, name = kept.log_group, kept.filter.filter_name
    fields = fields_sent(visit.form) if visit.form else fields_of(kept.filter)
    excluded = visit.query("exclude")
    note = ""
    if excluded and not visit.form:
        fields["pattern"], note = _without(fields["pattern"], excluded)
    context = _editor(visit, fields, group=group, name=name, kept=kept) | {"note": note}
    crumbs = [(_CRUMB, visit.url("logs")), (group, visit.url("logs", group))]
    return Page("filter.html", name, context, crumbs=crumbs, section="logs")


def filter_form(visit: Visit) -> Answer:
    """The editor that a form came from."""
    return filter_page(visit) if visit.form.get("version") else new_filter(visit)


def _editor(
    visit: Visit, fields: Mapping[str, str], *, group: str, name: str, kept: KeptFilter | None
) -> dict[str, Any]:
    stored = {} if kept is None else fields_of(kept.filter)
    with visit.service.store.read() as store:
        alarms = () if kept is None else FilterWatch(visit.service, store, visit.scope).alarms_on(kept)
    return {
        "fields": fields,
        "group": group,
        "groups": group_names(visit.service, visit.scope),
        "name": name,
        "kept": kept,
        "alarms": alarms,
        "version": visit.form.get("version") or version_of(stored) if kept is not None else "",
        "base": visit.form.exact("base") or packed(stored) if kept is not None else "",
        "units": [("", "no unit"), *((unit, unit) for unit in UNITS)],
        "dimensions": range(1, MOST_DIMENSIONS + 1),
        "created": None if kept is None else from_epoch(kept.created_at),
        "note": "",
        **_trial(visit, fields, group=group, name=name, is_live=False),
    }


def _kept(visit: Visit) -> KeptFilter:
    """The filter that the form or the address names; where there is none, the nearest of its group."""
    group, name = _named(visit)
    with visit.service.store.read() as store:
        kept = FILTERS.get(store, visit.scope, filter_name(group, name))
        if kept is not None:
            return kept
        names = [one.filter.filter_name for _, one in FILTERS.scan(store, visit.scope, prefix=f"{group}\0")]
    near = nearest(name, names)
    links = [(near, visit.url("filters", f"{group}:{near}"))] if near is not None else []
    raise NoSuchPageError(f"There is no metric filter {name} in {group}", nearest=links)


def _named(visit: Visit) -> tuple[str, str]:
    if visit.form.get("group"):
        return visit.form.get("group"), visit.form.get("name")
    group, _, name = visit.name().partition(":")
    return group, name


def _without(pattern: str, clause: str) -> tuple[str, str]:
    """The pattern with an exclusion compiled in, soundly, and what to say about it (IF-4)."""
    made = compile_exclusions(pattern, [Exclusion(name="excluded", when=clause)], at=None)
    if made.refusals:
        return pattern, f"This cannot be excluded: {made.refusals[0].reason}."
    return made.pattern, "Records of which this holds are excluded. Test it, then save."


# ---------------------------------------------------------------- trying


def try_filter_out(visit: Visit) -> Answer:
    """A trial of what was typed: the part of the page alone for the script, else the whole page."""
    if visit.request.header("x-tocsin-live") is None:
        return filter_form(visit)
    group, name = _named(visit)
    if not visit.service.part(TrialGate).admits(visit.visitor.name):
        return Fragment("filter/_busy.html", {"text": _TOO_MANY})
    fields = fields_sent(visit.form)
    context = _trial(visit, fields, group=group, name=name, is_live=True)
    return Fragment("filter/_trial.html", {"fields": fields, "group": group, "name": name, **context})


def rewrite_filter(visit: Visit) -> Answer:
    """The editor with a pattern that a finding proposes in place of the one that was typed."""
    visit.form = _with(visit.form, pattern=visit.form.exact("rewrite"))
    return filter_form(visit)


def _with(form: Form, **changed: str) -> Form:
    return Form([*((name, value) for name, value in form.items() if name not in changed), *changed.items()])


def _trial(visit: Visit, fields: Mapping[str, str], *, group: str, name: str, is_live: bool) -> dict[str, Any]:
    context = trial_context(visit, fields, group=group, name=name, is_live=is_live)
    parameters = parameters_of(fields, group=group or "trail-group", name=name or "new-filter")
    return {**context, "calls": [AwsCall(service="logs", operation="PutMetricFilter", parameters=parameters)]}


# ---------------------------------------------------------------- saving


def put_filter(visit: Visit) -> Answer:
    """Save: PutMetricFilter, unless somebody saved something else meanwhile."""
    group, name = _named(visit)
    fields = fields_sent(visit.form)
    problems = problems_of(fields, name=name)
    if not group:
        problems["group"] = "Choose the log group whose events are counted."
    if problems:
        raise FormProblemError(problems)
    with visit.service.store.read() as store:
        kept = FILTERS.get(store, visit.scope, filter_name(group, name))
    conflict = _conflict(visit, fields, kept)
    if conflict is not None:
        return _conflict_page(visit, fields, conflict)
    visit.call("logs", "PutMetricFilter", parameters_of(fields, group=group, name=name))
    place = f"{group}:{name}"
    if visit.form.get("then") == "alarm":
        return Redirect(visit.url("new/alarm", filter=place), told=f"Metric filter {name} saved. Now its alarm.")
    undo = None if kept is None else Undo("restore-filter", {"definition": encoded(kept.filter, group=group)})
    done = "created: it counts what comes in from now on" if kept is None else "saved"
    return Redirect(visit.url("filters", place), told=f"Metric filter {name} {done}.", undo=undo)


def _conflict(visit: Visit, fields: Mapping[str, str], kept: KeptFilter | None) -> Conflict | None:
    """What to decide where the filter is no longer what the form was opened with; None where it is."""
    opened = visit.form.get("version")
    if not opened:
        if kept is None:
            return None
        raise FormProblemError({"name": f"There is a filter {kept.filter.filter_name} in this group already."})
    theirs = {} if kept is None else fields_of(kept.filter)
    if version_of(theirs) == opened or kept is None or theirs == fields:
        return None
    group, name = kept.log_group, kept.filter.filter_name
    asked = {"logGroupName": group, "filterName": name}
    author = last_author(visit.service, visit.scope, "PutMetricFilter", parameters=asked)
    return conflict_of(
        unpacked(visit.form.exact("base")),
        theirs,
        fields,
        LABELS,
        by="" if author is None else author.name,
        at=None if author is None else from_epoch(author.at * 1000),
    )


def _conflict_page(visit: Visit, fields: Mapping[str, str], conflict: Conflict) -> Page:
    group, name = _named(visit)
    address = visit.url("filters", f"{group}:{name}")
    identity = {"group": group, "name": name, "version": conflict.version}
    context = {
        "conflict": conflict,
        "action": "put-filter",
        "shown_by": "test-filter",
        "kind": "metric filter",
        "name": name,
        "mine": {**fields, **identity},
        "merged": {**conflict.merged, **identity},
        "address": address,
    }
    crumbs = [(_CRUMB, visit.url("logs")), (group, visit.url("logs", group)), (name, address)]
    return Page("conflict.html", "Changed meanwhile", context, crumbs=crumbs, section="logs", status=409)


# ---------------------------------------------------------------- deleting


def confirm_deletion(visit: Visit) -> Answer:
    """What goes with a filter, before it goes (CON-7.6)."""
    kept = _kept(visit)
    group, name = kept.log_group, kept.filter.filter_name
    with visit.service.store.read() as store:
        blind = FilterWatch(visit.service, store, visit.scope).blind_without([kept])
    call = AwsCall(
        service="logs", operation="DeleteMetricFilter", parameters={"logGroupName": group, "filterName": name}
    )
    context = {"kept": kept, "blind": blind, "calls": [call]}
    crumbs = [
        (_CRUMB, visit.url("logs")),
        (group, visit.url("logs", group)),
        (name, visit.url("filters", f"{group}:{name}")),
    ]
    return Page("filter_deletion.html", "Delete", context, crumbs=crumbs, section="logs")


def delete_filter(visit: Visit) -> Answer:
    """Delete a filter. Where an alarm would see nothing any more its name has to be typed; it can be brought back."""
    kept = _kept(visit)
    group, name = kept.log_group, kept.filter.filter_name
    with visit.service.store.read() as store:
        blind = FilterWatch(visit.service, store, visit.scope).blind_without([kept])
    if blind and visit.form.get("typed") != name:
        raise FormProblemError({"typed": f"Type the name of the filter, {name}, to delete it."})
    visit.call("logs", "DeleteMetricFilter", {"logGroupName": group, "filterName": name})
    undo = Undo("restore-filter", {"definition": encoded(kept.filter, group=group)})
    return Redirect(visit.url("logs", group), told=f"Metric filter {name} deleted.", undo=undo)


def restore_filter(visit: Visit) -> Answer:
    """Bring back a filter as it was: the undo of deleting or saving one."""
    try:
        parameters = msgspec.json.decode(visit.form.exact("definition"), type=dict[str, Any])
        group, name = str(parameters["logGroupName"]), str(parameters["filterName"])
    except (msgspec.DecodeError, KeyError):
        raise FormProblemError({"": "There is nothing to bring back."}) from None
    visit.call("logs", "PutMetricFilter", parameters)
    told = f"Metric filter {name} is as it was. What came in meanwhile was not counted by it."
    return Redirect(visit.url("filters", f"{group}:{name}"), told=told)


ROUTES = (
    page("new/filter", new_filter),
    page("filters/{name...}", filter_page),
    page("edit/filter/{name...}", filter_page),
    page("confirm/delete-filter", confirm_deletion),
    action("test-filter", try_filter_out, form=filter_form, role="viewer"),
    action("rewrite-filter", rewrite_filter, form=filter_form, role="viewer"),
    action("put-filter", put_filter, form=filter_form),
    action("delete-filter", delete_filter, form=confirm_deletion),
    action("restore-filter", restore_filter),
)
