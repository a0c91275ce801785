"""The pages of an actor, an address and a resource (CON-4.6)."""

from __future__ import annotations

import html
from urllib.parse import quote

import pytest
from console_bench import ConsoleBench, Seen
from event_bench import ALICE, DEPLOY, GROUP, HOME, OFFICE, opened, put_filter, record, role, user

from tocsin.core.scope import Scope

THERE = Scope("111122223333", "eu-west-1")


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(GROUP, [record(3 * 1440, 1), record(3 * 1440, 2, userIdentity=role())])
    bench.put_events(
        GROUP,
        [
            *(record(100 + number, number) for number in range(10, 70)),
            record(50, 3, "RunInstances", eventSource="ec2.amazonaws.com", sourceIPAddress=HOME),
            record(45, 4, errorCode="AccessDenied", userIdentity=user(key="AKIAI44QH8DHBEXAMPLE")),
            opened(40, 5),
            opened(30, 6, errorCode="Client.UnauthorizedOperation"),
            record(20, 7, "AssumeRole", eventSource="sts.amazonaws.com", requestParameters={"roleArn": DEPLOY}),
            record(10, 8, userIdentity=role(session="ci-2")),
            record(5, 9, userIdentity=role(session="ci-1")),
            record(4, 99, userIdentity={"type": "Root", "accountId": "111122223333"}),
        ],
    )
    put_filter(bench, "groups", "{ $.eventName = AuthorizeSecurityGroupIngress }", alarm="cis/groups")
    return bench


def heading(seen: Seen) -> str:
    found = seen.html.find(".//main//h1")
    assert found is not None
    return "".join(found.itertext())


def rows(seen: Seen) -> int:
    return len(seen.html.findall(".//main//tbody/tr"))


def test_an_actor_has_title_facts_and_counts(bench: ConsoleBench) -> None:
    seen = bench.get(f"actors/{ALICE}")
    assert heading(seen) == "IAM user alice"
    assert "first seen 11 Mar 03:14" in seen.words
    assert "65 calls, 2 denied, 2 addresses, 2 access keys, in 1 alarm" in seen.words
    assert "<title>Actor · Tocsin</title>" in seen.text
    assert "ago" in seen.words


def test_what_an_actor_never_called_before_is_told(bench: ConsoleBench) -> None:
    words = bench.get(f"actors/{ALICE}").words
    never = words.partition("Never before")[2].partition("Timeline")[0]
    assert "RunInstances" in never.replace(" ", "")
    assert "ListUsers" not in never.replace(" ", "")


def test_a_new_address_is_marked(bench: ConsoleBench) -> None:
    addresses = bench.get(f"actors/{ALICE}").words.partition("Addresses")[2].partition("Access keys")[0]
    assert addresses.replace(" ", "").index("new") > addresses.replace(" ", "").index(HOME)
    assert addresses.count("new") == 1


def test_an_actor_that_is_new_itself_has_nothing_that_is_new(bench: ConsoleBench) -> None:
    seen = bench.get("actors/" + quote("root of 111122223333"))
    assert heading(seen) == "root user 111122223333"
    assert "Never before" not in seen.words
    assert "active" in seen.words


def test_spans_change_what_is_counted(bench: ConsoleBench) -> None:
    assert "since 02:10 : 5 calls, 2 denied" in bench.get(f"actors/{ALICE}?span=1h").words
    assert "66 calls, 2 denied" in bench.get(f"actors/{ALICE}?span=7d").words
    assert "65 calls" in bench.get(f"actors/{ALICE}?span=none").words


def test_the_timeline_has_a_lane_for_each_service(bench: ConsoleBench) -> None:
    seen = bench.get(f"actors/{ALICE}?span=1h")
    figure = seen.html.find(".//figure")
    assert figure is not None
    assert figure.attrib["aria-label"].startswith(
        "alice, 5 calls in 65 minutes, 1 denied, 2 counted in an alarm: ec2 3"
    )
    assert "counted in an alarm" in seen.words
    bench.clock.advance(3_600 * 5)
    assert "No call in this span" in bench.get(f"actors/{DEPLOY}?span=1h").words


def test_events_go_on_further_back(bench: ConsoleBench) -> None:
    first = bench.get(f"actors/{ALICE}")
    assert rows(first) == 50
    (older,) = [html.unescape(link) for link in first.links() if "before=" in link]
    second = bench.get(older)
    assert rows(second) == 16
    assert "Events further back" in second.words


def test_a_role_has_its_sessions_and_a_user_the_roles_taken(bench: ConsoleBench) -> None:
    sessions = bench.get(f"actors/{DEPLOY}").words.partition("Sessions")[2]
    assert "ci-1 1" in sessions
    assert "ci-2 1" in sessions
    assert "Roles taken" in bench.get(f"actors/{ALICE}").words


def test_an_address_has_actors_and_programs(bench: ConsoleBench) -> None:
    seen = bench.get(f"addresses/{OFFICE}")
    assert heading(seen).endswith(OFFICE)
    assert "3 actors" in seen.words
    assert f"/console/actors/{ALICE}" in seen.links()
    assert "aws-cli/2.31" in seen.words
    bench.put_events(GROUP, [record(1, 200, sourceIPAddress="cloudformation.amazonaws.com")])
    assert heading(bench.get("addresses/cloudformation.amazonaws.com")).startswith("AWS service")
    bench.put_events(GROUP, [record(1, 201, sourceIPAddress="10.0.0.1")])
    assert heading(bench.get("addresses/10.0.0.1")) == "Private address 10.0.0.1"
    assert heading(bench.get(f"addresses/{OFFICE}")) == f"Address {OFFICE}"


def test_a_resource_has_its_changes(bench: ConsoleBench) -> None:
    seen = bench.get("resources/sg-0a1b2c3d")
    assert heading(seen) == "Resource sg-0a1b2c3d"
    changes = seen.words.partition("Changes")[2].partition("Events")[0]
    assert changes.count("+ tcp 22 from 0.0.0.0/0") == 1
    assert "tried to open" in changes
    assert "cis/groups" in seen.words
    assert f"/console/actors/{ALICE}" in seen.links()


def test_a_resource_by_its_arn_is_found(bench: ConsoleBench) -> None:
    assert bench.get(f"resources/{DEPLOY}").status == 200


def test_whom_nobody_knows_is_answered_with_names_like_it(bench: ConsoleBench) -> None:
    seen = bench.get("actors/arn:aws:iam::999988887777:user/alic")
    assert seen.status == 404
    assert "An archive may know more" in seen.words
    assert f"/console/actors/{ALICE}" in seen.links()


def test_a_name_that_no_path_can_carry_stands_in_the_query(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(1, 400, eventID="..", userIdentity={"type": "IAMUser", "principalId": "a//../b"})])
    seen = bench.get("events?q=" + quote('actor:"a//../b"'))
    (event,) = [link for link in map(html.unescape, seen.links()) if "name=" in link and "events" in link]
    (actor,) = {link for link in map(html.unescape, bench.get(event).links()) if "/actors" in link}
    assert heading(bench.get(actor)) == "Actor a//../b"


@pytest.mark.parametrize("kind", ["actors", "addresses", "resources"])
def test_nobody_is_asked_for(bench: ConsoleBench, kind: str) -> None:
    assert bench.get(kind).status == 404


@pytest.mark.parametrize("path", ["actors/arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Falice", "actors?name=x"])
def test_an_address_that_was_encoded_is_the_same(bench: ConsoleBench, path: str) -> None:
    assert bench.get(path).status == (200 if "alice" in path else 404)


def test_a_subject_of_another_region_is_found(bench: ConsoleBench) -> None:
    bench.put_events("there", [record(1, 300, userIdentity=user("eve"))], scope=THERE)
    seen = bench.get("actors/arn:aws:iam::111122223333:user/eve?in=111122223333/us-east-1")
    assert seen.status == 200
    assert "eu-west-1" in seen.words


@pytest.mark.parametrize("services", [1, 5, 20])
@pytest.mark.parametrize("calls", [500, 501, 1_500])
def test_many_calls_stay_within_the_budget_of_a_page(services: int, calls: int) -> None:
    bench = ConsoleBench()
    bench.put_events(
        GROUP,
        [
            record(
                1 + number * 1_400 // calls,
                number,
                f"DescribeThing{number % 30}",
                eventSource=f"service{number % services}.amazonaws.com",
                sourceIPAddress=f"203.0.113.{number % 40}",
                **({"errorCode": "AccessDenied"} if number % 3 == 0 else {}),
            )
            for number in range(calls)
        ],
    )
    seen = bench.get(f"actors/{ALICE}")
    assert len(seen.text.encode()) < 100_000  # CON-10.1
    assert sum(1 for _ in seen.html.iter()) < 3_000
    assert f"{calls:,} calls" in seen.words
    assert 20 <= seen.text.count('class="col"') <= 220
