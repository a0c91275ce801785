"""Who agrees, who leaves, and links without a signature. Spec: SNS-3.3, SNS-3.4, SNS-4, SNS-5.4, SNS-5.5, WIRE-1.13."""

from __future__ import annotations

from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import msgspec
import pytest
from wire_client import Dispatcher, wire_request

from tocsin.app.service import Service
from tocsin.core.envelope import EnvelopeKind

DAY = 86_400
INVALID = "InvalidParameter"
UNAUTHORISED = ("AuthorizationError", "This subscription may only be deleted by an authorized user.")


@pytest.fixture
def topic(sns) -> str:
    return sns.create_topic(Name="t")["TopicArn"]


@pytest.fixture
def ask(sns, topic, outbox):
    """Subscribe: the subscription's ARN, and the token that its endpoint got."""

    def run(protocol: str = "https", endpoint: str = "https://example.com/") -> tuple[str, str]:
        told = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True)
        return told["SubscriptionArn"], outbox()[-1][1].token

    return run


@pytest.fixture(params=["GET", "POST"])
def link(request, dispatcher: Dispatcher):
    """Follow a link without a signature: status, and the answer's text by the names of its elements."""

    def run(action: str, **parameters: str) -> tuple[int, dict[str, str]]:
        fields = urlencode({"Action": action, **parameters})
        if request.param == "GET":
            answer = dispatcher(wire_request(method="GET", query=fields))
        else:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = dispatcher(wire_request(fields, headers=headers))
        return answer.status, {one.tag.rpartition("}")[2]: one.text or "" for one in ET.fromstring(answer.body).iter()}

    return run


def state(sns, arn: str) -> tuple[str, str]:
    told = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return told["PendingConfirmation"], told["ConfirmationWasAuthenticated"]


def listed(sns) -> list[str]:
    return [one["SubscriptionArn"] for one in sns.list_subscriptions()["Subscriptions"]]


def test_what_the_endpoint_is_sent(sns, topic, ask, outbox) -> None:
    arn, token = ask("email", "a@example.com")
    ((row, envelope),) = outbox()
    assert envelope.kind is EnvelopeKind.SUBSCRIPTION_CONFIRMATION
    assert (envelope.protocol, envelope.endpoint) == ("email", "a@example.com")
    assert (envelope.topic_arn, envelope.subscription_arn) == (topic, arn)
    assert topic in envelope.message
    assert len(token) == 256
    assert set(token) <= set("0123456789abcdef")
    assert (row.target, row.status, row.attempts, row.outcome) == (arn, "pending", 0, "")


def test_the_example_of_two_tokens(sns, topic, ask, outbox, clock) -> None:
    """SNS-4.a: what is published while it waits is lost; both tokens confirm it."""
    arn, first = ask("email", "a@example.com")
    clock.advance(60)
    sns.publish(TopicArn=topic, Message="too early")
    clock.advance(240)
    again, second = ask("email", "a@example.com")
    assert again == arn
    assert first != second
    clock.advance(300)
    assert sns.confirm_subscription(TopicArn=topic, Token=first)["SubscriptionArn"] == arn
    clock.advance(60)
    sns.publish(TopicArn=topic, Message="in time")
    assert sns.confirm_subscription(TopicArn=topic, Token=second)["SubscriptionArn"] == arn
    assert [one.message for _, one in outbox() if one.kind is EnvelopeKind.NOTIFICATION] == ["in time"]


def test_a_signed_confirmation_is_told_apart(sns, topic, ask, link) -> None:
    signed, token = ask()
    assert state(sns, signed) == ("true", "false")
    sns.confirm_subscription(TopicArn=topic, Token=token)
    assert state(sns, signed) == ("false", "true")
    unsigned, token = ask("http", "http://example.com/")
    status, answer = link("ConfirmSubscription", TopicArn=topic, Token=token)
    assert (status, answer["SubscriptionArn"]) == (200, unsigned)
    assert state(sns, unsigned) == ("false", "false")
    assert link("ConfirmSubscription", TopicArn=topic, Token=token)[0] == 200


@pytest.mark.parametrize(
    ("topic_arn", "token", "message"),
    [
        (None, "randomtoken", "Invalid token"),
        (None, "f" * 255, "Invalid token"),
        (None, "f" * 256, "Invalid parameter: Token"),
        ("random", None, "Invalid parameter: Topic"),
        ("arn:aws:sns:us-east-1:111122223333:t", None, "Invalid parameter: Topic"),
    ],
)
def test_tokens_and_topics_that_are_wrong(sns, topic, ask, refused, topic_arn, token, message: str) -> None:
    _, right = ask()
    found = refused(sns.confirm_subscription, TopicArn=topic_arn or topic, Token=token or right)
    assert found == (INVALID, message)
    assert listed(sns) == ["PendingConfirmation"]


def test_the_token_decides_and_not_the_topic(sns, ask) -> None:
    arn, token = ask()
    absent = "arn:aws:sns:eu-west-1:111122223333:absent"
    assert sns.confirm_subscription(TopicArn=absent, Token=token)["SubscriptionArn"] == arn


def test_a_token_of_a_subscription_that_is_gone(sns, topic, ask, refused) -> None:
    _, token = ask()
    sns.delete_topic(TopicArn=topic)
    assert refused(sns.confirm_subscription, TopicArn=topic, Token=token) == (
        "NotFound",
        "Subscription does not exist",
    )


def test_tokens_last_two_days(sns, topic, ask, refused, clock) -> None:
    arn, first = ask()
    clock.advance(DAY)
    _, second = ask()
    clock.advance(DAY)
    assert refused(sns.confirm_subscription, TopicArn=topic, Token=first) == (INVALID, "Invalid parameter: Token")
    assert listed(sns) == ["PendingConfirmation"]
    clock.advance(DAY)
    assert refused(sns.confirm_subscription, TopicArn=topic, Token=second) == (INVALID, "Invalid parameter: Token")
    assert listed(sns) == []
    assert refused(sns.get_subscription_attributes, SubscriptionArn=arn)[0] == "NotFound"
    fresh, _ = ask()
    assert fresh != arn


def test_tokens_that_have_ended_do_not_pile_up(ask, service: Service, clock) -> None:
    for _ in range(20):
        ask()
        clock.advance(DAY)
    with service.store.read() as store:
        kept = [name for _, name, _ in store.scan_all("subscription-token")]
        ends = list(store.scan_all("subscription-token-end"))
    assert len(kept) == len(ends) <= 3


def test_a_store_that_is_read_confirms_nothing(ask, service: Service) -> None:
    _, token = ask()
    with service.store.read() as store:
        kept = [
            *((name, body) for _, name, body in store.scan_all("subscription-token")),
            *((name, body) for _, name, body in store.scan_all("subscription")),
        ]
    assert kept
    assert not any(token in name or token.encode() in body for name, body in kept)


def test_protection(sns, topic, ask, refused, link) -> None:
    arn, token = ask()
    given = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    status, answer = link("ConfirmSubscription", **given)
    assert (status, answer["Code"], answer["Message"]) == (
        403,
        "AuthorizationError",
        "To disallow anonymous unsubscription, subscriber and confirmer IDs must match",
    )
    sns.confirm_subscription(**given)
    assert refused(sns.confirm_subscription, **given) == ("AuthorizationError", "Subscription already confirmed")
    assert sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"] == arn
    status, answer = link("Unsubscribe", SubscriptionArn=arn)
    assert (status, answer["Code"], answer["Message"]) == (403, *UNAUTHORISED)
    assert listed(sns) == [arn]
    sns.unsubscribe(SubscriptionArn=arn)
    assert listed(sns) == []


def test_an_end_by_link_can_be_taken_back(sns, topic, ask, outbox, link) -> None:
    arn, token = ask()
    sns.confirm_subscription(TopicArn=topic, Token=token)
    before = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    for _ in range(2):
        assert link("Unsubscribe", SubscriptionArn=arn)[0] == 200
    assert listed(sns) == ["Deleted"]
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsDeleted"], counts["SubscriptionsConfirmed"]) == ("1", "0")
    sns.publish(TopicArn=topic, Message="nobody listens")
    first, ended = [one for _, one in outbox()]  # the second time nothing is sent
    assert (first.kind, ended.kind) == (
        EnvelopeKind.SUBSCRIPTION_CONFIRMATION,
        EnvelopeKind.UNSUBSCRIBE_CONFIRMATION,
    )
    assert link("ConfirmSubscription", TopicArn=topic, Token=ended.token)[0] == 200
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] == before
    sns.publish(TopicArn=topic, Message="again")
    assert outbox()[-1][1].message == "again"


def test_an_end_by_link_lasts_when_its_token_has_ended(sns, topic, ask, link, clock) -> None:
    arn, token = ask()
    sns.confirm_subscription(TopicArn=topic, Token=token)
    link("Unsubscribe", SubscriptionArn=arn)
    clock.advance(2 * DAY)
    assert listed(sns) == []
    assert ask()[0] != arn


def test_one_that_has_ended_by_link_is_made_anew(sns, topic, ask, link) -> None:
    arn, token = ask()
    sns.confirm_subscription(TopicArn=topic, Token=token)
    link("Unsubscribe", SubscriptionArn=arn)
    assert ask()[0] != arn
    assert sorted(listed(sns)) == ["Deleted", "PendingConfirmation"]


def test_a_pending_one_cannot_be_ended(sns, ask, refused, link) -> None:
    arn, _ = ask()
    message = "Invalid parameter: SubscriptionArn Reason: pending confirmation does not start with arn"
    assert refused(sns.unsubscribe, SubscriptionArn=arn) == (INVALID, message)
    status, answer = link("Unsubscribe", SubscriptionArn=arn)
    assert (status, answer["Message"]) == (400, message)


def test_links_to_nothing(link) -> None:
    status, answer = link("Unsubscribe", SubscriptionArn="arn:aws:sns:eu-west-1:111122223333:t:none")
    assert (status, "UnsubscribeResponse" in answer) == (200, True)
    status, answer = link("Unsubscribe", SubscriptionArn="random")
    assert (status, answer["Code"]) == (400, INVALID)


@pytest.mark.parametrize("protocol", ["email", "email-json"])
@pytest.mark.parametrize(
    ("setting", "tag", "ends"),
    [
        ("protected", None, False),
        ("confirm", None, False),
        ("open", None, True),
        ("protected", "open", True),
        ("open", "protected", False),
        ("open", "confirm", False),
    ],
)
def test_mailboxes_are_not_emptied_by_link_scanners(
    sns, topic, ask, service: Service, dispatcher: Dispatcher, protocol: str, setting: str, tag, ends: bool
) -> None:
    service.settings = msgspec.structs.replace(service.settings, mail_unsubscribe=setting)
    if tag is not None:
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "tocsin:unsubscribe", "Value": tag}])
    arn, token = ask(protocol, "a@example.com")
    sns.confirm_subscription(TopicArn=topic, Token=token)
    answer = dispatcher(wire_request(method="GET", query=urlencode({"Action": "Unsubscribe", "SubscriptionArn": arn})))
    assert answer.status == (200 if ends else 403)
    assert listed(sns) == ["Deleted" if ends else arn]


def test_a_queue_is_not_ended_by_a_link(sns, topic, link) -> None:
    queue = "arn:aws:sqs:eu-west-1:111122223333:q"
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    assert link("Unsubscribe", SubscriptionArn=arn)[0] == 403
    assert listed(sns) == [arn]


def test_a_mailbox_is_not_flooded(sns, topic, outbox, clock, now) -> None:
    """SNS-5.2: five mails an hour that ask; further subscriptions wait for their turn."""

    def subscribe(number: int) -> None:
        arn = sns.create_topic(Name=f"t{number}")["TopicArn"]
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="A@example.com" if number % 2 else "a@example.com")

    start = now()
    for number in range(6):
        subscribe(number)
        clock.advance(60)
    subscribe(0)  # it has had its mail
    subscribe(6)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="other@example.com")
    due = [(row.next_at - start) // 60_000 for row, _ in outbox()]
    assert due == [0, 1, 2, 3, 4, 60, 61, 6]
    clock.advance(3600)
    subscribe(0)
    assert len(outbox()) == 9


def test_a_flooded_mailbox_can_still_be_left(sns, topic, ask, outbox, dispatcher: Dispatcher) -> None:
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "tocsin:unsubscribe", "Value": "open"}])
    arn, token = ask("email", "a@example.com")
    for _ in range(4):
        ask("email", "a@example.com")
    sns.confirm_subscription(TopicArn=topic, Token=token)
    answer = dispatcher(wire_request(method="GET", query=urlencode({"Action": "Unsubscribe", "SubscriptionArn": arn})))
    assert (answer.status, listed(sns)) == (200, ["Deleted"])
    row, envelope = outbox()[-1]
    assert envelope.kind is EnvelopeKind.UNSUBSCRIBE_CONFIRMATION
    assert row.next_at == row.created_at + 3_600_000
