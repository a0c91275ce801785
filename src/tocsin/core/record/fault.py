"""Errors as records write them. Spec: REC-15."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.core.record.call import ApiError

MESSAGE_SIZE: Final = 1024
"""Characters of an errorMessage; AWS ends a longer one with three dots (REC-15.5)."""

DENIALS: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
THROTTLES: Final = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled"}
)
_UNAUTHENTICATED: Final = frozenset(
    {
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "InvalidAccessKeyId",
    }
)
_EC2_UNAUTHENTICATED: Final = "AWS was not able to validate the provided access credentials"

_KEEP_PARAMETERS_OF_DENIED: Final = frozenset({"ec2", "s3", "s3control", "iam", "rds", "ce"})


def is_denial(error: ApiError) -> bool:
    """Was the caller not allowed to?"""
    return error.wire_code in DENIALS or error.code in DENIALS


def is_throttle(error: ApiError) -> bool:
    """Did the service answer that there were too many calls?"""
    return error.wire_code in THROTTLES or error.code in THROTTLES


def is_unauthenticated(error: ApiError) -> bool:
    """Was it refused for its signature? Then nobody is known to have called, and there is no record (REC-14.2)."""
    if error.wire_code == "AuthFailure":  # EC2 has this code for missing permissions as well
        return _EC2_UNAUTHENTICATED in (error.message or "")
    return error.wire_code in _UNAUTHENTICATED


def error_code(service: str, error: ApiError) -> str:
    """The errorCode (REC-15.2, REC-15.3)."""
    if service == "ec2":
        return f"{'Server' if error.status >= 500 else 'Client'}.{error.wire_code}"
    if is_denial(error):
        return "AccessDenied"
    return "ThrottlingException" if is_throttle(error) else error.code


def error_message(error: ApiError) -> str | None:
    """The errorMessage; None where there is none."""
    if is_throttle(error):
        return "Rate exceeded"
    message = error.message
    if not message:
        return None
    return message if len(message) <= MESSAGE_SIZE else message[: MESSAGE_SIZE - 1] + "..."


def keeps_parameters(service: str, error: ApiError) -> bool:
    """Are the requestParameters of a failed call written?"""
    if is_throttle(error):
        return False
    return not is_denial(error) or service in _KEEP_PARAMETERS_OF_DENIED
