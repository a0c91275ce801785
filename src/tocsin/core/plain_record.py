"""A record whose fields have the types that CloudTrail gives them: nearly every one, decoded in a third of the time.

Rule: what is decoded here is what the exact decoder makes of the same text. Where that is in doubt (another type, deep
nesting, a lone surrogate) there is no plain record, and the exact decoder has its say. Spec: FP-14.4, CON-4.0 (X2).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.event import decode_message
from tocsin.core.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Container

    from tocsin.core.event import JsonValue


class _Issuer(msgspec.Struct):
    arn: str | None = None


class _SessionContext(msgspec.Struct):
    sessionIssuer: _Issuer | None = None  # noqa: N815  (the record's names)


class PlainIdentity(msgspec.Struct):
    """A userIdentity, as far as it says who is behind a call."""

    type: str | None = None
    arn: str | None = None
    accountId: str | None = None  # noqa: N815  (the record's names, here and below)
    accessKeyId: str | None = None  # noqa: N815
    invokedBy: str | None = None  # noqa: N815
    userName: str | None = None  # noqa: N815
    principalId: str | None = None  # noqa: N815
    sessionContext: _SessionContext | None = None  # noqa: N815

    @property
    def role(self) -> str:
        """The ARN of the role that the session is of; empty where none is named."""
        context = self.sessionContext
        return (context.sessionIssuer.arn or "") if context and context.sessionIssuer else ""


_NOBODY: Final = PlainIdentity()


class PlainRecord(msgspec.Struct):
    """The fields by which records are looked up."""

    eventName: str  # noqa: N815
    eventTime: str  # noqa: N815
    userIdentity: PlainIdentity | None = None  # noqa: N815
    eventSource: str | None = None  # noqa: N815
    eventID: str | None = None  # noqa: N815
    awsRegion: str | None = None  # noqa: N815
    sourceIPAddress: str | None = None  # noqa: N815
    recipientAccountId: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815
    eventCategory: str | None = None  # noqa: N815
    requestParameters: dict[str, msgspec.Raw] | None = None  # noqa: N815
    responseElements: dict[str, msgspec.Raw] | None = None  # noqa: N815
    resources: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def identity(self) -> PlainIdentity:
        """Who called."""
        return self.userIdentity or _NOBODY


_decode = msgspec.json.Decoder(PlainRecord).decode


def plain_record(message: str) -> PlainRecord | None:
    """The record in a message; None where it has to be decoded exactly."""
    if message.count("{") + message.count("[") > DEFAULT_LIMITS.depth:
        return None
    try:
        return _decode(message)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


# A number outside a string stands behind one of these; the same within a string is taken for one.
_NUMBER: Final = re.compile(rb"[:,\[][ \t\r\n]*[-0-9]")

_decode_part = msgspec.json.Decoder().decode


def decoded(raw: msgspec.Raw) -> JsonValue:
    """What stands in a part of a record's text."""
    text = bytes(raw)
    # Only numbers are not the same for both decoders.
    if text[0] in b'"[{' and not _NUMBER.search(text):
        return _decode_part(text)  # type: ignore[no-any-return]  # JSON, which it was found to be already
    return decode_message(text)


def members(value: dict[str, msgspec.Raw] | None, wanted: Container[str], *, mark: str) -> dict[str, JsonValue]:
    """The `wanted` members of an object; of the only object in it where the name of that has `mark` in it (REC-8.9)."""
    if not value:
        return {}
    if len(value) == 1:
        ((name, raw),) = value.items()
        if mark in name[1:] and isinstance(inner := decoded(raw), dict):
            return inner
    return {name: decoded(raw) for name, raw in value.items() if name in wanted}
