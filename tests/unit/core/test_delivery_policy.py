"""Delivery policies: refusals, what is in force, and the four phases. Spec: SNS-10.1 to 10.3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.core.delivery_policy import (
    check_subscription_policy,
    check_topic_policy,
    effective_subscription_policy,
    effective_topic_policy,
    retry_delays,
)
from tocsin.errors import InvalidParameterError

REQUIRED = {"minDelayTarget": 1, "maxDelayTarget": 2, "numRetries": 3}
DEFAULTS = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}


def retries(**given: Any) -> dict[str, Any]:
    return {"healthyRetryPolicy": {**REQUIRED, **given}}


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ([], "failed to parse JSON. It must be an object."),
        ({"http": {}}, "Unexpected JSON member: http"),
        ({"healthyRetryPolicy": []}, "healthyRetryPolicy must be a JSON object"),
        (retries(x=1), "Unexpected JSON member: x"),
        (retries(numRetries=None), "healthyRetryPolicy.numRetries must be specified"),
        (
            {"healthyRetryPolicy": {"minDelayTarget": 1, "numRetries": 1}},
            "healthyRetryPolicy.maxDelayTarget must be specified",
        ),
        (retries(minDelayTarget=0), "healthyRetryPolicy.minDelayTarget must be greater than or equal to 1"),
        (retries(minDelayTarget="1"), "healthyRetryPolicy.minDelayTarget must be an integer"),
        (retries(minDelayTarget=True), "healthyRetryPolicy.minDelayTarget must be an integer"),
        (retries(minDelayTarget=3), "healthyRetryPolicy.maxDelayTarget must be greater than or equal to 3"),
        (retries(maxDelayTarget=3601), "healthyRetryPolicy.maxDelayTarget must be less than or equal to 3600"),
        (retries(numRetries=101), "healthyRetryPolicy.numRetries must be less than or equal to 100"),
        (
            retries(numNoDelayRetries=-1),
            "healthyRetryPolicy.numNoDelayRetries must be greater than or equal to 0",
        ),
        (
            retries(numNoDelayRetries=2, numMaxDelayRetries=2),
            (
                "healthyRetryPolicy.numRetries must be greater than or equal to the sum of numMaxDelayRetries, "
                "numNoDelayRetries and numMinDelayRetries"
            ),
        ),
        (
            retries(backoffFunction="square"),
            "healthyRetryPolicy.backoffFunction must be one of: linear, arithmetic, geometric, exponential",
        ),
        (
            retries(maxDelayTarget=3600, numMaxDelayRetries=2),
            "healthyRetryPolicy must not take longer than 3600 seconds in all",
        ),
        ({"sicklyRetryPolicy": {}}, "sicklyRetryPolicy.minDelayTarget must be specified"),
        ({"throttlePolicy": 1}, "throttlePolicy must be a JSON object"),
        ({"throttlePolicy": {"x": 1}}, "Unexpected JSON member: x"),
        (
            {"throttlePolicy": {"maxReceivesPerSecond": 0}},
            "throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1",
        ),
        ({"requestPolicy": []}, "requestPolicy must be a JSON object"),
        ({"requestPolicy": {"x": 1}}, "Unexpected JSON member: x"),
        ({"requestPolicy": {"headerContentType": 5}}, "requestPolicy.headerContentType must be a content type"),
        ({"requestPolicy": {"headerContentType": ""}}, "requestPolicy.headerContentType must be a content type"),
        (
            {"requestPolicy": {"headerContentType": "text/plain\r\nX-Header: a"}},
            "requestPolicy.headerContentType must be a content type",
        ),
        ({"guaranteed": "x"}, "guaranteed must be true or false"),
    ],
)
def test_policies_of_subscriptions_that_are_refused(policy: Any, message: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        check_subscription_policy(json.dumps(policy))
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({}, "http must be specified"),
        ({"http": []}, "http must be specified"),
        ({"throttlePolicy": {}}, "Unexpected JSON member: throttlePolicy"),
        ({"http": {"healthyRetryPolicy": {}}}, "Unexpected JSON member: healthyRetryPolicy"),
        (
            {"http": {"defaultHealthyRetryPolicy": {**REQUIRED, "numRetries": 101}}},
            "http.defaultHealthyRetryPolicy.numRetries must be less than or equal to 100",
        ),
        ({"http": {"defaultThrottlePolicy": []}}, "http.defaultThrottlePolicy must be a JSON object"),
        ({"http": {"defaultRequestPolicy": []}}, "http.defaultRequestPolicy must be a JSON object"),
        (
            {"http": {"disableSubscriptionOverrides": "yes"}},
            "http.disableSubscriptionOverrides must be true or false",
        ),
    ],
)
def test_policies_of_topics_that_are_refused(policy: Any, message: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        check_topic_policy(json.dumps(policy))
    assert caught.value.message == message


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_texts_that_are_no_policy(text: str) -> None:
    for check in (check_topic_policy, check_subscription_policy):
        with pytest.raises(InvalidParameterError, match="failed to parse JSON"):
            check(text)


@pytest.mark.parametrize(
    "policy",
    [
        {},
        retries(),
        retries(maxDelayTarget=3600, numRetries=1),
        {"healthyRetryPolicy": None, "throttlePolicy": {}, "guaranteed": True},
        {"throttlePolicy": {"maxReceivesPerSecond": 5}, "requestPolicy": {"headerContentType": "application/json"}},
    ],
)
def test_policies_that_are_accepted(policy: dict[str, Any]) -> None:
    check_subscription_policy(json.dumps(policy))


@pytest.mark.parametrize(
    "http", [{}, {"disableSubscriptionOverrides": True}, {"defaultHealthyRetryPolicy": REQUIRED}], ids=str
)
def test_policies_of_topics_that_are_accepted(http: dict[str, Any]) -> None:
    check_topic_policy(json.dumps({"http": http}))


def test_what_is_in_force_without_a_policy() -> None:
    request = {"headerContentType": "text/plain; charset=UTF-8"}
    assert effective_topic_policy("") == {
        "http": {
            "defaultHealthyRetryPolicy": DEFAULTS,
            "disableSubscriptionOverrides": False,
            "defaultRequestPolicy": request,
        }
    }
    assert effective_subscription_policy("", topic="") == {
        "healthyRetryPolicy": DEFAULTS,
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": request,
        "guaranteed": False,
    }


def test_a_subscription_overrides_its_topic_where_it_may() -> None:
    http = {
        "defaultHealthyRetryPolicy": REQUIRED,
        "defaultThrottlePolicy": {"maxReceivesPerSecond": 7},
        "defaultRequestPolicy": {"headerContentType": "text/csv"},
    }
    own = {
        "healthyRetryPolicy": {**REQUIRED, "numRetries": 9},
        "sicklyRetryPolicy": REQUIRED,
        "requestPolicy": {"headerContentType": "application/json"},
        "guaranteed": True,
    }
    text = json.dumps(own)
    open_topic = json.dumps({"http": http})
    found = effective_subscription_policy(text, topic=open_topic)
    assert found == {
        **own,
        "healthyRetryPolicy": {**DEFAULTS, **own["healthyRetryPolicy"]},  # type: ignore[dict-item]  # a dict
        "throttlePolicy": {"maxReceivesPerSecond": 7},
    }
    closed_topic = json.dumps({"http": {**http, "disableSubscriptionOverrides": True}})
    assert effective_subscription_policy(text, topic=closed_topic) == effective_subscription_policy(
        "", topic=open_topic
    )
    assert effective_topic_policy(open_topic)["http"]["defaultThrottlePolicy"] == {"maxReceivesPerSecond": 7}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [20, 20, 20]),  # SNS-10.a
        ({"numRetries": 0}, []),
        (
            {
                "minDelayTarget": 1,
                "maxDelayTarget": 9,
                "numRetries": 8,
                "numNoDelayRetries": 2,
                "numMinDelayRetries": 1,
                "numMaxDelayRetries": 2,
            },
            [0, 0, 1, 1, 5, 9, 9, 9],
        ),
        ({"minDelayTarget": 2, "maxDelayTarget": 10, "numRetries": 5}, [2, 4, 6, 8, 10]),
        ({"minDelayTarget": 0, "maxDelayTarget": 12, "numRetries": 4, "backoffFunction": "arithmetic"}, [0, 2, 6, 12]),
        ({"minDelayTarget": 1, "maxDelayTarget": 8, "numRetries": 4, "backoffFunction": "geometric"}, [1, 2, 4, 8]),
        (
            {"minDelayTarget": 3, "maxDelayTarget": 20, "numRetries": 4, "backoffFunction": "exponential"},
            [3, 6, 12, 20],
        ),
        ({"minDelayTarget": 3, "maxDelayTarget": 9, "numRetries": 1, "backoffFunction": "linear"}, [3]),
        ({"minDelayTarget": 3, "maxDelayTarget": 9, "numRetries": 1, "backoffFunction": "arithmetic"}, [3]),
        ({"minDelayTarget": 3, "maxDelayTarget": 9, "numRetries": 1, "backoffFunction": "geometric"}, [3]),
    ],
)
def test_the_four_phases(given: dict[str, Any], expected: list[float]) -> None:
    assert retry_delays({**DEFAULTS, **given}) == pytest.approx(expected)
