"""Whether a digest is what CloudTrail wrote. Spec: CT-15.7, CT-15.8.

Rule: the questions are those of AWS's validator, in its order.

A digest is hostile until its signature has been verified: whatever its members hold, the answer is a verdict.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.digest.document import ReadMembers, decode_members
from tocsin.core.digest.signature import is_signed, string_to_sign
from tocsin.core.digest.verdict import Verdict
from tocsin.core.event_time import parse_event_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.digest.public_key import PublicKeys

BACKFILL_SUFFIX: Final = "_backfill.json.gz"

_SIGNATURE: Final = "signature"
_ALGORITHM: Final = "signature-algorithm"
_BACKFILL_TIME: Final = "backfill-generation-timestamp"


class ListedLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log file as a digest names it. `sha256` is None where the entry is not whole."""

    bucket: str
    key: str
    sha256: str | None


class CheckedDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A digest and its verdict.

    What it says is to be believed where the verdict is VALID alone, and is empty where it could not be read.
    `start` and `end` are in seconds since the epoch, `end_time` is the text that was signed; `previous_*` are None in
    the first digest of a chain. `log_count` is the number of log files, which `listed_logs` gives; `reason` is for
    verdicts that need one.
    """

    verdict: Verdict
    sha256: str = ""
    bucket: str = ""
    key: str = ""
    fingerprint: str = ""
    start: int | None = None
    end: int | None = None
    end_time: str = ""
    previous_bucket: str | None = None
    previous_key: str | None = None
    previous_sha256: str | None = None
    previous_signature: str | None = None
    log_count: int = 0
    reason: str = ""


class LogContent(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the place of a log file: the hash of what it unpacks to, in hex, as far as it could be unpacked."""

    sha256: str = ""
    is_damaged: bool = False
    has_trailing_data: bool = False


def log_verdict(content: LogContent | None, listed: str | None) -> Verdict:
    """The verdict about a log file: what is there (None: nothing), and the hash that the digest lists.

    A file that ends too early is told by its hash, as AWS's validator does.
    """
    if content is None:
        return Verdict.NOT_FOUND
    if content.is_damaged:
        return Verdict.INVALID_FORMAT
    if content.has_trailing_data:
        return Verdict.TRAILING_DATA
    if listed is None:
        return Verdict.INVALID_FORMAT
    return Verdict.VALID if content.sha256 == listed else Verdict.HASH_MISMATCH


def check_digest(
    content: bytes | None,
    *,
    bucket: str,
    key: str,
    metadata: Mapping[str, Any] | None,
    keys: PublicKeys,
) -> CheckedDigest:
    """The verdict about the digest that was read at `key` of `bucket`.

    `content` is what it unpacks to, None where it is no gzip. `metadata` is the object's user metadata, None where the
    copy has none at all: then the verdict is NOT_VERIFIABLE where everything else is in order, and `check_signature`
    may say more.
    """
    members = None if content is None else decode_members(content)
    if content is None or members is None:
        return CheckedDigest(verdict=Verdict.INVALID_FORMAT)
    if metadata is not None:
        if _SIGNATURE not in metadata or _ALGORITHM not in metadata:
            return _read(members, content, Verdict.SIGNATURE_FAILED)
        if key.endswith(BACKFILL_SUFFIX) and _BACKFILL_TIME not in metadata:
            return _read(members, content, Verdict.INVALID_FORMAT)
    verdict = _trouble(members, bucket=bucket, key=key, keys=keys) or Verdict.NOT_VERIFIABLE
    checked = _read(members, content, verdict)
    if verdict is Verdict.NOT_VERIFIABLE and metadata is not None:
        verdict = check_signature(checked, metadata[_SIGNATURE], keys)
        checked = msgspec.structs.replace(checked, verdict=verdict)
    if verdict in {Verdict.VALID, Verdict.NOT_VERIFIABLE} and not _is_usable(members, checked):
        return msgspec.structs.replace(checked, verdict=Verdict.INVALID_FORMAT, log_count=0)
    return checked


def read_digest(content: bytes) -> CheckedDigest:
    """What a digest says, whether or not it is to be believed; nothing where it cannot be read."""
    members = decode_members(content)
    if members is None:
        return CheckedDigest(verdict=Verdict.INVALID_FORMAT)
    return _read(members, content, Verdict.NOT_VERIFIABLE)


def listed_logs(content: bytes, *, first: int, last: int) -> list[ListedLog]:
    """Of the log files that a digest lists, those from `first` on and before `last`; whether to be believed or not."""
    members = decode_members(content)
    entries = None if members is None else members.log_files
    return [_log(entry) for entry in entries[first:last]] if isinstance(entries, list) else []


def check_signature(checked: CheckedDigest, signature: object, keys: PublicKeys) -> Verdict:
    """Whether `signature` is that of a digest with which everything else is in order."""
    public_key = keys.key(checked.fingerprint)
    if public_key is None or not checked.end_time or not isinstance(signature, str):
        return Verdict.SIGNATURE_FAILED
    text = string_to_sign(
        end_time=checked.end_time,
        bucket=checked.bucket,
        key=checked.key,
        sha256=checked.sha256,
        previous_signature=checked.previous_signature,
    )
    return Verdict.VALID if is_signed(text, signature, public_key) else Verdict.SIGNATURE_FAILED


def _trouble(members: ReadMembers, *, bucket: str, key: str, keys: PublicKeys) -> Verdict | None:
    """What is wrong before the signature is looked at."""
    if not members.is_complete:
        return Verdict.INVALID_FORMAT
    if members.digest_bucket != bucket or members.digest_object != key:
        return Verdict.MOVED
    fingerprint = members.digest_public_key_fingerprint
    if not isinstance(fingerprint, str) or fingerprint not in keys:
        return Verdict.KEY_NOT_FOUND
    if keys.key(fingerprint) is None:
        return Verdict.KEY_UNREADABLE
    return None


def _read(members: ReadMembers, content: bytes, verdict: Verdict) -> CheckedDigest:
    """What the members say, as far as they are of the right type."""
    logs = members.log_files
    return CheckedDigest(
        verdict=verdict,
        sha256=hashlib.sha256(content).hexdigest(),
        bucket=_text(members.digest_bucket) or "",
        key=_text(members.digest_object) or "",
        fingerprint=_text(members.digest_public_key_fingerprint) or "",
        start=_second(members.digest_start_time),
        end=_second(members.digest_end_time),
        end_time=_text(members.digest_end_time) or "",
        previous_bucket=_text(members.previous_bucket),
        previous_key=_text(members.previous_object),
        previous_sha256=_text(members.previous_digest_hash_value),
        previous_signature=_text(members.previous_digest_signature),
        log_count=len(logs) if isinstance(logs, list) else 0,
    )


def _is_usable(members: ReadMembers, checked: CheckedDigest) -> bool:
    """Can the chain be followed through it, and its log files be looked at?"""
    return (
        checked.start is not None
        and checked.end is not None
        and isinstance(members.previous_bucket, str | None)
        and isinstance(members.previous_object, str | None)
        and isinstance(members.previous_digest_signature, str | None)
        and isinstance(members.log_files, list | None)
    )


def _log(entry: object) -> ListedLog:
    if not isinstance(entry, dict):
        return ListedLog(bucket="", key="", sha256=None)
    bucket, key, sha256 = (_text(entry.get(name)) for name in ("s3Bucket", "s3Object", "hashValue"))
    whole = bucket is not None and key is not None
    return ListedLog(bucket=bucket or "", key=key or "", sha256=sha256 if whole else None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _second(value: object) -> int | None:
    return parse_event_time(value) if isinstance(value, str) else None
