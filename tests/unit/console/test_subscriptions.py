"""Subscriptions: subscribing, asking again, agreeing for somebody, filters, ending. Spec: CON-4.9, SNS-3 to 5, SNS-12."""

from __future__ import annotations

import re
from typing import Any

import pytest
from console_bench import Seen
from topic_bench import FAILED, TOPIC, TopicBench

from tocsin.console.visit import Visitor
from tocsin.core.delivery import Delivered

HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}"
VIEWER = Visitor(name="vera", role="viewer")
LIVE = {"x-tocsin-live": "1"}
DEAF = {"FilterPolicy": '{"severity":["high"]}'}


@pytest.fixture
def bench() -> TopicBench:
    return TopicBench()


def opened(bench: TopicBench, path: str) -> dict[str, str]:
    """The hidden fields of a form as a browser has them."""
    return {
        str(field.get("name")): str(field.get("value"))
        for field in bench.get(path).html.iter("input")
        if field.get("type") == "hidden" and field.get("name") in {"version", "base", "id"}
    }


# ---------------------------------------------------------------- subscribing


def test_a_mailbox_is_asked_first(bench: TopicBench) -> None:
    fields = {"topic": "sec-alerts", "protocol": "email", "endpoint": "alice@example.com"}
    seen = bench.follow(bench.post("subscribe", fields))
    assert "alice@example.com was asked to confirm. It gets nothing until it has agreed." in seen.words
    (row,) = bench.deliveries()
    assert row.cause == "confirmation"


def test_what_need_not_agree_is_subscribed_at_once(bench: TopicBench) -> None:
    fields = {"topic": "sec-alerts", "protocol": "log", "endpoint": "the log"}
    assert (
        "is subscribed, and gets what is published from now on" in bench.follow(bench.post("subscribe", fields)).words
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"protocol": "email", "endpoint": ""}, "Write the address that is to get the messages."),
        ({"protocol": "email", "endpoint": "nobody"}, "Invalid parameter: Email address"),
        ({"protocol": "https", "endpoint": "http://example.com"}, "Endpoint must match the specified protocol"),
        ({"protocol": "fax", "endpoint": "1"}, "Amazon SNS does not support this protocol string: fax"),
    ],
)
def test_what_is_refused_is_said_on_the_page_of_the_topic(bench: TopicBench, fields: dict[str, str], text: str) -> None:
    seen = bench.post("subscribe", {"topic": "sec-alerts", **fields})
    assert seen.status == 422
    assert text in seen.words
    assert f'value="{fields["endpoint"]}"' in seen.text


def test_the_equal_command_follows_the_form(bench: TopicBench) -> None:
    fields = {"topic": "sec-alerts", "protocol": "email", "endpoint": "bob@example.com"}
    seen = bench.post("subscribe", fields, headers=LIVE)
    assert "--notification-endpoint bob@example.com" in seen.words
    assert bench.deliveries() == []


def test_everything_can_be_given_at_once(bench: TopicBench) -> None:
    queue = "arn:aws:sqs:us-east-1:111122223333:dead"
    fields = {
        "topic": "sec-alerts",
        "protocol": "sqs",
        "endpoint": "arn:aws:sqs:us-east-1:111122223333:alerts",
        "filter": '{"NewStateValue": ["ALARM"]}',
        "looks_at": "MessageBody",
        "raw": "yes",
        "queue": queue,
    }
    bench.follow(bench.post("subscribe-in-full", fields))
    (ident,) = re.findall(r"subscriptions/([0-9a-f-]{36})", bench.get("topics/sec-alerts").text)[:1]
    kept = bench.kept(ident)
    assert kept is not None
    assert kept.attributes == {
        "FilterPolicy": '{"NewStateValue": ["ALARM"]}',
        "FilterPolicyScope": "MessageBody",
        "RawMessageDelivery": "true",
        "RedrivePolicy": f'{{"deadLetterTargetArn": "{queue}"}}',
    }


def test_a_quote_in_a_queue_does_not_break_its_policy(bench: TopicBench) -> None:
    fields = {"topic": "sec-alerts", "protocol": "log", "endpoint": "l", "queue": '"}, "x": {"a": "\\'}
    seen = bench.post("subscribe-in-full", fields)
    assert seen.status == 422
    assert "deadLetterTargetArn is an invalid arn" in seen.words


# ---------------------------------------------------------------- one subscription


def test_a_subscription_is_told_with_what_was_sent(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com", attributes={"RedrivePolicy": '{"deadLetterTargetArn":"arn:q"}'})
    bench.publish()
    bench.settle(bench.deliveries()[0], Delivered("250 queued"))
    words = bench.get(f"subscriptions/{ident}").words
    for text in ("protected since", "Everything that is published", "delivered: 250 queued", "arn:q", "user/bob"):
        assert text in words


def test_one_that_fails_says_since_when(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com")
    bench.publish()
    bench.settle(bench.deliveries()[0], *FAILED)
    assert "Failing Nothing has arrived here since" in bench.get(f"subscriptions/{ident}").words


def test_a_protocol_without_a_service_says_so(bench: TopicBench) -> None:
    ident = bench.subscribe("+15550100", "sms")
    assert "nothing that delivers to sms" in bench.get(f"subscriptions/{ident}").words


def test_one_that_is_not_there_says_so(bench: TopicBench) -> None:
    assert bench.get("subscriptions/00000000-0000-4000-8000-00000000ffff").status == 404


# ---------------------------------------------------------------- asking again, agreeing


def test_the_question_is_sent_again_five_times_an_hour(bench: TopicBench) -> None:
    bench.follow(bench.post("subscribe", {"topic": "sec-alerts", "protocol": "email", "endpoint": "alice@example.com"}))
    (ident,) = re.findall(r"subscriptions/([0-9a-f-]{36})", bench.get("topics/sec-alerts").text)[:1]
    for _ in range(4):
        told = bench.follow(bench.post("resend-confirmation", {"id": ident}))
        assert "A message with a new link goes to alice@example.com now. The older links still work." in told.words
    refused = bench.post("resend-confirmation", {"id": ident})
    assert refused.status == 422
    assert "five such mails within an hour" in refused.words
    assert [change.action for change, _ in bench.audit.changes][-1] == "resend-confirmation"


def test_agreeing_for_somebody_wants_a_reason_that_is_kept(bench: TopicBench) -> None:
    ident = bench.pending("pager@example.com")
    page = bench.get(f"confirm/confirm-subscription?id={ident}")
    assert "AWS has no call for this." in page.words
    assert f"tocsin sub confirm {TOPIC}:{ident} --reason" in page.words
    refused = bench.post("confirm-subscription", {"id": ident, "reason": " "})
    assert refused.status == 422
    assert "Say in up to 500 characters" in refused.words
    seen = bench.follow(bench.post("confirm-subscription", {"id": ident, "reason": "the mailbox of a pager"}))
    assert "confirmed for it: the mailbox of a pager" in seen.words
    assert "confirmed by the one who runs the service by arn:aws:iam::111122223333:user/tocsin-console/local" in (
        seen.words
    )
    change = bench.audit.changes[-1][0]
    assert (change.action, change.reason) == ("confirm-subscription", "the mailbox of a pager")


def test_nobody_agrees_for_a_url(bench: TopicBench) -> None:
    ident = bench.pending("https://example.com/hook", "https")
    assert "answers for itself" in bench.get(f"confirm/confirm-subscription?id={ident}").words
    assert "Confirm for them" not in bench.get("topics/sec-alerts").words
    assert bench.post("confirm-subscription", {"id": ident, "reason": "it is ours"}).status == 422


# ---------------------------------------------------------------- ending


def test_ending_the_only_reader_wants_the_name_of_the_topic(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com")
    assert "1 alarm loses its only reader : root-usage" in (
        bench.get(f"confirm/unsubscribe?id={ident}").words.replace("- ", "-")
    )
    assert bench.post("unsubscribe", {"id": ident}).status == 422
    assert bench.kept(ident) is not None
    seen = bench.follow(bench.post("unsubscribe", {"id": ident, "typed": "sec-alerts"}))
    assert "alice@example.com gets no more messages." in seen.words
    assert bench.kept(ident) is None


def test_ending_one_of_two_does_not(bench: TopicBench) -> None:
    ident, _other = bench.subscribe("alice@example.com"), bench.subscribe("bob@example.com")
    assert "no alarm loses its only reader" in bench.get(f"confirm/unsubscribe?id={ident}").words
    assert bench.post("unsubscribe", {"id": ident}).status == 303


def test_one_that_waits_cannot_be_ended(bench: TopicBench) -> None:
    ident = bench.pending("alice@example.com")
    assert "SNS ends no subscription that is pending" in bench.get(f"confirm/unsubscribe?id={ident}").words


# ---------------------------------------------------------------- filters


def test_a_filter_that_drops_every_alarm_has_its_cure_beside_it(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com", attributes=DEAF)
    words = bench.get(f"subscriptions/{ident}").words
    assert "Drops every alarm It looks at the attributes of messages, and what alarms publish has none." in words
    assert "use a policy with FilterPolicyScope MessageBody" in words
    seen = bench.follow(bench.post("look-at-body", {"id": ident}))
    assert "The filter looks at the body now." in seen.words
    kept = bench.kept(ident)
    assert kept is not None
    assert kept.attributes["FilterPolicyScope"] == "MessageBody"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"filter": "", "looks_at": "MessageBody"}, "gets this message"),
        ({"filter": '{"NewStateValue":["ALARM"]}', "looks_at": "MessageBody"}, "ALARM 1 of 1 message"),
        ({"filter": '{"NewStateValue":["OK"]}', "looks_at": "MessageBody"}, "the key NewStateValue does not fit"),
        ({"filter": '{"NewStateValue":["OK"]}', "looks_at": "MessageBody"}, "Drops every alarm of this topic"),
        (
            {"filter": '{"NewStateValue":["ALARM"]}', "looks_at": "MessageAttributes"},
            "the message has no usable attributes",
        ),
        ({"filter": '{"a":1}', "looks_at": "MessageBody"}, 'refused "a" must be an object or an array'),
        (
            {"filter": '{"a":["b"]}', "looks_at": "MessageBody", "message": "pasted", "pasted": '{"a":"b"}'},
            "gets this message",
        ),
        (
            {"filter": '{"a":["b"]}', "looks_at": "MessageBody", "message": "pasted", "pasted": "prose"},
            "the body is no JSON object",
        ),
    ],
)
@pytest.mark.parametrize("headers", [LIVE, {}])
def test_a_filter_is_tried_before_it_is_kept(
    bench: TopicBench, fields: dict[str, str], told: str, headers: dict[str, str]
) -> None:
    ident = bench.subscribe("alice@example.com")
    seen = bench.post("keep-subscription", {"id": ident, "resolve": "show", **fields}, headers=headers)
    assert seen.status == 200
    assert told in seen.words
    kept = bench.kept(ident)
    assert kept is not None
    assert kept.attributes == {}


def test_the_message_of_an_alarm_can_be_chosen(bench: TopicBench) -> None:
    bench.alarm("cis/other", TOPIC, OKActions=[TOPIC])
    ident = bench.subscribe("alice@example.com")
    page = bench.get(f"edit/subscription/{ident}")
    (select,) = [one for one in page.html.iter("select") if one.get("name") == "message"]
    options = [str(option.get("value")) for option in select.iter("option")]
    assert options == [
        "ALARM|111122223333/us-east-1|cis/other",
        "OK|111122223333/us-east-1|cis/other",
        "ALARM|111122223333/us-east-1|root-usage",
        "pasted",
    ]
    fields = {"id": ident, "filter": '{"NewStateValue":["OK"]}', "looks_at": "MessageBody", "message": options[1]}
    seen = bench.post("keep-subscription", fields, headers=LIVE)
    assert "gets this message" in seen.words
    assert "ALARM 0 of 2 messages OK 1 of 1 message" in seen.words


@pytest.mark.parametrize(
    ("before", "fields", "after", "calls"),
    [
        ({}, {"filter": '{"a":["b"]}', "looks_at": "MessageBody"}, ('{"a":["b"]}', "MessageBody"), 2),
        ({}, {"filter": '{"a":["b"]}', "looks_at": "MessageAttributes"}, ('{"a":["b"]}', None), 1),
        (DEAF, {"filter": DEAF["FilterPolicy"], "looks_at": "MessageAttributes"}, (DEAF["FilterPolicy"], None), 0),
        (DEAF, {"filter": "", "looks_at": "MessageAttributes"}, (None, None), 1),
        (
            {"FilterPolicy": '{"a":{"b":["c"]}}', "FilterPolicyScope": "MessageBody"},
            {"filter": '{"a":["b"]}', "looks_at": "MessageAttributes"},
            ('{"a":["b"]}', "MessageAttributes"),
            3,
        ),
    ],
)
def test_a_filter_is_kept_by_the_calls_that_it_takes(
    bench: TopicBench, before: dict[str, str], fields: dict[str, str], after: tuple[Any, Any], calls: int
) -> None:
    ident = bench.subscribe("alice@example.com", attributes=before)
    bench.follow(bench.post("keep-subscription", {"id": ident, **fields}))
    kept = bench.kept(ident)
    assert kept is not None
    assert (kept.attributes.get("FilterPolicy"), kept.attributes.get("FilterPolicyScope")) == after
    assert len(bench.audit.changes) == calls


def test_delivery_of_a_url_is_kept(bench: TopicBench) -> None:
    ident = bench.subscribe("https://example.com/hook", "https")
    policy = '{"healthyRetryPolicy":{"numRetries":5,"minDelayTarget":10,"maxDelayTarget":60}}'
    fields = {"id": ident, "raw": "yes", "delivery": policy, "queue": "arn:aws:sqs:us-east-1:111122223333:dead"}
    bench.follow(bench.post("keep-subscription", fields))
    kept = bench.kept(ident)
    assert kept is not None
    assert kept.attributes["DeliveryPolicy"] == policy
    assert kept.attributes["RawMessageDelivery"] == "true"
    bench.follow(bench.post("keep-subscription", {"id": ident}))
    kept = bench.kept(ident)
    assert kept is not None
    assert kept.attributes == {"RawMessageDelivery": "false"}


def test_a_policy_that_is_refused_leaves_the_form_as_it_was_typed(bench: TopicBench) -> None:
    ident = bench.subscribe("https://example.com/hook", "https")
    seen = bench.post("keep-subscription", {"id": ident, "delivery": "{"})
    assert seen.status == 422
    assert "DeliveryPolicy: failed to parse JSON" in seen.words


def test_two_who_change_one_subscription_are_shown_what_differs(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com")
    form = opened(bench, f"edit/subscription/{ident}")
    bench.call(
        "sns",
        "SetSubscriptionAttributes",
        {
            "SubscriptionArn": f"{TOPIC}:{ident}",
            "AttributeName": "RedrivePolicy",
            "AttributeValue": '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111122223333:dead"}',
        },
    )
    seen = bench.post("keep-subscription", {**form, "filter": '{"a":["b"]}', "looks_at": "MessageBody"})
    assert seen.status == 409
    assert "Dead-letter queue" in seen.words


# ---------------------------------------------------------------- who may see what


def test_a_viewer_sees_no_path_of_a_hook_and_no_button(bench: TopicBench) -> None:
    viewer = TopicBench(visitor=VIEWER)
    ident = viewer.subscribe("https://example.com/services/T0/secret", "https")
    for page in (f"subscriptions/{ident}", f"edit/subscription/{ident}", f"confirm/unsubscribe?id={ident}"):
        seen: Seen = viewer.get(page)
        assert seen.status == 200
        assert "secret" not in seen.text
    assert viewer.post("unsubscribe", {"id": ident}).status == 403
    own = bench.subscribe("https://me:secret@example.com/hook", "https")
    assert "https://me:****@example.com/hook" in bench.get(f"subscriptions/{own}").words


def test_hostile_text_is_shown_and_never_acts(bench: TopicBench) -> None:
    ident = bench.subscribe(f"{HOSTILE}\u202e", "log", attributes={"FilterPolicy": '{"<b>": ["\\u202e<script>"]}'})
    for page in (f"subscriptions/{ident}", f"edit/subscription/{ident}", f"confirm/unsubscribe?id={ident}"):
        seen = bench.get(page)
        assert "<script>alert" not in seen.text
        assert "\u202e" not in seen.text
        assert seen.html is not None


# ---------------------------------------------------------------- how a mailbox leaves


def test_for_one_mailbox_it_can_be_said_how_it_leaves(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com")
    path = f"edit/subscription/{ident}"
    assert "As the topic has it: protected" in bench.get(path).words
    seen = bench.follow(bench.post("keep-subscription", {**opened(bench, path), "mode": "confirm"}))
    assert "Saved." in seen.words
    assert "Unsubscribing confirm" in seen.words
    bench.publish()
    assert bench.sent.unsubscribe == "confirm"
    change = bench.audit.changes[-1][0]
    assert (change.before, change.after) == ({"unsubscribe": "as the topic"}, {"unsubscribe": "confirm"})


def test_who_leaves_by_a_page_is_not_protected(bench: TopicBench) -> None:
    alice, bob = bench.subscribe("alice@example.com", unsubscribe="open"), bench.subscribe("bob@example.com")
    states = {one: bench.get(f"subscriptions/{one}").words for one in (alice, bob)}
    assert "confirmed since" in states[alice]
    assert "protected since" in states[bob]


@pytest.mark.parametrize("protocol", ["http", "log", "sqs"])
def test_what_is_no_mailbox_leaves_as_on_aws(bench: TopicBench, protocol: str) -> None:
    path = f"edit/subscription/{bench.subscribe('http://example.com/hook', protocol)}"
    assert "Unsubscribing" not in bench.get(path).words
    seen = bench.post("keep-subscription", {**opened(bench, path), "mode": "confirm"})
    assert "mailboxes alone have a mode" in seen.words


def test_a_mode_that_is_none_is_refused(bench: TopicBench) -> None:
    path = f"edit/subscription/{bench.subscribe('alice@example.com')}"
    seen = bench.post("keep-subscription", {**opened(bench, path), "mode": "never"})
    assert (seen.status, "there is no such mode" in seen.words) == (422, True)
