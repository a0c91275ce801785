"""Mails as they travel: headers, links, parts. Spec: SNS-5.1, SNS-5.3, SNS-5.4, SNS-5.6."""

from __future__ import annotations

import email
import json
from email import policy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_envelope import PUBLIC, SUBSCRIPTION, TOKEN, TOPIC, WRITER, envelope, question

from tocsin.core.envelope import Envelope, EnvelopeKind

if TYPE_CHECKING:
    from email.message import EmailMessage

ALARM = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:root use"
PAGES = f"{PUBLIC}/_tocsin/subscriptions"


def read(one: Envelope) -> EmailMessage:
    return email.message_from_bytes(WRITER.write(one).data, policy=policy.default)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_headers() -> None:
    mail = read(envelope(display_name="Security alerts"))
    assert dict(mail.items()) == {
        "From": "Security alerts <tocsin@example.com>",
        "To": "alice@example.com",
        "Date": "Sun, 01 Mar 2026 12:00:00 +0000",
        "Message-ID": "<5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001.5a88bbed57e2d978a7b5@example.com>",
        "Auto-Submitted": "auto-generated",
        "List-Id": "<sec-alerts.111122223333.eu-west-1.sns.example.com>",
        "Subject": "hello",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_23f536569feccda41e7c_0"',
    }


@pytest.mark.parametrize("name", ["", "Security alerts", "Sicherheit für Größe ☂", 'a "quoted", <odd> name', "x" * 200])
def test_who_it_is_from(name: str) -> None:
    (sender,) = read(envelope(display_name=name))["From"].addresses
    assert sender.addr_spec == "tocsin@example.com"
    assert sender.display_name == (f"{name[:99]}…" if len(name) > 100 else name or "Tocsin")


def test_who_asks_for_a_confirmation_has_a_fixed_name() -> None:
    assert str(read(question(display_name="Your bank"))["From"]) == "Tocsin <tocsin@example.com>"


def test_each_subscriber_gets_a_mail_of_its_own() -> None:
    other = f"{SUBSCRIPTION[:-1]}0"
    ids = {read(one)["Message-ID"] for one in (envelope(), envelope(), envelope(subscription_arn=other))}
    assert len(ids) == 2


def test_mails_of_an_alarm_belong_together() -> None:
    alarm, fine = (read(envelope(message_id=ident, alarm_arn=ALARM)) for ident in ("a", "b"))
    assert alarm["Message-ID"] != fine["Message-ID"]
    assert alarm["References"] == fine["References"] == alarm["In-Reply-To"]
    assert read(envelope(alarm_arn=f"{ALARM}-2"))["References"] != alarm["References"]
    assert read(envelope())["References"] is None


HEADER_TEXT = st.text(max_size=120) | st.sampled_from(
    ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com\n\nbody", "a\u2028Bcc: eve@example.com", "\x00", "\ud800"]
)


@given(subject=HEADER_TEXT, name=HEADER_TEXT, message=st.text(max_size=300), who=HEADER_TEXT)
def test_no_text_adds_a_header(subject: str, name: str, message: str, who: str) -> None:
    known = set(read(envelope()).keys())
    for one in (
        envelope(subject=subject, display_name=name, message=message),
        question(asked_by=who, display_name=name),
    ):
        mail = read(one)
        assert set(mail.keys()) == known
        assert [one.addr_spec for one in mail["To"].addresses] == ["alice@example.com"]
        assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
        assert not any(part.defects for part in mail.walk())


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("größe ☂", "größe ☂"),
        (None, "A message from the topic sec-alerts"),
        ("one\r\nBcc: eve@example.com", r"one\r\nBcc: eve@example.com"),
    ],
)
def test_subjects(subject: str | None, shown: str) -> None:
    assert read(envelope(subject=subject))["Subject"] == shown


# ---------------------------------------------------------------- modes

UNSUBSCRIBE = f"{PAGES}/unsubscribe?token=mark.92d9"
WIRE = f"{PUBLIC}/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}"


@pytest.mark.parametrize(
    ("mode", "link", "listed"),
    [("protected", UNSUBSCRIBE, None), ("confirm", UNSUBSCRIBE, f"<{UNSUBSCRIBE}>"), ("open", WIRE, None)],
)
def test_the_link_that_ends_a_subscription(mode: str, link: str, listed: str | None) -> None:
    mail = read(envelope(unsubscribe=mode))
    assert f"\n{link}\n" in text_of(mail)
    assert link.replace("&", "&amp;") in text_of(mail, "html")
    assert ("cannot be removed by a link" in text_of(mail)) is (mode == "protected")
    assert mail["List-Unsubscribe"] == listed
    assert mail["List-Unsubscribe-Post"] == (listed and "List-Unsubscribe=One-Click")


@pytest.mark.parametrize(
    ("mode", "link"),
    [
        ("protected", f"{PAGES}/confirm?token={TOKEN}"),
        ("confirm", f"{PAGES}/confirm?token={TOKEN}"),
        ("open", f"{PUBLIC}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}"),
    ],
)
@pytest.mark.parametrize("kind", [EnvelopeKind.SUBSCRIPTION_CONFIRMATION, EnvelopeKind.UNSUBSCRIBE_CONFIRMATION])
def test_the_one_link_of_a_confirmation(mode: str, link: str, kind: EnvelopeKind) -> None:
    mail = read(question(unsubscribe=mode, kind=kind))
    for text, shown in ((text_of(mail), link), (text_of(mail, "html"), link.replace("&", "&amp;"))):
        assert text.count("https://") == 1
        assert shown in text
    assert mail["List-Unsubscribe"] is None


def test_what_a_question_says() -> None:
    text = text_of(read(question()))
    for told in (
        TOPIC,
        "alice@example.com",
        "Asked by: arn:aws:iam::111122223333:user/bob",
        "Asked on: Sunday 01 March, 2026 12:00:00 UTC",
        "works until Tuesday 03 March, 2026 12:00:00 UTC",
        "Nothing is sent to you unless you confirm.",
    ):
        assert told in text
    assert "Asked by: somebody who did not sign the request" in text_of(read(question(asked_by="")))


# ---------------------------------------------------------------- parts


def test_json_in_a_mail() -> None:
    """email-json: the envelope alone, with the links of the mode."""
    mail = read(envelope(protocol="email-json"))
    assert mail.get_content_type() == "text/plain"
    told = json.loads(mail.get_content())
    assert (told["Type"], told["Message"]) == ("Notification", "something happened")
    assert told["UnsubscribeURL"] == UNSUBSCRIBE
    asked = json.loads(read(question(protocol="email-json")).get_content())
    assert (asked["Type"], asked["SubscribeURL"]) == ("SubscriptionConfirmation", f"{PAGES}/confirm?token={TOKEN}")


def test_records_are_attached() -> None:
    records = b'{"eventName":"StopLogging"}\n{"eventName":"DeleteTrail"}\n'
    mail = read(envelope(alarm_arn=ALARM, records=records))
    (attached,) = mail.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/x-ndjson", "records.ndjson")
    assert attached.get_content() == records
    assert text_of(mail).startswith("something happened")
    assert "something happened" in text_of(mail, "html")


def test_the_page_of_an_alarm_is_a_button() -> None:
    link = f"{PUBLIC}/console/alarms/root%20use"
    html = text_of(read(envelope(alarm_arn=ALARM, message=f"It rang.\n\n{link}\n\nhttps://evil.example/\n")), "html")
    assert f'<a class="button" href="{link}">' in html
    assert 'href="https://evil' not in html
