"""Tags of CloudWatch's resources: alarms, mute rules, dashboards, insight rules. Spec: WIRE-8.2, AL-11.

Rule: tags are kept under the resource's ARN and go with the resource.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tocsin.app.definition import Definitions
from tocsin.core.alarm_severity import SEVERITY, severity_problem
from tocsin.core.late_breach import LATE, late_problem
from tocsin.core.notice_timing import notice_problem
from tocsin.core.scope import Scope
from tocsin.core.wording import quote
from tocsin.errors import InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter

MOST_TAGS = 50

TAGS = Definitions("cloudwatch-tags", dict[str, str])

# The kind of definition behind the resource part of an ARN.
_KINDS = {"alarm-mute-rule": "alarm-mute-rule", "insight-rule": "insight-rule", "dashboard": "dashboard"}


def put_tags(store: StoreWriter, scope: Scope, arn: str, tags: Mapping[str, str]) -> None:
    """Set the tags of a resource that is being made."""
    if tags:
        _refuse_useless(tags)
        TAGS.put(store, _home(scope, arn), arn, _checked(dict(tags)))


def get_tags(store: StoreReader, scope: Scope, arn: str) -> dict[str, str]:
    """The tags of a resource; none where there is none."""
    return TAGS.get(store, _home(scope, arn), arn) or {}


def delete_tags(store: StoreWriter, scope: Scope, arn: str) -> None:
    """Forget the tags of a resource that is being removed."""
    TAGS.delete(store, _home(scope, arn), arn)


Follow = Callable[["Service", "StoreWriter", "Scope", str], None]
"""What follows from a change of tags, in its transaction: given the resource's ARN."""


def tag_resource(service: Service, scope: Scope, arn: str, tags: Mapping[str, str], *, follow: Follow) -> None:
    """Add tags. NotFoundError where the ARN names nothing."""

    def work(store: StoreWriter) -> None:
        _require(store, scope, arn)
        _refuse_useless(tags)
        TAGS.put(store, _home(scope, arn), arn, _checked({**get_tags(store, scope, arn), **tags}))
        follow(service, store, scope, arn)

    service.store.write(work)


def untag_resource(service: Service, scope: Scope, arn: str, keys: Sequence[str], *, follow: Follow) -> None:
    """Remove tags. NotFoundError where the ARN names nothing."""
    gone = set(keys)

    def work(store: StoreWriter) -> None:
        _require(store, scope, arn)
        left = {key: value for key, value in get_tags(store, scope, arn).items() if key not in gone}
        TAGS.put(store, _home(scope, arn), arn, left)
        follow(service, store, scope, arn)

    service.store.write(work)


def tags_of(service: Service, scope: Scope, arn: str) -> dict[str, str]:
    """The tags of a resource; none for one that is not there (WIRE-8.2)."""
    with service.store.read() as store:
        return get_tags(store, scope, arn)


def _home(scope: Scope, arn: str) -> Scope:
    """Where the tags of a resource are: those of a dashboard belong to no region."""
    return Scope(scope.account) if ":dashboard/" in arn else scope


def _require(store: StoreReader, scope: Scope, arn: str) -> None:
    if not _exists(store, scope, arn):
        raise NotFoundError("", resource="tagged")


def _exists(store: StoreReader, scope: Scope, arn: str) -> bool:
    if arn.startswith(f"arn:{scope.partition}:cloudwatch::{scope.account}:dashboard/"):
        return store.get("dashboard", Scope(scope.account), arn.partition("/")[2]) is not None
    prefix = scope.arn("cloudwatch", "")
    if not arn.startswith(prefix):
        return False
    kind, _, name = arn.removeprefix(prefix).partition(":")
    if kind == "alarm":
        return any(store.get(one, scope, name) is not None for one in ("metric-alarm", "composite-alarm"))
    if kind in _KINDS:
        return store.get(_KINDS[kind], scope, name) is not None
    kind, _, name = arn.removeprefix(prefix).partition("/")
    return kind in _KINDS and store.get(_KINDS[kind], scope, name) is not None


_OWN = {LATE: late_problem, SEVERITY: severity_problem}


def _refuse_useless(tags: Mapping[str, str]) -> None:
    """Tags of ours mean something; one that does not is refused, rather than found out about at night (AL-19.6)."""
    for key, value in tags.items():
        problem = _OWN[key](value) if key in _OWN else notice_problem(key, value)
        if problem:
            raise InvalidParameterError(f"Tag {problem}; it was {quote(value)}.")


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MOST_TAGS:
        raise InvalidParameterError(f"A resource cannot have more than {MOST_TAGS} tags.")
    return tags
