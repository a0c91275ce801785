"""What is wrong now with the way to the people who are to be told. Spec: AL-19.4, SNS-12.1, SNS-12.2.

Rule: it is judged by what is kept, so that a process that has just been started knows as much as one that has run for
a month.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_reach import failure_of, why_unheard
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn
from tocsin.app.publication import scope_of_topic
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, default_policy, subscription_arn, topic_arn
from tocsin.core.complaint import Complaint, ComplaintKind, moment_text, shown_endpoint
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.scope import Scope
from tocsin.core.topic_policy import ALARM_SERVICE, refuses_alarm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.alarm_reach import Readers
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.topic import KeptSubscription
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm

NOBODY_IS_TOLD: Final = "when this alarm goes off nobody is told: "
"""How the reason begins of a complaint about an alarm that reaches nobody; then it is told why."""

PENDING_MS = 86_400_000
"""A subscription may wait for its confirmation so long before it is complained about."""


def find_complaints(service: Service, store: StoreReader, *, now: int) -> list[Complaint]:
    """Everything that is wrong at `now`, in milliseconds since the epoch. An alarm is complained about since now."""
    found: list[Complaint] = []
    readers: Readers = {}
    for scope, _, one in SUBSCRIPTIONS.scan_all(store):
        arn, topic = subscription_arn(scope, one), topic_arn(scope, one.topic)
        if one.receives:
            readers.setdefault(topic, []).append((arn, one))
        elif one.is_gone(now):
            continue
        elif one.deleted_at is not None:
            found.append(_lost(arn, one))
        elif now - one.created_at >= PENDING_MS:
            found.append(_pending(arn, one))
    failing = list(_failing(service, store, readers, now))
    found += failing
    found += _unheard(service, store, readers, {one.subject for one in failing}, now)
    return found


def why_ended(store: StoreReader, complaint: Complaint, *, now: int) -> str:
    """How a complaint that is no more came to its end, as a sentence without a full stop."""
    parts = complaint.subject.split(":")
    if complaint.kind is ComplaintKind.UNHEARD_ALARM:
        is_there = _alarm_is_there(store, complaint.subject)
        return "somebody hears the alarm" if is_there else "the alarm was removed"
    place = scope_of_topic(":".join(parts[:6]))
    one = None if place is None else SUBSCRIPTIONS.get(store, place[0], f"{place[1]}\0{parts[-1]}")
    if place is not None and (one is None or one.is_gone(now)):
        if complaint.kind is ComplaintKind.PENDING_SUBSCRIPTION:
            return "nobody has confirmed the subscription, and it has lapsed or was removed"
        return "the subscription was removed, or can no longer be restored"
    return {
        ComplaintKind.PENDING_SUBSCRIPTION: "the subscription was confirmed",
        ComplaintKind.LOST_SUBSCRIPTION: "the subscription was restored",
    }.get(complaint.kind, "a message has arrived, or none is sent there any more")


def _alarm_is_there(store: StoreReader, arn: str) -> bool:
    _, _, _, region, account, _, name = arn.split(":", 6)
    scope = Scope(account, region)
    return any(store.get(kind, scope, name) is not None for kind in (METRIC_ALARMS.kind, COMPOSITES.kind))


# ---------------------------------------------------------------- subscriptions


def _who(one: KeptSubscription) -> str:
    shown = shown_endpoint(one.protocol, one.endpoint)
    return shown if shown.startswith(f"{one.protocol}:") else f"{one.protocol} {shown}"


def _pending(arn: str, one: KeptSubscription) -> Complaint:
    return Complaint(
        kind=ComplaintKind.PENDING_SUBSCRIPTION,
        subject=arn,
        since=one.created_at,
        reason=f"{_who(one)} has not confirmed the subscription to {one.topic}, and gets nothing until then; "
        f"it lapses at {moment_text(one.token_ends_at or one.created_at)}",
        remedy="look for the confirmation where unwanted mail ends, or have another one sent: tocsin sub resend ARN",
    )


def _lost(arn: str, one: KeptSubscription) -> Complaint:
    return Complaint(
        kind=ComplaintKind.LOST_SUBSCRIPTION,
        subject=arn,
        since=one.deleted_at or 0,
        reason=f"somebody opened the link that ends the subscription of {_who(one)} to {one.topic}; "
        f"it can be restored until {moment_text(one.token_ends_at or one.deleted_at or 0)}",
        remedy="restore it by the link in the mail about it, or subscribe again",
    )


def _failing(service: Service, store: StoreReader, readers: Readers, now: int) -> Iterator[Complaint]:
    """The endpoints and channels that have taken nothing for an hour."""
    targets = [(arn, _who(one)) for readers_of_one in readers.values() for arn, one in readers_of_one]
    channels = [one for of_topic in service.settings.channels.values() for one in of_topic]
    if service.settings.operator is not None:
        channels.append(service.settings.operator)
    targets += dict.fromkeys((one.address, f"the channel {safe_line(one.address)}") for one in channels)
    for target, who in targets:
        failure = failure_of(store, target, now=now)
        if failure is not None:
            since, row = failure
            yield Complaint(
                kind=ComplaintKind.FAILING_ENDPOINT,
                subject=target,
                since=since,
                reason=f"nothing has arrived at {who} since {moment_text(since)}: {safe_line(row.outcome)}",
                remedy="put right what the answer says; messages that have failed in the end are kept",
            )


# ---------------------------------------------------------------- alarms


def _unheard(
    service: Service, store: StoreReader, readers: Readers, failing: set[str], now: int
) -> Iterator[Complaint]:
    """The alarms whose change to ALARM reaches nobody."""
    for scope, alarm in _alarms(service, store):
        parents = service.part(AlarmNetworks).of(store, scope).network.parents(alarm.alarm_name)
        if parents and not alarm.alarm_actions:
            continue  # a composite speaks for it
        arn = alarm_arn(scope, alarm.alarm_name)
        reason, remedy = why_unheard(service, store, alarm, readers, failing)
        if reason:
            reason = f"{NOBODY_IS_TOLD}{reason}"
        else:
            reason, remedy = _why_refused(store, alarm, arn)
        if reason:
            yield Complaint(
                kind=ComplaintKind.UNHEARD_ALARM,
                subject=arn,
                since=now,
                reason=reason,
                remedy=remedy,
            )


def _alarms(service: Service, store: StoreReader) -> Iterator[tuple[Scope, MetricAlarm | CompositeAlarm]]:
    for scope, name, body in store.scan_all(METRIC_ALARMS.kind):
        yield scope, service.part(AlarmCatalogue).read(scope, name, body).alarm
    for scope in dict.fromkeys(scope for scope, _, _ in store.scan_all(COMPOSITES.kind)):
        for composite in service.part(AlarmNetworks).of(store, scope).composites.values():
            yield scope, composite


def _why_refused(store: StoreReader, alarm: MetricAlarm | CompositeAlarm, arn: str) -> tuple[str, str]:
    """Why AWS would tell nobody of an alarm of which people are told here, where policies of topics bind nobody."""
    refusing: list[str] = []
    for action in alarm.alarm_actions:
        place = scope_of_topic(action)
        topic = None if place is None else TOPICS.get(store, *place)
        if place is None or topic is None:
            continue
        policy = topic.attributes.get("Policy")
        if policy is None and place[0].account == arn.split(":", 5)[4]:
            return "", ""  # the policy of a topic that was given none lets its own account publish
        policy = policy or default_policy(*place)
        if not refuses_alarm(policy, topic_arn=action, alarm_arn=arn):
            return "", ""
        refusing.append(safe_line(topic.name))
    names = ", ".join(dict.fromkeys(refusing))
    reason = f"the policy of {names} does not let {ALARM_SERVICE} publish"
    return (
        f"on AWS nobody is told when this alarm goes off: {reason}; here the message goes out all the same",
        f"let the service {ALARM_SERVICE} do SNS:Publish in the policy of the topic",
    )
