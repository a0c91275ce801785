"""Every page in a real browser: with a full day, with nothing, with an attacker's data. Spec: CON-8.1, CON-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import NARROW, WIDE, chromium, visiting
from console_story import Story
from console_tour import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PAGES = [pytest.param(address, id=route or "overview") for route, address in addresses()]
LOOKS = [pytest.param(WIDE, False, id="wide-light"), pytest.param(NARROW, True, id="narrow-dark")]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=["full", "empty", "hostile"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = Story(tmp_path_factory.mktemp(request.param) / "data")
    told.tell(request.param)
    with told.serving():
        yield told


@pytest.mark.parametrize(("size", "dark"), LOOKS)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_can_be_read_by_everybody(
    chrome: Browser, story: Story, address: str, size: tuple[int, int], dark: bool
) -> None:
    with visiting(chrome, story.address, size=size, dark=dark) as tab:
        status = tab.open(address)
        assert status == 200 or (story.kind != "full" and status == 404)
        assert tab.page.title().endswith("· Tocsin")
        assert "alert(" not in tab.page.title()
        assert not tab.overflows
        assert tab.flaws() == []
        tab.require_quiet()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_there_without_scripts(chrome: Browser, story: Story, address: str) -> None:
    with visiting(chrome, story.address, scripts=False) as tab:
        tab.open(address)
        assert tab.page.locator("h1").count() == 1
        assert tab.page.locator("main").inner_text().strip()
        tab.require_quiet()
