"""The Insights that trails have switched on. Spec: CT-17.3.

Rule: a list that is put takes the place of the former one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.trail import change_trail, require_trail
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail


def put_insight_selectors(service: Service, scope: Scope, named: str, given: Sequence[Mapping[str, Any]]) -> Trail:
    """Keep which Insights a trail has switched on; none switches them off.

    Raises:
        InvalidParameterError: one kind of Insights is given twice.
    """
    kinds = [one.get("InsightType") for one in given]
    if None in kinds or len(set(kinds)) < len(kinds):
        raise InvalidParameterError(
            "Each element of InsightSelectors has an InsightType, and none has that of another.",
            aws_code="InvalidInsightSelectorsException",
        )
    kept = msgspec.json.encode(given) if given else b""
    return change_trail(service, scope, named, lambda trail: msgspec.structs.replace(trail, insight_selectors=kept))


def trail_with_insights(service: Service, scope: Scope, named: str) -> Trail:
    """A trail that has Insights switched on.

    Raises:
        InvalidParameterError: it has none.
    """
    with service.store.read() as store:
        trail = require_trail(store, scope, named)
    if not trail.insight_selectors:
        raise InvalidParameterError(
            f"Trail {trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights, and then "
            "try the operation again.",
            aws_code="InsightNotEnabledException",
        )
    return trail
