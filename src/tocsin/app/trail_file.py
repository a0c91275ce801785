"""What the delivery of log files and that of digests have in common. Spec: CT-11.4, CT-15.3, CT-15.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec
from isal import isal_zlib

from tocsin.core.trail.definition import Trail

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.app.trail_status import TrailStatus

ENDING_GRACE_MS: Final = 3_000
"""For so long after logging ended the record of the call that ended it may come in (CT-15.4)."""

GIVEN_UP_AFTER_MS: Final = 30 * 86_400_000
"""For so long a file is tried to be put into a bucket that fails."""

DestinationName = Literal["files", "notifications", "logs", "digests"]

_decode_trail: Final = msgspec.msgpack.Decoder(Trail).decode


def packed(content: bytes) -> bytes:
    """A file as one member of gzip, the same for the same content."""
    return bytes(isal_zlib.compress(content, level=2, wbits=31))


def route_trail(store: StoreReader, route: int) -> Trail:
    """The trail as it was when it selected what waits under a route."""
    body = store.records.route(route)
    assert body is not None  # what waits keeps its route
    return _decode_trail(body)


def is_of_session(trail: Trail, ended: Trail) -> bool:
    """Whether a trail is the other one in the same time of logging, whatever its settings were then."""
    return (trail.arn, trail.created_at, trail.started_at) == (ended.arn, ended.created_at, ended.started_at)


def after_delivery(status: TrailStatus, destination: DestinationName, at: int, error: str = "") -> TrailStatus:
    """The status of a trail after a delivery to a destination, in milliseconds; without an error it went well."""
    before = getattr(status, destination)
    after = before.failure(error, at=at) if error else before.success(at)
    changes: dict[str, object] = {destination: after}
    return msgspec.structs.replace(status, **changes)
