"""Entries of the audit log, and the chain that they make. Spec: CON-4.10, CON-8.5, self/s17.

Rule: an entry is one line of JSON and holds the SHA-256 of the line before it. Whoever has the lines can check them
with nothing but `sha256sum`; whoever changes one has to change all that follow.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

FIRST_PREVIOUS: Final = "0" * 64
"""What the first entry has in place of a digest."""

LONGEST_LINE: Final = 64 * 1024
"""No entry is longer."""

_LONGEST_VALUE: Final = 16 * 1024
_BEGINNING: Final = 2_048
_LONGEST_TEXT: Final = {"name": 2_048, "reason": 1_024, "agent": 512}
_LONGEST_WORD: Final = 256


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed what. The order of the fields is that of the line.

    `at` is in UTC with milliseconds. `address` and `agent` say from where; `kind` and `name` are those of the object,
    `account` and `region` where it is. `before` and `after` are what it was and became, None where it was not there,
    or where that is not known.
    """

    sequence: int
    at: str
    actor: str
    role: str
    address: str
    agent: str
    action: str
    kind: str
    name: str
    account: str
    region: str
    before: Any
    after: Any
    reason: str
    request_id: str
    previous: str


CUT: Final = "tocsin:cut"
"""The one member of what stands in place of a value that is too long: its size, digest and beginning."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AuditEntry)


def line_of(entry: AuditEntry) -> bytes:
    """The line of an entry, without a line end; what is too long in it is cut, and says so."""
    texts = {
        name: _cut_text(value, _LONGEST_TEXT.get(name, _LONGEST_WORD))
        for name, value in msgspec.structs.asdict(entry).items()
        if isinstance(value, str) and name not in {"before", "after"}
    }
    bounded = msgspec.structs.replace(entry, **texts, before=_bounded(entry.before), after=_bounded(entry.after))
    return _encoder.encode(bounded)


def read_line(line: bytes) -> AuditEntry:
    """The entry of a line.

    Raises:
        ValueError: it is none.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no entry of the audit log: {error}") from None


def digest_of(line: bytes) -> str:
    """What the next entry holds of a line."""
    return hashlib.sha256(line).hexdigest()


def follows(line: bytes, *, sequence: int, previous: str) -> bool:
    """Whether a line is the entry of that number, and follows on the line with that digest."""
    try:
        entry = read_line(line)
    except ValueError:
        return False
    return entry.sequence == sequence and entry.previous == previous


def _cut_text(text: str, longest: int) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _bounded(value: Any) -> Any:
    """A value that takes no more than its share of a line; of a longer one its beginning, size and digest are kept."""
    try:
        encoded = _encoder.encode(value)
    except (TypeError, ValueError, UnicodeEncodeError, RecursionError):
        encoded = _encoder.encode(_cut_text(repr(value), _BEGINNING))
    if len(encoded) <= _LONGEST_VALUE:
        return msgspec.Raw(encoded)
    begins = encoded[:_BEGINNING].decode("utf-8", "ignore")
    return {CUT: {"bytes": len(encoded), "sha256": hashlib.sha256(encoded).hexdigest(), "begins": begins}}
