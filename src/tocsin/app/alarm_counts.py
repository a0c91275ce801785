"""How many alarms stand how. Spec: CON-4.2, CON-3.4 (the numbers beside the navigation).

Rule: it is counted over what is in memory, and costs no look into the store but for versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_board import AlarmBoards
from tocsin.app.people import Audiences
from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope


class AlarmCounts(NamedTuple):
    """Alarms by state, and what else is said of them.

    `muted_until` is the first end of a window that holds some, `actions_off_since` since when the longest of those is
    certain to have its actions disabled.
    """

    total: int = 0
    alarm: int = 0
    unacknowledged: int = 0
    insufficient_data: int = 0
    ok: int = 0
    never_had_data: int = 0
    muted: int = 0
    muted_until: datetime | None = None
    actions_off: int = 0
    actions_off_since: datetime | None = None
    unheard: int = 0


def count_alarms(lines: Iterable[AlarmLine]) -> AlarmCounts:
    """Count these alarms."""
    of_state = dict.fromkeys(StateValue, 0)
    never = unheard = waiting = 0
    ends: list[datetime] = []
    off: list[datetime] = []
    for line in lines:
        of_state[line.state] += 1
        never += line.never_had_data
        unheard += bool(line.unheard)
        waiting += line.is_ringing and line.acknowledged is None
        if line.muted_until is not None:
            ends.append(line.muted_until)
        if line.has_actions_off:
            off.append(line.configured_at)
    return AlarmCounts(
        total=sum(of_state.values()),
        alarm=of_state[StateValue.ALARM],
        unacknowledged=waiting,
        insufficient_data=of_state[StateValue.INSUFFICIENT_DATA],
        ok=of_state[StateValue.OK],
        never_had_data=never,
        muted=len(ends),
        muted_until=min(ends, default=None),
        actions_off=len(off),
        actions_off_since=min(off, default=None),
        unheard=unheard,
    )


class Standing(NamedTuple):
    """What the navigation tells: alarms that ring, subscriptions that wait, mute rules that hold something now."""

    ringing: int
    pending: int
    mutes: int


def standing_now(service: Service, store: StoreReader, scopes: Sequence[Scope], *, now: int) -> Standing:
    """How it stands at `now`, in milliseconds since the epoch."""
    boards = [service.part(AlarmBoards).of(store, scope, now=now) for scope in scopes]
    audience = service.part(Audiences).of_all(store, scopes, now=now)
    return Standing(
        ringing=sum(line.is_ringing for board in boards for line in board.lines),
        pending=audience.pending,
        mutes=sum(board.active_mutes for board in boards),
    )
