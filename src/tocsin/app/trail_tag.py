"""Tags of trails. Spec: CT-7.3, CT-7.6, CT-7.7.

Rule: tags are read and written where the trail was made, and nowhere else, not even by its ARN.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.trail import UnknownTrailError, bad_arn, change_trail, require_trail
from tocsin.core.trail.definition import merged_tags, parse_trail_arn
from tocsin.core.wording import quote
from tocsin.errors import InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail

_OTHERS = ("eventdatastore/", "channel/", "dashboard/")
_ARN_PARTS = 6


def add_tags(service: Service, scope: Scope, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags, in place of those with the same keys."""
    _check(scope, arn)
    with _resource():
        change_trail(
            service, scope, arn, lambda trail: msgspec.structs.replace(trail, tags=merged_tags(trail.tags, tags))
        )


def remove_tags(service: Service, scope: Scope, arn: str, keys: Iterable[str]) -> None:
    """Remove tags; those that are not there are ignored."""
    gone = set(keys)

    def change(trail: Trail) -> Trail:
        return msgspec.structs.replace(trail, tags={key: tag for key, tag in trail.tags.items() if key not in gone})

    _check(scope, arn)
    with _resource():
        change_trail(service, scope, arn, change)


def tags_of(service: Service, scope: Scope, arns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """The tags of trails by their ARNs, in that order."""
    for arn in arns:
        _check(scope, arn)
    with service.store.read() as store, _resource():
        return [(arn, require_trail(store, scope, arn).tags) for arn in arns]


def _check(scope: Scope, arn: str) -> None:
    """Refuse what is no ARN of a trail of this account and region (CT-7.7)."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) == _ARN_PARTS and parts[2] == "cloudtrail" and parts[5].startswith(_OTHERS):
        raise InvalidParameterError(
            f"{quote(arn)} names no trail; other resources of CloudTrail are not supported by Tocsin.",
            aws_code="ResourceTypeNotSupportedException",
        )
    parsed = parse_trail_arn(arn)
    if parsed is None:
        raise bad_arn(arn)
    home = parsed[0]
    if home.account != scope.account:
        raise InvalidParameterError(
            f"AccountID in ARN is wrong, you can only access resources with AccountID {scope.account}.",
            aws_code="CloudTrailARNInvalidException",
        )
    if home.region != scope.region:
        raise InvalidParameterError(
            f"Region in ARN is wrong, you can only access resources in region {scope.region}.",
            aws_code="CloudTrailARNInvalidException",
        )


@contextmanager
def _resource() -> Iterator[None]:
    """The operations of tags call a trail that is missing a resource."""
    try:
        yield
    except UnknownTrailError as error:
        raise NotFoundError(error.message, resource="tagged") from None
