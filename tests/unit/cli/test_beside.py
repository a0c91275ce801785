"""Commands on a data folder that no service uses: what is told of it, and what is not. Spec: IF-1, SNS-8.3, AL-19.4."""

from __future__ import annotations

import csv
import io
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.alarm_record import METRIC_ALARMS, KeptAlarm
from tocsin.app.dispatcher import Dispatcher, Done
from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.topic import KeptSubscription, create_topic, put_subscription, tag_topic
from tocsin.clock import ManualClock, SystemClock
from tocsin.core.delivery import DeliveryOutcome, DeliveryReason, Endpoint, Failed
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Call

HERE = Scope("111122223333", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
HOUR_MS = 3_600_000
FAILURE = Failed(DeliveryReason.STATUS, "403 Forbidden")


class Folder:
    """The data folder of a service that was stopped; it has a topic."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.settings = ServiceSettings()
        self._numbers = itertools.count(1)
        self.clock = ManualClock(SystemClock().now())
        self.change(lambda service: create_topic(service, HERE, "alerts", attributes={}, tags={}))

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def change(self, work: Any) -> None:
        store = SqliteStore(self.path / "tocsin.sqlite3")
        try:
            new_id = lambda: f"{next(self._numbers):08}"  # noqa: E731
            work(Service(store, self.clock, new_id=new_id, settings=self.settings))
        finally:
            store.close()

    def subscribe(self, ident: str, **how: Any) -> str:
        fields = {"protocol": "email", "endpoint": "oncall@example.com", "created_at": self.now, **how}
        one = KeptSubscription(ident=ident, topic="alerts", owner=HERE.account, principal="", **fields)
        self.change(lambda service: service.store.write(lambda store: put_subscription(store, HERE, one)))
        return f"{TOPIC}:{ident}"

    def put_alarm(self, name: str = "root-use", **how: Any) -> None:
        parameters = {
            "AlarmName": name, "Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 60, "Threshold": 1.0,
            "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [TOPIC], **how,
        }  # fmt: skip
        kept = KeptAlarm(parameters=parameters, created_at=self.clock.now(), updated_at=self.clock.now())
        self.change(
            lambda service: service.store.write(lambda store: METRIC_ALARMS.put(store, HERE, name, kept)),
        )

    def publish(self, outcome: DeliveryOutcome, *, before: int = 0) -> None:
        """Publish a message that ended so, that many milliseconds ago."""

        def work(service: Service) -> None:
            publish_to_topic(service, HERE, TOPIC, [Publication(message="m", subject="A subject")])
            dispatcher = Dispatcher(service)
            dispatcher.settle([Done(one, outcome, self.now - before, 7) for one in dispatcher.take()])

        self.change(work)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    return Folder(tmp_path / "data")


FORMATS = ("table", "json", "ndjson", "csv")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", ["status", "sub", "deliveries"])
def test_a_password_in_an_address_is_never_shown(call: Call, folder: Folder, command: str, form: str) -> None:
    address = "https://probe:open-sesame@hooks.example.com/in"
    folder.subscribe("a", protocol="https", endpoint=address, confirmed_at=folder.now)
    folder.subscribe("b", protocol="https", endpoint=f"{address}2", token_ends_at=folder.now + HOUR_MS)
    folder.put_alarm()
    folder.publish(FAILURE)
    shown = call(command, "--data", str(folder.path), "--format", form, environ={"COLUMNS": "200"})
    assert "open-sesame" not in shown.out + shown.err
    assert "probe:****@hooks.example.com/in" in shown.out


@pytest.mark.parametrize("text", ["open-sesame", "OPEN-sesame@"])
def test_nor_is_it_found_by_guessing(call: Call, folder: Folder, text: str) -> None:
    folder.subscribe("a", protocol="https", endpoint="https://p:open-sesame@example.com/", confirmed_at=folder.now)
    folder.publish(FAILURE)
    assert json.loads(call("deliveries", "--data", str(folder.path), "--to", text, "--format", "json").out) == []


CHANNELS = """
[server]
account = "111122223333"
region = "eu-west-1"

[[notifier]]
kind = "slack"
url = "env:HOOK"
topic = "alerts"

[[notifier]]
kind = "slack"
url = "https://hooks.slack.com/services/T000/B000/secret"
topic = "arn:aws:sns:eu-west-1:111122223333:alerts"
"""


def test_chat_channels_listen_under_the_names_that_deliveries_have(call: Call, folder: Folder, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(CHANNELS)
    folder.put_alarm()
    called = ("status", "--data", str(folder.path), "--config", str(settings), "--format", "json")
    heard = call(*called)
    told = json.loads(heard.out)
    assert heard.status == 0  # although the variable HOOK is only there for the service
    assert told["alarms"][0]["listeners"] == ["slack env:HOOK", "slack number 1"]
    assert told["complaints"] == []
    folder.settings = ServiceSettings(
        channels={TOPIC: (Endpoint("slack", "slack env:HOOK"), Endpoint("slack", "slack number 1"))}
    )
    folder.publish(FAILURE, before=HOUR_MS)
    failing = call(*called)
    assert failing.status == 1
    assert [(one["complaint"], one["subject"].rpartition(":")[2]) for one in json.loads(failing.out)["complaints"]] == [
        ("failing-endpoint", "HOOK"),
        ("failing-endpoint", "slack number 1"),
        ("unheard-alarm", "root-use"),
    ]


@pytest.mark.parametrize(
    ("setting", "target"),
    [("mailto:ops@example.com", "ops@example.com"), ("env:CHANNEL", "operator.channel")],
)
def test_a_channel_to_the_operator_that_fails_is_told(
    call: Call, folder: Folder, tmp_path: Path, setting: str, target: str
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[operator]\nchannel = "{setting}"\n')
    row = DeliveryRow(
        delivery_id="d", scope=Scope("", ""), topic_arn="", target=target, cause="operator", attempts=1,
        created_at=folder.now - HOUR_MS, next_at=folder.now, outcome="status: 500", body=b"",
    )  # fmt: skip
    folder.change(lambda service: service.store.write(lambda store: store.outbox.put([row])))
    shown = call("status", "--data", str(folder.path), "--config", str(settings), "--format", "json")
    assert [one["subject"] for one in json.loads(shown.out)["complaints"]] == [target]
    assert shown.status == 1


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda it: None, "nobody has confirmed a subscription to alerts"),
        (lambda it: it.subscribe("a", token_ends_at=it.now + HOUR_MS), "nobody has confirmed a subscription"),
        (lambda it: it.put_alarm(ActionsEnabled=False), "its actions are disabled"),
        (lambda it: it.put_alarm(AlarmActions=[]), "it has no action for ALARM"),
        (lambda it: it.put_alarm(AlarmActions=[f"{TOPIC}-2"]), "there is no topic alerts-2"),
        (
            lambda it: it.subscribe("a", confirmed_at=it.now, attributes={"FilterPolicy": '{"severity":["high"]}'}),
            "the filter policies of all subscribers of alerts drop it",
        ),
        (
            lambda it: (it.subscribe("a", confirmed_at=it.now), it.publish(FAILURE, before=HOUR_MS)),
            "nothing arrives at any subscriber of alerts",
        ),
    ],
)
def test_status_says_loudly_that_an_alarm_reaches_nobody(call: Call, folder: Folder, prepare: Any, reason: str) -> None:
    folder.put_alarm()
    prepare(folder)
    shown = call("status", "--data", str(folder.path))
    assert shown.status == 1
    assert "NOBODY" in shown.out
    assert reason in " ".join(shown.out.split())
    assert "What to do: " in shown.out
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    row, *_ = csv.DictReader(io.StringIO(call("status", "--data", str(folder.path), "--format", "csv").out))
    assert (row["alarm"].rpartition(":")[2], row["state"]) == ("root-use", "INSUFFICIENT_DATA")


@pytest.mark.parametrize(
    ("how", "tags", "state"),
    [
        ({"token_ends_at": HOUR_MS}, {}, "pending"),
        ({"confirmed_at": 0}, {}, "protected"),
        ({"confirmed_at": 0}, {"tocsin:unsubscribe": "confirm"}, "confirmed"),
        ({"confirmed_at": 0, "is_protected": True}, {"tocsin:unsubscribe": "open"}, "protected"),
        ({"confirmed_at": 0, "protocol": "https", "endpoint": "https://example.com/"}, {}, "confirmed"),
        ({"confirmed_at": 0, "deleted_at": 0, "token_ends_at": HOUR_MS}, {}, "deleted"),
        ({"token_ends_at": -1}, {}, None),
        ({"confirmed_at": 0, "deleted_at": 0, "token_ends_at": -1}, {}, None),
    ],
)
def test_states_of_subscriptions(
    call: Call, folder: Folder, how: dict[str, Any], tags: dict[str, str], state: str | None
) -> None:
    times = {name: folder.now + value for name, value in how.items() if name.endswith("_at")}
    folder.change(lambda service: tag_topic(service, HERE, TOPIC, add=tags))
    arn = folder.subscribe("a", **{**how, **times})
    told = json.loads(call("sub", "--data", str(folder.path), "--format", "json").out)
    assert [(one["arn"], one["state"]) for one in told] == ([] if state is None else [(arn, state)])


def test_many_alarms_on_a_topic_with_many_subscribers_are_told_quickly(call: Call, folder: Folder) -> None:
    made = [
        KeptSubscription(
            ident=f"{number:05}", topic="alerts", protocol="email", endpoint=f"{number}@example.com", owner=HERE.account,
            principal="", created_at=folder.now, confirmed_at=folder.now,
        )
        for number in range(2_000)
    ]  # fmt: skip

    def subscribe_all(store: Any) -> None:
        for one in made:
            put_subscription(store, HERE, one)

    folder.change(lambda service: service.store.write(subscribe_all))
    for number in range(50):
        folder.put_alarm(f"alarm-{number:02}")
    began = time.perf_counter()
    told = json.loads(call("status", "--data", str(folder.path), "--format", "json").out)
    assert [len(one["listeners"]) for one in told["alarms"]] == [2_000] * 50
    assert len(json.loads(call("sub", "--data", str(folder.path), "--format", "json").out)) == 2_000
    assert time.perf_counter() - began < 10


def test_an_empty_folder_has_nothing_wrong(call: Call, folder: Folder) -> None:
    for command, text in (("status", "0 alarms\n"), ("sub", "0 subscriptions\n"), ("deliveries", "0 deliveries\n")):
        assert call(command, "--data", str(folder.path)) == (0, text, "")


@pytest.mark.parametrize("text", ["\x1b[31mred", "two\nlines", "\u202eturned"])
def test_foreign_text_acts_on_no_terminal(call: Call, folder: Folder, text: str) -> None:
    folder.subscribe("a", endpoint=f"{text}@example.com", confirmed_at=folder.now)
    folder.put_alarm(f"alarm {text}")
    folder.publish(Failed(DeliveryReason.REFUSED, text))
    for command in ("status", "sub", "deliveries"):
        shown = call(command, "--data", str(folder.path), is_terminal=False).out
        assert text not in shown


def test_that_not_all_deliveries_were_looked_at_is_told(
    call: Call, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.app.delivery_record.MOST_LOOKED_AT", 100)
    folder.subscribe("a", confirmed_at=folder.now)
    rows = [
        DeliveryRow(
            delivery_id=f"{number:03}", scope=HERE, topic_arn=TOPIC, target="t", cause="c", created_at=number,
            next_at=number, body=b"",
        )
        for number in range(101)
    ]  # fmt: skip
    folder.change(lambda service: service.store.write(lambda store: store.outbox.put(rows)))
    called = ("deliveries", "--topic", "others", "--data", str(folder.path))
    cut = "tocsin: the newest 100 deliveries were looked at, and there are older ones\n"
    assert call(*called) == (0, "0 deliveries\n", cut)
    assert call(*called, "--quiet") == (0, "0 deliveries\n", "")
    monkeypatch.setattr("tocsin.app.delivery_record.MOST_LOOKED_AT", 200)
    assert call(*called) == (0, "0 deliveries\n", "")


def test_replaying_what_has_not_failed_says_how_to_find_what_has(call: Call, folder: Folder) -> None:
    refused = call("deliveries", "replay", "none", "--data", str(folder.path))
    assert refused.status == 2
    hint = refused.err.partition("tocsin deliveries --state failed")
    assert hint[1]
    assert call("deliveries", "--state", "failed", "--data", str(folder.path)).status == 0
