"""Topics of other accounts and regions. Spec: WIRE-9.9, SNS-1.7, SNS-4.3."""

from __future__ import annotations

import pytest
from wire_client import Dispatcher, client

from tocsin.api.sns import operations
from tocsin.app.service import Service
from tocsin.core.scope import Scope

GONE = ("NotFound", "Topic does not exist")
QUEUE = "arn:aws:sqs:eu-west-1:444455556666:q"


@pytest.fixture
def other(service: Service):
    """A client of another account."""
    return client("sns", Dispatcher(service, operations, account="444455556666"))


@pytest.fixture
def topic(sns) -> str:
    return sns.create_topic(Name="t")["TopicArn"]


def endpoints(listed) -> list[str]:
    return [one["Endpoint"] for one in listed["Subscriptions"]]


def test_regions_are_apart(sns, topic, dispatcher: Dispatcher, refused) -> None:
    elsewhere = client("sns", dispatcher, region="us-east-1")
    assert elsewhere.list_topics()["Topics"] == []
    assert refused(elsewhere.delete_topic, TopicArn=topic) == ("InvalidParameter", "Invalid parameter: TopicArn")
    assert elsewhere.create_topic(Name="t")["TopicArn"] != topic
    assert len(sns.list_topics()["Topics"]) == 1


def test_another_account_publishes_and_subscribes(sns, other, topic, outbox) -> None:
    arn = other.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    assert other.publish(TopicArn=topic, Message="hello")["MessageId"] == outbox()[-1][1].message_id
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["Owner"], listed["SubscriptionArn"]) == ("444455556666", arn)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_topic_attributes", {}),
        ("set_topic_attributes", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
        ("list_subscriptions_by_topic", {}),
        ("add_permission", {"Label": "l", "AWSAccountId": ["444455556666"], "ActionName": ["Publish"]}),
        ("remove_permission", {"Label": "l"}),
    ],
)
def test_another_account_sees_nothing_else(other, topic, refused, operation: str, parameters) -> None:
    assert refused(getattr(other, operation), TopicArn=topic, **parameters) == GONE


def test_another_account_deletes_nothing(sns, other, topic, refused) -> None:
    other.delete_topic(TopicArn=topic)
    assert len(sns.list_topics()["Topics"]) == 1
    assert other.list_topics()["Topics"] == []
    assert refused(other.list_tags_for_resource, ResourceArn=topic)[0] == "ResourceNotFound"


def test_both_see_the_subscription_and_a_third_does_not(sns, other, topic, service: Service, refused) -> None:
    arn = other.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    third = client("sns", Dispatcher(service, operations, account="777788889999"))
    for one in (sns, other):
        assert one.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["Owner"] == "444455556666"
    assert refused(third.get_subscription_attributes, SubscriptionArn=arn)[0] == "NotFound"
    third.unsubscribe(SubscriptionArn=arn)
    assert endpoints(other.list_subscriptions()) == [QUEUE]
    other.unsubscribe(SubscriptionArn=arn)
    assert endpoints(other.list_subscriptions()) == []
    assert endpoints(sns.list_subscriptions_by_topic(TopicArn=topic)) == []


def test_each_lists_what_it_has_made(sns, other, topic) -> None:
    own = other.create_topic(Name="own")["TopicArn"]
    for number in range(70):
        other.subscribe(TopicArn=own, Protocol="sqs", Endpoint=f"{QUEUE}-own{number}")
        other.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}-other{number}")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:111122223333:mine")
    pages = list(other.get_paginator("list_subscriptions").paginate())
    assert [len(page["Subscriptions"]) for page in pages] == [100, 40]
    topics = [one["TopicArn"] for page in pages for one in page["Subscriptions"]]
    assert topics == [own] * 70 + [topic] * 70
    found = {one["Endpoint"] for page in pages for one in page["Subscriptions"]}
    assert len(found) == 140
    assert endpoints(sns.list_subscriptions()) == ["arn:aws:sqs:eu-west-1:111122223333:mine"]
    sns.delete_topic(TopicArn=topic)
    assert {one["TopicArn"] for one in other.list_subscriptions()["Subscriptions"]} == {own}


def test_an_account_that_was_emptied_is_no_longer_listed(sns, other, topic, service: Service) -> None:
    other.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    service.store.write(lambda store: store.reset(Scope("111122223333", "eu-west-1")))
    assert endpoints(other.list_subscriptions()) == []


def test_who_has_subscribed_protects(sns, other, topic, outbox, refused) -> None:
    arn = other.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com/", ReturnSubscriptionArn=True)
    token = outbox()[-1][1].token
    given = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    assert refused(sns.confirm_subscription, **given) == (
        "AuthorizationError",
        "To disallow anonymous unsubscription, subscriber and confirmer IDs must match",
    )
    assert other.confirm_subscription(**given)["SubscriptionArn"] == arn["SubscriptionArn"]
