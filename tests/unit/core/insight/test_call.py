"""What a record counts for (CT-17.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.insight.call import Api, InsightKey, InsightType, call_of_record

ARN = "arn:aws:iam::111122223333:user/alice"
BASE: dict[str, Any] = {
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "awsRegion": "us-east-1",
    "recipientAccountId": "111122223333",
    "readOnly": False,
    "managementEvent": True,
    "eventCategory": "Management",
    "eventType": "AwsApiCall",
    "userIdentity": {"type": "IAMUser", "arn": ARN, "accountId": "111122223333"},
    "userAgent": "aws-cli/2",
}


def record(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (BASE | changes).items() if value is not ...}


def test_a_write_counts_for_the_rate_of_its_api() -> None:
    call = call_of_record(record())
    assert call is not None
    assert call.api == Api("111122223333", "us-east-1", "iam.amazonaws.com", "CreateUser")
    assert call.caller == (ARN, "aws-cli/2", None, True)
    assert call.is_counted
    assert not call.is_unclassified


@pytest.mark.parametrize(
    ("changes", "counts_for_rate", "is_counted", "is_unclassified"),
    [
        ({"readOnly": True}, False, False, False),
        ({"readOnly": "true"}, False, False, False),
        ({"readOnly": "false"}, True, True, False),
        ({"readOnly": ...}, False, False, True),
        ({"readOnly": []}, False, False, True),
        ({"readOnly": ..., "errorCode": "AccessDenied"}, False, True, True),
        ({"readOnly": True, "errorCode": "AccessDenied"}, False, True, False),
        ({"errorCode": "AccessDenied"}, True, True, False),
        ({"errorCode": ""}, True, True, False),
        ({"eventCategory": "Data", "readOnly": True}, True, True, False),
        ({"eventCategory": ..., "managementEvent": False, "readOnly": ...}, True, True, False),
        ({"eventCategory": ..., "managementEvent": ..., "eventType": ...}, True, True, False),
    ],
)
def test_what_is_counted(
    changes: dict[str, Any], counts_for_rate: bool, is_counted: bool, is_unclassified: bool
) -> None:
    call = call_of_record(record(**changes))
    assert call is not None
    assert (call.caller.counts_for_rate, call.is_counted, call.is_unclassified) == (
        counts_for_rate,
        is_counted,
        is_unclassified,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"eventType": "AwsServiceEvent"},
        {"eventType": "AwsConsoleSignIn"},
        {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"},
        {"eventType": "AwsCloudTrailInsight", "eventCategory": "Insight"},
        {"eventCategory": "Insight"},
        {"eventCategory": 7},
        {"eventName": ...},
        {"eventName": ""},
        {"eventSource": None},
        {"eventSource": ["iam.amazonaws.com"]},
    ],
)
def test_what_is_no_call(changes: dict[str, Any]) -> None:
    assert call_of_record(record(**changes)) is None


@pytest.mark.parametrize(
    ("changes", "account"),
    [
        ({"recipientAccountId": ...}, "111122223333"),
        ({"recipientAccountId": ""}, "111122223333"),
        ({"recipientAccountId": ..., "userIdentity": {}}, ""),
        ({"recipientAccountId": ..., "userIdentity": "alice"}, ""),
    ],
)
def test_the_account_of_a_call(changes: dict[str, Any], account: str) -> None:
    call = call_of_record(record(**changes))
    assert call is not None
    assert call.api.account == account


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"arn": ARN}, ARN),
        ({"arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice"}, "arn:aws:sts::111122223333:assumed-role/Admin"),
        ({"arn": "arn:aws-cn:sts::111122223333:assumed-role/Admin"}, "arn:aws-cn:sts::111122223333:assumed-role/Admin"),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        ({"arn": ""}, "null"),
        (None, "null"),
    ],
)
def test_the_name_of_a_caller_has_no_session(identity: Any, name: str) -> None:
    call = call_of_record(record(userIdentity=identity, userAgent=None))
    assert call is not None
    assert call.caller.arn == name
    assert call.caller.agent == "null"
    assert call.caller.without_names == (None, None, None, True)


def test_texts_are_bounded_and_can_be_encoded() -> None:
    call = call_of_record(record(userAgent="x" * 5000, errorCode="\ud800"))
    assert call is not None
    assert call.caller.agent == "x" * 1024 + "…"
    assert call.caller.error_code == "\\ud800"


def test_an_error_code_makes_a_key_one_of_errors() -> None:
    api = Api("111122223333", "us-east-1", "iam.amazonaws.com", "CreateUser")
    assert InsightKey(api).insight_type is InsightType.CALL_RATE
    assert InsightKey(api, "AccessDenied").insight_type is InsightType.ERROR_RATE
