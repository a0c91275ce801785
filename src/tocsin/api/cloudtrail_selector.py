"""Event selectors. Spec: CT-7.3, CT-8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import operations
from tocsin.app import trail_selectors
from tocsin.app.trail import require_trail
from tocsin.core.trail.selector import selectors_of

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters


@operations("PutEventSelectors")
def put_event_selectors(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Select events in place of the former selectors; the answer has them as they were given."""
    trail = trail_selectors.put_event_selectors(ctx.tocsin, ctx.scope, parameters["TrailName"], parameters)
    return {"TrailARN": trail.arn, **trail.event_selectors}


@operations("GetEventSelectors")
def get_event_selectors(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The event selectors of a trail, those of a new one where none were put."""
    with ctx.tocsin.store.read() as store:
        trail = require_trail(store, ctx.scope, parameters["TrailName"])
    return {"TrailARN": trail.arn, **selectors_of(trail.event_selectors).members}
