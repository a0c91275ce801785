"""Subscriptions. Spec: SNS-3, SNS-4, WIRE-8, WIRE-1.13."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.sns_table import PAGE, operations, page_fault
from tocsin.app import subscription
from tocsin.app.subscription_endpoint import shown_endpoint
from tocsin.app.topic import subscription_arn, topic_arn

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.subscription import Listed


@operations("Subscribe")
def subscribe(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Make a subscription, or find it."""
    subscribed = subscription.subscribe(
        ctx.tocsin,
        ctx.scope,
        parameters["TopicArn"],
        parameters["Protocol"],
        parameters.get("Endpoint", ""),
        attributes=parameters.get("Attributes") or {},
        principal=ctx.principal_arn,
    )
    tells = subscribed.is_confirmed or parameters.get("ReturnSubscriptionArn", False)
    return {"SubscriptionArn": subscribed.arn if tells else "pending confirmation"}


@operations("ConfirmSubscription")
def confirm_subscription(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Confirm the subscription of a token."""
    arn = subscription.confirm_subscription(
        ctx.tocsin,
        ctx.scope,
        parameters["TopicArn"],
        parameters["Token"],
        protects=str(parameters.get("AuthenticateOnUnsubscribe", "")).lower() == "true",
        is_signed=ctx.is_signed,
    )
    return {"SubscriptionArn": arn}


@operations("Unsubscribe")
def unsubscribe(ctx: Context, parameters: Parameters) -> None:
    """End a subscription."""
    subscription.unsubscribe(
        ctx.tocsin, ctx.scope, parameters["SubscriptionArn"], is_signed=ctx.is_signed, by=ctx.principal_arn
    )


@operations("GetSubscriptionAttributes")
def get_subscription_attributes(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The attributes of a subscription."""
    return {"Attributes": subscription.subscription_attributes(ctx.tocsin, ctx.scope, parameters["SubscriptionArn"])}


@operations("SetSubscriptionAttributes")
def set_subscription_attributes(ctx: Context, parameters: Parameters) -> None:
    """Set one attribute."""
    subscription.set_subscription_attribute(
        ctx.tocsin,
        ctx.scope,
        parameters["SubscriptionArn"],
        parameters["AttributeName"],
        parameters.get("AttributeValue"),
    )


@operations("ListSubscriptions")
def list_subscriptions(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The subscriptions that the account has made."""
    found, has_more = subscription.list_subscriptions(ctx.tocsin, ctx.scope, after=_place(ctx, parameters), limit=PAGE)
    return _page(ctx, parameters, found, has_more=has_more)


@operations("ListSubscriptionsByTopic")
def list_subscriptions_by_topic(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The subscriptions to a topic."""
    found, has_more = subscription.list_subscriptions_of_topic(
        ctx.tocsin, ctx.scope, parameters["TopicArn"], after=_place(ctx, parameters), limit=PAGE
    )
    return _page(ctx, parameters, found, has_more=has_more)


def _place(ctx: Context, parameters: Parameters) -> tuple[str, str] | None:
    """Where the page that is asked for begins."""
    fault = page_fault()
    match ctx.position(parameters.get("NextToken"), parameters, fault=fault):
        case None:
            return None
        case (str() as part, str() as name):
            return part, name
        case _:
            raise fault


def _page(ctx: Context, parameters: Parameters, found: list[Listed], *, has_more: bool) -> dict[str, Any]:
    token = ctx.next_token(parameters, found[-1].place) if has_more else None
    return {"Subscriptions": [_described(one) for one in found], "NextToken": token}


def _described(listed: Listed) -> dict[str, Any]:
    """A subscription in a list, where a word may stand in place of the ARN (SNS-3.2)."""
    one = listed.subscription
    arn = subscription_arn(listed.home, one)
    if one.deleted_at is not None:
        arn = "Deleted"
    elif one.confirmed_at is None:
        arn = "PendingConfirmation"
    return {
        "SubscriptionArn": arn,
        "Owner": one.owner,
        "Protocol": one.protocol,
        "Endpoint": shown_endpoint(one),
        "TopicArn": topic_arn(listed.home, one.topic),
    }
