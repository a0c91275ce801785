"""Schedule expressions of mute rules: `cron(…)` of five fields, and `at(…)`. Spec: AL-14.1, AL-14.4.

Rule: an expression speaks of a wall clock; which instants its minutes are is told by a time zone, which
`mute_rule.py` brings. What can never come is refused.

    field     values                   in cron(minute hour day month weekday)
    minute    0-59
    hour      0-23
    day       1-31
    month     1-12 or JAN-DEC
    weekday   0-7 or SUN-SAT           0 and 7 are Sunday

A field is `*`, or a list with `,` of values and of ranges with `-`. Our choices, where AWS's page is
silent: when day and weekday are both given, one of them is enough, as in every cron; names may be
in any case; a range goes upwards, and `*` stands alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from tocsin.caret import draw_caret
from tocsin.core.nearest import did_you_mean
from tocsin.core.wording import quote
from tocsin.errors import InputError

_LONGEST = 256

_CRON = re.compile(r"cron\((.*)\)\Z", re.DOTALL)
_AT = re.compile(r"at\((.*)\)\Z", re.DOTALL)
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})\Z")
_PART = re.compile(r"([0-9]{1,2}|[A-Za-z]{3})(?:-([0-9]{1,2}|[A-Za-z]{3}))?\Z")
_WORD = re.compile(r"[^ \t]+")

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SUNDAY = 7

_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000  # a window that starts there still ends within the calendar


class MuteRuleError(InputError):
    """A mute rule that is refused.

    `parameter` says what the message is about, as a path of parameter names
    (`Rule.Schedule.Duration`). For a schedule expression `source` is its text and `position` a
    0-based offset, in code points, into it; `str()` then draws the caret.
    """

    code = "mute-rule"

    def __init__(
        self,
        message: str,
        *,
        parameter: str = "Rule.Schedule.Expression",
        source: str = "",
        position: int = 0,
        aws_code: str = "ValidationError",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.parameter = parameter
        self.source = source
        self.position = position
        self.aws_code = aws_code

    def __str__(self) -> str:
        if not self.source:
            return super().__str__()
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.message}\n{draw_caret(self.source, self.position)}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        rest = {name: getattr(self, name) for name in ("parameter", "source", "position", "aws_code", "hint")}
        return (_mute_rule_error, (self.message, rest))


def _mute_rule_error(message: str, rest: dict[str, Any]) -> MuteRuleError:
    """Rebuild a `MuteRuleError` on the other side of a process boundary."""
    return MuteRuleError(message, **rest)


class Cron(msgspec.Struct, frozen=True, kw_only=True):
    """A recurring schedule: what each field allows.

    `days` and `weekdays` are None for `*`. `minutes_of_day` are the minutes since midnight at which a
    window starts on a day that fits, ascending. Weekdays count from Sunday, which is 0.
    """

    source: str
    minutes_of_day: tuple[int, ...]
    months: frozenset[int]
    days: frozenset[int] | None
    weekdays: frozenset[int] | None

    def has_day(self, year: int, month: int, day: int) -> bool:
        """Whether windows start on that day of the calendar, which must exist."""
        if month not in self.months:
            return False
        if self.weekdays is None:
            return self.days is None or day in self.days
        fits = datetime(year, month, day).isoweekday() % _SUNDAY in self.weekdays  # noqa: DTZ001 - a wall clock
        return fits or (self.days is not None and day in self.days)


class OneTime(msgspec.Struct, frozen=True, kw_only=True):
    """`at(…)`: a window that starts once, at the minute `moment` of the wall clock (naive)."""

    source: str
    moment: datetime


class _Field(msgspec.Struct, frozen=True):
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    first_name: int = 0


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("weekday", 0, 7, _WEEKDAYS, 0),
)


def parse_schedule(source: str) -> Cron | OneTime:
    """Read a schedule expression. Raises MuteRuleError, and nothing else, with the place and the remedy."""
    if len(source) > _LONGEST:
        raise MuteRuleError(
            f"a schedule expression has at most {_LONGEST} characters",
            source=source,
            position=_LONGEST,
            hint="use several mute rules",
        )
    if (found := _CRON.match(source)) is not None:
        return _parse_cron(source, found.start(1), found.end(1))
    if (found := _AT.match(source)) is not None:
        return OneTime(source=source, moment=_parse_moment(source, found[1], found.start(1)))
    raise MuteRuleError(
        f"{quote(source)} is no schedule expression",
        source=source,
        position=0,
        hint="write cron(0 2 * * *) for every night at two, or at(2026-12-24T18:00) for once",
    )


# ---------------------------------------------------------------- at(…)


def _parse_moment(source: str, text: str, position: int) -> datetime:
    found = _MOMENT.match(text)
    if found is not None and _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
        try:
            return datetime(*map(int, found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 - a wall clock
        except ValueError:
            pass
    raise MuteRuleError(
        f"{quote(text)} is no minute of the years {_FIRST_YEAR} to {_LAST_YEAR}",
        source=source,
        position=position,
        hint="write yyyy-MM-ddThh:mm, for example at(2026-12-24T18:00), without a time zone",
    )


# ---------------------------------------------------------------- cron(…)


def _parse_cron(source: str, start: int, end: int) -> Cron:
    words = [(found[0], found.start()) for found in _WORD.finditer(source, start, end)]
    if len(words) != len(_FIELDS):
        at = words[len(_FIELDS)][1] if len(words) > len(_FIELDS) else end
        raise MuteRuleError(
            f"cron() has five fields, not {len(words)}",
            source=source,
            position=at,
            hint="write minute, hour, day of the month, month and weekday: cron(0 2 * * SUN)",
        )
    minutes, hours, days, months, weekdays = (
        _parse_field(source, text, at, field) for (text, at), field in zip(words, _FIELDS, strict=True)
    )
    all_months = frozenset(range(1, 13)) if months is None else months
    if days is not None and weekdays is None:
        longest = max(_LONGEST_MONTHS[month - 1] for month in all_months)
        if min(days) > longest:
            raise MuteRuleError(
                f"no month of {quote(words[3][0])} has a day {words[2][0]}, so the schedule never comes",
                source=source,
                position=words[2][1],
                hint=f"the longest of these months has {longest} days; choose a day that comes",
            )
    return Cron(
        source=source,
        minutes_of_day=tuple(
            hour * 60 + minute
            for hour in (range(24) if hours is None else sorted(hours))
            for minute in (range(60) if minutes is None else sorted(minutes))
        ),
        months=all_months,
        days=days,
        weekdays=None if weekdays is None else frozenset(day % _SUNDAY for day in weekdays),
    )


def _parse_field(source: str, text: str, position: int, field: _Field) -> frozenset[int] | None:
    """The values of a field; None for `*`."""
    if text == "*":
        return None
    values: set[int] = set()
    at = position
    for part in text.split(","):
        found = _PART.match(part)
        if found is None:
            hint = "* stands alone in its field" if "*" in part else _field_hint(field)
            raise MuteRuleError(f"{quote(part)} is no {field.name} of cron()", source=source, position=at, hint=hint)
        first = _parse_value(source, found[1], at, field)
        last = first if found[2] is None else _parse_value(source, found[2], at + len(found[1]) + 1, field)
        if last < first and found[2].upper() == "SUN":
            last = _SUNDAY  # the end of the week, as in FRI-SUN
        if last < first:
            raise MuteRuleError(
                f"the range {quote(part)} goes backwards",
                source=source,
                position=at,
                hint=f"write it as two: {found[1]}-{field.highest},{field.lowest}-{found[2]}"
                if found[1].isdigit() and found[2].isdigit()
                else "write the values one by one, with commas",
            )
        values.update(range(first, last + 1))
        at += len(part) + 1
    return frozenset(values)


def _parse_value(source: str, text: str, position: int, field: _Field) -> int:
    if text.isdigit():
        value = int(text)
        if field.lowest <= value <= field.highest:
            return value
    elif text.upper() in field.names:
        return field.names.index(text.upper()) + field.first_name
    raise MuteRuleError(
        f"{quote(text)} is no {field.name} of cron()",
        source=source,
        position=position,
        hint=did_you_mean(text, field.names) or _field_hint(field),
    )


def _field_hint(field: _Field) -> str:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return f"a {field.name} is {field.lowest} to {field.highest}{names}, a list such as 1,3 or a range such as 1-5"
