"""An account with log groups, filters, alarms, topics and people, put into a store in memory by the use cases."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import msgspec

from tocsin.app.log_events import search_events
from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import delete_alarms, put_composite_alarm, put_metric_alarm
from tocsin.app.metric_filter import delete_metric_filter, put_metric_filter
from tocsin.app.mute_rule import put_mute_rule
from tocsin.app.pipeline import Pipeline
from tocsin.app.rulereader import build_filter
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.topic import KeptSubscription, create_topic, put_subscription, topic_arn
from tocsin.clock import ManualClock
from tocsin.core.delivery import Delivered, DeliveryAttempt, DeliveryOutcome, Failed
from tocsin.core.outbox import DeliveryRow, DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-central-1")
GROUP = "trail-group"
START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""A Monday."""

ALARM: dict[str, Any] = {
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
"""The condition that the benchmark asks for."""


class RuleBench:
    """The account. Whatever is put is put as a request would put it, and refused as a request would be."""

    def __init__(self, store: Any = None, **settings: Any) -> None:
        self.clock = ManualClock(START)
        self.store = store or MemoryStore()
        self._numbers = itertools.count(1)
        self.service = Service(
            self.store,
            self.clock,
            new_id=lambda: f"00000000-0000-4000-9000-{next(self._numbers):012}",
            settings=ServiceSettings(**settings),
        )
        create_log_group(self.service, HERE, GROUP)

    @property
    def now_ms(self) -> int:
        return self.service.now_ms()

    # ------------------------------------------------------------ definitions

    def filter(
        self, name: str, pattern: str, *, group: str = GROUP, metric: str = "", value: str = "1", **more: Any
    ) -> None:
        transformation = {
            "metricName": metric or name,
            "metricNamespace": "CloudTrailMetrics",
            "metricValue": value,
            **more,
        }
        made = build_filter({"filterPattern": pattern, "metricTransformations": [transformation]}, name=name)
        assert made is not None
        put_metric_filter(self.service, HERE, group, made)

    def no_filter(self, name: str, *, group: str = GROUP) -> None:
        delete_metric_filter(self.service, HERE, group, name)

    def alarm(self, name: str, metric: str, *, actions: tuple[str, ...] = (), **changes: Any) -> None:
        parameters = {
            "AlarmName": name, "Namespace": "CloudTrailMetrics", "MetricName": metric,
            **ALARM, "AlarmActions": list(actions), **changes,
        }  # fmt: skip
        put_metric_alarm(self.service, HERE, {key: one for key, one in parameters.items() if one is not None})

    def composite(self, name: str, rule: str, *, actions: tuple[str, ...] = (), **more: Any) -> None:
        parameters = {"AlarmName": name, "AlarmRule": rule, "AlarmActions": list(actions), **more}
        put_composite_alarm(self.service, HERE, parameters)

    def no_alarm(self, name: str) -> None:
        delete_alarms(self.service, HERE, [name])

    def topic(self, name: str = "sec-alerts") -> str:
        create_topic(self.service, HERE, name, attributes={}, tags={})
        return topic_arn(HERE, name)

    def subscribe(self, endpoint: str, *, topic: str = "sec-alerts", confirmed: bool = True, **more: Any) -> str:
        """Put a subscription; its ARN."""
        one = KeptSubscription(
            ident=self.service.new_id(),
            topic=topic,
            protocol="email",
            endpoint=endpoint,
            owner=HERE.account,
            principal="",
            created_at=self.now_ms,
            confirmed_at=self.now_ms if confirmed else None,
            token_ends_at=None if confirmed else self.now_ms + 172_800_000,
            **more,
        )
        self.store.write(lambda store: put_subscription(store, HERE, one))
        return f"{topic_arn(HERE, topic)}:{one.ident}"

    def mute(self, *alarms: str, hours: int = 1) -> None:
        put_mute_rule(
            self.service,
            HERE,
            {
                "Name": "night work",
                "Rule": {
                    "Schedule": {"Expression": f"at({self.clock.now():%Y-%m-%dT%H:%M})", "Duration": f"PT{hours}H"}
                },
                "MuteTargets": {"AlarmNames": list(alarms)},
            },
        )

    # ------------------------------------------------------------ what happens

    def put_events(self, *messages: str, group: str = GROUP) -> None:
        """Take log events of this moment."""
        with self.store.read() as store:
            is_there = store.logs.stream(HERE, group, "stream") is not None
        if not is_there:
            create_log_stream(self.service, HERE, group, "stream")
        self.service.part(Pipeline).put(HERE, group, "stream", [(self.now_ms, one) for one in messages])

    def events(self, group: str = GROUP) -> int:
        return len(search_events(self.service, HERE, group, limit=10_000).events)

    def deliver(self, target: str, *, cause: str, at: int, outcome: DeliveryOutcome, topic: str = "sec-alerts") -> None:
        """Keep a delivery as it stands after its one attempt. `at` is in milliseconds."""
        status = {Delivered: DeliveryStatus.DELIVERED, Failed: DeliveryStatus.FAILED}.get(type(outcome))
        row = DeliveryRow(
            delivery_id=self.service.new_id(),
            scope=HERE,
            topic_arn=topic_arn(HERE, topic),
            target=target,
            protocol="email",
            cause=cause,
            created_at=at,
            next_at=at,
            status=status or DeliveryStatus.PENDING,
            attempts=1,
            body=b"",
        )
        attempt = DeliveryAttempt(number=1, at=at, took=1, outcome=outcome)
        row = msgspec.structs.replace(row, outcome=attempt.text)
        self.store.write(lambda store: store.outbox.record(row, attempt))
