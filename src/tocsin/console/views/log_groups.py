"""Log groups: the list, one of them, making, keeping, deleting. Spec: CON-4.10 (Log groups), CON-7.6.

logs            names, counters      app.log_group_reading -> log_groups.html
logs/{group}    facts, filters, tail app.log_group_reading -> log_group.html, its tail again on `ingest`
new, edit       a form               visit.call: CreateLogGroup, PutRetentionPolicy, PutLogGroupDeletionProtection
confirm         what goes with it    app.log_group_reading -> visit.call: DeleteLogGroup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.app.log_group import RETENTION_DAYS, group_arn
from tocsin.app.log_group_reading import (
    filters_of_group,
    group_names,
    group_standing,
    list_groups,
    loss_of_group,
    newest_events,
)
from tocsin.app.metric_filter import MOST_FILTERS
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect
from tocsin.console.event_row import event_row
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, fragment, page
from tocsin.core.aws_call import AwsCall
from tocsin.core.log_event import EventPlace, LogEvent
from tocsin.core.nearest import nearest
from tocsin.core.quantity import counted
from tocsin.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.log_group_reading import GroupLoss, GroupStanding
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.scope import Scope

ROWS = 100
EVENTS = 50

_CRUMB = "Log groups"
_NEVER = "0"
_RETENTIONS = [(_NEVER, "Never expire"), *((str(days), counted(days, "day")) for days in RETENTION_DAYS)]
_RECORD = '{"eventSource":"example.amazonaws.com","eventName":"Hello"}'


# ---------------------------------------------------------------- pages


def log_group_list(visit: Visit) -> Answer:
    """Every group of the account and region, a hundred a page."""
    find, after = visit.query("find"), visit.query("after")
    groups, has_more = _listed(visit, find, after)
    context = {
        "groups": groups,
        "find": find,
        "older": visit.again(after=_cursor(*groups[-1])) if has_more else "",
        "most_filters": MOST_FILTERS,
        "moment_of": from_epoch,
        "first_calls": _first_calls(visit) if not groups and not find and not after else (),
    }
    return Page("log_groups.html", "Log groups", context)


def _listed(visit: Visit, find: str, after: str) -> tuple[list[tuple[Scope, GroupStanding]], bool]:
    """A page of the groups of all accounts and regions looked at, and whether there are more."""
    account, region, name = (*after.split("/", 2), "", "")[:3]
    scopes = [one for one in visit.scopes if not name or (one.account, one.region) >= (account, region)]
    found: list[tuple[Scope, GroupStanding]] = []
    for scope in scopes:
        start = name if (scope.account, scope.region) == (account, region) else None
        groups, has_more = list_groups(visit.service, scope, find=find, after=start, limit=ROWS - len(found))
        found += [(scope, group) for group in groups]
        if has_more:
            return found, True
    return found, False


def _cursor(scope: Scope, standing: GroupStanding) -> str:
    return f"{scope.account}/{scope.region}/{standing.group.name}"


def log_group_page(visit: Visit) -> Answer:
    """One group."""
    standing = _standing(visit)
    name = standing.group.name
    context = {
        "standing": standing,
        "arn": group_arn(visit.scope, name),
        "name": name,
        "filters": filters_of_group(visit.service, visit.scope, name),
        "most_filters": MOST_FILTERS,
        "moment_of": from_epoch,
        **_events(visit, name),
    }
    return Page("log_group.html", name, context, crumbs=[(_CRUMB, visit.url("logs"))])


def log_group_tail(visit: Visit) -> Answer:
    """The newest events of a group alone."""
    name = visit.query("name")
    return Fragment("log_group/_events.html", {"name": name, **_events(visit, name)})


def _events(visit: Visit, name: str) -> dict[str, Any]:
    before, unread = _place(visit.query("before")), ""
    found: list[LogEvent] = []
    try:
        found = newest_events(visit.service, visit.scope, name, before=before, limit=EVENTS + 1)
    except StoreError as error:  # of what is known without them nothing is held back
        unread = error.message
    shown = found[:EVENTS]
    older = "{}.{}".format(*shown[-1].place) if len(found) > EVENTS else ""
    return {
        "events": [event_row(visit, one) for one in shown],
        "streams": len({one.stream for one in shown}),
        "older": older,
        "is_newest": before is None,
        "unread": unread,
    }


def _place(text: str) -> EventPlace | None:
    timestamp, _, sequence = text.partition(".")
    return EventPlace(int(timestamp), int(sequence)) if timestamp.isdecimal() and sequence.isdecimal() else None


def _standing(visit: Visit) -> GroupStanding:
    """The group that the form or the address names; where there is none, the nearest names."""
    name = visit.form.get("group") or visit.name()
    try:
        return group_standing(visit.service, visit.scope, name)
    except NotFoundError:
        near = nearest(name, group_names(visit.service, visit.scope))
        links = [(near, visit.url("logs", near))] if near is not None else []
        raise NoSuchPageError(f"There is no log group {name}", nearest=links) from None


# ---------------------------------------------------------------- making and keeping


def new_log_group(visit: Visit) -> Answer:
    """The form of a group that is not there yet."""
    context = {"standing": None, "retentions": _RETENTIONS, "calls": _creation(visit)}
    return Page("log_group_form.html", "New log group", context, crumbs=[(_CRUMB, visit.url("logs"))])


def create_log_group(visit: Visit) -> Answer:
    """Make a group, with its retention."""
    name = visit.form.get("name")
    if not name:
        raise FormProblemError({"name": "A log group has a name: letters, digits and . - _ / #"})
    for call in _creation(visit):
        visit.call(call.service, call.operation, call.parameters)
    return Redirect(visit.url("logs", name), told=f"Log group {name} created. Nothing is in it yet.")


def _creation(visit: Visit) -> list[AwsCall]:
    name, days = visit.form.get("name", "trail-group"), visit.form.get("retention", _NEVER)
    calls = [AwsCall(service="logs", operation="CreateLogGroup", parameters={"logGroupName": name})]
    return calls + ([_retention(name, days)] if days != _NEVER else [])


def edit_log_group(visit: Visit) -> Answer:
    """The form of how long a group keeps its events, and whether it can be deleted."""
    standing = _standing(visit)
    name = standing.group.name
    retention = str(standing.group.retention_in_days or _NEVER)
    context = {
        "standing": standing,
        "retentions": _RETENTIONS,
        "retention": retention,
        "calls": [_retention(name, visit.form.get("retention", retention))],
    }
    crumbs = [(_CRUMB, visit.url("logs")), (name, visit.url("logs", name))]
    return Page("log_group_form.html", "Settings", context, crumbs=crumbs, section="logs")


def keep_log_group(visit: Visit) -> Answer:
    """Set retention and protection. What would remove events wants a second word."""
    standing = _standing(visit)
    group = standing.group
    days = visit.form.get("retention", _NEVER)
    if days not in dict(_RETENTIONS):
        raise FormProblemError({"retention": "Choose one of the values in the list."})
    before, after = group.retention_in_days or 0, int(days)
    is_shorter = after and (not before or after < before)
    if is_shorter and standing.stored_bytes and not visit.form.get("sure"):
        older = f"Events older than {counted(after, 'day')}"
        raise FormProblemError({"sure": f"{older} are removed at once. Tick the box to say so."})
    if after != before:
        call = _retention(group.name, days)
        visit.call(call.service, call.operation, call.parameters)
    is_protected = bool(visit.form.get("protected"))
    if is_protected != group.is_protected:
        parameters = {"logGroupIdentifier": group.name, "deletionProtectionEnabled": is_protected}
        visit.call("logs", "PutLogGroupDeletionProtection", parameters)
    kept = f"Events expire after {counted(after, 'day')}" if after else "Events never expire"
    return Redirect(visit.url("logs", group.name), told=f"Saved. {kept}.")


def _retention(name: str, days: str) -> AwsCall:
    parameters: dict[str, Any] = {"logGroupName": name}
    if days in {"", _NEVER}:
        return AwsCall(service="logs", operation="DeleteRetentionPolicy", parameters=parameters)
    parameters["retentionInDays"] = int(days) if days.isdecimal() else days
    return AwsCall(service="logs", operation="PutRetentionPolicy", parameters=parameters)


# ---------------------------------------------------------------- deleting


def confirm_deletion(visit: Visit) -> Answer:
    """What goes with a group, in numbers, before it goes (CON-7.6)."""
    standing = _standing(visit)
    name = standing.group.name
    context = {
        "standing": standing,
        "loss": loss_of_group(visit.service, visit.scope, name),
        "moment_of": from_epoch,
        "calls": [AwsCall(service="logs", operation="DeleteLogGroup", parameters={"logGroupName": name})],
    }
    crumbs = [(_CRUMB, visit.url("logs")), (name, visit.url("logs", name))]
    return Page("log_group_deletion.html", "Delete", context, crumbs=crumbs, section="logs")


def delete_log_group(visit: Visit) -> Answer:
    """Delete a group. Where somebody would no longer be told its name has to be typed."""
    standing = _standing(visit)
    name = standing.group.name
    loss = loss_of_group(visit.service, visit.scope, name)
    if loss.alarms and visit.form.get("typed") != name:
        raise FormProblemError({"typed": f"Type the name of the log group, {name}, to delete it."})
    visit.call("logs", "DeleteLogGroup", {"logGroupName": name})
    return Redirect(visit.url("logs"), told=f"Log group {name} deleted{_with(loss)}.")


def _with(loss: GroupLoss) -> str:
    return f" with {counted(len(loss.filters), 'metric filter')}" if loss.filters else ""


def _first_calls(visit: Visit) -> Sequence[AwsCall]:
    """What puts a first event into a first group."""
    stream = {"logGroupName": "trail-group", "logStreamName": "by-hand"}
    event = {"timestamp": int(visit.at.timestamp() * 1000), "message": _RECORD}
    return (
        AwsCall(service="logs", operation="CreateLogGroup", parameters={"logGroupName": "trail-group"}),
        AwsCall(service="logs", operation="CreateLogStream", parameters=stream),
        AwsCall(service="logs", operation="PutLogEvents", parameters={**stream, "logEvents": [event]}),
    )


ROUTES = (
    page("logs", log_group_list),
    page("logs/{name...}", log_group_page),
    page("new/log-group", new_log_group),
    page("edit/log-group/{name...}", edit_log_group),
    page("confirm/delete-log-group", confirm_deletion),
    fragment("log-group/events", log_group_tail),
    action("create-log-group", create_log_group, form=new_log_group),
    action("keep-log-group", keep_log_group, form=edit_log_group),
    action("delete-log-group", delete_log_group, form=confirm_deletion),
)
