"""The watch over who listens: what is complained about, when, and how often. Spec: AL-19.4, SNS-12, IF-9."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, KeptAlarm
from tocsin.app.dispatcher import Dispatcher, Done
from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.topic import KeptSubscription, create_topic, delete_topic, put_subscription, set_topic_attribute
from tocsin.app.watch import Watch, WatchRun
from tocsin.clock import ManualClock
from tocsin.core.complaint import ComplaintKind
from tocsin.core.delivery import Delivered, DeliveryOutcome, DeliveryReason, Endpoint, Failed, Retry
from tocsin.core.envelope import unpack_envelope
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
ALARM = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:root-use"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Watched:
    """A service with a topic, whose operator gets JSON."""

    def __init__(self, **settings: Any) -> None:
        self.clock, self.store = ManualClock(START), MemoryStore()
        self._numbers = itertools.count(1)
        self._settings = ServiceSettings(**{"operator": Endpoint("operator", "operator.channel"), **settings})
        self.restart()
        create_topic(self.service, HERE, "alerts", attributes={}, tags={})

    def restart(self) -> None:
        """Forget all but the store."""
        self.service = Service(
            self.store, self.clock, new_id=lambda: f"{next(self._numbers):08}", settings=self._settings
        )
        self.dispatcher = Dispatcher(self.service)

    def put_alarm(self, name: str = "root-use", *, actions: tuple[str, ...] = (TOPIC,), enabled: bool = True) -> None:
        parameters = {
            "AlarmName": name, "Namespace": "Trail", "MetricName": "m", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": list(actions), "ActionsEnabled": enabled,
        }  # fmt: skip
        self._put(METRIC_ALARMS, name, parameters)

    def put_composite(self, rule: str, *, actions: tuple[str, ...] = (TOPIC,)) -> None:
        self._put(COMPOSITES, "both", {"AlarmName": "both", "AlarmRule": rule, "AlarmActions": list(actions)})

    def _put(self, definitions: Any, name: str, parameters: dict[str, Any]) -> None:
        kept = KeptAlarm(parameters=parameters, created_at=START, updated_at=START)
        self.store.write(lambda store: definitions.put(store, HERE, name, kept))

    def remove_alarm(self, name: str = "root-use") -> None:
        self.store.write(lambda store: METRIC_ALARMS.delete(store, HERE, name))

    def subscribe(self, ident: str = "s", **how: Any) -> None:
        """Put a subscription; confirmed unless it is said otherwise. Times are in seconds from the start."""
        for name in ("created_at", "confirmed_at", "deleted_at", "token_ends_at"):
            if how.get(name) is not None:
                how[name] = int((START.timestamp() + how[name]) * 1000)
        at = int(START.timestamp() * 1000)
        one = KeptSubscription(
            **{
                "ident": ident, "topic": "alerts", "protocol": "email", "endpoint": "oncall@example.com",
                "owner": HERE.account, "principal": "", "created_at": at, "confirmed_at": at, **how,
            }
        )  # fmt: skip
        self.store.write(lambda store: put_subscription(store, HERE, one))

    def publish(self) -> None:
        publish_to_topic(self.service, HERE, TOPIC, [Publication(message="m")])

    def deliver(self, outcome: DeliveryOutcome) -> None:
        """Try all that is due, but what is for the operator, with this outcome."""
        now = int(self.clock.now().timestamp() * 1000)
        taken = [one for one in self.dispatcher.take() if one.row.cause != "operator"]
        self.dispatcher.settle([Done(one, outcome, now, 1) for one in taken])

    def look(self, after: float = 0) -> WatchRun:
        self.clock.advance(after)
        return self.service.part(Watch).run()

    def kinds(self, after: float = 0) -> list[str]:
        return [one.kind.value for one in self.look(after).standing]

    @property
    def told(self) -> list[str]:
        """What the operator was told, the oldest first."""
        with self.store.read() as store:
            rows = [row for row in store.outbox.deliveries(limit=1000) if row.cause == "operator"]
        messages = [json.loads(unpack_envelope(row.body).message) for row in rows[::-1]]
        return [f"{one['event']} {one['kind']} {one.get('count', one.get('subject'))}" for one in messages]


def test_nothing_is_complained_about_where_somebody_listens() -> None:
    watched = Watched()
    watched.subscribe()
    watched.put_alarm()
    assert watched.look(DAY) == WatchRun()
    assert watched.told == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda it: it.put_alarm(), "nobody has confirmed a subscription to alerts"),
        (lambda it: it.put_alarm(actions=()), "it has no action for ALARM"),
        (lambda it: (it.subscribe(), it.put_alarm(enabled=False)), "its actions are disabled"),
        (
            lambda it: it.put_alarm(actions=("arn:aws:swf:eu-west-1:111122223333:action/actions/AWS_EC2.InstanceId.Stop/1.0",)),
            "no action for ALARM is a topic",
        ),
        (lambda it: it.put_alarm(actions=(TOPIC + "-2",)), "there is no topic alerts-2"),
        (
            lambda it: (it.subscribe(confirmed_at=None, token_ends_at=2 * DAY), it.put_alarm()),
            "nobody has confirmed a subscription to alerts",
        ),
        (
            lambda it: (it.subscribe(deleted_at=0, token_ends_at=-1), it.put_alarm()),
            "nobody has confirmed a subscription to alerts",
        ),
        (
            lambda it: (it.subscribe(attributes={"FilterPolicy": '{"severity":["high"]}'}), it.put_alarm()),
            "the filter policies of all subscribers of alerts drop it, as alarms have no attributes",
        ),
    ],
)  # fmt: skip
def test_an_alarm_that_reaches_nobody_is_complained_about(change, reason: str) -> None:
    watched = Watched()
    change(watched)
    run = watched.look()
    (complaint,) = run.standing
    assert run.begun == run.standing
    assert (complaint.kind, complaint.subject) == (ComplaintKind.UNHEARD_ALARM, ALARM)
    assert complaint.reason == f"when this alarm goes off nobody is told: {reason}"
    assert complaint.remedy
    assert watched.look(MINUTE) == WatchRun(standing=run.standing)


@pytest.mark.parametrize(
    "policy",
    [
        {"FilterPolicy": '{"NewStateValue":["ALARM"]}', "FilterPolicyScope": "MessageBody"},
        {"FilterPolicy": "{}"},
    ],
)
def test_a_filter_policy_that_lets_alarms_through_is_no_trouble(policy: dict[str, str]) -> None:
    watched = Watched()
    watched.subscribe(attributes=policy)
    watched.put_alarm()
    assert watched.look().standing == ()


PUBLISHING = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "is_refused"),
    [
        ({**PUBLISHING, "Principal": {"Service": "events.amazonaws.com"}}, True),
        ({**PUBLISHING, "Principal": {"Service": "cloudwatch.amazonaws.com"}}, False),
        (None, False),
    ],
)
def test_a_topic_policy_that_refuses_alarms(statement: dict[str, Any] | None, is_refused: bool) -> None:
    watched = Watched()
    watched.subscribe()
    watched.put_alarm()
    if statement is not None:
        set_topic_attribute(watched.service, HERE, TOPIC, "Policy", json.dumps({"Statement": [statement]}))
    reasons = [one.reason for one in watched.look().standing]
    assert len(reasons) == is_refused
    for reason in reasons:
        assert reason.startswith("on AWS nobody is told when this alarm goes off: the policy of alerts does not let")
    # another topic that lets it publish is enough
    create_topic(watched.service, HERE, "others", attributes={}, tags={})
    watched.put_alarm(actions=(TOPIC, TOPIC.replace("alerts", "others")))
    assert watched.look().standing == ()


def test_the_default_policy_of_another_account_refuses_alarms() -> None:
    watched = Watched()
    other = Scope("444455556666", HERE.region)
    create_topic(watched.service, other, "theirs", attributes={}, tags={})
    arn = f"arn:aws:sns:{other.region}:{other.account}:theirs"
    watched._settings = ServiceSettings(channels={arn: (Endpoint("slack", "slack env:HOOK"),)})
    watched.restart()
    watched.put_alarm(actions=(arn,))
    assert ["the policy of theirs" in one.reason for one in watched.look().standing] == [True]


def test_a_chat_channel_listens() -> None:
    watched = Watched(channels={TOPIC: (Endpoint("slack", "slack env:HOOK"),)})
    watched.put_alarm()
    assert watched.look().standing == ()


def test_a_child_without_actions_is_heard_through_its_composite() -> None:
    watched = Watched()
    watched.subscribe()
    watched.put_alarm(actions=())
    watched.put_composite('ALARM("root-use")')
    assert watched.look().standing == ()
    watched.put_composite('ALARM("root-use")', actions=())
    assert [one.subject.rpartition(":")[2] for one in watched.look().standing] == ["both"]


def test_an_alarm_is_told_after_a_while_once_and_when_somebody_listens() -> None:
    watched = Watched()
    watched.put_alarm()
    watched.look()
    watched.look(4 * MINUTE)
    assert watched.told == []
    for _ in range(10):
        watched.look(MINUTE)
        watched.restart()
    assert watched.told == [f"begun unheard-alarm {ALARM}"]
    watched.subscribe()
    run = watched.look(MINUTE)
    assert [one.why for one in run.ended] == ["somebody hears the alarm"]
    assert watched.look(MINUTE) == WatchRun()
    assert watched.told == [f"begun unheard-alarm {ALARM}", f"ended unheard-alarm {ALARM}"]


def test_what_ends_before_it_was_told_is_never_told() -> None:
    watched = Watched()
    watched.put_alarm()
    watched.look()
    watched.remove_alarm()
    run = watched.look(MINUTE)
    assert [one.why for one in run.ended] == ["the alarm was removed"]
    watched.look(DAY)
    assert watched.told == []


def test_what_lasts_is_told_again_once_a_day() -> None:
    watched = Watched()
    watched.put_alarm()
    watched.look()
    for _ in range(3 * 24 * 6):
        watched.look(10 * MINUTE)
        if watched.clock.now().hour == 7:
            watched.restart()
    assert watched.told == [f"begun unheard-alarm {ALARM}", *[f"lasts unheard-alarm {ALARM}"] * 2]


def test_without_a_channel_nothing_is_queued_and_what_stands_is_told_to_the_first_one() -> None:
    watched = Watched(operator=None)
    watched.put_alarm()
    watched.look()
    watched.look(HOUR)
    assert watched.told == []
    watched._settings = ServiceSettings(operator=Endpoint("operator", "operator.channel"))
    watched.restart()
    watched.look(MINUTE)
    assert watched.told == [f"begun unheard-alarm {ALARM}"]


def test_many_of_a_kind_are_told_in_one_message() -> None:
    watched = Watched()
    for number in range(20):
        watched.put_alarm(f"alarm-{number}")
    watched.look()
    watched.look(10 * MINUTE)
    assert len(watched.told) == 20
    watched = Watched()
    for number in range(21):
        watched.put_alarm(f"alarm-{number}")
    watched.look()
    watched.look(10 * MINUTE)
    assert watched.told == ["begun unheard-alarm 21"]
    watched.subscribe()
    watched.look(MINUTE)
    assert watched.told[1:] == ["ended unheard-alarm 21"]


# ---------------------------------------------------------------- subscriptions


def test_a_subscription_that_waits_for_more_than_a_day() -> None:
    watched = Watched()
    watched.subscribe(confirmed_at=None, token_ends_at=2 * DAY)
    assert watched.kinds(DAY - 1) == []
    (complaint,) = watched.look(1).standing
    assert complaint.kind is ComplaintKind.PENDING_SUBSCRIPTION
    assert complaint.subject == f"{TOPIC}:s"
    assert complaint.reason == (
        "email oncall@example.com has not confirmed the subscription to alerts, and gets nothing until then; "
        "it lapses at 2026-03-03T12:00:00Z"
    )
    assert watched.told == [f"begun pending-subscription {TOPIC}:s"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: it.subscribe(confirmed_at=DAY), "the subscription was confirmed"),
        (lambda it: it.clock.advance(DAY), "nobody has confirmed the subscription, and it has lapsed or was removed"),
        (
            lambda it: delete_topic(it.service, HERE, TOPIC),
            "nobody has confirmed the subscription, and it has lapsed or was removed",
        ),
    ],
)
def test_how_the_waiting_of_a_subscription_ends(change, why: str) -> None:
    watched = Watched()
    watched.subscribe(confirmed_at=None, token_ends_at=2 * DAY)
    watched.look(DAY)
    change(watched)
    (ended,) = watched.look().ended
    assert ended.why == why
    assert watched.told[-1] == f"ended pending-subscription {TOPIC}:s"


def test_a_subscriber_that_has_left_by_a_link() -> None:
    watched = Watched()
    watched.subscribe(deleted_at=0, token_ends_at=2 * DAY)
    (complaint,) = watched.look(MINUTE).standing
    assert complaint.kind is ComplaintKind.LOST_SUBSCRIPTION
    assert "restored until 2026-03-03T12:00:00Z" in complaint.reason
    watched.subscribe()
    assert [one.why for one in watched.look().ended] == ["the subscription was restored"]
    assert watched.told == [f"begun lost-subscription {TOPIC}:s", f"ended lost-subscription {TOPIC}:s"]


# ---------------------------------------------------------------- endpoints

FAILURE = Failed(DeliveryReason.STATUS, "404 Not Found")


@pytest.mark.parametrize("failure", [FAILURE, Retry(DeliveryReason.TIME_OUT, "no answer within 15 s")])
def test_an_endpoint_that_takes_nothing_for_an_hour(failure: DeliveryOutcome) -> None:
    watched = Watched()
    watched.subscribe(protocol="https", endpoint="https://hooks.example.com/T000/secret")
    watched.put_alarm()
    watched.publish()
    watched.deliver(failure)
    assert watched.kinds(HOUR - 1) == []
    endpoint, alarm = watched.look(1).standing
    assert (endpoint.kind, endpoint.subject) == (ComplaintKind.FAILING_ENDPOINT, f"{TOPIC}:s")
    assert endpoint.reason.startswith("nothing has arrived at https://hooks.example.com/… since 2026-03-01T12:00:00Z")
    assert "secret" not in endpoint.reason
    assert alarm.reason.endswith("nothing arrives at any subscriber of alerts")
    watched.publish()
    watched.deliver(Delivered("200 OK"))
    assert {one.why for one in watched.look(MINUTE).ended} == {
        "a message has arrived, or none is sent there any more",
        "somebody hears the alarm",
    }


def test_an_endpoint_that_took_something_since_is_none_that_fails() -> None:
    watched = Watched()
    watched.subscribe()
    watched.publish()
    watched.deliver(FAILURE)
    watched.clock.advance(30 * MINUTE)
    watched.publish()
    watched.deliver(Delivered())
    assert watched.kinds(HOUR) == []
    watched.publish()
    watched.deliver(FAILURE)
    assert watched.kinds(59 * MINUTE) == []
    assert watched.kinds(MINUTE) == ["failing-endpoint"]


def test_one_of_two_subscribers_is_enough() -> None:
    watched = Watched()
    watched.subscribe()
    watched.subscribe("t", endpoint="second@example.com")
    watched.put_alarm()
    watched.publish()
    now = int(watched.clock.now().timestamp() * 1000)
    outcomes = {f"{TOPIC}:s": FAILURE, f"{TOPIC}:t": Delivered()}
    watched.dispatcher.settle([Done(one, outcomes[one.row.target], now, 1) for one in watched.dispatcher.take()])
    assert watched.kinds(HOUR) == ["failing-endpoint"]


def test_a_chat_channel_that_takes_nothing() -> None:
    watched = Watched(channels={TOPIC: (Endpoint("slack", "slack env:HOOK"),)})
    watched.put_alarm()
    watched.publish()
    watched.deliver(FAILURE)
    run = watched.look(HOUR)
    assert [one.subject for one in run.standing] == ["slack env:HOOK", ALARM]


def test_the_channel_of_the_operator_is_complained_about_elsewhere() -> None:
    watched = Watched()
    watched.put_alarm()
    watched.look()
    watched.look(10 * MINUTE)
    now = int(watched.clock.now().timestamp() * 1000)
    watched.dispatcher.settle([Done(one, FAILURE, now, 1) for one in watched.dispatcher.take()])
    assert watched.kinds(HOUR) == ["failing-endpoint", "unheard-alarm"]
    watched.look(HOUR)
    assert watched.told == [f"begun unheard-alarm {ALARM}"]


def test_foreign_text_acts_on_nothing() -> None:
    watched = Watched()
    watched.subscribe(confirmed_at=None, token_ends_at=2 * DAY, endpoint="a\u202e\r\nb@example.com")
    watched.put_alarm("\u202eforged\nline")
    reasons = [one.reason for one in watched.look(DAY).standing]
    assert all(reason.isprintable() for reason in reasons)
    watched.look(HOUR)
    with watched.store.read() as store:
        envelopes = [unpack_envelope(row.body) for row in store.outbox.deliveries(limit=10)]
    assert len(envelopes) == 2
    assert all((one.subject or "").isprintable() and "\n" not in one.message for one in envelopes)


@pytest.mark.parametrize("protocol", ["email", "apprise"])
def test_people_are_told_in_words(protocol: str) -> None:
    watched = Watched(operator=Endpoint(protocol, "ops@example.com"), public_url="https://tocsin.example.com")
    watched.put_alarm()
    watched.look()
    watched.look(10 * MINUTE)
    with watched.store.read() as store:
        (row,) = store.outbox.deliveries(limit=10)
    envelope = unpack_envelope(row.body)
    assert (row.protocol, row.target, row.topic_arn) == (protocol, "ops@example.com", "")
    assert envelope.subject == "Tocsin: Nobody hears the alarm root-use"
    assert envelope.message == (
        "Nobody hears the alarm root-use.\n\n"
        "When this alarm goes off nobody is told: nobody has confirmed a subscription to alerts.\n\n"
        "What to do: subscribe somebody, and have it confirmed.\n\n"
        f"  About: {ALARM}\n  Since: 2026-03-01T12:00:00Z\n  Told by: https://tocsin.example.com\n"
    )
