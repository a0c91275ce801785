"""Log groups: definition, retention, protection, tags. Spec: WIRE-8.1, FP-9.2.

Rule: a group is removed with everything that hangs on it, in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.errors import AlreadyExistsError, ConflictError, InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

DAY_MS = 86_400_000

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What PutRetentionPolicy takes."""

MOST_TAGS = 50

STANDARD = "STANDARD"

# Kinds whose names begin with the group's.
_HANGING = ("metric-filter", "subscription-filter", "default-minute")


class LogGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A log group; `created_at` is in milliseconds since the epoch."""

    name: str
    created_at: int
    log_group_class: str = STANDARD
    retention_in_days: int | None = None
    kms_key_id: str | None = None
    is_protected: bool = False
    tags: dict[str, str] = {}

    def oldest(self, now_ms: int) -> int | None:
        """Events before that time, in milliseconds, have expired; None where none ever do."""
        return None if self.retention_in_days is None else now_ms - self.retention_in_days * DAY_MS


GROUPS = Definitions("log-group", LogGroup)


class TooManyTagsError(InvalidParameterError):
    """More tags than a resource may have."""

    code = "too-many-tags"


def group_arn(scope: Scope, name: str) -> str:
    """The ARN of a group, without `:*`."""
    return scope.arn("logs", f"log-group:{name}")


def group_name(identifier: str, scope: Scope) -> str:
    """The name in an identifier: a name, or an ARN with or without `:*`; of another scope it names nothing here."""
    if not identifier.startswith("arn:"):
        return identifier
    arn = identifier.removesuffix(":*")
    prefix = group_arn(scope, "")
    return arn.removeprefix(prefix) if arn.startswith(prefix) else arn


def require_group(store: StoreReader, scope: Scope, name: str) -> LogGroup:
    """The group of that name. NotFoundError in AWS's words where there is none."""
    group = GROUPS.get(store, scope, name)
    if group is None:
        raise NotFoundError("The specified log group does not exist.", resource="log-group")
    return group


def create_log_group(
    service: Service,
    scope: Scope,
    name: str,
    *,
    log_group_class: str = STANDARD,
    kms_key_id: str | None = None,
    is_protected: bool = False,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Make a group. AlreadyExistsError where there is one of that name."""
    group = LogGroup(
        name=name,
        created_at=service.now_ms(),
        log_group_class=log_group_class,
        kms_key_id=kms_key_id,
        is_protected=is_protected,
        tags=_checked(dict(tags or {})),
    )

    def work(store: StoreWriter) -> None:
        if GROUPS.get(store, scope, name) is not None:
            raise AlreadyExistsError("The specified log group already exists", resource="log-group")
        GROUPS.put(store, scope, name, group)

    service.store.write(work)


def delete_log_group(service: Service, scope: Scope, name: str) -> None:
    """Remove a group with its streams, events and filters. ConflictError while it is protected."""

    def work(store: StoreWriter) -> None:
        group = require_group(store, scope, name)
        if group.is_protected:
            raise ConflictError(
                "Log group cannot be deleted because deletion protection is enabled. "
                "Disable deletion protection and try again.",
                resource="log-group",
            )
        store.logs.delete_group(scope, name)
        for kind in _HANGING:
            for hanging, _ in store.scan(kind, scope, prefix=f"{name}\0"):
                store.delete(kind, scope, hanging)
        GROUPS.delete(store, scope, name)

    service.store.write(work)


def change_log_group(service: Service, scope: Scope, name: str, change: Callable[[LogGroup], LogGroup]) -> None:
    """Replace a group by what `change` makes of it."""

    def work(store: StoreWriter) -> None:
        GROUPS.put(store, scope, name, change(require_group(store, scope, name)))

    service.store.write(work)


def set_retention(service: Service, scope: Scope, name: str, days: int | None) -> None:
    """How long events are kept, None for ever; those that have expired disappear from reads at once."""
    if days is not None and days not in RETENTION_DAYS:
        listed = ", ".join(map(str, RETENTION_DAYS))
        raise InvalidParameterError(f"Invalid retention value. Valid values are: [{listed}]")
    change_log_group(service, scope, name, lambda group: msgspec.structs.replace(group, retention_in_days=days))


def set_kms_key(service: Service, scope: Scope, name: str, key: str | None) -> None:
    """The key that is shown; nothing is encrypted with it."""
    change_log_group(service, scope, name, lambda group: msgspec.structs.replace(group, kms_key_id=key))


def set_protection(service: Service, scope: Scope, name: str, is_protected: bool) -> None:
    """Whether the group is kept from being deleted."""
    change_log_group(service, scope, name, lambda group: msgspec.structs.replace(group, is_protected=is_protected))


def tag_log_group(service: Service, scope: Scope, name: str, tags: Mapping[str, str]) -> None:
    """Add tags, in place of those with the same keys. TooManyTagsError for more than 50."""
    change_log_group(
        service, scope, name, lambda group: msgspec.structs.replace(group, tags=_checked({**group.tags, **tags}))
    )


def untag_log_group(service: Service, scope: Scope, name: str, keys: Sequence[str]) -> None:
    """Remove tags; those that are not there are ignored."""
    gone = set(keys)
    change_log_group(
        service,
        scope,
        name,
        lambda group: msgspec.structs.replace(
            group, tags={key: value for key, value in group.tags.items() if key not in gone}
        ),
    )


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MOST_TAGS:
        raise TooManyTagsError(f"The resource has more than {MOST_TAGS} tags.")
    return tags


class ListedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it is told: itself, its metric filters and bytes."""

    group: LogGroup
    metric_filters: int
    stored_bytes: int


def list_log_groups(
    service: Service,
    scope: Scope,
    *,
    prefix: str = "",
    matches: Callable[[LogGroup], bool] = lambda _group: True,
    after: str | None = None,
    limit: int,
) -> tuple[list[ListedGroup], bool]:
    """Groups by name, and whether there are more of them."""
    found: list[ListedGroup] = []
    with service.store.read() as store:
        for name, group in GROUPS.scan(store, scope, prefix=prefix, after=after):
            if not matches(group):
                continue
            if len(found) == limit:
                return found, True
            found.append(
                ListedGroup(
                    group=group,
                    metric_filters=store.count("metric-filter", scope, prefix=f"{name}\0"),
                    stored_bytes=store.logs.stored_bytes(scope, name),
                )
            )
    return found, False
