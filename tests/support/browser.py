"""A real Chromium that visits the console, and notices what it should not do. Spec: CON-9.2, CON-9.4.

    with visiting(server.address) as tab:
        tab.open("alarms")
        tab.page.get_by_role("link", name="New alarm").click()
        tab.require_quiet()

It is the system's Chromium, driven by Playwright. A test that wants it is skipped where there is none.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

WIDE, NARROW = (1440, 900), (390, 844)
WITHIN = 20_000.0
"""Milliseconds that anything may take."""

_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d ")
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_AXE = Axe().axe_script
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# Rules of which axe thinks less, and why we do otherwise.
_LEFT_OUT: dict[str, str] = {}


class Tab:
    """A page, and what was heard of it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.dialogs: list[str] = []
        self.expected: list[str] = []
        page.set_default_timeout(WITHIN)
        page.on("pageerror", lambda error: self.errors.append(f"script: {error}"))
        page.on("console", self._hear)
        page.on("request", self._see)
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def open(self, path: str = "") -> int:
        """Go to a page of the console; its status."""
        answer = self.page.goto(f"{self.address}/console/{path}".rstrip("/"), wait_until="load")
        assert answer is not None
        return answer.status

    def require_quiet(self) -> None:
        """No script failed, nothing was complained of, nothing was asked of another host, no dialog was shown."""
        heard = {"errors": self.errors, "foreign": self.foreign, "dialogs": self.dialogs}
        assert not any(heard.values()), heard

    def flaws(self) -> list[str]:
        """What axe finds, with the elements; nothing that is serious may be left out (CON-9.2)."""
        # Without what passed, which nobody reads: it takes a third of the time. The style sheet is not fetched once
        # more for axe, whose rule about locked orientations alone reads it; ours has nothing of the kind.
        options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"], "preload": False}
        self.page.evaluate(_AXE)
        found = self.page.evaluate("options => axe.run(options).then(found => found.violations)", options)
        return [
            f"{one['impact']} {one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in {"serious", "critical"} or one["id"] not in _LEFT_OUT
        ]

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what no element shows."""
        for _ in range(200):
            if is_so():
                return
            self.page.wait_for_timeout(WITHIN / 200)
        pytest.fail(f"not so within {WITHIN / 1000:g} s")

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        self.page.screenshot(path=path, full_page=True)

    @property
    def overflows(self) -> bool:
        """Whether the page is wider than its window (CON-9.1)."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium itself notes each answer that is no success; 4xx, and what is expected, are no complaint (CON-9.4).
        is_expected = any(one in message.text for one in self.expected) or _REFUSED.match(message.text)
        if message.type in {"error", "warning"} and not is_expected:
            self.errors.append(f"{message.type}: {message.text} {message.location['url']}")

    def _see(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and f"{parts.scheme}://{parts.netloc}" != self.address:
            self.foreign.append(request.url)


def find_browser() -> str:
    """The program; a test is skipped where there is none."""
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window."""
    program = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(
    browser: Browser,
    address: str,
    *,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    scripts: bool = True,
    **more: Any,
) -> Iterator[Tab]:
    """A tab of a browser that has never been here before."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        timezone_id="Europe/Berlin",
        **more,
    )
    # Without it the first page is asked for twice: its zone is not known before.
    context.add_cookies([{"name": "tocsin-zone", "value": "Europe/Berlin", "url": f"{address}/console"}])
    try:
        yield Tab(context.new_page(), address)
    finally:
        context.close()
