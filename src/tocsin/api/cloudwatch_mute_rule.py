"""Mute rules of alarms. Spec: AL-14, WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import name_page, operations
from tocsin.app import mute_rule
from tocsin.app.mute_rule import rule_arn
from tocsin.errors import NotFoundError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters

_DEFAULT_RECORDS = 50


@operations("PutAlarmMuteRule")
def put_alarm_mute_rule(ctx: Context, parameters: Parameters) -> None:
    """Keep a rule."""
    mute_rule.put_mute_rule(ctx.tocsin, ctx.scope, parameters)


@operations("GetAlarmMuteRule")
def get_alarm_mute_rule(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """One rule."""
    name = parameters["AlarmMuteRuleName"]
    try:
        found = mute_rule.get_mute_rule(ctx.tocsin, ctx.scope, name)
    except NotFoundError:
        raise Fault(
            "ResourceNotFoundException", members={"ResourceType": "alarm-mute-rule", "ResourceId": name}
        ) from None
    told = {name: value for name, value in found.rule.to_aws().items() if name != "Tags"}
    return {
        **told,
        "AlarmMuteRuleArn": rule_arn(ctx.scope, found.rule.name),
        "Status": found.status.value,
        "LastUpdatedTimestamp": found.updated_at,
        "MuteType": found.rule.mute_type.value,
    }


@operations("ListAlarmMuteRules")
def list_alarm_mute_rules(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Rules by name."""
    found, has_more = mute_rule.list_mute_rules(
        ctx.tocsin,
        ctx.scope,
        alarm_name=parameters.get("AlarmName"),
        statuses=parameters.get("Statuses", ()),
        after=name_page(ctx, parameters),
        limit=parameters.get("MaxRecords", _DEFAULT_RECORDS),
    )
    told = [
        {
            "AlarmMuteRuleArn": rule_arn(ctx.scope, one.rule.name),
            "ExpireDate": one.rule.expire_date,
            "Status": one.status.value,
            "MuteType": one.rule.mute_type.value,
            "LastUpdatedTimestamp": one.updated_at,
        }
        for one in found
    ]
    token = ctx.next_token(parameters, [found[-1].rule.name]) if has_more else None
    return {"AlarmMuteRuleSummaries": told, "NextToken": token}


@operations("DeleteAlarmMuteRule")
def delete_alarm_mute_rule(ctx: Context, parameters: Parameters) -> None:
    """Remove a rule."""
    mute_rule.delete_mute_rule(ctx.tocsin, ctx.scope, parameters["AlarmMuteRuleName"])
