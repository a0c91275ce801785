"""What open pages of the console cost PutLogEvents, and what updates cost an open page. Spec: CON-10.3, CON-10.4.

    python benchmarks/console_live.py [--seconds 8] [--rounds 5] [--watchers 20] [--transitions 600] [--json FILE]

Watchers are what browsers with the overview open are to the server: streams, and the parts of each page that follow a
signal, fetched anew with the tag of last time, each as seldom as it says. Rounds with and without them take
turns. PutLogEvents comes from one client with the six filters of the article on the group. What watchers cost the
evaluation of alarms is how much later than without them it is seen to be done, ten seconds after each ten seconds.

The browser is the system's Chromium, its processor slowed four times, on the page of an alarm that goes to and fro:
600 transitions are what an hour of ten a minute brings. Without Chromium that half is left out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import multiprocessing
import os
import platform
import random  # noqa: TID251  (as pages do)
import re
import shutil
import statistics
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import live

from tocsin.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Event

ALARM = "security-group-changes"
PART = re.compile(r'(?:data-gap="(\d+)" )?data-fragment="([^"]+)" data-follow="([^"]+)"')
GAP, JITTER = 2.0, 0.5  # seconds, as in console.js
OPENING = 8.0  # seconds until all pages are there and have fetched everything once
STREAMS = 4
EVERY = 10  # seconds between two evaluations of an alarm whose period is that
CASE = live.Case("socket, 1 event a call", 1, raw=True)
SLOWED = 4
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

# What happened since the page was asked for: how much it shifted, and the tasks that took more than 50 ms.
NOTICE = """
window.seen = { shift: 0, tasks: [] };
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.seen.shift += one.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.seen.tasks.push([Math.round(one.startTime), Math.round(one.duration)]);
}).observe({ type: "longtask", buffered: true });
"""


# ---------------------------------------------------------------- watchers


def signals(connection: http.client.HTTPConnection, ended: Event) -> Iterator[str]:
    """The names of what a stream tells."""
    connection.request("GET", "/console/stream")
    answer = connection.getresponse()
    while not ended.is_set() and (line := answer.readline()):
        if line.startswith(b"event: "):
            yield line[7:].strip().decode()


class OpenPage:
    """What one page that is open asks for."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.request("GET", path)
        html = self._connection.getresponse().read().decode()
        self._parts = [
            (address.replace("&amp;", "&"), set(names.split()), float(gap or GAP))
            for gap, address, names in PART.findall(html)
        ]
        self._tags: dict[str, str] = {}
        self._due: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._news = threading.Condition()

    def hear(self, name: str) -> None:
        """A signal came."""
        now = time.perf_counter()
        with self._news:
            for path, follows, gap in self._parts:
                if name in {"hello", "resync"} or name in follows:
                    wait = gap + random.uniform(0, JITTER)  # noqa: S311  (no secret)
                    self._due.setdefault(path, max(now, self._last.get(path, 0.0) + wait))
            self._news.notify_all()

    def fetch(self, fetched: Any) -> None:
        """Wait until parts are due, half a second at most, and ask for them."""
        with self._news:
            now = time.perf_counter()
            self._news.wait(max(0.0, min([0.5, *(at - now for at in self._due.values())])))
            now = time.perf_counter()
            ready = [path for path, at in self._due.items() if at <= now]
            for path in ready:
                del self._due[path]
                self._last[path] = now
        for path in ready:
            headers = {"If-None-Match": self._tags[path]} if path in self._tags else {}
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
            body = answer.read()
            if tag := answer.getheader("ETag"):
                self._tags[path] = tag
            with fetched.get_lock():
                fetched[{200: 0, 304: 1}.get(answer.status, 2)] += 1
                fetched[3] += len(body)


def run_watchers(port: int, count: int, ended: Event, fetched: Any) -> None:
    """Pages that are open, in a process of their own. One stream serves those of one browser (CON-6.3)."""
    pages = [OpenPage(port, "/console") for _ in range(count)]

    def listen(heard_by: list[OpenPage]) -> None:
        for name in signals(http.client.HTTPConnection("127.0.0.1", port, timeout=60), ended):
            for page in heard_by:
                page.hear(name)

    def fetch(page: OpenPage) -> None:
        while not ended.is_set():
            page.fetch(fetched)

    for first in range(STREAMS):
        threading.Thread(target=listen, args=(pages[first::STREAMS],), daemon=True).start()
    threads = [threading.Thread(target=fetch, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def watching(server: live.Server, count: int) -> Iterator[Any]:
    """Watchers whose pages are there; what they have fetched so far: anew, unchanged, refused, and bytes."""
    context = multiprocessing.get_context("spawn")
    ended, fetched = context.Event(), context.Array("q", 4)
    process = context.Process(target=run_watchers, args=(server.port, count, ended, fetched))
    process.start()
    try:
        ended.wait(OPENING)
        yield fetched
    finally:
        ended.set()
        process.join(20)
        if process.is_alive():
            process.terminate()


def measure_chain(server: live.Server, *, seconds: float, rounds: int, watchers: int) -> dict[str, Any]:
    """Requests a second without and with watchers, round by round."""
    taken: dict[str, list[dict[str, float]]] = {"alone": [], "watched": []}
    counted = [0] * 4  # of what was fetched, while it was measured
    for _ in range(rounds):
        taken["alone"].append(live.measure(server, CASE, seconds))
        with watching(server, watchers) as fetched:
            before = list(fetched)
            taken["watched"].append(live.measure(server, CASE, seconds))
            counted = [so_far + after - at for so_far, after, at in zip(counted, fetched, before, strict=True)]
    alone, watched = (statistics.median(one["requests"] for one in taken[name]) for name in ("alone", "watched"))
    fresh, unchanged, other, size = counted
    print(f"PutLogEvents, 1 event a call: {alone:,.0f} requests/s alone, {watched:,.0f} with {watchers} watchers,")
    print(f"  {1 - watched / alone:.1%} less; {fresh:,} parts fetched, {unchanged:,} unchanged, {other} refused,")
    print(f"  {size / 1e6:.1f} MB; p99 {statistics.median(one['p99'] for one in taken['alone']):.1f} and "
          f"{statistics.median(one['p99'] for one in taken['watched']):.1f} ms")  # fmt: skip
    return {"rounds": taken, "fetched": fresh, "unchanged": unchanged, "bytes": size, "less": 1 - watched / alone}


def seconds_of_evaluations(server: live.Server, count: int) -> list[float]:
    """How long after an instant its evaluation is seen to be done, for the next instants, while events come."""
    client = threading.Thread(target=live.measure, args=(server, CASE, count * EVERY + 1.0))
    client.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def evaluations() -> str:
        connection.request("GET", "/_tocsin/metrics")
        text = connection.getresponse().read().decode()
        return next(line for line in text.splitlines() if line.startswith("tocsin_alarm_evaluations_total"))

    taken, now, wait = [], SystemClock().now, threading.Event().wait
    for _ in range(count):
        at = math.ceil((now().timestamp() + 1) / EVERY) * EVERY  # one that is not at hand yet
        wait(max(0.0, at - 0.5 - now().timestamp()))
        before = evaluations()
        wait(max(0.0, at - now().timestamp()))
        while evaluations() == before:
            wait(0.002)
        taken.append(now().timestamp() - at)
    client.join()
    return taken


def measure_evaluation(server: live.Server, *, rounds: int, watchers: int) -> dict[str, Any]:
    """Seconds from an instant to its evaluation without and with watchers."""
    taken: dict[str, list[float]] = {"alone": [], "watched": []}
    for _ in range(rounds):
        taken["alone"] += seconds_of_evaluations(server, 2)
        with watching(server, watchers):
            taken["watched"] += seconds_of_evaluations(server, 2)
    alone, watched = (1000 * statistics.median(taken[name]) for name in ("alone", "watched"))
    print(f"evaluation, while events come: done after {alone:.0f} ms alone, {watched:.0f} with {watchers} watchers")
    return {"seconds": taken, "more_ms": watched - alone}


# ---------------------------------------------------------------- a page in a browser


def program() -> str | None:
    """The browser of this machine."""
    return next((path for name in _PROGRAMS if (path := shutil.which(name))), None)


def metrics_of(session: Any) -> dict[str, float]:
    """What Chromium counts of the page, after what nobody holds was let go."""
    session.send("HeapProfiler.collectGarbage")
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


def measure_browser(server: live.Server, *, transitions: int) -> dict[str, Any] | None:
    """Paint, shift, long tasks and memory of the alarm page."""
    found = program()
    if found is None:
        print("no Chromium: the page in a browser is left out")
        return None
    from playwright.sync_api import sync_playwright

    alarms = live.client("cloudwatch", server.url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(NOTICE)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        page.goto(f"{server.url}/console/alarms/{ALARM}", wait_until="load")
        page.wait_for_timeout(3_000)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        began, shift = page.evaluate("[performance.now(), window.seen.shift]")
        memory: list[float] = []
        nodes: list[float] = []
        for number in range(transitions):
            state = "OK" if number % 2 else "ALARM"
            alarms.set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason=f"change {number}")
            page.wait_for_timeout(100)
            if number % max(1, transitions // 10) == max(1, transitions // 10) - 1:
                page.wait_for_timeout(3_000)
                seen = metrics_of(session)
                memory.append(seen["JSHeapUsedSize"] / 1e6)
                nodes.append(seen["Nodes"])
        seen = page.evaluate("window.seen")
        browser.close()
    late = [length for start, length in seen["tasks"] if start > began and length > 50]
    loading = [length for start, length in seen["tasks"] if start <= began]
    print(f"alarm page, processor slowed {SLOWED} times: painted after {paint:.0f} ms, shifted by {shift:.4f},")
    print(f"  long tasks while loading {loading}, from updates {late}")
    print(f"  memory {memory[0]:.2f} MB after {transitions // 10} transitions, {memory[-1]:.2f} after {transitions}"
          f" ({memory[-1] / memory[0] - 1:+.1%}); nodes {nodes[0]:.0f} and {nodes[-1]:.0f}")  # fmt: skip
    return {"paint_ms": paint, "shift": shift, "loading": loading, "late": late, "mb": memory, "nodes": nodes}


def set_up(server: live.Server) -> None:
    """The group with its filters, an alarm with a topic, and some events."""
    live.set_up(server.url)
    topic = live.client("sns", server.url).create_topic(Name="sec-alerts")["TopicArn"]
    live.client("cloudwatch", server.url).put_metric_alarm(
        AlarmName=ALARM,
        Namespace="CloudTrailMetrics",
        MetricName=ALARM,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    live.client("cloudwatch", server.url).put_metric_alarm(
        AlarmName="each-ten-seconds",
        Namespace="CloudTrailMetrics",
        MetricName=ALARM,
        Statistic="Sum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    live.memory_after(server, 20_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("--transitions", type=int, default=600)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-console-"))
    report: dict[str, Any] = {"cores": os.cpu_count(), "python": platform.python_version()}
    server = live.start("tocsin", None, folder)
    try:
        set_up(server)
        report["chain"] = measure_chain(
            server, seconds=arguments.seconds, rounds=arguments.rounds, watchers=arguments.watchers
        )
        report["evaluation"] = measure_evaluation(server, rounds=arguments.rounds, watchers=arguments.watchers)
        report["browser"] = measure_browser(server, transitions=arguments.transitions)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
