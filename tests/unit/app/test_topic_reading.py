"""Topics as they stand, and what would follow from a change. Spec: SNS-12.1, AL-17.1, AL-19.4, CON-4.9."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.app.metric_alarm import put_metric_alarm
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.subscription import unsubscribe
from tocsin.app.subscription_reading import find_subscription
from tocsin.app.topic import KeptSubscription, create_topic, put_subscription
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.app.topic_reading import TopicReading, alarms_left_unheard, list_topic_lines, read_topic
from tocsin.clock import ManualClock
from tocsin.core.alarm.state import StateValue
from tocsin.core.delivery import Endpoint
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
ALERTS, NOISE = (HERE.arn("sns", name) for name in ("alerts", "noise"))
NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z


class Room:
    """A service with the topics `alerts` and `noise`."""

    def __init__(self, **settings: Any) -> None:
        numbers = itertools.count(1)
        self.clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        self.service = Service(
            MemoryStore(),
            self.clock,
            new_id=lambda: f"{next(numbers):08}",
            new_secret=bytes,
            settings=ServiceSettings(**settings),
        )
        for name in ("alerts", "noise"):
            create_topic(self.service, HERE, name, attributes={}, tags={})

    def subscribe(self, ident: str, protocol: str = "email", *, topic: str = "alerts", **more: Any) -> str:
        given = {"confirmed_at": 0, "endpoint": f"{ident}@example.com", "created_at": NOW_MS, **more}
        one = KeptSubscription(ident=ident, topic=topic, protocol=protocol, owner=HERE.account, principal="", **given)
        self.service.store.write(lambda store: put_subscription(store, HERE, one))
        return HERE.arn("sns", f"{topic}:{ident}")

    def alarm(self, name: str, *topics: str, **more: Any) -> None:
        put_metric_alarm(
            self.service,
            HERE,
            {
                "AlarmName": name,
                "Namespace": "N",
                "MetricName": "m",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "AlarmActions": list(topics),
                **more,
            },
        )

    def read(self, name: str = "alerts", **more: Any) -> TopicReading:
        found = read_topic(self.service, HERE, name, limit=more.pop("limit", 100), **more)
        assert found is not None
        return found

    def unheard(self, arn: str, without: str | None) -> list[str]:
        return [one.name for one in alarms_left_unheard(self.service, arn, without=without)]


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize(
    ("given", "counts", "tells_nobody"),
    [
        ({}, (1, 0, 0, 1, 0), False),
        ({"confirmed_at": None, "token_ends_at": NOW_MS + 1}, (0, 1, 0, 0, 0), True),
        ({"confirmed_at": None, "token_ends_at": NOW_MS}, (0, 0, 0, 0, 0), True),  # it has lapsed
        ({"deleted_at": NOW_MS, "token_ends_at": NOW_MS + 1}, (0, 0, 1, 0, 0), True),
        ({"attributes": {"FilterPolicy": '{"NewStateValue":["ALARM"]}'}}, (1, 0, 0, 0, 1), True),
        (
            {"attributes": {"FilterPolicy": '{"NewStateValue":["ALARM"]}', "FilterPolicyScope": "MessageBody"}},
            (1, 0, 0, 1, 0),
            False,
        ),
        ({"attributes": {"FilterPolicy": "{}"}}, (1, 0, 0, 1, 0), False),
        ({"protocol": "lambda"}, (1, 0, 0, 0, 0), True),  # accepted, and never delivered
        ({"protocol": "log"}, (1, 0, 0, 1, 0), False),
    ],
)
def test_a_topic_counts_who_hears_alarms(
    room: Room, given: dict[str, Any], counts: tuple[int, ...], tells_nobody: bool
):
    room.subscribe("a", **given)
    line = room.read().line
    found = line.counts
    assert (found.confirmed, found.pending, found.deleted, found.hearing, found.deaf) == counts
    assert line.tells_nobody is tells_nobody


def test_a_chat_channel_hears(room: Room) -> None:
    heard = Room(channels={ALERTS: (Endpoint("slack", "ops"),)})
    assert heard.read().line.tells_nobody is False
    assert heard.read("noise").line.tells_nobody is True


def test_the_first_that_waits_is_known(room: Room) -> None:
    waits = {"confirmed_at": None, "token_ends_at": NOW_MS + 1}
    room.subscribe("a", created_at=NOW_MS - 5, **waits)
    room.subscribe("b", created_at=NOW_MS - 9, **waits)
    assert room.read().line.counts.oldest_pending == NOW_MS - 9


def test_topics_are_listed_by_name_and_page(room: Room) -> None:
    first, has_more = list_topic_lines(room.service, HERE, limit=1)
    assert ([one.topic.name for one in first], has_more) == (["alerts"], True)
    second, has_more = list_topic_lines(room.service, HERE, after="alerts", limit=1)
    assert ([one.topic.name for one in second], has_more) == (["noise"], False)
    assert read_topic(room.service, HERE, "other", limit=1) is None


def test_subscriptions_of_a_topic_come_in_pages(room: Room) -> None:
    for ident in "abc":
        room.subscribe(ident)
    room.subscribe("d", topic="noise")
    first = room.read(limit=2)
    assert ([one.kept.ident for one in first.subscriptions], first.after) == (["a", "b"], "b")
    second = room.read(limit=2, after="b")
    assert ([one.kept.ident for one in second.subscriptions], second.after) == (["c"], None)
    assert second.line.counts.confirmed == 3


def test_who_left_is_told_until_they_are_back(room: Room) -> None:
    arn = room.subscribe("a")
    unsubscribe(room.service, HERE, arn, is_signed=True, by="arn:aws:iam::111122223333:user/dana")
    (left,) = room.read().left
    assert (left.endpoint, left.event.value, left.by) == (
        "a@example.com",
        "removed by a signed call",
        "arn:aws:iam::111122223333:user/dana",
    )
    room.subscribe("again", endpoint="a@example.com")
    assert room.read().left == []


def test_alarms_are_known_by_the_topics_that_they_tell(room: Room) -> None:
    room.alarm("one", ALERTS, OKActions=[ALERTS, NOISE])
    room.alarm("two", "arn:aws:automate:eu-west-1:ec2:stop")
    with room.service.store.read() as store:
        (one,) = room.service.part(TopicAlarms).of(store, ALERTS)
        assert (one.name, one.states(ALERTS)) == ("one", (StateValue.ALARM, StateValue.OK))
        assert [one.states(NOISE) for one in room.service.part(TopicAlarms).of(store, NOISE)] == [(StateValue.OK,)]
    room.alarm("one", NOISE)
    with room.service.store.read() as store:
        assert room.service.part(TopicAlarms).of(store, ALERTS) == ()


def test_the_alarms_that_would_lose_their_only_reader_are_counted(room: Room) -> None:
    only = room.subscribe("only")
    deaf = room.subscribe("deaf", attributes={"FilterPolicy": '{"a":["b"]}'})
    room.alarm("alone", ALERTS)
    room.alarm("both", ALERTS, NOISE)
    room.alarm("of-ok", NOISE, OKActions=[ALERTS])
    room.alarm("disabled", ALERTS, ActionsEnabled=False)
    room.alarm("gone", ALERTS, HERE.arn("sns", "never-made"))
    assert room.unheard(ALERTS, only) == ["alone", "both", "gone"]
    assert room.unheard(ALERTS, deaf) == []
    assert room.unheard(ALERTS, None) == ["alone", "both", "gone"]
    assert room.unheard(NOISE, None) == []  # nobody hears it now
    other = room.subscribe("other", topic="noise")
    assert room.unheard(ALERTS, only) == ["alone", "gone"]
    assert room.unheard(NOISE, other) == ["of-ok"]
    room.subscribe("second")
    assert room.unheard(ALERTS, only) == []
    assert room.unheard(ALERTS, None) == ["alone", "gone"]


def test_a_subscription_is_found_by_its_id_alone(room: Room) -> None:
    def find(ident: str) -> str | None:
        with room.service.store.read() as store:
            found = find_subscription(room.service, store, ident)
        return None if found is None else found.kept.topic

    room.subscribe("a", topic="noise")
    assert (find("a"), find("b")) == ("noise", None)
    room.subscribe("b")
    assert find("b") == "alerts"
