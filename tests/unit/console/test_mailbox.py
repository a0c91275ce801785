"""The mailbox: mails, their HTML in a frame, links of ours, what viewers see. Spec: CON-4.10, CON-8.3, CON-8.5, SNS-5.8."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from console_bench import ConsoleBench
from mail_envelope import TOKEN, TOPIC, envelope, question

from tocsin.clock import SystemClock
from tocsin.composition.signing_key import SigningKey
from tocsin.console.visit import Visitor
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.mail_message import MailWriter
from tocsin.notifiers.mailbox import MailboxFolder, MailboxNotifier
from tocsin.notifiers.signature import MessageSigner

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.core.envelope import Envelope

PUBLIC = "https://tocsin.example.com"
ENDS = f"{'0a' * 20}.YXJuOmF3czpzbnM"
WRITER = MailWriter(
    MessageSigner(SigningKey(None, SystemClock()), public_url=PUBLIC),
    sender="tocsin@example.com",
    public_url=PUBLIC,
    unsubscribe_token=lambda _arn: ENDS,
)
ROW = DeliveryRow(
    delivery_id="", scope=Scope("111122223333", "eu-west-1"), topic_arn=TOPIC, target=f"{TOPIC}:s", protocol="email",
    cause="publish", created_at=0, next_at=0, body=b"",
)  # fmt: skip
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>{{7*7}}\u202e"
MAIL = "mailbox/20260301T120000Z-aaaaaaaa"


class MailBench(ConsoleBench):
    """A console with a mailbox; mails are put under ids of one letter."""

    def __init__(self, folder: Path, **given: Any) -> None:
        self.folder = folder
        super().__init__(parts={"mailbox": MailboxFolder(folder), **given.pop("parts", {})}, **given)

    def put(self, letter: str, one: Envelope) -> None:
        row = msgspec.structs.replace(ROW, delivery_id=f"{letter * 8}-0000-4000-8000-000000000000")
        asyncio.run(MailboxNotifier(WRITER, self.folder).send(row, one))


@pytest.fixture
def bench(tmp_path: Path) -> MailBench:
    return MailBench(tmp_path / "mailbox")


def test_mails_are_listed_newest_first_and_it_is_said_why_they_are_here(bench: MailBench) -> None:
    bench.put("a", envelope(subject="the first"))
    bench.put("b", envelope(subject="the second", published_at=1_772_366_460_000))
    words = bench.get("mailbox").words
    assert "No mail server is set, so no mail leaves this machine: they are kept here." in words
    assert words.index("the second") < words.index("the first")
    assert "alice@example.com" in words


def test_mails_that_came_since_the_mailbox_was_looked_at_stand_beside_its_name(bench: MailBench) -> None:
    bench.put("a", envelope(subject="the first"))
    assert "Mailbox 1 new" in bench.get("topics").words
    bench.get("mailbox")
    assert " new" not in bench.get("topics").words.partition("Mailbox")[2][:8]
    bench.put("b", envelope(subject="the second", published_at=1_772_366_460_000))
    bench.put("c", envelope(subject="the third", published_at=1_772_366_520_000))
    assert "Mailbox 2 new" in bench.get("topics").words


def test_what_is_no_name_of_a_mail_counts_as_not_having_looked(bench: MailBench) -> None:
    bench.put("a", envelope())
    bench.cookies["tocsin-mail-seen"] = "zzz"
    assert "Mailbox 1 new" in bench.get("topics").words


def test_an_older_page_of_the_mailbox_says_nothing_of_the_newest_mails(bench: MailBench) -> None:
    bench.put("a", envelope())
    bench.get("mailbox?before=20270101T000000Z-aaaaaaaa")
    assert "Mailbox 1 new" in bench.get("topics").words


def test_where_mails_leave_through_a_server_nothing_is_new_here(tmp_path: Path) -> None:
    bench = MailBench(tmp_path, parts={"mail_server": "mail.example.com:587"})
    bench.put("a", envelope())
    assert "1 new" not in bench.get("topics").words


def test_with_a_mail_server_it_is_said_through_which_mails_go(tmp_path: Path) -> None:
    bench = MailBench(tmp_path, parts={"mail_server": "mail.example.com:587"})
    assert "Mails go out through mail.example.com:587 ." in bench.get("mailbox").words


def test_an_empty_mailbox_teaches(bench: MailBench) -> None:
    assert "The first one comes when an address is subscribed to a topic" in bench.get("mailbox").words
    assert "There is no mail here." in ConsoleBench().get("mailbox").words


def test_older_mails_are_on_the_next_page(bench: MailBench) -> None:
    for number in range(51):
        bench.put("a", envelope(subject=f"mail {number}.", published_at=1_772_366_400_000 + 1000 * number))
    first = bench.get("mailbox")
    assert "Mails 51" in first.words
    (older,) = [link for link in first.links() if "before=" in link]
    second = bench.get(older)
    assert "mail 0." in second.words
    assert "mail 1." not in second.words


def test_a_mail_shows_its_text_and_where_it_leads(bench: MailBench) -> None:
    bench.put("a", question())
    seen = bench.get(MAIL)
    assert "Please confirm: messages of the topic sec-alerts" in seen.words
    assert "Somebody wants this address to get the messages of the topic" in seen.words
    assert f'href="/_tocsin/subscriptions/confirm?token={TOKEN}"' in seen.text
    assert "Auto-Submitted auto-generated" in seen.words
    bench.put("b", envelope())
    other = bench.get("mailbox/20260301T120000Z-bbbbbbbb")
    assert f'href="/_tocsin/subscriptions/unsubscribe?token={ENDS}"' in other.text
    assert "Open the page that confirms" not in other.words


def test_a_link_of_somebody_elses_is_no_button(bench: MailBench) -> None:
    bench.put("a", envelope(message=f"https://evil.example.com/confirm?token={TOKEN} javascript:alert(1)"))
    seen = bench.get(MAIL)
    assert "Open the page that confirms" not in seen.words
    assert not [link for link in seen.links() if "evil" in link or link.startswith("javascript")]


def test_the_html_of_a_mail_has_a_path_and_a_policy_of_its_own(bench: MailBench) -> None:
    bench.put("a", envelope(message=HOSTILE))
    page = bench.get(f"{MAIL}?as=html")
    assert f'<iframe class="mailframe" sandbox title="HTML of the mail" src="/console/{MAIL}/html">' in page.text
    assert page.headers["content-security-policy"].endswith("; frame-src 'self'")
    seen = bench.get(f"{MAIL}/html")
    assert seen.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
    )
    assert seen.headers["x-frame-options"] == "SAMEORIGIN"
    assert "<script>alert" not in seen.text


def test_only_a_page_with_a_mail_may_frame_anything(bench: MailBench) -> None:
    assert "frame-src" not in bench.get("mailbox").headers["content-security-policy"]


def test_the_source_is_saved_as_a_file(bench: MailBench) -> None:
    bench.put("a", envelope())
    seen = bench.get(f"{MAIL}/source")
    assert seen.headers["content-disposition"] == 'attachment; filename="mail.eml"'
    assert seen.headers["content-security-policy"] == "sandbox"
    assert "Message-ID: <5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001" in seen.text


def test_a_long_mail_is_cut_and_can_be_read_whole(bench: MailBench) -> None:
    bench.put("a", envelope(message="line of a mail\n" * 5_000))
    assert "more characters, show all" in bench.get(MAIL).words
    assert bench.get(f"{MAIL}/text").text.count("line of a mail") == 5_000


def test_an_attachment_is_named(bench: MailBench) -> None:
    bench.put("a", envelope(records=b'{"a":1}\n' * 500))
    assert "Attached records.ndjson , 4 kB in the source" in bench.get(MAIL).words


@pytest.mark.parametrize("one", [question(), envelope(), question(protocol="email-json")])
def test_a_viewer_sees_dots_in_place_of_tokens(tmp_path: Path, one: Envelope) -> None:
    bench = MailBench(tmp_path, visitor=Visitor(name="vera", role="viewer"))
    bench.put("a", one)
    for page in (MAIL, f"{MAIL}?as=html", f"{MAIL}/text"):
        seen = bench.get(page)
        assert seen.status == 200
        assert TOKEN not in seen.text
        assert ENDS not in seen.text
    if one.protocol == "email":
        shown = bench.get(f"{MAIL}/html")
        assert TOKEN not in shown.text
        assert ENDS not in shown.text
        assert "••••" in shown.text
    assert bench.get(f"{MAIL}/source").status == 403


@pytest.mark.parametrize("name", ["none", "..%2F..%2Fetc%2Fpasswd", "20260301T120000Z-aaaaaaaa.eml", "%00"])
@pytest.mark.parametrize("part", ["", "/html", "/text", "/source"])
def test_a_mail_that_is_not_there_says_so(bench: MailBench, name: str, part: str) -> None:
    assert bench.get(f"mailbox/{name}{part}").status == 404


def test_a_mail_without_html_says_so(bench: MailBench) -> None:
    bench.put("a", envelope(protocol="email-json"))
    assert "it has no HTML" in bench.get(MAIL).words
    assert bench.get(f"{MAIL}/html").status == 404


def test_hostile_mails_are_shown_and_never_act(bench: MailBench) -> None:
    bench.put("a", envelope(subject=HOSTILE, message=HOSTILE, display_name=HOSTILE))
    for page in ("mailbox", MAIL):
        seen = bench.get(page)
        assert "<script>alert" not in seen.text
        assert "\u202e" not in seen.text
        assert seen.html is not None
