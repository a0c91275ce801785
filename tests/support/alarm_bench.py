"""An alarm on CloudTrail records behind a console, from the filter to the people. Spec: CON-4.4.

bench = AlarmBench()
bench.mallory_opens(22)
bench.minute()
assert bench.state() == "ALARM"
bench.get("alarms/sg")
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from console_bench import SCOPE, ConsoleBench

from tocsin.app.evaluator import Evaluator
from tocsin.app.topic import SUBSCRIPTIONS, KeptSubscription, subscription_name
from tocsin.core.delivery import Delivered, DeliveryAttempt, DeliveryReason, Failed
from tocsin.core.outbox import DeliveryStatus

GROUP = "trail-group"
ALARM: dict[str, Any] = {
    "AlarmName": "sg",
    "AlarmDescription": "Security group changes",
    "Namespace": "N",
    "MetricName": "sg",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}


class AlarmBench(ConsoleBench):
    """The alarm `sg`, its filter and group, the topic `sec-alerts` with one who has confirmed and one who has not."""

    def __init__(self, *, pattern: str = "{ $.eventName = AuthorizeSecurityGroupIngress }", **more: Any) -> None:
        alarm = more.pop("alarm", {})
        super().__init__(**{"settings": {"evaluation_delay": 0}, **more})
        self._events = self._subscribed = 0
        self.call("logs", "CreateLogGroup", {"logGroupName": GROUP})
        self.call("logs", "CreateLogStream", {"logGroupName": GROUP, "logStreamName": "s"})
        self.topic = self.call("sns", "CreateTopic", {"Name": "sec-alerts"})["TopicArn"]
        self.subscribe("security@example.com", is_confirmed=True)
        self.subscribe("oncall@example.com", is_confirmed=False)
        self.call(
            "logs",
            "PutMetricFilter",
            {
                "logGroupName": GROUP,
                "filterName": "sg-filter",
                "filterPattern": pattern,
                "metricTransformations": [{"metricName": "sg", "metricNamespace": "N", "metricValue": "1"}],
            },
        )
        self.service.part(Evaluator).run()
        self.put_alarm(**alarm)
        self.minute()

    def put_alarm(self, **more: Any) -> None:
        """Put the alarm; None takes a parameter away."""
        given = {**ALARM, "AlarmActions": [self.topic], **more}
        self.call("cloudwatch", "PutMetricAlarm", {key: value for key, value in given.items() if value is not None})

    def subscribe(self, endpoint: str, *, is_confirmed: bool, protocol: str = "email", **attributes: str) -> None:
        """A subscription, as old as the bench."""
        now = self.service.now_ms()
        self._subscribed += 1
        ident = f"00000000-0000-4000-a000-{len(endpoint):06}{self._subscribed:06}"
        one = KeptSubscription(
            ident=ident,
            topic="sec-alerts",
            protocol=protocol,
            endpoint=endpoint,
            owner=SCOPE.account,
            principal="",
            created_at=now,
            confirmed_at=now if is_confirmed else None,
            token_ends_at=now + 172_800_000,
            attributes=attributes,
        )
        self.service.store.write(
            lambda store: SUBSCRIPTIONS.put(store, SCOPE, subscription_name("sec-alerts", ident), one)
        )

    # ------------------------------------------------------------ what happens

    def record(self, name: str, at: datetime | None = None, **members: Any) -> dict[str, Any]:
        """A record of mallory's, by default now."""
        self._events += 1
        return {
            "eventVersion": "1.11",
            "eventID": f"00000000-0000-4000-b000-{self._events:012}",
            "eventTime": f"{at or self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "ec2.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.47",
            "userAgent": "aws-cli/2.31.4",
            "recipientAccountId": SCOPE.account,
            "userIdentity": {
                "type": "IAMUser",
                "userName": "mallory",
                "arn": f"arn:aws:iam::{SCOPE.account}:user/mallory",
                "accountId": SCOPE.account,
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            },
            **members,
        }

    def mallory_opens(self, port: int, **members: Any) -> None:
        """Mallory opens a port of sg-1 to everybody."""
        parameters = {
            "groupId": "sg-1", "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIp": "0.0.0.0/0",
        }  # fmt: skip
        self.happens("AuthorizeSecurityGroupIngress", requestParameters=parameters, **members)

    def happens(self, name: str, **members: Any) -> None:
        """Something that mallory does."""
        self.put_events(GROUP, [self.record(name, **members)])

    def minute(self, count: int = 1) -> None:
        """Let minutes pass, each with its evaluation."""
        for _ in range(count):
            at = self.clock.now() + timedelta(minutes=1)
            self.clock.advance((at.replace(second=5) - self.clock.now()).total_seconds())
            while self.service.part(Evaluator).run().is_behind:
                pass

    def ring(self, *ports: int) -> None:
        """Mallory opens ports, and the alarm rings."""
        for port in ports or (22,):
            self.mallory_opens(port)
        self.minute()
        assert self.state() == "ALARM"

    def deliver(self, *, failing: bool = False) -> None:
        """Everything that waits arrives, or is given up."""

        def work(store: Any) -> None:
            for row in store.outbox.due(at=self.service.now_ms() + 1, limit=100):
                outcome = Failed(DeliveryReason.REFUSED, "550 no such user") if failing else Delivered("250 queued")
                status = DeliveryStatus.FAILED if failing else DeliveryStatus.DELIVERED
                attempt = DeliveryAttempt(number=1, at=self.service.now_ms(), took=5, outcome=outcome)
                done = msgspec.structs.replace(row, status=status, attempts=1, outcome=attempt.text)
                store.outbox.record(done, attempt)

        self.service.store.write(work)

    def state(self) -> str:
        """The state of the alarm, as AWS tells it."""
        found = self.call("cloudwatch", "DescribeAlarms", {"AlarmNames": ["sg"]})
        return str(found["MetricAlarms"][0]["StateValue"])
