"""Publishing, one message or a batch. Spec: SNS-2, WIRE-8."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from tocsin.api.sns_table import operations
from tocsin.app.publication import Publication, publish_to_phone, publish_to_topic
from tocsin.app.subscription_endpoint import is_phone_number
from tocsin.app.topic import invalid, require_topic
from tocsin.core.sns_message import (
    MOST_BYTES,
    check_fifo_id,
    check_size,
    check_subject,
    message_size,
    read_attributes,
    structured_texts,
)
from tocsin.errors import InvalidParameterError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.topic import Topic

_MOST_ENTRIES = 10
_ID = re.compile(r"[A-Za-z0-9_-]+\Z")
_LONGEST_ID = 80


@operations("Publish")
def publish_message(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Publish one message to a topic, or queue a text message."""
    number = parameters.get("PhoneNumber")
    if number is not None:
        if not is_phone_number(number):
            raise invalid(f"PhoneNumber Reason: {number} is not valid to publish to")
        published = publish_to_phone(ctx.tocsin, ctx.scope, number, _publication(parameters, None))
        return {"MessageId": published.message_id}
    parameter = "TopicArn" if "TopicArn" in parameters else "TargetArn"
    arn = parameters.get(parameter)
    if arn is None:
        raise invalid("TopicArn or TargetArn Reason: no value for required parameter")
    if ":endpoint/" in arn:  # none can be made, so none is there
        raise invalid("TargetArn Reason: No endpoint found for the target arn specified")
    topic = _topic(ctx, arn, parameter)
    (published,) = publish_to_topic(ctx.tocsin, ctx.scope, arn, [_publication(parameters, topic)])
    return {"MessageId": published.message_id, "SequenceNumber": published.sequence_number}


def _topic(ctx: Context, arn: str, parameter: str = "TopicArn") -> Topic:
    with ctx.tocsin.store.read() as store:
        return require_topic(store, arn, ctx.scope, parameter, of_any_account=True)[1]


def _publication(given: Parameters, topic: Topic | None) -> Publication:
    """What is published, checked; without a topic it is for a telephone (SNS-2)."""
    check_subject(given.get("Subject"))
    attributes = read_attributes(given.get("MessageAttributes") or {})
    message = given["Message"]
    check_size(message, attributes, most=_most(topic))
    texts: dict[str, str] = {}
    if given.get("MessageStructure") == "json":
        texts = structured_texts(message)
        message = texts["default"]
    group, ident = given.get("MessageGroupId"), given.get("MessageDeduplicationId")
    check_fifo_id("MessageGroupId", group)
    check_fifo_id("MessageDeduplicationId", ident)
    if topic is not None and topic.is_fifo:
        if group is None:
            raise invalid("The MessageGroupId parameter is required for FIFO topics")
        if ident is None:
            ident = _content_id(given["Message"], topic)
    elif ident is not None:
        raise invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
            "for this topic type"
        )
    return Publication(
        message=message,
        subject=given.get("Subject"),
        texts=texts,
        attributes=attributes,
        group_id=group,
        deduplication_id=ident,
    )


def _content_id(message: str, topic: Topic) -> str:
    """The deduplication id that a message has of itself, where the topic wants that."""
    if topic.attributes.get("ContentBasedDeduplication") != "true":
        raise invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
    return hashlib.sha256(message.encode("utf-8", "replace")).hexdigest()


def _most(topic: Topic | None) -> int:
    """Bytes of a message, or of all messages of a batch."""
    given = "" if topic is None else topic.attributes.get("MaximumMessageSize", "")
    return int(given) if given else MOST_BYTES


@operations("PublishBatch")
def publish_batch(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Publish up to ten messages; one that is refused does not hold the others."""
    arn, entries = parameters["TopicArn"], parameters["PublishBatchRequestEntries"]
    topic = _topic(ctx, arn)
    _check_batch(entries, topic)
    accepted: list[tuple[str, Publication]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            accepted.append((entry["Id"], _publication(entry, topic)))
        except InvalidParameterError as error:
            failed.append({"Id": entry["Id"], "Code": error.aws_code, "Message": error.message, "SenderFault": True})
    published = publish_to_topic(ctx.tocsin, ctx.scope, arn, [one for _, one in accepted])
    return {
        "Successful": [
            {"Id": ident, "MessageId": one.message_id, "SequenceNumber": one.sequence_number}
            for (ident, _), one in zip(accepted, published, strict=True)
        ],
        "Failed": failed,
    }


def _check_batch(entries: list[Parameters], topic: Topic) -> None:
    """What is wrong with a batch as a whole (SNS-2.6)."""
    if not entries:
        raise Fault("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > _MOST_ENTRIES:
        raise Fault("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
    idents = [entry["Id"] for entry in entries]
    for ident in idents:
        if len(ident) > _LONGEST_ID:
            raise Fault("InvalidBatchEntryId", f"The Id of a batch entry in the batch request is too long: {ident}")
        if not _ID.match(ident):
            raise Fault(
                "InvalidBatchEntryId",
                f"The Id of a batch entry in the batch request contains an impermissible character: {ident}",
            )
    if len(set(idents)) < len(idents):
        raise Fault("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    size = 0
    for entry in entries:
        # A bad attribute in one entry refuses the whole batch.
        size += message_size(entry["Message"], read_attributes(entry.get("MessageAttributes") or {}))
    if size > _most(topic):
        raise Fault("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
