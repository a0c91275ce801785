"""Attributes of topics and subscriptions: whatever is accepted can be worked with. Spec: SNS-1.3, SNS-3.5, SNS-10.3."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.service import Service
from tocsin.app.subscription_endpoint import check_attributes
from tocsin.app.topic import add_permission, create_topic, set_topic_attribute, topic_attributes
from tocsin.app.topic_attribute import TOPIC_ATTRIBUTES, check_topic_attributes, is_same_value
from tocsin.clock import SystemClock
from tocsin.core.delivery_policy import effective_subscription_policy, effective_topic_policy
from tocsin.core.scope import Scope
from tocsin.errors import InvalidParameterError
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "us-east-1")

WORDS = st.sampled_from(
    (
        *("http", "defaultHealthyRetryPolicy", "healthyRetryPolicy", "throttlePolicy", "requestPolicy", "numRetries"),
        *("minDelayTarget", "maxDelayTarget", "backoffFunction", "maxReceivesPerSecond", "headerContentType"),
        *("Statement", "Action", "Sid", "deadLetterTargetArn", "guaranteed", "a"),
    )
)
LEAVES = st.none() | st.booleans() | st.integers(-1, 101) | st.floats() | WORDS | st.just("sns:Publish") | st.text()
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)
TEXTS = TREES.map(json.dumps) | st.text()


@given(st.sampled_from(TOPIC_ATTRIBUTES), TEXTS, st.booleans(), st.booleans())
def test_attributes_of_topics(name: str, value: str, is_fifo: bool, is_new: bool) -> None:
    try:
        kept = check_topic_attributes({name: value}, is_fifo=is_fifo, is_new=is_new)
    except InvalidParameterError:
        return
    for key, one in kept.items():
        assert is_same_value(key, one, value)
    effective_topic_policy(kept.get("DeliveryPolicy", ""))


@given(TREES)
def test_a_policy_that_is_accepted_can_be_added_to(policy: object) -> None:
    service = Service(MemoryStore(), SystemClock(), new_id=lambda: "")
    arn = create_topic(service, HERE, "t", attributes={}, tags={})
    text = json.dumps({"Version": "2012-10-17", "Statement": policy})
    try:
        set_topic_attribute(service, HERE, arn, "Policy", text)
    except InvalidParameterError:
        return
    add_permission(service, HERE, arn, "one-more", accounts=["444455556666"], actions=["Publish"])
    statements = json.loads(topic_attributes(service, HERE, arn)["Policy"])["Statement"]
    assert statements[-1]["Sid"] == "one-more"


@given(
    st.sampled_from(["DeliveryPolicy", "FilterPolicy", "RedrivePolicy", "RawMessageDelivery", "FilterPolicyScope"]),
    TEXTS,
)
def test_attributes_of_subscriptions(name: str, value: str) -> None:
    try:
        kept = check_attributes({name: value}, "https", "https://example.com/", "t")
    except InvalidParameterError:
        return
    effective_subscription_policy(kept.get("DeliveryPolicy", ""), topic="")
