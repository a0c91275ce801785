"""PutLogEvents in JSON, quickly. Spec: WIRE-4.4.

Rule: the quick way takes nothing that the general one refuses, and gives what it gives. Whatever is odd about
a request is left to the general way, whose error is then the answer.
"""

from __future__ import annotations

from typing import Any

import msgspec

_LEAST, _MOST = 0, 2**63 - 1


class FastLogEvents(list[tuple[int, str]]):
    """The logEvents of a request as (timestamp, message), in place of a list of dicts."""

    def as_dicts(self) -> list[dict[str, Any]]:
        """The same as the general way gives them."""
        return [{"timestamp": timestamp, "message": message} for timestamp, message in self]


class _Event(msgspec.Struct, gc=False):
    timestamp: int
    message: str


class _Request(msgspec.Struct, rename="camel", gc=False):
    log_group_name: str
    log_stream_name: str
    log_events: list[_Event]
    sequence_token: str | None = None
    entity: msgspec.Raw | None = None


_decode = msgspec.json.Decoder(_Request).decode


def decode_put_log_events(body: bytes) -> dict[str, Any] | None:
    """The parameters of the request; None where the general way has to look at it."""
    try:
        request = _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if request.entity is not None:
        return None
    events = FastLogEvents([(event.timestamp, event.message) for event in request.log_events])
    if not all(_LEAST <= timestamp <= _MOST for timestamp, _ in events):
        return None
    parameters: dict[str, Any] = {
        "logGroupName": request.log_group_name,
        "logStreamName": request.log_stream_name,
        "logEvents": events,
    }
    if request.sequence_token is not None:
        parameters["sequenceToken"] = request.sequence_token
    return parameters
