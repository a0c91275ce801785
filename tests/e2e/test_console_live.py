"""Pages that are open: what changes shows by itself, and nothing moves under the pointer. Spec: CON-6, CON-9.4."""

from __future__ import annotations

import itertools
import json
import socket
from contextlib import ExitStack, closing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from browser import chromium, visiting
from live_server import LiveServer
from playwright.sync_api import expect

from tocsin.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_a_new_event_shows_by_itself(chrome: Browser, live: LiveServer) -> None:
    with visiting(chrome, live.address) as tab:
        tab.open(f"logs/{GROUP}")
        expect(tab.page.locator("[data-live-word]")).to_have_text("Live")
        put(live, "RunInstances")
        expect(tab.page.locator("#log-group-events")).to_contain_text("RunInstances")
        tab.require_quiet()


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
        tab.open(f"logs/{GROUP}")
        expect(tab.page.locator("[data-live-word]")).to_have_text("Live")
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
        tab.open(f"logs/{GROUP}")
        expect(tab.page.locator("[data-live-word]")).to_have_text("Live")
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
        tab.open()
        expect(tab.page.locator("[data-live-word]")).to_have_text("Live")
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
