"""How large a record and its fields may be. Spec: CT-2.2, CT-2.6, REC-6.4."""

from __future__ import annotations

from typing import Any, Final

import msgspec

RECORD_SIZE: Final = 262_144
"""Bytes of a record."""
FIELD_SIZE: Final = 102_400
"""Bytes of requestParameters and of responseElements."""
ADDITIONAL_SIZE: Final = 28_672
"""Bytes of additionalEventData."""
TEXT_SIZE: Final = 1024
"""Characters of userAgent, requestID and errorCode."""

_encode: Final = msgspec.json.Encoder().encode
_LIMITS: Final = (
    ("requestParameters", FIELD_SIZE),
    ("responseElements", FIELD_SIZE),
    ("additionalEventData", ADDITIONAL_SIZE),
)


def omitted(field: str, size: int) -> dict[str, Any]:
    """What stands in place of a field that is too large."""
    return {"omitted": True, "originalSize": size, "reason": f"{field} too large"}


def bounded(record: dict[str, Any]) -> dict[str, Any]:
    """The record with what is too large in it left out."""
    if len(_encode(record)) <= ADDITIONAL_SIZE:  # then no part of it is larger
        return record
    for field, most in _LIMITS:
        value = record.get(field)
        if value is not None and (size := len(_encode(value))) > most:
            record = {**record, field: omitted(field, size)}
    for field in ("responseElements", "requestParameters"):
        value = record.get(field)
        if value is not None and len(_encode(record)) > RECORD_SIZE:
            record = {**record, field: omitted(field, len(_encode(value)))}
    return record
