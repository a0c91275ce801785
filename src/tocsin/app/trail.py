"""Trails as they are kept, and how they are found and told. Spec: CT-7.5, CT-7.10, CT-7.11, CT-9.1, CT-9.4.

Rule: a trail lives in the account and region that it was made in; elsewhere it is found by its ARN alone, and is
changed at home alone. What changes one is in `trail_change`, `trail_status`, `trail_selectors`, `trail_tag`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.core.trail.definition import Trail, check_trail_name, parse_trail_arn, trail_arn
from tocsin.core.wording import quote
from tocsin.errors import InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

TRAILS = Definitions("trail", Trail)
"""By home and name."""


class TrailEnding(msgspec.Struct, frozen=True, kw_only=True):
    """Logging of a trail ended, by StopLogging or DeleteTrail: what is under way is to be delivered (CT-15.4).

    `trail` is the trail as it was before, so with the bucket, log group and topic that the last records go to; it
    `is_logging` unless it was deleted when it had been stopped already. `at_ms` is when it ended.
    """

    trail: Trail
    at_ms: int
    is_deleted: bool = False


ENDINGS = Definitions("trail-ending", TrailEnding)
"""By home, and name of the trail, time and an id. Whoever delivers takes the rows in that order and removes each when
the last log files and the final digest stand; one stays where that fails, to be tried again."""


def keep_ending(service: Service, store: StoreWriter, trail: Trail, *, is_deleted: bool = False) -> None:
    """Leave what delivery needs to know of a trail whose logging ends; `trail` is as it was before."""
    at = service.now_ms()
    name = f"{trail.name}\0{at:015}\0{service.new_id()}"
    ENDINGS.put(store, trail.home, name, TrailEnding(trail=trail, at_ms=at, is_deleted=is_deleted))


# ---------------------------------------------------------------- finding one


class UnknownTrailError(NotFoundError):
    """There is no such trail for an account, in AWS's words."""

    def __init__(self, shown: str, account: str) -> None:
        super().__init__(f"Unknown trail: {shown} for the user: {account}", resource="trail")


def find_trail(store: StoreReader, scope: Scope, named: str) -> Trail | None:
    """The trail that a name or an ARN names; a name those of this region only, an ARN those that the account sees.

    Raises:
        InvalidParameterError: it is neither a name that a trail can have nor the ARN of one.
    """
    if not named.startswith("arn:"):
        check_trail_name(named)
        return TRAILS.get(store, scope, named)
    parsed = parse_trail_arn(named)
    if parsed is None:
        raise bad_arn(named)
    home, name = parsed
    if home.partition != scope.partition:
        return None
    trail = TRAILS.get(store, home, name)
    return trail if trail is not None and trail.is_of(scope.account) else None


def bad_arn(arn: str) -> InvalidParameterError:
    """What is given for the ARN of a trail, and is none."""
    return InvalidParameterError(
        f"{quote(arn)} is not the ARN of a trail, such as {_EXAMPLE}.", aws_code="CloudTrailARNInvalidException"
    )


_EXAMPLE = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-trail"


def trail_now(store: StoreReader, trail: Trail) -> Trail | None:
    """A trail as it is now; None where it was removed, whether or not there is another one of its name."""
    now = TRAILS.get(store, trail.home, trail.name)
    return now if now is not None and now.created_at == trail.created_at else None


def require_trail(store: StoreReader, scope: Scope, named: str, *, shows_name: bool = False) -> Trail:
    """The trail that a name or an ARN names.

    A name that is unknown is told as the ARN that the trail would have in this region, as AWS does for most
    operations; with `shows_name` it is told as it was given (CT-7.7).

    Raises:
        UnknownTrailError: there is none.
    """
    trail = find_trail(store, scope, named)
    if trail is None:
        is_given = shows_name or named.startswith("arn:")
        raise UnknownTrailError(named if is_given else trail_arn(scope, named), scope.account)
    return trail


def require_home(scope: Scope, trail: Trail) -> None:
    """Refuse a change of a trail from anywhere but the account and region that it was made in (CT-7.10)."""
    if trail.home.account != scope.account:
        raise InvalidParameterError(
            f"Trail {trail.name} belongs to the management account of the organization and can only be changed there.",
            aws_code="NotOrganizationMasterAccountException",
        )
    if trail.home.region != scope.region:
        raise InvalidParameterError(
            f"Trail {trail.name} can only be changed from its home region {trail.home.region}.",
            aws_code="InvalidHomeRegionException",
        )


def change_trail(service: Service, scope: Scope, named: str, change: Callable[[Trail], Trail]) -> Trail:
    """Replace a trail by what `change` makes of it, at home; the new one."""

    def work(store: StoreWriter) -> Trail:
        trail = require_trail(store, scope, named)
        require_home(scope, trail)
        made = change(trail)
        TRAILS.put(store, trail.home, trail.name, made)
        return made

    return service.store.write(work)


# ---------------------------------------------------------------- telling


def trails_seen(store: StoreReader, account: str, partition: str) -> list[Trail]:
    """All trails that an account sees, whatever their region: its own and its organization's; by name and home."""
    seen = [one for _, _, one in TRAILS.scan_all(store) if one.is_of(account) and one.home.partition == partition]
    return sorted(seen, key=lambda one: (one.name, one.home))


def get_trail(service: Service, scope: Scope, named: str) -> Trail:
    """One trail, by the name that it has here or by its ARN."""
    with service.store.read() as store:
        return require_trail(store, scope, named, shows_name=True)


def describe_trails(service: Service, scope: Scope, named: Sequence[str], *, with_shadows: bool) -> list[Trail]:
    """The trails of a region, with the shadows of those that are made elsewhere and record here too.

    With names or ARNs those that they name, in that order; what names none is left out (CT-7.11).
    """
    with service.store.read() as store:
        if named:
            given = [find_trail(store, scope, one) for one in dict.fromkeys(named)]
            found = [one for one in given if one is not None]
        else:
            found = [one for one in trails_seen(store, scope.account, scope.partition) if one.is_in(scope.region)]
    return [one for one in found if with_shadows or one.home.region == scope.region]


def list_trails(
    service: Service, scope: Scope, *, after: tuple[str, str, str] | None = None, limit: int
) -> tuple[list[Trail], bool]:
    """The trails of an account in all regions, and whether there are more; `after` is a `place`."""
    with service.store.read() as store:
        found = [
            one for one in trails_seen(store, scope.account, scope.partition) if after is None or place_of(one) > after
        ]
    return found[:limit], len(found) > limit


def place_of(trail: Trail) -> tuple[str, str, str]:
    """What a list of trails is sorted by."""
    return trail.name, trail.home.account, trail.home.region
