"""Who would have been told, and why nobody would. Rule: an alarm that reaches nobody says so. Spec: AL-19.4, IF-3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.topic import PENDING, is_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.core.alarm.state import StateValue
    from tocsin.core.topic import Subscription


class Audience(msgspec.Struct, frozen=True):
    """Endpoints of confirmed subscribers, and where there is none the reason."""

    notified: tuple[str, ...] = ()
    not_notified: str = ""


def audience_of(
    actions: Sequence[str],
    state: StateValue,
    subscriptions: Iterable[Subscription] | None,
    *,
    enabled: bool = True,
    held_by: str = "",
) -> Audience:
    """Who hears of a change to `state` whose actions are `actions`.

    `subscriptions` is None where nobody said who is subscribed. `held_by` is what kept the actions
    from running at all (a mute rule, a suppressor), empty when they ran.
    """
    if not enabled:
        return Audience(not_notified="the alarm's actions are disabled")
    if not actions:
        return Audience(not_notified=f"the alarm has no action for {state.value}")
    if held_by:
        return Audience(not_notified=f"the actions were held ({held_by})")
    topics = [action for action in actions if is_topic(action)]
    if not topics:
        return Audience(not_notified="no action is a topic")
    if subscriptions is None:
        return Audience(not_notified="who is subscribed is not known: add the output of aws sns list-subscriptions")
    subscribed = [one for one in subscriptions if one.topic_arn in topics]
    confirmed = tuple(dict.fromkeys(one.endpoint for one in subscribed if one.is_confirmed))
    if confirmed:
        return Audience(notified=confirmed)
    names = ", ".join(arn.rpartition(":")[2] for arn in topics)
    pending = dict.fromkeys(one.endpoint for one in subscribed if one.subscription_arn == PENDING)
    if pending:
        return Audience(
            not_notified=f"nobody has confirmed the subscription to {names} (pending: {', '.join(pending)})"
        )
    return Audience(not_notified=f"nobody is subscribed to {names}")
