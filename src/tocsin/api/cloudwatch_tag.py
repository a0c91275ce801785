"""Tags of alarms, mute rules, dashboards and insight rules. Spec: WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import operations, tags_of
from tocsin.app import resource_tag
from tocsin.app.metric_alarm import restart_notices
from tocsin.errors import NotFoundError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters


@operations("TagResource")
def tag_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Add tags."""
    arn = parameters["ResourceARN"]
    try:
        resource_tag.tag_resource(ctx.tocsin, ctx.scope, arn, tags_of(parameters["Tags"]), follow=restart_notices)
    except NotFoundError:
        raise _nothing(arn) from None
    return {}


@operations("UntagResource")
def untag_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Remove tags."""
    arn = parameters["ResourceARN"]
    try:
        resource_tag.untag_resource(ctx.tocsin, ctx.scope, arn, parameters["TagKeys"], follow=restart_notices)
    except NotFoundError:
        raise _nothing(arn) from None
    return {}


@operations("ListTagsForResource")
def list_tags_for_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """All tags."""
    tags = resource_tag.tags_of(ctx.tocsin, ctx.scope, parameters["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _nothing(arn: str) -> Fault:
    kind = arn.partition(":cloudwatch:")[2].split(":")[-1].partition("/")[0] if "/" in arn else "alarm"
    return Fault("ResourceNotFoundException", members={"ResourceType": kind, "ResourceId": arn})
