"""What names a subscription in the link of a mail that ends it. Spec: SNS-5.4, SNS-5.5.

Rule: it proves that we wrote it, and nothing is kept for it: a mail of last year still leads to its page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_LONGEST_ARN = 1_024
_DIGITS = 40


class UnsubscribeTokens:
    """Makes and reads them with a key of the installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, arn: str) -> str:
        """The token of a subscription, in letters, digits, `-`, `_` and `.`."""
        return f"{self._mark(arn)}.{base64.urlsafe_b64encode(arn.encode()).decode().rstrip('=')}"

    def arn(self, token: str) -> str | None:
        """The ARN in a token of ours; None for any other text."""
        mark, _, text = token.partition(".")
        if len(text) > 2 * _LONGEST_ARN:
            return None
        try:
            arn = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        return arn if hmac.compare_digest(mark.encode(), self._mark(arn).encode()) else None

    def _mark(self, arn: str) -> str:
        return hmac.new(self._key, b"unsubscribe\0" + arn.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
