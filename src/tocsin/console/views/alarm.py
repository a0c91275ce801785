"""One alarm: what happened, who did it, from where, is it going on, what else did they do, who knows. Spec: CON-4.4.

alarms/{name}    everything          app.alarm_episode, alarm_incident, actor_activity, alarm_receipt … -> alarm.html
_/alarm/answers  the six answers     again on state, evaluated, delivery; also the slow ones
_/alarm/chart    metric, decisions   console.alarm_chart
_/alarm/history  what became of it   app.alarm_chronicle

Changes are in `alarm_change`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.actor_activity import Activity, activity_of
from tocsin.app.alarm_chain import chain_of
from tocsin.app.alarm_chronicle import chronicle_of
from tocsin.app.alarm_episode import Episode, deciding_record, episode_of
from tocsin.app.alarm_evidence import DecidedSlot, decided_slots
from tocsin.app.alarm_forecast import Forecast, forecast
from tocsin.app.alarm_incident import Incident, incident_of
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_receipt import Hearing, hearing_of
from tocsin.app.alarm_record import (
    ACKNOWLEDGEMENTS,
    COMPOSITES,
    METRIC_ALARMS,
    STANDINGS,
)
from tocsin.app.evaluator import Evaluator
from tocsin.console.alarm_chart import USUAL, WINDOWS, ChartInput, alarm_figure
from tocsin.console.alarm_definition import definition_rows
from tocsin.console.alarm_subject import Subject, name_of, read_subject
from tocsin.console.answer import Fragment, Page
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, fragment, page
from tocsin.console.views.alarm_change import (
    acknowledge_alarm,
    confirm_deletion,
    confirm_state,
    delete_alarm,
    export_alarm,
    form_context,
    mute_alarm,
    restore_alarm,
    send_trial,
    set_alarm_state,
    switch_actions,
    unmute_alarm,
)
from tocsin.core.alarm.decision import Datapoint
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.alarm_condition import condition_text
from tocsin.core.alarm_life import ring_text
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.decision_words import DecisionWords, decision_words, missing_words
from tocsin.core.notification.call import DONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

ENTRIES: Final = 12
"""Items of the history that are shown at once."""

EVENTS: Final = 20
"""Contributing events that are shown; further ones are behind a link."""

_PATIENCE: Final = 0.15
"""Seconds that the page waits for the two slow answers (CON-4.4)."""

_PATIENCE_ALONE: Final = 0.6

_AROUND_MS: Final = 30 * 60_000
"""How far around the events is looked for what else the actor did."""

# ---------------------------------------------------------------- the page


def alarm_page(visit: Visit) -> Answer:
    """The whole page of an alarm."""
    name = name_of(visit)
    with visit.service.store.read() as store:
        subject = read_subject(visit, store, name)
        episode = episode_of(store, visit.scope, name, subject.standing)
        context = {
            "subject": subject,
            "name": name,
            "now": visit.at,
            **_answers(visit, store, subject, episode, patience=_PATIENCE),
            **_why(visit, store, subject),
            **_chart(visit, store, subject),
            **_history(visit, store, name),
            "chain": chain_of(visit.service, store, visit.scope, subject.alarm, now=millisecond_of(visit.at)),
            "chain_title": "Chain of this alarm",
            "definition": definition_rows(visit, store, subject.alarm, tags=subject.tags),
            "condition": condition_text(subject.alarm) if isinstance(subject.alarm, MetricAlarm) else "",
            "children": _children(visit, store, subject),
            "parents": list(visit.service.part(AlarmNetworks).of(store, visit.scope).network.parents(name)),
            "moment_of": from_epoch,
            **form_context(visit, store, subject),
        }
    title = f"{subject.state} {name}"
    return Page("alarm.html", title, context, crumbs=[("Alarms", visit.url("alarms"))], section="alarms")


# ---------------------------------------------------------------- the six answers


def alarm_answers(visit: Visit) -> Answer:
    """The six answers alone, the slow ones among them."""
    name = visit.query("name")

    def context() -> dict[str, Any]:
        with visit.service.store.read() as store:
            subject = read_subject(visit, store, name)
            episode = episode_of(store, visit.scope, name, subject.standing)
            return {
                "subject": subject,
                "name": name,
                "moment_of": from_epoch,
                "children": _children(visit, store, subject),
                **_answers(visit, store, subject, episode, patience=_PATIENCE_ALONE),
            }

    return Fragment("alarm/_answers.html", context)


def _answers(
    visit: Visit, store: StoreReader, subject: Subject, episode: Episode | None, *, patience: float
) -> dict[str, Any]:
    """The answers about the present time in ALARM, or the last one."""
    service, scope, clock = visit.service, visit.scope, visit.service.clock
    began = clock.monotonic()

    def has_time() -> bool:
        return clock.monotonic() - began < patience or bool(visit.query("wait"))

    incident = Incident()
    if episode is not None and isinstance(subject.alarm, MetricAlarm) and subject.is_fed:
        incident = incident_of(service, store, scope, subject.alarm, episode.evidence, until=episode.ended or visit.at)
    hearing = Hearing()
    if episode is not None:
        hearing = hearing_of(service, store, scope, subject.alarm, episode.began)
    ok: Forecast | None = None
    if subject.is_ringing and subject.ready is not None:
        delay = service.settings.evaluation_delay
        ok = forecast(store, subject.ready, subject.standing, now=visit.at, delay=delay)
    is_late = patience == _PATIENCE and not has_time()
    activity = None if is_late else _activity(visit, store, incident, has_time)
    return {
        "episode": episode,
        "incident": incident,
        "hearing": hearing,
        "forecast": ok,
        "activity": activity,
        "activity_is_late": activity is None and incident.who is not None and bool(incident.who.actor),
        "shown_events": incident.events[:EVENTS],
        "is_done": DONE,
    }


def _activity(visit: Visit, store: StoreReader, incident: Incident, has_time: Callable[[], bool]) -> Activity | None:
    """What else the actor did in half an hour around."""
    if incident.who is None or not incident.who.actor:
        return None
    own = [event for event in incident.events if event.actor == incident.who.actor]
    first, last = min(event.logged_at for event in own), max(event.logged_at for event in own)
    now = millisecond_of(visit.at)
    return activity_of(
        store,
        visit.scope,
        incident.who.actor,
        since=first - _AROUND_MS,
        until=min(now, last + _AROUND_MS) + 1,
        after=last,
        known={event.event_id for event in own if event.event_id},
        has_time=has_time,
    )


# ---------------------------------------------------------------- why


def _why(visit: Visit, store: StoreReader, subject: Subject) -> dict[str, Any]:
    """Why the alarm is in its state: words, slots, AWS's reason."""
    slots: tuple[DecidedSlot, ...] = ()
    words: DecisionWords | None = None
    evaluation = None
    ready = subject.ready
    if ready is not None:
        record = deciding_record(store, visit.scope, subject.name, subject.standing)
        if record is not None:
            evaluation = record.evaluation
            words = decision_words(
                ready.known.alarm,
                evaluation,
                clock=lambda at: visit.clock.text(at, seconds=at.second != 0),
            )
            slots = decided_slots(store, ready, evaluation)
    return {
        "why": words,
        "deciding": evaluation,
        "slots": slots,
        "rings_for": _rings_for(visit, store, subject),
        "missing": missing_words(subject.alarm) if isinstance(subject.alarm, MetricAlarm) else "",
        "verdicts": {Datapoint.BAD: "breaching", Datapoint.GOOD: "fine", Datapoint.MISSING: "no data"},
    }


def _rings_for(visit: Visit, store: StoreReader, subject: Subject) -> str:
    """How long one burst rings the alarm."""
    if not isinstance(subject.alarm, MetricAlarm):
        return ""
    chain = chain_of(visit.service, store, visit.scope, subject.alarm, now=millisecond_of(visit.at))
    has_default = any(one.default_value is not None for one in chain.filters)
    return ring_text(subject.alarm, has_default=has_default, extra=visit.service.settings.evaluation_range)


# ---------------------------------------------------------------- the chart


def alarm_chart(visit: Visit) -> Answer:
    """The chart alone."""
    name = visit.query("name")

    def context() -> dict[str, Any]:
        with visit.service.store.read() as store:
            subject = read_subject(visit, store, name)
            return {"subject": subject, "name": name, **_why(visit, store, subject), **_chart(visit, store, subject)}

    with visit.service.store.read() as store:
        versions = [store.version(kind.kind) for kind in (STANDINGS, METRIC_ALARMS, ACKNOWLEDGEMENTS)]
    evaluated = visit.service.part(Evaluator).last_instant
    version = f"{versions}{evaluated}{visit.at:%H%M}{visit.clock.zone_text}{visit.here}"
    return Fragment("alarm/_chart.html", context, version=version)


def _chart(visit: Visit, store: StoreReader, subject: Subject) -> dict[str, Any]:
    """The chart of a metric alarm; None for a composite, which has no metric."""
    window = visit.query("window", USUAL)
    window = window if window in WINDOWS else USUAL
    by_minute = visit.query("by") == "minutes"
    if not isinstance(subject.alarm, MetricAlarm) or subject.ready is None:
        return {"figure": None, "window": window, "windows": WINDOWS, "by_minute": by_minute}
    record = deciding_record(store, visit.scope, subject.name, subject.standing)
    evaluation = None if record is None else record.evaluation
    given = ChartInput(
        alarm=subject.alarm,
        standing=subject.standing,
        created_at=subject.kept.created_at,
        deciding=evaluation,
        slots=() if evaluation is None else decided_slots(store, subject.ready, evaluation),
        events_at="#events" if subject.is_fed else "",
    )
    figure = alarm_figure(visit, store, given, window=window, by_minute=by_minute)
    return {"figure": figure, "window": window, "windows": WINDOWS, "by_minute": by_minute}


# ---------------------------------------------------------------- history, children


def alarm_history(visit: Visit) -> Answer:
    """The history alone."""
    name = visit.query("name")

    def context() -> dict[str, Any]:
        with visit.service.store.read() as store:
            return {"name": name, **_history(visit, store, name)}

    return Fragment("alarm/_history.html", context)


def _history(visit: Visit, store: StoreReader, name: str) -> dict[str, Any]:
    oldest = millisecond_of(visit.at) - visit.service.settings.history_days * 86_400_000
    before = _place(visit.query("before"))
    found = chronicle_of(store, visit.scope, name, oldest=oldest, limit=ENTRIES, before=before)
    older = "" if found.before is None else visit.url("alarms", name, before="{}.{}".format(*found.before))
    return {"entries": found.entries, "older": older, "is_older": before is not None}


def _place(text: str) -> tuple[int, int] | None:
    at, _, sequence = text.partition(".")
    return (int(at), int(sequence)) if at.isdecimal() and sequence.isdecimal() else None


def _children(visit: Visit, store: StoreReader, subject: Subject) -> list[dict[str, Any]]:
    """The alarms that a composite's rule names, in order, and how they stand."""
    if isinstance(subject.alarm, MetricAlarm):
        return []
    rule = subject.alarm.alarm_rule
    states: dict[str, StateValue] = {}
    found = []
    for child in rule.children:
        name = name_in(child)
        standing = STANDINGS.get(store, visit.scope, name)
        exists = any(store.get(kind.kind, visit.scope, name) is not None for kind in (METRIC_ALARMS, COMPOSITES))
        state = standing.state.state_value if standing is not None else StateValue.INSUFFICIENT_DATA
        states[name] = state
        found.append({"name": name, "standing": standing, "state": state.value, "exists": exists, "decides": False})
    decisive = {name_in(child) for child in rule.explain(states)}
    for one in found:
        one["decides"] = one["name"] in decisive
    return found


ROUTES = (
    page("alarms/{name...}", alarm_page),
    page("confirm/set-alarm-state", confirm_state),
    page("confirm/delete-alarm", confirm_deletion),
    fragment("alarm/export", export_alarm),
    fragment("alarm/answers", alarm_answers),
    fragment("alarm/chart", alarm_chart),
    fragment("alarm/history", alarm_history),
    action("acknowledge-alarm", acknowledge_alarm, form=alarm_page),
    action("mute-alarm", mute_alarm, form=alarm_page),
    action("unmute-alarm", unmute_alarm, form=alarm_page),
    action("test-alarm", send_trial, form=alarm_page),
    action("switch-alarm-actions", switch_actions, form=alarm_page),
    action("set-alarm-state", set_alarm_state, form=confirm_state),
    action("delete-alarm", delete_alarm, form=confirm_deletion),
    action("restore-alarm", restore_alarm),
)
