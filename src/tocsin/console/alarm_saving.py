"""Saving an alarm of either type: the calls, and what is shown where two change one alarm. Spec: CON-4.8, CON-7.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.alarm_record import alarm_arn
from tocsin.app.definition_author import last_author
from tocsin.console.alarm_form import tags_of
from tocsin.console.answer import Page
from tocsin.console.edit_conflict import conflict_of, unpacked
from tocsin.console.moment import from_epoch
from tocsin.core.alarm_severity import SEVERITY
from tocsin.core.aws_call import AwsCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.console.visit import Visit
    from tocsin.core.scope import Scope

CRUMB: Final = "Alarms"


def opened_with(visit: Visit) -> dict[str, str] | None:
    """What the form was opened with; None for one of a new alarm."""
    return unpacked(visit.form.exact("base")) if visit.form.get("version") else None


def put_calls(
    scope: Scope,
    operation: str,
    parameters: Mapping[str, Any],
    fields: Mapping[str, str],
    *,
    before: Mapping[str, str] | None,
) -> list[AwsCall]:
    """The calls that make the alarm what the form says. Tags of one that is there are set by a call of their own."""
    tags = tags_of(fields)
    if before is None:
        made = {**parameters, "Tags": tags} if tags else dict(parameters)
        return [AwsCall(service="cloudwatch", operation=operation, parameters=made)]
    calls = [AwsCall(service="cloudwatch", operation=operation, parameters=dict(parameters))]
    if fields["severity"] != before.get("severity", ""):
        arn = {"ResourceARN": alarm_arn(scope, parameters["AlarmName"])}
        tagging = (
            AwsCall(service="cloudwatch", operation="TagResource", parameters={**arn, "Tags": tags})
            if tags
            else AwsCall(service="cloudwatch", operation="UntagResource", parameters={**arn, "TagKeys": [SEVERITY]})
        )
        calls.append(tagging)
    return calls


def conflict_page(
    visit: Visit,
    fields: Mapping[str, str],
    theirs: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    name: str,
    operation: str,
    noun: str,
) -> Page:
    """What it was, what somebody saved meanwhile, what was to be saved; `noun` is `alarm` or `composite`."""
    author = last_author(visit.service, visit.scope, operation, parameters={"alarmName": name})
    conflict = conflict_of(
        unpacked(visit.form.exact("base")),
        theirs,
        fields,
        labels,
        by="" if author is None else author.name,
        at=None if author is None else from_epoch(author.at * 1000),
    )
    identity = {"name": name, "version": conflict.version}
    context = {
        "conflict": conflict,
        "action": f"put-{noun}",
        "shown_by": f"preview-{noun}",
        "kind": "alarm",
        "name": name,
        "mine": {**fields, **identity},
        "merged": {**conflict.merged, **identity},
        "address": visit.url(f"edit/{noun}", name),
    }
    crumbs = [(CRUMB, visit.url("alarms")), (name, visit.url("alarms", name))]
    return Page("conflict.html", "Changed meanwhile", context, crumbs=crumbs, section="alarms", status=409)
