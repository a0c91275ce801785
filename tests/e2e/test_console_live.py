"""Pages that are open: what changes shows by itself, and nothing moves under the pointer. Spec: CON-6, CON-9.4."""

from __future__ import annotations

import itertools
import json
import socket
from contextlib import ExitStack, closing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from browser import Tab, chromium, visiting
from live_server import LiveServer
from playwright.sync_api import expect

from tocsin.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import APIResponse, Browser, Route

GROUP = "trail-group"
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "data") as server:
        logs = server.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
        yield server


def put(server: LiveServer, name: str) -> None:
    """One event of that name."""
    now = SystemClock().now()
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.10",
        "eventID": f"00000000-0000-4000-8000-{next(_NUMBERS):012d}",
        "recipientAccountId": "111122223333",
    }
    event = {"timestamp": int(now.timestamp() * 1000), "message": json.dumps(record)}
    server.client("logs").put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=[event])


def open_live(tab: Tab, path: str) -> None:
    """A page that hears what changes. The first of all is asked for twice, as the browser then tells its zone."""
    tab.open(path)
    tab.page.wait_for_function("document.cookie.includes('tocsin-zone')")
    tab.open(path)
    expect(tab.page.locator("[data-live-word]")).to_have_text("Live")


def test_a_new_event_shows_by_itself(chrome: Browser, live: LiveServer) -> None:
    with visiting(chrome, live.address) as tab:
        open_live(tab, f"logs/{GROUP}")
        put(live, "RunInstances")
        expect(tab.page.locator("#log-group-events")).to_contain_text("RunInstances")
        tab.require_quiet()


@pytest.fixture
def alarmed(live: LiveServer) -> Callable[[str], None]:
    """An alarm, and what brings it into a state."""
    alarms = live.client("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName="sg",
        Namespace="Trail",
        MetricName="Sg",
        Statistic="Sum",
        Period=86_400,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="ignore",  # it stays in the state that it is brought into
    )
    return lambda state: alarms.set_alarm_state(AlarmName="sg", StateValue=state, StateReason=f"now {state}")


def test_an_alarm_that_goes_off_while_its_page_is_open(
    chrome: Browser, live: LiveServer, alarmed: Callable[[str], None]
) -> None:
    alarmed("OK")
    with visiting(chrome, live.address) as tab:
        open_live(tab, "alarms/sg")
        page = tab.page
        expect(page.locator(".verdict")).to_contain_text("Nothing rings")
        page.evaluate("document.querySelector('.hist > li').seen = true")
        alarmed("ALARM")
        expect(page.locator(".verdict .st")).to_have_text("ALARM")
        expect(page.locator(".crumb .here").last).to_have_text("ALARM sg")
        expect(page).to_have_title("ALARM sg · Tocsin")
        expect(page.get_by_text("Acknowledge…")).to_be_visible()
        expect(page.locator("#why h2")).to_have_text("Why it is in ALARM")
        expect(page.locator(".hist > li")).to_have_count(3)
        assert page.evaluate("[...document.querySelectorAll('.hist > li')].map(row => !!row.seen)") == [
            False,
            True,
            False,
        ]
        tab.require_quiet()


def test_a_note_that_is_being_written_outlives_a_change(
    chrome: Browser, live: LiveServer, alarmed: Callable[[str], None]
) -> None:
    alarmed("ALARM")
    with visiting(chrome, live.address) as tab:
        open_live(tab, "alarms/sg")
        page = tab.page
        page.get_by_text("Acknowledge…").click()
        page.get_by_label("Note").fill("it is me")
        page.locator(".verdict h1").click()  # neither the pointer nor the focus is in the form any more
        alarmed("OK")
        expect(page.locator(".verdict .st")).to_have_text("OK")
        page.wait_for_timeout(3_000)  # the buttons come as often as the verdict
        expect(page.get_by_label("Note")).to_have_value("it is me")
        page.get_by_role("button", name="Acknowledge", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("sg is OK: there is nothing to acknowledge")
        expect(page.locator(".verdict .st")).to_have_text("OK")


def test_a_form_that_came_anew_answers_while_somebody_types(
    chrome: Browser, live: LiveServer, alarmed: Callable[[str], None]
) -> None:
    alarmed("OK")
    with visiting(chrome, live.address) as tab:
        open_live(tab, "alarms/sg")
        page = tab.page
        alarmed("ALARM")
        expect(page.get_by_text("Acknowledge…")).to_be_visible()
        page.get_by_text("Mute until…").click()
        page.get_by_label("Reason").fill("night shift")
        expect(page.locator("#mute-equal")).to_contain_text("night shift")
        tab.require_quiet()


def test_a_list_goes_on_while_something_in_it_is_chosen(
    chrome: Browser, live: LiveServer, alarmed: Callable[[str], None]
) -> None:
    alarmed("OK")
    with visiting(chrome, live.address) as tab:
        open_live(tab, "alarms")
        page = tab.page
        page.get_by_role("checkbox").first.check()
        page.locator("h1").click()
        alarmed("ALARM")
        expect(page.locator("tbody tr .st").first).to_have_text("ALARM")
        expect(page.get_by_role("checkbox").first).to_be_checked()


# What a page shifts by while it loads and its scripts begin (CON-10.3).
_NOTES_SHIFTS = """
window.shifted = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.shifted.push(...one.sources.map(({ node }) => node?.outerHTML));
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("path", ["", f"logs/{GROUP}"])
def test_nothing_moves_when_a_page_comes_alive(chrome: Browser, live: LiveServer, path: str) -> None:
    with visiting(chrome, live.address) as tab:
        tab.page.add_init_script(_NOTES_SHIFTS)
        tab.open(path)
        expect(tab.page.locator("[data-live-word]")).to_have_text("Live")
        tab.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert tab.page.evaluate("window.shifted") == []


def test_nothing_moves_under_the_pointer(chrome: Browser, live: LiveServer) -> None:
    put(live, "StopInstances")
    with visiting(chrome, live.address) as tab:
        open_live(tab, f"logs/{GROUP}")
        rows = tab.page.locator("#log-group-events tbody tr")
        rows.first.hover()
        before = rows.first.bounding_box()
        put(live, "RunInstances")
        expect(tab.page.locator("#log-group-events .news")).to_contain_text("show")
        assert rows.count() == 1
        assert rows.first.bounding_box() == before
        tab.page.locator("h1").hover()
        expect(tab.page.locator("#log-group-events")).to_contain_text("RunInstances")


# What other tabs would be told, in order (CON-6.3).
_NOTES_SIGNALS = """
window.signals = [];
new BroadcastChannel("tocsin-console").onmessage = (event) => window.signals.push(event.data);
"""
_INGESTS = "window.signals.filter((name) => name === 'ingest').length"


def test_what_comes_while_a_part_is_fetched_shows_too(chrome: Browser, live: LiveServer) -> None:
    with visiting(chrome, live.address) as tab:
        tab.page.add_init_script(_NOTES_SIGNALS)
        open_live(tab, f"logs/{GROUP}")
        held: list[tuple[Route, APIResponse]] = []

        def hold_the_first(route: Route) -> None:
            if held:
                route.continue_()
            else:
                held.append((route, route.fetch()))

        tab.page.route("**/_/log-group/events*", hold_the_first)
        put(live, "StopInstances")
        tab.until(lambda: bool(held))
        told = tab.page.evaluate(_INGESTS)
        put(live, "RunInstances")
        tab.until(lambda: tab.page.evaluate(_INGESTS) > told)
        route, answer = held[0]
        assert "RunInstances" not in answer.text()
        route.fulfill(response=answer)
        expect(tab.page.locator("#log-group-events")).to_contain_text("RunInstances")


def test_each_part_is_fetched_at_its_own_pace(chrome: Browser, live: LiveServer) -> None:
    live.client("cloudwatch").put_metric_alarm(
        AlarmName="stopped",
        Namespace="N",
        MetricName="stopped",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    with visiting(chrome, live.address) as tab:
        open_live(tab, "")
        tab.page.evaluate("self.others = new BroadcastChannel('tocsin-console')")

        def fetched(part: str) -> list[float]:
            """When, in milliseconds since the page was asked for; a signal comes before each look."""
            tab.page.evaluate("others.postMessage('ingest')")
            return tab.page.evaluate(
                "part => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith(part))"
                ".map(({ startTime }) => startTime)",
                f"/_/overview/{part}",
            )

        tab.until(lambda: len(fetched("chain")) >= 2)
        for part, gap in (("chain", 5_000), ("events-lane", 2_000)):
            times = fetched(part)
            assert all(later - earlier >= gap for earlier, later in pairwise(times)), (part, times)
        assert len(fetched("events-lane")) > len(fetched("chain"))


def test_eight_tabs_share_one_stream(chrome: Browser, live: LiveServer) -> None:
    with visiting(chrome, live.address) as first, ExitStack() as others:
        pages = [first.page]
        first.open(f"logs/{GROUP}")
        for _ in range(7):
            page = first.page.context.new_page()
            others.callback(page.close)
            page.goto(f"{live.address}/console/logs/{GROUP}")
            pages.append(page)
        put(live, "RunInstances")
        for page in pages:
            expect(page.locator("#log-group-events")).to_contain_text("RunInstances", timeout=20_000)


def test_a_service_that_was_started_again_is_found_again(chrome: Browser, tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with visiting(chrome, f"http://127.0.0.1:{port}") as tab:
        page = tab.page
        with LiveServer(tmp_path / "data", port=port) as server:
            logs = server.client("logs")
            logs.create_log_group(logGroupName=GROUP)
            logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
            page.clock.install()
            page.goto(f"{server.address}/console/logs/{GROUP}")
            expect(page.locator("[data-live-word]")).to_have_text("Live")
        page.clock.fast_forward(25_000)
        expect(page.locator("[data-live-word]")).to_have_text("Stale since")
        with LiveServer(tmp_path / "data", port=port) as server:
            put(server, "RunInstances")
            page.clock.fast_forward(60_000)
            expect(page.locator("[data-live-word]")).to_have_text("Live")
            expect(page.locator("#log-group-events")).to_contain_text("RunInstances")
