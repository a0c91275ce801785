"""The forms in which CloudTrail data arrives: what records, references or digests a value holds.

Rule: content tells the form, never a name; the first rule of CT-14.3 that fits decides, and what fits
none is malformed, with the reason. Envelopes are opened at most `MAX_ENVELOPES` deep, and what is
packed inside one value unpacks to at most `limits.record` bytes in all. Spec: CT-14.1, CT-14.3, CT-14.4.
"""

from __future__ import annotations

import base64
import zlib
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote_plus

import msgspec

from tocsin.core.byte_size import show_size
from tocsin.core.event import ABSENT, JsonValue, MessageError, decode_message
from tocsin.core.event_time import event_time_problem, parse_event_time
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.splitter import member_text, split
from tocsin.core.wording import kind_of, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ENVELOPES = 8
"""How many envelopes may lie inside one another. S3, SNS, SQS and Lambda together are four."""

VALIDATION_TEXT = "CloudTrail validation message."
"""What CloudTrail sends to a topic to try it (CT-13.2)."""


class RecordLeaf(msgspec.Struct, frozen=True):
    """A record with a usable eventTime. `text` is its own JSON text (FP-4.7), None when that is not known."""

    value: dict[str, JsonValue]
    text: str | None = None


class ReferenceLeaf(msgspec.Struct, frozen=True):
    """An object in a bucket that holds the data. `key` is the plain key, not URL-encoded."""

    bucket: str
    key: str


class DigestLeaf(msgspec.Struct, frozen=True):
    """A digest (CT-15.2): no records."""


class NothingLeaf(msgspec.Struct, frozen=True):
    """A message that is about the delivery, not about events: tests, confirmations, control messages."""


class MalformedLeaf(msgspec.Struct, frozen=True):
    """A value of no known form; `reason` is for people."""

    reason: str


Leaf: TypeAlias = RecordLeaf | ReferenceLeaf | DigestLeaf | NothingLeaf | MalformedLeaf


def tell(
    value: JsonValue,
    *,
    container: str | None = None,
    text: str | bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Leaf]:
    """What the decoded `value` holds, in its order.

    `container` is the one that the value was cut from, as in `Piece`. `text` is the value's JSON
    text; without it only records that lie in strings have theirs.
    """
    if isinstance(text, str):
        text = encode_text(text)
    yield from _Telling(limits).element(value, text, container)


class _Telling:
    """One call of `tell`: its limits, and how much may still be unpacked."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unpackable = limits.record

    def element(self, value: JsonValue, text: bytes | None, container: str | None, level: int = 0) -> Iterator[Leaf]:
        """An element of `container`; a whole value when that is None. `level` counts the envelopes around it."""
        match container:
            case "Records":
                yield from self._of_records(value, text, level)
            case "Messages":
                yield from self._carried(value, text, "Body", level)
            case "Events":
                yield from self._carried(value, text, "CloudTrailEvent", level)
            case "logEvents":
                yield from self._carried(value, text, "message", level)
            case _:
                yield from self._anew(value, text, level)

    # ------------------------------------------------------------ values that hold values

    def _anew(self, value: JsonValue, text: bytes | None, level: int) -> Iterator[Leaf]:
        if level > MAX_ENVELOPES:
            yield MalformedLeaf(f"more than {MAX_ENVELOPES} envelopes inside one another")
        elif isinstance(value, dict):
            yield from self._object(value, text, level)
        elif isinstance(value, list):
            yield from self._elements(value, text, "[", level + 1)
        elif type(value) is str:
            yield from self._string(value, level)
        else:
            yield MalformedLeaf(f"not an object but {kind_of(value)}")

    def _member(self, value: dict[str, JsonValue], text: bytes | None, name: str, level: int) -> Iterator[Leaf]:
        member = value[name]
        # A string counts as an envelope by itself.
        yield from self._anew(member, _member_text(value, text, name), level if type(member) is str else level + 1)

    def _elements(self, values: list[JsonValue], text: bytes | None, container: str, level: int) -> Iterator[Leaf]:
        """Each element of an array, whose text is `text`."""
        if text is None:
            for value in values:
                yield from self.element(value, None, container, level)
        else:
            for value, piece in zip(values, split(text, self._limits), strict=True):
                if piece.problem is not None:
                    yield MalformedLeaf(piece.problem)
                else:
                    yield from self.element(value, piece.text, container, level)

    def _string(self, text: str, level: int) -> Iterator[Leaf]:
        if text.strip() == VALIDATION_TEXT:
            yield NothingLeaf()
            return
        try:
            value = decode_message(text, depth=self._limits.depth)
        except MessageError:
            # Several values, or something that is not JSON.
            yield from self._pieces(encode_text(text), level + 1)
            return
        # The string as it is is the message, with the blanks around the value, if there are any.
        for leaf in self._anew(value, encode_text(text), level + 1):
            yield RecordLeaf(leaf.value, text) if isinstance(leaf, RecordLeaf) and leaf.value is value else leaf

    def _pieces(self, text: bytes, level: int) -> Iterator[Leaf]:
        """Each value of a text that may hold several."""
        for piece in split(text, self._limits):
            if piece.problem is not None:
                yield MalformedLeaf(piece.problem)
                continue
            try:
                value = decode_message(decode_text(piece.text), depth=self._limits.depth)
            except MessageError as error:
                yield MalformedLeaf(f"not JSON: {error.reason}")
                continue
            yield from self.element(value, piece.text, piece.container, level)

    def _carried(self, value: JsonValue, text: bytes | None, name: str, level: int) -> Iterator[Leaf]:
        """The message that an element carries in the member `name`."""
        if not isinstance(value, dict):
            yield MalformedLeaf(f"not an object but {kind_of(value)}")
        elif name not in value:
            yield MalformedLeaf(f"no {name}")
        else:
            yield from self._member(value, text, name, level)

    def _payload(self, value: JsonValue, name: str, level: int) -> Iterator[Leaf]:
        """What is packed in `value`: base64, and gzip inside if its first bytes say so."""
        if type(value) is not str:
            yield MalformedLeaf(f"{name} is {kind_of(value)}")
            return
        try:
            data = base64.b64decode(value, validate=True)
        except ValueError:
            yield MalformedLeaf(f"{name} is not base64")
            return
        problem = ""
        if data.startswith(_GZIP):
            data, problem = self._gunzip(data)
        if problem:
            yield MalformedLeaf(f"{name}: {problem}")
        else:
            yield from self._pieces(data, level + 1)

    def _gunzip(self, data: bytes) -> tuple[bytes, str]:
        """All members of `data`, and what is wrong with them, if anything is."""
        unpacked = bytearray()
        at = 0
        while at < len(data):
            if not data.startswith(_GZIP, at):
                # Padding with zeros is common, anything else is not.
                return bytes(unpacked), "gzip: data after the end of the stream" if data[at:].strip(b"\0") else ""
            member = zlib.decompressobj(31)
            while not member.eof and at < len(data):
                step = data[at : at + _STEP]
                try:
                    part = member.decompress(step, self._unpackable + 1)
                except zlib.error:
                    return bytes(unpacked), "gzip: invalid data"
                if len(part) > self._unpackable:
                    return bytes(unpacked), f"unpacks to more than {show_size(self._limits.record)} (limits.record)"
                self._unpackable -= len(part)
                unpacked += part
                at += len(step) - len(member.unused_data)
            if not member.eof:
                return bytes(unpacked), "gzip: unexpected end of stream"
        return bytes(unpacked), ""

    # ------------------------------------------------------------ objects

    def _object(self, value: dict[str, JsonValue], text: bytes | None, level: int) -> Iterator[Leaf]:
        """Rules 2 to 13 of CT-14.3, in their order."""
        kind = value.get("Type")
        records = value.get("Records", ABSENT)
        if kind == "Notification" and "Message" in value:
            yield from self._member(value, text, "Message", level)
        elif kind in _OTHER_SNS_TYPES or (value.get("Service") == "Amazon S3" and value.get("Event") == "s3:TestEvent"):
            yield NothingLeaf()
        elif isinstance(records, list):
            yield from self._elements(records, _member_text(value, text, "Records"), "Records", level)
        elif records is None:
            return
        elif (messages := _carriers(value, "Messages", "Body")) is not None:
            yield from self._elements(messages, _member_text(value, text, "Messages"), "Messages", level)
        elif "s3Bucket" in value and "s3ObjectKey" in value:
            yield from _trail_references(value["s3Bucket"], value["s3ObjectKey"])
        elif "detail-type" in value and "detail" in value:
            yield from _bus_event(value, text)
        elif isinstance(payload := value.get("awslogs"), dict) and "data" in payload:
            yield from self._payload(payload["data"], "awslogs.data", level)
        elif "messageType" in value:
            yield from self._subscription(value, text, level)
        elif (events := _carriers(value, "Events", "CloudTrailEvent")) is not None:
            yield from self._elements(events, _member_text(value, text, "Events"), "Events", level)
        elif "digestStartTime" in value and "logFiles" in value:
            yield DigestLeaf()
        elif _is_bucket_notification(value):
            # It has eventTime and eventVersion, too, and is no record (CT-2.9, 12).
            yield _notification_reference(value)
        elif "eventTime" in value and ("eventVersion" in value or "eventID" in value):
            yield _record(value, text)
        else:
            yield MalformedLeaf(f"no known form of CloudTrail data ({_keys(value)})")

    def _subscription(self, value: dict[str, JsonValue], text: bytes | None, level: int) -> Iterator[Leaf]:
        log_events = value.get("logEvents")
        if value["messageType"] != "DATA_MESSAGE":
            yield NothingLeaf()
        elif isinstance(log_events, list):
            yield from self._elements(log_events, _member_text(value, text, "logEvents"), "logEvents", level)
        else:
            yield MalformedLeaf("messageType DATA_MESSAGE without logEvents")

    def _of_records(self, value: JsonValue, text: bytes | None, level: int) -> Iterator[Leaf]:
        """Rules 4 to 6 of CT-14.3: each element decides for itself."""
        if not isinstance(value, dict):
            yield MalformedLeaf(f"not an object but {kind_of(value)}")
        elif type(value.get("eventTime")) is str and "s3" not in value:
            yield _record(value, text)
        elif "body" in value:
            yield from self._member(value, text, "body", level)
        elif isinstance(notification := value.get("Sns"), dict):
            yield from self._carried(notification, _member_text(value, text, "Sns"), "Message", level)
        elif isinstance(stream := value.get("kinesis"), dict):
            yield from self._payload(stream.get("data"), "kinesis.data", level)
        elif _is_bucket_notification(value):
            yield _notification_reference(value)
        else:
            yield _record(value, text)


_GZIP = b"\x1f\x8b"

_OTHER_SNS_TYPES = ("SubscriptionConfirmation", "UnsubscribeConfirmation")

# So much of packed data is given to the inflater at once: what it leaves is copied.
_STEP = 4096

# How many member names of a value of no known form are shown, and how many characters of each.
_SHOWN_KEYS = 6
_SHOWN_KEY = 40


def encode_text(text: str) -> bytes:
    """`text` as UTF-8; lone surrogates, which JSON may hold, survive the way there and back."""
    return text.encode("utf-8", "surrogatepass")


def decode_text(data: bytes) -> str:
    """The text of `encode_text`, or U+FFFD for what is not UTF-8 (FP-4.5)."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _member_text(value: dict[str, JsonValue], text: bytes | None, name: str) -> bytes | None:
    """The text of a member that has a text of its own: an object or an array."""
    return member_text(text, name) if text is not None and isinstance(value[name], dict | list) else None


def _carriers(value: dict[str, JsonValue], name: str, carried: str) -> list[JsonValue] | None:
    """The array `name` when it is empty or one of its elements has the member `carried`."""
    elements = value.get(name)
    if not isinstance(elements, list):
        return None
    if not elements or any(isinstance(element, dict) and carried in element for element in elements):
        return elements
    return None


def _record(value: JsonValue, text: bytes | None) -> Leaf:
    if not isinstance(value, dict):
        return MalformedLeaf(f"not an object but {kind_of(value)}")
    time = value.get("eventTime", ABSENT)
    if type(time) is not str or parse_event_time(time) is None:
        return MalformedLeaf(event_time_problem(time))
    return RecordLeaf(value, None if text is None else decode_text(text))


def _bus_event(value: dict[str, JsonValue], text: bytes | None) -> Iterator[Leaf]:
    """EventBridge: a record, an object that was created, or something else on the bus."""
    kind, detail = value["detail-type"], value["detail"]
    if isinstance(kind, str) and kind.endswith("via CloudTrail"):
        yield _record(detail, _member_text(value, text, "detail"))
    elif kind == "Object Created":
        yield _reference(_look(detail, "bucket", "name"), _look(detail, "object", "key"))
    else:
        yield NothingLeaf()


def _trail_references(bucket: JsonValue, keys: JsonValue) -> Iterator[Leaf]:
    """CT-13.1: one bucket, one key or several."""
    for key in keys if isinstance(keys, list) else [keys]:
        yield _reference(bucket, key)


def _is_bucket_notification(value: dict[str, JsonValue]) -> bool:
    return "s3" in value or value.get("eventSource") == "aws:s3"


def _notification_reference(value: dict[str, JsonValue]) -> Leaf:
    key = _look(value, "s3", "object", "key")
    return _reference(_look(value, "s3", "bucket", "name"), unquote_plus(key) if type(key) is str else key)


def _reference(bucket: JsonValue, key: JsonValue) -> Leaf:
    if type(bucket) is str and type(key) is str:
        return ReferenceLeaf(bucket, key)
    return MalformedLeaf("a reference to an object without bucket and key")


def _look(value: JsonValue, *names: str) -> JsonValue:
    """The member at a path of names; null when there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _keys(value: dict[str, JsonValue]) -> str:
    if not value:
        return "an empty object"
    shown = [printable(key[:_SHOWN_KEY]) for key in islice(value, _SHOWN_KEYS)]
    return f"keys: {', '.join(shown)}{', …' if len(value) > len(shown) else ''}"
