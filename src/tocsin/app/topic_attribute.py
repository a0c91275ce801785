"""Attributes of topics: which there are, and what they may be. Spec: SNS-1.3, SNS-1.5, SNS-2.7, SNS-10.3.

Rule: what was accepted is kept as it was sent; only `true` and `false` are kept in lower case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.delivery_policy import check_topic_policy
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROTOCOLS: Final = ("HTTP", "SQS", "Lambda", "Firehose", "Application")

_ROLES: Final = tuple(f"{protocol}{kind}FeedbackRoleArn" for protocol in _PROTOCOLS for kind in ("Success", "Failure"))
_RATES: Final = tuple(f"{protocol}SuccessFeedbackSampleRate" for protocol in _PROTOCOLS)
_FOR_FIFO: Final = ("ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope")

TOPIC_ATTRIBUTES: Final = (
    *("DisplayName", "Policy", "DeliveryPolicy", "SignatureVersion", "TracingConfig", "KmsMasterKeyId"),
    *("MaximumMessageSize", "FifoTopic", *_FOR_FIFO, *_ROLES, *_RATES),
)
"""The attributes that may be set."""

DEFAULT_ACTIONS: Final = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission"),
    *("DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"),
)
"""The actions that the default policy names, without their prefix (SNS-1.4)."""

_ACTION: Final = re.compile(r"(?:\*|sns:[A-Za-z*?]+)\Z", re.IGNORECASE)

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "SignatureVersion": ("1", "2"),
    "TracingConfig": ("PassThrough", "Active"),
    "FifoThroughputScope": ("Topic", "MessageGroup"),
}
_DEFAULTS: Final[Mapping[str, str]] = {
    "ContentBasedDeduplication": "false",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
    "FifoThroughputScope": "Topic",
}
_JSON: Final = ("Policy", "DeliveryPolicy", "ArchivePolicy")
_LONGEST_NAME: Final = 100
_SMALLEST_MESSAGE, _LARGEST_MESSAGE = 1024, 1_048_576


def _invalid(what: str) -> InvalidParameterError:
    return InvalidParameterError(f"Invalid parameter: {what}", aws_code="InvalidParameter")


def check_topic_attributes(given: Mapping[str, str], *, is_fifo: bool, is_new: bool = True) -> dict[str, str]:
    """Attributes as they are kept; of a topic that is being made, or else of one that is there.

    Raises:
        InvalidParameterError: one of them is refused.
    """
    prefix = "Attributes Reason: " if is_new else ""
    kept: dict[str, str] = {}
    for name, value in given.items():
        if name not in TOPIC_ATTRIBUTES or (name in _FOR_FIFO and not is_fifo):
            raise _invalid(f"{prefix}Unknown attribute {name}" if is_new else "AttributeName")
        if value or name == "Policy":
            _check(name, value, prefix)
        kept[name] = value.lower() if name in {"FifoTopic", "ContentBasedDeduplication"} else value
    if kept.get("FifoTopic") == "false":  # a standard topic has no such attribute
        del kept["FifoTopic"]
    return kept


def _check(name: str, value: str, prefix: str) -> None:
    match name:
        case "DisplayName" if len(value) > _LONGEST_NAME or not value.isprintable():
            raise _invalid(f"{prefix}DisplayName")
        case "Policy":
            _check_policy(value, prefix)
        case "DeliveryPolicy":
            try:
                check_topic_policy(value)
            except InvalidParameterError as error:
                raise _invalid(f"{prefix}DeliveryPolicy: {error.message}") from None
        case "ArchivePolicy" if not isinstance(_tree(value), dict):
            raise _invalid(f"{prefix}ArchivePolicy: failed to parse JSON.")
        case "FifoTopic" | "ContentBasedDeduplication" if value.lower() not in {"true", "false"}:
            raise _invalid(f"{prefix}{name}: Invalid value [{value}]. Must be true or false.")
        case "MaximumMessageSize" if not _is_between(value, _SMALLEST_MESSAGE, _LARGEST_MESSAGE):
            raise _invalid(f"{prefix}MaximumMessageSize")
        case _ if (name in _CHOICES and value not in _CHOICES[name]) or (
            name in _RATES and not _is_between(value, 0, 100)
        ):
            raise _invalid(f"{prefix}{name}")


def _is_between(value: str, least: int, most: int) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= len(str(most)) and least <= int(value) <= most


def _tree(text: str) -> Any:
    """What a JSON text holds; None for what is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _check_policy(text: str, prefix: str) -> None:
    """The form of a policy, and that its actions are those of SNS; who may do what is never looked at."""
    tree = _tree(text)
    found = tree.get("Statement") if isinstance(tree, dict) else None
    statements = [found] if isinstance(found, dict) else found
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise _invalid(f"{prefix}Policy Error: null")
    for statement in statements:
        actions = statement.get("Action", [])
        for action in actions if isinstance(actions, list) else [actions]:
            if not _ACTION.match(str(action)):
                raise _invalid(f"{prefix}Policy statement action out of service scope!")


def is_same_value(name: str, known: str | None, given: str) -> bool:
    """Whether an attribute that is given again says the same as the one that is kept; None for one that was not set."""
    default = _DEFAULTS.get(name, "")
    one, other = known or default, given or default
    return one == other or (name in _JSON and one != "" and other != "" and _tree(one) == _tree(other))
