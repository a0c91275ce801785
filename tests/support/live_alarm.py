"""Alarms driven live on a manual clock over a store in memory, and what became of them.

A `Live` is one process after another over one store: `restart` forgets everything but the store.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tocsin.app.evaluator import EvaluationRun, Evaluator
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, KeptSubscription, Topic
from tocsin.clock import ManualClock
from tocsin.core.alarm.history import HistoryItem, HistoryItemType
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "us-east-1")
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
ALARM_A: dict[str, Any] = {
    "AlarmName": "a",
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
"""What PutMetricAlarm is given for the alarm `a`, which one datum of a minute sets off."""


class CrashError(Exception):
    """The process has died."""


class MortalStore:
    """A store whose process dies at the n-th write from now on, before or after it was committed."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.read = store.read
        self.writes = 0
        self.dies_at: int | None = None
        self.after_commit = False

    def write(self, work: Callable[[Any], Any]) -> Any:
        self.writes += 1
        is_last = self.writes == self.dies_at
        if is_last and not self.after_commit:
            raise CrashError
        result = self._store.write(work)
        if is_last:
            raise CrashError
        return result


class Change(NamedTuple):
    """One item of the history, in short."""

    name: str
    at: float
    told: str


class Live:
    """The service's alarms, without a server."""

    def __init__(self, start: datetime, **settings: Any) -> None:
        self.clock = ManualClock(start)
        self.store = MortalStore(MemoryStore())
        self._numbers = itertools.count(1)
        self._settings = ServiceSettings(**{"evaluation_delay": 0, **settings})
        self.restart()
        self.run()  # it has been up for a while when the first alarm is made

    def restart(self) -> None:
        self.service = Service(
            self.store,
            self.clock,
            new_id=lambda: f"00000000-0000-4000-9000-{next(self._numbers):012}",
            settings=self._settings,
        )

    def add_topic(self) -> None:
        """The topic of the tests, with a confirmed subscriber."""

        def work(store: Any) -> None:
            now = int(self.clock.now().timestamp() * 1000)
            TOPICS.put(store, HERE, "sec-alerts", Topic(name="sec-alerts", created_at=now))
            one = KeptSubscription(
                ident="s", topic="sec-alerts", protocol="email", endpoint="security@example.com",
                owner=HERE.account, principal="", created_at=now, confirmed_at=now,
            )  # fmt: skip
            SUBSCRIPTIONS.put(store, HERE, "sec-alerts\0s", one)

        self.store.write(work)

    def add(self, key: MetricKey, at: datetime, *values: float, unit: str = "None") -> None:
        datum = MetricDatum(
            key=key,
            timestamp=int(at.timestamp()),
            statistics=StatisticSet.of(*values),
            unit=unit,
            storage_resolution=1,
        )
        self.store.write(lambda store: store.metrics.add(HERE, [datum]))

    def move_to(self, at: datetime) -> None:
        self.clock.advance((at - self.clock.now()).total_seconds())

    def run(self) -> list[EvaluationRun]:
        """Work until there is nothing left to do."""
        runs = [self.service.part(Evaluator).run()]
        while runs[-1].is_behind:
            runs.append(self.service.part(Evaluator).run())
        return runs

    def run_and_die(self, at_write: int, *, after_commit: bool) -> bool:
        """Run until the process dies at that write from now on, and start another; False when it did not get so far."""
        self.store.dies_at, self.store.after_commit = self.store.writes + at_write, after_commit
        try:
            self.run()
        except CrashError:
            self.restart()
            return True
        finally:
            self.store.dies_at = None
        return False

    def items(self, kind: HistoryItemType) -> list[HistoryItem]:
        with self.store.read() as store:
            found = store.history.items(HERE, item_type=kind, descending=False, limit=1_000_000)
        return [item for _, item in found]

    def states(self) -> list[Change]:
        """Every change of state."""
        return [
            Change(item.alarm_name, item.timestamp.timestamp(), item.history_summary)
            for item in self.items(HistoryItemType.STATE_UPDATE)
        ]

    def actions(self) -> list[Change]:
        """Every action that was executed; `told` says whether after a mute window."""
        found = []
        for item in self.items(HistoryItemType.ACTION):
            data = json.loads(item.history_data)
            if data["actionState"] == "Succeeded":
                message = json.loads(json.loads(data["publishedMessage"])["default"])
                after = "after window" if message["ActionExecutedAfterMuteWindow"] else ""
                found.append(Change(item.alarm_name, item.timestamp.timestamp(), after))
        return found

    def deliveries(self) -> list[str]:
        """What the deliveries in the outbox are about, each as often as there are some."""
        with self.store.read() as store:
            return sorted(row.cause for row in store.outbox.deliveries(limit=1_000_000))

    def records(self, names: Iterable[str]) -> list[tuple[str, int, bytes]]:
        """The evaluation records of these alarms."""
        with self.store.read() as store:
            return [
                (name, *record)
                for name in names
                for record in store.history.evaluations(HERE, name, descending=False, limit=1_000_000)
            ]


def at_second(second: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
