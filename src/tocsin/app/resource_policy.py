"""Resource policies of CloudWatch Logs: kept and told, never looked at. Spec: WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.errors import ConflictError, LimitExceededError, NotFoundError

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.scope import Scope

MOST_POLICIES = 10
"""Policies of an account and region that are of no one log group."""


class ResourcePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy; `updated_at` is in milliseconds since the epoch."""

    name: str
    document: str
    updated_at: int
    resource_arn: str | None = None
    revision: str = ""


POLICIES = Definitions("log-resource-policy", ResourcePolicy)


def put_resource_policy(
    service: Service,
    scope: Scope,
    name: str,
    document: str,
    *,
    resource_arn: str | None = None,
    expected: str | None = None,
) -> ResourcePolicy:
    """Keep a policy, in place of the one of that name, or of that resource.

    Raises:
        ConflictError: it is not of the revision `expected`: somebody else has changed it meanwhile.
        LimitExceededError: there are too many of the account.
    """
    made = ResourcePolicy(
        name=name,
        document=document,
        updated_at=service.now_ms(),
        resource_arn=resource_arn,
        revision=service.new_id() if resource_arn else "",
    )

    def work(store: StoreWriter) -> None:
        key = _key(name, resource_arn)
        kept = POLICIES.get(store, scope, key)
        _require_revision(kept, expected)
        if kept is None and resource_arn is None:
            of_account = [one for _, one in POLICIES.scan(store, scope) if one.resource_arn is None]
            if len(of_account) >= MOST_POLICIES:
                raise LimitExceededError("Resource limit exceeded.", resource="resource-policy")
        POLICIES.put(store, scope, key, made)

    service.store.write(work)
    return made


def delete_resource_policy(
    service: Service, scope: Scope, name: str, *, resource_arn: str | None = None, expected: str | None = None
) -> None:
    """Remove a policy.

    Raises:
        ConflictError: it is not of the revision `expected`.
        NotFoundError: there is none.
    """

    def work(store: StoreWriter) -> None:
        key = _key(name, resource_arn)
        kept = POLICIES.get(store, scope, key)
        if kept is None:
            raise NotFoundError(f"Policy with name [{name}] does not exist.", resource="resource-policy")
        _require_revision(kept, expected)
        POLICIES.delete(store, scope, key)

    service.store.write(work)


def list_resource_policies(
    service: Service, scope: Scope, *, resource_arn: str | None = None, after: str | None = None, limit: int
) -> tuple[list[ResourcePolicy], bool]:
    """Policies by name, and whether there are more: those of the account, or those of one resource."""
    with service.store.read() as store:
        found = [one for _, one in POLICIES.scan(store, scope) if one.resource_arn == resource_arn]
    found = [one for one in sorted(found, key=lambda one: one.name) if after is None or one.name > after]
    return found[:limit], len(found) > limit


def _require_revision(kept: ResourcePolicy | None, expected: str | None) -> None:
    if expected is not None and expected != (kept.revision if kept is not None else None):
        raise ConflictError(
            "Multiple concurrent requests to update the same resource were in conflict.", resource="resource-policy"
        )


def _key(name: str, resource_arn: str | None) -> str:
    return f"account\0{name}" if resource_arn is None else f"resource\0{resource_arn}"
