"""`POST /_tocsin/records`: CloudTrail records that somebody else has made come in. Spec: REC-16.2, WIRE-5.6.

Rule: each line is taken or refused for itself. A record whose eventID is known is not taken again, so whoever got no
answer may send everything once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.app.record_intake import RecordIntake
from tocsin.wire.call import Call
from tocsin.wire.content_encoding import unpacked
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.wire.authentication import Authenticator
    from tocsin.wire.message import WireRequest
    from tocsin.wire.model import ServiceModels

PATH: Final = b"/_tocsin/records"

MOST_RECORDS: Final = 500
MOST_BYTES: Final = 1_048_576
"""What one request may hold (REC-16.2)."""

_TYPE: Final = "application/x-ndjson"

# Lines that an answer names; of more it gives the number.
_MOST_NAMED: Final = 20


class Received(NamedTuple):
    """What is answered."""

    status: int
    told: dict[str, Any]


class RecordReceiver:
    """Takes requests with records. In the modes `known` and `strict` they are signed for `cloudtrail`."""

    def __init__(self, service: Service, authenticator: Authenticator, models: ServiceModels) -> None:
        self._service = service
        self._authenticator = authenticator
        # No operation of CloudTrail's model: what is signed is a request to that service.
        self._call = Call(
            protocol="json", service="cloudtrail", api=models.service("cloudtrail"), operation="", model=None
        )

    def receive(self, request: WireRequest) -> Received:
        """Take the records of a request. StoreError when the store cannot."""
        try:
            self._authenticator.authenticate(request, self._call, at=self._service.now())
        except Fault as fault:
            return _error(403, fault.message or fault.shape)
        if (request.header("content-type") or "").partition(";")[0].strip().lower() != _TYPE:
            return _error(415, f"records come one a line, as Content-Type: {_TYPE}")
        try:
            body = unpacked(request, most=MOST_BYTES)
        except Fault as fault:
            return _error(fault.status or 400, fault.message or fault.shape)
        numbered = [(number, line.strip()) for number, line in enumerate(body.split(b"\n"), 1)]
        lines = [(number, line) for number, line in numbered if line]
        if len(body) > MOST_BYTES or len(lines) > MOST_RECORDS:
            return _error(413, f"a request may hold {MOST_RECORDS} records and {MOST_BYTES} bytes; send several")
        intake = self._service.part(RecordIntake).take([line for _, line in lines])
        told: dict[str, Any] = {"accepted": intake.accepted, "duplicates": intake.duplicates}
        if not intake.refused:
            return Received(200, told)
        told["refused"] = len(intake.refused)
        told["problems"] = [{"line": lines[one.place][0], "reason": one.reason} for one in intake.refused[:_MOST_NAMED]]
        return Received(400, told)


def _error(status: int, reason: str) -> Received:
    return Received(status, {"status": "error", "reason": reason})
