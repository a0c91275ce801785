"""What the operations of CloudWatch share: their table, error names, dimensions, tags, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.operation import Operations
from tocsin.app.dashboard import DashboardBodyError
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.metric import MetricKey
from tocsin.errors import ConflictError, InputError, InvalidParameterError, LimitExceededError, NotFoundError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tocsin.api.operation import Context, Parameters

operations = Operations(
    "cloudwatch",
    {
        (NotFoundError, "dashboard"): "DashboardNotFoundError",
        (NotFoundError, "alarm"): "ResourceNotFound",
        (NotFoundError, ""): "ResourceNotFoundException",
        (DashboardBodyError, ""): "DashboardInvalidInputError",
        (LimitExceededError, ""): "LimitExceededFault",
        (ConflictError, ""): "ConflictException",
        (InvalidParameterError, ""): "InvalidParameterValueException",
        (InputError, ""): "ValidationException",
    },
)


def bad_token(token: object) -> Fault:
    """A token that is not one for this request (WIRE-9.2)."""
    return Fault("InvalidNextToken", f"Invalid NextToken : {token}")


def page_of(ctx: Context, parameters: Parameters) -> tuple[str | int | None, ...] | None:
    """Where the page that is asked for begins."""
    token = parameters.get("NextToken")
    return ctx.position(token, parameters, fault=bad_token(token))


def name_page(ctx: Context, parameters: Parameters) -> str | None:
    """The same, where pages are by one name."""
    match page_of(ctx, parameters):
        case None:
            return None
        case (str() as name,):
            return name
        case _:
            raise bad_token(parameters.get("NextToken"))


def dimensions_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Dimensions as a mapping."""
    return {one["Name"]: one["Value"] for one in listed or ()}


def key_of(parameters: Mapping[str, Any]) -> MetricKey:
    """The metric that Namespace, MetricName and Dimensions name."""
    return MetricKey.of(parameters["Namespace"], parameters["MetricName"], dimensions_of(parameters.get("Dimensions")))


def told_dimensions(key: MetricKey) -> list[dict[str, str]]:
    """Dimensions as AWS lists them."""
    return [{"Name": name, "Value": value} for name, value in key.dimensions]


def tags_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping."""
    return {one["Key"]: one["Value"] for one in listed or ()}


def second(at: datetime) -> int:
    """The second since the epoch."""
    return second_of(at)
