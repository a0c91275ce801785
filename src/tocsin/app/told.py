"""How many were told of the last change of an alarm. Spec: CON-4.2, CON-4.3, CON-4.4, AL-19.4.

Rule: somebody counts as told when their endpoint has taken the message; whoever should have been and was not is counted
too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.store_port import StoreReader

_MOST_LOOKED_AT = 200


class Told(NamedTuple):
    """`told` of `people` have taken the message; to `waiting` it is on its way, at `failed` it was given up.

    `is_held`: a mute rule or a suppressor keeps it.
    """

    told: int = 0
    people: int = 0
    waiting: int = 0
    failed: int = 0
    is_held: bool = False

    @property
    def is_nobody(self) -> bool:
        """Whether nobody was told, and nobody will be."""
        return not self.told and not self.waiting and not self.is_held


def told_of(store: StoreReader, line: AlarmLine) -> Told:
    """Who was told of the state that an alarm is in."""
    rows = store.outbox.deliveries(line.scope, cause=line.cause, limit=_MOST_LOOKED_AT)
    by_target = {row.target: row.status for row in reversed(rows)}  # a reminder counts in place of what was before it
    taken = {row.target for row in rows if row.status is DeliveryStatus.DELIVERED}
    waiting = {target for target, status in by_target.items() if status is DeliveryStatus.PENDING} - taken
    others = {one.target for one in (*line.reach.listeners, *line.reach.pending)} - by_target.keys()
    return Told(
        told=len(taken),
        people=len(by_target) + len(others),
        waiting=len(waiting),
        failed=len(by_target) - len(taken) - len(waiting),
        is_held=not rows and line.reach.is_held,
    )
