"""Breaches that nobody was told of, because the data came after their slots had left the range. Spec: AL-18.5.

Rule: the state stays as it is, as on AWS; somebody is told all the same, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LATE: Final = "tocsin:late"
RULE: Final = "tocsin:rule"
"""Keys of tags: whether a breach rings that came late, and the rule that an alarm was made from."""

RING, OFF = "ring", "off"

MOST_LATE: Final = 86_400
"""Seconds after which data are no news any more: whoever reads an old archive wants to ring nobody."""


class Stretch(NamedTuple):
    """A time in ALARM, in seconds since the epoch: from its first instant up to the one at which it is over."""

    start: int
    end: int


def rings_late(tags: Mapping[str, str]) -> bool:
    """Whether an alarm with these tags tells of late breaches: where it says so, else where a rule made it."""
    asked = tags.get(LATE)
    return asked == RING if asked is not None else RULE in tags


def late_problem(value: str) -> str:
    """What is wrong with the value of the tag; empty when nothing is."""
    return "" if value in {RING, OFF} else f"{LATE} takes {RING} or {OFF}"


def stretches_in_alarm(changes: Iterable[tuple[int, StateValue]], *, until: int) -> list[Stretch]:
    """The times in ALARM of changes (second, new state) that are given by time; the last one lasts up to `until`."""
    found: list[Stretch] = []
    since: int | None = None
    for second, value in changes:
        if value is StateValue.ALARM:
            since = second if since is None else since
        elif since is not None:
            found.append(Stretch(since, second))
            since = None
    if since is not None:
        found.append(Stretch(since, max(until, since + 1)))
    return found


def untold(would_be: Iterable[Stretch], known: Sequence[Stretch]) -> list[Stretch]:
    """Of the times that an alarm would have been in ALARM those of which nobody has heard anything.

    `known` are those that it was in ALARM, and those that were told of as late: whoever was told of a part of a
    stretch was told of it.
    """
    return [one for one in would_be if not any(one.start < other.end and other.start < one.end for other in known)]
