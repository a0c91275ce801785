"""An account whose alarms are looked at as pages look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rule_bench import HERE, RuleBench

from tocsin.app.alarm_board import AlarmBoard, AlarmBoards, AlarmLine
from tocsin.app.metric_alarm import set_state
from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Sequence

ALARM, OK = StateValue.ALARM, StateValue.OK
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


class BoardBench(RuleBench):
    """The account, with a topic that somebody hears."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.heard = self.topic()
        self.reader = self.subscribe("security@example.com")

    def wired(self, *names: str, **changes: object) -> None:
        """Make alarms that somebody hears."""
        for name in names:
            self.alarm(name, name.title().replace("-", ""), actions=(self.heard,), **changes)

    def set(self, name: str, state: StateValue, *, reason: str = "r") -> None:
        """Set the state of an alarm."""
        set_state(self.service, HERE, name, state, reason=reason, reason_data=None)

    def go(self, *, minutes: float = 0, hours: float = 0) -> None:
        """Let time pass."""
        self.clock.advance(minutes * 60 + hours * 3600)

    def board(self) -> AlarmBoard:
        """How all alarms stand now."""
        with self.store.read() as store:
            return self.service.part(AlarmBoards).of(store, HERE, now=self.now_ms)

    def lines(self) -> Sequence[AlarmLine]:
        """All alarms, the most urgent first."""
        return self.board().lines

    def line(self, name: str) -> AlarmLine:
        """One alarm."""
        return self.board().by_name[name]
