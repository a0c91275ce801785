"""Records of console sign-ins. Spec: CT-4, CT-3.4."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.core.identity import Issuer, Kind, Principal, Session
from tocsin.core.sign_in import SignIn, SignInFailure, sign_in_record

A = "111122223333"
AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ALICE = Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{A}:user/alice", principal_id="AIDAEXAMPLE")


def record(principal: Principal = ALICE, *, region: str = "us-east-1", **more: Any) -> dict[str, Any]:
    return sign_in_record(
        SignIn(
            principal=principal,
            region=region,
            at=AT,
            event_id="8feee4c2-5e27-4857-8475-bfa7e7b6d791",
            source_address="192.0.2.1",
            **more,
        )
    )


def test_success_with_a_second_factor_as_in_ct_4_7() -> None:
    made = record()
    assert made.pop("userAgent").startswith("Mozilla/5.0")
    assert made.pop("additionalEventData") == {
        "LoginTo": "https://us-east-1.console.aws.amazon.com/console/home?region=us-east-1&state=hashArgs%23",
        "MobileVersion": "No",
        "MFAIdentifier": f"arn:aws:iam::{A}:mfa/alice",
        "MFAUsed": "Yes",
    }
    assert made == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": f"arn:aws:iam::{A}:user/alice",
            "accountId": A,
            "userName": "alice",
        },
        "eventTime": "2026-03-01T09:00:00Z",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success"},
        "eventID": "8feee4c2-5e27-4857-8475-bfa7e7b6d791",
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": A,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "us-east-1.signin.aws.amazon.com",
        },
    }


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (SignInFailure.PASSWORD, "Failed authentication"),
        (SignInFailure.UNKNOWN_USER, "No username found in supplied account"),
    ],
)
@pytest.mark.parametrize(("has_mfa", "used"), [(True, "Yes"), (False, "No")])
def test_failure_has_a_message_and_no_code(failure: SignInFailure, message: str, has_mfa: bool, used: str) -> None:
    made = record(failure=failure, has_mfa=has_mfa)
    assert made["errorMessage"] == message
    assert "errorCode" not in made
    assert made["responseElements"] == {"ConsoleLogin": "Failure"}
    assert made["additionalEventData"]["MFAUsed"] == used
    assert "MFAIdentifier" not in made["additionalEventData"]
    keys = list(made)
    assert keys[keys.index("userAgent") + 1] == "errorMessage"


def test_name_that_is_not_known_is_not_shown() -> None:
    assert record(failure=SignInFailure.UNKNOWN_USER)["userIdentity"] == {
        "type": "IAMUser",
        "accountId": A,
        "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }


def test_root_without_a_second_factor() -> None:
    made = record(Principal(kind=Kind.ROOT, arn=f"arn:aws:iam::{A}:root"), has_mfa=False)
    assert made["userIdentity"] == {
        "type": "Root",
        "principalId": A,
        "arn": f"arn:aws:iam::{A}:root",
        "accountId": A,
    }
    assert made["additionalEventData"]["MFAUsed"] == "No"
    with_mfa = record(Principal(kind=Kind.ROOT, arn=f"arn:aws:iam::{A}:root"))
    assert with_mfa["additionalEventData"]["MFAIdentifier"] == f"arn:aws:iam::{A}:mfa/root-account-mfa-device"


def test_second_factor_of_a_federated_sign_in_is_not_seen() -> None:
    session = Session(created_at=AT, issuer=Issuer(kind=Kind.ROLE, arn=f"arn:aws:iam::{A}:role/Admin"))
    arn = f"arn:aws:sts::{A}:assumed-role/Admin/bob"
    made = record(Principal(kind=Kind.ASSUMED_ROLE, arn=arn, session=session))
    assert made["userIdentity"]["type"] == "AssumedRole"
    assert made["additionalEventData"]["MFAUsed"] == "No"


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.signin.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.signin.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.signin.amazonaws-us-gov.com"),
    ],
)
def test_endpoint_of_the_partition(partition: str, region: str, host: str) -> None:
    principal = Principal(kind=Kind.IAM_USER, arn=f"arn:{partition}:iam::{A}:user/alice")
    made = record(principal, region=region)
    assert made["tlsDetails"]["clientProvidedHostHeader"] == host
    assert made["awsRegion"] == region
