"""The records of an Insight: its Start and its End, in AWS's form. Spec: CT-6.1, CT-6.2, CT-17.7.

Rule: averages are calls a minute. What made up the calls is told of the Insight's minutes and of its baseline; where
that was not kept in full it is not told at all.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tocsin.core.event_time import format_time
from tocsin.core.insight.call import NOTHING, InsightKey, InsightType
from tocsin.core.insight.judgement import WINDOW, ClosedInsight, OpenInsight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.core.insight.call import Caller

_VERSION = "1.11"

# Values that an attribution shows (CT-6.2).
_SHOWN = 5

# AWS's records show so many decimals: 1 call in 11,336 minutes is 0.0000882145.
_DECIMALS = 10

Shares = dict[str, list[tuple[str, int]]]
"""Calls by attribute and value, the most frequent values first; no more than an attribution shows."""


def shares_of(key: InsightKey, callers: Iterable[tuple[Caller, int]]) -> Shares | None:
    """Who made so many calls of the key each, by attribute; None where that is not known of every call."""
    arns: Counter[str] = Counter()
    agents: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for caller, count in callers:
        if not counts_for(key, caller):
            continue
        if caller.arn is None or caller.agent is None:
            return None
        arns[caller.arn] += count
        agents[caller.agent] += count
        codes[caller.error_code or NOTHING] += count
    shares = {"userIdentityArn": _most(arns), "userAgent": _most(agents)}
    if key.insight_type is InsightType.CALL_RATE:
        shares["errorCode"] = _most(codes)
    return shares


def counts_for(key: InsightKey, caller: Caller) -> bool:
    """Are calls of that caller among those that the key is about?"""
    return caller.counts_for_rate if key.error_code is None else caller.error_code == key.error_code


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]


def insight_id(key: InsightKey, opened: OpenInsight, part: str) -> str:
    """An id that is the same whenever the same Insight is found, in the form of a UUID.

    `part` tells the ids of one Insight apart.
    """
    from hashlib import sha256  # takes 5 ms to load, and few commands need it

    parts = (*key.api, key.error_code or "", key.insight_type, opened.direction, str(opened.first), part)
    digest = bytearray(sha256("\x1f".join(parts).encode("utf-8", "backslashreplace")).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # version 8: what it is made from is our own (RFC 9562)
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def start_record(
    key: InsightKey,
    opened: OpenInsight,
    *,
    event_id: str,
    shared_id: str,
    shares: Shares | None,
    baseline_shares: Shares | None,
) -> dict[str, Any]:
    """The record of an Insight that has opened."""
    return _record(
        key,
        opened,
        state="Start",
        second=opened.first * 60,
        minutes=WINDOW,
        count=opened.count,
        event_id=event_id,
        shared_id=shared_id,
        shares=shares,
        baseline_shares=baseline_shares,
    )


def end_record(
    key: InsightKey,
    opened: OpenInsight,
    closed: ClosedInsight,
    *,
    event_id: str,
    shared_id: str,
    shares: Shares | None,
    baseline_shares: Shares | None,
) -> dict[str, Any]:
    """The record of an Insight that has closed."""
    return _record(
        key,
        opened,
        state="End",
        second=(opened.first + closed.minutes) * 60,
        minutes=closed.minutes,
        count=closed.count,
        event_id=event_id,
        shared_id=shared_id,
        shares=shares,
        baseline_shares=baseline_shares,
    )


def _record(
    key: InsightKey,
    opened: OpenInsight,
    *,
    state: str,
    second: int,
    minutes: int,
    count: int,
    event_id: str,
    shared_id: str,
    shares: Shares | None,
    baseline_shares: Shares | None,
) -> dict[str, Any]:
    api = key.api
    details: dict[str, Any] = {
        "state": state,
        "eventSource": api.event_source,
        "eventName": api.event_name,
        "insightType": str(key.insight_type),
    }
    if key.error_code is not None:
        details["errorCode"] = key.error_code
    details["sourceEventCategory"] = api.category
    context: dict[str, Any] = {
        "statistics": {
            "baseline": {"average": round(opened.baseline, _DECIMALS)},
            "insight": {"average": round(count / minutes, _DECIMALS)},
            "insightDuration": minutes,
            "baselineDuration": opened.baseline_minutes,
        }
    }
    if shares is not None and baseline_shares is not None:
        context["attributions"] = [
            {
                "attribute": attribute,
                "insight": _averages(values, minutes),
                "baseline": _averages(baseline_shares[attribute], opened.baseline_minutes),
            }
            for attribute, values in shares.items()
        ]
    details["insightContext"] = context
    if api.trail:
        details["insightSource"] = api.trail
    record: dict[str, Any] = {"eventVersion": _VERSION, "eventTime": format_time(second)}
    if api.region:
        record["awsRegion"] = api.region
    record |= {"eventID": event_id, "eventType": "AwsCloudTrailInsight"}
    if api.account:
        record["recipientAccountId"] = api.account
    return record | {"sharedEventID": shared_id, "insightDetails": details, "eventCategory": "Insight"}


def _averages(values: list[tuple[str, int]], minutes: int) -> list[dict[str, Any]]:
    return [{"value": value, "average": round(count / minutes, _DECIMALS)} for value, count in values]
