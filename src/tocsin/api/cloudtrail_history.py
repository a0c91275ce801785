"""Look-ups in the event history. Spec: CT-16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import bad_token, operations
from tocsin.app.event_history import PAGE, PageEnd, look_up_events
from tocsin.core.alarm.timestamp import moment
from tocsin.core.kept_record import RecordPlace
from tocsin.core.log_event import Term

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.event_history import LookedUp


@operations("LookupEvents")
def lookup_events(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Management events, or Insights events, of the last 90 days, newest first."""
    fault = bad_token()
    match ctx.position(parameters.get("NextToken"), parameters, fault=fault):
        case None:
            after = None
        case (int() as second, str() as event_id, int() as until):
            after = PageEnd(RecordPlace(second, event_id), until)
        case _:
            raise fault
    start, end = parameters.get("StartTime"), parameters.get("EndTime")
    events, following = look_up_events(
        ctx.tocsin,
        ctx.scope,
        [Term(one["AttributeKey"], one["AttributeValue"]) for one in parameters.get("LookupAttributes", ())],
        of_insights="EventCategory" in parameters,
        start=None if start is None else start.timestamp(),
        end=None if end is None else end.timestamp(),
        after=after,
        limit=parameters.get("MaxResults", PAGE),
    )
    token = None if following is None else ctx.next_token(parameters, [*following.place, following.until])
    return {"Events": [_event(one) for one in events], "NextToken": token}


def _event(one: LookedUp) -> dict[str, Any]:
    told = one.told
    return {
        "EventId": told.event_id,
        "EventName": told.event_name,
        "ReadOnly": told.read_only,
        "AccessKeyId": told.access_key_id,
        "EventTime": moment(one.place.second),
        "EventSource": told.event_source,
        "Username": told.username,
        "Resources": [{"ResourceType": resource.type, "ResourceName": resource.name} for resource in told.resources],
        "CloudTrailEvent": one.text,
    }
