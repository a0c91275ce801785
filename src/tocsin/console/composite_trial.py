"""What the composite's form shows beside the form: the rule as it stands, what it would have done. Spec: CON-4.8.

Rule: a rule that cannot be read is told with its place; whatever else is wrong stands beside what can be shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_price import composite_price
from tocsin.app.alarm_reach import ReachSurvey
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, STANDINGS
from tocsin.app.composite_preview import DAYS, preview_composite
from tocsin.app.metric_alarm import check_composite
from tocsin.caret import draw_caret, script_position
from tocsin.console.charts import StateSpan, Window, lane_axis, state_lane
from tocsin.console.composite_form import FIELD_OF, parameters_of, problems_of
from tocsin.console.moment import from_epoch
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.stay import gather, time_in
from tocsin.core.alarm_words import composite_words
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.network import cycles
from tocsin.core.composite_alarm.outline import outline
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.lint.alarm import RuleAlarm, lint_alarms
from tocsin.core.nearest import nearest
from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from tocsin.app.composite_preview import CompositePreview
    from tocsin.app.store_port import StoreReader
    from tocsin.console.visit import Visit
    from tocsin.core.alarm.stay import Stay
    from tocsin.core.composite_alarm.outline import OutlineLine
    from tocsin.core.composite_alarm.past import CompositeStay

MOST_RINGS: Final = 8
"""Rings that are listed one by one."""

_MOST_LINES: Final = 100
_MOST_LANES: Final = 8
_MOST_MARKS: Final = 60
_MOST_NAMED: Final = 3


class RefusedRule(msgspec.Struct, frozen=True, kw_only=True):
    """Why a rule is refused. `caret` is its place in the field, as scripts count."""

    message: str
    drawing: str
    hint: str
    caret: int


class WarningRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something unwise; `name` is that of the lint that says so, empty for none."""

    name: str = ""
    text: str
    hint: str = ""


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the rule. `meant` is the name that was probably meant, of an alarm that is not there."""

    line: Any  # an OutlineLine; msgspec would look at its type
    meant: str | None


class RingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One time in ALARM; `because` are the children that came into a state and so began it."""

    at: datetime
    seconds: int
    because: tuple[tuple[str, str], ...]


class LaneRow(msgspec.Struct, frozen=True, kw_only=True):
    """The times of one alarm; `name` is empty for the composite itself."""

    name: str
    drawing: Any  # Markup
    seconds: int


def composite_of_form(fields: Mapping[str, str], *, name: str) -> CompositeAlarm | dict[str, str]:
    """The alarm that the form stands for, or what is wrong with it by field. Raises AlarmRuleError."""
    problems = problems_of(fields, name=name)
    if problems:
        return problems
    try:
        return CompositeAlarm.from_aws(parameters_of(fields, name=name))
    except AlarmError as error:
        return _fault(error)


def trial_context(visit: Visit, fields: Mapping[str, str], *, name: str, is_new: bool) -> dict[str, Any]:
    """Everything that the preview's part of the page shows."""
    nothing: dict[str, Any] = {"refused": None, "faults": {}, "preview": None}
    try:
        made = composite_of_form(fields, name=name or "new-alarm")
        if not isinstance(made, CompositeAlarm):
            return {**nothing, "faults": made}
        with visit.service.store.read() as store:
            return {**nothing, **_shown(visit, store, made, is_new=is_new)}
    except AlarmRuleError as error:
        return {**nothing, "refused": _refused(error)}


def _shown(visit: Visit, store: StoreReader, made: CompositeAlarm, *, is_new: bool) -> dict[str, Any]:
    network = visit.service.part(AlarmNetworks).of(store, visit.scope).network
    preview = preview_composite(store, visit.scope, made.alarm_rule, now=visit.service.now_ms())
    before = None if is_new else STANDINGS.get(store, visit.scope, made.alarm_name)
    suppressor = None if made.actions_suppressor is None else name_in(made.actions_suppressor)
    held_by = None if suppressor is None else STANDINGS.get(store, visit.scope, suppressor)
    around = [one for one in network.composites.values() if one.alarm_name != made.alarm_name]
    return {
        "faults": absences(visit, store, made),
        "words": composite_words(
            made,
            holds=preview.holds,
            before=None if before is None else before.state.state_value,
            suppressor=None if held_by is None else held_by.state.state_value,
        ),
        "warnings": [*_circles([*around, made], made.alarm_name), *_lints(made), *_told_twice(made, preview)],
        "lines": _lines(visit, store, outline(made.alarm_rule, preview.states, most=_MOST_LINES)),
        "preview": preview,
        "days": DAYS,
        "since": from_epoch(preview.since),
        "seconds_ringing": time_in([one.stay for one in preview.stays], StateValue.ALARM) // 1000,
        "rings": [_ring(one) for one in reversed(preview.rings[-MOST_RINGS:])],
        "lanes": _lanes(preview),
        "axis": lane_axis(_window(preview), visit.clock.zone),
        "reach": ReachSurvey(visit.service, store, visit.scope, now=visit.service.now_ms()).of(made),
        "price": composite_price(),
    }


def absences(visit: Visit, store: StoreReader, made: CompositeAlarm) -> dict[str, str]:
    """What the alarm names that cannot be named, by field. Raises AlarmRuleError."""
    network = visit.service.part(AlarmNetworks).of(store, visit.scope).network
    try:
        check_composite(store, visit.scope, network, made)
    except AlarmError as error:
        return _fault(error)
    return {}


def _fault(error: AlarmError) -> dict[str, str]:
    """What is wrong, at the field that it is typed into."""
    return {FIELD_OF.get(error.parameter.partition(".")[0], ""): error.message}


def _refused(error: AlarmRuleError) -> RefusedRule:
    return RefusedRule(
        message=error.message,
        drawing=draw_caret(error.source, error.position),
        hint=error.hint,
        caret=script_position(error.source, error.position),
    )


# ---------------------------------------------------------------- the rule as it stands


def _lines(visit: Visit, store: StoreReader, lines: Sequence[OutlineLine]) -> list[RuleRow]:
    unknown = {line.alarm for line in lines if line.alarm and line.state is None}
    names: list[str] = []
    if unknown:
        names = [name for kind in (METRIC_ALARMS, COMPOSITES) for name, _ in kind.scan(store, visit.scope)]
    meant = {name: nearest(name, names) for name in sorted(unknown)[:_MOST_NAMED]}
    return [RuleRow(line=line, meant=meant.get(line.alarm)) for line in lines]


def _circles(composites: Sequence[CompositeAlarm], name: str) -> list[WarningRow]:
    """Composites that look at each other (AL-12.7)."""
    found = next((circle for circle in cycles(composites) if name in circle), None)
    if found is None:
        return []
    text = f"{' looks at '.join([*found, found[0]])}: evaluation stops at a circle, so their states can disagree"
    return [WarningRow(name="alarm-cycle", text=text)]


def _lints(made: CompositeAlarm) -> list[WarningRow]:
    """What the lints say of it alone. Who hears it is told in full beside, and circles with all around it."""
    rule = Rule(id=made.alarm_name, name=made.alarm_name, composite=made.to_aws())
    found = lint_alarms([RuleAlarm(rule=rule, alarm=made)])
    return [
        WarningRow(name=one.name, text=one.message, hint=one.hint)
        for _, one in found
        if one.name not in {"chain", "alarm-cycle"}
    ]


def _told_twice(made: CompositeAlarm, preview: CompositePreview) -> list[WarningRow]:
    own = set(made.actions("AlarmActions")) if made.actions_enabled else set()
    speaking = [one.name for one in preview.children if own.intersection(one.actions)]
    if not speaking:
        return []
    shown = ", ".join(speaking[:_MOST_NAMED])
    more = f" and {len(speaking) - _MOST_NAMED} more" if len(speaking) > _MOST_NAMED else ""
    tells = "tells" if len(speaking) == 1 else "tell"
    return [WarningRow(text=f"{shown}{more} {tells} the same topic: whoever reads it hears twice")]


# ---------------------------------------------------------------- what it would have done


def _ring(one: CompositeStay) -> RingRow:
    return RingRow(
        at=from_epoch(one.start),
        seconds=(one.end - one.start) // 1000,
        because=tuple((change.name, change.state.value) for change in one.because if change.state is not None),
    )


def _window(preview: CompositePreview) -> Window:
    return Window(preview.since // 1000, max(preview.since // 1000 + 1, preview.until // 1000))


def _lanes(preview: CompositePreview) -> list[LaneRow]:
    """The composite, and below it the children that rang, those that rang longest first."""
    window = _window(preview)
    children = sorted(
        ((time_in(one.stays, StateValue.ALARM), one) for one in preview.children), key=lambda pair: -pair[0]
    )
    own = [one.stay for one in preview.stays]
    rows = [("", own), *((one.name, one.stays) for rang, one in children[:_MOST_LANES] if rang)]
    return [
        LaneRow(name=name, drawing=_lane(window, stays), seconds=time_in(stays, StateValue.ALARM) // 1000)
        for name, stays in rows
    ]


def _lane(window: Window, stays: Sequence[Stay]) -> Markup:
    found = gather(stays, most=_MOST_MARKS)
    return state_lane(
        window,
        [StateSpan(one.start // 1000, -(-one.end // 1000), one.state.value) for one in found.stays],
        flapping=[(start // 1000, -(-end // 1000)) for start, end in found.flapping],
    )
