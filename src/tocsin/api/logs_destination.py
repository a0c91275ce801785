"""Destinations: kept and told. Spec: WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.logs_table import name_page, operations
from tocsin.app import subscription_filter
from tocsin.app.subscription_filter import destination_arn

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.subscription_filter import Destination


@operations("PutDestination")
def put_destination(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Make a destination, or change it."""
    made = subscription_filter.put_destination(
        ctx.tocsin,
        ctx.scope,
        parameters["destinationName"],
        target_arn=parameters["targetArn"],
        role_arn=parameters["roleArn"],
        tags=parameters.get("tags") or {},
    )
    return {"destination": _described(ctx, made)}


@operations("PutDestinationPolicy")
def put_destination_policy(ctx: Context, parameters: Parameters) -> None:
    """Keep who may write to it."""
    subscription_filter.put_destination_policy(
        ctx.tocsin, ctx.scope, parameters["destinationName"], parameters["accessPolicy"]
    )


@operations("DescribeDestinations")
def describe_destinations(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Destinations by name."""
    after = name_page(ctx, parameters)
    found, has_more = subscription_filter.list_destinations(
        ctx.tocsin,
        ctx.scope,
        prefix=parameters.get("DestinationNamePrefix", ""),
        after=after,
        limit=parameters.get("limit", 50),
    )
    token = ctx.next_token(parameters, [found[-1].name]) if has_more else None
    return {"destinations": [_described(ctx, one) for one in found], "nextToken": token}


@operations("DeleteDestination")
def delete_destination(ctx: Context, parameters: Parameters) -> None:
    """Remove a destination."""
    subscription_filter.delete_destination(ctx.tocsin, ctx.scope, parameters["destinationName"])


def _described(ctx: Context, one: Destination) -> dict[str, Any]:
    return {
        "arn": destination_arn(ctx.scope, one.name),
        "creationTime": one.created_at,
        "destinationName": one.name,
        "roleArn": one.role_arn,
        "targetArn": one.target_arn,
        "accessPolicy": one.access_policy,
    }
