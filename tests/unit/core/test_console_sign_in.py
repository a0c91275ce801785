"""Records of signing in to our own console. Spec: CON-8.5, CT-4."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.core.console_sign_in import ConsoleSignIn, console_sign_in_record
from tocsin.core.identity import Kind, Principal
from tocsin.core.pattern import FilterPattern
from tocsin.core.sign_in import SignInFailure

A = "111122223333"
ALICE = Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{A}:user/tocsin-console/alice", principal_id="AIDAEXAMPLE")


def record(**more: Any) -> dict[str, Any]:
    return console_sign_in_record(
        ConsoleSignIn(
            **{
                "principal": ALICE,
                "region": "eu-west-1",
                "at": datetime(2026, 3, 1, 9, 0, 0, 900_000, tzinfo=UTC),
                "event_id": "8feee4c2-5e27-4857-8475-bfa7e7b6d791",
                "source_address": "192.0.2.1",
                "user_agent": "Mozilla/5.0",
                "url": "https://tocsin.example.com/console",
                **more,
            }
        )
    )


def test_a_sign_in_is_a_console_login_of_our_own_source() -> None:
    assert record() == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": f"arn:aws:iam::{A}:user/tocsin-console/alice",
            "accountId": A,
            "userName": "alice",
        },
        "eventTime": "2026-03-01T09:00:00Z",
        "eventSource": "console.tocsin",
        "eventName": "ConsoleLogin",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "Mozilla/5.0",
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {
            "LoginTo": "https://tocsin.example.com/console",
            "MobileVersion": "No",
            "MFAUsed": "No",
        },
        "eventID": "8feee4c2-5e27-4857-8475-bfa7e7b6d791",
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": A,
        "eventCategory": "Management",
    }


def test_a_wrong_password_is_told_in_the_words_of_aws() -> None:
    made = record(failure=SignInFailure.PASSWORD)
    assert made["errorMessage"] == "Failed authentication"
    assert made["responseElements"] == {"ConsoleLogin": "Failure"}
    assert made["userIdentity"]["userName"] == "alice"


def test_a_name_that_nobody_has_is_not_shown() -> None:
    made = record(failure=SignInFailure.UNKNOWN_USER)
    assert made["errorMessage"] == "No username found in supplied account"
    assert made["userIdentity"] == {
        "type": "IAMUser",
        "accountId": A,
        "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }
    assert "alice" not in str(made)


@pytest.mark.parametrize(("is_everywhere", "word"), [(False, "No"), (True, "Yes")])
def test_signing_out_says_whether_it_was_everywhere(is_everywhere: bool, word: str) -> None:
    made = record(is_sign_out=True, is_everywhere=is_everywhere)
    assert made["eventName"] == "ConsoleLogout"
    assert made["responseElements"] == {"ConsoleLogout": "Success"}
    assert made["additionalEventData"] == {"Everywhere": word}


def test_a_browser_that_does_not_say_what_it_is_leaves_the_member_out() -> None:
    assert "userAgent" not in record(user_agent="")
    assert len(record(user_agent="x" * 5_000)["userAgent"]) == 1_024


@pytest.mark.parametrize(
    ("pattern", "failure"),
    [
        ('{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }', SignInFailure.PASSWORD),
        ('{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }', None),
    ],
)  # fmt: skip
def test_rules_that_watch_sign_ins_to_aws_see_these_too(pattern: str, failure: SignInFailure | None) -> None:
    compiled = FilterPattern.parse(pattern)
    assert compiled.matches(json.dumps(record(failure=failure)))
    other = None if failure else SignInFailure.UNKNOWN_USER
    assert not compiled.matches(json.dumps(record(failure=other)))
