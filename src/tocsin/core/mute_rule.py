"""Mute rules: when the actions of alarms are held, and which of them are run afterwards. Spec: AL-14.

Rule: during a window alarms go on, only their actions are held. All of it is reckoned from arguments:
the instant, the time zone that the rule's `timezone` names, and the states.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.parameter import ParameterReader, refuse_violations
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.tag import read_tags
from tocsin.core.alarm.timestamp import moment
from tocsin.core.cron import Cron, MuteRuleError, OneTime, parse_schedule
from tocsin.core.event_time import parse_event_time
from tocsin.core.mute_window import EARLIEST, LATEST, Duration, Window, merged_of, scheduled
from tocsin.core.wording import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo

__all__ = [
    "HeldActions",
    "MuteRule",
    "MuteRuleError",
    "MuteStatus",
    "MuteType",
    "MutedActions",
    "Window",
    "muted_until",
    "parse_duration",
    "step",
]

_DURATION = re.compile(
    r"P(?=[0-9T])(?:(?P<weeks>[0-9]+)W|(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)S)?)?)\Z"
)
_DAYS = (("weeks", 7), ("days", 1))
_SECONDS = (("hours", 3600), ("minutes", 60), ("seconds", 1))
_DAY = 86_400
_SHORTEST, _LONGEST = 60, 15 * _DAY
_MOST_TARGETS = 100
_LONGEST_TEXT = 50

# How far ahead the end of a window is looked for; a rule may mute for ever.
_AHEAD = timedelta(days=400)

DESCRIBED = ("AlarmMuteRuleArn", "Status", "LastUpdatedTimestamp", "MuteType")
"""What GetAlarmMuteRule shows of a rule beside its definition."""


class MuteType(StrEnum):
    """Whether a rule mutes once or again and again."""

    ONE_TIME = "ONE_TIME"
    RECURRING = "RECURRING"


class MuteStatus(StrEnum):
    """What a rule does at an instant: it will mute, it mutes, it will never mute again."""

    SCHEDULED = "SCHEDULED"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"


# ---------------------------------------------------------------- definition


class MuteRule(msgspec.Struct, frozen=True, kw_only=True):
    """The definition of a mute rule: the parameters of PutAlarmMuteRule (AL-14.1).

    `duration` and `timezone` are kept as given; `timezone` None means UTC. The dates are aware:
    before `start_date` and from `expire_date` on the rule mutes nothing, so windows are cut there
    (our choice). Methods take the time zone that `timezone` names, as the core knows no names.
    """

    name: str
    schedule: Cron | OneTime
    duration: str
    timezone: str | None = None
    description: str | None = None
    alarm_names: tuple[str, ...] = ()
    start_date: datetime | None = None
    expire_date: datetime | None = None
    tags: dict[str, str] = {}

    @classmethod
    def from_aws(cls, parameters: Mapping[str, Any]) -> MuteRule:
        """The rule that PutAlarmMuteRule makes of these parameters.

        Dates are aware datetimes or RFC 3339 texts. What GetAlarmMuteRule adds is passed over. Raises
        MuteRuleError. Whether the alarms and the time zone exist is not asked.
        """
        try:
            return _read_rule(parameters)
        except AlarmError as error:
            raise MuteRuleError(
                error.message, parameter=error.parameter, aws_code=error.aws_code, hint=error.hint
            ) from None

    @property
    def mute_type(self) -> MuteType:
        """The kind of the rule, which its schedule decides."""
        return MuteType.ONE_TIME if isinstance(self.schedule, OneTime) else MuteType.RECURRING

    @property
    def length(self) -> Duration:
        """How long a window lasts."""
        return parse_duration(self.duration)

    def windows(self, zone: tzinfo, *, since: datetime, until: datetime) -> Iterator[Window]:
        """The windows with an instant in since <= t < until, cut to these limits, in order; lazy and bounded.

        Windows that overlap or touch are one (AL-14.3).
        """
        if self.start_date is not None:
            since = max(since, self.start_date)
        if self.expire_date is not None:
            until = min(until, self.expire_date)
        return scheduled(self.schedule, self.length, zone, since=since, until=until)

    def status(self, zone: tzinfo, at: datetime) -> MuteStatus:
        """What the rule does at `at`. EXPIRED also when its only window is over (our choice)."""
        if self.expire_date is not None and at >= self.expire_date:
            return MuteStatus.EXPIRED
        if muted_until([(self, zone)], at) is not None:
            return MuteStatus.ACTIVE
        if self.mute_type is MuteType.ONE_TIME:
            once = scheduled(self.schedule, self.length, zone, since=EARLIEST, until=LATEST)
            if all(window.end <= at for window in once):
                return MuteStatus.EXPIRED
        return MuteStatus.SCHEDULED

    def to_aws(self) -> dict[str, Any]:
        """The parameters of PutAlarmMuteRule that make an equal rule. What was not given is left out."""
        schedule = {"Expression": self.schedule.source, "Duration": self.duration, "Timezone": self.timezone}
        members: dict[str, Any] = {
            "Name": self.name,
            "Description": self.description,
            "Rule": {"Schedule": {name: value for name, value in schedule.items() if value is not None}},
            "MuteTargets": {"AlarmNames": list(self.alarm_names)} if self.alarm_names else None,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()] or None,
            "StartDate": self.start_date,
            "ExpireDate": self.expire_date,
        }
        return {name: value for name, value in members.items() if value is not None}


def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration of weeks, or of days, hours, minutes and seconds, from PT1M to P15D (AL-14.1).

    Raises MuteRuleError.

    >>> parse_duration("P2DT12H")
    Duration(days=2, rest=datetime.timedelta(seconds=43200))
    """
    found = _DURATION.match(text) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        raise MuteRuleError(
            f"{quote(text)} is no duration",
            parameter="Rule.Schedule.Duration",
            hint="write PT8H for eight hours, P2DT12H for two days and a half; months and years have no fixed length",
        )
    days, seconds = (sum(int(found[unit] or 0) * size for unit, size in units) for units in (_DAYS, _SECONDS))
    if not _SHORTEST <= days * _DAY + seconds <= _LONGEST:
        raise MuteRuleError(
            f"the duration {quote(text)} is out of range",
            parameter="Rule.Schedule.Duration",
            hint="a window lasts from one minute (PT1M) to 15 days (P15D)",
        )
    return Duration(days=days, rest=timedelta(seconds=seconds))


def _read_rule(parameters: Mapping[str, Any]) -> MuteRule:
    reader = ParameterReader(parameters)
    reader.pass_over((*DESCRIBED, "StartDate", "ExpireDate"))
    name = reader.text("Name", least=1, most=255, required=True)
    description = reader.text("Description", most=1024)
    rule = reader.record("Rule", required=True)
    schedule = None if rule is None else rule.record("Schedule", required=True)
    expression = duration = timezone = None
    if schedule is not None:
        expression = schedule.text("Expression", least=1, most=256, required=True)
        duration = schedule.text("Duration", least=1, most=_LONGEST_TEXT, required=True)
        timezone = schedule.text("Timezone", least=1, most=_LONGEST_TEXT)
    targets = reader.record("MuteTargets")
    names = None if targets is None else targets.texts("AlarmNames", most=_MOST_TARGETS, item_most=255)
    tags = read_tags(reader)
    refuse_violations(reader.violations)
    for part in (reader, rule, schedule, targets):
        if part is not None:
            part.refuse_unknown()
    assert name is not None  # they are required, and nothing was violated
    assert expression is not None
    assert duration is not None
    parse_duration(duration)
    start, expire = _read_date(parameters, "StartDate"), _read_date(parameters, "ExpireDate")
    if start is not None and expire is not None and expire <= start:
        raise MuteRuleError(
            "ExpireDate must be after StartDate", parameter="ExpireDate", hint="such a rule would never mute"
        )
    return MuteRule(
        name=name,
        schedule=parse_schedule(expression),
        duration=duration,
        timezone=timezone,
        description=description,
        alarm_names=tuple(dict.fromkeys(names or ())),
        start_date=start,
        expire_date=expire,
        tags=tags,
    )


def _read_date(parameters: Mapping[str, Any], name: str) -> datetime | None:
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        second = parse_event_time(value)
        if second is not None:
            return moment(second)
    elif isinstance(value, datetime) and value.utcoffset() is not None:
        return value
    shown = quote(value) if isinstance(value, str) else type(value).__name__
    raise MuteRuleError(
        f"{name} {shown} names no instant",
        parameter=name,
        hint="write a date, a time and a time zone, for example 2026-12-31T23:59:59Z",
    )


# ---------------------------------------------------------------- what is muted


def muted_until(rules: Iterable[tuple[MuteRule, tzinfo]], at: datetime) -> datetime | None:
    """The end of the window that `at` lies in: muteWindowEndTimestamp. None when no rule mutes at `at`.

    `rules` are those that target the alarm, each with its time zone; windows that overlap or touch
    count as one, also across rules (AL-14.3). An end more than 400 days ahead is given as that.
    """
    if at >= LATEST:
        return None
    until = at + _AHEAD
    windows = merged_of(*(rule.windows(zone, since=at, until=until) for rule, zone in rules))
    first = next(windows, None)
    return first.end if first is not None and first.covers(at) else None


class HeldActions(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one alarm during a window.

    `opened` is the state in which the window found the alarm, `held` the state whose actions were
    held last, None when there were none.
    """

    opened: StateValue
    held: StateValue | None = None


class MutedActions(msgspec.Struct, frozen=True, kw_only=True):
    """What `step` decides.

    `held` is to be kept for the next step (None outside of windows). `run` is the state whose actions
    are to be run now, `is_after_window` whether ActionExecutedAfterMuteWindow is true of them, and
    `is_holding` whether the actions that were due are held.
    """

    held: HeldActions | None
    run: StateValue | None = None
    is_after_window: bool = False
    is_holding: bool = False


def step(
    held: HeldActions | None, *, is_muted: bool, before: StateValue, value: StateValue, is_due: bool
) -> MutedActions:
    """Hold or release the actions of one alarm at an instant (AL-14.2, AL-14.3).

    `before` and `value` are the alarm's states before and after the instant; `is_due` says that the
    actions of `value` would be run now. To be called at every instant at which actions are due, when
    a window ends, and when a rule is deleted or changed; calls in between do nothing.

    When the window has ended, the actions of the state are run once if they were held and the state
    is another than the window found; actions that are due at that very instant are run as usual.
    """
    if is_muted:
        held = HeldActions(opened=before) if held is None else held
        if is_due:
            held = HeldActions(opened=held.opened, held=value)
        return MutedActions(held=held, is_holding=is_due)
    if is_due:
        return MutedActions(held=None, run=value)
    if held is not None and held.held is value and held.opened is not value:
        return MutedActions(held=None, run=value, is_after_window=True)
    return MutedActions(held=None)
