"""Verdicts about digests and log files, in the words of `aws cloudtrail validate-logs`. Spec: CT-15.8, CT-15.10."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a check came to. The values are stable names for programs; `verdict_text` has the words."""

    VALID = "valid"
    SIGNATURE_FAILED = "signature-verification-failed"
    INVALID_FORMAT = "invalid-format"
    MOVED = "moved"
    KEY_NOT_FOUND = "public-key-not-found"
    KEY_UNREADABLE = "public-key-unreadable"
    NOT_FOUND = "not-found"
    HASH_MISMATCH = "hash-mismatch"
    TRAILING_DATA = "trailing-data"
    NOT_VERIFIABLE = "not-verifiable"
    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    BROKEN_LINK = "broken-link"

    @property
    def is_valid(self) -> bool:
        """Is it as it was delivered?"""
        return self is Verdict.VALID

    @property
    def is_invalid(self) -> bool:
        """Does AWS's validator call it INVALID? What it cannot know of (the last four) is neither."""
        return not self.is_valid and self not in _UNDECIDED


_UNDECIDED = frozenset({Verdict.NOT_VERIFIABLE, Verdict.UNREADABLE, Verdict.UNSIGNED, Verdict.BROKEN_LINK})


_TEXTS = {
    Verdict.VALID: "valid",
    Verdict.SIGNATURE_FAILED: "INVALID: signature verification failed",
    Verdict.INVALID_FORMAT: "INVALID: invalid format",
    Verdict.MOVED: "INVALID: has been moved from its original location",
    Verdict.KEY_NOT_FOUND: "INVALID: public key not found in region {region} for fingerprint {fingerprint}",
    Verdict.KEY_UNREADABLE: "INVALID: Unable to load PKCS #1 key with fingerprint {fingerprint}",
    Verdict.NOT_FOUND: "INVALID: not found",
    Verdict.HASH_MISMATCH: "INVALID: hash value doesn't match",
    Verdict.TRAILING_DATA: "INVALID: unexpected data after end of compressed stream",
    Verdict.NOT_VERIFIABLE: "NOT VERIFIABLE: {reason}",
    Verdict.UNREADABLE: "NOT READ: {reason}",
    Verdict.UNSIGNED: "NOT SIGNED: {reason}",
    Verdict.BROKEN_LINK: "BROKEN CHAIN: {reason}",
}


def verdict_text(verdict: Verdict, *, region: str = "", fingerprint: str = "", reason: str = "") -> str:
    """The words of a verdict. `region` is the trail's home region."""
    return _TEXTS[verdict].format(region=region, fingerprint=fingerprint, reason=reason)
