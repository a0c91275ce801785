"""Dashboards: documents of an account, visible in every region. Spec: WIRE-8.2, WIRE-9.9."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.resource_tag import delete_tags, put_tags
from tocsin.core.scope import Scope
from tocsin.errors import InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard; `modified_at` is in milliseconds since the epoch."""

    name: str
    body: str
    modified_at: int

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body.encode())


DASHBOARDS = Definitions("dashboard", Dashboard)


class BodyProblem(NamedTuple):
    """What is wrong with the body of a dashboard, and where."""

    path: str
    message: str


class DashboardBodyError(InvalidParameterError):
    """A body that is no dashboard."""

    code = "dashboard-body"

    def __init__(self, message: str, problems: Sequence[BodyProblem]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def dashboard_arn(scope: Scope, name: str) -> str:
    """The ARN of a dashboard, which has no region."""
    return f"arn:{scope.partition}:cloudwatch::{scope.account}:dashboard/{name}"


def put_dashboard(service: Service, scope: Scope, name: str, body: str, *, tags: Mapping[str, str]) -> None:
    """Keep a dashboard, in place of the one of that name."""
    if not _NAME.match(name):
        raise InvalidParameterError(
            "The value for field DashboardName contains invalid characters. "
            "It can only contain alphanumerics, dash (-) and underscore (_).\n"
        )
    _check_body(body)
    made = Dashboard(name=name, body=body, modified_at=service.now_ms())

    def work(store: StoreWriter) -> None:
        is_new = DASHBOARDS.get(store, Scope(scope.account), name) is None
        DASHBOARDS.put(store, Scope(scope.account), name, made)
        if is_new:
            put_tags(store, scope, dashboard_arn(scope, name), tags)

    service.store.write(work)


def _check_body(body: str) -> None:
    try:
        tree = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        problem = BodyProblem("/", f"The dashboard body is not valid JSON: {error}")
        raise DashboardBodyError("The field DashboardBody must be a valid JSON object", [problem]) from None
    if not isinstance(tree, dict):
        problem = BodyProblem("/", "The dashboard body must be a JSON object")
        raise DashboardBodyError("The field DashboardBody must be a valid JSON object", [problem])
    if "widgets" in tree and not isinstance(tree["widgets"], list):
        problem = BodyProblem("/widgets", "Should be array")
        raise DashboardBodyError("The dashboard body is invalid, there are 1 validation errors", [problem])


def get_dashboard(service: Service, scope: Scope, name: str) -> Dashboard:
    """One dashboard."""
    with service.store.read() as store:
        found = DASHBOARDS.get(store, Scope(scope.account), name)
    if found is None:
        raise NotFoundError(f"Dashboard {name} does not exist", resource="dashboard")
    return found


def list_dashboards(
    service: Service, scope: Scope, *, prefix: str = "", after: str | None = None, limit: int
) -> tuple[list[Dashboard], bool]:
    """Dashboards by name, and whether there are more."""
    with service.store.read() as store:
        found = DASHBOARDS.scan(store, Scope(scope.account), prefix=prefix, after=after, limit=limit + 1)
    return [one for _, one in found[:limit]], len(found) > limit


def delete_dashboards(service: Service, scope: Scope, names: Sequence[str]) -> None:
    """Remove dashboards: all of them, or none where one is not there."""

    def work(store: StoreWriter) -> None:
        for name in dict.fromkeys(names):
            if not DASHBOARDS.delete(store, Scope(scope.account), name):
                raise NotFoundError(f"Dashboard {name} does not exist", resource="dashboard")
            delete_tags(store, scope, dashboard_arn(scope, name))

    service.store.write(work)
