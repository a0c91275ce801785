"""Mute rules of alarms. Spec: AL-14, WIRE-8.2.

Rule: a rule that is changed or removed so that it covers now no longer lets go what it held (AL-14.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, MUTE_RULES, WAITING, KeptMuteRule, mute_rule_of
from tocsin.app.alarm_set import find_zone
from tocsin.app.alarm_transition import AlarmChanges
from tocsin.app.resource_tag import delete_tags, put_tags
from tocsin.core.alarm.zone import offset_zone
from tocsin.core.mute_rule import MuteRule, MuteRuleError, MuteStatus
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.scope import Scope


class DescribedRule(NamedTuple):
    """A mute rule as it is told."""

    rule: MuteRule
    status: MuteStatus
    updated_at: datetime


def rule_arn(scope: Scope, name: str) -> str:
    """The ARN of a mute rule."""
    return scope.arn("cloudwatch", f"alarm-mute-rule:{name}")


def put_mute_rule(service: Service, scope: Scope, parameters: Mapping[str, Any]) -> None:
    """Keep a rule, in place of the one of that name. MuteRuleError for what is refused."""
    rule = MuteRule.from_aws(parameters)
    if rule.timezone is not None and find_zone(rule.timezone) is None:
        raise MuteRuleError(
            f"The value {rule.timezone} for parameter Timezone is invalid.", parameter="Rule.Schedule.Timezone"
        )
    tags, rule = rule.tags, msgspec.structs.replace(rule, tags={})
    now = service.now()

    def work(store: StoreWriter) -> None:
        unknown = [
            name
            for name in rule.alarm_names
            if all(store.get(kind, scope, name) is None for kind in (METRIC_ALARMS.kind, COMPOSITES.kind))
        ]
        if unknown:
            raise MuteRuleError(
                f"The alarms [{', '.join(unknown)}] in MuteTargets do not exist", parameter="MuteTargets.AlarmNames"
            )
        known = MUTE_RULES.get(store, scope, rule.name)
        MUTE_RULES.put(store, scope, rule.name, KeptMuteRule(parameters=rule.to_aws(), updated_at=now))
        if known is None:
            put_tags(store, scope, rule_arn(scope, rule.name), tags)
        _look_again(service, store, scope, now)

    service.store.write(work)


def delete_mute_rule(service: Service, scope: Scope, name: str) -> None:
    """Remove a rule; one that is not there is gone already."""
    now = service.now()

    def work(store: StoreWriter) -> None:
        if MUTE_RULES.delete(store, scope, name):
            delete_tags(store, scope, rule_arn(scope, name))
            _look_again(service, store, scope, now)

    service.store.write(work)


def _look_again(service: Service, store: StoreWriter, scope: Scope, at: datetime) -> None:
    """Alarms whose actions are held may be let go by the change of a rule."""
    names = [name for name, _ in WAITING.scan(store, scope)]
    if names:
        AlarmChanges(service, store, scope).look_again(at, names)


def get_mute_rule(service: Service, scope: Scope, name: str) -> DescribedRule:
    """One rule."""
    with service.store.read() as store:
        kept = MUTE_RULES.get(store, scope, name)
    if kept is None:
        raise NotFoundError("", resource="alarm-mute-rule")
    return _described(kept, service.now())


def list_mute_rules(
    service: Service,
    scope: Scope,
    *,
    alarm_name: str | None = None,
    statuses: Sequence[str] = (),
    after: str | None = None,
    limit: int,
) -> tuple[list[DescribedRule], bool]:
    """Rules by name, of one alarm or of all, and whether there are more."""
    now = service.now()
    found: list[DescribedRule] = []
    with service.store.read() as store:
        for _, kept in MUTE_RULES.scan(store, scope, after=after):
            described = _described(kept, now)
            if alarm_name is not None and alarm_name not in described.rule.alarm_names:
                continue
            if statuses and described.status.value not in statuses:
                continue
            if len(found) == limit:
                return found, True
            found.append(described)
    return found, False


def _described(kept: KeptMuteRule, at: datetime) -> DescribedRule:
    rule = mute_rule_of(kept)
    return DescribedRule(rule, rule.status(_zone(rule), at), kept.updated_at)


def _zone(rule: MuteRule) -> tzinfo:
    zone = find_zone(rule.timezone or "UTC") or offset_zone("UTC")
    assert zone is not None  # it was asked for when the rule was put
    return zone
