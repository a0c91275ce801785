"""Moments as users write them: `--since 7d`, `--until 2023-07-10T12:15:00Z`. Spec: IF-1."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_AGO = re.compile(r"([0-9]{1,9})\s*([smhdw])\Z", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HINT = (
    "write a date or time in ISO 8601 (2023-07-10, 2023-07-10T11:50:00Z; without a zone it is UTC) "
    "or how long ago (30m, 24h, 7d, 2w)"
)


def parse_moment(text: str, *, option: str, now: datetime) -> int:
    """The moment that `text` names, in seconds since 1970 (UTC).

    ISO 8601, where no zone means UTC; or a number with s, m, h, d or w: so long before `now`.
    A fraction of a second is rounded up: eventTime has whole seconds, and both `since <= eventTime`
    and `eventTime < until` then say the same as with the fraction. Raises `InputError`, which names `option`.
    """
    text = text.strip()
    ago = _AGO.match(text.lower())
    if ago is not None:
        return _whole_seconds(now) - int(ago[1]) * _SECONDS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _whole_seconds(moment)
    except (ValueError, OverflowError) as error:
        msg = f'{option}: "{text}" is no moment in time'
        raise InputError(msg, hint=_HINT) from error


def moment_text(at: int) -> str:
    """Milliseconds since 1970 as people and programs read them: `2026-03-01T12:00:00Z`."""
    return f"{_EPOCH + timedelta(seconds=at // 1000):%Y-%m-%dT%H:%M:%SZ}"


def _whole_seconds(moment: datetime) -> int:
    return -((_EPOCH - moment) // timedelta(seconds=1))


def parse_span(since: str | None, until: str | None, *, now: Callable[[], datetime]) -> tuple[int | None, int | None]:
    """Both ends of a time span, None where one is open. `now` is asked at most once.

    Raises `InputError` when a moment cannot be read or nothing can lie between the two.
    """
    if since is None and until is None:
        return None, None
    at = now()
    start = None if since is None else parse_moment(since, option="--since", now=at)
    end = None if until is None else parse_moment(until, option="--until", now=at)
    if start is not None and end is not None and start >= end:
        msg = f'--since "{since}" is not before --until "{until}": no record can lie between them'
        raise InputError(msg, hint="records with since <= eventTime < until are taken")
    return start, end
