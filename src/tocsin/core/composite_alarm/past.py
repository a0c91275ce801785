"""What a composite alarm would have done, by how its children stood. Spec: CON-4.8, AL-12.6.

Rule: it is in ALARM while its rule holds, else OK; of times in which that depends on a child whose state is not known
nothing is told. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.stay import Stay
from tocsin.core.composite_alarm.outline import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.core.composite_alarm.alarm_rule import AlarmRule


class ChildChange(NamedTuple):
    """A child that came into a state; None is that nothing is known of it from then on."""

    at: int
    name: str
    state: StateValue | None


class CompositeStay(NamedTuple):
    """A time in a state: start <= t < end. `because` are the children whose changes began it; none at the beginning."""

    start: int
    end: int
    state: StateValue
    because: tuple[ChildChange, ...]

    @property
    def stay(self) -> Stay:
        """The time alone."""
        return Stay(self.start, self.end, self.state)


def composite_past(
    rule: AlarmRule, children: Mapping[str, Sequence[Stay]], *, start: int, end: int
) -> list[CompositeStay]:
    """The stays of a composite between two instants; `children` are those of the alarms of its rule, by name."""
    changes = sorted((one for name, stays in children.items() for one in _changes(name, stays)), key=attrgetter("at"))
    states: dict[str, StateValue] = {}
    found: list[CompositeStay] = []
    _take(states, [one for one in changes if one.at <= start])
    since, state = start, _state(rule, states)
    because: tuple[ChildChange, ...] = ()
    for at, group in groupby((one for one in changes if start < one.at < end), key=attrgetter("at")):
        moved = tuple(group)
        _take(states, moved)
        new = _state(rule, states)
        if new is not state:
            found += _stay(since, at, state, because)
            since, state, because = at, new, moved
    return [*found, *_stay(since, end, state, because)]


def _changes(name: str, stays: Sequence[Stay]) -> Iterator[ChildChange]:
    ended: int | None = None
    for one in stays:
        if ended is not None and one.start > ended:
            yield ChildChange(ended, name, None)
        yield ChildChange(one.start, name, one.state)
        ended = one.end
    if ended is not None:
        yield ChildChange(ended, name, None)


def _take(states: dict[str, StateValue], changes: Sequence[ChildChange]) -> None:
    for one in changes:
        if one.state is None:
            states.pop(one.name, None)
        else:
            states[one.name] = one.state


def _state(rule: AlarmRule, states: Mapping[str, StateValue]) -> StateValue | None:
    holds = outcome(rule, states)
    return None if holds is None else StateValue.ALARM if holds else StateValue.OK


def _stay(start: int, end: int, state: StateValue | None, because: tuple[ChildChange, ...]) -> Iterator[CompositeStay]:
    if state is not None and end > start:
        yield CompositeStay(start, end, state, because)
