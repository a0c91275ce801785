"""The server is killed at random moments under load: what it acknowledged is there, once (WIRE-9.7, AR-5).

Each round starts a server on what the last one left, lets clients put events, metric data, alarm states and
messages, and kills it in the midst of that. At the end the store must tell one story.
"""

from __future__ import annotations

import random  # noqa: TID251  # seeded: the same rounds each time
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError
from live_server import LiveServer, pages

from tocsin.core.metric import MetricKey
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROUNDS = 8
ALARMS = 4


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  # a client has the time of day


class Load:
    """Clients of one round, and what the server acknowledged to them in all rounds."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.data_sent = 0
        self.data_acknowledged = 0
        self.states_acknowledged: Counter[str] = Counter()
        self.published: set[str] = set()
        self._lock = threading.Lock()

    def run(self, server: LiveServer, seconds: float, seed: int) -> None:
        """Work on the server until it is killed after `seconds`."""
        jobs: list[Callable[[LiveServer, random.Random], None]] = [self._events, self._events, self._data, self._states]
        threads = [
            threading.Thread(target=self._until_killed, args=(job, server, random.Random(f"{seed} {number}")))
            for number, job in enumerate(jobs)
        ]
        for thread in threads:
            thread.start()
        threading.Event().wait(seconds)  # what is tested is the moment of the kill
        server.kill()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()

    @property
    def tells(self) -> bool:
        """Whether so much was acknowledged that something could have been lost."""
        return len(self.acknowledged) > 200 and sum(self.states_acknowledged.values()) > 20

    def _until_killed(
        self, job: Callable[[LiveServer, random.Random], None], server: LiveServer, chance: random.Random
    ) -> None:
        try:
            job(server, chance)
        except BotoCoreError:
            return  # the connection broke

    def _events(self, server: LiveServer, chance: random.Random) -> None:
        logs = server.client("logs")
        stream = f"s{chance.getrandbits(60)}"
        logs.create_log_stream(logGroupName="trail", logStreamName=stream)
        while True:
            names = [f"e{chance.getrandbits(60)}" for _ in range(chance.choice((1, 1, 3, 200)))]
            messages = [msgspec.json.encode({"eventName": "StopLogging", "eventID": name}).decode() for name in names]
            with self._lock:
                self.sent.update(names)
            at = now_ms()
            logs.put_log_events(
                logGroupName="trail",
                logStreamName=stream,
                logEvents=[{"timestamp": at, "message": message} for message in messages],
            )
            with self._lock:
                self.acknowledged.update(names)

    def _data(self, server: LiveServer, _: random.Random) -> None:
        cloudwatch = server.client("cloudwatch")
        while True:
            self.data_sent += 1
            cloudwatch.put_metric_data(Namespace="Direct", MetricData=[{"MetricName": "m", "Value": 1}])
            self.data_acknowledged += 1

    def _states(self, server: LiveServer, chance: random.Random) -> None:
        cloudwatch, sns = server.client("cloudwatch"), server.client("sns")
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
        while True:
            name = f"a{chance.randrange(ALARMS)}"
            (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
            state = "OK" if alarm["StateValue"] == "ALARM" else "ALARM"
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="chaos")
            self.states_acknowledged[name] += 1
            message = sns.publish(TopicArn=topic, Message="m")["MessageId"]
            self.published.add(message)


def set_up(server: LiveServer) -> None:
    logs, cloudwatch, sns = (server.client(name) for name in ("logs", "cloudwatch", "sns"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    for queue in ("one", "two"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
    logs.create_log_group(logGroupName="trail")
    logs.put_metric_filter(
        logGroupName="trail",
        filterName="stopped",
        filterPattern="{ $.eventName = StopLogging }",
        metricTransformations=[{"metricName": "stopped", "metricNamespace": "Trail", "metricValue": "1"}],
    )
    for number in range(ALARMS):
        cloudwatch.put_metric_alarm(
            AlarmName=f"a{number}",
            Namespace="None",
            MetricName="none",
            Statistic="Sum",
            Period=86_400,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="ignore",
            AlarmActions=[topic],
            OKActions=[topic],
        )


def test_nothing_that_was_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    chance = random.Random(20_261_126)
    load = Load()
    with LiveServer(data) as server:
        set_up(server)
        server.kill()
    turn = 0
    while turn < ROUNDS or (not load.tells and turn < 4 * ROUNDS):  # a slow machine does less in a round
        with LiveServer(data) as server:
            load.run(server, chance.uniform(0.15, 1.2), seed=turn)
        turn += 1
    assert load.tells

    with LiveServer(data) as server:
        events = pages(server.client("logs").filter_log_events, "events", logGroupName="trail")
        histories = {
            f"a{number}": pages(
                server.client("cloudwatch").describe_alarm_history,
                "AlarmHistoryItems",
                AlarmName=f"a{number}",
                MaxRecords=100,
            )
            for number in range(ALARMS)
        }
        status, _ = server.stop()
        assert status == 0

    # Events: each acknowledged one is there; none is there twice, and none that was not sent.
    kept = Counter(msgspec.json.decode(event["message"])["eventID"] for event in events)
    assert load.acknowledged - kept.keys() == set()
    assert kept.keys() - load.sent == set()
    assert set(kept.values()) == {1}
    assert len({event["eventId"] for event in events}) == len(events)

    with closing(SqliteStore(data / "tocsin.sqlite3")) as store, store.read() as reader:
        scope = Scope(ACCOUNT, REGION)
        counted = samples(reader, scope, MetricKey.of("Trail", "stopped"))
        direct = samples(reader, scope, MetricKey.of("Direct", "m"))
        deliveries = sum(map(reader.outbox.count, DeliveryStatus))

    # Metrics: what the filter counted is what is kept; of data that was put, only calls that broke are open.
    assert counted == len(events)
    assert load.data_acknowledged <= direct <= load.data_sent

    # Alarms: each change that was acknowledged is in the history, and each change in the history has its actions,
    # which are as many deliveries as there are subscribers.
    changes = {
        name: sum(item["HistoryItemType"] == "StateUpdate" for item in items) for name, items in histories.items()
    }
    actions = {name: sum(item["HistoryItemType"] == "Action" for item in items) for name, items in histories.items()}
    assert all(changes[name] >= count for name, count in load.states_acknowledged.items())
    assert actions == changes
    messages, odd = divmod(deliveries, 2)
    assert odd == 0
    assert sum(changes.values()) + len(load.published) <= messages <= sum(changes.values()) + len(load.published) + turn


def samples(reader: Any, scope: Scope, key: MetricKey) -> float:
    day = 86_400
    now = now_ms() // 1000
    return sum(
        point.statistics.sample_count for point in reader.metrics.data(scope, key, start=now - day, end=now + day)
    )
