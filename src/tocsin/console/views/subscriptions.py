"""Subscriptions: one of them, making, asking again, agreeing for somebody, filtering, ending.

    subscriptions/{id}   state, filter, attempts   app.subscription_reading -> subscription.html
    new, edit            a form                    visit.call: Subscribe, SetSubscriptionAttributes
    resend, confirm      what AWS has not          app.subscription_care, visit.note
    confirm/unsubscribe  what goes with it         app.topic_reading -> visit.call: Unsubscribe

Spec: CON-4.9, SNS-3 to SNS-5, SNS-9, SNS-10, SNS-12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.alarm_filter import ATTRIBUTE_POLICY_CURE
from tocsin.app.delivery_record import page_of_deliveries
from tocsin.app.subscription_care import NoReasonError, confirm_for, resend, set_unsubscribe_mode
from tocsin.app.subscription_endpoint import MAIL, UNSERVED
from tocsin.app.subscription_reading import find_subscription
from tocsin.app.topic import OVER_HTTP, TOPICS, topic_arn, unsubscribe_mode
from tocsin.app.topic_reading import alarms_left_unheard, read_topic
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect
from tocsin.console.delivery_row import delivery_rows
from tocsin.console.endpoint_text import endpoint_text
from tocsin.console.filter_text import filter_text
from tocsin.console.json_field import json_for_field
from tocsin.console.live_form import equal_fragment
from tocsin.console.moment import from_epoch
from tocsin.console.opened_form import Edited, conflict_page, opened_form
from tocsin.console.policy_trial import messages_to_try, try_policy
from tocsin.console.route import action, page
from tocsin.console.views.topics import ADDABLE, CRUMB, MODES, redrive_policy, subscribe_call, topic_page
from tocsin.core.aws_call import AwsCall
from tocsin.core.notification.safe_line import safe_line

if TYPE_CHECKING:
    from tocsin.app.subscription_reading import SubscriptionReading
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_DELIVERIES: Final = 20

LABELS: Final = {
    "filter": "Filter policy",
    "looks_at": "What it looks at",
    "raw": "Raw messages",
    "queue": "Dead-letter queue",
    "delivery": "Delivery policy",
    "mode": "Unsubscribing",
}

LOOKS_AT: Final = (
    ("MessageBody", "the body, which is what alarms need"),
    ("MessageAttributes", "the attributes of messages; alarms have none"),
)


# ---------------------------------------------------------------- one subscription


def subscription_page(visit: Visit) -> Answer:
    """One subscription, with the last that was sent to it."""
    reading = _reading(visit)
    kept, attributes = reading.kept, reading.kept.attributes
    found = page_of_deliveries(visit.service, None, target=reading.arn, limit=_DELIVERIES)
    endpoint = endpoint_text(visit, kept.protocol, kept.endpoint)
    context = {
        "one": reading,
        "endpoint": endpoint,
        "filter": filter_text(attributes),
        "cure": ATTRIBUTE_POLICY_CURE,
        "cure_calls": [_set(reading.arn, "FilterPolicyScope", "MessageBody")],
        "queue": _queue_of(attributes),
        "is_unserved": kept.protocol in UNSERVED,
        "is_http": kept.protocol in OVER_HTTP,
        "rows": delivery_rows(visit, found.lines),
        "older": visit.url("deliveries", target=reading.arn) if found.before is not None else "",
        "moment_of": from_epoch,
    }
    crumbs = [(CRUMB, visit.url("topics")), (kept.topic, _topic_url(visit, reading))]
    return Page("subscription_page.html", safe_line(endpoint, 64), context, crumbs=crumbs)


def _reading(visit: Visit) -> SubscriptionReading:
    ident = visit.form.get("id") or visit.path.get("id") or visit.query("id")
    with visit.service.store.read() as store:
        found = find_subscription(visit.service, store, ident)
    if found is None:
        hint = "It may have ended, or nobody confirmed it in time. Its topic tells who left."
        raise NoSuchPageError("There is no such subscription", hint=hint)
    return found


def _topic_url(visit: Visit, reading: SubscriptionReading) -> str:
    home = reading.home
    is_here = home == visit.scope
    return visit.url("topics", reading.kept.topic, **({} if is_here else {"in": f"{home.account}/{home.region}"}))


def _queue_of(attributes: dict[str, str]) -> str:
    policy = attributes.get("RedrivePolicy", "")
    return str(msgspec.json.decode(policy)["deadLetterTargetArn"]) if policy else ""


# ---------------------------------------------------------------- making


def new_subscription(visit: Visit) -> Answer:
    """The form of a subscription with everything that it can have."""
    topic = visit.form.get("topic") or visit.query("topic")
    with visit.service.store.read() as store:
        topics = [name for name, _ in TOPICS.scan(store, visit.scope, limit=1_000)]
    context = {
        "topics": topics,
        "topic": topic if topic in topics else "",
        "protocols": ADDABLE,
        "looks_at": LOOKS_AT,
        "calls": [subscribe_call(visit, topic_arn(visit.scope, topic or "sec-alerts"))],
    }
    crumbs = [(CRUMB, visit.url("topics")), *([(topic, visit.url("topics", topic))] if topic in topics else [])]
    return Page("subscription_form.html", "New subscription", context, crumbs=crumbs, section="topics")


def subscribe(visit: Visit) -> Answer:
    """Subscribe an endpoint; it is asked for its consent where it has to agree."""
    topic = visit.form.get("topic")
    call = subscribe_call(visit, topic_arn(visit.scope, topic))
    if visit.is_live:
        return equal_fragment([call])
    if not visit.form.get("endpoint") and visit.form.get("protocol") != "log":
        raise FormProblemError({"endpoint": "Write the address that is to get the messages."})
    parameters = {**call.parameters, "Endpoint": visit.form.get("endpoint"), "ReturnSubscriptionArn": True}
    arn = str(visit.call(call.service, call.operation, parameters)["SubscriptionArn"])
    return _subscribed(visit, topic, arn)


def _subscribed(visit: Visit, topic: str, arn: str) -> Redirect:
    with visit.service.store.read() as store:
        made = find_subscription(visit.service, store, arn.rpartition(":")[2])
    shown = "" if made is None else endpoint_text(visit, made.kept.protocol, made.kept.endpoint)
    if made is not None and made.receives:
        told = f"{shown} is subscribed, and gets what is published from now on."
    else:
        told = f"{shown} was asked to confirm. It gets nothing until it has agreed."
    return Redirect(visit.url("topics", topic), told=told)


def subscribe_again(visit: Visit) -> Answer:
    """Subscribe an endpoint that left, with nothing but its address."""
    name, ident = visit.form.get("topic"), visit.form.get("id")
    found = read_topic(visit.service, visit.scope, name, limit=1)
    if found is None:
        raise NoSuchPageError(f"There is no topic {name[:256]}")
    entry = next((one for one in found.history if one.ident == ident), None)
    with visit.service.store.read() as store:
        known = find_subscription(visit.service, store, ident)
    if known is not None and known.kept.topic == name:
        protocol, endpoint = known.kept.protocol, known.kept.endpoint
    elif entry is not None:
        protocol, endpoint = entry.protocol, entry.endpoint
    else:
        raise FormProblemError(
            {"": "It is too long ago: the history of the topic does not know this address any more."}
        )
    parameters = {
        "TopicArn": found.line.arn,
        "Protocol": protocol,
        "Endpoint": endpoint,
        "ReturnSubscriptionArn": True,
    }
    return _subscribed(visit, name, str(visit.call("sns", "Subscribe", parameters)["SubscriptionArn"]))


# ---------------------------------------------------------------- what AWS has not


def resend_confirmation(visit: Visit) -> Answer:
    """Send the message with a new link; older links stay valid."""
    reading = _reading(visit)
    due = resend(visit.service, reading.arn)
    visit.note("resend-confirmation", "subscription", reading.arn)
    shown = endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint)
    when = "now" if due <= visit.service.now_ms() else f"at {visit.clock.text(from_epoch(due))}"
    told = f"A message with a new link goes to {shown} {when}. The older links still work."
    return Redirect(_topic_url(visit, reading), told=told)


def confirm_page(visit: Visit) -> Answer:
    """Agreeing on behalf of an address: why, and what that means."""
    reading = _reading(visit)
    reason = visit.form.get("reason") or "REASON"
    context = {
        "one": reading,
        "endpoint": endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint),
        "is_http": reading.kept.protocol in OVER_HTTP,
        "ours": f"tocsin sub confirm {reading.arn} --reason {_quoted(reason)}",
        "moment_of": from_epoch,
    }
    crumbs = [(CRUMB, visit.url("topics")), (reading.kept.topic, _topic_url(visit, reading))]
    return Page("subscription_confirm.html", "Confirm for them", context, crumbs=crumbs, section="topics")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def confirm_subscription(visit: Visit) -> Answer:
    """Agree on behalf of an address, with a reason that is kept (SNS-12.3)."""
    reading = _reading(visit)
    reason = visit.form.get("reason")
    by = f"arn:{reading.home.partition}:iam::{reading.home.account}:user/tocsin-console/{visit.visitor.name}"
    try:
        confirm_for(visit.service, reading.arn, reason=reason, by=by)
    except NoReasonError as error:
        raise FormProblemError({"reason": f"{error.message[:1].upper()}{error.message[1:]}."}) from None
    visit.note("confirm-subscription", "subscription", reading.arn, reason=reason)
    shown = endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint)
    return Redirect(_topic_url(visit, reading), told=f"{shown} is confirmed, and gets what is published from now on.")


# ---------------------------------------------------------------- ending


def unsubscribe_page(visit: Visit) -> Answer:
    """What goes with a subscription, in numbers (CON-7.6)."""
    reading = _reading(visit)
    context = {
        "one": reading,
        "endpoint": endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint),
        "unheard": _left_unheard(visit, reading),
        "calls": [_unsubscribe_call(reading.arn)],
        "moment_of": from_epoch,
    }
    crumbs = [(CRUMB, visit.url("topics")), (reading.kept.topic, _topic_url(visit, reading))]
    return Page("unsubscribe.html", "Unsubscribe", context, crumbs=crumbs, section="topics")


def _left_unheard(visit: Visit, reading: SubscriptionReading) -> list[Any]:
    arn = topic_arn(reading.home, reading.kept.topic)
    return list(alarms_left_unheard(visit.service, arn, without=reading.arn))


def _unsubscribe_call(arn: str) -> AwsCall:
    return AwsCall(service="sns", operation="Unsubscribe", parameters={"SubscriptionArn": arn})


def unsubscribe(visit: Visit) -> Answer:
    """End a subscription. Where an alarm would reach nobody any more the name of the topic has to be typed."""
    reading = _reading(visit)
    topic = reading.kept.topic
    if _left_unheard(visit, reading) and visit.form.get("typed") != topic:
        raise FormProblemError({"typed": f"Type the name of the topic, {topic}, to end its last subscription."})
    call = _unsubscribe_call(reading.arn)
    visit.call(call.service, call.operation, call.parameters, scope=reading.home)
    shown = endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint)
    told = f"{shown} gets no more messages. It would have to confirm again to get them back."
    return Redirect(_topic_url(visit, reading), told=told)


# ---------------------------------------------------------------- filter and delivery


def edit_subscription(visit: Visit) -> Answer:
    """The form of a subscription's attributes, with a trial of the filter."""
    reading = _reading(visit)
    values = _values(reading)
    topic = topic_arn(reading.home, reading.kept.topic)
    endpoint = endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint)
    context = {
        "one": reading,
        "endpoint": endpoint,
        "values": values,
        "looks_at": LOOKS_AT,
        "is_http": reading.kept.protocol in OVER_HTTP,
        "modes": _modes(visit, reading),
        "takes_raw": reading.kept.protocol in {"http", "https", "sqs", "firehose"},
        "opened": opened_form(visit, values),
        **_trial(visit, reading, values),
        "messages": messages_to_try(visit.service, topic),
    }
    crumbs = [
        (CRUMB, visit.url("topics")),
        (reading.kept.topic, _topic_url(visit, reading)),
        (safe_line(endpoint, 64), visit.url("subscriptions", reading.kept.ident)),
    ]
    return Page("subscription_edit.html", "Filter and delivery", context, crumbs=crumbs, section="topics")


def _values(reading: SubscriptionReading) -> dict[str, str]:
    """What the fields of the form hold."""
    attributes = reading.kept.attributes
    is_new = "FilterPolicy" not in attributes
    return {
        "filter": json_for_field(attributes.get("FilterPolicy", "")),
        "looks_at": "MessageBody" if is_new else attributes.get("FilterPolicyScope", "MessageAttributes"),
        "raw": "yes" if attributes.get("RawMessageDelivery") == "true" else "",
        "queue": _queue_of(attributes),
        "delivery": json_for_field(attributes.get("DeliveryPolicy", "")),
        "mode": reading.kept.unsubscribe,
    }


def _modes(visit: Visit, reading: SubscriptionReading) -> tuple[tuple[str, str], ...]:
    """What it may take to end it (SNS-5.4); none to choose for what is no mailbox."""
    if reading.kept.protocol not in MAIL:
        return ()
    with visit.service.store.read() as store:
        topic = TOPICS.get(store, reading.home, reading.kept.topic)
    of_topic = unsubscribe_mode(topic, visit.service.settings.mail_unsubscribe)
    return (("", f"As the topic has it: {of_topic}"), *MODES[1:])


def _trial(visit: Visit, reading: SubscriptionReading, values: dict[str, str]) -> dict[str, Any]:
    """Who would get which message with the policy as it is typed, and the calls that keep it."""
    policy = visit.form.exact("filter").strip() if "filter" in visit.form else values["filter"]
    looks_at = visit.form.get("looks_at") or values["looks_at"]
    message = visit.form.get("message")
    pasted = visit.form.exact("pasted") if message == "pasted" else ""
    topic = topic_arn(reading.home, reading.kept.topic)
    return {
        "trial": try_policy(
            visit.service, topic, reading.kept.protocol, policy=policy, looks_at=looks_at, chosen=message, pasted=pasted
        ),
        "calls": _changes(visit, reading) if visit.form else (),
    }


def keep_subscription(visit: Visit) -> Answer:
    """Set what was changed in the form, and only that; or show what the filter would do."""
    reading = _reading(visit)
    values = _values(reading)
    if visit.is_live:
        return Fragment("subscription/_trial.html", _trial(visit, reading, values))
    if visit.form.get("resolve") == "show":
        return edit_subscription(visit)
    conflict = conflict_page(visit, values, LABELS, _edited(visit, reading))
    if conflict is not None:
        return conflict
    calls = _changes(visit, reading)
    for call in calls:
        visit.call(call.service, call.operation, call.parameters, scope=reading.home)
    is_kept = _keep_mode(visit, reading)
    told = "Saved. It counts from the next message on." if calls or is_kept else "Nothing was changed."
    return Redirect(visit.url("subscriptions", reading.kept.ident), told=told)


def _keep_mode(visit: Visit, reading: SubscriptionReading) -> bool:
    """Keep what it takes to end it; whether that was changed. AWS has no call for it."""
    before, mode = reading.kept.unsubscribe, visit.form.get("mode")
    if "mode" not in visit.form or mode == before:
        return False
    set_unsubscribe_mode(visit.service, reading.arn, mode)
    was, becomes = ({"unsubscribe": one or "as the topic"} for one in (before, mode))
    visit.note("unsubscribe-mode", "subscription", reading.arn, before=was, after=becomes)
    return True


def _edited(visit: Visit, reading: SubscriptionReading) -> Edited:
    endpoint = endpoint_text(visit, reading.kept.protocol, reading.kept.endpoint)
    address = visit.url("subscriptions", reading.kept.ident)
    return Edited(
        action="keep-subscription",
        kind="subscription",
        name=endpoint,
        address=address,
        identity={"id": reading.kept.ident},
        scope=reading.home,
        operation="SetSubscriptionAttributes",
        asked={"subscriptionArn": reading.arn},
        crumbs=[
            (CRUMB, visit.url("topics")),
            (reading.kept.topic, _topic_url(visit, reading)),
            (safe_line(endpoint, 64), address),
        ],
        section="topics",
    )


def _changes(visit: Visit, reading: SubscriptionReading) -> list[AwsCall]:
    """The calls that make a subscription what the form says; the scope of a policy before a policy that needs it."""
    before, form = _values(reading), visit.form
    queue = form.get("queue")
    wanted = {
        "filter": form.exact("filter").strip(),
        "looks_at": form.get("looks_at") or before["looks_at"],
        "raw": "yes" if form.get("raw") else "",
        "queue": queue,
        "delivery": form.exact("delivery").strip(),
    }
    changed = {name for name, value in wanted.items() if value != before[name]}
    if changed & {"filter", "looks_at"}:
        changed -= {"filter", "looks_at"}
        had_policy = bool(before["filter"])
        calls = _filter_calls(reading, wanted["filter"], wanted["looks_at"], had_policy=had_policy)
    else:
        calls = []
    texts = {
        "raw": ("RawMessageDelivery", "true" if wanted["raw"] else "false"),
        "queue": ("RedrivePolicy", redrive_policy(queue) if queue else ""),
        "delivery": ("DeliveryPolicy", wanted["delivery"]),
    }
    return calls + [_set(reading.arn, *texts[name]) for name in texts if name in changed]


def _filter_calls(reading: SubscriptionReading, policy: str, looks_at: str, *, had_policy: bool) -> list[AwsCall]:
    arn = reading.arn
    if not policy:
        return [_set(arn, "FilterPolicy", "{}")] if had_policy else []
    calls = []
    if reading.kept.attributes.get("FilterPolicyScope", "MessageAttributes") != looks_at:
        # A policy with objects in it is none for attributes: it goes first, or the new scope would be refused.
        calls += [_set(arn, "FilterPolicy", "{}")] if had_policy and looks_at == "MessageAttributes" else []
        calls.append(_set(arn, "FilterPolicyScope", looks_at))
    return [*calls, _set(arn, "FilterPolicy", policy)]


def _set(arn: str, name: str, value: str) -> AwsCall:
    parameters = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
    return AwsCall(service="sns", operation="SetSubscriptionAttributes", parameters=parameters)


def look_at_body(visit: Visit) -> Answer:
    """The cure of a filter that drops every alarm: the same policy, on the body (AL-17.1)."""
    reading = _reading(visit)
    call = _set(reading.arn, "FilterPolicyScope", "MessageBody")
    visit.call(call.service, call.operation, call.parameters, scope=reading.home)
    told = "The filter looks at the body now. See whether it lets through what it is to."
    return Redirect(visit.url("edit/subscription", reading.kept.ident), told=told)


ROUTES = (
    page("subscriptions/{id}", subscription_page),
    page("new/subscription", new_subscription),
    page("edit/subscription/{id}", edit_subscription),
    page("confirm/unsubscribe", unsubscribe_page),
    page("confirm/confirm-subscription", confirm_page),
    action("subscribe", subscribe, form=topic_page),
    action("subscribe-in-full", subscribe, form=new_subscription),
    action("subscribe-again", subscribe_again),
    action("resend-confirmation", resend_confirmation),
    action("confirm-subscription", confirm_subscription, form=confirm_page),
    action("unsubscribe", unsubscribe, form=unsubscribe_page),
    action("keep-subscription", keep_subscription, form=edit_subscription),
    action("look-at-body", look_at_body),
)
