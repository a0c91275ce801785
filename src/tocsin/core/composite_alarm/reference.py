"""How alarms are named in rules: by name or by ARN, both of which mean the same alarm. Spec: AL-12.1, AL-12.4.

Rule: an ARN is `arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:NAME`, and the name may hold colons;
any other text is a name.
"""

from __future__ import annotations

import re

import msgspec

_ARN = re.compile(r"arn:(aws[a-z-]*):cloudwatch:([^:]*):([^:]*):alarm:(.+)\Z", re.DOTALL)


class AlarmScope(msgspec.Struct, frozen=True):
    """The account and region whose alarms are meant; it is passed, never ambient (AR-4)."""

    account: str
    region: str
    partition: str = "aws"

    def arn(self, name: str) -> str:
        """The ARN of the alarm of that name.

        >>> AlarmScope("111122223333", "us-east-1").arn("root-used")
        'arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-used'
        """
        return f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"


class AlarmArn(msgspec.Struct, frozen=True):
    """The parts of an alarm's ARN."""

    partition: str
    region: str
    account: str
    name: str


def parse_arn(text: str) -> AlarmArn | None:
    """The parts of an alarm's ARN; None for any other text."""
    found = _ARN.match(text)
    return None if found is None else AlarmArn(*found.groups())


def name_in(reference: str) -> str:
    """The name of the alarm that a reference means.

    >>> name_in("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a"), name_in("a")
    ('a', 'a')
    """
    arn = parse_arn(reference)
    return reference if arn is None else arn.name
