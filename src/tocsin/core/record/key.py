"""What members are called in a record. Spec: REC-5.1 to REC-5.3."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

AS_IN_THE_MODEL: Final = frozenset({"ce", "account", "devops-guru", "resource-explorer-2", "securityhub", "synthetics"})
"""Services whose members are written as the model names them (REC-5.2)."""


@lru_cache(maxsize=8192)
def lower_first(name: str) -> str:
    """The name with a small first letter, and nothing else changed: `dBInstanceIdentifier`, `aRN`."""
    return name[:1].lower() + name[1:]


def member_key(service: str, name: str, *, is_answer: bool) -> str:
    """The key of a member in requestParameters or responseElements."""
    if service in AS_IN_THE_MODEL:
        return name
    if service == "secretsmanager" and is_answer and name == "ARN":
        return "arn"
    return lower_first(name)
