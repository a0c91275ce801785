"""The forms of trails: made, changed, their selectors and Insights.

    new/trail               visit.call: CreateTrail, StartLogging
    edit/trail/{name}       visit.call: UpdateTrail, with what was changed and nothing else
    edit/selectors/{name}   visit.call: PutEventSelectors, PutInsightSelectors; what would be lost is counted first

Rule: a change that takes something away is asked for twice, with what is lost (CT-10). Spec: CON-4.10, CON-7, CT-7.8,
CT-7.9, CT-8, CT-17.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.log_group import GROUPS, group_arn
from tocsin.app.selector_setting import read_selector_setting
from tocsin.app.topic import TOPICS
from tocsin.console.answer import FormProblemError, Fragment, Page, Redirect
from tocsin.console.json_field import json_for_field
from tocsin.console.live_form import equal_fragment
from tocsin.console.opened_form import Edited, conflict_page, opened_form, ticked
from tocsin.console.route import action, page
from tocsin.console.selector_trial import SelectorTrial, try_selectors
from tocsin.console.views.trails import (
    CRUMB,
    is_sure,
    reading_of,
    role_arn,
    trail_call,
    trail_url,
    weighty_page,
)
from tocsin.core.aws_call import AwsCall
from tocsin.core.trail.basic_selector import EXCLUDABLE, RESOURCE_TYPES
from tocsin.core.trail.narrowing import narrowings
from tocsin.core.trail.selector import Selectors, selectors_of
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.app.trail_reading import TrailLine
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.trail.definition import Trail

_MOST_NAMES: Final = 500

_SETTINGS: Final = {
    "bucket": "Bucket",
    "prefix": "Prefix",
    "topic": "Topic",
    "regions": "All regions",
    "global": "Global services",
    "validation": "Validation",
    "group": "Log group",
    "role": "Role",
    "key": "KMS key",
}
_SELECTORS: Final = {
    "kind": "Written as",
    "actions": "Events",
    "management": "Management events",
    "without": "Sources left out",
    "resources": "Data events",
    "json": "JSON",
    "insights": "Insights",
}

ACTIONS: Final = (("All", "that read or write"), ("WriteOnly", "that write"), ("ReadOnly", "that read"))
INSIGHTS: Final = (
    ("ApiCallRateInsight", "an unusual rate of calls that write"),
    ("ApiErrorRateInsight", "an unusual rate of errors"),
)


# ---------------------------------------------------------------- a trail


def new_trail(visit: Visit) -> Answer:
    """The form of a trail that is not there yet."""
    values = {
        **dict.fromkeys(("prefix", "topic", "group", "key"), ""),
        "name": "main-trail",
        "bucket": f"trail-logs-{visit.scope.account}",
        "regions": "yes",
        "global": "yes",
        "validation": "yes",
        "role": role_arn(visit.scope),
    }
    context = {
        **_choices(visit),
        "trail": None,
        "values": values,
        "calls": _creation(visit) if visit.form else _creation_of(visit, values),
    }
    return Page("trail_form.html", "New trail", context, crumbs=[(CRUMB, visit.url("trails"))])


def _choices(visit: Visit) -> dict[str, Any]:
    with visit.service.store.read() as store:
        groups = [name for name, _ in GROUPS.scan(store, visit.scope, limit=_MOST_NAMES)]
        topics = [name for name, _ in TOPICS.scan(store, visit.scope, limit=_MOST_NAMES)]
    return {
        "groups": [("", "none: alarms see nothing of it"), *((name, name) for name in groups)],
        "topics": [("", "none"), *((name, name) for name in topics)],
    }


def create_trail(visit: Visit) -> Answer:
    """Make a trail, and let it log unless that is not wanted."""
    calls = _creation(visit)
    if visit.is_live:
        return equal_fragment(calls)
    name = visit.form.get("name")
    if not name:
        raise FormProblemError({"name": "A trail has a name of 3 to 128 letters, digits and . - _"})
    if not visit.form.get("bucket"):
        raise FormProblemError({"bucket": "A trail puts its log files into a bucket."})
    for call in calls:
        visit.call(call.service, call.operation, call.parameters)
    told = f"Trail {name} created" + (
        ", and records from now on." if visit.form.get("start") else ". It is not started yet."
    )
    return Redirect(visit.url("trails", name), told=told)


def _creation(visit: Visit) -> list[AwsCall]:
    return _creation_of(visit, dict(visit.form.items()))


def _creation_of(visit: Visit, given: dict[str, str]) -> list[AwsCall]:
    parameters: dict[str, Any] = {
        "Name": given.get("name", "").strip() or "main-trail",
        "S3BucketName": given.get("bucket", "").strip(),
        "S3KeyPrefix": given.get("prefix", "").strip(),
        "SnsTopicName": given.get("topic", ""),
        "IsMultiRegionTrail": bool(given.get("regions")),
        "IncludeGlobalServiceEvents": bool(given.get("global") or given.get("regions")),
        "EnableLogFileValidation": bool(given.get("validation")),
        "KmsKeyId": given.get("key", "").strip(),
    }
    if given.get("group"):
        parameters["CloudWatchLogsLogGroupArn"] = f"{group_arn(visit.scope, given['group'])}:*"
        parameters["CloudWatchLogsRoleArn"] = given.get("role", "").strip() or role_arn(visit.scope)
    kept = {name: value for name, value in parameters.items() if value != ""}
    calls = [AwsCall(service="cloudtrail", operation="CreateTrail", parameters=kept)]
    if given.get("start", "yes" if not visit.form else ""):
        start = {"Name": parameters["Name"]}
        calls.append(AwsCall(service="cloudtrail", operation="StartLogging", parameters=start))
    return calls


def edit_trail(visit: Visit) -> Answer:
    """The form of a trail's settings."""
    line = _own_line(visit)
    trail, values = line.trail, _values(line.trail)
    context = {
        **_choices(visit),
        "trail": trail,
        "values": values,
        "opened": opened_form(visit, values),
        "calls": _changes(visit, trail) if visit.form else (),
    }
    crumbs = [(CRUMB, visit.url("trails")), (trail.name, visit.url("trails", trail.name))]
    return Page("trail_form.html", "Settings", context, crumbs=crumbs, section="trails")


def _own_line(visit: Visit) -> TrailLine:
    """The trail, where it may be changed: at home (CT-7.10)."""
    line = reading_of(visit).line
    if line.is_shadow:
        home = line.trail.home
        raise InputError(f"{line.trail.name} was made in {home.account} {home.region}, and is changed there")
    return line


def _values(trail: Trail) -> dict[str, str]:
    group = trail.log_group_arn.partition(":log-group:")[2].removesuffix(":*")
    return {
        "bucket": trail.s3_bucket_name,
        "prefix": trail.s3_key_prefix,
        "topic": trail.sns_topic_name,
        "regions": "yes" if trail.is_multi_region else "",
        "global": "yes" if trail.include_global_service_events else "",
        "validation": "yes" if trail.validates_log_files else "",
        "group": group,
        "role": trail.log_role_arn,
        "key": trail.kms_key_id,
    }


def keep_trail(visit: Visit) -> Answer:
    """Change what was changed in the form; what takes something away wants a second word."""
    line = _own_line(visit)
    trail = line.trail
    calls = _changes(visit, trail)
    if visit.is_live:
        return equal_fragment(calls)
    if visit.form.get("resolve") == "show":
        return edit_trail(visit)
    conflict = conflict_page(visit, _values(trail), _SETTINGS, _edited(visit, trail, "keep-trail", "UpdateTrail"))
    if conflict is not None:
        return conflict
    if not calls:
        return Redirect(trail_url(visit, trail), told="Nothing was changed.")
    after = _changed(trail, calls[0].parameters)
    if narrowings(trail, after) and not is_sure(visit, line, after):
        return weighty_page(visit, line, after, verb="Narrow", action_name="keep-trail", calls=calls)
    for call in calls:
        visit.call(call.service, call.operation, call.parameters, scope=trail.home)
    return Redirect(trail_url(visit, trail), told="Settings saved.")


def _edited(visit: Visit, trail: Trail, action_name: str, operation: str) -> Edited:
    address = trail_url(visit, trail)
    return Edited(
        action=action_name,
        kind="trail",
        name=trail.name,
        address=address,
        identity={"trail": trail.name},
        scope=trail.home,
        operation=operation,
        asked={"trailName" if operation.startswith("Put") else "name": trail.name},
        crumbs=[(CRUMB, visit.url("trails")), (trail.name, address)],
        section="trails",
    )


def _changes(visit: Visit, trail: Trail) -> list[AwsCall]:
    """UpdateTrail with the members that were changed; group and role go together (CT-7.8)."""
    form, before = visit.form, _values(trail)
    wanted = {name: form.get(name) for name in before}
    if wanted["regions"]:
        wanted["global"] = "yes"
    texts = {"bucket": "S3BucketName", "prefix": "S3KeyPrefix", "topic": "SnsTopicName", "key": "KmsKeyId"}
    truths = {
        "regions": "IsMultiRegionTrail",
        "global": "IncludeGlobalServiceEvents",
        "validation": "EnableLogFileValidation",
    }
    given: dict[str, Any] = {member: wanted[name] for name, member in texts.items() if wanted[name] != before[name]}
    given |= {member: bool(wanted[name]) for name, member in truths.items() if wanted[name] != before[name]}
    if wanted["group"] != before["group"] or (wanted["group"] and wanted["role"] != before["role"]):
        arn = f"{group_arn(trail.home, wanted['group'])}:*" if wanted["group"] else ""
        given["CloudWatchLogsLogGroupArn"] = arn
        given["CloudWatchLogsRoleArn"] = (wanted["role"] or role_arn(trail.home)) if arn else ""
    return [trail_call("UpdateTrail", trail, **given)] if given else []


def _changed(trail: Trail, given: dict[str, Any]) -> Trail:
    """The trail as it would be, for what is lost; what the API refuses it refuses later."""
    members = {
        "S3BucketName": "s3_bucket_name",
        "S3KeyPrefix": "s3_key_prefix",
        "KmsKeyId": "kms_key_id",
        "IsMultiRegionTrail": "is_multi_region",
        "IncludeGlobalServiceEvents": "include_global_service_events",
        "EnableLogFileValidation": "validates_log_files",
        "CloudWatchLogsLogGroupArn": "log_group_arn",
    }
    change = {field: given[name] for name, field in members.items() if name in given}
    if "SnsTopicName" in given:
        name = given["SnsTopicName"]
        change["sns_topic_arn"] = trail.home.arn("sns", name) if name and not name.startswith("arn:") else name
    return msgspec.structs.replace(trail, **change)


# ---------------------------------------------------------------- selectors


def edit_selectors(visit: Visit) -> Answer:
    """The form of a trail's selectors and Insights."""
    line = _own_line(visit)
    trail, values = line.trail, _selector_values(line.trail)
    context = {
        "trail": trail,
        "values": values,
        "actions": ACTIONS,
        "sources": EXCLUDABLE,
        "types": RESOURCE_TYPES,
        "kinds": INSIGHTS,
        "values_on": lambda name: ticked(visit, name) if visit.form else values[name].split("\n"),
        "opened": opened_form(visit, values),
        **_trial(visit, line, counts=visit.form.get("resolve") == "count"),
    }
    crumbs = [(CRUMB, visit.url("trails")), (trail.name, visit.url("trails", trail.name))]
    return Page("selector_form.html", "Selectors", context, crumbs=crumbs, section="trails")


def _selector_values(trail: Trail) -> dict[str, str]:
    """What the fields hold. One basic selector has fields of its own; all else stands as JSON."""
    selectors = selectors_of(trail.event_selectors)
    is_simple = len(selectors.basic) == 1 and len({one.type for one in selectors.basic[0].data_resources}) == len(
        selectors.basic[0].data_resources
    )
    basic = selectors.basic[0] if is_simple else None
    return {
        "kind": "fields" if is_simple else "json",
        "actions": "All" if basic is None else basic.read_write_type.value,
        "management": "yes" if basic is None or basic.include_management_events else "",
        "without": "" if basic is None else "\n".join(basic.exclude_management_event_sources),
        "resources": ""
        if basic is None
        else "\n".join(f"{one.type} {value}".strip() for one in basic.data_resources for value in one.values or ("",)),
        "json": json_for_field(msgspec.json.format(msgspec.json.encode(selectors.members), indent=2).decode()),
        "insights": "\n".join(one.get("InsightType", "") for one in trail.insights),
    }


def _wanted_selectors(visit: Visit, trail: Trail) -> Selectors:
    """The selectors that the form asks for.

    Raises:
        FormProblemError: they are none.
    """
    form, before = visit.form, _selector_values(trail)
    kind = form.get("kind") or before["kind"]
    if kind == "json":
        try:
            return read_selector_setting(form.exact("json") if "json" in form else before["json"], name="selectors")
        except InputError as error:
            raise FormProblemError({"json": f"{error.message}{f'. {error.hint}' if error.hint else ''}"}) from None
    if not form:
        return selectors_of(trail.event_selectors)
    resources: dict[str, list[str]] = {}
    for text in form.exact("resources").split("\n"):
        if text.strip():
            name, _, value = text.strip().partition(" ")
            resources.setdefault(name, []).extend([value.strip()] if value.strip() else [])
    setting = {
        "ReadWriteType": form.get("actions") or "All",
        "IncludeManagementEvents": bool(form.get("management")),
        "DataResources": [{"Type": name, "Values": values} for name, values in resources.items()],
        "ExcludeManagementEventSources": ticked(visit, "without"),
    }
    try:
        return read_selector_setting(msgspec.json.encode(setting).decode(), name="selectors")
    except InputError as error:
        field = "resources" if "DataResources" in error.message else ""
        text = error.message.removeprefix("selectors: ")
        raise FormProblemError({field: f"{text}{f'. {error.hint}' if error.hint else ''}"}) from None


def _trial(visit: Visit, line: TrailLine, *, counts: bool) -> dict[str, Any]:
    """What the selectors of the form would do, and the calls that put them."""
    trail = line.trail
    try:
        wanted = _wanted_selectors(visit, trail)
    except FormProblemError as error:
        problem = " ".join(error.problems.values())
        return {"trial": SelectorTrial([], [], [], None, problem), "calls": ()}
    return {
        "trial": try_selectors(visit.service, trail, wanted, counts=counts),
        "calls": _selector_calls(visit, trail, wanted) if visit.form else (),
    }


def _selector_calls(visit: Visit, trail: Trail, wanted: Selectors) -> list[AwsCall]:
    calls = []
    if wanted != selectors_of(trail.event_selectors):
        calls.append(trail_call("PutEventSelectors", trail, **wanted.members))
    on = ticked(visit, "insights")
    kinds = [kind for kind, _ in INSIGHTS if kind in on]
    if set(kinds) != {one.get("InsightType") for one in trail.insights}:
        insights = [{"InsightType": kind} for kind in kinds]
        calls.append(trail_call("PutInsightSelectors", trail, InsightSelectors=insights))
    return calls


def keep_selectors(visit: Visit) -> Answer:
    """Put selectors and Insights; what takes something away wants a second word, with what would be lost."""
    line = _own_line(visit)
    trail = line.trail
    if visit.is_live:
        return Fragment("trail/_trial.html", {"trail": trail, **_trial(visit, line, counts=False)})
    if visit.form.get("resolve") in {"count", "show"}:
        return edit_selectors(visit)
    edited = _edited(visit, trail, "keep-selectors", "PutEventSelectors")
    conflict = conflict_page(visit, _selector_values(trail), _SELECTORS, edited)
    if conflict is not None:
        return conflict
    wanted = _wanted_selectors(visit, trail)
    calls = _selector_calls(visit, trail, wanted)
    if not calls:
        return Redirect(trail_url(visit, trail), told="Nothing was changed.")
    after = _after(trail, calls)
    if narrowings(trail, after) and not is_sure(visit, line, after):
        asked = weighty_page(visit, line, after, verb="Narrow", action_name="keep-selectors", calls=calls)
        trial = try_selectors(visit.service, trail, wanted)
        return msgspec.structs.replace(asked, context={**asked.context, "trial": trial})
    for call in calls:
        visit.call(call.service, call.operation, call.parameters, scope=trail.home)
    return Redirect(trail_url(visit, trail), told="Selectors saved.")


def _after(trail: Trail, calls: list[AwsCall]) -> Trail:
    change: dict[str, Any] = {}
    for call in calls:
        given = {name: value for name, value in call.parameters.items() if name != "TrailName"}
        if call.operation == "PutEventSelectors":
            change["selectors"] = msgspec.json.encode(given)
        else:
            listed = given["InsightSelectors"]
            change["insight_selectors"] = msgspec.json.encode(listed) if listed else b""
    return msgspec.structs.replace(trail, **change)


ROUTES = (
    page("new/trail", new_trail),
    page("edit/trail/{name...}", edit_trail),
    page("edit/selectors/{name...}", edit_selectors),
    action("create-trail", create_trail, form=new_trail),
    action("keep-trail", keep_trail, form=edit_trail),
    action("keep-selectors", keep_selectors, form=edit_selectors),
)
