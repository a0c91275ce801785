"""Whether the filter policy of a subscription lets alarms through. Spec: AL-17.1, AL-19.4, SNS-9.3.

Rule: only what is certain is called a drop of every alarm: a policy that no message without attributes can pass.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tocsin.app.publication import policy_scope
from tocsin.core.filter_policy import FilterPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTRIBUTE_POLICY_CURE: Final = "use a policy with FilterPolicyScope MessageBody"
"""What to do about a policy that drops every alarm."""


def drops_every_alarm(attributes: Mapping[str, str]) -> bool:
    """Whether these attributes of a subscription keep all alarms from it: alarms carry no message attributes."""
    text = attributes.get("FilterPolicy", "")
    return bool(text) and policy_scope(attributes) == "MessageAttributes" and not _accepts_no_attributes(text)


@lru_cache(maxsize=1024)
def _accepts_no_attributes(text: str) -> bool:
    return FilterPolicy.parse(text, "MessageAttributes").accepts(attributes={})
