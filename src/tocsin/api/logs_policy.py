"""Resource policies: kept and told. Spec: WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.logs_table import invalid, name_page, operations
from tocsin.app import resource_policy
from tocsin.app.log_group import group_name, require_group

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.resource_policy import ResourcePolicy


@operations("PutResourcePolicy")
def put_resource_policy(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Keep a policy of the account, or of one log group."""
    arn = parameters.get("resourceArn")
    if arn is not None:
        with ctx.tocsin.store.read() as store:
            require_group(store, ctx.scope, group_name(arn, ctx.scope))
    name = parameters.get("policyName")
    if name is None and arn is None:
        raise invalid("Either policyName or resourceArn must be specified.")
    made = resource_policy.put_resource_policy(
        ctx.tocsin,
        ctx.scope,
        name or "",
        parameters.get("policyDocument", ""),
        resource_arn=arn,
        expected=parameters.get("expectedRevisionId"),
    )
    return {"resourcePolicy": _described(made), "revisionId": made.revision or None}


@operations("DescribeResourcePolicies")
def describe_resource_policies(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Policies by name."""
    after = name_page(ctx, parameters)
    found, has_more = resource_policy.list_resource_policies(
        ctx.tocsin,
        ctx.scope,
        resource_arn=parameters.get("resourceArn"),
        after=after,
        limit=parameters.get("limit", 50),
    )
    token = ctx.next_token(parameters, [found[-1].name]) if has_more else None
    return {"resourcePolicies": [_described(one) for one in found], "nextToken": token}


@operations("DeleteResourcePolicy")
def delete_resource_policy(ctx: Context, parameters: Parameters) -> None:
    """Remove a policy."""
    name, arn = parameters.get("policyName"), parameters.get("resourceArn")
    if name is None and arn is None:
        raise invalid("Either policyName or resourceArn must be specified.")
    resource_policy.delete_resource_policy(
        ctx.tocsin, ctx.scope, name or "", resource_arn=arn, expected=parameters.get("expectedRevisionId")
    )


def _described(one: ResourcePolicy) -> dict[str, Any]:
    return {
        "policyName": one.name or None,
        "policyDocument": one.document,
        "lastUpdatedTime": one.updated_at,
        "policyScope": "ACCOUNT" if one.resource_arn is None else "RESOURCE",
        "resourceArn": one.resource_arn,
        "revisionId": one.revision or None,
    }
