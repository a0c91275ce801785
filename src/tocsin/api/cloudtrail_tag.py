"""Tags of trails. Spec: CT-7.3, CT-7.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import listed_tags, operations, tags_of
from tocsin.app import trail_tag
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters

_MOST_RESOURCES = 20


@operations("AddTags")
def add_tags(ctx: Context, parameters: Parameters) -> None:
    """Add tags."""
    trail_tag.add_tags(ctx.tocsin, ctx.scope, parameters["ResourceId"], tags_of(parameters["TagsList"]))


@operations("RemoveTags")
def remove_tags(ctx: Context, parameters: Parameters) -> None:
    """Remove tags by their keys."""
    trail_tag.remove_tags(ctx.tocsin, ctx.scope, parameters["ResourceId"], tags_of(parameters["TagsList"]))


@operations("ListTags")
def list_tags(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The tags of some trails, all on one page."""
    if parameters.get("NextToken") is not None:  # none was ever given (WIRE-9.2)
        raise Fault("InvalidTokenException", "The specified NextToken is invalid.")
    arns = parameters["ResourceIdList"]
    if len(arns) > _MOST_RESOURCES:
        raise Fault(
            "ValidationException",
            f"1 validation error detected: Value '[{', '.join(arns)}]' at 'resourceIdList' failed to satisfy"
            f" constraint: Member must have length less than or equal to {_MOST_RESOURCES}",
        )
    found = trail_tag.tags_of(ctx.tocsin, ctx.scope, arns)
    return {"ResourceTagList": [{"ResourceId": arn, "TagsList": listed_tags(tags)} for arn, tags in found]}
