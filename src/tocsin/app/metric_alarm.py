"""Metric and composite alarms: putting, describing, deleting, setting. Spec: AL-5, AL-8, AL-11, AL-12, WIRE-8.2.

Rule: a refused request leaves everything as it was; a change is written with its history in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_record import (
    ACKNOWLEDGEMENTS,
    COMPOSITE,
    COMPOSITES,
    LATE_DATA,
    METRIC,
    METRIC_ALARMS,
    NOTICES,
    STANDINGS,
    WAITING,
    AlarmStanding,
    KeptAlarm,
    alarm_arn,
    composite_of,
    metric_alarm_of,
    record_of,
    standing_of,
)
from tocsin.app.alarm_set import find_zone
from tocsin.app.alarm_transition import AlarmChanges, MetricChange
from tocsin.app.resource_tag import delete_tags, put_tags
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.history import ConfigurationChange, HistoryItem, HistoryItemType, configuration_item
from tocsin.core.alarm.lifecycle import create_alarm, enable_actions, set_alarm_state, update_alarm
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.suppression import replace_suppressor
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.alarm.lifecycle import Step
    from tocsin.core.composite_alarm.network import AlarmNetwork
    from tocsin.core.scope import Scope


class DescribedAlarm(NamedTuple):
    """An alarm as it is told: type, definition, standing, and when the definition was last changed."""

    alarm_type: str
    alarm: MetricAlarm | CompositeAlarm
    standing: AlarmStanding
    updated_at: datetime


# ---------------------------------------------------------------- putting


def put_metric_alarm(service: Service, scope: Scope, parameters: Mapping[str, Any]) -> None:
    """Make an alarm, or replace its definition (AL-8.1, AL-8.2). AlarmError for what is refused."""
    alarm = MetricAlarm.from_aws(parameters, zones=find_zone)
    tags = alarm.tags
    alarm = msgspec.structs.replace(alarm, tags={})
    now = service.now()

    def work(store: StoreWriter) -> None:
        name = alarm.alarm_name
        _refuse_other_kind(store, scope, name, COMPOSITES.kind)
        known = METRIC_ALARMS.get(store, scope, name)
        arn = alarm_arn(scope, name)
        if known is None:
            record = create_alarm(alarm, at=now)
            METRIC_ALARMS.put(store, scope, name, _kept(alarm, created_at=now, updated_at=now))
            STANDINGS.put(store, scope, name, AlarmStanding(state=record.state, warm_up=record.warm_up))
            put_tags(store, scope, arn, tags)
            store.history.add(scope, configuration_item(record, ConfigurationChange.CREATE, arn=arn, at=now))
            AlarmChanges(service, store, scope).restart_notices(name, now)
            return
        standing = standing_of(store, scope, name, created_at=known.created_at)
        before = record_of(metric_alarm_of(known), known, standing)
        step = update_alarm(before, alarm, at=now)
        if not step.is_changed:
            return
        METRIC_ALARMS.put(store, scope, name, _kept(alarm, created_at=known.created_at, updated_at=now))
        item = configuration_item(step.record, ConfigurationChange.UPDATE, arn=arn, at=now, before=before)
        store.history.add(scope, item)
        changes = AlarmChanges(service, store, scope)
        _apply(changes, name, step, standing, at=now)
        changes.restart_notices(name, now)

    service.store.write(work)


def restart_notices(service: Service, store: StoreWriter, scope: Scope, arn: str) -> None:
    """What follows from other tags of a resource: an alarm's messages are timed anew (AL-19.6)."""
    name = arn.partition(":alarm:")[2]
    if name:
        AlarmChanges(service, store, scope).restart_notices(name, service.now())


def _apply(changes: AlarmChanges, name: str, step: Step, standing: AlarmStanding, *, at: datetime) -> None:
    """Keep what a step made of an alarm, with what follows from a transition."""
    after = msgspec.structs.replace(standing, state=step.record.state, warm_up=step.record.warm_up)
    if step.transition is None:
        changes.keep(name, after)
    else:
        changes.apply(at, [MetricChange(name, step.transition, after)])


def put_composite_alarm(service: Service, scope: Scope, parameters: Mapping[str, Any]) -> None:
    """Make a composite alarm, or replace its definition; it is evaluated at once (AL-12.6)."""
    alarm = CompositeAlarm.from_aws(parameters)
    tags = alarm.tags
    alarm = msgspec.structs.replace(alarm, tags={})
    now = service.now()

    def work(store: StoreWriter) -> None:
        name = alarm.alarm_name
        _refuse_other_kind(store, scope, name, METRIC_ALARMS.kind)
        around = service.part(AlarmNetworks).of(store, scope)
        check_composite(store, scope, around.network, alarm)
        known = COMPOSITES.get(store, scope, name)
        old = None if known is None else composite_of(known)
        if old == alarm:
            return
        created_at = now if known is None else known.created_at
        COMPOSITES.put(store, scope, name, _kept(alarm, created_at=created_at, updated_at=now))
        standing = standing_of(store, scope, name, created_at=now)
        if alarm.actions_suppressor is None:
            standing = msgspec.structs.replace(standing, suppression=None)
        elif old is None or old.actions_suppressor != alarm.actions_suppressor:
            suppressor = _state_of(store, scope, name_in(alarm.actions_suppressor), now)
            value = None if old is None else standing.state.state_value
            held = replace_suppressor(value, suppressor=suppressor)
            standing = msgspec.structs.replace(standing, suppression=held)
        STANDINGS.put(store, scope, name, standing)
        if known is None:
            put_tags(store, scope, alarm_arn(scope, name), tags)
        change = ConfigurationChange.CREATE if known is None else ConfigurationChange.UPDATE
        store.history.add(scope, _composite_item(scope, alarm, standing.state, change, at=now))
        changes = AlarmChanges(service, store, scope)
        network = service.part(AlarmNetworks).of(store, scope).network
        states = {
            child: _full_state(store, scope, child, now)
            for child in {name, *service.part(AlarmNetworks).of(store, scope).concerned}
        }
        followers = network.create(name, states, now) if known is None else network.update(name, states, now)
        changes.restart_notices(name, now)
        changes.follow(now, followers)

    service.store.write(work)


def check_composite(store: StoreReader, scope: Scope, network: AlarmNetwork, alarm: CompositeAlarm) -> None:
    """Whether what a composite names is there. Raises AlarmRuleError or AlarmError (AL-12.3, AL-12.4)."""
    wanted = {name_in(child) for child in alarm.alarm_rule.children}
    if alarm.actions_suppressor is not None:
        wanted.add(name_in(alarm.actions_suppressor))
    kinds = (METRIC_ALARMS.kind, COMPOSITES.kind)
    known = {name for name in wanted if any(store.get(kind, scope, name) is not None for kind in kinds)}
    network.check(alarm, known=known)


def _refuse_other_kind(store: StoreReader, scope: Scope, name: str, other: str) -> None:
    if store.get(other, scope, name) is not None:
        raise AlarmError(
            f"AlarmName [{name}] is already used by another alarm of a different type", parameter="AlarmName"
        )


def _kept(alarm: MetricAlarm | CompositeAlarm, *, created_at: datetime, updated_at: datetime) -> KeptAlarm:
    return KeptAlarm(parameters=alarm.to_aws(), created_at=created_at, updated_at=updated_at)


def _full_state(store: StoreReader, scope: Scope, name: str, at: datetime) -> AlarmState:
    return standing_of(store, scope, name, created_at=at).state


def _state_of(store: StoreReader, scope: Scope, name: str, at: datetime) -> StateValue:
    return _full_state(store, scope, name, at).state_value


def _composite_item(
    scope: Scope, alarm: CompositeAlarm, state: AlarmState, change: ConfigurationChange, *, at: datetime
) -> HistoryItem:
    """The item of a composite's definition (AL-10.4), with its parameters under lower-case names."""
    done = {"Create": "created", "Update": "updated", "Delete": "deleted"}[change.value]
    members = {name[:1].lower() + name[1:]: value for name, value in alarm.to_aws().items() if name != "Tags"}
    told = {
        "version": "1.0",
        "type": change.value,
        f"{done}Alarm": {**members, "alarmArn": alarm_arn(scope, alarm.alarm_name), "stateValue": state.state_value},
    }
    return HistoryItem(
        alarm_name=alarm.alarm_name,
        alarm_type=COMPOSITE,
        timestamp=at,
        history_item_type=HistoryItemType.CONFIGURATION_UPDATE,
        history_summary=f'Alarm "{alarm.alarm_name}" {done}'[:255],
        history_data=msgspec.json.encode(told).decode(),
    )


# ---------------------------------------------------------------- changing


def delete_alarms(service: Service, scope: Scope, names: Sequence[str]) -> None:
    """Remove alarms; unknown names are ignored, those that composites need are refused (AL-11.4)."""
    now = service.now()

    def work(store: StoreWriter) -> None:
        service.part(AlarmNetworks).of(store, scope).network.check_deletion(names)
        for name in dict.fromkeys(names):
            metric = METRIC_ALARMS.get(store, scope, name)
            composite = COMPOSITES.get(store, scope, name)
            if metric is not None:
                standing = standing_of(store, scope, name, created_at=metric.created_at)
                record = record_of(metric_alarm_of(metric), metric, standing)
                arn = alarm_arn(scope, name)
                store.history.add(scope, configuration_item(record, ConfigurationChange.DELETE, arn=arn, at=now))
                METRIC_ALARMS.delete(store, scope, name)
            elif composite is not None:
                state = _full_state(store, scope, name, now)
                alarm = composite_of(composite)
                store.history.add(scope, _composite_item(scope, alarm, state, ConfigurationChange.DELETE, at=now))
                COMPOSITES.delete(store, scope, name)
            else:
                continue
            STANDINGS.delete(store, scope, name)
            WAITING.delete(store, scope, name)
            NOTICES.delete(store, scope, name)
            LATE_DATA.delete(store, scope, name)
            ACKNOWLEDGEMENTS.delete(store, scope, name)
            delete_tags(store, scope, alarm_arn(scope, name))

    service.store.write(work)


def set_actions_enabled(service: Service, scope: Scope, names: Sequence[str], *, is_enabled: bool) -> None:
    """Switch the actions of alarms on or off; unknown names are ignored (AL-8.4)."""
    now = service.now()

    def work(store: StoreWriter) -> None:
        for name in dict.fromkeys(names):
            metric = METRIC_ALARMS.get(store, scope, name)
            composite = COMPOSITES.get(store, scope, name)
            if metric is not None:
                standing = standing_of(store, scope, name, created_at=metric.created_at)
                before = record_of(metric_alarm_of(metric), metric, standing)
                after = enable_actions(before, is_enabled, at=now).record
                METRIC_ALARMS.put(
                    store, scope, name, _kept(after.definition, created_at=metric.created_at, updated_at=now)
                )
                arn = alarm_arn(scope, name)
                item = configuration_item(after, ConfigurationChange.UPDATE, arn=arn, at=now, before=before)
                store.history.add(scope, item)
            elif composite is not None:
                alarm = msgspec.structs.replace(composite_of(composite), actions_enabled=is_enabled)
                COMPOSITES.put(store, scope, name, _kept(alarm, created_at=composite.created_at, updated_at=now))
                state = _full_state(store, scope, name, now)
                store.history.add(scope, _composite_item(scope, alarm, state, ConfigurationChange.UPDATE, at=now))

    service.store.write(work)


def set_state(
    service: Service, scope: Scope, name: str, state: StateValue, *, reason: str, reason_data: str | None
) -> None:
    """SetAlarmState: a transition with its actions at once, or nothing (AL-8.7).

    Raises:
        NotFoundError: there is no such alarm, with an empty message.
        AlarmError: the reason data is no JSON, or something is too long.
    """
    now = service.now()

    def work(store: StoreWriter) -> None:
        metric = METRIC_ALARMS.get(store, scope, name)
        composite = COMPOSITES.get(store, scope, name)
        if metric is None and composite is None:
            raise NotFoundError("", resource="alarm")
        if metric is not None:
            standing = standing_of(store, scope, name, created_at=metric.created_at)
            record = record_of(metric_alarm_of(metric), metric, standing)
            step = set_alarm_state(record, state, reason=reason, reason_data=reason_data, at=now)
            if step.is_changed:
                _apply(AlarmChanges(service, store, scope), name, step, standing, at=now)
            return
        assert composite is not None
        standing = standing_of(store, scope, name, created_at=composite.created_at)
        if standing.state.state_value is state:
            return
        new = AlarmState(state_value=state, reason=reason, reason_data=reason_data, updated_at=now, transitioned_at=now)
        AlarmChanges(service, store, scope).set_composite(name, new, old=standing.state)

    service.store.write(work)


# ---------------------------------------------------------------- telling


def describe_alarms(
    service: Service,
    scope: Scope,
    *,
    types: Collection[str] = (METRIC,),
    names: Sequence[str] | None = None,
    prefix: str = "",
    state: StateValue | None = None,
    action_prefix: str | None = None,
    only: Collection[str] | None = None,
    after: str | None = None,
    limit: int,
) -> tuple[list[DescribedAlarm], bool]:
    """Alarms by name, and whether there are more. `only` are the names that may be told at all."""
    with service.store.read() as store:
        found: list[DescribedAlarm] = []
        for name, alarm_type, kept in _listed(store, scope, types, names=names, prefix=prefix, after=after):
            if only is not None and name not in only:
                continue
            described = _described(store, scope, name, alarm_type, kept)
            if state not in (None, described.standing.state.state_value):
                continue
            if action_prefix is not None and not _acts(described.alarm, action_prefix):
                continue
            if len(found) == limit:
                return found, True
            found.append(described)
    return found, False


def _listed(
    store: StoreReader,
    scope: Scope,
    types: Collection[str],
    *,
    names: Sequence[str] | None,
    prefix: str,
    after: str | None,
) -> Iterator[tuple[str, str, KeptAlarm]]:
    tables = [(METRIC, METRIC_ALARMS), (COMPOSITE, COMPOSITES)]
    if names is not None:
        for name in sorted(set(names)):
            for alarm_type, table in tables:
                kept = table.get(store, scope, name) if alarm_type in types else None
                if kept is not None and (after is None or name > after):
                    yield name, alarm_type, kept
        return
    listed = [
        (name, alarm_type, kept)
        for alarm_type, table in tables
        if alarm_type in types
        for name, kept in table.scan(store, scope, prefix=prefix, after=after)
    ]
    yield from sorted(listed, key=lambda one: one[0])


def _described(store: StoreReader, scope: Scope, name: str, alarm_type: str, kept: KeptAlarm) -> DescribedAlarm:
    alarm = metric_alarm_of(kept) if alarm_type == METRIC else composite_of(kept)
    standing = standing_of(store, scope, name, created_at=kept.created_at)
    return DescribedAlarm(alarm_type, alarm, standing, kept.updated_at)


def _acts(alarm: MetricAlarm | CompositeAlarm, prefix: str) -> bool:
    actions = (*alarm.ok_actions, *alarm.alarm_actions, *alarm.insufficient_data_actions)
    return any(action.startswith(prefix) for action in actions)


def children_of(service: Service, scope: Scope, name: str) -> list[str]:
    """The alarms that a composite's rule names. None for an alarm that is no composite."""
    with service.store.read() as store:
        return list(service.part(AlarmNetworks).of(store, scope).network.children(name))


def parents_of(service: Service, scope: Scope, name: str) -> list[str]:
    """The composites whose rules name an alarm."""
    with service.store.read() as store:
        return list(service.part(AlarmNetworks).of(store, scope).network.parents(name))


def exists(service: Service, scope: Scope, name: str) -> bool:
    """Whether there is an alarm of that name."""
    with service.store.read() as store:
        return any(store.get(kind, scope, name) is not None for kind in (METRIC_ALARMS.kind, COMPOSITES.kind))
