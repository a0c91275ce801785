"""Records of signing in to our own console, and out of it, as CloudTrail has them of AWS's. Spec: CON-8.5, CT-4.

Rule: rules that watch who signs in to AWS see this console, too; `eventSource` tells the two apart.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tocsin.core.identity.principal import Principal
from tocsin.core.sign_in import FAILURE_MESSAGES, SignInFailure, sign_in_identity

EVENT_SOURCE: Final = "console.tocsin"
"""The eventSource of these records."""

_LONGEST_AGENT: Final = 1_024  # CT-2.1


class ConsoleSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in to the console, or tries to, or signs out; `at` is aware.

    `url` is the address of the console. `failure` belongs to those who sign in, `is_everywhere` to those who sign out.
    """

    principal: Principal
    region: str
    at: datetime
    event_id: str
    source_address: str
    user_agent: str
    url: str
    is_sign_out: bool = False
    is_everywhere: bool = False
    failure: SignInFailure | None = None


def console_sign_in_record(sign_in: ConsoleSignIn) -> dict[str, Any]:
    """The record of it, its keys in the order of CT-2.1."""
    name = "ConsoleLogout" if sign_in.is_sign_out else "ConsoleLogin"
    additional = {"LoginTo": sign_in.url, "MobileVersion": "No", "MFAUsed": "No"}
    if sign_in.is_sign_out:
        additional = {"Everywhere": "Yes" if sign_in.is_everywhere else "No"}
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": sign_in_identity(sign_in.principal, sign_in.failure),
        "eventTime": f"{sign_in.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": EVENT_SOURCE,
        "eventName": name,
        "awsRegion": sign_in.region,
        "sourceIPAddress": sign_in.source_address,
    }
    if sign_in.user_agent:
        record["userAgent"] = sign_in.user_agent[:_LONGEST_AGENT]
    if sign_in.failure is not None:
        record["errorMessage"] = FAILURE_MESSAGES[sign_in.failure]
    return record | {
        "requestParameters": None,
        "responseElements": {name: "Success" if sign_in.failure is None else "Failure"},
        "additionalEventData": additional,
        "eventID": sign_in.event_id,
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": sign_in.principal.account,
        "eventCategory": "Management",
    }
