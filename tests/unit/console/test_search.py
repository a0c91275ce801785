"""The search box leads straight to what has a shape, else to names (CON-3.5)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from console_bench import SCOPE, ConsoleBench
from event_bench import ALICE, GROUP, event_id, put_filter, record

TOPIC = SCOPE.arn("sns", "sec-alerts")


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(GROUP, [record(1, 1)])
    put_filter(bench, "root-usage", "{ $.eventName = X }", alarm="cis/root-usage")
    bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})
    return bench


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (event_id(1).upper(), f"/console/events/{event_id(1)}"),
        ("111122223333", "/console/events?q=account%3A111122223333&range=30d"),
        ("AKIAIOSFODNN7EXAMPLE", "/console/events?q=key%3AAKIAIOSFODNN7EXAMPLE&range=30d"),
        (" 203.0.113.47 ", "/console/addresses/203.0.113.47"),
        ("2001:db8::7", "/console/addresses/2001:db8::7"),
        ("sg-0a1b2c3d", "/console/resources/sg-0a1b2c3d"),
        ("{ $.eventName = X }", "/console/events?tab=pattern&pattern=%7B+%24.eventName+%3D+X+%7D"),
        ("actor:alice since:1h", "/console/events?q=actor%3Aalice+since%3A1h"),
        (ALICE, f"/console/actors/{ALICE}"),
        ("arn:aws:sts::111122223333:assumed-role/deploy/ci", "/console/actors/arn:aws:iam::111122223333:role/deploy"),
        ("arn:aws:iam::111122223333:root", "/console/actors/root%20of%20111122223333"),
        ("arn:aws:s3:::bucket", "/console/resources/arn:aws:s3:::bucket"),
        (SCOPE.arn("cloudwatch", "alarm:cis/root-usage"), "/console/alarms/cis/root-usage"),
        (SCOPE.arn("logs", "log-group:trail:*"), "/console/logs/trail"),
        (SCOPE.arn("cloudtrail", "trail/main"), "/console/trails/main"),
        (TOPIC, "/console/topics/sec-alerts"),
        (f"{TOPIC}:{event_id(7)}", f"/console/subscriptions/{event_id(7)}"),
        ("arn:aws:sns:eu-west-1:444455556666:other", "/console/resources/arn:aws:sns:eu-west-1:444455556666:other"),
    ],
)
def test_a_shape_leads_straight_to_its_page(bench: ConsoleBench, text: str, address: str) -> None:
    seen = bench.get(f"search?q={quote(text)}")
    assert (seen.status, seen.headers.get("location")) == (303, address)


def test_names_are_listed_by_kind(bench: ConsoleBench) -> None:
    seen = bench.get("search?q=root")
    assert seen.status == 200
    for link in (
        "/console/alarms/cis/root-usage",
        "/console/rules/cis/root-user-used",
        "/console/filters/trail:root-usage",
    ):
        assert link in seen.links()
    assert "of trail" in seen.words


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("sec", "/console/topics/sec-alerts"),
        ("trail", "/console/logs/trail"),
        ("list users", "/console/events?q=name%3A%22ListUsers%22&amp;range=30d"),
        ("alice", f"/console/actors/{ALICE}"),
        ("coverage", "/console/coverage"),
    ],
)
def test_each_kind_of_name_has_its_address(bench: ConsoleBench, text: str, link: str) -> None:
    assert link in bench.get(f"search?q={quote(text)}").links()


def test_a_mail_address_leads_to_its_subscription(bench: ConsoleBench) -> None:
    assert "Nothing is called that." in bench.get("search?q=oncall@example.com").words
    made = bench.call(
        "sns",
        "Subscribe",
        {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "oncall@example.com", "ReturnSubscriptionArn": True},
    )
    ident = made["SubscriptionArn"].rpartition(":")[2]
    assert bench.get("search?q=oncall@example.com").headers["location"] == f"/console/subscriptions/{ident}"
    other = bench.call("sns", "CreateTopic", {"Name": "other"})["TopicArn"]
    bench.call("sns", "Subscribe", {"TopicArn": other, "Protocol": "email", "Endpoint": "oncall@example.com"})
    seen = bench.get("search?q=oncall@example.com")
    assert "topic sec-alerts" in seen.words
    assert "topic other" in seen.words


def test_what_nobody_is_called_can_be_looked_for_by_pattern(bench: ConsoleBench) -> None:
    seen = bench.get("search?q=zzzz")
    assert "Nothing is called that." in seen.words
    assert any("tab=pattern" in link and "%22zzzz%22" in link for link in seen.links())


def test_an_empty_box_says_what_it_takes(bench: ConsoleBench) -> None:
    assert "What are you looking for?" in bench.get("search").words
