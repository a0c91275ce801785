"""A trail: everything that is known of it, what it may be called, its ARN. Spec: CT-7.5, CT-7.6, CT-7.8, CT-7.11.

Rule: what was not given is empty, and an answer leaves it out. Times are in milliseconds since the epoch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.scope import Scope
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_TRAILS: Final = 5
"""Trails that a region may have; one of many regions counts in each (CT-7.6)."""

MOST_TAGS: Final = 50

_SHORTEST_NAME: Final = 3
_LONGEST_NAME: Final = 128
_ARN_PARTS: Final = 6

_FIRST_OR_LAST: Final = re.compile(r"[A-Za-z0-9]")
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._-]+\Z")
_ADJACENT: Final = re.compile(r"[._-]{2}")
_ADDRESS: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}\Z")


class Trail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trail with all its settings.

    `home` is the account and the region that it was made in. `selectors` is the JSON of an object that has the
    EventSelectors or the AdvancedEventSelectors as PutEventSelectors was given them; empty where it never was called,
    and then all management events are selected (CT-8.2). `insight_selectors` is the JSON list of PutInsightSelectors,
    empty while Insights are off. `organization` is the id of the organization whose accounts the trail is for.
    `started_at` and `stopped_at` are of the last StartLogging and StopLogging that changed something.
    """

    name: str
    home: Scope
    s3_bucket_name: str
    s3_key_prefix: str = ""
    sns_topic_name: str = ""
    sns_topic_arn: str = ""
    include_global_service_events: bool = True
    is_multi_region: bool = False
    validates_log_files: bool = False
    log_group_arn: str = ""
    log_role_arn: str = ""
    kms_key_id: str = ""
    organization: str = ""
    recursive_logging: bool | None = None
    selectors: bytes = b""
    insight_selectors: bytes = b""
    tags: dict[str, str] = {}
    created_at: int = 0
    is_logging: bool = False
    started_at: int | None = None
    stopped_at: int | None = None

    @property
    def arn(self) -> str:
        """The ARN of the trail, by which it is known in every region."""
        return trail_arn(self.home, self.name)

    @property
    def is_organization_trail(self) -> bool:
        """Whether it is for all accounts of an organization (CT-9.4)."""
        return bool(self.organization)

    @property
    def event_selectors(self) -> dict[str, list[dict[str, Any]]]:
        """What PutEventSelectors was given: `EventSelectors` or `AdvancedEventSelectors`; nothing if it never was."""
        return msgspec.json.decode(self.selectors) if self.selectors else {}

    @property
    def insights(self) -> list[dict[str, Any]]:
        """What PutInsightSelectors was given; nothing while Insights are off."""
        return msgspec.json.decode(self.insight_selectors) if self.insight_selectors else []

    def is_in(self, region: str) -> bool:
        """Whether it records what happens in a region: its own, or any of its partition (CT-9.1)."""
        return region == self.home.region or (
            self.is_multi_region and Scope(self.home.account, region).partition == self.home.partition
        )

    def is_of(self, account: str) -> bool:
        """Whether it records what happens in an account: its own, or any of the organization (CT-9.4)."""
        return account == self.home.account or self.is_organization_trail


def trail_arn(home: Scope, name: str) -> str:
    """The ARN of a trail.

    >>> trail_arn(Scope("111122223333", "us-east-1"), "management-trail")
    'arn:aws:cloudtrail:us-east-1:111122223333:trail/management-trail'
    """
    return home.arn("cloudtrail", f"trail/{name}")


def parse_trail_arn(arn: str) -> tuple[Scope, str] | None:
    """The home and the name in the ARN of a trail; None for what is none."""
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or not parts[5].startswith("trail/"):
        return None
    home, name = Scope(parts[4], parts[3]), parts[5].removeprefix("trail/")
    return (home, name) if arn == trail_arn(home, name) else None


class TrailNameError(InvalidParameterError):
    """A name that no trail can have, in AWS's words."""

    def __init__(self, message: str) -> None:
        super().__init__(message, aws_code="InvalidTrailNameException")


def check_trail_name(name: str) -> None:
    """Refuse a name that no trail can have (CT-7.5).

    Raises:
        TrailNameError: with AWS's text (CT-7.7).
    """
    size = len(name)
    if size < _SHORTEST_NAME:
        raise TrailNameError(
            f"Trail name too short. Minimum allowed length: {_SHORTEST_NAME} characters. "
            f"Specified name length: {size} characters."
        )
    if size > _LONGEST_NAME:
        raise TrailNameError(
            f"Trail name too long. Maximum allowed length: {_LONGEST_NAME} characters. "
            f"Specified name length: {size} characters."
        )
    if not _FIRST_OR_LAST.match(name):
        raise TrailNameError("Trail name must starts with a letter or number.")
    if not _FIRST_OR_LAST.match(name[-1]):
        raise TrailNameError("Trail name must ends with a letter or number.")
    if not _CHARACTERS.match(name):
        raise TrailNameError(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
            "hyphens (-), and underscores (_)."
        )
    if _ADJACENT.search(name):
        raise TrailNameError("Trail name must not have adjacent periods, underscores or hyphens.")
    if _ADDRESS.match(name):
        raise TrailNameError("Trail name must not be in IP address format.")


def regions_without_room(made: Trail, trails: Iterable[Trail]) -> list[str]:
    """The regions that have as many trails as they may, so that `made` cannot be added (CT-7.6).

    `trails` are the others of the account. A trail of many regions counts in every region, so it is the fullest of
    those where there are trails that decides about one; its own region is named first.
    """
    others = [one for one in trails if one.home.account == made.home.account and one.arn != made.arn]
    regions = [made.home.region]
    if made.is_multi_region:
        regions += sorted({one.home.region for one in others if made.is_in(one.home.region)} - {made.home.region})
    return [region for region in regions if sum(one.is_in(region) for one in others) >= MOST_TRAILS]


def merged_tags(tags: Mapping[str, str], add: Mapping[str, str]) -> dict[str, str]:
    """Tags with others added, in place of those with the same keys.

    Raises:
        InvalidParameterError: they would be more than a trail may have.
    """
    merged = {**tags, **add}
    if len(merged) > MOST_TAGS:
        raise InvalidParameterError(
            f"The number of tags per trail, event data store, or channel has exceeded the permitted amount. "
            f"Currently, the limit is {MOST_TAGS}.",
            aws_code="TagsLimitExceededException",
        )
    return merged
