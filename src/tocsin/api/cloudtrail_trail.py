"""Trails: made, changed, removed, described, started and stopped. Spec: CT-7.3, CT-7.8 to CT-7.12, WIRE-8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import bad_token, instant, operations, tags_of
from tocsin.app import trail, trail_change, trail_status
from tocsin.app.trail_change import TrailSettings
from tocsin.core.event_time import format_time

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.trail_status import Destination
    from tocsin.core.trail.definition import Trail

_PAGE = 100
"""Trails of a page of ListTrails."""


def _settings(parameters: Parameters) -> TrailSettings:
    return TrailSettings(
        s3_bucket_name=parameters.get("S3BucketName"),
        s3_key_prefix=parameters.get("S3KeyPrefix"),
        sns_topic_name=parameters.get("SnsTopicName"),
        include_global_service_events=parameters.get("IncludeGlobalServiceEvents"),
        is_multi_region=parameters.get("IsMultiRegionTrail"),
        validates_log_files=parameters.get("EnableLogFileValidation"),
        log_group_arn=parameters.get("CloudWatchLogsLogGroupArn"),
        log_role_arn=parameters.get("CloudWatchLogsRoleArn"),
        kms_key_id=parameters.get("KmsKeyId"),
        is_organization_trail=parameters.get("IsOrganizationTrail"),
        recursive_logging=parameters.get("RecursiveLogging"),
    )


def _echo(one: Trail) -> dict[str, Any]:
    """The settings of a trail; those that it has not are left out (CT-7.8)."""
    return {
        "Name": one.name,
        "S3BucketName": one.s3_bucket_name,
        "S3KeyPrefix": one.s3_key_prefix or None,
        "SnsTopicName": one.sns_topic_name or None,
        "SnsTopicARN": one.sns_topic_arn or None,
        "IncludeGlobalServiceEvents": one.include_global_service_events,
        "IsMultiRegionTrail": one.is_multi_region,
        "TrailARN": one.arn,
        "LogFileValidationEnabled": one.validates_log_files,
        "CloudWatchLogsLogGroupArn": one.log_group_arn or None,
        "CloudWatchLogsRoleArn": one.log_role_arn or None,
        "KmsKeyId": one.kms_key_id or None,
        "IsOrganizationTrail": one.is_organization_trail,
        "RecursiveLogging": one.recursive_logging,
    }


def _described(one: Trail) -> dict[str, Any]:
    """A trail as DescribeTrails and GetTrail tell it (CT-7.11)."""
    return {
        **_echo(one),
        "HomeRegion": one.home.region,
        "HasCustomEventSelectors": bool(one.selectors),
        "HasInsightSelectors": bool(one.insight_selectors),
    }


@operations("CreateTrail")
def create_trail(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Make a trail."""
    tags = tags_of(parameters.get("TagsList"))
    return _echo(trail_change.create_trail(ctx.tocsin, ctx.scope, parameters["Name"], _settings(parameters), tags=tags))


@operations("UpdateTrail")
def update_trail(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Change what is given of a trail."""
    return _echo(trail_change.update_trail(ctx.tocsin, ctx.scope, parameters["Name"], _settings(parameters)))


@operations("DeleteTrail")
def delete_trail(ctx: Context, parameters: Parameters) -> None:
    """Remove a trail."""
    trail_change.delete_trail(ctx.tocsin, ctx.scope, parameters["Name"])


@operations("DescribeTrails")
def describe_trails(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Trails of this region and shadows of others, or those that are named."""
    found = trail.describe_trails(
        ctx.tocsin,
        ctx.scope,
        parameters.get("trailNameList") or (),
        with_shadows=parameters.get("includeShadowTrails", True),
    )
    return {"trailList": [_described(one) for one in found]}


@operations("GetTrail")
def get_trail(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """One trail."""
    return {"Trail": _described(trail.get_trail(ctx.tocsin, ctx.scope, parameters["Name"]))}


@operations("ListTrails")
def list_trails(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The trails of all regions."""
    match ctx.position(parameters.get("NextToken"), parameters, fault=bad_token()):
        case None:
            after = None
        case (str() as name, str() as account, str() as region):
            after = (name, account, region)
        case _:
            raise bad_token()
    found, has_more = trail.list_trails(ctx.tocsin, ctx.scope, after=after, limit=_PAGE)
    return {
        "Trails": [{"TrailARN": one.arn, "Name": one.name, "HomeRegion": one.home.region} for one in found],
        "NextToken": ctx.next_token(parameters, trail.place_of(found[-1])) if has_more else None,
    }


@operations("StartLogging")
def start_logging(ctx: Context, parameters: Parameters) -> None:
    """Let a trail log."""
    trail_status.start_logging(ctx.tocsin, ctx.scope, parameters["Name"])


@operations("StopLogging")
def stop_logging(ctx: Context, parameters: Parameters) -> None:
    """Stop a trail."""
    trail_status.stop_logging(ctx.tocsin, ctx.scope, parameters["Name"])


@operations("GetTrailStatus")
def get_trail_status(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Whether a trail logs, and how its deliveries go; members that are no longer in use are texts (CT-7.12)."""
    one, status = trail_status.trail_status(ctx.tocsin, ctx.scope, parameters["Name"])
    return {
        "IsLogging": one.is_logging,
        "StartLoggingTime": instant(one.started_at),
        "StopLoggingTime": instant(one.stopped_at),
        **_destination("Delivery", status.files),
        **_destination("Notification", status.notifications),
        **_destination("CloudWatchLogsDelivery", status.logs),
        **_destination("DigestDelivery", status.digests),
        "LatestDeliveryAttemptTime": _text(status.files.attempted_at),
        "LatestNotificationAttemptTime": _text(status.notifications.attempted_at),
        "LatestNotificationAttemptSucceeded": _text(status.notifications.succeeded_at),
        "LatestDeliveryAttemptSucceeded": _text(status.files.succeeded_at),
        "TimeLoggingStarted": _text(one.started_at),
        "TimeLoggingStopped": _text(one.stopped_at),
    }


def _destination(noun: str, state: Destination) -> dict[str, Any]:
    return {f"Latest{noun}Time": instant(state.succeeded_at), f"Latest{noun}Error": state.error or None}


def _text(at_ms: int | None) -> str:
    return "" if at_ms is None else format_time(at_ms // 1000)
