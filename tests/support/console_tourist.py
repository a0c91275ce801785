"""Visits pages of the console one after the other, in tabs that stay open, and says what is wrong with each."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from browser import NARROW, WIDE, Tab, chromium, visiting
from console_story import Story
from console_tour import end_of_way

if TYPE_CHECKING:
    from pathlib import Path

LOOKS = {"wide-light": (WIDE, False, True), "narrow-dark": (NARROW, True, True), "unscripted": (WIDE, False, False)}
"""Size, whether dark, whether scripts run."""

_EXPECTED = {"full": {200}, "empty": {200, 404}, "hostile": {200, 404}, "broken": {200, 404, 503}}
"""What pages may answer on such a day; never that something went wrong that nobody had thought of."""

# Asked for at once: each question to the browser takes its time.
_FACTS = """[
  document.title, document.querySelectorAll("h1").length, document.querySelector("main")?.innerText.slice(0, 1000) ?? ""
]"""
_LINKS = """[...document.querySelectorAll("main a[href]")].map(link => link.getAttribute("href"))"""


class Tourist:
    """A browser on a console whose day is of a kind (`Story.tell`)."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self._folder = folder
        self._exit = ExitStack()
        self._tabs: dict[str, Tab] = {}

    def __enter__(self) -> Self:
        with self._exit as stack:
            chrome = stack.enter_context(chromium())
            story = Story(self._folder)
            story.tell(self.kind)
            address = stack.enter_context(story.serving())
            for name, (size, dark, scripts) in LOOKS.items():
                tab = visiting(chrome, address, size=size, dark=dark, scripts=scripts)
                self._tabs[name] = stack.enter_context(tab)
                if 503 in _EXPECTED[self.kind]:
                    self._tabs[name].expected.append("status of 503")
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def tab(self, look: str) -> Tab:
        """The tab of a look."""
        return self._tabs[look]

    def problems(self, address: str, look: str) -> list[str]:
        """What is wrong with a page as it looks there; none for one that anybody would show to a stranger."""
        tab = self._tabs[look]
        status = tab.open(end_of_way(address, lambda start: self._links(tab, start)))
        found = []
        if status not in _EXPECTED[self.kind]:
            found.append(f"answers {status}")
        title, headings, text = tab.page.evaluate(_FACTS)
        if not title.endswith("· Tocsin") or "alert(" in title:
            found.append(f"is called {title}")
        if headings != 1:
            found.append("has not one h1")
        if not text.strip():
            found.append("says nothing")
        if LOOKS[look][2]:
            found += ["is wider than its window"] if tab.overflows else []
            found += tab.flaws()
        found += [*tab.errors, *tab.foreign, *tab.dialogs]
        for heard in (tab.errors, tab.foreign, tab.dialogs):
            heard.clear()
        return found

    def _links(self, tab: Tab, address: str) -> list[str]:
        tab.open(address)
        links: list[str] = tab.page.evaluate(_LINKS)
        return links
