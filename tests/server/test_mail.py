"""Mails from a server that runs: asked, confirmed, sent, ended, tried again, never lost. Spec: SNS-4, SNS-5, SNS-10."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from browser import chromium, visiting
from live_server import LiveServer
from mail_server import MailServer, ReceivedMail
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import Answer

SCANNER = {"User-Agent": "link-scanner/1.0", "Sec-Fetch-Site": "none"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with MailServer() as one:
        yield one


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory, mail: MailServer) -> Iterator[LiveServer]:
    """A server that sends through the mail server."""
    with LiveServer(tmp_path_factory.mktemp("mail") / "data", "--smtp", mail.url) as server:
        yield server


class Subscriber:
    """A mailbox of its own that was subscribed to a topic of an account of its own."""

    def __init__(
        self, server: LiveServer, mail: MailServer, account: str, *, mode: str = "", protocol: str = "email"
    ) -> None:
        self.server, self.mail = server, mail
        self.address = f"oncall-{account}@example.com"
        self.sns = server.client("sns", account=account)
        tags = [{"Key": "tocsin:unsubscribe", "Value": mode}] if mode else []
        self.topic = self.sns.create_topic(Name="alerts", Tags=tags)["TopicArn"]
        self.subscribe(protocol)

    def subscribe(self, protocol: str = "email") -> None:
        self.sns.subscribe(TopicArn=self.topic, Protocol=protocol, Endpoint=self.address)

    def mails(self, count: int, *, seconds: float = 20.0) -> list[ReceivedMail]:
        """Its mails, as soon as there are so many."""
        until = time.monotonic() + seconds
        while len(found := [one for one in self.mail.received if one.recipient == self.address]) < count:
            assert time.monotonic() < until, f"{len(found)} of {count} mails came: {self.server.log}"
            threading.Event().wait(0.05)
        assert len(found) == count
        return found

    def link(self, number: int) -> str:
        """Path and query of the link in one of its mails."""
        return link_of(self.mails(number)[-1].text)

    def open(self, link: str, *, method: str = "GET", **headers: str) -> Answer:
        return self.server.ask(link, method=method, headers={**SCANNER, **headers})

    def press(self, link: str, **headers: str) -> Answer:
        """What the button of a page does."""
        path, _, query = link.partition("?")
        return self.server.ask(path, method="POST", body=query.encode(), headers={**FORM, "Origin": "null", **headers})

    def confirm(self) -> None:
        assert self.press(self.link(1)).status == 200

    def publish(self, message: str) -> None:
        self.sns.publish(TopicArn=self.topic, Message=message)

    @property
    def standing(self) -> str:
        (one,) = self.sns.list_subscriptions_by_topic(TopicArn=self.topic)["Subscriptions"] or [{}]
        arn = str(one.get("SubscriptionArn", "gone"))
        return "confirmed" if arn.startswith("arn:") else arn


def link_of(text: str) -> str:
    found = re.search(r"^http://127\.0\.0\.1:\d+(/(?:_tocsin/\S+|\?Action=\S+))$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def shown(answer: Answer) -> str:
    """The words of a page."""
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", answer.body.decode(), flags=re.DOTALL)
    return " ".join(text.split())


def test_only_the_button_confirms(sending: LiveServer, mail: MailServer, account: str) -> None:
    """Example SNS-5.a, and SNS-3.4: what is published before is for nobody."""
    one = Subscriber(sending, mail, account)
    one.publish("too early")
    link = one.link(1)
    for method in ("GET", "HEAD", "GET"):
        assert one.open(link, method=method).status == 200
    page = one.open(link)
    assert "Confirm the subscription" in shown(page)
    assert one.topic in shown(page)
    assert one.address not in page.body.decode()
    assert one.standing == "PendingConfirmation"

    assert "gets the messages of alerts from now on" in shown(one.press(link))
    assert one.standing == "confirmed"
    one.publish("größe ☂")
    told = one.mails(2)[1]
    assert told.text.startswith("größe ☂\n")
    assert one.open(link_of(told.text)).status == 200
    assert "is protected" in shown(one.open(link_of(told.text)))
    assert one.press(link_of(told.text)).status == 403
    assert one.standing == "confirmed"
    assert "Confirmed already" in shown(one.open(link))


def test_leaving_in_mode_confirm_and_coming_back(sending: LiveServer, mail: MailServer, account: str) -> None:
    one = Subscriber(sending, mail, account, mode="confirm")
    one.confirm()
    one.publish("first")
    leave = link_of(one.mails(2)[1].text)
    assert "No more messages of alerts?" in shown(one.open(leave))
    assert one.standing == "confirmed"
    assert "gets no more messages" in shown(one.press(leave))
    assert one.standing == "Deleted"
    one.publish("nobody listens")
    farewell = one.mails(3)[2]
    assert farewell.message["Subject"] == "No more messages of the topic alerts"
    back = link_of(farewell.text)
    assert "takes that back" in shown(one.open(back))
    assert one.standing == "Deleted"
    one.press(back)
    assert one.standing == "confirmed"
    one.publish("back again")
    assert one.mails(4)[3].text.startswith("back again\n")
    one.press(leave)
    one.press(leave)  # twice is once
    assert one.standing == "Deleted"
    one.mails(5)


def test_one_click(sending: LiveServer, mail: MailServer, account: str) -> None:
    """RFC 8058: a mail provider posts to the address in the header, without a page."""
    one = Subscriber(sending, mail, account, mode="confirm")
    one.confirm()
    one.publish("m")
    told = one.mails(2)[1].message
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = urlsplit(told["List-Unsubscribe"].strip("<>"))
    posted = sending.ask(f"{url.path}?{url.query}", method="POST", body=b"List-Unsubscribe=One-Click", headers=FORM)
    assert posted.status == 200
    assert one.standing == "Deleted"


def test_mode_open_is_as_on_aws(sending: LiveServer, mail: MailServer, account: str) -> None:
    one = Subscriber(sending, mail, account, mode="open")
    assert one.open(one.link(1)).status == 200
    assert one.standing == "confirmed"
    one.publish("m")
    one.open(link_of(one.mails(2)[1].text))
    assert one.standing == "Deleted"
    one.open(link_of(one.mails(3)[2].text))
    assert one.standing == "confirmed"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
    ],
)
def test_pages_of_others_cannot_press(
    sending: LiveServer, mail: MailServer, account: str, headers: dict[str, str], status: int
) -> None:
    one = Subscriber(sending, mail, account)
    path, _, query = one.link(1).partition("?")
    answer = sending.ask(path, method="POST", body=query.encode(), headers={**FORM, **headers})
    assert answer.status == status
    assert one.standing == ("confirmed" if status == 200 else "PendingConfirmation")


@pytest.mark.parametrize("page", ["confirm", "unsubscribe"])
@pytest.mark.parametrize("token", ["", "x", "ab" * 128, "0.YXJu", "%00", "é", "a" * 5_000])
def test_links_that_are_none(sending: LiveServer, page: str, token: str) -> None:
    path = f"/_tocsin/subscriptions/{page}"
    for answer in (
        sending.ask(f"{path}?token={token.encode().decode('latin-1') if token.isascii() else '%C3%A9'}"),
        sending.ask(path, method="POST", body=f"token={token}".encode(), headers=FORM),
    ):
        assert answer.status == 404
        assert re.search("This link (does not work|has expired)", shown(answer))


def test_what_pages_are_sent_with(sending: LiveServer) -> None:
    answer = sending.ask("/_tocsin/subscriptions/confirm?token=x")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    refused = sending.ask("/_tocsin/subscriptions/confirm", method="PUT")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, POST")


def test_in_a_browser(sending: LiveServer, mail: MailServer, account: str) -> None:
    """A real one sends `Origin: null` from a page that tells nobody where it is, and heeds what pages are sent with."""
    one = Subscriber(sending, mail, account, mode="confirm")
    with chromium() as browser, visiting(browser, sending.address, size=(420, 700), dark=True) as tab:
        page = tab.page
        page.goto(f"{sending.address}{one.link(1)}")
        expect(page.locator("body")).to_contain_text("Get the messages of alerts?")
        assert page.evaluate("getComputedStyle(document.querySelector('button')).borderRadius") != "0px"
        assert one.standing == "PendingConfirmation"
        page.locator("button").click()
        expect(page.locator("body")).to_contain_text("Confirmed")
        assert one.standing == "confirmed"
        one.publish("m")
        page.goto(f"{sending.address}{link_of(one.mails(2)[1].text)}")
        page.locator("button").click()
        expect(page.locator("body")).to_contain_text("No more messages")
        assert one.standing == "Deleted"


def test_a_signed_call_removes_whoever_is_protected(sending: LiveServer, mail: MailServer, account: str) -> None:
    one = Subscriber(sending, mail, account)
    one.confirm()
    one.publish("m")
    leave = link_of(one.mails(2)[1].text)
    (kept,) = one.sns.list_subscriptions_by_topic(TopicArn=one.topic)["Subscriptions"]
    one.sns.unsubscribe(SubscriptionArn=kept["SubscriptionArn"])
    assert one.open(leave).status == 404
    assert "There is no such subscription" in shown(one.open(leave))
    assert one.press(leave).status == 404


def test_json_by_mail(sending: LiveServer, mail: MailServer, account: str) -> None:
    one = Subscriber(sending, mail, account, protocol="email-json")
    asked = one.mails(1)[0].message
    assert asked.get_content_type() == "text/plain"
    found = re.search(r"http://127\.0\.0\.1:\d+(/_tocsin/\S+?)\"", asked.get_content())
    assert found is not None
    assert one.press(found[1]).status == 200
    assert one.standing == "confirmed"


def test_readers_that_cannot_reach_us_are_told_of(sending: LiveServer) -> None:
    """SNS-5.9: as soon as mails can be sent."""
    until = time.monotonic() + 20
    while "mail-links-lead-nowhere" not in sending.log:
        assert time.monotonic() < until
        threading.Event().wait(0.05)
    assert "server.public_url" in sending.log
    assert f"mail    sent through 127.0.0.1:{urlsplit(sending.address).port}" not in sending.banner
    assert re.search(r"mail    sent through 127\.0\.0\.1:\d+\n", sending.banner)


# ---------------------------------------------------------------- a mail server in trouble


def test_a_mail_server_that_was_away_loses_nothing(tmp_path: Path) -> None:
    mail = MailServer()
    with LiveServer(tmp_path / "data", "--smtp", mail.url) as server:
        one = Subscriber(server, mail, "111122223333")
        threading.Event().wait(1.0)  # the first attempts have failed
        try:
            mail.start()
            one.confirm()
            one.publish("m")
            one.mails(2)
        finally:
            mail.stop()
        metrics = server.ask("/_tocsin/metrics").body.decode()
    assert 'tocsin_delivery_attempts_total{outcome="retried",protocol="email"}' in metrics
    assert 'tocsin_delivery_attempts_total{outcome="delivered",protocol="email"} 2' in metrics


def test_killed_between_sending_and_recording(tmp_path: Path) -> None:
    """A mail that was taken comes once more, with the same Message-ID, or not: never not at all."""
    arrived = threading.Event()

    def reply(phase: str, _address: str) -> str | None:
        if phase == "data":
            arrived.set()
        return None

    with MailServer(reply) as mail:
        server = LiveServer(tmp_path / "data", "--smtp", mail.url)
        one = Subscriber(server, mail, "111122223333")
        one.confirm()
        arrived.clear()
        one.publish("m")
        assert arrived.wait(20)
        server.kill()
        with LiveServer(tmp_path / "data", "--smtp", mail.url):
            mail.wait(2)
            threading.Event().wait(1.0)
            ids = [one.message["Message-ID"] for one in mail.received[1:]]
        assert len(set(ids)) == 1


def test_one_who_refuses_does_not_hold_the_others(tmp_path: Path) -> None:
    def reply(phase: str, address: str) -> str | None:
        return "550 5.1.1 no such user" if phase == "rcpt" and address.startswith("gone") else None

    with MailServer(reply) as mail, LiveServer(tmp_path / "data", "--smtp", mail.url) as server:
        sns = server.client("sns")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        for name in ("gone", "alice", "bob"):
            sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"{name}@example.com")
        assert sorted(one.recipient for one in mail.wait(2)) == ["alice@example.com", "bob@example.com"]
        metrics = server.ask("/_tocsin/metrics").body.decode()
        assert 'tocsin_delivery_attempts_total{outcome="failed",protocol="email"} 1' in metrics


# ---------------------------------------------------------------- the built-in mailbox


def tocsin(*arguments: str) -> str:
    command = [sys.executable, "-m", "tocsin", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def test_without_a_mail_server_mails_are_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LiveServer(data) as server:
        assert "mail    kept here: tocsin mailbox shows it" in server.banner
        sns = server.client("sns")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="alice@example.com")
        (kept,) = _kept(data, 1)
        listed = tocsin("mailbox", "--data", str(data))
        assert "alice@example.com" in listed
        assert "Please" in listed
        name = kept.stem.rpartition("-")[2]
        assert name in listed
        link = tocsin("mailbox", "open", name, "--data", str(data)).strip()
        assert link_of(tocsin("mailbox", "show", name, "--data", str(data))) == link.removeprefix(server.address)
        path, _, query = link.removeprefix(server.address).partition("?")
        assert server.ask(path, method="POST", body=query.encode(), headers=FORM).status == 200
        sns.publish(TopicArn=topic, Message="m")
        _kept(data, 2)
    assert tocsin("mailbox", "--data", str(data), "--format", "csv").count("alice@example.com") == 2
    raw = tocsin("mailbox", "show", "--raw", name, "--data", str(data))
    assert raw.startswith("From: Tocsin <tocsin@localhost>\n")


def _kept(data: Path, count: int) -> list[Any]:
    until = time.monotonic() + 20
    while len(found := sorted((data / "mailbox").glob("*.eml"))) < count:
        assert time.monotonic() < until
        threading.Event().wait(0.05)
    return found


def test_a_store_in_memory_leaves_no_mails_behind(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data", environ={"TOCSIN_SERVER_STORE": "memory"}) as server:
        assert "mail    kept in memory" in server.banner
        sns = server.client("sns")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="alice@example.com")
        until = time.monotonic() + 20
        while b'outcome="delivered",protocol="email"} 1' not in server.ask("/_tocsin/metrics").body:
            assert time.monotonic() < until
            threading.Event().wait(0.05)
    assert not (tmp_path / "data").exists()
