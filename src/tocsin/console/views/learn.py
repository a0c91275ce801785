"""What there is to know, with this installation's own numbers: types of events, states of alarms, prices.

Spec: CON-4.10 (Learn), CT-1.1, AL-7, prices.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tocsin.app import explain
from tocsin.app.alarm_board import AlarmBoards
from tocsin.app.alarm_counts import count_alarms
from tocsin.app.alarm_record import METRIC_ALARMS, metric_alarm_of
from tocsin.app.alarm_states import alarm_states
from tocsin.app.installation_usage import (
    alarms_in_use,
    events_by_type,
    mails_this_month,
    metrics_in_use,
    month_begin,
)
from tocsin.app.price_words import dollars, marginal_words, price_text
from tocsin.app.trail_reading import list_trail_lines
from tocsin.console.answer import NoSuchPageError, Page
from tocsin.console.charts import state_lane
from tocsin.console.charts.slot import StateSpan
from tocsin.console.charts.time_axis import Window
from tocsin.console.route import page
from tocsin.core.event_count import NO_RECORD, OTHER
from tocsin.core.trail.selected_category import taken_of
from tocsin.core.trail.selector import DEFAULT_SELECTORS, read_selectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.alarm_states import Life
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.trail.definition import Trail

# The row of the table of prices for a type of event.
_PRICES: Final = {
    "Management": ("ct-mgmt-first", "ct-mgmt-more"),
    "Data": ("ct-data",),
    "Insight": ("ct-insights-mgmt", "ct-insights-data"),
    "NetworkActivity": ("ct-network",),
}
_ALARM_CHOICES: Final = 200


def event_types_page(visit: Visit) -> Answer:
    """The types, what came of each this month, which trail takes them, and what is missed without."""
    table = explain.event_types()
    usage = events_by_type(visit.service, visit.scopes)
    trails = [line.trail for line in list_trail_lines(visit.service, visit.scope)]
    prices = explain.prices()
    rows = [
        {
            "type": one,
            "usage": usage.get(one.category),
            "trails": [(trail.name, _taken(trail, one.category)) for trail in trails],
            "prices": [(row.item, price_text(row)) for row in map(prices.row, _PRICES.get(one.category, ()))],
        }
        for one in table.types
    ]
    context = {
        "rows": rows,
        "notes": table.notes,
        "since": month_begin(visit.at),
        "plain": usage.get(NO_RECORD),
        "other": usage.get(OTHER),
        "as_of": prices.as_of,
        "has_trails": bool(trails),
    }
    return Page("event_types.html", "Event types", context)


def _taken(trail: Trail, category: str) -> str:
    """How much of a type a trail takes: `all`, `some`, `none`, or that it is `stopped`."""
    if not trail.is_logging:
        return "stopped"
    if category == "Insight":
        return "all" if len(trail.insights) > 1 else "some" if trail.insights else "none"
    given = trail.event_selectors
    return taken_of(read_selectors(given) if given else DEFAULT_SELECTORS, category)


# ---------------------------------------------------------------- states


def alarm_states_page(visit: Visit) -> Answer:
    """The three states, how many alarms are in each, the tables of the decision, and the life of one alarm."""
    with visit.service.store.read() as store:
        lines = visit.service.part(AlarmBoards).all_of(store, visit.scopes, now=visit.service.now_ms())
        names = [name for name, _ in METRIC_ALARMS.scan(store, visit.scope, limit=_ALARM_CHOICES)]
        chosen = _chosen(visit, store)
    told = alarm_states(chosen)
    counts = count_alarms(lines)
    context = {
        "told": told,
        "counts": {"ALARM": counts.alarm, "OK": counts.ok, "INSUFFICIENT_DATA": counts.insufficient_data},
        "never": counts.never_had_data,
        "names": names,
        "alarm": chosen,
        "treatment": next(one.name for one in told.example.treatments if one.is_its_own),
        "lane": _lane(told.example),
    }
    return Page("alarm_states.html", "Alarm states", context)


def _chosen(visit: Visit, store: Any) -> MetricAlarm | None:
    name = visit.query("alarm")
    if not name:
        return None
    kept = METRIC_ALARMS.get(store, visit.scope, name)
    if kept is None:
        raise NoSuchPageError("There is no metric alarm of that name here")
    return metric_alarm_of(kept)


def _lane(life: Life) -> Any:
    """The life as a picture: how long it is in which state, one step to the next."""
    at = [_seconds(step.at) for step in life.steps]
    ends = [*at[1:], at[-1] + max(60, (at[-1] - at[0]) // 6)]
    window = Window(at[0], ends[-1])
    spans = [StateSpan(start, end, step.state) for step, start, end in zip(life.steps, at, ends, strict=True)]
    return state_lane(window, spans)


def _seconds(text: str) -> int:
    """Seconds of a moment in a life: a time of day, days later with `+1 d`."""
    clock, _, later = text.partition("+")
    hours, minutes, *rest = (int(part) for part in clock.strip().split(":"))
    days = int(later.split()[0]) if later else 0
    return days * 86_400 + hours * 3_600 + minutes * 60 + sum(rest)


# ---------------------------------------------------------------- prices


def prices_page(visit: Visit) -> Answer:
    """What the same would cost on AWS: what is free and how much of it is used, and the table with its sources."""
    table = explain.prices()
    account = visit.scope.account
    alarms = alarms_in_use(visit.service, account)
    scopes = [scope for scope in visit.known_scopes if scope.account == account] or list(visit.scopes)
    mails = mails_this_month(visit.service, scopes)
    standard, composite = (table.row(name).price for name in ("cw-alarm-standard", "cw-alarm-composite"))
    free = table.free("free-alarms").quantity
    context = {
        "table": table,
        "is_old": table.is_old(visit.at.date()),
        "services": _by_service(table.rows),
        "used": _used(visit, alarms.standard, mails.delivered, account),
        "mails_all": mails.is_all,
        "alarms": alarms,
        "marginal": marginal_words(table, "free-alarms", "cw-alarm-standard"),
        "alarm_cost": None if standard is None else dollars(standard * max(0, alarms.standard - free)),
        "composite_cost": None if composite is None else dollars(composite * alarms.composite),
        "unsure": sum(row.is_unsure for row in table.rows),
        "as_of": datetime(table.as_of.year, table.as_of.month, table.as_of.day, tzinfo=UTC),
        "price_text": price_text,
        "account": account,
    }
    return Page("prices.html", "Prices", context)


def _used(visit: Visit, alarms: int, mails: int, account: str) -> list[tuple[Any, int | None]]:
    """Each free part of the table with what is used of it; None where it is not counted here."""
    counted = {
        "free-alarms": alarms,
        "free-email": mails,
        "free-metrics": metrics_in_use(visit.service, account),
    }
    return [(part, counted.get(part.id)) for part in explain.prices().free_tier]


def _by_service(rows: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    names = dict.fromkeys(row.service for row in rows)
    return [(name, [row for row in rows if row.service == name]) for name in names]


ROUTES = (
    page("learn/event-types", event_types_page),
    page("learn/alarm-states", alarm_states_page),
    page("learn/prices", prices_page),
)
