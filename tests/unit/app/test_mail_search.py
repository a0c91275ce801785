"""Looking for text in a mail: how lines are broken does not matter (IF-4 Tests, `message`)."""

from __future__ import annotations

import pytest

from tocsin.app.mail_search import cut, holds, mail_of, nearest_line
from tocsin.core.notification.message import AlarmMessage

MAIL = "Subject: ALARM\n\nalice called StopLogging, which was\n  denied.\n\nWho: IAM user alice\nFrom: 192.0.2.1\n"


@pytest.mark.parametrize(
    ("wanted", "is_there"),
    [
        ("alice", True),
        ("Alice", False),
        ("which was denied", True),
        ("alice\nFrom", True),
        ("IAM  user", True),
        ("IAMuser", False),
        (" ", True),
    ],
)
def test_text_is_found_exactly_but_for_blanks(wanted, is_there):
    assert holds(MAIL, wanted) is is_there


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("who: iam user bob", "Who: IAM user alice"),
        ("192.0.2.9", "From: 192.0.2.1"),
        ("stoplogging", "alice called StopLogging, which was"),
        ("bob", ""),
        ("Ali", "alice called StopLogging, which was"),
        ("Slice", "alice called StopLogging, which was"),
        ("dice", ""),
        ("xy", ""),
        ("nothing like any of it", ""),
        ("x" * 5000 + "alice", ""),
    ],
)
def test_the_nearest_line_has_at_least_half_of_it(wanted, line):
    assert nearest_line(MAIL, wanted) == line


def test_an_empty_mail_has_no_nearest_line():
    assert nearest_line("\n \n", "alice") == ""


def test_the_beginning_of_a_mail_is_shown_without_empty_lines():
    assert cut(MAIL, 3) == "Subject: ALARM\nalice called StopLogging, which was\n  denied."


def test_a_mail_is_its_subject_and_its_text():
    message = AlarmMessage(subject="S", default="{}", sms="s", email="text\n")
    assert mail_of(message) == "Subject: S\n\ntext\n"
