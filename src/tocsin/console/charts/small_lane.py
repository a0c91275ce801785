"""The lane of an alarm in a list, in as few bytes as go. Spec: CON-5.5, CON-10.1.

Rule: it shows what a lane of its own shows. All times of a kind are the dashes of one line, in 250ths of its length,
which are half a px; a time in ALARM has at least 3 px in the narrowest lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.console.charts.svg import element, group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup

    from tocsin.console.charts.slot import StateSpan
    from tocsin.console.charts.state_band import Span
    from tocsin.console.charts.time_axis import Window

_LENGTH: Final = 250

# Of the length: 3 px of 112.
_SHORTEST_ALARM: Final = 7


def small_lane(
    window: Window,
    states: Sequence[StateSpan],
    *,
    muted: Iterable[Span] = (),
    flapping: Sequence[Span] = (),
    label: str = "",
) -> Markup:
    """The lane of one alarm, as `state_lane` tells it: `flapping` are hatched over ALARM.

    The style sheet makes it as wide as its cell and 12 px high. `label` says it in words; empty for nothing to say.
    """
    alarms = [(one.start, one.end) for one in states if one.state == "ALARM"]
    silent = [(one.start, one.end) for one in states if one.state == "INSUFFICIENT_DATA"]
    lines = [
        _line("lN", _dashes(window, silent)),
        _line("lA", _dashes(window, [*alarms, *flapping], shortest=_SHORTEST_ALARM)),
        _line("lH", _dashes(window, [*muted, *flapping])),
    ]
    drawn = group(line for line in lines if line is not None)
    if not label:
        return element("svg", drawn, class_="mini", aria_hidden="true")
    return element("svg", drawn, class_="mini", role="img", aria_label=label)


def _line(class_: str, dashes: list[int]) -> Markup | None:
    """A line with dashes; `dashes` are lengths of pauses and dashes in turn, pauses first."""
    if not dashes:
        return None
    # A dash of no length before the first pause; the last pause keeps it from beginning anew.
    rest = _LENGTH - sum(dashes)
    array = " ".join(map(str, (0, *dashes, *([rest] if rest else []))))
    return element("line", class_=class_, x2="100%", pathLength=_LENGTH, stroke_dasharray=array)


def _dashes(window: Window, spans: Iterable[Span], *, shortest: int = 1) -> list[int]:
    """Times as pauses and dashes; what would touch is one dash."""
    joined: list[list[int]] = []
    for start, end in sorted(seen for span in spans if (seen := window.clip(*span)) is not None):
        left, right = round(window.share(start) * _LENGTH), round(window.share(end) * _LENGTH)
        left = min(left, _LENGTH - shortest)
        right = max(right, left + shortest)
        if joined and left <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], right)
        else:
            joined.append([left, right])
    at, found = 0, []
    for left, right in joined:
        found += [left - at, right - left]
        at = right
    return found
