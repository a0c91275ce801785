"""Where something lives: the account and the region of one request. Spec: AR-4, WIRE-5.3, WIRE-9.9.

Rule: a scope is passed, never ambient. Nothing in one scope is seen from another.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

# The partitions of AWS's endpoints file whose regions have a prefix of their own (WIRE-5.3).
_PARTITIONS = (
    (re.compile(r"cn-"), "aws-cn"),
    (re.compile(r"us-gov-"), "aws-us-gov"),
    (re.compile(r"us-isob-"), "aws-iso-b"),
    (re.compile(r"us-isof-"), "aws-iso-f"),
    (re.compile(r"us-iso-"), "aws-iso"),
    (re.compile(r"eu-isoe-"), "aws-iso-e"),
    (re.compile(r"eusc-"), "aws-eusc"),
)


class Scope(msgspec.Struct, frozen=True, order=True):
    """An account, as 12 digits, and a region; the region is empty for what an account has only once (dashboards)."""

    account: str
    region: str = ""

    @property
    def partition(self) -> str:
        """The partition that the region lies in.

        >>> Scope("111122223333", "us-gov-west-1").partition
        'aws-us-gov'
        """
        return _partition_of(self.region)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this scope.

        >>> Scope("111122223333", "us-east-1").arn("sns", "sec-alerts")
        'arn:aws:sns:us-east-1:111122223333:sec-alerts'
        """
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


@lru_cache(maxsize=256)
def _partition_of(region: str) -> str:
    return next((name for pattern, name in _PARTITIONS if pattern.match(region)), "aws")
