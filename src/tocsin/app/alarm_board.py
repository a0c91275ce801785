"""How every alarm of an account and region stands, in memory. Spec: CON-4.0 (class M), CON-4.2, CON-4.3, AL-19.4.

Rule: what a thousand alarms are is read again only where a definition or a state has changed, so that a page which
shows all of them costs no more than one that shows twenty. One that nobody hears is never told as one that is well.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_reach import ReachSurvey
from tocsin.app.alarm_record import ACKNOWLEDGEMENTS, COMPOSITES, METRIC_ALARMS, MUTE_RULES, STANDINGS, alarm_arn
from tocsin.app.alarm_severity import AlarmSeverities
from tocsin.app.by_version import ByVersion
from tocsin.app.resource_tag import TAGS
from tocsin.app.standing_complaint import StandingComplaints
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.alarm.timestamp import millisecond_of, moment
from tocsin.core.alarm_severity import severity_rank
from tocsin.core.complaint import ComplaintKind
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.late_breach import RULE
from tocsin.core.mute_rule import muted_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tocsin.app.alarm_network import ScopeAlarms
    from tocsin.app.alarm_reach import Reach
    from tocsin.app.alarm_record import Acknowledgement, KeptAlarm
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.complaint import Complaint
    from tocsin.core.rule import RuleSeverity
    from tocsin.core.scope import Scope

STATE_ORDER = (StateValue.ALARM, StateValue.INSUFFICIENT_DATA, StateValue.OK)
"""States in the order in which somebody looks at them."""


class AlarmLine(NamedTuple):
    """One alarm as it stands.

    `reach` is who hears when it goes to ALARM, as things stand; `unheard` why that is nobody although nothing holds
    its actions, as `tocsin status` says it, and empty else. `rule` is the full name of the rule it was made from.
    `muted_until` is None where no mute rule holds its actions. Of one in ALARM `headline` says what set it off, and
    `acknowledged` who has taken that on.
    """

    scope: Scope
    name: str
    arn: str
    alarm: MetricAlarm | CompositeAlarm
    created_at: datetime
    configured_at: datetime
    severity: RuleSeverity | None
    rule: str
    state: StateValue
    since: datetime
    reason: str
    headline: str
    reach: Reach
    unheard: str = ""
    muted_until: datetime | None = None
    acknowledged: Acknowledgement | None = None

    @property
    def is_ringing(self) -> bool:
        """Whether it is in ALARM."""
        return self.state is StateValue.ALARM

    @property
    def is_composite(self) -> bool:
        """Whether it looks at other alarms."""
        return isinstance(self.alarm, CompositeAlarm)

    @property
    def has_actions_off(self) -> bool:
        """Whether somebody has disabled its actions."""
        return not self.alarm.actions_enabled

    @property
    def never_had_data(self) -> bool:
        """Whether it is as it was made: it has never been in another state."""
        return self.state is StateValue.INSUFFICIENT_DATA and self.since <= self.created_at

    @property
    def pack(self) -> str:
        """The pack of its rule; empty without one."""
        return self.rule.partition("/")[0] if "/" in self.rule else ""

    @property
    def cause(self) -> str:
        """What deliveries of its last change have for their cause."""
        return f"{self.arn}@{millisecond_of(self.since)}"

    @property
    def urgency(self) -> tuple[int, int, str]:
        """What lists are sorted by unless somebody asks for another order: state, severity, name."""
        return STATE_ORDER.index(self.state), -severity_rank(self.severity), self.name


class AlarmBoard(NamedTuple):
    """The alarms of one scope by urgency, and by name; how many mute rules hold actions now."""

    lines: tuple[AlarmLine, ...]
    by_name: dict[str, AlarmLine]
    active_mutes: int = 0


class _Definition(NamedTuple):
    name: str
    arn: str
    alarm: MetricAlarm | CompositeAlarm
    kept: KeptAlarm
    severity: RuleSeverity | None
    rule: str


class _Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What a board shows of an alarm's standing; the rest of its bytes is passed over."""

    state: AlarmState
    headline: str = ""


_read_glance = msgspec.msgpack.Decoder(_Glance).decode


class AlarmBoards:
    """The boards of all scopes: `service.part(AlarmBoards)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._definitions: ByVersion[Scope, tuple[_Definition, ...]] = ByVersion(
            METRIC_ALARMS.kind, COMPOSITES.kind, TAGS.kind
        )
        self._reaches: ByVersion[Scope, Mapping[str, Reach]] = ByVersion(*_OF_REACH)
        self._boards: ByVersion[Scope, AlarmBoard] = ByVersion(
            *_OF_REACH, TAGS.kind, STANDINGS.kind, ACKNOWLEDGEMENTS.kind
        )
        self._lock = threading.Lock()
        self._glances: dict[tuple[Scope, str], tuple[bytes, _Glance]] = {}

    def version(self, store: StoreReader, *, now: int) -> str:
        """What is another text whenever a board may be another one. `now` is in milliseconds since the epoch."""
        return self._boards.tag(store, turn=now // _TURN_MS)

    def of(self, store: StoreReader, scope: Scope, *, now: int) -> AlarmBoard:
        """The board of a scope at `now`, in milliseconds since the epoch."""
        return self._boards.get(store, scope, lambda: self._made(store, scope, now), turn=now // _TURN_MS)

    def all_of(self, store: StoreReader, scopes: Sequence[Scope], *, now: int) -> list[AlarmLine]:
        """The alarms of several scopes, by urgency."""
        boards = [self.of(store, scope, now=now).lines for scope in scopes]
        if len(boards) == 1:
            return list(boards[0])
        return sorted((line for lines in boards for line in lines), key=lambda line: line.urgency)

    def _made(self, store: StoreReader, scope: Scope, now: int) -> AlarmBoard:
        definitions = self._definitions.get(store, scope, lambda: self._read(store, scope))
        around = self._service.part(AlarmNetworks).of(store, scope)
        turn = (now // _TURN_MS, store.version(STANDINGS.kind) if _has_suppressor(around) else 0)
        reaches = self._reaches.get(store, scope, lambda: self._reached(store, scope, definitions, now), turn=turn)
        glances = self._glanced(store, scope)
        taken_on = {name: kept.items[0] for name, kept in ACKNOWLEDGEMENTS.scan(store, scope) if kept.items}
        unheard = _unheard(self._service.part(StandingComplaints).of(store, now=now))
        at = moment(now // 1000)
        muted = {name: until for name, rules in around.mutes.items() if (until := muted_until(rules, at))}
        rules = {rule.name: (rule, zone) for those in around.mutes.values() for rule, zone in those}
        lines = []
        for one in definitions:
            glance = glances.get(one.name)
            state = AlarmState.initial(one.kept.created_at) if glance is None else glance.state
            lines.append(
                AlarmLine(
                    scope=scope,
                    name=one.name,
                    arn=one.arn,
                    alarm=one.alarm,
                    created_at=one.kept.created_at,
                    configured_at=one.kept.updated_at,
                    severity=one.severity,
                    rule=one.rule,
                    state=state.state_value,
                    since=state.transitioned_at,
                    reason=state.reason,
                    headline="" if glance is None else glance.headline,
                    reach=reaches[one.name],
                    unheard=unheard.get(one.arn, ""),
                    muted_until=muted.get(one.name),
                    acknowledged=_of_this(taken_on.get(one.name), state),
                )
            )
        lines.sort(key=lambda line: line.urgency)
        active = sum(muted_until([pair], at) is not None for pair in rules.values())
        return AlarmBoard(tuple(lines), {line.name: line for line in lines}, active)

    def _read(self, store: StoreReader, scope: Scope) -> tuple[_Definition, ...]:
        severities, catalogue = self._service.part(AlarmSeverities), self._service.part(AlarmCatalogue)
        tags = dict(TAGS.scan(store, scope, prefix=alarm_arn(scope, "")))

        def made(name: str, alarm: MetricAlarm | CompositeAlarm, kept: KeptAlarm) -> _Definition:
            arn = alarm_arn(scope, name)
            own = tags.get(arn, {})
            return _Definition(name, arn, alarm, kept, severities.of(own, name), own.get(RULE, ""))

        around = self._service.part(AlarmNetworks).of(store, scope)
        known = ((name, catalogue.read(scope, name, body)) for name, body in store.scan(METRIC_ALARMS.kind, scope))
        metric = [made(name, one.alarm, one.kept) for name, one in known]
        composite = [made(name, alarm, around.kept[name]) for name, alarm in around.composites.items()]
        return (*metric, *composite)

    def _reached(
        self, store: StoreReader, scope: Scope, definitions: Sequence[_Definition], now: int
    ) -> Mapping[str, Reach]:
        """Who hears each alarm. What is asked alike of two alarms is asked once."""
        around = self._service.part(AlarmNetworks).of(store, scope)
        survey = ReachSurvey(self._service, store, scope, now=now)
        found: dict[str, Reach] = {}
        alike: dict[tuple[tuple[str, ...], bool], Reach] = {}
        for one in definitions:
            asked = (tuple(one.alarm.alarm_actions), one.alarm.actions_enabled)
            is_alone = not (
                one.name in around.composites or one.name in around.mutes or around.network.parents(one.name)
            )
            if not is_alone:
                found[one.name] = survey.of(one.alarm)
                continue
            if asked not in alike:
                alike[asked] = survey.of(one.alarm)
            found[one.name] = alike[asked]
        return found

    def _glanced(self, store: StoreReader, scope: Scope) -> dict[str, _Glance]:
        """How the alarms stand; bytes that were read before are not read again."""
        found: dict[str, _Glance] = {}
        for name, body in store.scan(STANDINGS.kind, scope):
            with self._lock:
                known = self._glances.get((scope, name))
            if known is None or known[0] != body:
                known = body, _read_glance(body)
                with self._lock:
                    self._glances[scope, name] = known
            found[name] = known[1]
        return found


_OF_REACH = (METRIC_ALARMS.kind, COMPOSITES.kind, MUTE_RULES.kind, TOPICS.kind, SUBSCRIPTIONS.kind)
"""Who hears an alarm rests on these, and on the time: windows of mute rules, endpoints that fail."""

# Windows of mute rules begin and end with minutes.
_TURN_MS = 60_000


def _of_this(one: Acknowledgement | None, state: AlarmState) -> Acknowledgement | None:
    """The newest acknowledgement, where it is of the ALARM that an alarm is in."""
    is_of_this = one is not None and millisecond_of(one.transitioned_at) == millisecond_of(state.transitioned_at)
    return one if is_of_this and state.state_value is StateValue.ALARM else None


def _has_suppressor(around: ScopeAlarms) -> bool:
    return any(alarm.actions_suppressor is not None for alarm in around.composites.values())


def _unheard(complaints: Sequence[Complaint]) -> dict[str, str]:
    return {one.subject: one.reason for one in complaints if one.kind is ComplaintKind.UNHEARD_ALARM}


def children_of(store: StoreReader, service: Service, line: AlarmLine, *, now: int) -> Iterator[AlarmLine]:
    """The alarms that a composite looks at, as they stand; none of one that looks at metrics."""
    if isinstance(line.alarm, CompositeAlarm):
        by_name = service.part(AlarmBoards).of(store, line.scope, now=now).by_name
        network = service.part(AlarmNetworks).of(store, line.scope).network
        yield from (by_name[name] for name in network.children(line.name) if name in by_name)
