"""Alarms as they are kept: the definition apart from how the alarm stands. Spec: AL-8, AL-13, AL-14, AR-4.

Rule: definitions are AWS's parameters and are read as a request is; how an alarm stands is written by the
evaluator and SetAlarmState alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.alarm_set import find_zone
from tocsin.app.definition import Definitions
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.lifecycle import AlarmRecord, WarmUpRun
from tocsin.core.alarm.state import AlarmState
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.composite_alarm.suppression import Suppression
from tocsin.core.mute_rule import HeldActions, MuteRule
from tocsin.core.notice_timing import NoticeState
from tocsin.core.notification.state_change import StateChange

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
"""Types of alarms, as DescribeAlarms calls them."""


class KeptAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """The definition of an alarm as parameters of PutMetricAlarm or PutCompositeAlarm, without tags."""

    parameters: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class AlarmStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How an alarm stands. `last_change` is what it would tell of, while its actions are held.

    `headline` says what set off the alarm that is in ALARM, in the words of the mail; empty where that is not known.
    """

    state: AlarmState
    warm_up: WarmUpRun | None = None
    suppression: Suppression | None = None
    held: HeldActions | None = None
    last_change: StateChange | None = None
    headline: str = ""


class KeptNotices(msgspec.Struct, frozen=True, kw_only=True):
    """When an alarm speaks, where its tags say so; `held` is the change to OK that waits."""

    timing: NoticeState = NoticeState()
    held: StateChange | None = None


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has taken an alarm on: who, with what note, and when.

    It belongs to the change to ALARM at `transitioned_at`, and ends with it.
    """

    by: str
    note: str
    at: datetime
    transitioned_at: datetime


class KeptAcknowledgements(msgspec.Struct, frozen=True, kw_only=True):
    """The acknowledgements of an alarm, the newest first."""

    items: tuple[Acknowledgement, ...] = ()


class LateData(msgspec.Struct, frozen=True, kw_only=True):
    """What came too late for an alarm: seconds of the first and the last datum not yet looked at, None where none is.

    `told` are the times in ALARM that were told of as late, the last day's.
    """

    first: int | None = None
    last: int | None = None
    told: tuple[tuple[int, int], ...] = ()


class KeptMuteRule(msgspec.Struct, frozen=True, kw_only=True):
    """A mute rule as parameters of PutAlarmMuteRule."""

    parameters: dict[str, Any]
    updated_at: datetime


METRIC_ALARMS = Definitions("metric-alarm", KeptAlarm)
COMPOSITES = Definitions("composite-alarm", KeptAlarm)
MUTE_RULES = Definitions("alarm-mute-rule", KeptMuteRule)
STANDINGS = Definitions("alarm-state", AlarmStanding)
NOTICES = Definitions("alarm-notice", KeptNotices)
"""What is remembered of alarms whose tags say when they are told of (AL-19.6)."""

ACKNOWLEDGEMENTS = Definitions("alarm-acknowledgement", KeptAcknowledgements)
"""Who has taken on which change of an alarm: ours, AWS has none (CON-4.4)."""

LATE_DATA = Definitions("alarm-late-data", LateData)
"""What came too late for alarms that tell of it (AL-18.5)."""

WAITING = Definitions("alarm-waiting", int)
"""Alarms that have to be looked at again without an evaluation, and when, in seconds since the epoch."""


def alarm_arn(scope: Scope, name: str) -> str:
    """The ARN of an alarm."""
    return scope.arn("cloudwatch", f"alarm:{name}")


def alarm_scope(scope: Scope) -> AlarmScope:
    """The scope as the alarms' own code has it."""
    return AlarmScope(scope.account, scope.region, scope.partition)


def metric_alarm_of(kept: KeptAlarm) -> MetricAlarm:
    """The alarm of a definition that was accepted."""
    return MetricAlarm.from_aws(kept.parameters, zones=find_zone)


def composite_of(kept: KeptAlarm) -> CompositeAlarm:
    """The composite alarm of a definition that was accepted."""
    return CompositeAlarm.from_aws(kept.parameters)


def mute_rule_of(kept: KeptMuteRule) -> MuteRule:
    """The mute rule of a definition that was accepted."""
    return MuteRule.from_aws(kept.parameters)


def standing_of(store: StoreReader, scope: Scope, name: str, *, created_at: datetime) -> AlarmStanding:
    """How an alarm stands; one that was never looked at stands as it was created."""
    return STANDINGS.get(store, scope, name) or AlarmStanding(state=AlarmState.initial(created_at))


def record_of(alarm: MetricAlarm, kept: KeptAlarm, standing: AlarmStanding) -> AlarmRecord:
    """Definition and standing as the life cycle wants them."""
    return AlarmRecord(
        definition=alarm,
        state=standing.state,
        configuration_updated_at=kept.updated_at,
        warm_up=standing.warm_up,
    )
