"""Every alarm as it stands, with who would hear of it. Spec: AL-19.4, SNS-12.1, IF-7."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn, standing_of
from tocsin.app.complaint_search import find_complaints
from tocsin.app.publication import scope_of_topic
from tocsin.app.subscription_endpoint import shown_endpoint
from tocsin.app.topic import TOPICS, subscriptions_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.app.alarm_record import KeptAlarm
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.complaint import Complaint
    from tocsin.core.scope import Scope


class SurveyedAlarm(NamedTuple):
    """An alarm: its state and since when, and by the name of each topic that it tells of ALARM who hears that.

    `listeners` are endpoints of confirmed subscribers and chat channels, `pending` those that have not agreed.
    """

    arn: str
    name: str
    state: str
    since: datetime
    topics: tuple[str, ...]
    listeners: tuple[str, ...]
    pending: tuple[str, ...]


class AlarmSurvey(NamedTuple):
    """All alarms by scope and name, and everything that is wrong with the way to the people."""

    alarms: tuple[SurveyedAlarm, ...]
    complaints: tuple[Complaint, ...]


def survey_alarms(service: Service) -> AlarmSurvey:
    """How it stands now."""
    now = service.now_ms()
    with service.store.read() as store:
        who = cache(partial(_who, service, store, now))
        alarms = [
            _alarm(store, scope, name, kept, who)
            for definitions in (METRIC_ALARMS, COMPOSITES)
            for scope, name, kept in definitions.scan_all(store)
        ]
        complaints = find_complaints(service, store, now=now)
    return AlarmSurvey(tuple(sorted(alarms, key=lambda one: one.arn)), tuple(complaints))


_Who = tuple[tuple[str, ...], tuple[str, ...]]


def _alarm(store: StoreReader, scope: Scope, name: str, kept: KeptAlarm, who: Callable[[str], _Who]) -> SurveyedAlarm:
    state = standing_of(store, scope, name, created_at=kept.created_at).state
    topics = tuple(arn for arn in kept.parameters.get("AlarmActions") or () if scope_of_topic(arn) is not None)
    of_topics = [who(arn) for arn in topics]
    return SurveyedAlarm(
        arn=alarm_arn(scope, name),
        name=name,
        state=state.state_value.value,
        since=state.transitioned_at,
        topics=topics,
        listeners=tuple(dict.fromkeys(one for listeners, _ in of_topics for one in listeners)),
        pending=tuple(dict.fromkeys(one for _, pending in of_topics for one in pending)),
    )


def _who(service: Service, store: StoreReader, now: int, topic_arn: str) -> _Who:
    """Endpoints of a topic that have agreed, and those that have not."""
    place = scope_of_topic(topic_arn)
    if place is None or TOPICS.get(store, *place) is None:
        return (), ()
    subscriptions = subscriptions_of(store, *place)
    listeners = [shown_endpoint(one) for one in subscriptions if one.receives]
    listeners += (channel.address for channel in service.settings.channels.get(topic_arn, ()))
    waiting = [one for one in subscriptions if one.confirmed_at is None and not one.is_gone(now)]
    return tuple(listeners), tuple(shown_endpoint(one) for one in waiting)
