"""Insight selectors. Spec: CT-7.3, CT-17.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import operations
from tocsin.app import trail_insights
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters

_OF_DATA_STORES = ("EventDataStore", "InsightsDestination")


def _named(parameters: Parameters) -> str:
    """The trail that is meant; event data stores are not supported."""
    for member in _OF_DATA_STORES:
        if parameters.get(member) is not None:
            raise Fault(
                "InvalidParameterException", f"{member} is not supported by Tocsin, which has no event data stores."
            )
    name = parameters.get("TrailName")
    if name is None:
        raise Fault("InvalidParameterException", "TrailName must be specified.")
    return str(name)


@operations("PutInsightSelectors")
def put_insight_selectors(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Switch Insights on, in place of those that were on; an empty list switches them off."""
    trail = trail_insights.put_insight_selectors(
        ctx.tocsin, ctx.scope, _named(parameters), parameters["InsightSelectors"]
    )
    return {"TrailARN": trail.arn, "InsightSelectors": trail.insights}


@operations("GetInsightSelectors")
def get_insight_selectors(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Which Insights are on."""
    trail = trail_insights.trail_with_insights(ctx.tocsin, ctx.scope, _named(parameters))
    return {"TrailARN": trail.arn, "InsightSelectors": trail.insights}
