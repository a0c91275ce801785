"""Periods: which there are, which slots of time they cut, and how long data stay readable at each.

Rule: times are whole seconds since the epoch; a slot holds its start and not its end. Spec: AL-1.5, AL-3,
AL-6.2.
"""

from __future__ import annotations

from tocsin.errors import InputError

MOST_STATISTICS_POINTS = 1440
"""How many points one GetMetricStatistics call may ask for (AL-3.3)."""

MOST_DATA_POINTS = 100_800
"""How many points one GetMetricData call answers with (AL-3.4)."""

_BELOW_A_MINUTE = (1, 5, 10, 20, 30)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

# The finest period at which data of up to that age are readable (AL-3.2).
_RETENTION = ((3 * _HOUR, 1), (15 * _DAY, _MINUTE), (63 * _DAY, 5 * _MINUTE), (455 * _DAY, _HOUR))
_COARSEST = _RETENTION[-1][1]


class ReadError(InputError):
    """A stretch of time that GetMetricStatistics does not read, in AWS's words (AL-3.3)."""

    code = "read"

    def __init__(self, message: str, *, aws_code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.aws_code = aws_code

    def __reduce__(self) -> tuple[object, ...]:
        return (_read_error, (self.message, self.aws_code, self.hint))


def _read_error(message: str, aws_code: str, hint: str) -> ReadError:
    """Rebuild a `ReadError` on the other side of a process boundary."""
    return ReadError(message, aws_code=aws_code, hint=hint)


def is_read_period(period: int) -> bool:
    """Whether data can be read by that many seconds: 1, 5, 10, 20, 30 or a multiple of 60 (AL-3.1)."""
    return period in _BELOW_A_MINUTE or (period > 0 and period % _MINUTE == 0)


def finest_period(age: int) -> int | None:
    """The finest period, in seconds, at which data of that age are readable; None: not any more (AL-3.2)."""
    for oldest, period in _RETENTION:
        if age <= oldest:
            return period
    return None


def oldest_age(period: int) -> int:
    """The greatest age, in seconds, at which data are readable by that period; 0 where they never are (AL-3.2)."""
    return max((oldest for oldest, finest in _RETENTION if finest <= period), default=0)


def round_start(start: int, *, period: int, now: int) -> int:
    """Where a read that asks for `start` begins (AL-3.2).

    It rounds down by age: up to 15 days to the minute, up to 63 days to 5 minutes, beyond to the hour; a read
    with a period below a minute, of data that are there at such a period, to the period.
    """
    by_age = finest_period(now - start) or _COARSEST
    return start - start % max(by_age, min(period, _MINUTE))


def slot_start(second: int, period: int, *, anchor: int = 0) -> int:
    """The start of the slot that `second` lies in, when slots of `period` seconds begin at `anchor`."""
    return second - (second - anchor) % period


def slots_before(at: int, *, period: int, count: int) -> range:
    """The starts of the last `count` slots that end by `at`, oldest first: what an alarm sees at `at` (AL-6.2)."""
    return range(at - count * period, at, period)


def slots_between(start: int, end: int, *, period: int) -> range:
    """The starts of the slots of a read, oldest first, anchored at `start` and not at the clock (AL-3.3)."""
    return range(start, end, period)


def check_read(start: int, end: int, *, period: int, most_points: int = MOST_STATISTICS_POINTS) -> None:
    """`ReadError`, with AWS's text and code, for a read of GetMetricStatistics that is refused (AL-3.1, AL-3.3)."""
    if not is_read_period(period):
        raise ReadError(
            f"The value {period} for parameter Period is invalid.",
            aws_code="InvalidParameterValue",
            hint="a period is 1, 5, 10, 20, 30 or a multiple of 60 seconds",
        )
    if start == end:
        raise ReadError("The parameter StartTime must not equal parameter EndTime.", aws_code="InvalidParameterValue")
    if start > end:
        raise ReadError(
            "The parameter StartTime must be less than the parameter EndTime.", aws_code="InvalidParameterValue"
        )
    points = len(slots_between(start, end, period=period))
    if points > most_points:
        raise ReadError(
            f"You have requested up to {points} datapoints, which exceeds the limit of {most_points}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
            aws_code="InvalidParameterCombination",
        )
