"""Every alarm as it stands, with who would hear of it. Spec: AL-19.4, SNS-12.1, IF-7."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn, standing_of
from tocsin.app.complaint_search import find_complaints
from tocsin.app.publication import scope_of_topic
from tocsin.app.subscription_endpoint import shown_endpoint
from tocsin.app.topic import TOPICS, subscriptions_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

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
        alarms = [
            _alarm(service, store, scope, name, kept.parameters, kept.created_at, now)
            for definitions in (METRIC_ALARMS, COMPOSITES)
            for scope, name, kept in definitions.scan_all(store)
        ]
        complaints = find_complaints(service, store, now=now)
    return AlarmSurvey(tuple(sorted(alarms, key=lambda one: one.arn)), tuple(complaints))


def _alarm(  # noqa: PLR0917  (one call)
    service: Service,
    store: StoreReader,
    scope: Scope,
    name: str,
    parameters: dict[str, object],
    created_at: datetime,
    now: int,
) -> SurveyedAlarm:
    state = standing_of(store, scope, name, created_at=created_at).state
    actions = parameters.get("AlarmActions")
    topics = [arn for arn in (actions if isinstance(actions, list) else []) if scope_of_topic(arn) is not None]
    listeners, pending = _who(service, store, topics, now)
    return SurveyedAlarm(
        arn=alarm_arn(scope, name),
        name=name,
        state=state.state_value.value,
        since=state.transitioned_at,
        topics=tuple(topics),
        listeners=listeners,
        pending=pending,
    )


def _who(
    service: Service, store: StoreReader, topics: Sequence[str], now: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Endpoints that have agreed, and those that have not."""
    listeners: list[str] = []
    pending: list[str] = []
    for arn in topics:
        place = scope_of_topic(arn)
        if place is None or TOPICS.get(store, *place) is None:
            continue
        for one in subscriptions_of(store, *place):
            if one.receives:
                listeners.append(shown_endpoint(one))
            elif not one.is_gone(now) and one.deleted_at is None:
                pending.append(shown_endpoint(one))
        listeners += (channel.address for channel in service.settings.channels.get(arn, ()))
    return tuple(dict.fromkeys(listeners)), tuple(dict.fromkeys(pending))
