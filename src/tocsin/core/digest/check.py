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
    `start` and `end` are in seconds since the epoch; `previous_*` are None in the first digest of a chain.
    """

    verdict: Verdict
    sha256: str = ""
    bucket: str = ""
    key: str = ""
    fingerprint: str = ""
    start: int | None = None
    end: int | None = None
    previous_bucket: str | None = None
    previous_key: str | None = None
    previous_sha256: str | None = None
    previous_signature: str | None = None
    logs: tuple[ListedLog, ...] = ()


def check_digest(
    content: bytes | None,
    *,
    bucket: str,
    key: str,
    metadata: Mapping[str, Any] | None,
    keys: PublicKeys,
    signature: str | None = None,
) -> CheckedDigest:
    """The verdict about the digest that was read at `key` of `bucket`.

    `content` is what it unpacks to, None where it is no gzip. `metadata` is the object's user metadata. Where the
    copy has none at all it is None, and `signature` is what the next digest calls the signature of this one; without
    that as well the verdict is NOT_VERIFIABLE where everything else is in order.
    """
    members = None if content is None else decode_members(content)
    if content is None or members is None:
        return CheckedDigest(verdict=Verdict.INVALID_FORMAT)
    if metadata is not None:
        if _SIGNATURE not in metadata or _ALGORITHM not in metadata:
            return _read(members, content, Verdict.SIGNATURE_FAILED)
        if key.endswith(BACKFILL_SUFFIX) and _BACKFILL_TIME not in metadata:
            return _read(members, content, Verdict.INVALID_FORMAT)
        signature = metadata[_SIGNATURE]
    verdict = _verdict(members, content, bucket=bucket, key=key, keys=keys, signature=signature)
    if metadata is None and signature is None and verdict is Verdict.SIGNATURE_FAILED:
        verdict = Verdict.NOT_VERIFIABLE
    checked = _read(members, content, verdict)
    if verdict in {Verdict.VALID, Verdict.NOT_VERIFIABLE} and not _is_usable(members, checked):
        return msgspec.structs.replace(checked, verdict=Verdict.INVALID_FORMAT, logs=())
    return checked


def _verdict(
    members: ReadMembers, content: bytes, *, bucket: str, key: str, keys: PublicKeys, signature: object
) -> Verdict:
    if not members.is_complete:
        return Verdict.INVALID_FORMAT
    if members.digest_bucket != bucket or members.digest_object != key:
        return Verdict.MOVED
    fingerprint = members.digest_public_key_fingerprint
    if not isinstance(fingerprint, str) or fingerprint not in keys:
        return Verdict.KEY_NOT_FOUND
    public_key = keys.key(fingerprint)
    if public_key is None:
        return Verdict.KEY_UNREADABLE
    end, previous = members.digest_end_time, members.previous_digest_signature
    if not isinstance(end, str) or not isinstance(previous, str | None) or not isinstance(signature, str):
        return Verdict.SIGNATURE_FAILED
    text = string_to_sign(
        end_time=end,
        bucket=bucket,
        key=key,
        sha256=hashlib.sha256(content).hexdigest(),
        previous_signature=previous,
    )
    return Verdict.VALID if is_signed(text, signature, public_key) else Verdict.SIGNATURE_FAILED


def _read(members: ReadMembers, content: bytes, verdict: Verdict) -> CheckedDigest:
    """What the members say, as far as they are of the right type."""
    return CheckedDigest(
        verdict=verdict,
        sha256=hashlib.sha256(content).hexdigest(),
        bucket=_text(members.digest_bucket) or "",
        key=_text(members.digest_object) or "",
        fingerprint=_text(members.digest_public_key_fingerprint) or "",
        start=_second(members.digest_start_time),
        end=_second(members.digest_end_time),
        previous_bucket=_text(members.previous_bucket),
        previous_key=_text(members.previous_object),
        previous_sha256=_text(members.previous_digest_hash_value),
        previous_signature=_text(members.previous_digest_signature),
        logs=_logs(members.log_files),
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


def _logs(entries: object) -> tuple[ListedLog, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(map(_log, entries))


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
