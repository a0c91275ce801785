"""Tags of log groups and destinations: one set behind both families of operations. Spec: WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.logs_table import operations
from tocsin.app import log_group, subscription_filter
from tocsin.app.log_group import group_arn, group_name, require_group
from tocsin.app.subscription_filter import destination_arn
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters


def _destination(ctx: Context, arn: str) -> str | None:
    """The name of the destination that an ARN names; None for the ARN of something else."""
    prefix = destination_arn(ctx.scope, "")
    return arn.removeprefix(prefix) if arn.startswith(prefix) else None


def _group(ctx: Context, arn: str) -> str:
    if not arn.startswith(group_arn(ctx.scope, "")):
        raise NotFoundError("The specified resource does not exist.", resource="tagged")
    return group_name(arn, ctx.scope)


@operations("TagResource")
def tag_resource(ctx: Context, parameters: Parameters) -> None:
    """Add tags."""
    arn, tags = parameters["resourceArn"], parameters["tags"]
    destination = _destination(ctx, arn)
    if destination is not None:
        subscription_filter.tag_destination(ctx.tocsin, ctx.scope, destination, add=tags)
    else:
        log_group.tag_log_group(ctx.tocsin, ctx.scope, _group(ctx, arn), tags)


@operations("UntagResource")
def untag_resource(ctx: Context, parameters: Parameters) -> None:
    """Remove tags."""
    arn, keys = parameters["resourceArn"], parameters["tagKeys"]
    destination = _destination(ctx, arn)
    if destination is not None:
        subscription_filter.tag_destination(ctx.tocsin, ctx.scope, destination, add={}, remove=keys)
    else:
        log_group.untag_log_group(ctx.tocsin, ctx.scope, _group(ctx, arn), keys)


@operations("ListTagsForResource")
def list_tags_for_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """All tags."""
    arn = parameters["resourceArn"]
    destination = _destination(ctx, arn)
    if destination is not None:
        return {"tags": subscription_filter.tags_of_destination(ctx.tocsin, ctx.scope, destination)}
    return {"tags": _tags(ctx, _group(ctx, arn))}


def _tags(ctx: Context, name: str) -> dict[str, str]:
    with ctx.tocsin.store.read() as store:
        return require_group(store, ctx.scope, name).tags


@operations("TagLogGroup")
def tag_log_group(ctx: Context, parameters: Parameters) -> None:
    """Add tags to a group."""
    log_group.tag_log_group(ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["tags"])


@operations("UntagLogGroup")
def untag_log_group(ctx: Context, parameters: Parameters) -> None:
    """Remove tags from a group."""
    log_group.untag_log_group(ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["tags"])


@operations("ListTagsLogGroup")
def list_tags_log_group(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """All tags of a group."""
    return {"tags": _tags(ctx, parameters["logGroupName"])}
