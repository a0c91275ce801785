"""The document of a digest: its members in AWS's order. Spec: CT-15.2, CT-15.4."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """A log file as a digest lists it.

    `sha256` is the hash of its *unpacked* content in hex; the times are those of its records, as texts of eventTime.
    """

    bucket: str
    key: str
    sha256: str
    newest_event_time: str | None
    oldest_event_time: str | None


class PreviousDigest(msgspec.Struct, frozen=True, kw_only=True):
    """What a digest says about the one before it: where it lies, the hash of its content, its signature in hex."""

    bucket: str
    key: str
    sha256: str
    signature: str


class DigestDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a digest says. It covers the log files delivered from `start` on and before `end`, both in seconds.

    `previous` is None in the first digest of a chain.
    """

    account: str
    start: int
    end: int
    bucket: str
    key: str
    fingerprint: str
    previous: PreviousDigest | None
    log_files: tuple[LogFile, ...]


class _LogFileMembers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    s3_bucket: str = msgspec.field(name="s3Bucket")
    s3_object: str = msgspec.field(name="s3Object")
    hash_value: str
    hash_algorithm: str = "SHA-256"
    newest_event_time: str | None
    oldest_event_time: str | None


class _Members(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The members as they are written, in this order."""

    aws_account_id: str
    digest_start_time: str
    digest_end_time: str
    digest_bucket: str = msgspec.field(name="digestS3Bucket")
    digest_object: str = msgspec.field(name="digestS3Object")
    digest_public_key_fingerprint: str
    digest_signature_algorithm: str = "SHA256withRSA"
    newest_event_time: str | None
    oldest_event_time: str | None
    previous_bucket: str | None = msgspec.field(name="previousDigestS3Bucket")
    previous_object: str | None = msgspec.field(name="previousDigestS3Object")
    previous_digest_hash_value: str | None
    previous_digest_hash_algorithm: str | None
    previous_digest_signature: str | None
    log_files: list[_LogFileMembers]


def digest_time_text(second: int) -> str:
    """A second since the epoch as digests write it.

    >>> digest_time_text(1767317400)
    '2026-01-02T01:30:00Z'
    """
    at = _EPOCH + timedelta(seconds=second)
    return f"{at.year:04}-{at:%m-%dT%H:%M:%SZ}"


def encode_digest(document: DigestDocument) -> bytes:
    """The bytes of a digest: hash, sign and pack these, and never serialise it again."""
    previous = document.previous
    newest = [log.newest_event_time for log in document.log_files if log.newest_event_time is not None]
    oldest = [log.oldest_event_time for log in document.log_files if log.oldest_event_time is not None]
    members = _Members(
        aws_account_id=document.account,
        digest_start_time=digest_time_text(document.start),
        digest_end_time=digest_time_text(document.end),
        digest_bucket=document.bucket,
        digest_object=document.key,
        digest_public_key_fingerprint=document.fingerprint,
        newest_event_time=max(newest, default=None),
        oldest_event_time=min(oldest, default=None),
        previous_bucket=previous.bucket if previous else None,
        previous_object=previous.key if previous else None,
        previous_digest_hash_value=previous.sha256 if previous else None,
        previous_digest_hash_algorithm="SHA-256" if previous else None,
        previous_digest_signature=previous.signature if previous else None,
        log_files=[
            _LogFileMembers(
                s3_bucket=log.bucket,
                s3_object=log.key,
                hash_value=log.sha256,
                newest_event_time=log.newest_event_time,
                oldest_event_time=log.oldest_event_time,
            )
            for log in document.log_files
        ],
    )
    return msgspec.json.encode(members)


class ReadMembers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The members as they were found, of any type; UNSET where one is missing. Digests are hostile until verified."""

    digest_start_time: Any = msgspec.UNSET
    digest_end_time: Any = msgspec.UNSET
    digest_bucket: Any = msgspec.field(default=msgspec.UNSET, name="digestS3Bucket")
    digest_object: Any = msgspec.field(default=msgspec.UNSET, name="digestS3Object")
    digest_public_key_fingerprint: Any = msgspec.UNSET
    previous_bucket: Any = msgspec.field(default=None, name="previousDigestS3Bucket")
    previous_object: Any = msgspec.field(default=None, name="previousDigestS3Object")
    previous_digest_hash_value: Any = None
    previous_digest_signature: Any = msgspec.UNSET
    log_files: Any = msgspec.UNSET

    @property
    def is_complete(self) -> bool:
        """Are the members there that a validator needs (CT-15.7)? Of what type they are is another question."""
        needed = (
            *(self.digest_public_key_fingerprint, self.digest_bucket, self.digest_object),
            *(self.previous_digest_signature, self.digest_end_time, self.digest_start_time),
        )
        return not any(member is msgspec.UNSET for member in needed)


_decoder: Final = msgspec.json.Decoder(ReadMembers)


def decode_members(content: bytes) -> ReadMembers | None:
    """The members of a digest's content; None when it is no JSON object."""
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
