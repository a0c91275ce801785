"""Signing in, in a real browser: by keys alone, without scripts, wide and narrow. Spec: CON-4.10, CON-8.4, CON-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import NARROW, WIDE, chromium, visiting
from console_story import Story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    environ = {"TOCSIN_CONSOLE_PASSWORD": PASSWORD, "TOCSIN_CONSOLE_READONLY_PASSWORD": "only reading here"}
    told = Story(tmp_path_factory.mktemp("sign-in") / "data", environ=environ)
    told.tell("empty")
    with told.serving():
        yield told


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)])
def test_the_form_can_be_read_by_everybody(chrome: Browser, story: Story, size: tuple[int, int], dark: bool) -> None:
    with visiting(chrome, story.address, size=size, dark=dark) as tab:
        assert tab.open() == 200
        assert tab.page.title() == "Sign in · Tocsin"
        assert not tab.overflows
        assert tab.flaws() == []
        tab.page.keyboard.type("nobody")
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.type("wrong")
        tab.page.keyboard.press("Enter")
        tab.page.get_by_role("alert").wait_for()
        assert "The name or the password is not right." in tab.page.get_by_role("alert").inner_text()
        assert tab.page.get_by_label("Name").input_value() == "nobody"
        assert tab.page.get_by_label("Password").input_value() == ""
        assert tab.flaws() == []
        tab.require_quiet()


@pytest.mark.parametrize("scripts", [True, False])
def test_keys_alone_lead_in_to_the_page_that_was_asked_for_and_out(
    chrome: Browser, story: Story, scripts: bool
) -> None:
    with visiting(chrome, story.address, scripts=scripts) as tab:
        tab.open("audit?kind=user&name=operator")
        tab.page.get_by_label("Name").focus()
        tab.page.keyboard.type("operator")
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.type(PASSWORD)
        tab.page.keyboard.press("Enter")
        tab.page.get_by_role("heading", name="Audit log").wait_for()
        assert tab.page.url.endswith("/console/audit?kind=user&name=operator")
        assert tab.page.get_by_text("signed in").first.is_visible()
        tab.page.get_by_role("button", name="Sign out").click()
        tab.page.get_by_text("You are signed out.").wait_for()
        assert tab.open("audit") == 200
        assert tab.page.title() == "Sign in · Tocsin"
        tab.require_quiet()


def test_a_session_that_ends_under_an_open_page_leads_to_the_form(chrome: Browser, story: Story) -> None:
    with visiting(chrome, story.address, scripts=False) as tab:  # with them a page gets there by itself
        tab.open("status")
        tab.page.get_by_label("Name").fill("viewer")
        tab.page.get_by_label("Password").fill("only reading here")
        tab.page.get_by_role("button", name="Sign in").click()
        tab.page.get_by_role("heading", name="Status", exact=True).wait_for()
        tab.page.context.clear_cookies(name="tocsin-session")
        tab.page.get_by_role("link", name="Settings").first.click()
        tab.page.get_by_role("heading", name="Sign in").wait_for()
