"""The frame of the console: who may, what is answered, with which headers. Spec: CON-7, CON-8."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from console_bench import ConsoleBench

from tocsin.console.visit import Visitor
from tocsin.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.store_port import StoreReader
    from tocsin.clock import ManualClock

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize(("path", "status"), [("no-such-page", 404), ("do/prefer", 405), ("static/0/console.css", 404)])
def test_every_answer_carries_the_headers_that_keep_others_out(path: str, status: int) -> None:
    seen = ConsoleBench().get(path)
    assert seen.status == status
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["x-frame-options"] == "DENY"
    assert seen.headers["cross-origin-opener-policy"] == "same-origin"
    assert seen.headers["cache-control"] == "no-store"


def test_a_page_may_load_nothing_but_our_own() -> None:
    assert ConsoleBench().get("no-such-page").headers["content-security-policy"] == POLICY


def test_a_page_is_html_without_a_mistake() -> None:
    tree = ConsoleBench().get("no-such-page").html
    assert [h1.text for h1 in tree.iter("h1")] == ["There is no such page"]


def test_files_are_kept_for_good_under_an_address_that_names_their_content() -> None:
    bench = ConsoleBench()
    page = bench.get("no-such-page")
    address = next(link for link in page.links() if link.endswith("console.css"))
    seen = bench.get(address, headers={"accept-encoding": "gzip"})
    assert (seen.status, seen.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in seen.headers["cache-control"]
    assert "--ink" in seen.text


def test_a_form_needs_the_token_of_the_browser_that_opened_it() -> None:
    bench, other = ConsoleBench(), ConsoleBench()
    assert bench.post("prefer", {"theme": "dark"}, token="").status == 403
    other.get("")
    assert bench.post("prefer", {"theme": "dark"}, token="0" * 64).status == 403
    assert bench.post("prefer", {"theme": "dark"}).status == 303


def test_a_preference_is_kept_by_the_browser_and_shown_at_once() -> None:
    bench = ConsoleBench()
    bench.post("prefer", {"theme": "dark", "clock": "utc", "shortcuts": "off"})
    page = bench.get("no-such-page")
    assert 'data-theme="dark"' in page.text
    assert "data-shortcuts" not in page.text


@pytest.mark.parametrize(
    "back", ["https://example.com/", "//example.com", "/elsewhere", "/console\\@example.com", "/console/\r\nX: y"]
)
def test_nobody_is_sent_to_another_place(back: str) -> None:
    assert ConsoleBench().post("prefer", {"back": back}).headers["location"] == "/console"


def test_a_viewer_may_choose_a_theme() -> None:
    bench = ConsoleBench(visitor=Visitor(name="vera", role="viewer"))
    assert bench.post("prefer", {"theme": "light"}).status == 303


@pytest.mark.parametrize(("query", "status"), [("a" * 9_000, 414), ("&".join(["a=1"] * 2_001), 400)])
def test_what_is_too_much_is_refused(query: str, status: int) -> None:
    assert ConsoleBench().get(f"no-such-page?{query}").status == status


def test_local_time_is_shown_with_its_zone() -> None:
    bench = ConsoleBench()
    bench.cookies["tocsin-zone"] = "Europe/Berlin"
    page = bench.get("no-such-page")
    assert "Europe/Berlin (UTC+1)" in page.words
    assert "04:14:20" in page.words


class _SlowStore(MemoryStore):
    """A store of which each view takes so many seconds, once it is told so."""

    seconds = 0.0
    clock: ManualClock

    @contextmanager
    def read(self) -> Iterator[StoreReader]:
        with super().read() as reader:
            yield reader
        if self.seconds:
            self.clock.advance(self.seconds)


@pytest.fixture
def slow() -> ConsoleBench:
    store = _SlowStore()
    bench = ConsoleBench(store=store)
    store.clock = bench.clock
    bench.get("")  # the browser gets its cookies
    store.seconds = 1.1
    return bench


def test_a_page_that_takes_too_long_is_given_up_and_says_what_was_asked_and_what_to_do(slow: ConsoleBench) -> None:
    page = slow.get("alarms?state=ALARM&q=root&told=x")
    assert page.status == 503
    assert [h1.text for h1 in page.html.iter("h1")] == ["This took longer than 2 seconds, and was given up"]
    assert "state ALARM" in page.words
    assert "A narrower span or one more filter needs less time." in page.words
    assert {"/console/alarms?q=root", "/console/alarms?state=ALARM", "/console/alarms?state=ALARM&amp;q=root"} <= set(
        page.links()
    )


def test_what_was_given_up_keeps_the_frame_of_the_page(slow: ConsoleBench) -> None:
    page = slow.get("alarms")
    assert page.status == 503
    assert 'aria-current="page"' in page.text
    assert "/console/topics" in page.links()
    assert page.headers["content-security-policy"] == POLICY


def test_a_part_of_a_page_that_takes_too_long_says_so_in_its_place(slow: ConsoleBench) -> None:
    part = slow.get("_/overview/ringing")
    assert part.status == 503
    assert part.words.startswith("This took longer than 2 seconds, and was given up.")


def test_a_page_within_its_time_is_whole(slow: ConsoleBench) -> None:
    assert isinstance(slow.service.store, _SlowStore)
    slow.service.store.seconds = 0.01
    assert slow.get("alarms").status == 200


def test_a_change_is_not_given_up_half_way(slow: ConsoleBench) -> None:
    assert slow.post("prefer", {"theme": "dark"}).status == 303
