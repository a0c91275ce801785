"""Making, changing and removing trails. Spec: CT-7.6 to CT-7.10, CT-9.3, CT-13.2, CT-15.4, WIRE-9.14.

Rule: nothing is kept until all has been checked. A change touches only what was given; what was given empty is
cleared. A bucket is asked for before the store is locked, for it may be far away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.log_group import GROUPS
from tocsin.app.publication import Publication, publish, scope_of_topic
from tocsin.app.topic import TOPICS
from tocsin.app.trail import TRAILS, keep_ending, require_home, require_trail, trails_seen
from tocsin.app.trail_status import forget_status
from tocsin.core.trail.definition import MOST_TRAILS, Trail, check_trail_name, merged_tags, regions_without_room
from tocsin.core.wording import quote
from tocsin.errors import ArchiveError, InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

VALIDATION_MESSAGE: Final = "CloudTrail validation message."
"""What a topic gets when a trail is to notify it (CT-13.2)."""

_LONGEST_PREFIX: Final = 200
_LONGEST_TOPIC: Final = 256

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_ADDRESS: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}\Z")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?\Z")
_LOG_GROUP: Final = re.compile(r"log-group:([A-Za-z0-9_/.#-]{1,512}):\*\Z")
_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\x21-\x7e]{1,576}\Z")
_KEY_ID: Final = re.compile(r"(mrk-)?[A-Za-z0-9-]{1,256}\Z")
_KEY_ARN: Final = re.compile(
    r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(key/[A-Za-z0-9-]{1,256}|alias/[A-Za-z0-9/_-]{1,250})\Z"
)
_ALIAS: Final = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}\Z")
_NO_FOLDER: Final = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]|(?:^|/)(?=/|$)|[. ](?=/|$)')


class TrailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings as a request gives them: None for what it does not give, empty for what it clears."""

    s3_bucket_name: str | None = None
    s3_key_prefix: str | None = None
    sns_topic_name: str | None = None
    include_global_service_events: bool | None = None
    is_multi_region: bool | None = None
    validates_log_files: bool | None = None
    log_group_arn: str | None = None
    log_role_arn: str | None = None
    kms_key_id: str | None = None
    is_organization_trail: bool | None = None
    recursive_logging: bool | None = None


def create_trail(
    service: Service, scope: Scope, name: str, settings: TrailSettings, *, tags: Mapping[str, str]
) -> Trail:
    """Make a trail, which does not log until it is started.

    Raises:
        InvalidParameterError: in AWS's words, by the first thing that is wrong (CT-7.8).
    """
    _check_regions(settings)
    check_trail_name(name)
    bare = Trail(name=name, home=scope, s3_bucket_name="", created_at=service.now_ms(), tags=merged_tags({}, tags))
    with service.store.read() as store:
        _check_room(store, _with_regions(bare, settings), None)
    _check_bucket(service, settings)

    def work(store: StoreWriter) -> Trail:
        made = _changed(service, store, bare, settings)
        _check_room(store, made, None)
        TRAILS.put(store, scope, name, made)
        _greet_topic(service, store, made, before="")
        return made

    return service.store.write(work)


def update_trail(service: Service, scope: Scope, named: str, settings: TrailSettings) -> Trail:
    """Change what is given of a trail; the new one. It goes on logging, or not, as before."""
    _check_regions(settings)
    with service.store.read() as store:
        require_home(scope, require_trail(store, scope, named, shows_name=True))
    _check_bucket(service, settings)

    def work(store: StoreWriter) -> Trail:
        trail = require_trail(store, scope, named, shows_name=True)
        require_home(scope, trail)
        made = _changed(service, store, trail, settings)
        _check_room(store, made, trail)
        TRAILS.put(store, trail.home, trail.name, made)
        _greet_topic(service, store, made, before=trail.sns_topic_arn)
        return made

    return service.store.write(work)


def delete_trail(service: Service, scope: Scope, named: str) -> None:
    """Remove a trail; what it has delivered stays. What is under way is still delivered, see `TrailEnding`."""

    def work(store: StoreWriter) -> None:
        trail = require_trail(store, scope, named)
        require_home(scope, trail)
        keep_ending(service, store, trail, is_deleted=True)
        forget_status(store, trail)
        TRAILS.delete(store, trail.home, trail.name)

    service.store.write(work)


# ---------------------------------------------------------------- what a change makes of a trail


def _refused(code: str, message: str) -> InvalidParameterError:
    return InvalidParameterError(message, aws_code=code)


def _changed(service: Service, store: StoreReader, trail: Trail, settings: TrailSettings) -> Trail:
    """A trail with the settings that are given, checked in AWS's order: bucket, topic, log group and role, key."""
    made = _with_regions(trail, settings)
    organization = service.settings.organization
    if settings.is_organization_trail and not organization:
        raise _refused(
            "OrganizationsNotInUseException",
            f"The account {trail.home.account} is in no organization; the setting server.organization names the one"
            " that organization trails are for.",
        )
    change: dict[str, Any] = {}
    if settings.s3_bucket_name is not None:
        change["s3_bucket_name"] = settings.s3_bucket_name
    if settings.s3_key_prefix is not None:
        change["s3_key_prefix"] = _checked_prefix(settings.s3_key_prefix)
    if settings.sns_topic_name is not None:
        change["sns_topic_name"] = settings.sns_topic_name
        change["sns_topic_arn"] = _checked_topic(store, trail.home, settings.sns_topic_name)
    change.update(_log_change(store, trail, settings))
    if settings.kms_key_id is not None:
        change["kms_key_id"] = _key_arn(trail.home, settings.kms_key_id)
    if settings.validates_log_files is not None:
        change["validates_log_files"] = settings.validates_log_files
    if settings.is_organization_trail is not None:
        change["organization"] = organization if settings.is_organization_trail else ""
    if settings.recursive_logging is not None:
        change["recursive_logging"] = settings.recursive_logging
    return msgspec.structs.replace(made, **change)


def _check_regions(settings: TrailSettings) -> None:
    if settings.is_multi_region and settings.include_global_service_events is False:
        raise _refused("InvalidParameterCombinationException", _GLOBAL_EVENTS)


_GLOBAL_EVENTS: Final = "Multi-Region trail must include global service events."


def _with_regions(trail: Trail, settings: TrailSettings) -> Trail:
    """A trail that becomes one of many regions gets events of global services (CT-9.3)."""
    is_multi = trail.is_multi_region if settings.is_multi_region is None else settings.is_multi_region
    has_global = settings.include_global_service_events
    if has_global is None:
        has_global = trail.include_global_service_events or bool(settings.is_multi_region)
    if is_multi and not has_global:
        raise _refused("InvalidParameterCombinationException", _GLOBAL_EVENTS)
    return msgspec.structs.replace(trail, is_multi_region=is_multi, include_global_service_events=has_global)


def _check_room(store: StoreReader, made: Trail, before: Trail | None) -> None:
    """Refuse a name that is taken in a region that the trail is in, and a trail too many (CT-7.6, CT-9.3)."""
    if before is not None and made.is_multi_region <= before.is_multi_region:
        return
    others = [
        one
        for one in trails_seen(store, made.home.account, made.home.partition)
        if one.home.account == made.home.account and (before is None or one.arn != before.arn)
    ]
    if any(one.name == made.name and (one.is_in(made.home.region) or made.is_in(one.home.region)) for one in others):
        raise _refused(
            "TrailAlreadyExistsException", f"Trail {made.name} already exists for customer: {made.home.account}"
        )
    full = regions_without_room(made, others)
    if full:
        raise _refused(
            "MaximumNumberOfTrailsExceededException",
            f"User: {made.home.account} already has {MOST_TRAILS} trails in {full[0]}.",
        )


# ---------------------------------------------------------------- bucket


def _check_bucket(service: Service, settings: TrailSettings) -> None:
    bucket = settings.s3_bucket_name
    if bucket is None:
        return
    if not _BUCKET.match(bucket) or ".." in bucket or _ADDRESS.match(bucket):
        raise _refused(
            "InvalidS3BucketNameException",
            f"{quote(bucket)} is not the name of an S3 bucket: 3 to 63 lowercase letters, numbers, periods and"
            " hyphens, the first and the last a letter or number, no two periods side by side, and no IP address.",
        )
    try:
        is_there = service.objects.has_bucket(bucket)
    except ArchiveError as error:  # AWS never fails to reach S3; this is the nearest of its codes, with what is wrong
        raise _refused(
            "InsufficientS3BucketPolicyException",
            f"Incorrect S3 bucket policy is detected for bucket: {bucket} (it cannot be looked for: {error.message})",
        ) from None
    if not is_there:
        raise _refused("S3BucketDoesNotExistException", f"S3 bucket {bucket} does not exist!")


def _checked_prefix(prefix: str) -> str:
    """A prefix names folders where buckets are folders: what no folder can be called could never be delivered."""
    if len(prefix) > _LONGEST_PREFIX:
        raise _refused(
            "InvalidS3PrefixException",
            f"S3 key prefix too long. Maximum allowed length: {_LONGEST_PREFIX} characters."
            f" Specified length: {len(prefix)} characters.",
        )
    if prefix and _NO_FOLDER.search(prefix):
        raise _refused(
            "InvalidS3PrefixException",
            f"{quote(prefix)} is no prefix that log files can have: names of folders with a slash between two, none"
            ' of them with a control character or any of \\ : * ? " < > | in it, or a period or blank at its end.',
        )
    return prefix


# ---------------------------------------------------------------- topic


def _checked_topic(store: StoreReader, home: Scope, named: str) -> str:
    """The ARN of the topic that a name or an ARN names; nothing for nothing."""
    if not named:
        return ""
    if named.startswith("arn:"):
        found = scope_of_topic(named)
    else:
        found = (home, named)
    if len(named) > _LONGEST_TOPIC or found is None or not _TOPIC.match(found[1]):
        raise _refused(
            "InvalidSnsTopicNameException", f"{quote(named)} is neither the name nor the ARN of an SNS topic."
        )
    scope, name = found
    if name.endswith(".fifo"):
        raise _refused(
            "InvalidSnsTopicNameException", f"{quote(named)} is a FIFO topic; trails notify standard topics."
        )
    if TOPICS.get(store, scope, name) is None or scope.partition != home.partition:
        raise _refused(
            "InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!"
        )
    return scope.arn("sns", name)


def _greet_topic(service: Service, store: StoreWriter, trail: Trail, *, before: str) -> None:
    if trail.sns_topic_arn and trail.sns_topic_arn != before:
        publish(service, store, trail.sns_topic_arn, Publication(message=VALIDATION_MESSAGE), cause="cloudtrail")


# ---------------------------------------------------------------- log group and role


def _log_change(store: StoreReader, trail: Trail, settings: TrailSettings) -> dict[str, str]:
    """Log group and role go together: both are given, or the group is given empty (CT-7.8, CT-7.9)."""
    group, role = settings.log_group_arn, settings.log_role_arn
    if not group and not role:
        if group is None and role is not None and trail.log_group_arn:
            raise _refused("InvalidCloudWatchLogsRoleArnException", _ROLE_TOO)
        return {} if group is None else {"log_group_arn": "", "log_role_arn": ""}
    if not role:
        raise _refused("InvalidCloudWatchLogsRoleArnException", _ROLE_TOO)
    if not group:
        raise _refused(
            "InvalidCloudWatchLogsLogGroupArnException", "You must specify a log group as well as a role ARN."
        )
    if not _ROLE.match(role):
        raise _refused(
            "InvalidCloudWatchLogsRoleArnException", "Access denied. Check the trust relationships for your role."
        )
    name = _LOG_GROUP.match(group.removeprefix(trail.home.arn("logs", "")))
    if name is None or GROUPS.get(store, trail.home, name[1]) is None:
        raise _refused(
            "InvalidCloudWatchLogsLogGroupArnException", "CloudTrail cannot validate the specified log group ARN."
        )
    return {"log_group_arn": group, "log_role_arn": role}


_ROLE_TOO: Final = "You must specify a role ARN as well as a log group."


# ---------------------------------------------------------------- key


def _key_arn(home: Scope, key: str) -> str:
    """The ARN of a key; there is no KMS that would know which key an alias stands for, so that keeps its own."""
    if not key or _KEY_ARN.match(key):
        return key
    if _ALIAS.match(key):
        return home.arn("kms", key)
    if _KEY_ID.match(key):
        return home.arn("kms", f"key/{key}")
    raise _refused("InvalidKmsKeyIdException", f"{quote(key)} is neither the id, the alias nor the ARN of a KMS key.")
