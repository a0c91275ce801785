"""Topics: who hears, settings, a test, deleting. Spec: CON-4.9, SNS-12, AL-17.1, AL-19.4, CON-7."""

from __future__ import annotations

import pytest
from console_bench import SCOPE, ConsoleBench, Seen
from topic_bench import FAILED, TOPIC, TopicBench

from tocsin.app.topic import TOPICS
from tocsin.console.visit import Visitor
from tocsin.core.delivery import Delivered, Endpoint
from tocsin.core.scope import Scope

HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}"
VIEWER = Visitor(name="vera", role="viewer")
BODY_POLICY = {"FilterPolicy": '{"NewStateValue":["ALARM"]}', "FilterPolicyScope": "MessageBody"}
DEAF_POLICY = {"FilterPolicy": '{"severity":["high"]}'}


@pytest.fixture
def bench() -> TopicBench:
    return TopicBench()


def topic(bench: TopicBench) -> Seen:
    seen = bench.get("topics/sec-alerts")
    assert seen.status == 200
    assert seen.html is not None
    return seen


# ---------------------------------------------------------------- who hears


def test_the_last_message_is_told_in_words_without_the_name_of_its_file(bench: TopicBench) -> None:
    bench.subscribe("a@example.com")
    bench.publish()
    bench.settle(bench.deliveries()[0], Delivered("kept in the mailbox as 20260313T001420Z-0123abcd"))
    words = topic(bench).words
    assert "kept in the mailbox" in words
    assert "20260313T" not in words


def test_a_topic_without_a_reader_says_that_nobody_is_told(bench: TopicBench) -> None:
    seen = topic(bench)
    assert "Nobody is told . 1 alarm publishes here, and nobody is subscribed." in seen.words
    assert "root-usage" in seen.words
    assert "nobody is told" in bench.get("topics").words


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda bench: bench.pending("a@example.com"), "nobody has confirmed yet"),
        (
            lambda bench: bench.subscribe("a@example.com", attributes=DEAF_POLICY),
            "the filter policies of all subscribers drop what alarms say",
        ),
        (
            lambda bench: bench.subscribe("arn:aws:lambda:us-east-1:111122223333:function:f", "lambda"),
            "no endpoint can be reached from here",
        ),
    ],
)
def test_why_nobody_is_told(bench: TopicBench, make, why: str) -> None:
    make(bench)
    assert why in topic(bench).words


def test_a_confirmed_reader_is_enough(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    assert "Nobody is told" not in topic(bench).words


def test_a_chat_channel_of_the_settings_is_shown_as_a_reader() -> None:
    bench = TopicBench(settings={"channels": {TOPIC: (Endpoint("slack", "ops-channel"),)}})
    words = topic(bench).words
    assert "in the settings ops-channel slack" in words
    assert "Nobody is told" not in words


def test_subscriptions_are_told_by_how_they_stand_what_needs_a_hand_first(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    bench.pending("bob@example.com")
    bench.subscribe("https://example.com/hook", "https")
    bench.publish()
    by_protocol = {row.protocol: row for row in bench.deliveries()}
    bench.settle(by_protocol["email"], Delivered("250 queued"))
    bench.settle(by_protocol["https"], *FAILED)
    bench.clock.advance(7_500)
    words = topic(bench).words
    rows = [
        words.index(text) for text in ("failing 2 h 4 min", "pending 2 h 5 min", "confirmed alice@example.com email")
    ]
    assert rows == sorted(rows)
    assert "link ends in 1 d 21 h" in words
    assert "250 queued" in words
    assert "status: 500 Broken" in words


def test_mailboxes_are_marked_as_protected(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    bench.subscribe("the log", "log")
    assert topic(bench).text.count(">protected<") == 1


def test_a_filter_is_said_in_words_and_marked_where_it_drops_every_alarm(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com", attributes=BODY_POLICY)
    words = topic(bench).words
    assert 'messages in whose body NewStateValue is "ALARM"' in words
    assert "drops every alarm" not in words
    bench.subscribe("bob@example.com", attributes=DEAF_POLICY)
    seen = topic(bench)
    assert 'whose attribute severity is "high"' in seen.words
    assert "drops every alarm" in seen.words
    assert "1 with a filter that drops alarms" in bench.get("topics").words


def test_who_left_is_shown_and_can_be_asked_again(bench: TopicBench) -> None:
    ident = bench.subscribe("alice@example.com")
    bench.call("sns", "Unsubscribe", {"SubscriptionArn": f"{TOPIC}:{ident}"})
    words = topic(bench).words
    assert "removed unsubscribed" in words
    assert "by arn:aws:iam::111122223333:user/tocsin-console/setup" in words
    done = bench.post("subscribe-again", {"topic": "sec-alerts", "id": ident})
    assert "alice@example.com was asked to confirm" in bench.follow(done).words
    assert "pending 0 s" in topic(bench).words


def test_the_subscriptions_are_a_part_of_their_own(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    part = bench.get("_/topic/subscriptions?name=sec-alerts")
    assert part.status == 200
    assert "alice@example.com" in part.words
    assert "<html" not in part.text
    assert 'data-follow="subscription delivery definition"' in topic(bench).text


def test_topics_of_all_accounts_are_listed_page_by_page(bench: TopicBench) -> None:
    for number in range(100):
        bench.call("sns", "CreateTopic", {"Name": f"a-{number:03}"})
    bench.call("sns", "CreateTopic", {"Name": "there"}, scope=Scope("444455556666", "eu-west-1"))
    first = bench.get("topics?in=all")
    assert "a-099" in first.text
    assert "/topics/sec-alerts" not in first.text
    (older,) = [link for link in first.links() if "after=" in link]
    second = bench.get(older.replace("&amp;", "&"))
    assert [name in second.text for name in ("a-099", "/topics/sec-alerts", "/topics/there?in=444455556666")] == [
        False,
        True,
        True,
    ]


def test_an_empty_list_teaches() -> None:
    seen = ConsoleBench().get("topics")
    assert "There is no topic yet, so no alarm can tell anybody." in seen.words
    assert "aws sns create-topic --name sec-alerts" in seen.words


def test_a_name_that_is_not_there_leads_to_the_nearest(bench: TopicBench) -> None:
    seen = bench.get("topics/sec-alert")
    assert seen.status == 404
    assert "/console/topics/sec-alerts" in seen.links()


# ---------------------------------------------------------------- a test message


def test_a_test_message_goes_through_the_topic(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    bench.subscribe("bob@example.com", attributes=BODY_POLICY)
    seen = bench.follow(bench.post("send-test", {"topic": "sec-alerts"}))
    assert "Test message sent to 1 endpoint. 1 subscriber did not get it" in seen.words
    (row,) = bench.deliveries()
    assert b"TEST: sec-alerts" in row.body
    (change, _actor) = bench.audit.changes[0]
    assert (change.action, change.name) == ("Publish", "sec-alerts")


def test_a_test_message_for_nobody_says_so(bench: TopicBench) -> None:
    assert "nobody gets it" in bench.follow(bench.post("send-test", {"topic": "sec-alerts"})).words


# ---------------------------------------------------------------- making and keeping


def test_a_topic_is_made_with_its_settings(bench: TopicBench) -> None:
    fields = {"name": "ops", "display_name": "Ops", "digest": "PT15M", "mode": "confirm"}
    seen = bench.follow(bench.post("create-topic", fields))
    assert "Topic ops created. Nobody is told yet" in seen.words
    with bench.service.store.read() as store:
        made = TOPICS.get(store, SCOPE, "ops")
    assert made is not None
    assert made.attributes == {"DisplayName": "Ops"}
    assert made.tags == {"tocsin:digest-every": "PT15M", "tocsin:unsubscribe": "confirm"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "A topic has a name"),
        ({"name": "sec-alerts"}, "There is a topic sec-alerts already."),
        ({"name": "a b"}, "Invalid parameter: Topic Name"),
        ({"name": "ops", "digest": "often"}, "tocsin:digest-every"),
        ({"name": "ops", "policy": "{"}, "Policy Error"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(bench: TopicBench, fields: dict[str, str], text: str) -> None:
    seen = bench.post("create-topic", {"display_name": "kept as typed", **fields})
    assert seen.status == 422
    assert text in seen.words
    assert 'value="kept as typed"' in seen.text


def test_a_form_shows_its_equal_command_as_it_is_typed(bench: TopicBench) -> None:
    seen = bench.post("create-topic", {"name": "ops", "digest": "PT1H"}, headers={"x-tocsin-live": "1"})
    assert seen.status == 200
    assert "aws sns create-topic" in seen.words
    assert "Key=tocsin:digest-every,Value=PT1H" in seen.words
    with bench.service.store.read() as store:
        assert TOPICS.get(store, SCOPE, "ops") is None


def test_only_what_was_changed_is_set(bench: TopicBench) -> None:
    bench.call("sns", "SetTopicAttributes", {"TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": "S"})
    bench.call("sns", "TagResource", {"ResourceArn": TOPIC, "Tags": [{"Key": "tocsin:digest-every", "Value": "PT1H"}]})
    seen = bench.follow(bench.post("keep-topic", {"topic": "sec-alerts", "display_name": "S", "mode": "open"}))
    assert "Settings saved." in seen.words
    assert [change.action for change, _ in bench.audit.changes] == ["TagResource", "UntagResource"]
    with bench.service.store.read() as store:
        kept = TOPICS.get(store, SCOPE, "sec-alerts")
    assert kept is not None
    assert (kept.attributes, kept.tags) == ({"DisplayName": "S"}, {"tocsin:unsubscribe": "open"})


def test_settings_can_be_taken_back(bench: TopicBench) -> None:
    seen = bench.follow(bench.post("keep-topic", {"topic": "sec-alerts", "display_name": "New"}))
    assert "Undo" in seen.words
    undo = {
        field.get("name"): field.get("value")
        for form in seen.html.iter("form")
        if form.get("action", "").endswith("keep-topic")
        for field in form.iter("input")
    }
    bench.follow(bench.post("keep-topic", {name: value for name, value in undo.items() if name and value is not None}))
    with bench.service.store.read() as store:
        kept = TOPICS.get(store, SCOPE, "sec-alerts")
    assert kept is not None
    assert kept.attributes == {}


def test_nothing_that_was_changed_is_nothing_to_save(bench: TopicBench) -> None:
    assert "Nothing was changed." in bench.follow(bench.post("keep-topic", {"topic": "sec-alerts"})).words


def opened(bench: TopicBench, path: str) -> dict[str, str]:
    """The hidden fields of a form as a browser has them."""
    return {
        str(field.get("name")): str(field.get("value"))
        for field in bench.get(path).html.iter("input")
        if field.get("type") == "hidden" and field.get("name") in {"version", "base", "topic", "id", "trail"}
    }


def test_two_who_change_one_topic_are_shown_what_differs(bench: TopicBench) -> None:
    form = opened(bench, "edit/topic/sec-alerts")
    bench.call("sns", "SetTopicAttributes", {"TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": "X"})
    seen = bench.post("keep-topic", {**form, "display_name": "Y", "digest": "PT1H"})
    assert seen.status == 409
    assert "sec-alerts was changed meanwhile" in seen.words.replace("- ", "-")
    assert "Sender name" in seen.words
    merge = bench.post("keep-topic", {**form, "display_name": "X", "digest": "PT1H", "resolve": "show"})
    assert merge.status == 200
    assert 'value="PT1H"' in merge.text


# ---------------------------------------------------------------- deleting


def test_deleting_says_what_goes_with_it(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    bench.pending("bob@example.com")
    words = bench.get("confirm/delete-topic?name=sec-alerts").words
    assert "2 subscriptions end, 1 of them pending" in words
    assert "1 alarm goes on naming it" in words
    assert "1 alarm loses its only reader" in words


def test_where_somebody_would_no_longer_be_told_the_name_is_typed(bench: TopicBench) -> None:
    bench.subscribe("alice@example.com")
    refused = bench.post("delete-topic", {"topic": "sec-alerts"})
    assert refused.status == 422
    assert "Type the name of the topic, sec-alerts" in refused.words
    done = bench.follow(bench.post("delete-topic", {"topic": "sec-alerts", "typed": "sec-alerts"}))
    assert "Topic sec-alerts deleted with 1 subscription." in done.words


def test_a_topic_that_tells_nobody_goes_without_its_name(bench: TopicBench) -> None:
    assert bench.post("delete-topic", {"topic": "sec-alerts"}).status == 303


# ---------------------------------------------------------------- settings in words


def test_a_policy_that_keeps_alarms_out_is_marked(bench: TopicBench) -> None:
    policy = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"SNS:Publish","Resource":"*"}]}'
    bench.call("sns", "SetTopicAttributes", {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": policy})
    assert "refuses alarms" in topic(bench).words


@pytest.mark.parametrize("name", ["topics/sec-alerts", "topics", "edit/topic/sec-alerts", "new/topic"])
def test_a_viewer_sees_it_all_and_changes_nothing(name: str) -> None:
    bench = TopicBench(visitor=VIEWER)
    bench.subscribe("https://example.com/services/T0/secret", "https")
    seen = bench.get(name)
    assert seen.status == 200
    assert "secret" not in seen.text
    assert bench.post("delete-topic", {"topic": "sec-alerts"}).status == 403


def test_hostile_text_is_shown_and_never_acts(bench: TopicBench) -> None:
    bench.call(
        "sns", "SetTopicAttributes", {"TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": HOSTILE}
    )
    bench.call("sns", "TagResource", {"ResourceArn": TOPIC, "Tags": [{"Key": HOSTILE, "Value": HOSTILE}]})
    bench.subscribe(f"{HOSTILE}\u202e", "log", attributes={"FilterPolicy": '{"<b>": ["\\u202e<script>"]}'})
    for page in ("topics", "topics/sec-alerts", "edit/topic/sec-alerts", "confirm/delete-topic?name=sec-alerts"):
        seen = bench.get(page)
        assert "<script>alert" not in seen.text
        assert "49" not in seen.words.replace("1049", "")
        assert "\u202e" not in seen.text
        assert seen.html is not None
