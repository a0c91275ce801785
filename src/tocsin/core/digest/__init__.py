"""Digest files: which log files CloudTrail delivered in an hour, signed, each one naming the one before it.

Rule: a digest is serialised once; what is hashed, signed, packed and checked are those very bytes. Spec: CT-15.

The library for signatures (cryptography) is loaded when something is signed or verified, not before.
"""

from __future__ import annotations

from tocsin.core.digest.chain import BrokenLink, FoundDigest, Gap, walk_chain
from tocsin.core.digest.check import (
    CheckedDigest,
    ListedLog,
    LogContent,
    check_digest,
    check_signature,
    listed_logs,
    log_verdict,
    read_digest,
)
from tocsin.core.digest.document import (
    DigestDocument,
    LogFile,
    PreviousDigest,
    digest_time_text,
    encode_digest,
)
from tocsin.core.digest.name import DigestName, digest_key, read_digest_name
from tocsin.core.digest.public_key import PublicKeys, fingerprint_of, public_key_der
from tocsin.core.digest.signature import SignedDigest, sign_digest, string_to_sign
from tocsin.core.digest.verdict import Verdict, verdict_text

__all__ = [
    "BrokenLink",
    "CheckedDigest",
    "DigestDocument",
    "DigestName",
    "FoundDigest",
    "Gap",
    "ListedLog",
    "LogContent",
    "LogFile",
    "PreviousDigest",
    "PublicKeys",
    "SignedDigest",
    "Verdict",
    "check_digest",
    "check_signature",
    "digest_key",
    "digest_time_text",
    "encode_digest",
    "fingerprint_of",
    "listed_logs",
    "log_verdict",
    "public_key_der",
    "read_digest",
    "read_digest_name",
    "sign_digest",
    "string_to_sign",
    "verdict_text",
    "walk_chain",
]
