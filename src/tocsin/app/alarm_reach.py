"""Who hears of an alarm as things stand, and why nobody does. Spec: AL-19.4, SNS-12.1, CON-1.10.

Rule: whoever is named here has confirmed, gets what alarms publish, and has taken what was sent; an alarm whose way to
the people is broken anywhere names nobody, and says where it breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_filter import ATTRIBUTE_POLICY_CURE, drops_every_alarm
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_record import STANDINGS
from tocsin.app.publication import scope_of_topic
from tocsin.app.topic import TOPICS, subscription_arn, subscriptions_of
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment
from tocsin.core.complaint import moment_text, shown_endpoint
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.mute_rule import muted_until
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.topic import KeptSubscription
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.outbox import DeliveryRow
    from tocsin.core.scope import Scope

FAILING_MS = 3_600_000
"""An endpoint that has taken nothing for so long hears nothing."""

Readers = dict[str, list[tuple[str, "KeptSubscription"]]]
"""By the ARN of a topic those who receive, each with the ARN of the subscription."""


class Listener(NamedTuple):
    """Somebody who is to hear of alarms. `target` is the ARN of a subscription, or the name of a chat channel."""

    endpoint: str
    protocol: str
    topic_arn: str
    target: str


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears when an alarm goes to ALARM.

    `topics` are the ARNs that it publishes to, `listeners` those who get and take it, `pending` those who have not
    agreed. Where nobody hears it, `why_not` says so without a full stop, and `remedy` what to do. `is_held`: that is
    only for now, as a mute rule or a suppressor holds its actions. `through` is the composite alarm that speaks for it,
    empty where it speaks itself.
    """

    topics: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    pending: tuple[Listener, ...] = ()
    why_not: str = ""
    remedy: str = ""
    through: str = ""
    is_held: bool = False


class Failure(NamedTuple):
    """Since when (milliseconds since the epoch) an endpoint has taken nothing, and the delivery that failed first."""

    since: int
    row: DeliveryRow


def failure_of(store: StoreReader, target: str, *, now: int) -> Failure | None:
    """What tells that an endpoint has failed for an hour; None for one that takes what it gets."""
    row = store.outbox.first_failure(target)
    if row is None:
        return None
    attempts = store.outbox.attempts(row.delivery_id)
    since = attempts[0].at if attempts else row.created_at
    return Failure(since, row) if now - since >= FAILING_MS else None


def why_unheard(
    service: Service,
    store: StoreReader,
    alarm: MetricAlarm | CompositeAlarm,
    readers: Mapping[str, Sequence[tuple[str, KeptSubscription]]],
    failing: set[str],
) -> tuple[str, str]:
    """Why nobody hears of an alarm, and what to do; nothing where somebody does.

    `readers` are by topic as in `Readers`, `failing` the targets that have taken nothing for an hour.
    """
    if not alarm.alarm_actions:
        return "it has no action for ALARM", "give it AlarmActions with a topic"
    if not alarm.actions_enabled:
        return "its actions are disabled", "aws cloudwatch enable-alarm-actions enables them"
    topics = [arn for arn in alarm.alarm_actions if is_topic(arn)]
    if not topics:
        return "no action for ALARM is a topic", "give it AlarmActions with a topic"
    names = ", ".join(dict.fromkeys(safe_line(arn.rpartition(":")[2]) for arn in topics))
    known = [arn for arn in topics if (place := scope_of_topic(arn)) and TOPICS.get(store, *place) is not None]
    if not known:
        return f"there is no topic {names}", "create the topic, or name another one"
    confirmed = [one for arn in known for one in readers.get(arn, ())]
    channels = [one for arn in known for one in service.settings.channels.get(arn, ())]
    if not confirmed and not channels:
        return f"nobody has confirmed a subscription to {names}", "subscribe somebody, and have it confirmed"
    wanting = [arn for arn, one in confirmed if not drops_every_alarm(one.attributes)]
    if not wanting and not channels:
        return (
            f"the filter policies of all subscribers of {names} drop it, as alarms have no attributes",
            ATTRIBUTE_POLICY_CURE,
        )
    if failing.issuperset((*wanting, *(one.address for one in channels))):
        return f"nothing arrives at any subscriber of {names}", "see the complaints about these endpoints"
    return "", ""


class ReachSurvey:
    """Who hears of the alarms of one scope at one moment of the store. `now` is in milliseconds since the epoch."""

    def __init__(self, service: Service, store: StoreReader, scope: Scope, *, now: int) -> None:
        self._service = service
        self._store = store
        self._scope = scope
        self._now = now
        self._around = service.part(AlarmNetworks).of(store, scope)
        self._readers: Readers = {}
        self._pending: dict[str, tuple[Listener, ...]] = {}
        self._failing: dict[str, bool] = {}

    def of(self, alarm: MetricAlarm | CompositeAlarm) -> Reach:
        """Who hears when that alarm goes to ALARM: from itself, or from a composite that must then be in ALARM too."""
        own = self._own(alarm)
        if not own.why_not:
            return own
        for name in self._speakers(alarm.alarm_name):
            reach = self._own(self._around.composites[name])
            if not reach.why_not:
                return msgspec.structs.replace(reach, through=name)
        return own

    def composite(self, name: str) -> CompositeAlarm | None:
        """The composite alarm of that name; None where there is none."""
        return self._around.composites.get(name)

    def _speakers(self, name: str) -> list[str]:
        """The composites that are in ALARM whenever that alarm is, and that are not always."""
        network = self._around.network
        found: list[str] = []
        waiting = [name]
        while waiting:
            child = waiting.pop(0)
            for parent in network.parents(child):
                rule = self._around.composites[parent].alarm_rule
                quiet = dict.fromkeys((name_in(one) for one in rule.children), StateValue.OK)
                if parent not in found and rule.holds_with(child, StateValue.ALARM) and not rule.evaluate(quiet):
                    found.append(parent)
                    waiting.append(parent)
        return found

    def _own(self, alarm: MetricAlarm | CompositeAlarm) -> Reach:
        topics = tuple(dict.fromkeys(arn for arn in alarm.alarm_actions if is_topic(arn)))
        for arn in topics:
            self._look_at(arn)
        pending = tuple(one for arn in topics for one in self._pending[arn])
        targets = [target for arn in topics for target, _ in self._readers[arn]]
        targets += [one.address for arn in topics for one in self._service.settings.channels.get(arn, ())]
        failing = {target for target in targets if self._is_failing(target)}
        why_not, remedy = why_unheard(self._service, self._store, alarm, self._readers, failing)
        is_broken = bool(why_not)
        why_not, remedy = (why_not, remedy) if is_broken else self._why_held(alarm)
        listeners: tuple[Listener, ...] = ()
        if not why_not:
            listeners = tuple(one for arn in topics for one in self._listeners(arn) if one.target not in failing)
        return Reach(
            topics=topics,
            listeners=listeners,
            pending=pending,
            why_not=why_not,
            remedy=remedy,
            is_held=bool(why_not) and not is_broken,
        )

    def _look_at(self, arn: str) -> None:
        """Read the subscriptions of a topic, once; none of one that is not there."""
        if arn in self._readers:
            return
        place = scope_of_topic(arn)
        is_there = place is not None and TOPICS.get(self._store, *place) is not None
        found = subscriptions_of(self._store, *place) if place is not None and is_there else []
        home = place[0] if place is not None else self._scope
        self._readers[arn] = [(subscription_arn(home, one), one) for one in found if one.receives]
        self._pending[arn] = tuple(
            _listener(arn, subscription_arn(home, one), one)
            for one in found
            if one.confirmed_at is None and not one.is_gone(self._now)
        )

    def _listeners(self, arn: str) -> list[Listener]:
        told = [
            _listener(arn, target, one) for target, one in self._readers[arn] if not drops_every_alarm(one.attributes)
        ]
        channels = self._service.settings.channels.get(arn, ())
        return told + [Listener(safe_line(one.address), one.protocol, arn, one.address) for one in channels]

    def _is_failing(self, target: str) -> bool:
        known = self._failing.get(target)
        if known is None:
            known = self._failing[target] = failure_of(self._store, target, now=self._now) is not None
        return known

    def _why_held(self, alarm: MetricAlarm | CompositeAlarm) -> tuple[str, str]:
        """What holds the actions of an alarm just now: a mute rule, or the suppressor of a composite."""
        name = alarm.alarm_name
        mutes = self._around.mutes.get(name, ())
        end = muted_until(mutes, moment(self._now // 1000)) if mutes else None
        if end is not None:
            until = moment_text(int(end.timestamp() * 1000))
            return f"it is muted until {until}", "end the mute rule, or wait for the end of its window"
        composite = self._around.composites.get(name)
        suppressor = None if composite is None else composite.actions_suppressor
        if suppressor is not None:
            standing = STANDINGS.get(self._store, self._scope, name_in(suppressor))
            if standing is not None and standing.state.state_value is StateValue.ALARM:
                return (
                    f"its suppressor {safe_line(name_in(suppressor))} is in ALARM",
                    "see why the suppressor is in ALARM",
                )
        return "", ""


def _listener(arn: str, target: str, one: KeptSubscription) -> Listener:
    return Listener(shown_endpoint(one.protocol, one.endpoint), one.protocol, arn, target)
