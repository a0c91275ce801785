"""Endpoints and attributes of subscriptions: what SNS accepts. Spec: SNS-3.1, SNS-3.5, SNS-3.6, SNS-9.6, SNS-10."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from tocsin.app.publication import policy_scope
from tocsin.app.topic import OVER_HTTP, invalid
from tocsin.core.delivery_policy import check_subscription_policy
from tocsin.core.filter_policy import FilterPolicy
from tocsin.errors import FilterPolicyError, InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.topic import KeptSubscription, Topic

PROTOCOLS: Final = (
    *("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"),
    "log",  # ours: each message goes into the service's log (SNS-8.5)
)

MAIL: Final = frozenset(("email", "email-json"))
"""Protocols whose endpoint is a mailbox."""

UNSERVED: Final = ("lambda", "firehose", "sms", "application")
"""Protocols that are accepted, and whose messages end as not delivered, as there is no service for them (SNS-8.5)."""

_BY_ACCOUNT: Final = frozenset(("sqs", "lambda", "firehose"))
"""Protocols whose endpoint belongs to an account, whose owner need not confirm."""

SUBSCRIPTION_ATTRIBUTES: Final = (
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"),
    *("SubscriptionRoleArn", "ReplayPolicy"),
)
"""The attributes that may be set (SNS-3.5)."""

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+\Z")
_LONGEST_EMAIL: Final = 320
_PHONE: Final = re.compile(r"\+?[1-9][0-9]{4,14}\Z")
_QUEUE: Final = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+\Z")
_ARN: Final = re.compile(r"arn:[a-z-]+:([a-z]+):[a-z0-9-]*:([0-9]{12}):\S+\Z")
_ARN_PARTS: Final = 6
_NO_POLICY: Final = re.compile(r"\s*(?:\{\s*\}\s*)?\Z")


def is_phone_number(text: str) -> bool:
    """Whether it is a number as E.164 has them, with or without the plus and hyphens."""
    return _PHONE.match(text.replace("-", "")) is not None


def check_endpoint(protocol: str, endpoint: str) -> None:
    """Whether there is such a protocol, and the endpoint is one of it."""
    match protocol:
        case "http" | "https":
            _check_url(protocol, endpoint)
        case "email" | "email-json":
            if len(endpoint) > _LONGEST_EMAIL or not _EMAIL.match(endpoint) or not endpoint.isprintable():
                raise invalid("Email address")
        case "sqs":
            if not _QUEUE.match(endpoint):
                raise invalid("SQS endpoint ARN")
        case "sms":
            if not is_phone_number(endpoint):
                raise InvalidParameterError(f"Invalid SMS endpoint: {endpoint}", aws_code="InvalidParameter")
        case "lambda" | "firehose" | "application":
            found = _ARN.match(endpoint)
            if found is None or found[1] != ("sns" if protocol == "application" else protocol):
                raise invalid("Endpoint must match the specified protocol")
        case _ if protocol not in PROTOCOLS:
            raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")


def _check_url(protocol: str, endpoint: str) -> None:
    try:
        url = urlsplit(endpoint)
        host, _, user = url.hostname, url.port, url.username
    except ValueError:
        raise invalid("Endpoint must match the specified protocol") from None
    if url.scheme != protocol or not host or not endpoint.isprintable() or " " in endpoint:
        raise invalid("Endpoint must match the specified protocol")
    if protocol == "http" and user is not None:
        raise invalid("Endpoint Reason: Please use HTTPS for subscriptions that contain inline credentials")


def needs_confirmation(protocol: str, endpoint: str, account: str) -> bool:
    """Whether an endpoint has to agree before it gets anything, when that account subscribes it (SNS-3.1)."""
    if protocol in _BY_ACCOUNT:
        return endpoint.split(":")[4] != account
    return protocol in MAIL or protocol in OVER_HTTP


def check_for_topic(topic: Topic, protocol: str, endpoint: str) -> None:
    """FIFO topics are for queues, and FIFO queues for FIFO topics (SNS-2.7)."""
    if topic.is_fifo and protocol != "sqs":
        raise invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue")
    if not topic.is_fifo and protocol == "sqs" and endpoint.endswith(".fifo"):
        raise invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )


def check_attributes(given: Mapping[str, str], protocol: str, endpoint: str, topic: str) -> dict[str, str]:
    """The attributes of a new subscription as they are kept; those without a value are left out."""
    prefix = "Attributes Reason: "
    kept: dict[str, str] = {}
    for name, value in given.items():
        if name not in SUBSCRIPTION_ATTRIBUTES:
            raise invalid(f"{prefix}Unknown attribute {name}")
        check_attribute({**given, name: value}, name, endpoint, topic, prefix=prefix)
        kept[name] = as_kept(name, value)
    if protocol == "firehose" and not kept.get("SubscriptionRoleArn"):
        raise invalid(f"{prefix}SubscriptionRoleArn: no value for required parameter")
    return {name: value for name, value in kept.items() if value}


def as_kept(name: str, value: str) -> str:
    """An attribute as it is kept; empty where it takes the attribute away (SNS-9.1)."""
    if name == "RawMessageDelivery":
        return value.lower()
    if name == "FilterPolicy" and _NO_POLICY.match(value):
        return ""
    return value


def check_attribute(attributes: Mapping[str, str], name: str, endpoint: str, topic: str, *, prefix: str) -> None:
    """Whether one of the attributes may be so, the others being as they are."""
    value = attributes[name]
    match name:
        case "RawMessageDelivery" if value.lower() not in {"true", "false"}:
            raise invalid(f"{prefix}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
        case "FilterPolicyScope" if value not in {"MessageAttributes", "MessageBody"}:
            raise invalid(
                f"{prefix}FilterPolicyScope: Invalid value [{value}]. "
                "Please use either MessageBody or MessageAttributes"
            )
        case "FilterPolicy" if as_kept(name, value):
            _check_filter_policy(attributes, value, prefix)
        case "RedrivePolicy" if value:
            _check_redrive_policy(value, endpoint, topic, prefix)
        case "DeliveryPolicy" if value:
            try:
                check_subscription_policy(value)
            except InvalidParameterError as error:
                raise invalid(f"{prefix}DeliveryPolicy: {error.message}") from None
        case "SubscriptionRoleArn" if value and not value.startswith("arn:"):
            raise invalid(f"{prefix}SubscriptionRoleArn")


def _check_filter_policy(attributes: Mapping[str, str], policy: str, prefix: str) -> None:
    try:
        FilterPolicy.parse(policy, policy_scope(attributes))
    except FilterPolicyError as error:
        # This one text stands without the attribute's name (SNS-9.6).
        name = "" if error.message.startswith("Filter policy scope") else "FilterPolicy: "
        raise invalid(f"{prefix}{name}{error.message}") from None


def _check_redrive_policy(text: str, endpoint: str, topic: str, prefix: str) -> None:
    try:
        tree = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise invalid(f"{prefix}RedrivePolicy: failed to parse JSON. {error}") from None
    if not isinstance(tree, dict):
        raise invalid(f"{prefix}RedrivePolicy: failed to parse JSON. It must be an object.")
    for name in tree:
        if name != "deadLetterTargetArn":
            raise invalid(f"{prefix}RedrivePolicy: invalid JSON. Attribute {name} is unknown.")
    target = tree.get("deadLetterTargetArn")
    if not isinstance(target, str) or not target.startswith("arn:") or len(target.split(":")) < _ARN_PARTS:
        raise invalid(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    is_fifo_queue = target.split(":")[2] == "sqs" and target.endswith(".fifo")
    if topic.endswith(".fifo") and endpoint.endswith(".fifo") and not is_fifo_queue:
        raise invalid(f"{prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")


def shown_endpoint(subscription: KeptSubscription) -> str:
    """The endpoint of a subscription as it may be shown."""
    return shown_address(subscription.protocol, subscription.endpoint)


def shown_address(protocol: str, address: str) -> str:
    """An address as it may be shown: without a password (SNS-8.3)."""
    if protocol != "https" or "@" not in address:
        return address
    return re.sub(r"(?<=://)([^/?#@:]*):[^/?#]*@", r"\1:****@", address)
