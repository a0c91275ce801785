"""Whether a call only reads. Spec: REC-11."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_VERB: Final = re.compile(
    "(?:Get|List|Describe|Head|BatchGet|BatchDescribe|Lookup|Search|Select|Query|Scan|Check|Estimate|Preview|Simulate"
    "|Validate|Verify|Filter|View|Is|Detect|Discover|Retrieve|Read|Count|Test)(?=[A-Z0-9]|$)",
    re.ASCII,
)

OVERRIDES: Final[dict[tuple[str, str], bool]] = {
    **dict.fromkeys(
        [("sts", name) for name in ("AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")], True
    ),
    **dict.fromkeys(
        [
            ("kms", name)
            for name in (
                "Decrypt",
                "Encrypt",
                "ReEncrypt",
                "GenerateDataKey",
                "GenerateDataKeyPair",
                "GenerateDataKeyWithoutPlaintext",
                "GenerateDataKeyPairWithoutPlaintext",
                "GenerateMac",
                "VerifyMac",
                "GenerateRandom",
                "Sign",
                "Verify",
            )
        ],
        True,
    ),
    **dict.fromkeys(
        [("bedrock", name) for name in ("InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream")],
        True,
    ),
    ("sts", "GetFederationToken"): False,
}
"""By signing name and operation, where the verb is misleading (REC-11.2)."""


@lru_cache(maxsize=4096)
def is_read_only(signing_name: str, operation: str) -> bool:
    """By the operation's verb, but for the overrides; the model's own word is not used (REC-11.3)."""
    known = OVERRIDES.get((signing_name, operation))
    return _VERB.match(operation) is not None if known is None else known
