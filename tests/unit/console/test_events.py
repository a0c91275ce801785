"""The events page: terms, pattern, ranges, narrowing down, files (CON-4.10)."""

from __future__ import annotations

import html
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from console_bench import AT, ConsoleBench, Seen
from event_bench import GROUP, HOME, opened, record, role

from tocsin.core.scope import Scope

THERE = Scope("111122223333", "eu-west-1")


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(
        GROUP,
        [
            *(record(minutes, minutes) for minutes in range(1, 61)),
            record(90, 90, "CreateUser", errorCode="AccessDenied", sourceIPAddress=HOME),
            opened(120, 120, userIdentity=role()),
            record(23 * 60, 1380, "OldCall"),
        ],
    )
    return bench


def rows(seen: Seen) -> list[str]:
    return [" ".join("".join(row.itertext()).split()) for row in seen.html.findall(".//main//tbody/tr")]


def address(seen: Seen, words: str) -> str:
    found = [a for a in seen.html.iter("a") if "".join(a.itertext()).strip() == words]
    assert found, words
    return html.unescape(found[0].attrib["href"])


def test_the_newest_events_stand_first_and_older_ones_a_page_further(bench: ConsoleBench) -> None:
    first = bench.get("events")
    assert len(rows(first)) == 50
    assert rows(first)[0] == "03:13:20 alice called ListUsers 192.0.2.10 done"
    second = bench.get(address(first, "Older"))
    assert len(rows(second)) == 13
    assert "OldCall" in rows(second)[-1]
    assert "Older" not in second.words


@pytest.mark.parametrize(
    ("query", "count", "said"),
    [
        ("q=name:CreateUser", 1, "alice was denied CreateUser|alice tried to create"),
        ("q=-name:ListUsers", 3, "opened tcp 22"),
        ("q=actor:deploy", 1, "role deploy"),
        ("range=1h", 50, "all since|newest first"),
        ("q=name:OldCall&range=1h", 0, "Nothing was found"),
        ("q=name:OldCall since:1d", 1, "The terms say when"),
        ("q=" + quote('error:"AccessDenied" address:203.0.113.47'), 1, "203.0.113.47"),
        ("group=none", 0, "Nothing was found"),
        ("tab=pattern&pattern=" + quote('{ $.errorCode = "Access*" }'), 1, "denied"),
        ("tab=pattern&pattern=" + quote("{ $.eventName = Nothing }"), 0, "Nothing was found"),
    ],
)
def test_events_are_searched(bench: ConsoleBench, query: str, count: int, said: str) -> None:
    seen = bench.get(f"events?{query}")
    assert (seen.status, len(rows(seen))) == (200, count)
    assert any(words in seen.words for words in said.split("|"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=adress:1", ["There is no term 'adress:'.", "did you mean 'address'?"]),
        ("q=mallory", ["Text is not searched for in events.", "Search by pattern"]),
        ("q=" + "x" * 401, ["A search has 400 characters at most"]),
        ("tab=pattern&pattern=" + quote("{ $.a == 1 }"), ["Invalid filter pattern", "write = in place of =="]),
    ],
)
def test_a_mistake_is_shown_with_its_place(bench: ConsoleBench, query: str, said: list[str]) -> None:
    seen = bench.get(f"events?{query}")
    assert seen.status == 422
    assert all(words in seen.words for words in said)
    assert "^" in seen.words
    assert rows(seen) == []


def test_the_caret_stands_below_the_mistake(bench: ConsoleBench) -> None:
    shown = bench.get("events?q=name:A adress:1").html.find(".//main//pre")
    assert shown is not None
    assert "".join(shown.itertext()) == "  name:A adress:1\n         ^"


def test_facets_lead_to_the_search_with_and_without(bench: ConsoleBench) -> None:
    seen = bench.get("events?q=name:CreateUser")
    only = parse_qs(urlsplit(address(seen, "203.0.113.47")).query)
    assert only["q"] == ["name:CreateUser address:203.0.113.47"]
    links = [html.unescape(link) for link in seen.links() if "-address" in link]
    assert parse_qs(urlsplit(links[0]).query)["q"] == ["name:CreateUser -address:203.0.113.47"]
    assert len(rows(bench.get(links[0]))) == 0
    whole = bench.get("events")
    assert "Most frequent in the newest 63 events" in whole.words
    assert "IAM user alice" in whole.words


def test_a_term_that_nobody_has_is_named_with_what_is_near(bench: ConsoleBench) -> None:
    seen = bench.get("events?q=name:CreatUser")
    assert "No record has name:CreatUser" in seen.words.replace(": ", ":")
    assert len(rows(bench.get(address(seen, "CreateUser")))) == 1


def test_an_empty_account_is_told_where_events_come_from() -> None:
    seen = ConsoleBench().get("events")
    assert "No events have come in this range." in seen.words
    assert "/console/logs" in seen.links()


@pytest.mark.parametrize("before", ["", "x", "1", "1-", "-1", "99999999999999999999-1", "1-1-1", "٣-٣"])
def test_a_cursor_that_is_none_is_the_beginning(bench: ConsoleBench, before: str) -> None:
    assert len(rows(bench.get(f"events?before={quote(before)}"))) == 50


def test_files_have_more_rows_than_the_page(bench: ConsoleBench) -> None:
    seen = bench.get("events")
    table = bench.get(address(seen, "CSV"))
    assert table.headers["content-disposition"] == 'attachment; filename="events.csv"'
    assert table.headers["content-security-policy"] == "sandbox"
    assert len(table.text.splitlines()) == 64
    lines = bench.get(address(seen, "NDJSON"))
    assert len(lines.text.splitlines()) == 63
    assert lines.headers["x-content-type-options"] == "nosniff"


def test_a_record_that_came_late_says_so(bench: ConsoleBench) -> None:
    assert "late 1 h 30 min" in rows(bench.get("events?q=name:CreateUser"))[0]
    assert "late" not in rows(bench.get("events"))[0]


def test_what_is_no_record_is_shown_as_it_is(bench: ConsoleBench) -> None:
    event = {"timestamp": int(AT.timestamp() * 1000), "message": "GET /index.html 404"}
    bench.call("logs", "PutLogEvents", {"logGroupName": GROUP, "logStreamName": "s", "logEvents": [event]})
    assert rows(bench.get("events"))[0] == "03:14:20 GET /index.html 404"


def test_all_accounts_and_regions_are_searched_together(bench: ConsoleBench) -> None:
    bench.put_events("there", [record(0.5, 500, "ThereCall")], scope=THERE)
    assert "ThereCall" not in bench.get("events?in=111122223333/us-east-1").words
    seen = bench.get("events?in=all")
    assert "ThereCall" in rows(seen)[0]
    assert any("in=111122223333%2Feu-west-1" in link and "/events/" in link for link in seen.links())


def test_a_search_by_pattern_has_an_empty_form_first(bench: ConsoleBench) -> None:
    seen = bench.get("events?tab=pattern")
    assert seen.status == 200
    assert rows(seen) == []
    assert "Filter pattern" in seen.words


def test_the_page_shows_what_was_there_when_it_was_asked_for(bench: ConsoleBench) -> None:
    bench.clock.advance(timedelta(hours=30).total_seconds())
    assert "No events have come in this range." in bench.get("events").words
    assert len(rows(bench.get("events?range=all"))) == 50
