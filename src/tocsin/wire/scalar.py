"""Scalars that all protocols share: numbers and their ranges, moments, blobs. Spec: WIRE-2.4, WIRE-2.5."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

from tocsin.wire.shape import ParseError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

INTEGER_RANGES: Final = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}
SPECIAL_DOUBLES: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def special_double(value: float) -> str | None:
    """How JSON and query write what is no finite number; None for one that is."""
    if value != value:  # noqa: PLR0124  (the test for NaN)
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def moment_from_epoch(seconds: float) -> datetime:
    """An aware moment, cut to milliseconds. The fraction is first rounded to microseconds: doubles are not decimal."""
    try:
        microseconds = seconds * 1_000_000 if isinstance(seconds, int) else round(seconds * 1_000_000)
        return EPOCH + timedelta(milliseconds=microseconds // 1000)
    except (OverflowError, ValueError):  # infinities, NaN, years beyond 9999
        raise ParseError("timestamp is out of range") from None


_ISO_8601: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_EPOCH_TEXT: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,18})?", re.ASCII)


def moment_from_text(text: str) -> datetime:
    """A moment of ISO 8601, with `Z`, an offset or neither (UTC), of any fraction, or epoch seconds as text."""
    match = _ISO_8601.fullmatch(text)
    if match is None:
        if _EPOCH_TEXT.fullmatch(text):
            return moment_from_epoch(float(text))
        return _moment_from_mail_date(text)
    year, month, day, hour, minute, second, fraction, _, sign, offset_hours, offset_minutes = match.groups()
    zone = UTC
    try:
        if sign:
            offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
            zone = timezone(-offset if sign == "-" else offset)
        microsecond = int((fraction or "0")[:3].ljust(3, "0")) * 1000
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, zone
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParseError("timestamp must follow ISO8601") from None


def _moment_from_mail_date(text: str) -> datetime:
    """A date as in mail headers (`timestampFormat: rfc822`)."""
    if len(text) > 64 or "," not in text:
        raise ParseError("timestamp must follow ISO8601")
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        raise ParseError("timestamp must follow ISO8601") from None


def epoch_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since the epoch, cut."""
    return (moment - EPOCH) // _MILLISECOND


def epoch_seconds(moment: datetime) -> int | float:
    """Seconds since the epoch, with up to three decimals, an int when there are none (WIRE-2.5)."""
    milliseconds = epoch_milliseconds(moment)
    seconds, rest = divmod(milliseconds, 1000)
    return milliseconds / 1000 if rest else seconds


def iso_8601(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, with `.mmm` when the milliseconds are not zero (WIRE-2.9)."""
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond // 1000:03}" if moment.microsecond >= 1000 else ""
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02}T{moment:%H:%M:%S}{fraction}Z"


def moment_text(moment: datetime, timestamp_format: str) -> str:
    """A moment in one of the textual `timestampFormat`s."""
    if timestamp_format == "rfc822":
        return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
    if timestamp_format == "unixtimestamp":
        return str(epoch_seconds(moment))
    return iso_8601(moment)


def blob_from_text(text: str) -> bytes:
    """The bytes of base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ParseError("Invalid Base64 character") from None


def blob_text(blob: Any) -> str:
    """Base64 of bytes, or of a text's UTF-8."""
    return base64.b64encode(blob.encode() if isinstance(blob, str) else blob).decode("ascii")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """The text with U+FFFD in place of what UTF-8 cannot carry (WIRE-2.3)."""
    return _SURROGATE.sub("\ufffd", text)


def clean_tree(tree: Any) -> Any:
    """The same for all strings of a tree of dicts, lists and scalars."""
    if isinstance(tree, str):
        return without_surrogates(tree)
    if isinstance(tree, dict):
        return {clean_tree(key): clean_tree(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [clean_tree(item) for item in tree]
    return tree
