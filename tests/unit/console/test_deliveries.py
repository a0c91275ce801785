"""Deliveries: the list, one of them, sending again. Spec: CON-4.10, SNS-10.6, SNS-10.7."""

from __future__ import annotations

import pytest
from topic_bench import FAILED, TOPIC, TopicBench

from tocsin.console.visit import Visitor
from tocsin.core.delivery import Delivered, DeliveryReason, Retry
from tocsin.core.envelope import MessageAttribute
from tocsin.core.outbox import DeliveryStatus

VIEWER = Visitor(name="vera", role="viewer")
ALARM = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cis/root-usage"
HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}\u202e"


@pytest.fixture
def bench() -> TopicBench:
    bench = TopicBench()
    bench.subscribe("alice@example.com")
    return bench


def publish(bench: TopicBench, count: int = 1) -> None:
    for number in range(count):
        bench.publish(subject=f"message {number}")
        bench.clock.advance(1)


def test_deliveries_are_listed_with_what_became_of_them(bench: TopicBench) -> None:
    publish(bench, 3)
    newest, middle, oldest = bench.deliveries()
    bench.settle(newest, Delivered("250 queued"))
    bench.settle(middle, *FAILED)
    bench.settle(oldest, Retry(DeliveryReason.TIME_OUT, "15 s"))
    words = bench.get("deliveries").words
    assert "message 2 sec-alerts alice@example.com email delivered 1 attempt delivered: 250 queued" in words
    assert "message 1 sec-alerts alice@example.com email failed 2 attempts status: 500 Broken" in words
    assert "message 0 sec-alerts alice@example.com email tried again next 03:14:44 1 attempt time-out: 15 s" in words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("?status=failed", 1),
        ("?status=pending", 1),
        ("?status=nonsense", 2),
        ("?topic=sec-alerts", 2),
        (f"?topic={TOPIC}", 2),
        ("?topic=other", 0),
        ("?to=ALICE", 2),
        ("?to=bob", 0),
        ("?before=nonsense", 2),
    ],
)
def test_deliveries_are_chosen(bench: TopicBench, query: str, found: int) -> None:
    publish(bench, 2)
    bench.settle(bench.deliveries()[0], *FAILED)
    seen = bench.get(f"deliveries{query}")
    assert sum('<tr id="d-' in line for line in seen.text.split("\n")) == found
    assert ("No delivery is like that." in seen.words) is (found == 0)


def test_older_ones_are_on_the_next_page(bench: TopicBench) -> None:
    publish(bench, 51)
    first = bench.get("deliveries?status=pending")
    (older,) = [link for link in first.links() if "before=" in link]
    assert "status=pending" in older
    second = bench.get(older.replace("&amp;", "&"))
    assert "message 0" in second.words
    assert "message 1 " not in second.words
    assert "data-fragment" not in second.text  # what is old does not move


def test_an_empty_list_teaches() -> None:
    seen = TopicBench().get("deliveries")
    assert "Nothing has been sent yet." in seen.words
    assert "Address holds" not in seen.words  # there is nothing to choose from


def test_one_delivery_tells_every_attempt_and_what_was_sent(bench: TopicBench) -> None:
    bench.publish(
        '{"AlarmName":"cis/root-usage"}', 'ALARM: "cis/root-usage"',
        alarm_arn=ALARM, attributes={"kind": MessageAttribute("String", "a")},
    )  # fmt: skip
    (row,) = bench.deliveries()
    bench.settle(row, *FAILED)
    seen = bench.get(f"deliveries/{row.delivery_id}")
    for text in (
        "1 03:14:21 status: 503 Service Unavailable 42 ms 03:14:41",
        "2 03:14:22 status: 500 Broken 42 ms none",
        '"AlarmName": "cis/root-usage"',
        "kind a String",
        "cis/root-usage",
        f"tocsin deliveries replay {row.delivery_id}",
    ):
        assert text in seen.words
    assert "/console/alarms/cis/root-usage?in=111122223333%2Fus-east-1" in seen.text


def test_a_message_keeps_its_lines_and_shows_what_acts(bench: TopicBench) -> None:
    bench.publish("WHO\n  mallory\u202e\n")
    (row,) = bench.deliveries()
    text = bench.get(f"deliveries/{row.delivery_id}").text
    assert "WHO\n  mallory\\u202e\n" in text
    assert "line feed" not in text


def test_a_long_message_is_cut_and_can_be_read_whole(bench: TopicBench) -> None:
    bench.publish("x" * 100_000)
    (row,) = bench.deliveries()
    assert "96,000 more characters, show all" in bench.get(f"deliveries/{row.delivery_id}").words
    whole = bench.get(f"deliveries/{row.delivery_id}/message")
    assert (whole.headers["content-type"], len(whole.text)) == ("text/plain; charset=utf-8", 100_000)


def test_a_confirmation_shows_no_link(bench: TopicBench) -> None:
    bench.post("subscribe", {"topic": "sec-alerts", "protocol": "email", "endpoint": "bob@example.com"})
    (row,) = bench.deliveries()
    words = bench.get(f"deliveries/{row.delivery_id}").words
    assert "The link in it is not shown here: whoever has it can act." in words
    assert "a confirmation that was asked for" in words
    assert "token" not in words.lower()


def test_what_has_failed_is_sent_again(bench: TopicBench) -> None:
    publish(bench)
    (row,) = bench.deliveries()
    bench.settle(row, *FAILED)
    seen = bench.follow(bench.post("send-again", {"id": row.delivery_id}))
    assert "1 delivery due again now." in seen.words
    assert bench.deliveries()[0].status is DeliveryStatus.PENDING
    assert bench.audit.changes[-1][0].action == "send-again"
    again = bench.follow(bench.post("send-again", {"id": row.delivery_id}))
    assert "Nothing is sent again. 1 delivery has not failed, or not any more." in again.words


def test_several_are_sent_again_at_once(bench: TopicBench) -> None:
    publish(bench, 3)
    rows = bench.deliveries()
    for row in rows[:2]:
        bench.settle(row, *FAILED)
    listed = bench.get("deliveries?status=failed")
    assert listed.text.count('type="checkbox" name="id"') == 2
    idents = [row.delivery_id for row in rows]
    seen = bench.follow(bench.post("send-again", {"id": idents, "back": "failed"}))
    assert "2 deliveries due again now. 1 delivery has not failed, or not any more." in seen.words


@pytest.mark.parametrize(
    ("idents", "text"),
    [([], "Choose the deliveries"), ([f"d{number}" for number in range(101)], "100 at a time: 101 were chosen.")],
)
def test_what_cannot_be_sent_again_is_said(bench: TopicBench, idents: list[str], text: str) -> None:
    seen = bench.post("send-again", {"id": idents})
    assert seen.status == 422
    assert text in seen.words


def test_one_that_is_not_there_says_so(bench: TopicBench) -> None:
    assert bench.get("deliveries/none").status == 404


def test_a_viewer_sends_nothing_and_sees_no_path_of_a_hook() -> None:
    bench = TopicBench(visitor=VIEWER)
    bench.subscribe("https://example.com/services/secret", "https")
    bench.publish("see https://x/_tocsin/subscriptions/confirm?token=abc")
    (row,) = bench.deliveries()
    bench.settle(row, *FAILED)
    for page in ("deliveries", f"deliveries/{row.delivery_id}", f"deliveries/{row.delivery_id}/message"):
        seen = bench.get(page)
        assert "secret" not in seen.text
        assert "token=abc" not in seen.text
    assert bench.post("send-again", {"id": row.delivery_id}).status == 403


def test_hostile_text_is_shown_and_never_acts(bench: TopicBench) -> None:
    bench.publish(HOSTILE * 20, HOSTILE, attributes={HOSTILE: MessageAttribute(HOSTILE, HOSTILE)})
    (row,) = bench.deliveries()
    bench.settle(row, Retry(DeliveryReason.REFUSED, HOSTILE))
    for page in ("deliveries", f"deliveries/{row.delivery_id}"):
        seen = bench.get(page)
        assert "<script>alert" not in seen.text
        assert "\u202e" not in seen.text
        assert seen.html is not None
