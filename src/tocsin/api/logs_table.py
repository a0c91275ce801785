"""What the operations of CloudWatch Logs share: their table, error names, identifiers, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.api.operation import Operations
from tocsin.app.log_group import TooManyTagsError, group_name
from tocsin.errors import (
    AccessDeniedError,
    AlreadyExistsError,
    ConflictError,
    InputError,
    LimitExceededError,
    NotFoundError,
)
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters

DAY_MS = 86_400_000

operations = Operations(
    "logs",
    {
        (NotFoundError, ""): "ResourceNotFoundException",
        (AlreadyExistsError, ""): "ResourceAlreadyExistsException",
        (TooManyTagsError, ""): "TooManyTagsException",
        (LimitExceededError, ""): "LimitExceededException",
        (ConflictError, "resource-policy"): "OperationAbortedException",
        (ConflictError, ""): "ValidationException",
        (AccessDeniedError, ""): "AccessDeniedException",
        (InputError, ""): "InvalidParameterException",
    },
)


def invalid(message: str) -> Fault:
    """A parameter that is refused."""
    return Fault("InvalidParameterException", message)


def bad_token() -> Fault:
    """A token that is not one for this request (WIRE-9.2)."""
    return invalid("The specified nextToken is invalid.")


def named_group(ctx: Context, parameters: Parameters) -> str:
    """The group that a request is about: exactly one of a name and an identifier (FP-11.1)."""
    name, identifier = parameters.get("logGroupName"), parameters.get("logGroupIdentifier")
    if name is not None and identifier is not None:
        raise Fault("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if name is None and identifier is None:
        raise invalid("Either logGroupName or logGroupIdentifier must be specified.")
    return str(name) if name is not None else group_name(str(identifier), ctx.scope)


def page_of(ctx: Context, parameters: Parameters) -> tuple[str | int | None, ...] | None:
    """Where the page that is asked for begins; tokens of Logs expire after a day (WIRE-9.2)."""
    return ctx.position(parameters.get("nextToken"), parameters, fault=bad_token(), lifetime=DAY_MS)


def name_page(ctx: Context, parameters: Parameters) -> str | None:
    """The same, where pages are by one name."""
    match page_of(ctx, parameters):
        case None:
            return None
        case (str() as name,):
            return name
        case _:
            raise bad_token()
