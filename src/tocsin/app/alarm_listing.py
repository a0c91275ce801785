"""Alarms in a list: chosen, sorted, a page at a time. Spec: CON-4.3.

Rule: a page begins behind a place in the order, never behind a number of rows, so it neither repeats nor leaves out an
alarm that did not move. A list that a filter has emptied says which filter to drop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.alarm_severity import severity_rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tocsin.app.alarm_board import AlarmLine

PAGE: Final = 100
"""Alarms on a page."""

MUTED, ACTIONS_OFF, NEVER_HAD_DATA, RANG = "muted", "actions-off", "never-had-data", "rang"
STATES: Final = (*StateValue, MUTED, ACTIONS_OFF, NEVER_HAD_DATA, RANG)
"""What may be asked for as a state: AWS's own, and what is said of alarms besides."""

NO_SEVERITY: Final = "none"
"""In place of a severity: of alarms that have none."""

_Place = tuple[int, str, str]


class AlarmFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; empty texts ask for nothing.

    `topic` is the name of a topic that ALARM is published to, `find` words of which each is in the name, the
    description or a metric's name. `is_unheard` asks for those that reach nobody.
    """

    state: str = ""
    severity: str = ""
    pack: str = ""
    topic: str = ""
    is_unheard: bool = False
    find: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of what is asked for."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name))

    def without(self, name: str) -> AlarmFilter:
        """The same without one of them."""
        return msgspec.structs.replace(self, **{name: False if name == "is_unheard" else ""})

    def takes(self, line: AlarmLine, rang: Callable[[AlarmLine], bool]) -> bool:
        """Whether an alarm is asked for; `rang` tells of one whether it was in ALARM in the last day."""
        return (
            _is_in(line, self.state, rang)
            and self.severity in ("", line.severity or NO_SEVERITY)
            and self.pack in ("", line.pack)
            and (not self.topic or any(arn.endswith(f":{self.topic}") for arn in line.reach.topics))
            and (not self.is_unheard or bool(line.unheard))
            and _holds(line, self.find)
        )


def _is_in(line: AlarmLine, state: str, rang: Callable[[AlarmLine], bool]) -> bool:
    match state:
        case "":
            return True
        case "muted":
            return line.muted_until is not None
        case "actions-off":
            return line.has_actions_off
        case "never-had-data":
            return line.never_had_data
        case "rang":
            return rang(line)
        case _:
            return line.state == state


def _holds(line: AlarmLine, find: str) -> bool:
    words = find.casefold().split()
    if not words:
        return True
    metrics = () if line.is_composite else (key.metric_name for key in line.alarm.keys)  # type: ignore[union-attr]
    text = "\n".join((line.name, line.alarm.alarm_description or "", *metrics)).casefold()
    return all(word in text for word in words)


class Sorting(NamedTuple):
    """An order: its name, and the number that comes before an alarm's name."""

    name: str
    rank: Callable[[AlarmLine], int]


SORTINGS: Final = (
    Sorting("state", lambda line: line.urgency[0] * 10 + line.urgency[1] + 4),
    Sorting("severity", lambda line: -severity_rank(line.severity)),
    Sorting("name", lambda _: 0),
    Sorting("since", lambda line: -millisecond_of(line.since)),
)
"""Orders that an alarm tells by itself. The fifth, `rang`, is by the time in ALARM, the longest first."""


class AlarmPage(NamedTuple):
    """A page of a list: its alarms, how many there are in all, and the place behind which the next page begins.

    `drop` tells, of a list that is empty, each filter without which it would not be, and how many alarms that gives.
    """

    lines: Sequence[AlarmLine]
    total: int
    after: str = ""
    drop: Sequence[tuple[str, int]] = ()


def list_alarms(
    lines: Sequence[AlarmLine],
    asked: AlarmFilter,
    *,
    rank: Callable[[AlarmLine], int],
    rang: Callable[[AlarmLine], bool],
    after: str = "",
    limit: int = PAGE,
) -> AlarmPage:
    """The alarms that are asked for, by `rank` and name, behind the place `after` that another page has given."""
    found = sorted((_place(line, rank), line) for line in lines if asked.takes(line, rang))
    if not found:
        return AlarmPage((), 0, drop=tuple(_drops(lines, asked, rang)))
    begin = _read_place(after)
    behind = found if begin is None else [pair for pair in found if pair[0] > begin]
    page = behind[:limit]
    more = _write_place(page[-1][0]) if len(behind) > limit else ""
    return AlarmPage([line for _, line in page], len(found), more)


def _drops(
    lines: Sequence[AlarmLine], asked: AlarmFilter, rang: Callable[[AlarmLine], bool]
) -> Iterable[tuple[str, int]]:
    for name in asked.asked:
        others = asked.without(name)
        count = sum(others.takes(line, rang) for line in lines)
        if count:
            yield name, count


def _place(line: AlarmLine, rank: Callable[[AlarmLine], int]) -> _Place:
    return rank(line), line.name, f"{line.scope.account}/{line.scope.region}"


def _write_place(place: _Place) -> str:
    rank, name, scope = place
    return f"{rank}:{scope}:{name}"


def _read_place(text: str) -> _Place | None:
    """The place of a text that `_write_place` wrote; None for any other."""
    rank, _, rest = text.partition(":")
    scope, mark, name = rest.partition(":")
    number = rank.removeprefix("-")
    if not mark or not (number.isascii() and number.isdigit()) or len(number) > 20:
        return None
    return int(rank), name, scope
