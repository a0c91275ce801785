"""Dashboards. Spec: WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import name_page, operations, tags_of
from tocsin.app import dashboard
from tocsin.app.dashboard import DashboardBodyError, dashboard_arn
from tocsin.core.alarm.timestamp import moment
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters

_LISTED = 1_000
_MOST_DELETED = 100


@operations("PutDashboard")
def put_dashboard(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Keep a dashboard."""
    try:
        dashboard.put_dashboard(
            ctx.tocsin,
            ctx.scope,
            parameters["DashboardName"],
            parameters["DashboardBody"],
            tags=tags_of(parameters.get("Tags")),
        )
    except DashboardBodyError as error:
        told = [{"DataPath": one.path, "Message": one.message} for one in error.problems]
        raise Fault(
            "DashboardInvalidInputError", error.message, members={"dashboardValidationMessages": told}
        ) from None
    return {"DashboardValidationMessages": []}


@operations("GetDashboard")
def get_dashboard(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """One dashboard."""
    found = dashboard.get_dashboard(ctx.tocsin, ctx.scope, parameters["DashboardName"])
    return {
        "DashboardArn": dashboard_arn(ctx.scope, found.name),
        "DashboardBody": found.body,
        "DashboardName": found.name,
    }


@operations("ListDashboards")
def list_dashboards(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Dashboards by name."""
    found, has_more = dashboard.list_dashboards(
        ctx.tocsin,
        ctx.scope,
        prefix=parameters.get("DashboardNamePrefix", ""),
        after=name_page(ctx, parameters),
        limit=_LISTED,
    )
    entries = [
        {
            "DashboardName": one.name,
            "DashboardArn": dashboard_arn(ctx.scope, one.name),
            "LastModified": moment(one.modified_at // 1000),
            "Size": one.size,
        }
        for one in found
    ]
    return {
        "DashboardEntries": entries,
        "NextToken": ctx.next_token(parameters, [found[-1].name]) if has_more else None,
    }


@operations("DeleteDashboards")
def delete_dashboards(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Remove dashboards."""
    names = parameters["DashboardNames"]
    if len(names) > _MOST_DELETED:
        raise Fault("InvalidParameterValue", f"At most {_MOST_DELETED} dashboards can be deleted at once.")
    dashboard.delete_dashboards(ctx.tocsin, ctx.scope, names)
    return {}
