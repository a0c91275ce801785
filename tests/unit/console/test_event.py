"""The page of one record: what it says, changed, what stands around it, which filters match (CON-4.5)."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote

import msgspec
import pytest
from console_bench import ConsoleBench, Seen
from event_bench import GROUP, HOME, event_id, opened, put_filter, record, role, user

from tocsin.core.pattern import FilterPattern
from tocsin.core.scope import Scope

THERE = Scope("111122223333", "eu-west-1")


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(
        GROUP,
        [
            record(9, 1, "GetCallerIdentity"),
            opened(8, 2, sourceIPAddress=HOME),
            record(6, 3, "ListUsers", errorCode="AccessDenied"),
            record(5, 4, userIdentity=user("bob")),
            record(4, 5, userIdentity=role(), requestParameters={"note": "x" * 300, "odd name": None, "deep": [[1]]}),
        ],
    )
    put_filter(bench, "groups", "{ $.eventName = AuthorizeSecurityGroupIngress }", alarm="cis/groups")
    put_filter(bench, "users", "{ ($.eventName = CreateUser) && ($.errorCode NOT EXISTS) }", alarm="users")
    return bench


def shown(bench: ConsoleBench, number: int, query: str = "") -> Seen:
    seen = bench.get(f"events/{event_id(number)}{query}")
    assert seen.html is not None
    return seen


def heading(seen: Seen) -> str:
    found = seen.html.find(".//main//h1")
    assert found is not None
    return "".join(found.itertext())


def test_the_sentence_stands_first_with_its_time_and_alarm(bench: ConsoleBench) -> None:
    seen = shown(bench, 2)
    assert heading(seen) == "alice opened tcp 22 of sg-0a1b2c3d to the whole internet"
    assert "03:06:20" in seen.words
    assert "counted in cis/groups" in seen.words
    assert "/console/alarms/cis/groups" in seen.links()
    assert "<title>Event · Tocsin</title>" in seen.text


def test_a_time_close_to_it_finds_it_as_well(bench: ConsoleBench) -> None:
    assert heading(shown(bench, 2, "?at=1773457580")).startswith("alice opened")
    assert heading(shown(bench, 2, "?at=no")).startswith("alice opened")


def test_the_change_stands_beside_it(bench: ConsoleBench) -> None:
    assert "+ tcp 22 from 0.0.0.0/0" in shown(bench, 2).words


def test_the_record_names_lead_to_pages(bench: ConsoleBench) -> None:
    links = shown(bench, 2).links()
    assert "/console/actors/arn:aws:iam::111122223333:user/alice" in links
    assert f"/console/addresses/{HOME}" in links
    assert "/console/resources/sg-0a1b2c3d" in links
    assert "/console/events?q=key%3AAKIAIOSFODNN7EXAMPLE&amp;range=30d" in links
    assert "the record carries no address" in shown_without_address(bench).words


def shown_without_address(bench: ConsoleBench) -> Seen:
    bench.put_events(GROUP, [record(1, 9, sourceIPAddress=...)])
    return shown(bench, 9)


def test_every_field_can_be_copied_as_a_clause_that_holds(bench: ConsoleBench) -> None:
    seen = shown(bench, 5)
    clauses = [
        json.loads(html.unescape(one)) for one in re.findall(r'class="linkbtn cl"[^>]*data-copy="([^"]*)"', seen.text)
    ]
    stored = bench.get(f"events/{event_id(5)}?as=json").text
    assert len(clauses) > 20
    assert "$.requestParameters['odd name'] IS NULL" in clauses
    assert "$.requestParameters.deep[0][0] = 1" in clauses
    assert "$.errorCode NOT EXISTS" in clauses
    for clause in clauses:
        assert FilterPattern.parse(f"{{ {clause} }}").matches(stored), clause


def test_null_empty_and_absent_differ(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(1, 9, requestParameters=None, additionalEventData={"a": ""})])
    words = shown(bench, 9).words
    assert "requestParameters : null" in words.replace("requestParameters null", "requestParameters : null")
    assert 'a ""' in words
    assert "errorCode absent" in words


def test_a_long_field_is_cut_and_shown_whole_elsewhere(bench: ConsoleBench) -> None:
    seen = shown(bench, 5)
    assert "… 44 more" in seen.words
    (link,) = [html.unescape(one) for one in seen.links() if "field=" in one]
    whole = bench.get(link)
    assert "x" * 300 in whole.text
    assert "300 characters" in whole.words
    assert bench.get(link.replace("field=", "field=9")).status == 404
    assert bench.get(re.sub(r"field=\d+", "field=x", link)).status == 404


def test_a_very_long_field_comes_in_parts(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(1, 9, userAgent="y" * 65_536 + "z" * 1_000)])
    (link,) = [html.unescape(one) for one in shown(bench, 9).links() if "field=" in one]
    assert "part 1 of 2" in bench.get(link).words
    second = bench.get(link + "&part=2")
    assert "z" * 1_000 in second.text
    assert "y" not in re.sub(r"<[^>]*>", "", second.text.partition("<pre")[2].partition("</pre>")[0]).partition(">")[2]
    assert "part 2 of 2" in bench.get(link + "&part=99").words


def test_raw_is_laid_out_and_the_file_is_what_is_stored(bench: ConsoleBench) -> None:
    seen = shown(bench, 2, "?view=raw")
    pre = seen.html.find(".//main//pre")
    assert pre is not None
    assert json.loads("".join(pre.itertext()))["eventID"] == event_id(2)
    file = bench.get(f"events/{event_id(2)}?as=json")
    assert file.headers["content-disposition"] == 'attachment; filename="event.json"'
    copied = re.search(r'<button class="btn s" type="button" data-copy="([^"]*)"', seen.text)
    assert copied
    assert json.loads(html.unescape(copied[1])) == file.text


def test_around_it_is_what_the_same_actor_did(bench: ConsoleBench) -> None:
    words = shown(bench, 2).words
    around = words.partition("Around, 5 min")[2].partition("Filters")[0]
    assert "GetCallerIdentity" in around
    assert "was denied ListUsers" in around
    assert "bob" not in around
    assert "Nothing else within five minutes" in shown(bench, 4).words


def test_filters_say_why(bench: ConsoleBench) -> None:
    assert "1 of 2 match" in shown(bench, 2).words
    assert "Why not the others?" in shown(bench, 2).words
    why = shown(bench, 2, "?why=all").words
    assert "users does not match read as: A && B" in why
    assert "counted in no alarm" in shown(bench, 3).words
    assert "0 of 2 match" in shown(bench, 3).words


def test_a_group_without_filters_says_that_no_alarm_can_count(bench: ConsoleBench) -> None:
    bench.put_events("other", [record(1, 77)])
    assert "This log group has no metric filter" in shown(bench, 77).words


def test_a_filter_is_begun_from_what_was_called(bench: ConsoleBench) -> None:
    pattern = (
        '{ ($.eventSource = "iam.amazonaws.com") && ($.eventName = "ListUsers") && ($.errorCode = "AccessDenied") }'
    )
    assert FilterPattern.parse(pattern)
    assert any(quote(pattern, safe="").replace("%20", "+") in link for link in shown(bench, 3).links())


def test_another_region_is_looked_at_as_well(bench: ConsoleBench) -> None:
    bench.put_events("there", [record(1, 50)], scope=THERE)
    seen = bench.get(f"events/{event_id(50)}?in=111122223333/us-east-1")
    assert seen.status == 200
    assert any("in=111122223333%2Feu-west-1" in link for link in seen.links())


def test_what_is_not_there_says_where_it_may_be(bench: ConsoleBench) -> None:
    seen = bench.get(f"events/{event_id(99)}")
    assert seen.status == 404
    assert "No event with this ID is kept here" in seen.words
    assert f"tocsin grep '{{ $.eventID = \"{event_id(99)}\" }}' FOLDER" in seen.words
    odd = bench.get("events/" + quote("'; rm -rf", safe=""))
    assert "tocsin grep" not in odd.words


def test_what_has_expired_says_so(bench: ConsoleBench) -> None:
    bench.call("logs", "PutRetentionPolicy", {"logGroupName": GROUP, "retentionInDays": 1})
    bench.clock.advance(3 * 86_400)
    seen = bench.get(f"events/{event_id(2)}?at=1773457580")
    assert seen.status == 404
    assert "This event has expired" in seen.words


def test_a_record_of_another_kind_of_text_is_shown_raw(bench: ConsoleBench) -> None:
    deep = "[" * 70 + "]" * 70
    message = msgspec.json.encode(record(1, 60)).decode()[:-1] + f',"a":{deep}}}'
    event = {"timestamp": int(bench.clock.now().timestamp() * 1000), "message": message}
    bench.call("logs", "PutLogEvents", {"logGroupName": GROUP, "logStreamName": "s", "logEvents": [event]})
    assert "This record has more than 2,000 fields or 64 levels" in shown(bench, 60).words
