"""How often an endpoint over HTTP is tried: the delivery policies of topics and subscriptions. Spec: SNS-10.1 to 10.3.

Rule: a policy is checked when it is set; what is in force is a policy with every member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_DELAY: Final = 3600
"""Seconds between two attempts, and of all attempts together."""

_MOST_RETRIES: Final = 100
_FUNCTIONS: Final = ("linear", "arithmetic", "geometric", "exponential")
_CONTENT_TYPE: Final = "text/plain; charset=UTF-8"

_DEFAULTS: Final[Mapping[str, Any]] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
_REQUIRED: Final = ("minDelayTarget", "maxDelayTarget", "numRetries")
_TOPIC_MEMBERS: Final = (
    *("defaultHealthyRetryPolicy", "defaultSicklyRetryPolicy", "defaultThrottlePolicy", "defaultRequestPolicy"),
    "disableSubscriptionOverrides",
)
_SUBSCRIPTION_MEMBERS: Final = (
    *("healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed"),
)


def _refused(what: str) -> InvalidParameterError:
    return InvalidParameterError(what, aws_code="InvalidParameter")


def check_topic_policy(text: str) -> None:
    """Read the policy of a topic.

    Raises:
        InvalidParameterError: it is refused; the message has no prefix.
    """
    tree = _object(text)
    _only(tree, ("http",))
    http = tree.get("http")
    if not isinstance(http, dict):
        raise _refused("http must be specified")
    _only(http, _TOPIC_MEMBERS)
    _check_members(http, "http.", "defaultHealthyRetryPolicy", "defaultSicklyRetryPolicy")
    _check_throttle(http.get("defaultThrottlePolicy"), "http.defaultThrottlePolicy")
    _check_request(http.get("defaultRequestPolicy"), "http.defaultRequestPolicy")
    if not isinstance(http.get("disableSubscriptionOverrides", False), bool):
        raise _refused("http.disableSubscriptionOverrides must be true or false")


def check_subscription_policy(text: str) -> None:
    """Read the policy of a subscription.

    Raises:
        InvalidParameterError: it is refused; the message has no prefix.
    """
    tree = _object(text)
    _only(tree, _SUBSCRIPTION_MEMBERS)
    _check_members(tree, "", "healthyRetryPolicy", "sicklyRetryPolicy")
    _check_throttle(tree.get("throttlePolicy"), "throttlePolicy")
    _check_request(tree.get("requestPolicy"), "requestPolicy")
    if not isinstance(tree.get("guaranteed", False), bool):
        raise _refused("guaranteed must be true or false")


def _object(text: str) -> dict[str, Any]:
    try:
        tree = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _refused(f"failed to parse JSON. {error}") from None
    if not isinstance(tree, dict):
        raise _refused("failed to parse JSON. It must be an object.")
    return tree


def _only(tree: Mapping[str, Any], members: Iterable[str]) -> None:
    for name in tree:
        if name not in members:
            raise _refused(f"Unexpected JSON member: {name}")


def _check_members(tree: Mapping[str, Any], path: str, *names: str) -> None:
    for name in names:
        if tree.get(name) is not None:
            _check_retries(tree[name], f"{path}{name}")


def _check_retries(given: Any, path: str) -> None:
    if not isinstance(given, dict):
        raise _refused(f"{path} must be a JSON object")
    _only(given, _DEFAULTS)
    for name in _REQUIRED:
        if given.get(name) is None:
            raise _refused(f"{path}.{name} must be specified")
    whole = {**_DEFAULTS, **given}
    _check_number(whole, "minDelayTarget", path, 1, _LONGEST_DELAY)
    _check_number(whole, "maxDelayTarget", path, whole["minDelayTarget"], _LONGEST_DELAY)
    for name in ("numRetries", "numMaxDelayRetries", "numNoDelayRetries", "numMinDelayRetries"):
        _check_number(whole, name, path, 0, _MOST_RETRIES)
    if whole["backoffFunction"] not in _FUNCTIONS:
        raise _refused(f"{path}.backoffFunction must be one of: {', '.join(_FUNCTIONS)}")
    if whole["numMaxDelayRetries"] + whole["numNoDelayRetries"] + whole["numMinDelayRetries"] > whole["numRetries"]:
        raise _refused(
            f"{path}.numRetries must be greater than or equal to the sum of numMaxDelayRetries, numNoDelayRetries "
            "and numMinDelayRetries"
        )
    if sum(retry_delays(whole)) > _LONGEST_DELAY:
        raise _refused(f"{path} must not take longer than {_LONGEST_DELAY} seconds in all")


def _check_number(given: Mapping[str, Any], name: str, path: str, least: int, most: int) -> None:
    value = given[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(f"{path}.{name} must be an integer")
    if value < least:
        raise _refused(f"{path}.{name} must be greater than or equal to {least}")
    if value > most:
        raise _refused(f"{path}.{name} must be less than or equal to {most}")


def _check_throttle(given: Any, path: str) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise _refused(f"{path} must be a JSON object")
    _only(given, ("maxReceivesPerSecond",))
    if given.get("maxReceivesPerSecond") is not None:
        _check_number(given, "maxReceivesPerSecond", path, 1, 1_000_000)


def _check_request(given: Any, path: str) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise _refused(f"{path} must be a JSON object")
    _only(given, ("headerContentType",))
    content_type = given.get("headerContentType")
    # It becomes a header, which it must not be able to end.
    if content_type is not None and not (isinstance(content_type, str) and content_type.isprintable() and content_type):
        raise _refused(f"{path}.headerContentType must be a content type")


def retry_delays(retries: Mapping[str, Any]) -> list[float]:
    """The seconds before each retry of a policy with every member, without jitter: the four phases (SNS-10.2)."""
    least, most = retries["minDelayTarget"], retries["maxDelayTarget"]
    count = (
        retries["numRetries"]
        - retries["numNoDelayRetries"]
        - retries["numMinDelayRetries"]
        - retries["numMaxDelayRetries"]
    )
    return [
        *[0.0] * retries["numNoDelayRetries"],
        *[float(least)] * retries["numMinDelayRetries"],
        *(_backoff(retries["backoffFunction"], least, most, number, count) for number in range(1, count + 1)),
        *[float(most)] * retries["numMaxDelayRetries"],
    ]


def _backoff(function: str, least: int, most: int, number: int, count: int) -> float:
    """The delay before the retry of that number of so many, from `least` to `most` seconds."""
    part = (number - 1) / (count - 1) if count > 1 else 0.0
    match function:
        case "arithmetic":
            share = number * (number - 1) / (count * (count - 1)) if count > 1 else 0.0
            return float(least + (most - least) * share)
        case "geometric":
            return float(least * (most / least) ** part)
        case "exponential":
            return float(min(most, least * 2 ** (number - 1)))
        case _:
            return float(least + (most - least) * part)


def effective_topic_policy(text: str) -> dict[str, Any]:
    """What is in force for a topic whose policy is `text`, or empty: every member, in SNS's order (SNS-10.3)."""
    http = msgspec.json.decode(text)["http"] if text else {}
    whole = {
        "defaultHealthyRetryPolicy": {**_DEFAULTS, **(http.get("defaultHealthyRetryPolicy") or {})},
        "disableSubscriptionOverrides": http.get("disableSubscriptionOverrides", False),
        "defaultRequestPolicy": http.get("defaultRequestPolicy") or {"headerContentType": _CONTENT_TYPE},
    }
    for name in ("defaultThrottlePolicy", "defaultSicklyRetryPolicy"):
        if http.get(name) is not None:
            whole[name] = http[name]
    return {"http": whole}


def effective_subscription_policy(text: str, *, topic: str) -> dict[str, Any]:
    """What is in force for a subscription: its own policy, where the topic's does not forbid one, else the topic's."""
    default = effective_topic_policy(topic)["http"]
    own = msgspec.json.decode(text) if text and not default["disableSubscriptionOverrides"] else {}
    retries = own.get("healthyRetryPolicy")
    return {
        "healthyRetryPolicy": default["defaultHealthyRetryPolicy"] if retries is None else {**_DEFAULTS, **retries},
        "sicklyRetryPolicy": own.get("sicklyRetryPolicy") or default.get("defaultSicklyRetryPolicy"),
        "throttlePolicy": own.get("throttlePolicy") or default.get("defaultThrottlePolicy"),
        "requestPolicy": own.get("requestPolicy") or default["defaultRequestPolicy"],
        "guaranteed": own.get("guaranteed", False),
    }
