"""Records of signing in to the console, made for tests and demonstrations. Spec: CT-4, IF-8."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from tocsin.core.identity.principal import Kind, Principal, name_in

_HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
_USER_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
)


class SignInFailure(StrEnum):
    """Why somebody could not sign in."""

    PASSWORD = "password"  # noqa: S105  # the word for it, not one
    UNKNOWN_USER = "unknown-user"


FAILURE_MESSAGES: Final = {
    SignInFailure.PASSWORD: "Failed authentication",
    SignInFailure.UNKNOWN_USER: "No username found in supplied account",
}
"""The errorMessage of a record (CT-4.3)."""


_HOSTS: Final = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in, or tries to; `at` is aware. A role's session has no MFA that AWS would see (CT-4.2)."""

    principal: Principal
    region: str
    at: datetime
    event_id: str
    source_address: str
    has_mfa: bool = True
    failure: SignInFailure | None = None


def sign_in_record(sign_in: SignIn) -> dict[str, Any]:
    """The record of it, its keys in the order of CT-2.1."""
    principal = sign_in.principal
    account = principal.account
    uses_mfa = sign_in.has_mfa and principal.kind is not Kind.ASSUMED_ROLE
    host = _HOSTS.get(principal.arn.split(":", 2)[1], "console.aws.amazon.com")
    additional = {
        "LoginTo": f"https://{sign_in.region}.{host}/console/home?region={sign_in.region}&state=hashArgs%23",
        "MobileVersion": "No",
    }
    if uses_mfa and sign_in.failure is None:
        additional["MFAIdentifier"] = _mfa_device(principal)
    additional["MFAUsed"] = "Yes" if uses_mfa else "No"  # on a failure too (CT-4.3)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": sign_in_identity(principal, sign_in.failure),
        "eventTime": f"{sign_in.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": sign_in.region,
        "sourceIPAddress": sign_in.source_address,
        "userAgent": _USER_AGENT,
    }
    if sign_in.failure is not None:
        record["errorMessage"] = FAILURE_MESSAGES[sign_in.failure]
    return record | {
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success" if sign_in.failure is None else "Failure"},
        "additionalEventData": additional,
        "eventID": sign_in.event_id,
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{sign_in.region}.{host.replace('console', 'signin', 1)}",
        },
    }


def sign_in_identity(principal: Principal, failure: SignInFailure | None) -> dict[str, Any]:
    """The userIdentity of a record. A name that is not known is not shown either (CT-3.4)."""
    if failure is SignInFailure.UNKNOWN_USER:
        return {"type": "IAMUser", "accountId": principal.account, "accessKeyId": "", "userName": _HIDDEN}
    return principal.identity()


def _mfa_device(principal: Principal) -> str:
    partition = principal.arn.split(":", 2)[1]
    name = "root-account-mfa-device" if principal.kind is Kind.ROOT else name_in(principal.arn)
    return f"arn:{partition}:iam::{principal.account}:mfa/{name}"
