"""The overview: what rings, who knows, what needs a hand, and the chain from the event to the person. Spec: CON-4.2.

Rule: everything on it is in memory, a look-up by key, or a sum; nothing grows with the events that are kept. Each part
is made by one function, for the page and for the part fetched alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tocsin.app.alarm_board import AlarmBoards
from tocsin.app.alarm_counts import count_alarms
from tocsin.app.alarm_lane import AlarmWindow
from tocsin.app.attention import MatterKind, matters
from tocsin.app.first_steps import first_steps, step_calls
from tocsin.app.people import Audiences, last_told
from tocsin.app.ringing import ringing_now
from tocsin.app.standing_complaint import StandingComplaints
from tocsin.app.watch_chain import WatchChains
from tocsin.console.answer import Fragment, Page
from tocsin.console.charts import Window, event_lane, lane_axis, legend_item
from tocsin.console.lane_drawing import lane_drawing
from tocsin.console.moment import from_epoch
from tocsin.console.route import fragment, page
from tocsin.core.event_count import by_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.alarm_counts import AlarmCounts
    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer, Context
    from tocsin.console.visit import Visit
    from tocsin.core.scope import Scope

_PEOPLE: Final = 5

# Times in ALARM that are drawn apart: in all lanes together, and in one lane at the least and at the most.
_MARKS: Final = 90
_FEWEST_MARKS, _MOST_MARKS = 3, 16

# The window ends with the next half hour, so that it stands still for a while.
_GRAIN: Final = 1_800
_DAY: Final = 86_400


class _Sight:
    """One moment of the store, as a visit sees it. What several parts need is worked out once."""

    def __init__(self, visit: Visit, store: StoreReader, now: int, lines: Sequence[AlarmLine]) -> None:
        self.visit = visit
        self.store = store
        self.now = now
        self.lines = lines

    @property
    def scopes(self) -> Sequence[Scope]:
        return self.visit.scopes

    @property
    def board_version(self) -> str:
        return self.visit.service.part(AlarmBoards).version(self.store, now=self.now)

    @cached_property
    def window(self) -> Window:
        """What is drawn, in seconds."""
        end = (self.now // 1000 // _GRAIN + 1) * _GRAIN
        return Window(end - _DAY, end)

    @cached_property
    def day(self) -> AlarmWindow:
        """The alarms in it."""
        start = self.window.start * 1000
        return AlarmWindow(self.visit.service, self.store, self.scopes, start=start, end=self.now)

    @cached_property
    def rang(self) -> list[AlarmLine]:
        """Those that were in ALARM in it."""
        return [line for line in self.lines if self.day.rang(line)]

    @cached_property
    def counts(self) -> AlarmCounts:
        """How many alarms there are of each kind."""
        return count_alarms(self.lines)


@contextmanager
def _looking(visit: Visit) -> Iterator[_Sight]:
    now = int(visit.at.timestamp() * 1000)
    with visit.service.store.read() as store:
        yield _Sight(visit, store, now, visit.service.part(AlarmBoards).all_of(store, visit.scopes, now=now))


def overview(visit: Visit) -> Answer:
    """The page."""
    with _looking(visit) as sight:
        context: dict[str, Any] = {}
        for part in _PARTS.values():
            context |= part(sight)
    ringing = context["ringing"].total
    return Page("overview.html", f"{ringing:,} ringing" if ringing else "Overview", context)


# ---------------------------------------------------------------- the parts


def _heading(sight: _Sight) -> dict[str, Any]:
    return {"counts": sight.counts}


def _counts(sight: _Sight) -> dict[str, Any]:
    boards = sight.visit.service.part(AlarmBoards)
    return {
        "counts": sight.counts,
        "mutes": sum(boards.of(sight.store, scope, now=sight.now).active_mutes for scope in sight.scopes),
        "rang": sum(not line.is_ringing for line in sight.rang),
    }


def _ringing(sight: _Sight) -> dict[str, Any]:
    return {"ringing": ringing_now(sight.visit.service, sight.store, sight.lines), "total": len(sight.lines)}


def _timeline(sight: _Sight) -> dict[str, Any]:
    window, day = sight.window, sight.day.day(sight.rang)
    most = max(_FEWEST_MARKS, min(_MOST_MARKS, _MARKS // max(1, len(day.lanes))))
    lanes = [
        {"lane": lane, "drawing": lane_drawing(window, lane, most=most), "in_alarm": lane.in_alarm / 1000}
        for lane in day.lanes
    ]
    zone = sight.visit.clock.zone
    return {"lanes": lanes, "rang_in_day": day.rang, "total": len(sight.lines), "axis": lane_axis(window, zone)}


def _events(sight: _Sight) -> dict[str, Any]:
    """Events a minute; the minute that has only begun is drawn and not told as the rate."""
    window, minute = sight.window, sight.now // 60_000
    start = window.start // 60
    counts: dict[int, int] = {}
    for scope in sight.scopes:
        found = by_minute(sight.store.event_counts.minutes(scope, start=start, end=minute + 1))
        counts = {one: counts.get(one, 0) + found.get(one, 0) for one in {*counts, *found}}
    points = [(one * 60, float(counts.get(one, 0))) for one in range(start, minute + 1)]
    zone = sight.visit.clock.zone
    lane = event_lane(window, points, width=60, now=sight.now // 1000, zone=zone)
    return {
        "events": lane,
        "event_rate": counts.get(minute - 1, 0),
        "event_peak": max(counts.values(), default=0),
        "axis": lane_axis(window, zone),
        "legend": [legend_item(mark, words) for mark, words in _LEGEND],
    }


_LEGEND: Final = (
    ("ALARM", "ALARM"),
    ("INSUFFICIENT_DATA", "INSUFFICIENT_DATA"),
    ("muted", "muted, or flapping over ALARM"),
    ("value", "highest minute in each 10"),
)


def _attention(sight: _Sight) -> dict[str, Any]:
    visit = sight.visit
    health = visit.parts.problems()
    found = matters(visit.service, sight.store, sight.scopes, sight.lines, now=sight.now, health=health)
    return {"matters": found, "MatterKind": MatterKind, "from_epoch": from_epoch}


def _people(sight: _Sight) -> dict[str, Any]:
    audience = sight.visit.service.part(Audiences).of_all(sight.store, sight.scopes, now=sight.now)
    shown = [(one, last_told(sight.store, one)) for one in audience.people[:_PEOPLE]]
    told = [(one, None if at is None else from_epoch(at)) for one, at in shown]
    return {"audience": audience, "people": told}


def _chain(sight: _Sight) -> dict[str, Any]:
    service = sight.visit.service
    chain = service.part(WatchChains).of(sight.store, sight.scopes, sight.lines, now=sight.now)
    steps = first_steps(sight.store, sight.scopes, chain, sight.lines)
    return {
        "chain": chain,
        "steps": steps,
        "steps_done": sum(one.is_done for one in steps),
        "calls": step_calls(service, sight.visit.scope),
        "from_epoch": from_epoch,
        "lag": sight.visit.parts.lag(),
    }


_PARTS: Final[dict[str, Callable[[_Sight], dict[str, Any]]]] = {
    "heading": _heading,
    "counts": _counts,
    "ringing": _ringing,
    "timeline": _timeline,
    "events": _events,
    "attention": _attention,
    "people": _people,
    "chain": _chain,
}


# ---------------------------------------------------------------- each alone


def _alone(name: str, *also: Callable[[_Sight], object]) -> Callable[[Visit], Answer]:
    """The view of one part: it is made anew when an alarm, a definition or the minute has changed, or one of `also`."""

    def view(visit: Visit) -> Answer:
        def version() -> str:
            with _looking(visit) as sight:
                return ".".join([sight.board_version, *(str(one(sight)) for one in also)])

        def context() -> Context:
            with _looking(visit) as sight:
                return _PARTS[name](sight)

        return Fragment(f"overview/_{name}.html", context, version=version, is_shared=True)

    return view


def _deliveries(sight: _Sight) -> str:
    return _as_told(sight, "delivery_attempts", "deliveries_queued")


def _received(sight: _Sight) -> str:
    return _as_told(sight, "events_received")


def _as_told(sight: _Sight, *counters: str) -> str:
    """What another one of these counts is taken for: the signal that told of it.

    While events come, the counts are never the same twice, and each of those who look on would have a part of their
    own; what has come since the last signal, the next one tells. Where nobody is told, a count itself has to do.
    """
    number = sight.visit.parts.last_signal()
    return f"s{number}" if number is not None else str(sight.visit.service.counters.total(*counters))


def _complaints(sight: _Sight) -> str:
    return sight.visit.service.part(StandingComplaints).version(sight.store, now=sight.now)


def _health(sight: _Sight) -> str:
    return "|".join(sight.visit.parts.problems())


def _five_seconds(sight: _Sight) -> int:
    return sight.now // 5_000


ROUTES = (
    page("", overview),
    fragment("overview/heading", _alone("heading")),
    fragment("overview/counts", _alone("counts")),
    fragment("overview/ringing", _alone("ringing", _deliveries)),
    fragment("overview/timeline", _alone("timeline")),
    fragment("overview/events-lane", _alone("events", _received)),
    fragment("overview/attention", _alone("attention", _complaints, _health)),
    fragment("overview/people", _alone("people", _deliveries)),
    fragment("overview/chain", _alone("chain", _five_seconds)),
)
