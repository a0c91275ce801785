"""A filter policy for people: in words, and whether it lets alarms through. Spec: CON-4.9, AL-17.1, SNS-9."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_filter import drops_every_alarm
from tocsin.app.publication import policy_scope
from tocsin.core.filter_policy_words import filter_words

if TYPE_CHECKING:
    from collections.abc import Mapping


class FilterText(NamedTuple):
    """What a subscriber gets; `words` are empty without a policy. `drops_alarms`: no alarm passes it."""

    words: str
    source: str
    looks_at: str
    drops_alarms: bool


def filter_text(attributes: Mapping[str, str]) -> FilterText:
    """The filter policy among the attributes of a subscription."""
    source, scope = attributes.get("FilterPolicy", ""), policy_scope(attributes)
    words = filter_words(source, scope) if source else ""
    return FilterText(words, source, scope, drops_every_alarm(attributes))
