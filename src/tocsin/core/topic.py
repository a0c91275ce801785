"""Topics and who is subscribed to them. Spec: SNS-3.2, SNS-4.5, AL-19.4."""

from __future__ import annotations

import msgspec

PENDING = "PendingConfirmation"
"""What stands in place of the ARN of a subscription that nobody has confirmed."""

_TOPIC_ARN_PARTS = 6


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint of a topic, as ListSubscriptions has it."""

    topic_arn: str
    protocol: str
    endpoint: str
    subscription_arn: str

    @property
    def is_confirmed(self) -> bool:
        """Whether it gets what is published. `Deleted` stands for one that is gone."""
        return self.subscription_arn not in (PENDING, "Deleted")


def is_topic(arn: str) -> bool:
    """Whether `arn` has the form of an SNS topic's (not that of a subscription, which is one part longer)."""
    parts = arn.split(":")
    return len(parts) == _TOPIC_ARN_PARTS and parts[0] == "arn" and parts[2] == "sns"
