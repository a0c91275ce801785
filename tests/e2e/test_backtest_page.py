"""The backtest page in a browser: it fits, in light and dark, says nothing on the console, and zooms (IF-3, CON-5).

Chromium is driven through its debugging pipe: JSON messages that end with NUL, on file descriptors 3 and 4.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.backtest_report import AlarmResult, BacktestReport, EventLine, TransitionLine
from tocsin.app.report import Bytes, Files, Records, Skip
from tocsin.cli.backtest_page import render_page

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--remote-debugging-pipe",
]  # fmt: skip
# A pipe at the numbers that Chromium expects, then Chromium in the place of this process.
BECOME = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
PATIENCE = 30.0
HOSTILE = '"><script>document.title = "owned"</script>'


class Browser:
    """One Chromium with one page. `notices` are what it said: console messages, errors, requests refused."""

    def __init__(self, profile: Path) -> None:
        (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
        self._out, self._in, self._rest, self._number = our_out, our_in, b"", 0
        self.notices: list[str] = []
        self.requests: list[str] = []
        # Numbers from 10 on, so that 3 and 4 are free to be taken.
        far = [self._far(their_in), self._far(their_out)]
        assert CHROMIUM is not None
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                BECOME,
                *map(str, far),
                CHROMIUM,
                *OPTIONS,
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            pass_fds=far,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for descriptor in far:
            os.close(descriptor)
        self._session = ""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    @staticmethod
    def _far(descriptor: int) -> int:
        import fcntl

        far = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
        os.close(descriptor)
        return far

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == self._number)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _until(self, wanted: Any) -> dict[str, Any]:
        end = monotonic() + PATIENCE
        while True:
            while b"\0" not in self._rest:
                ready, _, _ = select.select([self._in], [], [], max(0.0, end - monotonic()))
                assert ready, "chromium does not answer"
                chunk = os.read(self._in, 1 << 20)
                assert chunk, "chromium has ended"
                self._rest += chunk
            text, self._rest = self._rest.split(b"\0", 1)
            message = json.loads(text)
            self._note(message)
            if wanted(message):
                return message

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case (
                "Runtime.consoleAPICalled"
                | "Runtime.exceptionThrown"
                | "Log.entryAdded"
                | "Page.javascriptDialogOpening"
            ):
                self.notices.append(json.dumps(message["params"])[:500])
            case "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])

    def open(self, path: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Show a file at a width, and wait until it has been drawn."""
        self.notices.clear()
        self.requests.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        loader = self.call("Page.navigate", url=path.as_uri())["loaderId"]
        # That of an earlier page may come late.
        wanted = {"name": "load", "loaderId": loader}
        self._until(
            lambda message: (
                message.get("method") == "Page.lifecycleEvent" and wanted.items() <= message["params"].items()
            )
        )
        self.frame()

    def frame(self) -> None:
        """Wait for what has been asked for to be drawn."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def until(self, expression: str) -> None:
        """Wait, frame by frame, until an expression is true: the mouse is heard when the browser gets to it."""
        look = f"const look = () => ({expression}) ? done(true) : performance.now() > end ? done(false) : requestAnimationFrame(look)"
        assert self.evaluate(f"new Promise((done) => {{ const end = performance.now() + 10000; {look}; look(); }})"), (
            expression
        )

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.frame()

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def close(self) -> None:
        with contextlib.suppress(AssertionError, OSError):
            self._session = ""
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        os.close(self._out)
        os.close(self._in)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def turn(minute: int, old: str, new: str, **more: Any) -> TransitionLine:
    at = f"2026-03-18T{2 + minute // 60:02d}:{minute % 60:02d}:00Z"
    return TransitionLine(at=at, from_=old, to=new, reason="Threshold Crossed: " + "reason " * 20, **more)


def report() -> BacktestReport:
    details = [
        EventLine(
            id=f"00000000-0000-4000-8000-{number:012d}", at=f"2026-03-18T02:28:{number:02d}Z", event=HOSTILE,
            source="signin.amazonaws.com", error="Failed authentication", who="A" * 256, address="192.0.2.1",
            agent="Mozilla/5.0 " * 20, account="111122223333", region="us-east-1", resource="arn:aws:s3:::" + "b" * 240,
        )
        for number in range(3)
    ]  # fmt: skip
    first = turn(1, "INSUFFICIENT_DATA", "OK", not_notified="The alarm has no action for OK.")
    loud = AlarmResult(
        name="cis/" + "x" * 120, title=HOSTILE, severity="critical", final="OK", condition="Rings at 1 or more.",
        time_in={"OK": 85_440.0, "ALARM": 900.0, "INSUFFICIENT_DATA": 60.0}, why=HOSTILE, runbook=HOSTILE,
        transitions=[first, turn(30, "OK", "ALARM", details=details, not_notified=HOSTILE), turn(45, "ALARM", "OK")],
        comparison="GreaterThanOrEqualToThreshold", threshold=1.0, period=300, evaluation_range=3,
        series=[("2026-03-18T02:25:00Z", 3.0), ("2026-03-18T09:00:00Z", 0.0), ("2026-03-18T12:00:00Z", 1.0)],
    )  # fmt: skip
    spent = {"OK": 86_340.0, "INSUFFICIENT_DATA": 60.0}
    quiet = [
        AlarmResult(name=f"quiet-{n}", final="OK", transitions=[first], time_in=spent, period=60) for n in range(9)
    ]
    return BacktestReport(
        tocsin="0.0.0", from_="2026-03-18T02:00:00Z", until="2026-03-19T02:00:00Z", evaluations=2_880, seconds=0.1,
        files=Files(read=1, skipped=[Skip(path="a/" * 100, reason="gzip: unexpected end of stream")]),
        records=Records(read=9, selected=9), bytes=Bytes(), alarms=[loud, *quiet], notes=["n" * 200],
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_page(report(), generated="2026-04-01 12:00:00Z"), encoding="utf-8")
    return path


WINDOW = """(() => { const svg = document.querySelector('.chart .g');
    return [Number(svg.dataset.from), Number(svg.dataset.until)]; })()"""
FULL = [1_773_799_200, 1_773_885_600]
FOCUS = "document.querySelector('.chart .surface').focus()"
BOX = """(() => { const surface = document.querySelector('.chart .surface');
    surface.scrollIntoView({block: 'center'}); const box = surface.getBoundingClientRect();
    return [box.left, box.top, box.width, box.height]; })()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 800, 1600])
def test_page_fits_and_is_silent(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.open(page, width=width, dark=dark)
    # Also with everything open.
    browser.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert browser.evaluate("innerWidth") == width
    root = "document.documentElement"
    assert browser.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
    assert browser.notices == []
    assert browser.requests == [page.as_uri()]
    assert browser.evaluate("document.title") == "1 of 10 alarms rang · Tocsin backtest"


# The contrast of every text with what is behind it, by the formula of WCAG; those under 4.5.
CONTRAST = r"""(() => {
  const parts = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const level = (colour) => { const [r, g, b] = colour.map((part) => {
    part /= 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (node) => { for (; node; node = node.parentElement) {
    const colour = parts(getComputedStyle(node).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3); } return [255, 255, 255]; };
  const weak = [];
  for (const node of document.querySelectorAll('body *')) {
    const style = getComputedStyle(node);
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || node.closest('button:disabled, script, title, .vh') || !node.checkVisibility()) continue;
    const front = level(parts(node.closest('svg') ? style.fill : style.color).slice(0, 3));
    const back = level(ground(node));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) weak.push([node.className.baseVal ?? node.className, node.textContent.slice(0, 30), ratio]);
  }
  return weak; })()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast_of_texts(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert browser.evaluate(CONTRAST) == []


def test_dark_follows_the_system(browser: Browser, page: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.open(page, dark=True)
    dark = browser.evaluate(ground)
    browser.open(page, dark=False)
    assert dark != browser.evaluate(ground)


def test_whole_span_is_shown_at_first(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.evaluate(WINDOW) == FULL
    assert browser.evaluate("document.querySelectorAll('.chart .marks rect').length") == 3


def test_buttons_zoom_and_move(browser: Browser, page: Path) -> None:
    browser.open(page)
    press = "document.querySelector('.chart [data-act={}]').click()"
    browser.evaluate(press.format("in"))
    browser.frame()
    assert browser.evaluate(WINDOW) == [FULL[0] + 21_600, FULL[1] - 21_600]
    browser.evaluate(press.format("left"))
    browser.frame()
    assert browser.evaluate(WINDOW) == [FULL[0] + 4_320, FULL[0] + 47_520]
    browser.evaluate(press.format("all"))
    browser.frame()
    assert browser.evaluate(WINDOW) == FULL


def test_keys_zoom_move_and_walk(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate(FOCUS)
    browser.press("+")
    zoomed = browser.evaluate(WINDOW)
    assert zoomed[1] - zoomed[0] == 43_200
    browser.press("ArrowRight")
    assert browser.evaluate(WINDOW)[0] > zoomed[0]
    browser.press("0")
    assert browser.evaluate(WINDOW) == FULL
    browser.press("n")
    assert browser.evaluate("document.querySelector('.chart .read').textContent") == "2026-03-18 02:25:00Z: 3, breaches"
    browser.press("n")
    assert browser.evaluate("document.querySelector('.chart .read').textContent") == "2026-03-18 09:00:00Z: 0"


def test_drag_selects_and_wheel_zooms(browser: Browser, page: Path) -> None:
    browser.open(page)
    left, top, width, height = browser.evaluate(BOX)
    y = top + height / 2
    browser.mouse("mousePressed", left + width / 4, y, button="left", buttons=1, clickCount=1)
    browser.mouse("mouseMoved", left + width / 3, y, button="left", buttons=1)
    browser.mouse("mouseMoved", left + width / 2, y, button="left", buttons=1)
    browser.until("document.querySelectorAll('.selection').length === 1")
    browser.mouse("mouseReleased", left + width / 2, y, button="left", clickCount=1)
    browser.until(f"JSON.stringify({WINDOW}) !== '{json.dumps(FULL, separators=(',', ':'))}'")
    assert browser.evaluate("document.querySelectorAll('.selection').length") == 0
    start, end = browser.evaluate(WINDOW)
    assert (start, end) == (pytest.approx(FULL[0] + 21_600, abs=200), pytest.approx(FULL[0] + 43_200, abs=200))
    browser.mouse("mouseWheel", left + width / 2, y, deltaX=0, deltaY=-100, modifiers=2)
    browser.until(f"{WINDOW}[1] - {WINDOW}[0] < {end - start}")
    nearer = browser.evaluate(WINDOW)
    assert nearer[1] - nearer[0] < end - start


def test_hover_says_value_and_state(browser: Browser, page: Path) -> None:
    browser.open(page)
    left, top, width, height = browser.evaluate(BOX)
    browser.mouse("mouseMoved", left + width * (25 * 60 + 150) / 86_400, top + height / 2)
    browser.until(
        "document.querySelector('.chart .read').textContent.startsWith('2026-03-18 02:25:00Z: 3, breaches; ')"
    )


def test_transition_shows_itself_in_the_graph(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate("document.querySelectorAll('.show')[1].click()")
    browser.frame()
    start, end = browser.evaluate(WINDOW)
    assert start <= FULL[0] + 30 * 60 <= end
    assert end - start <= 7_200


def test_overview_zooms_every_band(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate("document.querySelector('.lanes [data-act=in]').click()")
    browser.frame()
    planes = "[...document.querySelectorAll('.plane')].map((plane) => [plane.getAttribute('x'), plane.getAttribute('width')])"
    assert browser.evaluate(planes) == [["-50.0000%", "200.0000%"]] * 10


def test_drag_across_a_band_zooms_every_band(browser: Browser, page: Path) -> None:
    browser.open(page)
    left, top, width = browser.evaluate(
        """(() => { const lane = document.querySelectorAll('.lane')[3]; lane.scrollIntoView({block: 'center'});
        const box = lane.getBoundingClientRect(); return [box.left, box.top, box.width]; })()"""
    )
    browser.mouse("mousePressed", left + width / 2, top + 8, button="left", buttons=1, clickCount=1)
    browser.mouse("mouseMoved", left + width * 0.6, top + 8, button="left", buttons=1)
    browser.mouse("mouseMoved", left + width * 0.75, top + 8, button="left", buttons=1)
    browser.mouse("mouseReleased", left + width * 0.75, top + 8, button="left", clickCount=1)
    browser.until("parseFloat(document.querySelector('.plane').getAttribute('width')) > 300")
    widths = browser.evaluate(
        "[...document.querySelectorAll('.plane')].map((plane) => parseFloat(plane.getAttribute('width')))"
    )
    assert widths == [pytest.approx(400, rel=0.02)] * 10


def test_find_leaves_the_rows_whose_name_has_the_words(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate("document.getElementById('find').focus()")
    for key in "T-7":
        browser.press(key)
    names = "[...document.querySelectorAll('li.row')].filter((row) => !row.hidden).map((row) => row.querySelector('.nm').textContent)"
    assert browser.evaluate(names) == ["quiet-7"]


def test_link_opens_a_quiet_alarm(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.evaluate("[...document.querySelectorAll('.row a')].at(-1).click()")
    browser.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert browser.evaluate("[...document.querySelectorAll('.quiet-card')].map((part) => part.open)") == [False] * 8 + [
        True
    ]
    assert browser.notices == []


def test_page_can_be_read_without_script(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.call("Page.navigate", url=page.as_uri())
        browser._until(lambda message: message.get("method") == "Page.loadEventFired")
        tree = browser.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        found = browser.call("DOM.querySelectorAll", nodeId=tree, selector=".chart .marks rect")["nodeIds"]
        hidden = browser.call("DOM.querySelectorAll", nodeId=tree, selector=".tools:not([hidden])")["nodeIds"]
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert (len(found), hidden) == (3, [])
