"""Topics and subscriptions as they are kept. Spec: SNS-1, SNS-3, SNS-4.

Rule: a topic that is made again under an old name is another one: its subscriptions go with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with the attributes that were set; `created_at` is in milliseconds since the epoch."""

    name: str
    created_at: int
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    data_protection_policy: str = ""

    @property
    def is_fifo(self) -> bool:
        """Whether it is a FIFO topic (SNS-1.1)."""
        return self.name.endswith(".fifo")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a confirmation; `expires_at` is in milliseconds since the epoch (SNS-4.1)."""

    value: str
    expires_at: int


class KeptSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription; times are in milliseconds since the epoch.

    `confirmed_at` is None while it is pending. `owner` is the account of who made it, `principal` their ARN.
    `deleted_at` is set where somebody unsubscribed through a link, which can be taken back (SNS-4.4).
    """

    ident: str
    topic: str
    protocol: str
    endpoint: str
    owner: str
    principal: str
    created_at: int
    confirmed_at: int | None = None
    was_authenticated: bool = False
    is_protected: bool = False
    deleted_at: int | None = None
    attributes: dict[str, str] = {}
    tokens: tuple[Token, ...] = ()

    @property
    def receives(self) -> bool:
        """Whether it gets what is published (SNS-3.4)."""
        return self.confirmed_at is not None and self.deleted_at is None


TOPICS = Definitions("topic", Topic)
SUBSCRIPTIONS = Definitions("subscription", KeptSubscription)


def topic_arn(scope: Scope, name: str) -> str:
    """The ARN of a topic."""
    return scope.arn("sns", name)


def subscription_arn(scope: Scope, subscription: KeptSubscription) -> str:
    """The ARN of a subscription."""
    return scope.arn("sns", f"{subscription.topic}:{subscription.ident}")


def subscription_name(topic: str, ident: str) -> str:
    """The name of a subscription among the definitions of a scope."""
    return f"{topic}\0{ident}"


def subscriptions_of(store: StoreReader, scope: Scope, topic: str) -> list[KeptSubscription]:
    """The subscriptions of a topic, in the order of their ids."""
    return [one for _, one in SUBSCRIPTIONS.scan(store, scope, prefix=f"{topic}\0")]
