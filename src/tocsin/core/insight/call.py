"""What a CloudTrail record counts for: the API, whether it wrote or failed, and who called. Spec: CT-17.1.

Rule: calls of APIs count, sign-ins and service events do not. A record that does not say whether it reads or
writes is no write and no read; it is counted as unclassified where that matters.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.core.wording import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CALL_PATHS: tuple[tuple[str, ...], ...] = (
    ("eventSource",),
    ("eventName",),
    ("awsRegion",),
    ("recipientAccountId",),
    ("userIdentity", "accountId"),
    ("errorCode",),
    ("readOnly",),
    ("managementEvent",),
    ("eventCategory",),
    ("eventType",),
    ("userIdentity", "arn"),
    ("userIdentity", "invokedBy"),
    ("userAgent",),
)
"""Where the values stand that `call_of` takes, in its order."""

NOTHING = "null"
"""The value that stands in an attribution for one that a record does not have (CT-6.2)."""

# Longer texts count as their beginning: some are the caller's to fill.
_LONGEST = 1024

_ROLE_SESSION = ":assumed-role/"


class InsightType(StrEnum):
    """The two kinds of Insights, by AWS's names."""

    CALL_RATE = "ApiCallRateInsight"
    ERROR_RATE = "ApiErrorRateInsight"


class Api(NamedTuple):
    """An API as Insights tell them apart. `trail` is the ARN of the trail that data events are counted for."""

    account: str
    region: str
    event_source: str
    event_name: str
    category: str = "Management"
    trail: str = ""


class InsightKey(NamedTuple):
    """What one Insight is about: an API, and for error rates the error code."""

    api: Api
    error_code: str | None = None

    @property
    def insight_type(self) -> InsightType:
        """Which of the two kinds it is."""
        return InsightType.CALL_RATE if self.error_code is None else InsightType.ERROR_RATE


class Caller(NamedTuple):
    """Who calls and what came of it.

    `arn` and `agent` are None where there was no room to keep them. `counts_for_rate`: it is one of the calls whose
    rate is judged.
    """

    arn: str | None
    agent: str | None
    error_code: str | None
    counts_for_rate: bool

    @property
    def without_names(self) -> Caller:
        """The same without who it was, in less room."""
        return Caller(None, None, self.error_code, self.counts_for_rate)


class Call(NamedTuple):
    """One call, and its caller where it is counted.

    `is_unclassified`: its rate may have to be judged, but it does not say whether it reads or writes.
    """

    api: Api
    caller: Caller
    is_unclassified: bool = False

    @property
    def is_counted(self) -> bool:
        """Is there a rate that it is part of?"""
        return self.caller.counts_for_rate or self.caller.error_code is not None


class CountedCall(NamedTuple):
    """So many calls of one API by one caller in one minute since the epoch."""

    api: Api
    minute: int
    caller: Caller
    calls: int = 1


def call_of(values: Sequence[object]) -> Call | None:
    """The call that a record with these values at CALL_PATHS stands for; None for a record of anything else."""
    (source, name, region, recipient, owner, error, read_only, management, category, kind, arn, invoked_by, agent) = (
        values
    )
    if type(source) is not str or type(name) is not str or not source or not name:
        return None
    if kind != "AwsApiCall" and kind is not None:
        return None
    if category is None:
        category = "Data" if management is False else "Management"
    if category not in ("Management", "Data"):
        return None
    is_data = category == "Data"
    reads = _READS.get(read_only) if isinstance(read_only, str | bool) else None
    account = recipient if type(recipient) is str and recipient else owner
    api = Api(_text(account), _text(region), _text(source), _text(name), "Data" if is_data else "Management")
    caller = _NOBODY
    code = _text(error) or None
    if code is not None or is_data or reads is False:  # most calls read, and nobody asks who made them
        caller = Caller(caller_name(arn, invoked_by), _text(agent) or NOTHING, code, is_data or reads is False)
    return Call(api, caller, is_unclassified=not is_data and reads is None)


_NOBODY = Caller(None, None, None, counts_for_rate=False)


_READS: dict[str | bool, bool] = {True: True, False: False, "true": True, "false": False}


def call_of_record(record: Mapping[str, Any]) -> Call | None:
    """The same for a decoded record."""
    return call_of([_at(record, path) for path in CALL_PATHS])


def caller_name(arn: object, invoked_by: object) -> str:
    """The name of a caller in attributions: its ARN, that of a role without the session, or the AWS service.

    >>> caller_name("arn:aws:sts::111122223333:assumed-role/Admin/alice", None)
    'arn:aws:sts::111122223333:assumed-role/Admin'
    """
    text = _text(arn)
    if _ROLE_SESSION in text:
        return "/".join(text.split("/", 2)[:2])
    return text or _text(invoked_by) or NOTHING


def _text(value: object) -> str:
    if type(value) is not str:
        return ""
    if len(value) <= _LONGEST and value.isascii():
        return value
    return printable(value if len(value) <= _LONGEST else value[:_LONGEST] + "…")


def _at(record: Mapping[str, Any], path: Sequence[str]) -> object:
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
