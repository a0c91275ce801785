"""Which trails get a record: by account, region, global services, logging and selectors. Spec: CT-9, CT-8.1, CT-1.2.

Rule: a record that does not say to whom it belongs and where it happened goes to no trail, and whoever asks is told
so by `scope_of`. What else a record does not say takes it from no trail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.record_category import Category, category_of
from tocsin.core.scope import Scope
from tocsin.core.trail.selector import compile_selectors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.trail.definition import Trail

# Services that record in one region of the partition, whatever region is called from (CT-9.2).
_GLOBAL_SERVICES: Final = frozenset(f"{name}.amazonaws.com" for name in ("iam", "cloudfront", "route53", "signin"))
_GLOBAL_REGIONS: Final = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_GLOBAL_REGION: Final = "us-east-1"
_STS: Final = "sts.amazonaws.com"

_Selects = Callable[[Mapping[str, Any]], bool]


def trails_of(record: Mapping[str, Any], trails: Iterable[Trail]) -> list[Trail]:
    """The trails, of those given, that get a record, in the order in which they are given."""
    scope = scope_of(record)
    if scope is None:
        return []
    return [one for one in trails if one.is_logging and _reaches(record, scope, one) and _selects(record, one)]


def scope_of(record: Mapping[str, Any]) -> Scope | None:
    """The account that a record is of, and the region that it happened in; None where it does not say so.

    Records of before version 1.02 name no recipient: they were the caller's alone.
    """
    identity = record.get("userIdentity")
    caller = identity.get("accountId") if isinstance(identity, Mapping) else None
    account, region = record.get("recipientAccountId") or caller, record.get("awsRegion")
    if not (account and region and isinstance(account, str) and isinstance(region, str)):
        return None
    return Scope(account, region)


def is_global(record: Mapping[str, Any]) -> bool:
    """Whether a record is of a global service, recorded where those are, and so not of that region (CT-9.2).

    STS is one only through its global endpoint, which a record names in the host that the client called.
    """
    scope = scope_of(record)
    if scope is None or scope.region != _GLOBAL_REGIONS.get(scope.partition, _GLOBAL_REGION):
        return False
    source = _part(record, "insightDetails").get("eventSource") or record.get("eventSource")
    if source == _STS:
        return _part(record, "tlsDetails").get("clientProvidedHostHeader") == _STS
    return source in _GLOBAL_SERVICES


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _reaches(record: Mapping[str, Any], scope: Scope, trail: Trail) -> bool:
    """Whether a record comes to a trail by its account and region (CT-9.1, CT-9.4)."""
    if not (trail.is_of(scope.account) and trail.is_in(scope.region)):
        return False
    return trail.include_global_service_events or not is_global(record)


def _selects(record: Mapping[str, Any], trail: Trail) -> bool:
    if category_of(record) == Category.INSIGHT:
        return _wants_insight(_part(record, "insightDetails"), trail)
    return _compiled(trail.selectors)(record)


def _wants_insight(details: Mapping[str, Any], trail: Trail) -> bool:
    """Whether the Insights that a trail has switched on are those of a record; selectors of events do not count.

    Insights on data events name the trail that they are of (CT-6.1). Records of before there were any name no
    category: they are on management events.
    """
    of, source = details.get("sourceEventCategory", "Management"), details.get("insightSource")
    if source is not None and source != trail.arn:
        return False
    return any(
        one["InsightType"] == details.get("insightType") and of in (one.get("EventCategories") or ["Management"])
        for one in trail.insights
    )


@lru_cache(maxsize=1024)
def _compiled(selectors: bytes) -> _Selects:
    """What a trail selects; most records meet the same few trails."""
    return compile_selectors(msgspec.json.decode(selectors) if selectors else {}).selects
