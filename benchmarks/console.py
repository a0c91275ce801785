"""How long the pages of the console take over a month of events, and how large they are. Spec: CON-10.1, CON-4.0.

    python benchmarks/console.py FOLDER [--events 1000000] [--alarms 1000] [--runs 50] [--only TEXT] [--json FILE]

FOLDER keeps the data: it is filled the first time (`console_data.py` says how; a million events take two minutes on
two quiet cores, ten million 20) and used again while what is asked for is the same. Requests go to the site in
process, over SQLite, on a clock that begins at the end of the data; a few go over HTTP, too. A row is the median of
its requests, after three that are not counted. Beside the time by the clock stands the processor's, which others on
the machine disturb less, and which is compared with the budget.

A processor that is shared is half as quick at one moment as at another. So before and after each request a loop is run
that always does the same, and "at pace" is what the request would have taken where the loop takes REFERENCE_MS. It
serves to compare two runs, and is compared with no budget.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import http.client
import json
import os
import platform
import resource
import statistics
import sys
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import console_data as data

from tocsin.clock import FastClock
from tocsin.composition.serve import RunningServer
from tocsin.composition.side_thread import server_thread
from tocsin.console.route import ConsoleRequest
from tocsin.console.site import ConsoleSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.console.route import ConsoleResponse

WARM_UP = 3

# Additions of the reference loop, and the ms to which times are scaled: about the quickest that was seen of it on the
# shared machine on which this was written (CPython 3.11).
REFERENCE_LOOP = 200_000
REFERENCE_MS = 8.4


class Budget(NamedTuple):
    """What CON-10.1 allows: milliseconds, kilobytes of HTML, nodes."""

    milliseconds: float
    kilobytes: float
    nodes: int


OVERVIEW = Budget(100, 60, 1_500)
ALARM = Budget(120, 60, 1_500)
LATE_ANSWERS = Budget(600, 60, 1_500)
ALARMS = Budget(120, 120, 3_500)
EVENT = Budget(60, 80, 2_500)
SEARCH = Budget(1_000, 80, 2_500)
SUBJECT = Budget(300, 100, 3_000)
TRIAL = Budget(100, 40, 1_000)
PREVIEW = Budget(1_000, 40, 1_000)
FRAGMENT = Budget(40, 20, 400)
UNCHANGED = Budget(5, 1, 0)


class Row(NamedTuple):
    """Requests of one kind. `fields` make it a form that is posted for a live answer; `tag` asks only for changes."""

    name: str
    path: str
    budget: Budget | None
    fields: dict[str, str] | None = None
    tag: str = ""


class Taken(NamedTuple):
    """What a row came to: milliseconds of its requests, by the clock, of the processor, and at pace; one answer."""

    row: Row
    elapsed: list[float]
    worked: list[float]
    paced: list[float]
    html: int
    packed: int
    nodes: int

    @property
    def median(self) -> float:
        """Half of the requests took no longer."""
        return statistics.median(self.elapsed)

    @property
    def p95(self) -> float:
        """Nineteen of twenty took no longer."""
        return sorted(self.elapsed)[max(0, -(-len(self.elapsed) * 95 // 100) - 1)]

    @property
    def faults(self) -> list[str]:
        """What is beyond the budget; its time is compared with the processor's."""
        budget = self.row.budget
        if budget is None:
            return []
        found = {
            "time": statistics.median(self.worked) > budget.milliseconds,
            "p95": sorted(self.worked)[-max(1, len(self.worked) // 20)] > 3 * budget.milliseconds,
            "HTML": self.html > budget.kilobytes * 1_000,
            "nodes": self.nodes > budget.nodes,
        }
        return [what for what, is_over in found.items() if is_over]


_ALARM = "cis/security-group-changes"
_FLAPPING = "shop/service-0000"


def rows(made: data.Made) -> list[Row]:
    """Every kind of page."""
    old = f"events/{made.old_id}?at={made.old_at // 1000}"
    filtered = {"pattern": '{ ($.eventName = "AuthorizeSecurityGroupIngress") || ($.errorCode = "AccessDenied*") }'}
    return [
        Row("overview", "", OVERVIEW),
        Row("alarm", f"alarms/{_ALARM}", ALARM),
        Row("alarm that flaps", f"alarms/{_FLAPPING}", ALARM),
        Row("late answers of an alarm", f"_/alarm/answers?{urlencode({'name': _ALARM})}", LATE_ANSWERS),
        Row("alarms, 100 rows", "alarms", ALARMS),
        Row("event, new", f"events/{data.CHANGE_ID}", EVENT),
        Row("event, two weeks old", old, EVENT),
        Row("search: everything", "events", SEARCH),
        Row("search: a busy actor, a week", _search(f"actor:{data.BUSY_ROLE}", "7d"), SEARCH),
        Row("search: a busy actor and a rare name", _search(f"actor:{data.BUSY_ROLE} name:DisableKey", "30d"), SEARCH),
        Row("search: denied", _search("error:AccessDenied", "30d"), SEARCH),
        Row("search: a rare actor", _search(f"actor:{data.MALLORY}", "30d"), SEARCH),
        Row("search: nothing there", _search("actor:arn:aws:iam::111122223333:user/nobody", "30d"), SEARCH),
        Row("search: by pattern", f"events?{urlencode({'tab': 'pattern', 'group': data.GROUP, **filtered})}", SEARCH),
        Row("actor, rare", f"actors/{quote(data.MALLORY)}", SUBJECT),
        Row("actor, busy", f"actors/{quote(data.BUSY_ROLE)}?span=7d", SUBJECT),
        Row("address, rare", f"addresses/{data.STRANGE_ADDRESS}", SUBJECT),
        Row("address, busy", f"addresses/{data.BUSY_ADDRESS}?span=7d", SUBJECT),
        Row("resource, rare", f"resources/{data.SECURITY_GROUP}", SUBJECT),
        Row("resource, busy", f"resources/{data.BUSY_RESOURCE}?span=7d", SUBJECT),
        Row("filter test", "do/test-filter", TRIAL, {"group": data.GROUP, "name": "new", **filtered}),
        Row("preview of a rule", "do/preview-rule-on", PREVIEW, {"rule": "cis/root-user-used", "group": data.GROUP}),
        *(Row(f"fragment {name}", f"_/{name}", FRAGMENT) for name in _FRAGMENTS),
        *(
            Row(f"fragment alarm/{name}", f"_/alarm/{name}?{urlencode({'name': _ALARM})}", FRAGMENT)
            for name in ("verdict", "buttons", "chart", "evidence", "chain", "history", "records")
        ),
        Row("304: overview/counts", "_/overview/counts", UNCHANGED, tag="*"),
        Row("304: alarm/chart", f"_/alarm/chart?{urlencode({'name': _ALARM})}", UNCHANGED, tag="*"),
        *(Row(path.partition("?")[0], path, None) for path in _OTHERS),
    ]


_FRAGMENTS = (
    *("overview/counts", "overview/ringing", "overview/timeline", "overview/events-lane"),
    *("overview/attention", "overview/people", "overview/chain"),
)
_OTHERS = (
    *("alarms?state=ALARM", "mutes", "logs", f"logs/{data.GROUP}", f"filters/{data.GROUP}:{_ALARM}", "new/filter"),
    *("topics", "topics/sec-alerts", "trails", "trails/main-trail", "rules", "rules/cis", "rules/cis/root-user-used"),
    *("coverage", "deliveries", "mailbox", "archive", "learn/event-types", "learn/alarm-states", "learn/prices"),
    *("status", "settings", "audit", "search?q=mallory", "new/alarm"),
)
"""Pages without a budget of their own."""


def _search(terms: str, span: str) -> str:
    return f"events?{urlencode({'q': terms, 'range': span})}"


class Site:
    """The console over the data, in process."""

    def __init__(self, folder: Path) -> None:
        self.server = RunningServer(data.plan(folder), clock=FastClock(data.END, speed=1))
        self.server.models.load_served()
        self.server.evaluator.run()
        # As `tocsin serve` has it.
        gc.set_threshold(200_000, 20, 20)
        gc.freeze()
        self._site = ConsoleSite(self.server.service, self.server.console_parts, key=b"k" * 32, report=_raise)
        self._cookie = ""
        self._token = ""

    def ask(self, row: Row) -> tuple[ConsoleResponse, float, float]:
        """The answer to one request, and its milliseconds by the clock and of the processor."""
        path, _, query = row.path.partition("?")
        headers = [("accept-encoding", "gzip"), ("cookie", self._cookie)]
        body = b""
        if row.fields is not None:
            headers.append(("x-tocsin-live", "1"))
            body = urlencode({**row.fields, "token": self._token}).encode()
        if row.tag:
            headers.append(("if-none-match", row.tag))
        request = ConsoleRequest(
            method="GET" if row.fields is None else "POST",
            path=path,
            query=query,
            headers=tuple(headers),
            body=body,
            request_id="r",
            source_address="127.0.0.1",
            is_https=False,
        )
        began, worked = time.perf_counter(), time.thread_time()
        answer = self._site.answer(request)
        return answer, 1_000 * (time.perf_counter() - began), 1_000 * (time.thread_time() - worked)

    def sign(self) -> None:
        """Get a form's token and its cookie, as a browser does."""
        answer, _, _ = self.ask(Row("", "new/filter", None))
        cookies = [value.partition(";")[0] for name, value in answer.headers if name == "Set-Cookie"]
        self._cookie = "; ".join(cookies)
        text = _text(answer)
        self._token = text.partition('name="token" value="')[2].partition('"')[0]

    def tagged(self, row: Row) -> Row:
        """The row with the tag of what is there now."""
        answer, _, _ = self.ask(row._replace(tag=""))
        return row._replace(tag=dict(answer.headers).get("ETag", ""))

    def close(self) -> None:
        """Let go of the data."""
        self.server.close()


def _raise(_ident: str, _page: str, error: BaseException) -> None:
    raise error


def _text(answer: ConsoleResponse) -> str:
    is_packed = dict(answer.headers).get("Content-Encoding") == "gzip"
    return (gzip.decompress(answer.body) if is_packed else answer.body).decode()


class _Nodes(HTMLParser):
    """Counts elements."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  (the parser gives them)
        self.count += 1


def _reference() -> float:
    """The milliseconds of the processor that the reference loop takes now."""
    began, total = time.thread_time(), 0
    for number in range(REFERENCE_LOOP):
        total += number
    return 1_000 * (time.thread_time() - began)


def measure(site: Site, row: Row, runs: int) -> Taken | None:
    """Time a row; None where there is no such page yet."""
    if row.tag:
        row = site.tagged(row)
    elapsed: list[float] = []
    worked: list[float] = []
    paced: list[float] = []
    pause = threading.Event()
    for number in range(runs + WARM_UP):
        if row.fields is not None:
            pause.wait(0.12)  # live answers are given ten times a second
        before = _reference()
        answer, milliseconds, of_processor = site.ask(_anew(row, number))
        loop = (before + _reference()) / 2
        if answer.status == 404:
            return None
        expected = 304 if row.tag else 200
        if answer.status != expected and not (row.tag and answer.status == 200):
            raise SystemExit(f"{row.path}: {answer.status} {_text(answer)[:2_000]}")
        if row.tag and answer.status == 200:  # it has changed meanwhile
            row = site.tagged(row)
            continue
        if number >= WARM_UP:
            elapsed.append(milliseconds)
            worked.append(of_processor)
            paced.append(of_processor * REFERENCE_MS / loop)
    text = _text(answer)
    nodes = _Nodes()
    nodes.feed(text)
    return Taken(row, elapsed, worked, paced, len(text.encode()), len(answer.body), nodes.count)


def _anew(row: Row, number: int) -> Row:
    """A part with another query: what others have just been given would tell nothing of what it costs."""
    if not row.path.startswith("_/") or row.tag:
        return row
    return row._replace(path=f"{row.path}{'&' if '?' in row.path else '?'}run={number}")


def over_http(folder: Path, runs: int) -> Iterator[tuple[str, list[float]]]:
    """The milliseconds of a few pages from the outside, on one connection."""
    pause = threading.Event()
    with server_thread(data.plan(folder), clock=FastClock(data.END, speed=1)) as server:
        address = urlsplit(server.address)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        for path in ("", f"alarms/{_ALARM}", "alarms", "_/overview/counts"):
            times = []
            for _ in range(runs + WARM_UP):
                pause.wait(0.06)  # a visitor has 20 requests a second
                began = time.perf_counter()
                connection.request("GET", f"/console/{path}", headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                times.append(1_000 * (time.perf_counter() - began))
                if answer.status != 200:
                    raise SystemExit(f"/console/{path}: {answer.status}")
            yield path or "overview", times[WARM_UP:]
        connection.close()


def main() -> None:
    """Fill the folder if need be, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--alarms", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--only", default="", help="only rows whose name holds this text")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    made = data.made_before(options.folder, events=options.events, alarms=options.alarms)
    if made is None:
        if options.folder.exists() and any(options.folder.iterdir()):
            sys.exit(f"{options.folder} holds something else: name a folder that is not there yet")
        made = data.make(options.folder, events=options.events, alarms=options.alarms)
    data.quiet(options.folder)
    size = sum(path.stat().st_size for path in options.folder.glob("*.sqlite3*"))
    print(
        f"{made.events:,} events, {made.alarms:,} alarms, {size / 1e9:.2f} GB, made in {made.seconds:.0f} s; "
        f"Python {platform.python_version()}, medians of {options.runs}"
    )
    columns = "".join(f"{title:>8}" for title in ("ms", "p95", "cpu ms", "at pace", "budget"))
    print(f"{'':38}{columns} {'HTML':>8} {'packed':>7} {'nodes':>6}")
    taken: list[Taken] = []
    site = Site(options.folder)
    site.sign()
    for row in rows(made):
        if options.only not in row.name:
            continue
        one = measure(site, row, options.runs)
        if one is None:
            print(f"{row.name:38} there is no such page")
            continue
        taken.append(one)
        budget = "" if row.budget is None else f"{row.budget.milliseconds:.0f}"
        over = f"  over: {', '.join(one.faults)}" if one.faults else ""
        print(
            f"{row.name:38} {one.median:7.1f} {one.p95:7.1f} {statistics.median(one.worked):7.1f} "
            f"{statistics.median(one.paced):7.1f} {budget:>7} "
            f"{one.html:8,} {one.packed:7,} {one.nodes:6,}{over}",
            flush=True,
        )
    site.close()
    outside = {} if options.only else dict(over_http(options.folder, options.runs))
    for name, times in outside.items():
        print(f"over HTTP: {name:27} {statistics.median(times):7.1f} {sorted(times)[len(times) * 95 // 100]:7.1f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory of the process at its peak: {memory:.0f} MiB")
    if options.json:
        figures: dict[str, Any] = {
            "made": made._asdict(),
            "rows": [_figures(one) for one in taken],
            "http": {name: statistics.median(times) for name, times in outside.items()},
            "cores": os.cpu_count(),
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def _figures(taken: Taken) -> dict[str, Any]:
    return {
        "name": taken.row.name,
        "path": taken.row.path,
        "budget": taken.row.budget and taken.row.budget._asdict(),
        "median": round(taken.median, 2),
        "p95": round(taken.p95, 2),
        "processor": round(statistics.median(taken.worked), 2),
        "at_pace": round(statistics.median(taken.paced), 2),
        "html": taken.html,
        "packed": taken.packed,
        "nodes": taken.nodes,
        "over": taken.faults,
    }


if __name__ == "__main__":
    main()
