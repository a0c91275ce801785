"""Ways through the console: by keys alone, two at one thing, pressed twice, on paper. Spec: CON-9.3, CON-9.4.

By keys alone what has the focus can be seen, and content is near. The way in, by name and password, stands in
test_console_sign_in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser import chromium, visiting
from console_story import ACCOUNT, EVENT_ID, GROUP, HERE, REGION, Story
from playwright.sync_api import expect
from wire_client import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Tab

ALARM = "cis/security-group-changes"

# What is outlined when an element has the focus: itself, the box that it fills, or the column of a chart.
_SEEN = """
() => {
  const column = document.activeElement.querySelector("rect");
  if (column) return getComputedStyle(column).stroke !== "none";
  let node = document.activeElement;
  for (let level = 0; node && level < 3; level += 1, node = node.parentElement) {
    const style = getComputedStyle(node);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) return true;
  }
  return false;
}
"""


class Walk:
    """Somebody who has no pointer."""

    def __init__(self, tab: Tab) -> None:
        self.page = tab.page
        self.tab = tab

    def open(self, path: str) -> None:
        """Go to a page, and past what all pages begin with; the skip link is the first stop."""
        assert self.tab.open(path) == 200
        self.past_the_frame()

    def past_the_frame(self) -> None:
        """Take the skip link of the page that has just come."""
        self.page.wait_for_load_state("load")
        self.press("Tab")
        assert self.text == "Skip to content"
        self.press("Enter")

    def press(self, key: str) -> None:
        """Press a key."""
        self.page.keyboard.press(key)

    @property
    def text(self) -> str:
        """What has the focus, in words."""
        found = self.page.evaluate(
            "(document.activeElement.innerText || document.activeElement.getAttribute('aria-label')"
            " || document.activeElement.labels?.[0]?.innerText || '').trim()"
        )
        return " ".join(str(found).split())

    def to(self, text: str, *, within: int) -> None:
        """Go on by Tab to what begins so, in so many stops at the most, each of which can be seen."""
        passed = []
        for _ in range(within):
            self.press("Tab")
            assert self.page.evaluate(_SEEN), f"the focus on {self.text!r} cannot be seen"
            passed.append(self.text)
            if self.text.startswith(text):
                return
        raise AssertionError(f"no {text!r} among {passed}")

    def follow(self, text: str, *, within: int) -> None:
        """Go on to a link or a button and press it."""
        self.to(text, within=within)
        self.press("Enter")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = Story(tmp_path_factory.mktemp("keys") / "data")
    told.tell()
    with told.serving():
        yield told


@pytest.fixture(scope="module")
def tab(story: Story) -> Iterator[Tab]:
    with chromium() as browser, visiting(browser, story.address) as made:
        yield made


@pytest.fixture
def walk(tab: Tab) -> Iterator[Walk]:
    yield Walk(tab)
    tab.require_quiet()


def test_from_the_link_of_a_mail_to_an_acknowledgement(walk: Walk) -> None:
    walk.open(f"alarms/{ALARM}")
    walk.follow("Acknowledge", within=4)
    walk.to("Note", within=2)
    walk.page.keyboard.type("looking at it")
    walk.follow("Acknowledge", within=2)
    expect(walk.page.get_by_text("Acknowledged by").first).to_be_visible()


def test_from_the_search_to_an_event_and_its_actor(walk: Walk) -> None:
    walk.tab.open()
    walk.press("/")
    assert walk.page.evaluate(_SEEN)
    walk.page.keyboard.type(EVENT_ID)
    walk.press("Enter")
    walk.page.wait_for_url(f"**/events/{EVENT_ID}*")
    walk.past_the_frame()
    walk.follow("IAM user mallory", within=4)
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("mallory")


def test_from_a_filter_to_its_alarm_and_the_topic(walk: Walk) -> None:
    walk.open(f"filters/{GROUP}:{ALARM}")
    walk.follow(ALARM, within=6)
    walk.page.wait_for_url(f"**/alarms/{ALARM}*")
    walk.past_the_frame()
    walk.follow("sec-alerts", within=60)
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("sec-alerts")


def test_a_chart_is_one_stop_and_arrows_lead_through_it(walk: Walk) -> None:
    walk.open("alarms/cis/unauthorized-api-calls?window=24h")
    for _ in range(40):
        walk.press("Tab")
        if walk.page.evaluate("document.activeElement.matches('a.col')"):
            break
    newest = walk.text
    walk.press("ArrowLeft")
    assert walk.page.evaluate(_SEEN)
    assert walk.text != newest
    walk.press("End")
    assert walk.text == newest
    # The pointer rests on another column: it alone is told about.
    walk.page.locator("svg.g a.col").first.hover()
    expect(walk.page.locator("svg.g .col > text:visible")).to_have_count(1)
    walk.press("Tab")
    assert not walk.page.evaluate("document.activeElement.matches('a.col')")


def test_what_is_copied_is_the_text_of_the_box_and_the_exact_value(walk: Walk) -> None:
    walk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    walk.tab.open("topics/sec-alerts")
    walk.page.locator("details.eq > summary").first.click()
    box = walk.page.locator(".code:visible").first
    box.get_by_role("button", name="Copy").click()
    expect(box.get_by_role("button", name="Copied")).to_be_visible()
    copied = walk.page.evaluate("navigator.clipboard.readText()")
    assert copied == box.locator("pre").text_content()
    assert copied.startswith("aws sns ")
    walk.page.locator("dd", has_text="arn:aws:sns:").get_by_role("button", name="Copy").click()
    expect(walk.page.locator("dd").get_by_role("button", name="Copied")).to_be_visible()
    assert walk.page.evaluate("navigator.clipboard.readText()") == HERE.arn("sns", "sec-alerts")


def test_two_who_change_one_thing(walk: Walk, story: Story) -> None:
    """The second one sees what the first has changed, and says which of the two shall stand."""
    topics = client("sns", story.address, region=REGION, access_key=ACCOUNT)
    arn = HERE.arn("sns", "ops-noise")
    walk.open("edit/topic/ops-noise")
    walk.to("Sender name", within=4)
    walk.page.keyboard.type("Mine")
    topics.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Theirs")
    walk.press("Enter")
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("was changed meanwhile")
    expect(walk.page.get_by_role("row", name="Sender name")).to_contain_text("Theirs")
    walk.past_the_frame()
    walk.follow("Save mine", within=4)
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("ops-noise")
    assert topics.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "Mine"


def test_a_button_that_is_pressed_twice_acts_once(walk: Walk, story: Story) -> None:
    walk.open("new/topic")
    walk.page.get_by_label("Name", exact=True).fill("twice")
    walk.page.get_by_role("button", name="Create").dblclick()
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("twice")
    walk.tab.open("audit?kind=topic&name=twice")
    expect(walk.page.locator("tbody tr")).to_have_count(1)


def test_the_coverage_on_paper(walk: Walk) -> None:
    walk.open("coverage")
    controls = walk.page.locator("table.cover tbody tr").count()
    walk.page.emulate_media(media="print")
    try:
        for name in ("banner", "navigation"):
            assert not walk.page.get_by_role(name).first.is_visible()
        assert walk.page.locator("main button:visible, main select:visible").count() == 0
        assert walk.page.locator("table.cover tbody tr:visible").count() == controls > 10
        made = walk.page.pdf(format="A4")
    finally:
        walk.page.emulate_media(media="screen")
    assert made.startswith(b"%PDF-")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", made)) < 8
