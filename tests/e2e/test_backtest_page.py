"""The backtest page in a browser: it fits, in light and dark, says nothing on the console, and zooms (IF-3, CON-5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import chromium

from tocsin.app.backtest_report import AlarmResult, BacktestReport, EventLine, TransitionLine
from tocsin.app.report import Bytes, Files, Records, Skip
from tocsin.console.backtest_page import render_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import BrowserContext, Page

HOSTILE = '"><script>document.title = "owned"</script>'


class Browser:
    """One tab. `notices` are what it said: console messages, errors, dialogs; `requests` what it asked for."""

    def __init__(self, chrome: Chromium) -> None:
        self._chrome = chrome
        self._context: BrowserContext | None = None
        self.notices: list[str] = []
        self.requests: list[str] = []

    @property
    def page(self) -> Page:
        assert self._context is not None
        return self._context.pages[0]

    def open(
        self, path: Path, *, width: int = 1200, height: int = 900, dark: bool = False, scripts: bool = True
    ) -> None:
        """Show a file at a width, and wait until it has been drawn."""
        self.close()
        self.notices.clear()
        self.requests.clear()
        self._context = self._chrome.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        page = self._context.new_page()
        page.on("console", lambda message: self.notices.append(message.text))
        page.on("pageerror", lambda error: self.notices.append(str(error)))
        page.on("dialog", lambda dialog: (self.notices.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())
        if scripts:
            self.frame()

    def frame(self) -> None:
        """Wait for what has been asked for to be drawn."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def until(self, expression: str) -> None:
        """Wait until an expression is true: the mouse is heard when the browser gets to it.

        Asked from here: Playwright's own waiting evaluates strings within the page, which its policy forbids.
        """
        for _ in range(500):
            if self.evaluate(expression):
                return
            self.page.wait_for_timeout(20)
        pytest.fail(f"not true within 10 s: {expression}")

    def evaluate(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.frame()

    def drag(self, y: float, *xs: float) -> None:
        """Press the button at the first place, and move by the others; it stays pressed."""
        self.page.mouse.move(xs[0], y)
        self.page.mouse.down()
        for x in xs[1:]:
            self.page.mouse.move(x, y)

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as chrome:
        browser = Browser(chrome)
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
    browser.drag(y, left + width / 4, left + width / 3, left + width / 2)
    browser.until("document.querySelectorAll('.selection').length === 1")
    browser.page.mouse.up()
    browser.until(f"JSON.stringify({WINDOW}) !== '{json.dumps(FULL, separators=(',', ':'))}'")
    assert browser.evaluate("document.querySelectorAll('.selection').length") == 0
    start, end = browser.evaluate(WINDOW)
    assert (start, end) == (pytest.approx(FULL[0] + 21_600, abs=200), pytest.approx(FULL[0] + 43_200, abs=200))
    browser.page.keyboard.down("Control")
    browser.page.mouse.wheel(0, -100)
    browser.page.keyboard.up("Control")
    browser.until(f"{WINDOW}[1] - {WINDOW}[0] < {end - start}")
    nearer = browser.evaluate(WINDOW)
    assert nearer[1] - nearer[0] < end - start


def test_hover_says_value_and_state(browser: Browser, page: Path) -> None:
    browser.open(page)
    left, top, width, height = browser.evaluate(BOX)
    browser.page.mouse.move(left + width * (25 * 60 + 150) / 86_400, top + height / 2)
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
    browser.drag(top + 8, left + width / 2, left + width * 0.6, left + width * 0.75)
    browser.page.mouse.up()
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
    browser.open(page, scripts=False)
    assert browser.page.locator(".chart .marks rect").count() == 3
    assert browser.page.locator(".tools:not([hidden])").count() == 0
