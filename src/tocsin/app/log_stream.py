"""Log streams. Spec: WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.log_group import require_group
from tocsin.errors import AlreadyExistsError, NotFoundError

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.log_event import LogStream
    from tocsin.core.scope import Scope


def stream_arn(scope: Scope, group: str, stream: str) -> str:
    """The ARN of a stream."""
    return scope.arn("logs", f"log-group:{group}:log-stream:{stream}")


def require_stream(store: StoreReader, scope: Scope, group: str, name: str) -> LogStream:
    """The stream of that name; the group is looked for first (WIRE-8.1). NotFoundError in AWS's words."""
    require_group(store, scope, group)
    stream = store.logs.stream(scope, group, name)
    if stream is None:
        raise _not_found()
    return stream


def require_stream_in(store: StoreWriter, scope: Scope, group: str, name: str) -> None:
    """See to it that there is a stream of that name in a group that is there. NotFoundError as above."""
    if not store.logs.has_stream(scope, group, name):
        raise _not_found()


def _not_found() -> NotFoundError:
    return NotFoundError("The specified log stream does not exist.", resource="log-stream")


def create_log_stream(service: Service, scope: Scope, group: str, name: str) -> None:
    """Make a stream in an existing group."""
    now = service.now_ms()

    def work(store: StoreWriter) -> None:
        require_group(store, scope, group)
        if store.logs.stream(scope, group, name) is not None:
            raise AlreadyExistsError("The specified log stream already exists", resource="log-stream")
        store.logs.create_stream(scope, group, name, at=now)

    service.store.write(work)


def delete_log_stream(service: Service, scope: Scope, group: str, name: str) -> None:
    """Remove a stream with its events."""

    def work(store: StoreWriter) -> None:
        require_stream(store, scope, group, name)
        store.logs.delete_stream(scope, group, name)

    service.store.write(work)


def list_log_streams(
    service: Service,
    scope: Scope,
    group: str,
    *,
    prefix: str = "",
    by_last_event: bool = False,
    descending: bool = False,
    after: tuple[int, str] | None = None,
    limit: int,
) -> list[LogStream]:
    """Streams by name, or by their last event; `after` is (last event or -1, name) of the last one seen."""
    with service.store.read() as store:
        require_group(store, scope, group)
        if by_last_event:
            return store.logs.streams_by_last_event(scope, group, descending=descending, after=after, limit=limit)
        if not descending:
            return store.logs.streams(
                scope, group, prefix=prefix, after=None if after is None else after[1], limit=limit
            )
        found = store.logs.streams(scope, group, prefix=prefix)
        return [stream for stream in reversed(found) if after is None or stream.name < after[1]][:limit]
