"""Making and changing a metric alarm: what it watches, when it rings, what it would have done. Spec: CON-4.8, CON-7.5.

new/alarm               what to watch: filters and metrics      app.filter_watch, store -> alarm_source.html
new/alarm?filter=, …    the form and a preview                  console.alarm_form, alarm_trial -> alarm_form.html
do/preview-alarm        the preview alone                       app.alarm_preview -> alarm_form/_trial.html
do/put-alarm            PutMetricAlarm, TagResource             console.alarm_saving; a conflict shows conflict.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn
from tocsin.app.filter_watch import FilterWatch
from tocsin.app.metric_filter import FILTERS, filter_name
from tocsin.app.parameters import UNITS
from tocsin.app.pattern_trial import TrialGate, rule_of_filter
from tocsin.app.resource_tag import get_tags
from tocsin.console.action_choice import action_rows
from tocsin.console.alarm_form import (
    ACTIONS,
    COMPARISONS,
    LABELS,
    PERIODS,
    SEVERITIES,
    STATISTICS,
    fields_for_filter,
    fields_of,
    fields_sent,
    first_fields,
    is_plain,
    missing_choices,
    parameters_of,
)
from tocsin.console.alarm_saving import CRUMB, conflict_page, opened_with, put_calls
from tocsin.console.alarm_trial import alarm_of, trial_context
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect
from tocsin.console.edit_conflict import packed, version_of
from tocsin.console.route import action, page
from tocsin.core.alarm_severity import SEVERITY
from tocsin.core.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.alarm_record import KeptAlarm
    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_MOST_METRICS = 100
_ACTIVE_SECONDS = 14 * 86_400
_TOO_MANY = "More than 10 previews a second: this one was left out. Press Preview for an answer."


# ---------------------------------------------------------------- the form


def new_alarm(visit: Visit) -> Answer:
    """The form of an alarm that is not there yet; without anything to watch, what there is to choose from."""
    copied = visit.query("copy")
    if copied and not visit.form:
        return _copy(visit, copied)
    if not visit.form and not visit.query("filter") and not visit.query("metric"):
        return _sources(visit)
    name, fields = _begun(visit)
    return Page(
        "alarm_form.html",
        "New alarm",
        _context(visit, fields, name=name, stored=None),
        crumbs=[(CRUMB, visit.url("alarms"))],
        section="alarms",
    )


def _begun(visit: Visit) -> tuple[str, dict[str, str]]:
    """Name and fields that a new form begins with: what was sent, or what the address names."""
    if visit.form:
        return visit.form.get("name"), fields_sent(visit.form)
    group, _, named = visit.query("filter").partition(":")
    if not named:
        fields = first_fields() | {"namespace": visit.query("namespace"), "metric": visit.query("metric")}
        return visit.query("metric"), fields | {"dimensions": visit.query("dimensions")}
    with visit.service.store.read() as store:
        kept = FILTERS.get(store, visit.scope, filter_name(group, named))
    if kept is None:
        raise NoSuchPageError(f"There is no metric filter {named} in {group}")
    rule = rule_of_filter(visit.service, named, kept.filter.filter_pattern)
    fields = fields_for_filter(kept, rule)
    rows = action_rows(visit, fields)
    if len(rows) == 1:
        fields["AlarmActions"] = rows[0].arn  # where there is one topic, it is the one that is meant
    return named, fields


def _copy(visit: Visit, name: str) -> Answer:
    with visit.service.store.read() as store:
        if COMPOSITES.get(store, visit.scope, name) is not None:
            return Redirect(visit.url("new/composite", copy=name))
        stored = _stored(store, visit, name)
    if stored is None:
        raise NoSuchPageError(f"There is no alarm {name}")
    context = _context(visit, stored, name=f"{name}-copy", stored=None)
    return Page("alarm_form.html", "New alarm", context, crumbs=[(CRUMB, visit.url("alarms"))], section="alarms")


def edit_alarm(visit: Visit) -> Answer:
    """The form of an alarm that is there; a composite has a form of its own."""
    name = visit.form.get("name") or visit.name()
    with visit.service.store.read() as store:
        if COMPOSITES.get(store, visit.scope, name) is not None:
            return Redirect(visit.url("edit/composite", name))
        stored = _stored(store, visit, name)
        names = [one for one, _ in METRIC_ALARMS.scan(store, visit.scope)]
    if stored is None:
        near = nearest(name, names)
        links = [(near, visit.url("edit/alarm", near))] if near is not None else []
        raise NoSuchPageError(f"There is no alarm {name}", nearest=links)
    fields = fields_sent(visit.form) if visit.form else stored
    crumbs = [(CRUMB, visit.url("alarms")), (name, visit.url("alarms", name))]
    context = _context(visit, fields, name=name, stored=stored)
    return Page("alarm_form.html", "Edit", context, crumbs=crumbs, section="alarms")


def alarm_form(visit: Visit) -> Answer:
    """The form that a form came from."""
    return edit_alarm(visit) if visit.form.get("version") else new_alarm(visit)


def _stored(store: StoreReader, visit: Visit, name: str) -> dict[str, str] | None:
    """The fields of an alarm as it is kept; None where there is none."""
    kept: KeptAlarm | None = METRIC_ALARMS.get(store, visit.scope, name)
    if kept is None:
        return None
    tags = get_tags(store, visit.scope, alarm_arn(visit.scope, name))
    return fields_of(kept.parameters, severity=tags.get(SEVERITY, ""))


def _context(visit: Visit, fields: Mapping[str, str], *, name: str, stored: Mapping[str, str] | None) -> dict[str, Any]:
    periods = [*PERIODS]
    if fields["period"] and fields["period"] not in dict(periods):
        periods.append((fields["period"], f"{fields['period']} seconds"))
    return {
        "fields": fields,
        "name": name,
        "is_new": stored is None,
        "is_plain": is_plain(fields),
        "statistics": [*STATISTICS, ("", "another one")],
        "is_usual": fields["statistic"] in STATISTICS,
        "periods": periods,
        "comparisons": COMPARISONS,
        "missing": missing_choices(fields),
        "severities": SEVERITIES,
        "units": [("", "any"), *((unit, unit) for unit in UNITS)],
        "actions": action_rows(visit, fields),
        "lists": ACTIONS,
        "version": "" if stored is None else visit.form.get("version") or version_of(stored),
        "base": "" if stored is None else visit.form.exact("base") or packed(stored),
        **_trial(visit, fields, name=name, before=opened_with(visit) or stored, is_live=False),
    }


def _sources(visit: Visit) -> Page:
    """What an alarm can watch: the filters, and other metrics that had data lately."""
    since = int(visit.at.timestamp()) - _ACTIVE_SECONDS
    with visit.service.store.read() as store:
        watch = FilterWatch(visit.service, store, visit.scope)
        filters = [(kept, watch.alarms_on(kept)) for kept in watch.filters]
        metrics = store.metrics.list(visit.scope, active_since=since, limit=_MOST_METRICS)
    fed = {(one.metric_namespace, one.metric_name) for kept, _ in filters for one in kept.filter.metric_transformations}
    others = [
        (key, "\n".join(f"{name}={value}" for name, value in key.dimensions))
        for key, _ in metrics
        if (key.namespace, key.metric_name) not in fed or key.dimensions
    ]
    context = {"filters": filters, "metrics": others}
    return Page("alarm_source.html", "New alarm", context, crumbs=[(CRUMB, visit.url("alarms"))], section="alarms")


# ---------------------------------------------------------------- the preview


def preview(visit: Visit) -> Answer:
    """The preview of what was typed: the part of the page alone for the script, else the whole page."""
    if visit.request.header("x-tocsin-live") is None:
        return alarm_form(visit)
    if not visit.service.part(TrialGate).admits(visit.visitor.name):
        return Fragment("filter/_busy.html", {"text": _TOO_MANY})
    fields, name = fields_sent(visit.form), visit.form.get("name")
    context = _trial(visit, fields, name=name, before=opened_with(visit), is_live=True)
    return Fragment("alarm_form/_trial.html", {"fields": fields, "name": name, **context})


def _trial(
    visit: Visit, fields: Mapping[str, str], *, name: str, before: Mapping[str, str] | None, is_live: bool
) -> dict[str, Any]:
    context = trial_context(visit, fields, name=name, is_new=before is None, is_live=is_live)
    parameters = parameters_of(fields, name=name or "new-alarm")
    return {**context, "calls": put_calls(visit.scope, "PutMetricAlarm", parameters, fields, before=before)}


# ---------------------------------------------------------------- saving


def put_alarm(visit: Visit) -> Answer:
    """Save: PutMetricAlarm and its severity, unless somebody saved something else meanwhile."""
    name, fields = visit.form.get("name"), fields_sent(visit.form)
    made = alarm_of(fields, name=name)
    if isinstance(made, dict):
        raise FormProblemError(made)
    with visit.service.store.read() as store:
        theirs = _stored(store, visit, name)
    opened = visit.form.get("version")
    if theirs is not None and not opened:
        raise FormProblemError({"name": f"There is an alarm {name} already. Choose another name, or edit that one."})
    if theirs is not None and version_of(theirs) != opened and theirs != fields:
        return conflict_page(visit, fields, theirs, LABELS, name=name, operation="PutMetricAlarm", noun="alarm")
    for call in put_calls(visit.scope, "PutMetricAlarm", parameters_of(fields, name=name), fields, before=theirs):
        visit.call(call.service, call.operation, call.parameters)
    done = "created. It is evaluated every minute from now on" if theirs is None else "saved"
    return Redirect(visit.url("alarms", name), told=f"Alarm {name} {done}.")


ROUTES = (
    page("new/alarm", new_alarm),
    page("edit/alarm/{name...}", edit_alarm),
    action("preview-alarm", preview, form=alarm_form, role="viewer"),
    action("put-alarm", put_alarm, form=alarm_form),
)
