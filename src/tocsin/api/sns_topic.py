"""Topics. Spec: SNS-1, WIRE-8."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tocsin.api.sns_table import PAGE, operations, page_fault, tags_of
from tocsin.app import topic
from tocsin.app.topic import NoTopicError, topic_arn
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.api.operation import Context, Parameters


@operations("CreateTopic")
def create_topic(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Make a topic, or find it."""
    arn = topic.create_topic(
        ctx.tocsin,
        ctx.scope,
        parameters["Name"],
        attributes=parameters.get("Attributes") or {},
        tags=tags_of(parameters.get("Tags")),
        data_protection_policy=parameters.get("DataProtectionPolicy", ""),
    )
    return {"TopicArn": arn}


@operations("DeleteTopic")
def delete_topic(ctx: Context, parameters: Parameters) -> None:
    """Remove a topic."""
    topic.delete_topic(ctx.tocsin, ctx.scope, parameters["TopicArn"])


@operations("ListTopics")
def list_topics(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Topics by name."""
    fault = page_fault()
    match ctx.position(parameters.get("NextToken"), parameters, fault=fault):
        case None:
            after = None
        case (str() as after,):
            pass
        case _:
            raise fault
    names, has_more = topic.list_topics(ctx.tocsin, ctx.scope, after=after, limit=PAGE)
    token = ctx.next_token(parameters, [names[-1]]) if has_more else None
    return {"Topics": [{"TopicArn": topic_arn(ctx.scope, name)} for name in names], "NextToken": token}


@operations("GetTopicAttributes")
def get_topic_attributes(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The attributes of a topic."""
    return {"Attributes": topic.topic_attributes(ctx.tocsin, ctx.scope, parameters["TopicArn"])}


@operations("SetTopicAttributes")
def set_topic_attributes(ctx: Context, parameters: Parameters) -> None:
    """Set one attribute."""
    topic.set_topic_attribute(
        ctx.tocsin,
        ctx.scope,
        parameters["TopicArn"],
        parameters["AttributeName"],
        parameters.get("AttributeValue", ""),
    )


@operations("AddPermission")
def add_permission(ctx: Context, parameters: Parameters) -> None:
    """Add a statement to the policy of a topic."""
    topic.add_permission(
        ctx.tocsin,
        ctx.scope,
        parameters["TopicArn"],
        parameters["Label"],
        accounts=parameters["AWSAccountId"],
        actions=parameters["ActionName"],
    )


@operations("RemovePermission")
def remove_permission(ctx: Context, parameters: Parameters) -> None:
    """Remove a statement from the policy of a topic."""
    topic.remove_permission(ctx.tocsin, ctx.scope, parameters["TopicArn"], parameters["Label"])


@operations("TagResource")
def tag_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Add tags."""
    add = tags_of(parameters["Tags"])
    with _resource():
        topic.tag_topic(ctx.tocsin, ctx.scope, parameters["ResourceArn"], add=add)
    return {}


@operations("UntagResource")
def untag_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Remove tags."""
    with _resource():
        topic.tag_topic(ctx.tocsin, ctx.scope, parameters["ResourceArn"], add={}, remove=parameters["TagKeys"])
    return {}


@operations("ListTagsForResource")
def list_tags_for_resource(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """All tags."""
    with _resource():
        tags = topic.topic_tags(ctx.tocsin, ctx.scope, parameters["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@contextmanager
def _resource() -> Iterator[None]:
    """The operations of tags call a topic that is missing a resource."""
    try:
        yield
    except NoTopicError:
        raise NotFoundError("Resource does not exist", resource="tagged") from None


@operations("PutDataProtectionPolicy")
def put_data_protection_policy(ctx: Context, parameters: Parameters) -> None:
    """Keep a policy, which has no effect."""
    topic.put_data_protection_policy(
        ctx.tocsin, ctx.scope, parameters["ResourceArn"], parameters["DataProtectionPolicy"]
    )


@operations("GetDataProtectionPolicy")
def get_data_protection_policy(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The policy that was kept."""
    policy = topic.data_protection_policy(ctx.tocsin, ctx.scope, parameters["ResourceArn"])
    return {"DataProtectionPolicy": policy or None}
