"""How many slots an alarm looks at. Rule: this one function says it, for every part of the program.

Spec: AL-6.5.
"""

from __future__ import annotations

_AT_LEAST = 2
_MINUTE = 60


def evaluation_range(n: int, period: int, extra: int | None = None, *, wall_clock: bool = False) -> int:
    """R, the number of slots that an alarm with N = `n` and that period (seconds) looks at.

    `extra` is the setting `alarm.evaluation_range`: the slots beyond N, in place of the default
    max(2, ceil(60 / period)), which is our choice and fits what is known. Under a WallClockWindow
    R is N.

    >>> evaluation_range(3, 300), evaluation_range(3, 10), evaluation_range(1, 86_400, 0)
    (5, 9, 1)
    """
    if wall_clock:
        return n
    return n + (max(_AT_LEAST, -(-_MINUTE // period)) if extra is None else extra)
