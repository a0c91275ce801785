"""Topics and subscriptions as they are kept, and the use cases of topics. Spec: SNS-1, SNS-3, SNS-4, WIRE-8.

Rule: a topic that is made again under an old name is another one: its subscriptions go with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.digest import DIGEST_TAG, digest_problem
from tocsin.app.expiring import ExpiringDefinitions
from tocsin.app.topic_attribute import DEFAULT_ACTIONS, check_topic_attributes, is_same_value
from tocsin.core.delivery_policy import effective_topic_policy
from tocsin.core.scope import Scope
from tocsin.errors import InvalidParameterError, LimitExceededError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter


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


class KeptSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription; times are in milliseconds since the epoch.

    `confirmed_at` is None while it is pending. `owner` is the account of who made it, `principal` their ARN.
    `deleted_at` is set where somebody unsubscribed through a link, which can be taken back (SNS-4.4).
    `token_ends_at` is the end of the newest token that confirms or restores it; None without one. `unsubscribe` is
    the mode of this mailbox alone (SNS-5.4), empty where it is that of its topic.
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
    token_ends_at: int | None = None
    unsubscribe: str = ""
    attributes: dict[str, str] = {}

    @property
    def receives(self) -> bool:
        """Whether it gets what is published (SNS-3.4)."""
        return self.confirmed_at is not None and self.deleted_at is None

    def is_gone(self, now: int) -> bool:
        """Whether it waits for a token that is no longer valid (SNS-4.5)."""
        return not self.receives and (self.token_ends_at is None or self.token_ends_at <= now)


class PublishedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a FIFO topic remembers of a message, so that it is not published twice (SNS-2.7)."""

    message_id: str
    sequence_number: str


TOPICS = Definitions("topic", Topic)
SUBSCRIPTIONS = Definitions("subscription", KeptSubscription)

FIFO_MESSAGES = ExpiringDefinitions("fifo-message", PublishedMessage)
"""By topic, message group where that counts, and deduplication id."""

FIFO_NUMBERS = Definitions("fifo-sequence", int)
"""The last sequence number of each FIFO topic."""

ELSEWHERE = Definitions("subscription-elsewhere", str)
"""Subscriptions to topics of other accounts, in the scope of who made them: account and name of the subscription."""


OVER_HTTP = frozenset(("http", "https"))
"""Protocols whose endpoint is a URL."""

UNSUBSCRIBE_TAG = "tocsin:unsubscribe"
UNSUBSCRIBE_MODES = ("protected", "confirm", "open")


def unsubscribe_mode(topic: Topic | None, default: str, one: KeptSubscription | None = None) -> str:
    """What it takes to end an e-mail subscription: its own mode, else the topic's tag, else the setting (SNS-5.4)."""
    if one is not None and one.unsubscribe in UNSUBSCRIBE_MODES:
        return one.unsubscribe
    mode = "" if topic is None else topic.tags.get(UNSUBSCRIBE_TAG, "")
    return mode if mode in UNSUBSCRIBE_MODES else default


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


def put_subscription(store: StoreWriter, home: Scope, subscription: KeptSubscription) -> None:
    """Keep a subscription in the scope of its topic, and where it is told from another account's scope, there too."""
    name = subscription_name(subscription.topic, subscription.ident)
    SUBSCRIPTIONS.put(store, home, name, subscription)
    if subscription.owner != home.account:
        owner = Scope(subscription.owner, home.region)
        ELSEWHERE.put(store, owner, f"{home.account}\0{name}", home.account)


def remove_subscription(store: StoreWriter, home: Scope, subscription: KeptSubscription) -> None:
    """Forget a subscription."""
    name = subscription_name(subscription.topic, subscription.ident)
    SUBSCRIPTIONS.delete(store, home, name)
    if subscription.owner != home.account:
        ELSEWHERE.delete(store, Scope(subscription.owner, home.region), f"{home.account}\0{name}")


# ---------------------------------------------------------------- names and ARNs

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,251}\.fifo\Z")
_ARN_PARTS = 6

MOST_TOPICS = 100_000
"""Topics of an account and region (SNS-11.1)."""

_MOST_TAGS = 50


class NoTopicError(NotFoundError):
    """There is no such topic."""

    def __init__(self) -> None:
        super().__init__("Topic does not exist", resource="topic")


def invalid(what: str) -> InvalidParameterError:
    """A parameter that SNS refuses."""
    return InvalidParameterError(f"Invalid parameter: {what}", aws_code="InvalidParameter")


def check_arn(arn: str, parameter: str) -> list[str]:
    """The parts of an ARN that a parameter gives (SNS-1.7)."""
    parts = arn.split(":")
    if len(parts) < _ARN_PARTS:
        raise invalid(f"{parameter} Reason: An ARN must have at least {_ARN_PARTS} elements, not {len(parts)}")
    return parts


def topic_of(arn: str, scope: Scope, parameter: str = "TopicArn") -> tuple[Scope, str]:
    """Scope and name in the ARN of a topic of this region, in whatever account."""
    parts = check_arn(arn, parameter)
    here = ["arn", scope.partition, "sns", scope.region]
    if parts[:4] != here or len(parts) != _ARN_PARTS:
        raise invalid(parameter)
    return Scope(parts[4], parts[3]), parts[5]


def require_topic(
    store: StoreReader, arn: str, scope: Scope, parameter: str = "TopicArn", *, of_any_account: bool = False
) -> tuple[Scope, Topic]:
    """The topic that an ARN names; for all but Publish and Subscribe one of the caller's account (WIRE-9.9).

    Raises:
        NoTopicError: there is none.
        InvalidParameterError: it is no ARN of a topic, or of another region.
    """
    home, name = topic_of(arn, scope, parameter)
    topic = TOPICS.get(store, home, name) if of_any_account or home == scope else None
    if topic is None:
        raise NoTopicError
    return home, topic


# ---------------------------------------------------------------- use cases


def create_topic(
    service: Service,
    scope: Scope,
    name: str,
    *,
    attributes: Mapping[str, str],
    tags: Mapping[str, str],
    data_protection_policy: str = "",
) -> str:
    """Make a topic, or find the one of that name; its ARN (SNS-1.2)."""
    is_fifo = attributes.get("FifoTopic", "").lower() == "true"
    if not (_FIFO_NAME if is_fifo else _NAME).match(name):
        raise invalid("Topic Name")
    given = check_topic_attributes(attributes, is_fifo=is_fifo)
    _check_tags(tags)
    made = Topic(
        name=name,
        created_at=service.now_ms(),
        attributes={key: value for key, value in given.items() if value},
        tags=dict(tags),
        data_protection_policy=data_protection_policy,
    )

    def work(store: StoreWriter) -> None:
        known = TOPICS.get(store, scope, name)
        if known is None:
            if store.count(TOPICS.kind, scope) >= MOST_TOPICS:
                raise LimitExceededError("Topic limit exceeded", resource="topic")
            TOPICS.put(store, scope, name, made)
            return
        if not all(is_same_value(key, known.attributes.get(key), value) for key, value in given.items()):
            raise invalid("Attributes Reason: Topic already exists with different attributes")
        if any(known.tags.get(key) != value for key, value in tags.items()):
            raise invalid("Tags Reason: Topic already exists with different tags")

    service.store.write(work)
    return topic_arn(scope, name)


def _check_tags(tags: Mapping[str, str]) -> None:
    """Tags of ours mean something; one that does not is refused, rather than found out about at night."""
    mode, every = tags.get(UNSUBSCRIBE_TAG), tags.get(DIGEST_TAG)
    if mode is not None and mode not in UNSUBSCRIBE_MODES:
        raise invalid(
            f"Tags Reason: {UNSUBSCRIBE_TAG} is {', '.join(UNSUBSCRIBE_MODES[:-1])} or {UNSUBSCRIBE_MODES[-1]}"
        )
    problem = "" if every is None else digest_problem(every)
    if problem:
        raise invalid(f"Tags Reason: {DIGEST_TAG}: {problem}")
    if len(tags) > _MOST_TAGS:
        raise LimitExceededError("Could not complete request: tag quota of per resource exceeded", resource="tag")


def delete_topic(service: Service, scope: Scope, arn: str) -> None:
    """Remove a topic with its subscriptions, pending ones too; one that is not there is gone already (SNS-1.6)."""
    home, name = topic_of(arn, scope)

    def work(store: StoreWriter) -> None:
        if home == scope and TOPICS.delete(store, scope, name):
            for one in subscriptions_of(store, scope, name):
                remove_subscription(store, scope, one)
            FIFO_MESSAGES.delete_all(store, scope, prefix=f"{name}\0")
            FIFO_NUMBERS.delete(store, scope, name)

    service.store.write(work)


def topic_attributes(service: Service, scope: Scope, arn: str) -> dict[str, str]:
    """The attributes of a topic, with those that are counted (SNS-1.3)."""
    with service.store.read() as store:
        home, topic = require_topic(store, arn, scope)
        subscriptions = subscriptions_of(store, home, topic.name)
    now = service.now_ms()
    counts = {"Confirmed": 0, "Pending": 0, "Deleted": 0}
    for one in subscriptions:
        if one.receives:
            counts["Confirmed"] += 1
        elif not one.is_gone(now):
            counts["Pending" if one.deleted_at is None else "Deleted"] += 1
    return {
        "DisplayName": "",
        "Policy": default_policy(home, topic.name),
        **({"ContentBasedDeduplication": "false"} if topic.is_fifo else {}),
        **topic.attributes,
        "EffectiveDeliveryPolicy": as_json(effective_topic_policy(topic.attributes.get("DeliveryPolicy", ""))),
        "Owner": home.account,
        "TopicArn": topic_arn(home, topic.name),
        **{f"Subscriptions{kind}": str(count) for kind, count in counts.items()},
    }


def as_json(tree: object) -> str:
    """A tree as SNS tells it: JSON without blanks."""
    return msgspec.json.encode(tree).decode()


def default_policy(scope: Scope, name: str) -> str:
    """The policy of a topic that was given none (SNS-1.4)."""
    statement = {
        "Effect": "Allow",
        "Sid": "__default_statement_ID",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in DEFAULT_ACTIONS],
        "Resource": topic_arn(scope, name),
        "Condition": {"StringEquals": {"AWS:SourceOwner": scope.account}},
    }
    return as_json({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def change_topic(
    service: Service, scope: Scope, arn: str, change: Callable[[Topic], Topic], *, parameter: str = "TopicArn"
) -> None:
    """Replace a topic by what `change` makes of it."""

    def work(store: StoreWriter) -> None:
        home, topic = require_topic(store, arn, scope, parameter)
        TOPICS.put(store, home, topic.name, change(topic))

    service.store.write(work)


def set_topic_attribute(service: Service, scope: Scope, arn: str, name: str, value: str) -> None:
    """Set one attribute; an empty value takes it away."""

    def change(topic: Topic) -> Topic:
        if name == "FifoTopic":  # what a topic is from the start to the end
            raise invalid("AttributeName")
        given = check_topic_attributes({name: value}, is_fifo=topic.is_fifo, is_new=False)
        attributes = {key: one for key, one in {**topic.attributes, **given}.items() if one}
        return msgspec.structs.replace(topic, attributes=attributes)

    change_topic(service, scope, arn, change)


def add_permission(
    service: Service, scope: Scope, arn: str, label: str, *, accounts: Sequence[str], actions: Sequence[str]
) -> None:
    """Add a statement to the policy of a topic (SNS-1.5)."""

    def change(topic: Topic) -> Topic:
        policy = _policy_of(scope, topic)
        if any(statement.get("Sid") == label for statement in policy["Statement"]):
            raise invalid("Statement already exists")
        if not set(actions) <= {*DEFAULT_ACTIONS, "Receive"}:
            raise invalid("Policy statement action out of service scope!")
        principals = [f"arn:{scope.partition}:iam::{account}:root" for account in accounts]
        policy["Statement"].append(
            {
                "Sid": label,
                "Effect": "Allow",
                "Principal": {"AWS": _one_or_all(principals)},
                "Action": _one_or_all([f"SNS:{action}" for action in actions]),
                "Resource": topic_arn(scope, topic.name),
            }
        )
        return _with_policy(topic, policy)

    change_topic(service, scope, arn, change)


def _one_or_all(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _policy_of(scope: Scope, topic: Topic) -> dict[str, Any]:
    """The policy of a topic; a statement that stands alone in it is put into a list."""
    policy: dict[str, Any] = msgspec.json.decode(topic.attributes.get("Policy") or default_policy(scope, topic.name))
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    return policy


def _with_policy(topic: Topic, policy: Mapping[str, Any]) -> Topic:
    return msgspec.structs.replace(topic, attributes={**topic.attributes, "Policy": as_json(policy)})


def remove_permission(service: Service, scope: Scope, arn: str, label: str) -> None:
    """Remove a statement from the policy of a topic; one that is not there is gone already."""

    def change(topic: Topic) -> Topic:
        policy = _policy_of(scope, topic)
        policy["Statement"] = [one for one in policy["Statement"] if one.get("Sid") != label]
        return _with_policy(topic, policy)

    change_topic(service, scope, arn, change)


def list_topics(service: Service, scope: Scope, *, after: str | None = None, limit: int) -> tuple[list[str], bool]:
    """Names of topics, and whether there are more."""
    with service.store.read() as store:
        found = TOPICS.scan(store, scope, after=after, limit=limit + 1)
    return [name for name, _ in found[:limit]], len(found) > limit


def topic_tags(service: Service, scope: Scope, arn: str) -> dict[str, str]:
    """The tags of a topic."""
    with service.store.read() as store:
        return require_topic(store, arn, scope, "ResourceArn")[1].tags


def tag_topic(service: Service, scope: Scope, arn: str, *, add: Mapping[str, str], remove: Sequence[str] = ()) -> None:
    """Add and remove tags."""

    def change(topic: Topic) -> Topic:
        tags = {key: value for key, value in {**topic.tags, **add}.items() if key not in remove}
        _check_tags(tags)
        return msgspec.structs.replace(topic, tags=tags)

    change_topic(service, scope, arn, change, parameter="ResourceArn")


def data_protection_policy(service: Service, scope: Scope, arn: str) -> str:
    """The data protection policy that was kept, or nothing."""
    with service.store.read() as store:
        return require_topic(store, arn, scope, "ResourceArn")[1].data_protection_policy


def put_data_protection_policy(service: Service, scope: Scope, arn: str, policy: str) -> None:
    """Keep a data protection policy, which is told and has no effect."""

    def change(topic: Topic) -> Topic:
        return msgspec.structs.replace(topic, data_protection_policy=policy)

    change_topic(service, scope, arn, change, parameter="ResourceArn")
