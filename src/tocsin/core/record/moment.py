"""Moments as each service's records write them. Spec: REC-6.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, assert_never

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MomentForm(Enum):
    """The ways to write a moment."""

    WORDS = "Jul 10, 2023 12:09:21 PM"
    WORDS_WITH_COMMA = "Jul 10, 2023, 12:09:21 PM"
    ISO = "2023-07-10T12:09:21.431Z"
    ISO_MILLISECONDS = "2023-07-10T12:09:21.000Z"
    EPOCH_SECONDS = "1688991075.5"
    EPOCH_MILLISECONDS = "1688991075500"


WITH_COMMA: Final = frozenset({"sts", "secretsmanager", "kms", "ssm", "appmesh", "cloudhsm", "cloudhsmv2", "health"})
IN_EPOCH_SECONDS: Final = frozenset({"eks", "devops-guru"})


def form_of(service: str, timestamp_format: str, *, is_rest_json: bool) -> MomentForm:
    """The form in which a service's records have a member of that `timestampFormat`; EC2 has its own (REC-8)."""
    if service in IN_EPOCH_SECONDS:
        return MomentForm.EPOCH_SECONDS
    if is_rest_json and timestamp_format.lower() == "iso8601":
        return MomentForm.ISO
    return MomentForm.WORDS_WITH_COMMA if service in WITH_COMMA else MomentForm.WORDS


def moment_value(moment: datetime, form: MomentForm) -> str | int | float:
    """A moment in that form, UTC."""
    moment = moment.astimezone(UTC)
    match form:
        case MomentForm.WORDS | MomentForm.WORDS_WITH_COMMA:
            comma = "," if form is MomentForm.WORDS_WITH_COMMA else ""
            hour = moment.hour % 12 or 12
            half = "AM" if moment.hour < 12 else "PM"
            day = f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"
            return f"{day}{comma} {hour}:{moment:%M:%S} {half}"
        case MomentForm.ISO:
            return moment.isoformat().replace("+00:00", "Z")
        case MomentForm.ISO_MILLISECONDS:
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case MomentForm.EPOCH_SECONDS:
            return (moment - _EPOCH) / timedelta(seconds=1)
        case MomentForm.EPOCH_MILLISECONDS:
            return (moment - _EPOCH) // _MILLISECOND
        case _:
            assert_never(form)
