"""Topics: who hears, who does not yet, which alarms rely on it. Spec: CON-4.9, SNS-12, AL-17.1, AL-19.4.

topics            a line a topic             app.topic_reading -> topics.html
topics/{name}     subscriptions, settings    app.topic_reading -> topic.html, its subscriptions again on a signal
new, edit         a form                     visit.call: CreateTopic, SetTopicAttributes, TagResource, UntagResource
confirm           what goes with it          app.topic_reading -> visit.call: DeleteTopic
send-test         a message to everybody     visit.call: Publish
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.digest import DIGEST_TAG
from tocsin.app.publication import Publication
from tocsin.app.subscription_endpoint import PROTOCOLS, UNSERVED
from tocsin.app.topic import (
    TOPICS,
    UNSUBSCRIBE_TAG,
    default_policy,
    topic_arn,
    unsubscribe_mode,
)
from tocsin.app.topic_alarms import states_of
from tocsin.app.topic_reading import alarms_left_unheard, list_topic_lines, read_topic, takers_of
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect, Undo
from tocsin.console.endpoint_text import endpoint_text
from tocsin.console.filter_text import filter_text
from tocsin.console.json_field import json_for_field
from tocsin.console.live_form import equal_fragment
from tocsin.console.moment import from_epoch
from tocsin.console.opened_form import Edited, conflict_page, opened_form
from tocsin.console.route import action, fragment, page
from tocsin.core.aws_call import AwsCall
from tocsin.core.delivery_policy import effective_topic_policy
from tocsin.core.nearest import nearest
from tocsin.core.quantity import counted
from tocsin.core.topic_policy import ALARM_SERVICE, refuses_alarm

if TYPE_CHECKING:
    from tocsin.app.subscription_reading import SubscriptionReading
    from tocsin.app.topic import Topic
    from tocsin.app.topic_reading import TopicLine, TopicReading
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.scope import Scope

ROWS: Final = 100
"""Topics and subscriptions of a page."""

HISTORY: Final = 30
"""Entries of the history that are shown."""

ALARMS: Final = 20
"""Alarms of a topic that are named; the rest are counted."""

CRUMB: Final = "Topics"

ADDABLE: Final = (
    ("email", "E-mail"),
    ("email-json", "E-mail with JSON"),
    ("https", "HTTPS"),
    ("http", "HTTP"),
    ("sqs", "SQS queue"),
    ("log", "The service's log"),
    ("sms", "SMS"),
    ("lambda", "Lambda function"),
    ("firehose", "Firehose"),
    ("application", "Mobile push"),
)
"""Protocols to choose from, the usual ones first."""

assert {name for name, _ in ADDABLE} == set(PROTOCOLS)

MODES: Final = (
    ("", "As in the settings of the service"),
    ("protected", "protected: no link in a mail removes an address"),
    ("confirm", "confirm: a page with a button removes it"),
    ("open", "open: opening the link removes it, as on AWS"),
)


LABELS: Final = {
    "display_name": "Sender name",
    "delivery": "Delivery policy",
    "policy": "Access policy",
    "digest": "Digest",
    "mode": "Unsubscribing",
}


# ---------------------------------------------------------------- pages


def topic_list(visit: Visit) -> Answer:
    """Every topic of the account and region, a hundred a page."""
    lines, more = _listed(visit, visit.query("after"))
    context = {
        "lines": lines,
        "older": visit.again(after=more) if more else "",
        "moment_of": from_epoch,
        "calls": _creation("sec-alerts") if not lines else (),
    }
    return Page("topics.html", "Topics", context)


def _listed(visit: Visit, after: str) -> tuple[list[TopicLine], str]:
    """A page of the topics of all accounts and regions looked at, and where the next one begins."""
    account, region, name = (*after.split("/", 2), "", "")[:3]
    found: list[TopicLine] = []
    for scope in visit.scopes:
        if name and (scope.account, scope.region) < (account, region):
            continue
        start = name if (scope.account, scope.region) == (account, region) else None
        lines, has_more = list_topic_lines(visit.service, scope, after=start, limit=ROWS - len(found))
        found += lines
        if has_more:
            return found, f"{scope.account}/{scope.region}/{found[-1].topic.name}"
    return found, ""


def topic_page(visit: Visit) -> Answer:
    """One topic."""
    reading = _reading(visit)
    topic, line = reading.line.topic, reading.line
    context = {
        **_subscriptions(visit, reading),
        "topic": topic,
        "arn": line.arn,
        "settings": _settings(visit, line.scope, topic),
        "told_by": list(zip(line.alarms, states_of(visit.service, line.alarms[:ALARMS]), strict=False)),
        "protocols": ADDABLE,
        "calls": [subscribe_call(visit, line.arn)],
        "test_call": _test_call(line.arn, topic.name),
        "history": reading.history[:HISTORY],
        "endpoint_of": lambda entry: endpoint_text(visit, entry.protocol, entry.endpoint),
    }
    return Page("topic.html", topic.name, context, crumbs=[(CRUMB, visit.url("topics"))])


def topic_subscriptions(visit: Visit) -> Answer:
    """The subscriptions of a topic alone."""
    return Fragment("topic/_subscriptions.html", _subscriptions(visit, _reading(visit)))


def _reading(visit: Visit) -> TopicReading:
    name = visit.form.get("topic") or visit.name()
    found = read_topic(visit.service, visit.scope, name, after=visit.query("after") or None, limit=ROWS)
    if found is None:
        raise _no_topic(visit, name)
    return found


def _no_topic(visit: Visit, name: str) -> NoSuchPageError:
    with visit.service.store.read() as store:
        names = [known for known, _ in TOPICS.scan(store, visit.scope, limit=1_000)]
    near = nearest(name, names)
    links = [] if near is None else [(near, visit.url("topics", near))]
    return NoSuchPageError(f"There is no topic {name[:256]}", nearest=links)


def _subscriptions(visit: Visit, reading: TopicReading) -> dict[str, Any]:
    return {
        "line": reading.line,
        "subscriptions": [
            (one, endpoint_text(visit, one.kept.protocol, one.kept.endpoint), filter_text(one.kept.attributes))
            for one in sorted(reading.subscriptions, key=_urgency)
        ],
        "unserved": UNSERVED,
        "left": [(one, endpoint_text(visit, one.protocol, one.endpoint)) for one in reading.left],
        "older": visit.url("topics", reading.line.topic.name, after=reading.after) if reading.after else "",
        "moment_of": from_epoch,
    }


def _urgency(one: SubscriptionReading) -> tuple[bool, int, str]:
    """What needs a hand comes first."""
    order = ("pending", "deleted", "confirmed", "protected")
    return one.failing_since is None, order.index(one.state), one.endpoint


def _settings(visit: Visit, scope: Scope, topic: Topic) -> dict[str, Any]:
    policy = topic.attributes.get("Policy", "")
    arn = topic_arn(scope, topic.name)
    retries = effective_topic_policy(topic.attributes.get("DeliveryPolicy", ""))["http"]["defaultHealthyRetryPolicy"]
    return {
        "display_name": topic.attributes.get("DisplayName", ""),
        "digest": topic.tags.get(DIGEST_TAG, ""),
        "mode": unsubscribe_mode(topic, visit.service.settings.mail_unsubscribe),
        "mode_is_own": UNSUBSCRIBE_TAG in topic.tags,
        "retries": retries,
        "retries_are_own": "DeliveryPolicy" in topic.attributes,
        "policy": policy,
        "refuses_alarms": bool(policy)
        and refuses_alarm(policy, topic_arn=arn, alarm_arn=scope.arn("cloudwatch", "alarm:any")),
        "alarm_service": ALARM_SERVICE,
        "signature": topic.attributes.get("SignatureVersion", "1"),
        "key": topic.attributes.get("KmsMasterKeyId", ""),
        "tags": {key: value for key, value in topic.tags.items() if key not in {DIGEST_TAG, UNSUBSCRIBE_TAG}},
    }


# ---------------------------------------------------------------- a test message


def send_test(visit: Visit) -> Answer:
    """Publish a message that says that it is a test; no alarm changes its state."""
    line = _reading(visit).line
    call = _test_call(line.arn, line.topic.name)
    given = Publication(message=call.parameters["Message"], subject=call.parameters["Subject"])
    taking, kept = takers_of(visit.service, line.arn, given)
    visit.call(call.service, call.operation, call.parameters)
    told = f"Test message sent to {counted(taking, 'endpoint')}." if taking else "Sent, but nobody gets it."
    if kept:
        told += f" {counted(kept, 'subscriber')} did not get it: their filter policies drop what is no alarm."
    return Redirect(visit.url("topics", line.topic.name), told=told)


def _test_call(arn: str, name: str) -> AwsCall:
    parameters = {
        "TopicArn": arn,
        "Subject": f"TEST: {name}"[:100],
        "Message": f"This is a test of the topic {name}. Nothing has happened, and no alarm has changed its state.",
    }
    return AwsCall(service="sns", operation="Publish", parameters=parameters)


def subscribe_call(visit: Visit, arn: str) -> AwsCall:
    """The call that the form of a new subscription makes, as far as it is filled in."""
    form = visit.form
    parameters: dict[str, Any] = {
        "TopicArn": arn,
        "Protocol": form.get("protocol") or "email",
        "Endpoint": form.get("endpoint") or "you@example.com",
    }
    attributes = subscription_attributes_of(visit)
    if attributes:
        parameters["Attributes"] = attributes
    return AwsCall(service="sns", operation="Subscribe", parameters=parameters)


def subscription_attributes_of(visit: Visit) -> dict[str, str]:
    """The attributes in a form, those that are filled in."""
    form = visit.form
    found = {"FilterPolicy": form.exact("filter").strip(), "DeliveryPolicy": form.exact("delivery").strip()}
    if found["FilterPolicy"]:
        found["FilterPolicyScope"] = form.get("looks_at") or "MessageBody"
    if form.get("raw"):
        found["RawMessageDelivery"] = "true"
    queue = form.get("queue")
    if queue:
        found["RedrivePolicy"] = redrive_policy(queue)
    return {name: value for name, value in found.items() if value}


def redrive_policy(queue: str) -> str:
    """The policy that names a dead-letter queue."""
    escaped = queue.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{"deadLetterTargetArn": "{escaped}"}}'


# ---------------------------------------------------------------- making and keeping


def new_topic(visit: Visit) -> Answer:
    """The form of a topic that is not there yet."""
    context: dict[str, Any] = {
        "topic": None,
        "values": dict.fromkeys(LABELS, ""),
        "modes": MODES,
        "calls": _creation(visit.form.get("name") or "sec-alerts", visit),
    }
    return Page("topic_form.html", "New topic", context, crumbs=[(CRUMB, visit.url("topics"))])


def create_topic(visit: Visit) -> Answer:
    """Make a topic; somebody has to be told next."""
    if visit.is_live:
        return equal_fragment(_creation(visit.form.get("name") or "sec-alerts", visit))
    name = visit.form.get("name")
    if not name:
        raise FormProblemError({"name": "A topic has a name: letters, digits, - and _, up to 256."})
    with visit.service.store.read() as store:
        if TOPICS.get(store, visit.scope, name) is not None:
            raise FormProblemError({"name": f"There is a topic {name} already."})
    for call in _creation(name, visit):
        visit.call(call.service, call.operation, call.parameters)
    return Redirect(visit.url("topics", name), told=f"Topic {name} created. Nobody is told yet: add somebody below.")


def _creation(name: str, visit: Visit | None = None) -> list[AwsCall]:
    parameters: dict[str, Any] = {"Name": name}
    if visit is not None:
        attributes, tags = _wanted(visit)
        given = {key: value for key, value in attributes.items() if value}
        if given:
            parameters["Attributes"] = given
        kept = [{"Key": key, "Value": value} for key, value in tags.items() if value]
        if kept:
            parameters["Tags"] = kept
    return [AwsCall(service="sns", operation="CreateTopic", parameters=parameters)]


def _wanted(visit: Visit) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes and tags as the form has them; empty for those that are not to be set."""
    form = visit.form
    attributes = {
        "DisplayName": form.get("display_name"),
        "DeliveryPolicy": form.exact("delivery").strip(),
        "Policy": form.exact("policy").strip(),
    }
    return attributes, {DIGEST_TAG: form.get("digest"), UNSUBSCRIBE_TAG: form.get("mode")}


def edit_topic(visit: Visit) -> Answer:
    """The form of a topic's settings."""
    topic = _reading(visit).line.topic
    context = {
        "topic": topic,
        "arn": topic_arn(visit.scope, topic.name),
        "values": _values(topic),
        "modes": MODES,
        "calls": _changes(visit, topic) if visit.form else (),
        "default_policy": default_policy(visit.scope, topic.name),
        "opened": opened_form(visit, _values(topic)),
    }
    crumbs = [(CRUMB, visit.url("topics")), (topic.name, visit.url("topics", topic.name))]
    return Page("topic_form.html", "Settings", context, crumbs=crumbs, section="topics")


def _values(topic: Topic) -> dict[str, str]:
    """What the fields of the form hold for a topic."""
    return {
        "display_name": topic.attributes.get("DisplayName", ""),
        "delivery": json_for_field(topic.attributes.get("DeliveryPolicy", "")),
        "policy": json_for_field(topic.attributes.get("Policy", "")),
        "digest": topic.tags.get(DIGEST_TAG, ""),
        "mode": topic.tags.get(UNSUBSCRIBE_TAG, ""),
    }


def keep_topic(visit: Visit) -> Answer:
    """Set what was changed in the form, and only that."""
    topic = _reading(visit).line.topic
    if visit.is_live:
        return equal_fragment(_changes(visit, topic))
    if visit.form.get("resolve") == "show":
        return edit_topic(visit)
    conflict = conflict_page(visit, _values(topic), LABELS, _edited(visit, topic))
    if conflict is not None:
        return conflict
    changes = _changes(visit, topic)
    for call in changes:
        visit.call(call.service, call.operation, call.parameters)
    address = visit.url("topics", topic.name)
    if not changes:
        return Redirect(address, told="Nothing was changed.")
    return Redirect(address, told="Settings saved.", undo=Undo("keep-topic", {"topic": topic.name, **_values(topic)}))


def _edited(visit: Visit, topic: Topic) -> Edited:
    address, arn = visit.url("topics", topic.name), topic_arn(visit.scope, topic.name)
    return Edited(
        action="keep-topic",
        kind="topic",
        name=topic.name,
        address=address,
        identity={"topic": topic.name},
        scope=visit.scope,
        operation="SetTopicAttributes",
        asked={"topicArn": arn},
        crumbs=[(CRUMB, visit.url("topics")), (topic.name, address)],
        section="topics",
    )


def _changes(visit: Visit, topic: Topic) -> list[AwsCall]:
    """The calls that make a topic what the form says."""
    arn = topic_arn(visit.scope, topic.name)
    attributes, tags = _wanted(visit)
    fields = {"DisplayName": "display_name", "DeliveryPolicy": "delivery", "Policy": "policy"}
    shown = _values(topic)
    calls = [
        AwsCall(
            service="sns",
            operation="SetTopicAttributes",
            parameters={"TopicArn": arn, "AttributeName": name, "AttributeValue": value},
        )
        for name, value in attributes.items()
        if value != shown[fields[name]]
    ]
    add = [{"Key": key, "Value": value} for key, value in tags.items() if value and value != topic.tags.get(key)]
    if add:
        calls.append(AwsCall(service="sns", operation="TagResource", parameters={"ResourceArn": arn, "Tags": add}))
    gone = [key for key, value in tags.items() if not value and key in topic.tags]
    if gone:
        parameters = {"ResourceArn": arn, "TagKeys": gone}
        calls.append(AwsCall(service="sns", operation="UntagResource", parameters=parameters))
    return calls


# ---------------------------------------------------------------- deleting


def confirm_deletion(visit: Visit) -> Answer:
    """What goes with a topic, in numbers (CON-7.6)."""
    reading = _reading(visit)
    line = reading.line
    name = line.topic.name
    context = {
        "line": line,
        "unheard": alarms_left_unheard(visit.service, line.arn, without=None),
        "calls": [AwsCall(service="sns", operation="DeleteTopic", parameters={"TopicArn": line.arn})],
    }
    crumbs = [(CRUMB, visit.url("topics")), (name, visit.url("topics", name))]
    return Page("topic_deletion.html", "Delete", context, crumbs=crumbs, section="topics")


def delete_topic(visit: Visit) -> Answer:
    """Delete a topic. Where somebody would no longer be told its name has to be typed."""
    line = _reading(visit).line
    name = line.topic.name
    if alarms_left_unheard(visit.service, line.arn, without=None) and visit.form.get("typed") != name:
        raise FormProblemError({"typed": f"Type the name of the topic, {name}, to delete it."})
    visit.call("sns", "DeleteTopic", {"TopicArn": line.arn})
    ended = line.counts.confirmed + line.counts.pending
    with_them = f" with {counted(ended, 'subscription')}" if ended else ""
    return Redirect(visit.url("topics"), told=f"Topic {name} deleted{with_them}.")


ROUTES = (
    page("topics", topic_list),
    page("topics/{name...}", topic_page),
    page("new/topic", new_topic),
    page("edit/topic/{name...}", edit_topic),
    page("confirm/delete-topic", confirm_deletion),
    fragment("topic/subscriptions", topic_subscriptions),
    action("send-test", send_test, form=topic_page),
    action("create-topic", create_topic, form=new_topic),
    action("keep-topic", keep_topic, form=edit_topic),
    action("delete-topic", delete_topic, form=confirm_deletion),
)
