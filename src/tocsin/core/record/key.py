"""What members are called in a record. Spec: REC-5.1, REC-5.2."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

AS_SENT: Final = frozenset({"ce", "account", "devops-guru", "resource-explorer-2", "securityhub", "synthetics"})
"""Services whose members are written as they are sent (REC-5.2)."""


@lru_cache(maxsize=8192)
def lower_first(name: str) -> str:
    """The name with a small first letter, and nothing else changed: `dBInstanceIdentifier`, `aRN`."""
    return name[:1].lower() + name[1:]


def member_key(service: str, name: str, sent_as: str) -> str:
    """The key of a member in requestParameters or responseElements; `sent_as` is its name on the wire."""
    return sent_as if service in AS_SENT else lower_first(name)
