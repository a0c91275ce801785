"""Whatever a record holds, the pages of events show it as text and stay what they are (CON-8.6, CON-9.4)."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote

import pytest
from console_bench import AT, ConsoleBench, Seen
from event_bench import GROUP, event_id, put_filter, record

from tocsin.core.unsafe_character import UNSAFE

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
TEXTS = {
    "script": SCRIPT,
    "address": "javascript:alert(3)",
    "turned": "a\u202etxt.exe\u2066\u200b\ufeff",
    "controls": "a\x00\x07\x1b[2J\r\nX-Header: y",
    "long": "A" * 30_000,
    "stacked": "e" + "\u0301" * 500,
    "formula": "=cmd|' /C calc'!A0",
    "template": "{{7*7}}{% raw %}${7*7}",
    "surrogate": "\ud800\udfff",
    "blanks": "   \u3000",
    "path": "../../..//%2e%2e/?x=1#y",
    "query": 'a" b:c -d:"e',
}
ALLOWED = re.compile(r"/console(?:/[^\s\"<>]*)?\Z|#[a-z-]+\Z")


def hostile(text: str, number: int) -> dict[str, object]:
    identity = {
        "type": text,
        "userName": text,
        "arn": text,
        "principalId": text,
        "accessKeyId": text,
        "accountId": text,
    }
    return record(
        number,
        number,
        text or "X",
        eventSource=text,
        sourceIPAddress=text,
        userAgent=text,
        errorCode=text,
        errorMessage=text,
        awsRegion=text,
        userIdentity=identity,
        requestParameters={text: text, "userName": text, "groupId": text, "list": [text, {text: [text]}]},
        responseElements={"x": text},
        resources=[{"ARN": text, "type": text}],
        additionalEventData={text: None},
    )


@pytest.fixture(scope="module")
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    for number, text in enumerate(TEXTS.values(), 1):
        # As a writer of JSON escapes it: log events are text, and lone halves of characters are none.
        event = {
            "timestamp": int(AT.timestamp() * 1000) - number * 60_000,
            "message": json.dumps(hostile(text, number)),
        }
        if number == 1:
            bench.put_events(GROUP, [record(200, 999)])
        bench.call("logs", "PutLogEvents", {"logGroupName": GROUP, "logStreamName": "s", "logEvents": [event]})
    put_filter(bench, "all", "{ $.eventName = * }", alarm="all")
    return bench


def check(seen: Seen, title: str) -> None:
    tree = seen.html  # reads strictly: an element out of place raises
    assert f"<title>{title} · Tocsin</title>" in seen.text
    tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert not tags & {"img", "iframe", "object", "embed", "base"}
    assert len(list(tree.iter("script"))) == 1
    for element in tree.iter():
        names = element.attrib.keys() if isinstance(element.tag, str) else ()
        assert not [name for name in names if name.startswith("on") or name in {"style", "srcdoc"}]
        for name in ("href", "action", "src"):
            value = element.attrib.get(name, "") if names else ""
            assert not value or ALLOWED.match(value), value
    # What somebody types comes back as they typed it.
    text = re.sub(r'<input[^>]*type="search"[^>]*>|<textarea.*?</textarea>', "", seen.text, flags=re.DOTALL)
    assert not UNSAFE.search(re.sub(r"[\n\r\t]", "", text))
    assert not re.search(r"[\u0300-\u036f]{5}", text)


def links_of(seen: Seen, *paths: str) -> list[str]:
    found = (html.unescape(link) for link in seen.links())
    return list(dict.fromkeys(link for link in found if re.match(rf"/console/(?:{'|'.join(paths)})[/?]", link)))


@pytest.mark.parametrize("query", ["", "?range=1h", "?tab=pattern&pattern=" + quote("{ $.eventName = * }")])
def test_the_list_of_events(bench: ConsoleBench, query: str) -> None:
    seen = bench.get(f"events{query}")
    check(seen, "Events")
    assert "<script>alert(1)" in seen.words


@pytest.mark.parametrize("number", range(1, len(TEXTS) + 1), ids=list(TEXTS))
def test_the_record_and_all_that_it_leads_to(bench: ConsoleBench, number: int) -> None:
    for view in ("", "?view=raw", "?why=all"):
        seen = bench.get(f"events/{event_id(number)}{view}")
        assert seen.status == 200
        check(seen, "Event")
    for link in links_of(bench.get(f"events/{event_id(number)}"), "actors", "addresses", "resources"):
        subject = bench.get(link)
        assert subject.status == 200, link
        check(
            subject,
            {"actors": "Actor", "addresses": "Address", "resources": "Resource"}[link.split("/")[2].partition("?")[0]],
        )
    for link in [one for one in map(html.unescape, bench.get(f"events/{event_id(number)}").links()) if "field=" in one]:
        check(bench.get(link), "Whole text")


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_text_that_is_searched_for(bench: ConsoleBench, text: str) -> None:
    sent = quote(text[:300].encode("utf-8", "replace"))
    for path, title in (("search", "Search"), ("events", "Events")):
        seen = bench.get(f"{path}?q={sent}")
        if seen.status != 303:
            check(seen, title)
    check(bench.get(f"events?tab=pattern&pattern={sent}"), "Events")


@pytest.mark.parametrize("kind", ["actors", "addresses", "resources", "events"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_an_address_with_such_a_name(bench: ConsoleBench, kind: str, text: str) -> None:
    sent = quote(text[:300].encode("utf-8", "replace"), safe="")
    seen = bench.get(f"{kind}/{sent}")
    assert seen.status in {200, 404}
    assert "<script>alert" not in seen.text


def test_files_of_such_records(bench: ConsoleBench) -> None:
    table = bench.get("events?as=csv")
    assert not UNSAFE.search(table.text.replace("\r\n", ""))
    assert not re.search(r'(?:^|,)"\s*[=+@-]', table.text, re.MULTILINE)
    lines = bench.get("events?as=ndjson").text.splitlines()
    assert len(lines) == len(TEXTS) + 1
    assert all(json.loads(line)["eventID"] for line in lines)
