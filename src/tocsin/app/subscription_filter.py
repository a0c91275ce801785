"""Subscription filters, and the destinations they may name. Spec: WIRE-8.1, WIRE-9.14, FP-7.4.

Rule: both are kept and told. Nothing leaves here: where a destination's service has no endpoint, that is what
the service says of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.log_group import TooManyTagsError, require_group
from tocsin.app.metric_filter import SUBSCRIPTIONS, SubscriptionFilter, check_regex_quota, filter_name
from tocsin.core.criteria import parse_criteria
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import has_regex
from tocsin.errors import AccessDeniedError, InvalidParameterError, LimitExceededError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.scope import Scope

MOST_SUBSCRIPTIONS = 2
"""Subscription filters of a group."""

_MOST_TAGS = 50
_ARN_PARTS = 6

# What needs a role to be written to.
_WITH_ROLE = ("kinesis", "firehose")


def put_subscription_filter(service: Service, scope: Scope, definition: SubscriptionFilter) -> None:
    """Keep a filter, in place of the one of that name; its `created_at` stays that of the first put."""
    group = definition.log_group

    def work(store: StoreWriter) -> None:
        require_group(store, scope, group)
        tree = parse_pattern(definition.filter_pattern)
        parse_criteria(definition.field_selection_criteria or "")
        _check_destination(scope, definition)
        name = filter_name(group, definition.filter_name)
        known = SUBSCRIPTIONS.get(store, scope, name)
        if known is None and store.count(SUBSCRIPTIONS.kind, scope, prefix=f"{group}\0") >= MOST_SUBSCRIPTIONS:
            raise LimitExceededError("Resource limit exceeded.", resource="subscription-filter")
        if has_regex(tree):
            check_regex_quota(store, scope, group, without=name)
        created_at = definition.created_at if known is None else known.created_at
        SUBSCRIPTIONS.put(store, scope, name, msgspec.structs.replace(definition, created_at=created_at))

    service.store.write(work)


def _check_destination(scope: Scope, definition: SubscriptionFilter) -> None:
    parts = definition.destination_arn.split(":")
    if len(parts) < _ARN_PARTS or parts[0] != "arn":
        raise InvalidParameterError(f"Invalid destination ARN: {definition.destination_arn}")
    vendor, account = parts[2], parts[4]
    if vendor in _WITH_ROLE and not definition.role_arn:
        raise InvalidParameterError(f"destinationArn for vendor {vendor} cannot be used without roleArn")
    if vendor == "lambda" and account and account != scope.account:
        raise AccessDeniedError(
            "Cross-account lambda invocation passing is not allowed. "
            "You must use DestinationPolicies to create cross account lambda triggers."
        )


def delete_subscription_filter(service: Service, scope: Scope, group: str, name: str) -> None:
    """Remove a filter."""

    def work(store: StoreWriter) -> None:
        require_group(store, scope, group)
        if not SUBSCRIPTIONS.delete(store, scope, filter_name(group, name)):
            raise NotFoundError("The specified subscription filter does not exist.", resource="subscription-filter")

    service.store.write(work)


def list_subscription_filters(
    service: Service, scope: Scope, group: str, *, prefix: str = "", after: str | None = None, limit: int
) -> tuple[list[SubscriptionFilter], bool]:
    """Filters of a group by name, and whether there are more."""
    with service.store.read() as store:
        require_group(store, scope, group)
        found = SUBSCRIPTIONS.scan(
            store,
            scope,
            prefix=f"{group}\0{prefix}",
            after=None if after is None else filter_name(group, after),
            limit=limit + 1,
        )
    return [kept for _, kept in found[:limit]], len(found) > limit


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A destination of another account's logs; `created_at` is in milliseconds since the epoch."""

    name: str
    target_arn: str
    role_arn: str
    created_at: int
    access_policy: str | None = None
    tags: dict[str, str] = {}


DESTINATIONS = Definitions("log-destination", Destination)


def destination_arn(scope: Scope, name: str) -> str:
    """The ARN of a destination."""
    return scope.arn("logs", f"destination:{name}")


def _no_destination() -> NotFoundError:
    return NotFoundError("The specified destination does not exist.", resource="log-destination")


def put_destination(
    service: Service, scope: Scope, name: str, *, target_arn: str, role_arn: str, tags: Mapping[str, str]
) -> Destination:
    """Make a destination, or give the one of that name another target; its policy and tags stay."""
    now = service.now_ms()

    def work(store: StoreWriter) -> Destination:
        known = DESTINATIONS.get(store, scope, name)
        made = Destination(
            name=name,
            target_arn=target_arn,
            role_arn=role_arn,
            created_at=now if known is None else known.created_at,
            access_policy=None if known is None else known.access_policy,
            tags={**({} if known is None else known.tags), **tags},
        )
        DESTINATIONS.put(store, scope, name, made)
        return made

    return service.store.write(work)


def put_destination_policy(service: Service, scope: Scope, name: str, policy: str) -> None:
    """Keep who may write to a destination; it is told, and not looked at."""

    def work(store: StoreWriter) -> None:
        known = DESTINATIONS.get(store, scope, name)
        if known is None:
            raise _no_destination()
        DESTINATIONS.put(store, scope, name, msgspec.structs.replace(known, access_policy=policy))

    service.store.write(work)


def delete_destination(service: Service, scope: Scope, name: str) -> None:
    """Remove a destination."""

    def work(store: StoreWriter) -> None:
        if not DESTINATIONS.delete(store, scope, name):
            raise _no_destination()

    service.store.write(work)


def list_destinations(
    service: Service, scope: Scope, *, prefix: str = "", after: str | None = None, limit: int
) -> tuple[list[Destination], bool]:
    """Destinations by name, and whether there are more."""
    with service.store.read() as store:
        found = DESTINATIONS.scan(store, scope, prefix=prefix, after=after, limit=limit + 1)
    return [one for _, one in found[:limit]], len(found) > limit


def tags_of_destination(service: Service, scope: Scope, name: str) -> dict[str, str]:
    """The tags of a destination."""
    with service.store.read() as store:
        known = DESTINATIONS.get(store, scope, name)
    if known is None:
        raise _no_destination()
    return known.tags


def tag_destination(
    service: Service, scope: Scope, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    """Add and remove tags."""

    def work(store: StoreWriter) -> None:
        known = DESTINATIONS.get(store, scope, name)
        if known is None:
            raise _no_destination()
        tags = {key: value for key, value in {**known.tags, **add}.items() if key not in remove}
        if len(tags) > _MOST_TAGS:
            raise TooManyTagsError(f"The resource has more than {_MOST_TAGS} tags.")
        DESTINATIONS.put(store, scope, name, msgspec.structs.replace(known, tags=tags))

    service.store.write(work)
