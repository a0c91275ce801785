"""Trails: what they record and miss, how delivery goes, who changed them; starting, stopping, deleting.

    trails            a line a trail                   app.trail_reading -> trails.html
    trails/{name}     selectors, regions, history      app.trail_reading -> trail.html
    confirm           what is lost                     core.trail.narrowing -> visit.call: StopLogging, DeleteTrail
    start, whole      at once                          visit.call: StartLogging; CreateTrail and what it needs

How a trail is made and changed is in `trail_form`. Spec: CON-4.10, CT-7, CT-10, CON-7.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.log_group import GROUPS, group_arn
from tocsin.app.trail import TRAILS
from tocsin.app.trail_reading import chain_behind, list_trail_lines, read_trail
from tocsin.app.trail_status import fault_text
from tocsin.console.answer import FormProblemError, NoSuchPageError, Page, Redirect, Undo
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, page
from tocsin.console.selector_trial import PRESETS, preset, try_selectors
from tocsin.core.aws_call import AwsCall
from tocsin.core.nearest import nearest
from tocsin.core.trail.narrowing import narrowings
from tocsin.core.trail.selector import selectors_of
from tocsin.core.trail.selector_words import setting_words

if TYPE_CHECKING:
    from tocsin.app.trail_reading import TrailLine, TrailReading
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail

CRUMB: Final = "Trails"
_NAME: Final = "main-trail"
_GROUP: Final = "trail-group"


# ---------------------------------------------------------------- pages


def trail_list(visit: Visit) -> Answer:
    """The trails that record what happens in the account and region."""
    lines = [(scope, one) for scope in visit.scopes for one in list_trail_lines(visit.service, scope)]
    context = {
        "lines": lines,
        "moment_of": from_epoch,
        "calls": _whole_calls(visit) if not lines else (),
    }
    return Page("trails.html", "Trails", context)


def trail_page(visit: Visit) -> Answer:
    """One trail."""
    reading = reading_of(visit)
    trail = reading.line.trail
    chosen = visit.query("try")
    context = {
        "line": reading.line,
        "trail": trail,
        "words": list(setting_words(selectors_of(trail.event_selectors))),
        "insights": [one.get("InsightType", "") for one in trail.insights],
        "regions": sorted(reading.regions.items()),
        "acts": reading.acts,
        "home": _home(visit, trail),
        "presets": PRESETS,
        "chosen": chosen,
        "trial": try_selectors(visit.service, trail, wanted) if (wanted := preset(chosen)) is not None else None,
        "start_calls": [trail_call("StartLogging", trail)],
        "fault_text": fault_text,
        "moment_of": from_epoch,
        "moment_of_second": lambda second: from_epoch(second * 1000),
    }
    return Page("trail.html", trail.name, context, crumbs=[(CRUMB, visit.url("trails"))])


def reading_of(visit: Visit) -> TrailReading:
    """The trail that the form or the address names."""
    name = visit.form.get("trail") or visit.name()
    found = read_trail(visit.service, visit.scope, name)
    if found is None:
        names = [one.trail.name for one in list_trail_lines(visit.service, visit.scope)]
        near = nearest(name, names)
        links = [] if near is None else [(near, visit.url("trails", near))]
        raise NoSuchPageError(f"There is no trail {name[:256]} in {visit.scope.region}", nearest=links)
    return found


def _home(visit: Visit, trail: Trail) -> str:
    """The address of the page in the region where the trail is changed; empty where this is it."""
    if trail.home == visit.scope:
        return ""
    return visit.url("trails", trail.name, **{"in": f"{trail.home.account}/{trail.home.region}"})


def trail_call(operation: str, trail: Trail, **parameters: Any) -> AwsCall:
    """A call about a trail, by its name."""
    member = "TrailName" if operation.startswith("Put") else "Name"
    return AwsCall(service="cloudtrail", operation=operation, parameters={member: trail.name, **parameters})


def trail_url(visit: Visit, trail: Trail) -> str:
    """The page of a trail, where it is changed."""
    return _home(visit, trail) or visit.url("trails", trail.name)


# ---------------------------------------------------------------- at once


def start_logging(visit: Visit) -> Answer:
    """Let a trail log."""
    trail = reading_of(visit).line.trail
    visit.call("cloudtrail", "StartLogging", {"Name": trail.name}, scope=trail.home)
    return Redirect(trail_url(visit, trail), told=f"{trail.name} records from now on.")


def create_whole_trail(visit: Visit) -> Answer:
    """One trail for all regions, with validation and a log group, logging."""
    with visit.service.store.read() as store:
        is_there = TRAILS.get(store, visit.scope, _NAME) is not None
    if is_there:
        raise FormProblemError({"": f"There is a trail {_NAME} already."})
    for call in _whole_calls(visit):
        visit.call(call.service, call.operation, call.parameters)
    told = f"{_NAME} records all regions from now on, and writes to the log group {_GROUP}."
    return Redirect(visit.url("trails", _NAME), told=told)


def _whole_calls(visit: Visit) -> list[AwsCall]:
    scope = visit.scope
    with visit.service.store.read() as store:
        has_group = GROUPS.get(store, scope, _GROUP) is not None
    group = AwsCall(service="logs", operation="CreateLogGroup", parameters={"logGroupName": _GROUP})
    parameters = {
        "Name": _NAME,
        "S3BucketName": f"trail-logs-{scope.account}",
        "IsMultiRegionTrail": True,
        "EnableLogFileValidation": True,
        "CloudWatchLogsLogGroupArn": f"{group_arn(scope, _GROUP)}:*",
        "CloudWatchLogsRoleArn": role_arn(scope),
    }
    return [
        *([] if has_group else [group]),
        AwsCall(service="cloudtrail", operation="CreateTrail", parameters=parameters),
        AwsCall(service="cloudtrail", operation="StartLogging", parameters={"Name": _NAME}),
    ]


def role_arn(scope: Scope) -> str:
    """A role as a trail with a log group needs one; it is kept and shown, and used on AWS alone."""
    return f"arn:{scope.partition}:iam::{scope.account}:role/CloudTrail_CloudWatchLogs_Role"


# ---------------------------------------------------------------- what is lost


def stop_page(visit: Visit) -> Answer:
    """What is lost while a trail is stopped (CT-10)."""
    line = reading_of(visit).line
    stopped = msgspec.structs.replace(line.trail, is_logging=False)
    return weighty_page(
        visit, line, stopped, verb="Stop", action_name="stop-logging", calls=[trail_call("StopLogging", line.trail)]
    )


def delete_page(visit: Visit) -> Answer:
    """What is lost when a trail is deleted (CT-10)."""
    line = reading_of(visit).line
    return weighty_page(
        visit, line, None, verb="Delete", action_name="delete-trail", calls=[trail_call("DeleteTrail", line.trail)]
    )


def weighty_page(
    visit: Visit, line: TrailLine, after: Trail | None, *, verb: str, action_name: str, calls: list[AwsCall]
) -> Page:
    """The page that says what a change takes away from a trail, in numbers, and asks whether that is meant."""
    trail = line.trail
    lost = narrowings(trail, after)
    chain = chain_behind(visit.service, trail)
    context = {
        "line": line,
        "trail": trail,
        "verb": verb,
        "action_name": action_name,
        "lost": lost,
        "chain": chain,
        "blinds": blinds(trail, after),
        "types_name": must_type(visit, line, after),
        "fields": [(name, value) for name, value in visit.form.items() if name not in _NOT_CARRIED],
        "calls": calls,
        "back": trail_url(visit, trail),
    }
    crumbs = [(CRUMB, visit.url("trails")), (trail.name, visit.url("trails", trail.name))]
    status = 422 if visit.problems else 200
    return Page("trail_narrowing.html", verb, context, crumbs=crumbs, section="trails", status=status)


_NOT_CARRIED: Final = frozenset(("token", "form", "typed", "sure", "trail", "resolve"))


def blinds(trail: Trail, after: Trail | None) -> bool:
    """Whether what looks at a trail's log group would see nothing of it any more, or not all of it."""
    lost = {one.kind.value for one in narrowings(trail, after)}
    return bool(trail.log_group_arn) and bool(lost & _BLINDING)


_BLINDING: Final = frozenset(("stopped", "deleted", "alarms", "selectors", "regions", "global services"))


def must_type(visit: Visit, line: TrailLine, after: Trail | None) -> bool:
    """Whether the name of a trail has to be typed: alarms would see less, so somebody would not be told."""
    return blinds(line.trail, after) and bool(chain_behind(visit.service, line.trail).alarms)


def stop_logging(visit: Visit) -> Answer:
    """Stop a trail."""
    line = reading_of(visit).line
    trail = line.trail
    if not is_sure(visit, line, msgspec.structs.replace(trail, is_logging=False)):
        return stop_page(visit)
    visit.call("cloudtrail", "StopLogging", {"Name": trail.name}, scope=trail.home)
    undo = Undo("start-logging", {"trail": trail.name})
    return Redirect(trail_url(visit, trail), told=f"{trail.name} is stopped: nothing is recorded.", undo=undo)


def delete_trail(visit: Visit) -> Answer:
    """Delete a trail."""
    line = reading_of(visit).line
    trail = line.trail
    if not is_sure(visit, line, None):
        return delete_page(visit)
    visit.call("cloudtrail", "DeleteTrail", {"Name": trail.name}, scope=trail.home)
    return Redirect(visit.url("trails"), told=f"Trail {trail.name} deleted. What it has delivered stays.")


def is_sure(visit: Visit, line: TrailLine, after: Trail | None) -> bool:
    """Whether a form says that what is lost is meant. Where alarms would see less it has the name of the trail."""
    if not visit.form.get("sure"):
        return False
    name = line.trail.name
    if must_type(visit, line, after) and visit.form.get("typed") != name:
        visit.problems = {"typed": f"Type the name of the trail, {name}: alarms would see less."}
        return False
    return True


ROUTES = (
    page("trails", trail_list),
    page("trails/{name...}", trail_page),
    page("confirm/stop-logging", stop_page),
    page("confirm/delete-trail", delete_page),
    action("start-logging", start_logging),
    action("stop-logging", stop_logging, form=stop_page),
    action("delete-trail", delete_trail, form=delete_page),
    action("create-whole-trail", create_whole_trail, form=trail_list),
)
