"""What a mail says. Spec: SNS-5.1, SNS-5.2, SNS-5.7."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.mail import MailLinks, compose_mail
from tocsin.core.mail.content import plain

TOPIC = "arn:aws:sns:eu-west-1:111122223333:sec-alerts"
LEAVE = "https://tocsin.example.com/leave"
CONFIRM = "https://tocsin.example.com/confirm"


def text(**members: Any) -> str:
    """The text of a mail."""
    given = {
        "kind": EnvelopeKind.NOTIFICATION,
        "message_id": "m",
        "topic_arn": TOPIC,
        "subscription_arn": f"{TOPIC}:s",
        "protocol": "email",
        "endpoint": "alice@example.com",
        "message": "something happened\n",
        "published_at": 1_772_366_400_000,
        **members,
    }
    links = MailLinks(confirm=CONFIRM, unsubscribe=given.pop("leave", LEAVE))
    return compose_mail(Envelope(**given), links, asks="tocsin@example.com").text


def test_a_message_and_its_footer() -> None:
    assert text() == (
        "something happened\n"
        "\n"
        "-- \n"
        "alice@example.com gets the messages of the topic\n"
        "arn:aws:sns:eu-west-1:111122223333:sec-alerts.\n"
        "This address is protected: it cannot be removed by a link. Who can\n"
        "remove it:\n"
        f"{LEAVE}\n"
        "Questions: tocsin@example.com\n"
    )


def test_other_modes_say_how_to_leave() -> None:
    assert f"\nTo get no more of them:\n{LEAVE}\n" in text(unsubscribe="confirm")
    assert "remove" not in text(leave="")


def test_a_farewell() -> None:
    told = text(kind=EnvelopeKind.UNSUBSCRIBE_CONFIRMATION, token_ends_at=1_772_539_200_000)
    assert told.startswith("Somebody used the link in a mail")
    assert f"\n{CONFIRM}\n" in told
    assert "works until Tuesday 03 March, 2026 12:00:00 UTC" in told
    # An envelope without an end of its token says no later time than it knows.
    assert "works until Sunday 01 March" in text(kind=EnvelopeKind.UNSUBSCRIBE_CONFIRMATION)


def test_a_long_name_is_cut() -> None:
    told = text(kind=EnvelopeKind.SUBSCRIPTION_CONFIRMATION, topic_arn=f"{TOPIC[:-10]}{'x' * 256}")
    assert f"{'x' * 99}…" in told


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("a\tb", "a\tb"),
        ("\x1b[31mred\x00\x07", "?[31mred??"),
        ("admin\u202etxt.exe", "admin?txt.exe"),
        ("lone \ud800", "lone ?"),
        ("größe ☂ 👩‍💻", "größe ☂ 👩‍💻"),
    ],
)
def test_a_message_acts_on_no_screen(given: str, kept: str) -> None:
    assert plain(given) == kept
