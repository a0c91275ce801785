"""Log groups. Spec: WIRE-8.1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tocsin.api.logs_table import bad_token, invalid, operations, page_of
from tocsin.app import log_group
from tocsin.app.log_group import group_arn, group_name
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.api.operation import Context, Parameters
    from tocsin.app.log_group import ListedGroup, LogGroup


@operations("CreateLogGroup")
def create_log_group(ctx: Context, parameters: Parameters) -> None:
    """Make a group."""
    log_group.create_log_group(
        ctx.tocsin,
        ctx.scope,
        parameters["logGroupName"],
        log_group_class=parameters.get("logGroupClass", log_group.STANDARD),
        kms_key_id=parameters.get("kmsKeyId"),
        is_protected=parameters.get("deletionProtectionEnabled", False),
        tags=parameters.get("tags"),
    )


@operations("DeleteLogGroup")
def delete_log_group(ctx: Context, parameters: Parameters) -> None:
    """Remove a group with all that hangs on it."""
    log_group.delete_log_group(ctx.tocsin, ctx.scope, parameters["logGroupName"])


@operations("DescribeLogGroups")
def describe_log_groups(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Groups by name, with a prefix, with a text in their name, or those that are named."""
    prefix, pattern = parameters.get("logGroupNamePrefix"), parameters.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    identifiers = parameters.get("logGroupIdentifiers")
    if identifiers and (prefix is not None or pattern is not None):
        raise invalid("LogGroup identifiers cannot be used with a name prefix or a name pattern.")
    names = {group_name(one, ctx.scope) for one in identifiers or ()}
    group_class = parameters.get("logGroupClass")

    def matches(group: LogGroup) -> bool:
        return (
            (pattern is None or pattern in group.name)
            and (not identifiers or group.name in names)
            and group_class in (None, group.log_group_class)
        )

    found, token = _page(ctx, parameters, prefix=prefix or "", matches=matches)
    return {"logGroups": [_described(ctx, one, is_short=pattern is not None) for one in found], "nextToken": token}


@operations("ListLogGroups")
def list_log_groups(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Groups whose name has one of some texts in it, `^` marking its beginning."""
    for name in ("dataSources", "fieldIndexNames"):
        if name in parameters:  # to leave it out of account would be to list groups that were not asked for (WIRE-3.13)
            raise invalid(f"{name} is not supported by Tocsin.")
    pattern = parameters.get("logGroupNamePattern", "")
    group_class = parameters.get("logGroupClass")
    compiled = _name_pattern(pattern)
    filters = parameters.get("logGroupTags", [])

    def matches(group: LogGroup) -> bool:
        return (
            compiled(group.name)
            and group_class in (None, group.log_group_class)
            and all(_has_tag(group, one) for one in filters)
        )

    found, token = _page(ctx, parameters, matches=matches)
    groups = [
        {
            "logGroupName": one.group.name,
            "logGroupArn": group_arn(ctx.scope, one.group.name),
            "logGroupClass": one.group.log_group_class,
        }
        for one in found
    ]
    return {"logGroups": groups, "nextToken": token}


def _has_tag(group: LogGroup, wanted: dict[str, Any]) -> bool:
    key, values = wanted.get("key", ""), wanted.get("values") or []
    return key in group.tags and (not values or group.tags[key] in values)


def _name_pattern(pattern: str) -> Callable[[str], bool]:
    """`^aws|trail`: the name begins with `aws` or has `trail` in it."""
    parts = [part for part in pattern.split("|") if part] if pattern else [""]
    if not all(re.fullmatch(r"\^?[.\-_/#A-Za-z0-9]*", part) for part in parts):
        raise invalid(f"Invalid log group name pattern: {pattern}")
    return lambda name: any(name.startswith(part[1:]) if part.startswith("^") else part in name for part in parts)


def _page(
    ctx: Context,
    parameters: Parameters,
    *,
    prefix: str = "",
    matches: Callable[[LogGroup], bool],
) -> tuple[list[ListedGroup], str | None]:
    begin = page_of(ctx, parameters)
    if begin is not None and not isinstance(begin[0], str):
        raise bad_token()
    found, has_more = log_group.list_log_groups(
        ctx.tocsin,
        ctx.scope,
        prefix=prefix,
        matches=matches,
        after=None if begin is None else str(begin[0]),
        limit=parameters.get("limit", 50),
    )
    return found, ctx.next_token(parameters, [found[-1].group.name]) if has_more else None


def _described(ctx: Context, listed: ListedGroup, *, is_short: bool) -> dict[str, Any]:
    """A group as AWS tells it; with a pattern two members are missing (WIRE-8.1)."""
    group = listed.group
    arn = group_arn(ctx.scope, group.name)
    told = {
        "arn": f"{arn}:*",
        "creationTime": group.created_at,
        "logGroupArn": arn,
        "logGroupClass": group.log_group_class,
        "logGroupName": group.name,
        "metricFilterCount": listed.metric_filters,
        "retentionInDays": group.retention_in_days,
        "kmsKeyId": group.kms_key_id,
    }
    if not is_short:
        told |= {"storedBytes": listed.stored_bytes, "deletionProtectionEnabled": group.is_protected}
    return told


@operations("PutRetentionPolicy")
def put_retention_policy(ctx: Context, parameters: Parameters) -> None:
    """How long events are kept."""
    log_group.set_retention(ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["retentionInDays"])


@operations("DeleteRetentionPolicy")
def delete_retention_policy(ctx: Context, parameters: Parameters) -> None:
    """Events are kept for ever."""
    log_group.set_retention(ctx.tocsin, ctx.scope, parameters["logGroupName"], None)


@operations("AssociateKmsKey")
def associate_kms_key(ctx: Context, parameters: Parameters) -> None:
    """Keep the key that is shown with a group."""
    log_group.set_kms_key(ctx.tocsin, ctx.scope, _keyed_group(ctx, parameters), parameters["kmsKeyId"])


@operations("DisassociateKmsKey")
def disassociate_kms_key(ctx: Context, parameters: Parameters) -> None:
    """Show no key any more."""
    log_group.set_kms_key(ctx.tocsin, ctx.scope, _keyed_group(ctx, parameters), None)


def _keyed_group(ctx: Context, parameters: Parameters) -> str:
    name, identifier = parameters.get("logGroupName"), parameters.get("resourceIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Exactly one of logGroupName and resourceIdentifier must be specified.")
    found = str(name) if name is not None else group_name(str(identifier), ctx.scope)
    if found.startswith("arn:"):
        raise Fault("ResourceNotFoundException", "The specified log group does not exist.")
    return found


@operations("PutLogGroupDeletionProtection")
def put_log_group_deletion_protection(ctx: Context, parameters: Parameters) -> None:
    """Keep a group from being deleted, or no longer."""
    name = group_name(parameters["logGroupIdentifier"], ctx.scope)
    log_group.set_protection(ctx.tocsin, ctx.scope, name, parameters["deletionProtectionEnabled"])
