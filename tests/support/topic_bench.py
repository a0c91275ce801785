"""A console with a topic, people, an alarm, deliveries and mails. Use it with `ConsoleBench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from console_bench import SCOPE, ConsoleBench

from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.topic import SUBSCRIPTIONS, KeptSubscription, put_subscription, topic_arn
from tocsin.core.delivery import Delivered, DeliveryAttempt, DeliveryReason, Failed, Retry
from tocsin.core.envelope import unpack_envelope
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.delivery import DeliveryOutcome
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow

TOPIC = topic_arn(SCOPE, "sec-alerts")


class _EveryBucket:
    """Buckets that are all there; what is put is gone."""

    def has_bucket(self, bucket: str) -> bool:
        return True

    def put(self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], kms_key: str = "") -> None:
        raise AssertionError(key)


class TopicBench(ConsoleBench):
    """A bench with the topic `sec-alerts` and the alarm `root-usage` that publishes to it."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.service.objects = _EveryBucket()
        self.call("sns", "CreateTopic", {"Name": "sec-alerts"})
        self.alarm("root-usage", TOPIC)

    def alarm(self, name: str, *topics: str, **more: Any) -> None:
        """Make an alarm that tells topics of ALARM."""
        parameters = {
            "AlarmName": name, "Namespace": "CloudTrailMetrics", "MetricName": "RootUsage", "Statistic": "Sum",
            "Period": 300, "EvaluationPeriods": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": list(topics), **more,
        }  # fmt: skip
        self.call("cloudwatch", "PutMetricAlarm", parameters)

    def subscribe(self, endpoint: str, protocol: str = "email", *, topic: str = "sec-alerts", **more: Any) -> str:
        """Put a subscription that is confirmed, unless `confirmed_at` says otherwise; its id."""
        now = self.service.now_ms()
        made = KeptSubscription(
            ident=self.service.new_id(), topic=topic, protocol=protocol, endpoint=endpoint, owner=SCOPE.account,
            principal="arn:aws:iam::111122223333:user/bob",
            **{"created_at": now, "confirmed_at": now, **more},
        )  # fmt: skip
        self.service.store.write(lambda store: put_subscription(store, SCOPE, made))
        return made.ident

    def pending(self, endpoint: str, protocol: str = "email", **more: Any) -> str:
        """Put one that waits for its confirmation."""
        ends = self.service.now_ms() + 172_800_000
        return self.subscribe(endpoint, protocol, confirmed_at=None, token_ends_at=ends, **more)

    def kept(self, ident: str, topic: str = "sec-alerts") -> KeptSubscription | None:
        """A subscription as it is kept."""
        with self.service.store.read() as store:
            return SUBSCRIPTIONS.get(store, SCOPE, f"{topic}\0{ident}")

    def publish(self, message: str = "something happened", subject: str = "ALARM: root-usage", **more: Any) -> None:
        """Publish to the topic."""
        publish_to_topic(self.service, SCOPE, TOPIC, [Publication(message=message, subject=subject, **more)])

    def deliveries(self) -> list[DeliveryRow]:
        """All deliveries, the newest first."""
        with self.service.store.read() as store:
            return store.outbox.deliveries(limit=1_000)

    @property
    def sent(self) -> Envelope:
        """What the newest delivery is about."""
        return unpack_envelope(self.deliveries()[0].body)

    def settle(self, row: DeliveryRow, *outcomes: DeliveryOutcome) -> None:
        """Let attempts of a delivery end so, one after the other."""
        words = {Delivered: DeliveryStatus.DELIVERED, Failed: DeliveryStatus.FAILED}
        for number, outcome in enumerate(outcomes, 1):
            at = self.service.now_ms() + 1000 * number
            attempt = DeliveryAttempt(
                number=number, at=at, took=42, outcome=outcome,
                next_at=at + 20_000 if isinstance(outcome, Retry) else None,
            )  # fmt: skip
            row = msgspec.structs.replace(
                row, attempts=number, outcome=attempt.text, next_at=attempt.next_at or row.next_at,
                status=words.get(type(outcome), DeliveryStatus.PENDING),
            )  # fmt: skip
            self.service.store.write(lambda store, row=row, attempt=attempt: store.outbox.record(row, attempt))


FAILED = (Retry(DeliveryReason.STATUS, "503 Service Unavailable"), Failed(DeliveryReason.STATUS, "500 Broken"))
