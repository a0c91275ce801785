"""Links and tokens in kept mails. Spec: SNS-5.5, CON-8.5."""

from __future__ import annotations

import pytest

from tocsin.app.unsubscribe_token import UnsubscribeTokens
from tocsin.core.mail.kept_mail import MAIL_NAME, MailPages, ReadMail, pages_in, without_tokens
from tocsin.notifiers.mailbox import mail_name

TOKEN = "0123456789abcdef" * 16
ENDS = UnsubscribeTokens(b"k").token("arn:aws:sns:eu-west-1:111122223333:alerts:8e0ebeef-3438-4f2b-9b21-1081a8ee92d9")
PAGES = "http://127.0.0.1:4590/_tocsin/subscriptions"


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("no link", MailPages()),
        (f"open\n{PAGES}/confirm?token={TOKEN}\n\n", MailPages(confirm=TOKEN)),
        (f"{PAGES}/unsubscribe?token={ENDS}", MailPages(unsubscribe=ENDS)),
        (f"https://any.example.com/below/_tocsin/subscriptions/confirm?token={TOKEN}.", MailPages()),
        (f"{PAGES}/confirm?token={TOKEN}0", MailPages()),
        (f"{PAGES}/confirm?token=javascript:alert(1)", MailPages()),
        (f"{PAGES}/confirm?token={'0' * 256} {PAGES}/confirm?token={TOKEN}", MailPages(confirm=TOKEN)),
        (f"javascript:{PAGES}/confirm?token={TOKEN}", MailPages(confirm=TOKEN)),  # of which the token alone is used
    ],
)
def test_the_pages_that_a_mail_leads_to(text: str, pages: MailPages) -> None:
    assert pages_in(text) == pages


def test_a_mail_knows_the_pages_that_it_leads_to() -> None:
    mail = ReadMail(name="2", date="", sender="", recipient="", subject="", text=f"{PAGES}/confirm?token={TOKEN}")
    assert mail.links == MailPages(confirm=TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        f"{PAGES}/confirm?token={TOKEN}",
        f'<a href="{PAGES}/unsubscribe?token={ENDS}">{PAGES}/unsubscribe?token={ENDS}</a>',
        f"https://x/?Action=ConfirmSubscription&amp;TopicArn=arn&amp;Token={TOKEN}&amp;x=y",
        f'"Token" : "{TOKEN}",\n  "SubscribeURL" : "https://x/?Token={TOKEN}"',
        f"bare {TOKEN} in a sentence",
        f"TOKEN%3D{TOKEN}",
    ],
)
def test_a_viewer_sees_dots_in_place_of_tokens(text: str) -> None:
    shown = without_tokens(text)
    assert TOKEN not in shown
    assert ENDS not in shown
    assert "••••••••" in shown


def test_all_else_stays_as_it_is() -> None:
    text = "the token of the session expired; sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert without_tokens(text) == text


@pytest.mark.parametrize("ident", ["5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001", "digest-00ff-1"])
def test_the_names_of_mails_have_the_form_that_is_read(ident: str) -> None:
    assert MAIL_NAME.fullmatch(mail_name(1789384724000, ident))


@pytest.mark.parametrize("name", ["", "..", "2026/x", "2026.eml", "a2026", "2026\n", "2" * 101])
def test_other_names_are_none(name: str) -> None:
    assert MAIL_NAME.fullmatch(name) is None
