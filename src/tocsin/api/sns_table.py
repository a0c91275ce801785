"""What the operations of SNS share: their table, error names, pages, tags. Spec: SNS-11.2, WIRE-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.api.operation import Operations
from tocsin.errors import AccessDeniedError, InputError, LimitExceededError, NotFoundError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


operations = Operations(
    "sns",
    {
        (NotFoundError, "tagged"): "ResourceNotFound",
        (NotFoundError, ""): "NotFound",
        (LimitExceededError, "tag"): "TagLimitExceeded",
        (LimitExceededError, "topic"): "TopicLimitExceeded",
        (LimitExceededError, "subscription"): "SubscriptionLimitExceeded",
        (LimitExceededError, "filter-policy"): "FilterPolicyLimitExceeded",
        (AccessDeniedError, ""): "AuthorizationError",
        (InputError, ""): "InvalidParameter",
    },
)

PAGE = 100
"""Topics or subscriptions of a page (SNS-3.7)."""


def page_fault() -> Fault:
    """How a token that is not one for the request is refused (WIRE-9.2)."""
    return Fault("InvalidParameter", "Invalid parameter: NextToken")


def tags_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping; a key that comes twice is refused."""
    pairs = [(one["Key"], one["Value"]) for one in listed or ()]
    if len({key for key, _ in pairs}) < len(pairs):
        raise Fault("InvalidParameter", "Invalid parameter: Duplicated keys are not allowed.")
    return dict(pairs)
