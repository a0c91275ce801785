"""What a change takes away from a trail: the acts of an intruder, and of whoever saves money. Spec: CT-10.1, CON-4.10.

Rule: what is named is certainly lost.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.trail.selector import selectors_of
from tocsin.core.trail.selector_loss import lost_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.trail.definition import Trail


class NarrowingKind(StrEnum):
    """The acts of CT-10.1."""

    STOPPED = "stopped"
    DELETED = "deleted"
    REGIONS = "regions"
    GLOBAL_SERVICES = "global services"
    INTEGRITY = "integrity"
    ALARMS = "alarms"
    REDIRECTED = "redirected"
    ORGANIZATION = "organization"
    SELECTORS = "selectors"
    INSIGHTS = "insights"


class Narrowing(NamedTuple):
    """One thing that is lost, as a sentence without a full stop."""

    kind: NarrowingKind
    text: str


def narrowings(before: Trail, after: Trail | None) -> list[Narrowing]:
    """What is lost when a trail becomes another one; None for one that is deleted."""
    return list(_narrowings(before, after))


def _narrowings(before: Trail, after: Trail | None) -> Iterator[Narrowing]:
    if after is None:
        if before.is_logging:
            yield Narrowing(NarrowingKind.DELETED, "nothing is recorded any more; files that were delivered stay")
        return
    if before.is_logging and not after.is_logging:
        yield Narrowing(NarrowingKind.STOPPED, "nothing is recorded until it is started again")
    if before.is_multi_region and not after.is_multi_region:
        home = before.home.region
        yield Narrowing(NarrowingKind.REGIONS, f"events of every region but {home} are recorded no more")
    if before.include_global_service_events and not after.include_global_service_events:
        yield Narrowing(NarrowingKind.GLOBAL_SERVICES, "events of IAM, STS and sign-in are recorded no more")
    if before.validates_log_files and not after.validates_log_files:
        yield Narrowing(
            NarrowingKind.INTEGRITY, "no more digests are made, so nobody can prove that log files are what they were"
        )
    if before.log_group_arn and before.log_group_arn != after.log_group_arn:
        group = before.log_group_arn.split(":", 6)[6].removesuffix(":*")
        yield Narrowing(
            NarrowingKind.ALARMS, f"metric filters and alarms on {group} see nothing of this trail any more"
        )
    yield from _redirections(before, after)
    if before.organization and not after.organization:
        yield Narrowing(NarrowingKind.ORGANIZATION, "events of the organization's other accounts are recorded no more")
    lost = lost_events(selectors_of(before.event_selectors), selectors_of(after.event_selectors))
    for text in lost:
        yield Narrowing(NarrowingKind.SELECTORS, f"{text} are recorded no more")
    off = {one["InsightType"] for one in before.insights} - {one["InsightType"] for one in after.insights}
    for kind in sorted(off):
        yield Narrowing(NarrowingKind.INSIGHTS, f"{_INSIGHTS.get(kind, kind)} is looked for no more")


def _redirections(before: Trail, after: Trail) -> Iterator[Narrowing]:
    for name, old, new in (
        ("log files", _files(before), _files(after)),
        ("notifications of log files", before.sns_topic_arn, after.sns_topic_arn),
    ):
        if old and old != new:
            where = f"go to {new}, no longer to {old}" if new else f"go to {old} no more"
            yield Narrowing(NarrowingKind.REDIRECTED, f"{name} {where}")
    if before.kms_key_id != after.kms_key_id and after.kms_key_id:
        yield Narrowing(
            NarrowingKind.REDIRECTED,
            f"log files are encrypted with {after.kms_key_id}: who has not that key reads none",
        )


def _files(trail: Trail) -> str:
    return f"{trail.s3_bucket_name}/{trail.s3_key_prefix}" if trail.s3_key_prefix else trail.s3_bucket_name


_INSIGHTS: Final = {
    "ApiCallRateInsight": "an unusual rate of calls",
    "ApiErrorRateInsight": "an unusual rate of errors",
}
