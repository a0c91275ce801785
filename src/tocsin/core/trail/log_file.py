"""What is in a log file of a trail, and the same records as log events. Spec: CT-11.2, CT-12, CT-2.5.

Rule: records are passed on as they came, byte for byte; the same records give the same file.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.event_time import format_time, parse_event_time
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LOGGED: Final = 262_144
"""Bytes of a record that goes to a log group; a larger one is in the log file alone (CT-2.5)."""

_LOG_GROUP: Final = re.compile(r"arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):log-group:([^:*]+)(?::\*)?")


class LogFileContent(NamedTuple):
    """A log file before it is packed: its bytes, their hash, and the times of its records as digests tell them."""

    content: bytes
    sha256: str
    newest_event_time: str | None
    oldest_event_time: str | None


class LoggedRecords(NamedTuple):
    """Records as log events in the order of their times, in milliseconds; `oversize` were too large for that."""

    events: list[tuple[int, str]]
    oversize: int


class _Times(msgspec.Struct, frozen=True):
    event_time: object = msgspec.field(default=None, name="eventTime")


_decode: Final = msgspec.json.Decoder(_Times).decode


def event_second(record: bytes) -> int | None:
    """When a record says that it happened, in seconds; None where it does not say so."""
    try:
        text = _decode(record).event_time
    except msgspec.DecodeError:
        return None
    return parse_event_time(text) if isinstance(text, str) else None


def log_file_content(records: Sequence[bytes]) -> LogFileContent:
    """The log file of these records."""
    content = b'{"Records":[' + b",".join(records) + b"]}"
    seconds = [second for one in records if (second := event_second(one)) is not None]
    return LogFileContent(
        content,
        hashlib.sha256(content).hexdigest(),
        format_time(max(seconds)) if seconds else None,
        format_time(min(seconds)) if seconds else None,
    )


def logged_records(records: Sequence[bytes], *, delivered_at: int, by_delivery: bool) -> LoggedRecords:
    """The log events of these records, dated by their eventTime, or all by when they are delivered (CT-12.3).

    What names no time is dated by its delivery too. Equal times stay in the order in which they came.
    """
    events: list[tuple[int, str]] = []
    for record in records:
        if len(record) > MOST_LOGGED:
            continue
        second = None if by_delivery else event_second(record)
        events.append((delivered_at if second is None else second * 1000, record.decode("utf-8", "replace")))
    events.sort(key=_time_of)
    return LoggedRecords(events, len(records) - len(events))


def _time_of(event: tuple[int, str]) -> int:
    return event[0]


def log_stream_name(scope: Scope, *, organization: str = "") -> str:
    """The stream for records of an account and a region, which are the records' own (CT-12.2, CT-9.4).

    >>> log_stream_name(Scope("111122223333", "eu-west-1"))
    '111122223333_CloudTrail_eu-west-1'
    >>> log_stream_name(Scope("111122223333", "eu-west-1"), organization="o-abc1234567")
    'o-abc1234567_111122223333_CloudTrail_eu-west-1'
    """
    return "_".join(part for part in (organization, scope.account, "CloudTrail", scope.region) if part)


def log_group_of(arn: str) -> tuple[Scope, str] | None:
    """The scope and the name of the log group that an ARN names; None for what names none.

    >>> log_group_of("arn:aws:logs:us-east-1:111122223333:log-group:CloudTrail/logs:*")
    (Scope(account='111122223333', region='us-east-1'), 'CloudTrail/logs')
    """
    found = _LOG_GROUP.fullmatch(arn)
    return None if found is None else (Scope(found[2], found[1]), found[3])
