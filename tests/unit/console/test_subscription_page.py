"""The pages behind the links in mails. Spec: SNS-5.4, SNS-5.5, CON-4.9."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from console_bench import Seen
from topic_bench import TOPIC, TopicBench

from tocsin.app.unsubscribe_token import UnsubscribeTokens
from tocsin.console.subscription_page import (
    CONFIRM,
    UNSUBSCRIBE,
    SubscriptionPages,
    masked,
    page_headers,
    unavailable_page,
)

TOKENS = UnsubscribeTokens(b"k" * 32)
HOSTILE = "<script>alert(1)</script>\u202e"


class PublicBench(TopicBench):
    """A bench whose links are opened."""

    def ask(self, endpoint: str = "oncall@example.com", protocol: str = "email", **attributes: str) -> str:
        """Subscribe somebody; the token that they get."""
        parameters = {"TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes}
        self.call("sns", "Subscribe", parameters)
        return self.sent.token or ""

    def leaving(self, **more: Any) -> str:
        """Put a subscription that is confirmed; the token in the links of its mails."""
        return TOKENS.token(f"{TOPIC}:{self.subscribe('oncall@example.com', **more)}")

    def mode(self, mode: str) -> None:
        tags = [{"Key": "tocsin:unsubscribe", "Value": mode}]
        self.call("sns", "TagResource", {"ResourceArn": TOPIC, "Tags": tags})

    def open(self, path: bytes, token: str) -> Seen:
        return self._answer(path, f"token={token}".encode(), acts=False)

    def press(self, path: bytes, token: str) -> Seen:
        return self._answer(path, f"token={token}".encode(), acts=True)

    def _answer(self, path: bytes, query: bytes, *, acts: bool) -> Seen:
        pages = SubscriptionPages(self.service, TOKENS)
        status, text = pages.answer(path, b"" if acts else query, query if acts else b"", acts=acts)
        seen = Seen(status, dict(page_headers()), text)
        assert not {one.tag for one in seen.html.iter()} & {"script", "a", "link", "img", "iframe"}
        return seen


@pytest.fixture
def bench() -> PublicBench:
    return PublicBench()


def facts(seen: Seen) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", seen.text))


def buttons(seen: Seen) -> list[str]:
    return [one.text or "" for one in seen.html.iter("button")]


# ---------------------------------------------------------------- confirming


def test_who_is_asked_sees_what_would_come_and_until_when(bench: PublicBench) -> None:
    seen = bench.open(CONFIRM, bench.ask())
    assert seen.status == 200
    assert "Get the messages of sec-alerts?" in seen.words
    assert facts(seen) == {
        "Address": "o…l@example.com",
        "Topic": TOPIC,
        "You get": "All messages of this topic. 1 alarm publishes to it.",
        "To leave": "No link in a mail removes the address. Whoever runs this service does.",
        "Link works until": "Monday 16 March, 2026 03:14:20 UTC",
    }
    assert buttons(seen) == ["Confirm the subscription"]


def test_a_filter_and_a_digest_are_told(bench: PublicBench) -> None:
    tags = [{"Key": "tocsin:digest-every", "Value": "PT15M"}]
    bench.call("sns", "TagResource", {"ResourceArn": TOPIC, "Tags": tags})
    seen = bench.open(CONFIRM, bench.ask(FilterPolicy='{"severity":["high"]}'))
    assert facts(seen)["You get"] == (
        "Messages of this topic whose attribute severity is &#34;high&#34;. One mail in 15 min at most."
    )


@pytest.mark.parametrize("mode", ["confirm", "open"])
def test_how_one_leaves_is_told_before(bench: PublicBench, mode: str) -> None:
    bench.mode(mode)
    assert facts(bench.open(CONFIRM, bench.ask()))["To leave"] == "By the link at the end of each mail."


def test_what_is_no_mailbox_is_not_named(bench: PublicBench) -> None:
    seen = bench.open(CONFIRM, bench.ask("https://example.com/secret", "https"))
    assert "secret" not in seen.text
    assert facts(seen).keys() == {"Address", "Topic", "You get", "Link works until"}


def test_the_button_confirms_and_looking_does_not(bench: PublicBench) -> None:
    token = bench.ask()
    assert bench.open(CONFIRM, token).words == bench.open(CONFIRM, token).words
    done = bench.press(CONFIRM, token)
    assert "Confirmed This address gets the messages of sec-alerts from now on." in done.words
    again = bench.open(CONFIRM, token)
    assert "Confirmed already" in again.words
    assert "Nothing is left to do." in again.words
    assert buttons(done) == buttons(again) == []


def test_a_link_expires(bench: PublicBench) -> None:
    token = bench.ask()
    bench.clock.advance(timedelta(days=2).total_seconds())
    for seen in (bench.open(CONFIRM, token), bench.press(CONFIRM, token)):
        assert (seen.status, buttons(seen)) == (404, [])
        assert "This link has expired" in seen.words


@pytest.mark.parametrize("path", [CONFIRM, UNSUBSCRIBE])
@pytest.mark.parametrize("token", ["", "x", "0.YXJu", "%00", "a" * 5_000, "%3Cscript%3E"])
def test_a_link_that_was_cut_says_so(bench: PublicBench, path: bytes, token: str) -> None:
    seen = bench.press(path, token)
    assert seen.status == 404
    assert "It was not copied in full." in seen.words


# ---------------------------------------------------------------- leaving


def test_a_protected_address_is_told_who_can_remove_it(bench: PublicBench) -> None:
    token = bench.leaving()
    seen = bench.open(UNSUBSCRIBE, token)
    assert (seen.status, bench.press(UNSUBSCRIBE, token).status) == (200, 403)
    assert "This address is protected" in seen.words
    assert "whoever may call Unsubscribe in the account 111122223333" in seen.words
    assert f"aws sns unsubscribe --subscription-arn {TOPIC}:" in seen.words
    assert buttons(seen) == []


@pytest.mark.parametrize("own", [True, False])
def test_who_may_leave_leaves_and_comes_back(bench: PublicBench, own: bool) -> None:
    if not own:
        bench.mode("confirm")
    token = bench.leaving(unsubscribe="confirm" if own else "")
    seen = bench.open(UNSUBSCRIBE, token)
    assert ("No more messages of sec-alerts?" in seen.words, buttons(seen)) == (True, ["Send no more messages"])
    gone = bench.press(UNSUBSCRIBE, token)
    assert "No more messages This address gets no more messages of sec-alerts." in gone.words
    assert buttons(bench.open(UNSUBSCRIBE, token)) == []
    back = bench.sent.token or ""
    assert buttons(bench.open(CONFIRM, back)) == ["Get the messages again"]
    assert "from now on" in bench.press(CONFIRM, back).words


def test_a_mailbox_that_is_protected_though_its_topic_is_not(bench: PublicBench) -> None:
    bench.mode("open")
    assert bench.press(UNSUBSCRIBE, bench.leaving(unsubscribe="protected")).status == 403


def test_a_link_of_what_was_removed(bench: PublicBench) -> None:
    seen = bench.open(UNSUBSCRIBE, TOKENS.token(f"{TOPIC}:gone"))
    assert (seen.status, "There is no such subscription" in seen.words) == (404, True)


# ---------------------------------------------------------------- the pages themselves


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("oncall@example.com", "o…l@example.com"),
        ("bob@example.com", "b…b@example.com"),
        ("al@example.com", "a…@example.com"),
        ("a@example.com", "a…@example.com"),
        ("a@b@example.com", "a…b@example.com"),
        ("", "…"),
        ("https://example.com/hook", "…"),
        ("\u202eab\u202e@example.com", "\\u202e…\\u202e@example.com"),
    ],
)
def test_an_address_is_masked(address: str, text: str) -> None:
    assert masked(address) == text


def test_a_hostile_filter_is_text(bench: PublicBench) -> None:
    seen = bench.open(CONFIRM, bench.ask(FilterPolicy=f'{{"{HOSTILE}":["{HOSTILE}"]}}'))
    assert "<script" not in seen.text
    assert "\u202e" not in seen.text


def test_the_style_is_the_one_that_the_policy_lets_in() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", unavailable_page(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in dict(page_headers())["Content-Security-Policy"]
    assert "url(" not in style
    assert "@import" not in style


def test_every_token_of_the_style_is_one_of_the_console() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", unavailable_page(), re.DOTALL)
    tokens = style[: style.index("}")]
    used = set(re.findall(r"var\((--[\w-]+)\)", style))
    assert {one for one in used if f"{one}:" not in tokens} == set()
    assert not re.findall(r"#[0-9A-Fa-f]{3,8}\b", style[style.index("}") :])
