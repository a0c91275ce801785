"""The record that a rule's test lays its events over. Rule: it matches no detection by itself.

Spec: IF-4 (Tests), CT-2.1 (order of keys), CT-2.3 (today's version).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEMPLATE_TIME = "2027-01-04T00:00:00Z"
"""The eventTime of the template: a Monday, and `0m` of the virtual clock where a test names no other."""


def template_record() -> dict[str, Any]:
    """A management record of today's version, new on each call.

    An API call by the IAM user alice of 111122223333 in us-east-1 from 192.0.2.1 without an error.
    Source and name are those of no service, so that nothing fires that the test did not ask for.
    """
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEALICE00001",
            "arn": "arn:aws:iam::111122223333:user/alice",
            "accountId": "111122223333",
            "accessKeyId": "AKIAEXAMPLEALICE0001",
            "userName": "alice",
        },
        "eventTime": TEMPLATE_TIME,
        "eventSource": "example.amazonaws.com",
        "eventName": "Example",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "00000000-0000-4000-8000-000000000000",
        "eventID": "00000000-0000-4000-8000-000000000001",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }


def lay_over(event: Mapping[str, Any], absent: Iterable[str] = ()) -> dict[str, Any]:
    """The template with the members of `event` in place of its own, whole, and without those of `absent`."""
    record = {**template_record(), **event}
    for name in absent:
        record.pop(name, None)
    return record
