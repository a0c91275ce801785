"""What the operations of CloudTrail share: their table, error names, tags, moments, pages. Spec: CT-7.2, CT-7.7."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.api.operation import Operations
from tocsin.core.alarm.timestamp import moment
from tocsin.errors import InputError, NotFoundError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

# Most refusals carry the code that AWS has for them (`aws_code`): it has some forty, by what was wrong.
operations = Operations(
    "cloudtrail",
    {
        (NotFoundError, "trail"): "TrailNotFoundException",
        (NotFoundError, ""): "ResourceNotFoundException",
        (InputError, ""): "InvalidParameterException",
    },
)


def bad_token() -> Fault:
    """A token that is not one for this request (WIRE-9.2)."""
    return Fault("InvalidNextTokenException", "The specified NextToken is invalid.")


def instant(at_ms: int | None) -> datetime | None:
    """A time of the store as the model's timestamp; nothing for what never was."""
    return None if at_ms is None else moment(at_ms // 1000) + timedelta(milliseconds=at_ms % 1000)


def tags_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping, one without a value as an empty one; a key that comes twice is refused."""
    pairs = [(one["Key"], one.get("Value", "")) for one in listed or ()]
    if len({key for key, _ in pairs}) < len(pairs):
        raise Fault("InvalidTagParameterException", "A tag key occurs more than once in TagsList.")
    return dict(pairs)


def listed_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS lists them, by key; one without a value has none."""
    return [{"Key": key, "Value": value} if value else {"Key": key} for key, value in sorted(tags.items())]
