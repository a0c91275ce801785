"""One alarm: what happened, who did it, from where, is it going on, what else did they do, who knows. Spec: CON-4.4.

alarms/{name}     everything            app.alarm_episode, actor_activity, alarm_receipt … -> alarm.html
_/alarm/verdict   state, the sentence    again on state, as all of these
_/alarm/buttons   what can be done       console.views.alarm_change
_/alarm/answers   the six answers        also the slow ones
_/alarm/chart     metric, decisions      console.alarm_chart
_/alarm/evidence  why, and the events    app.alarm_evidence, alarm_incident
_/alarm/chain     from event to person   app.alarm_chain
_/alarm/history   what became of it      app.alarm_chronicle

Changes are in `alarm_change`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.app.actor_activity import Activity, activity_of
from tocsin.app.alarm_chain import chain_of
from tocsin.app.alarm_chronicle import cause_of, chronicle_of
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
from tocsin.console.answer import Download, Fragment, Page
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
from tocsin.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.alarm_chain import AlarmChain
    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.alarm.evaluation import Evaluation

ENTRIES: Final = 12
"""Items of the history that are shown at once."""

EVENTS: Final = 20
"""Contributing events that are shown; all that were found can be downloaded."""

_PATIENCE: Final = 0.15
"""Seconds that the page waits for the two slow answers (CON-4.4)."""

_PATIENCE_ALONE: Final = 0.6

_AROUND_MS: Final = 30 * 60_000
"""How far around the events is looked for what else the actor did."""

# ---------------------------------------------------------------- the page


class _Sight:
    """An alarm at one moment of the store, as a visit sees it. What several parts need is worked out once."""

    def __init__(self, visit: Visit, store: StoreReader, name: str) -> None:
        self.visit = visit
        self.store = store
        self.name = name
        self.subject = read_subject(visit, store, name)

    @cached_property
    def episode(self) -> Episode | None:
        """The present time in ALARM, or the last one."""
        return episode_of(self.store, self.visit.scope, self.name, self.subject.standing)

    @cached_property
    def basis(self) -> _Basis:
        """What made the present state."""
        return _basis(self.visit, self.store, self.subject)

    @cached_property
    def chain(self) -> AlarmChain:
        """The chain from the event to the person."""
        visit = self.visit
        return chain_of(visit.service, self.store, visit.scope, self.subject.alarm, now=millisecond_of(visit.at))

    @cached_property
    def incident(self) -> tuple[Incident, str]:
        """What is behind the episode, and why its records cannot be read."""
        try:
            return _incident(self.visit, self.store, self.subject, self.episode), ""
        except StoreError as error:  # of what is known without them nothing is held back
            return Incident(), error.message

    @cached_property
    def shown(self) -> dict[str, Any]:
        """What every part is given."""
        alarm = self.subject.alarm
        return {
            "name": self.name,
            "subject": self.subject,
            "alarm": alarm,
            "condition": condition_text(alarm) if isinstance(alarm, MetricAlarm) else "",
            "children": _children(self.visit, self.store, self.subject),
            "moment_of": from_epoch,
        }


def alarm_page(visit: Visit) -> Answer:
    """The whole page of an alarm."""
    name = name_of(visit)
    with visit.service.store.read() as store:
        sight = _Sight(visit, store, name)
        context = dict(sight.shown)
        for part in _PARTS.values():
            context |= part(sight)
        context |= {
            **_answers(sight, patience=_PATIENCE),
            **_chart(sight),
            "definition": definition_rows(visit, sight.subject.alarm, tags=sight.subject.tags),
        }
    title = f"{sight.subject.state} {name}"
    return Page("alarm.html", title, context, crumbs=[("Alarms", visit.url("alarms"))], section="alarms")


# ---------------------------------------------------------------- parts that are fetched alone


def _verdict(sight: _Sight) -> dict[str, Any]:
    """State, since when, whether somebody has it; then what happened, in a sentence."""
    network = sight.visit.service.part(AlarmNetworks).of(sight.store, sight.visit.scope).network
    return {"episode": sight.episode, "chain": sight.chain, "parents": list(network.parents(sight.name))}


def _buttons(sight: _Sight) -> dict[str, Any]:
    """What can be done."""
    return form_context(sight.visit, sight.store, sight.subject)


def _evidence(sight: _Sight) -> dict[str, Any]:
    """Why it is in its state, and the events behind it."""
    incident, unread = sight.incident
    if unread:  # whoever asks next tries again
        sight.visit.is_own = True
    return {**_why(sight), "incident": incident, "shown_events": incident.events[:EVENTS]}


def _chain(sight: _Sight) -> dict[str, Any]:
    """The chain from the event to the person."""
    return {"chain": sight.chain}


def _history(sight: _Sight) -> dict[str, Any]:
    """What became of it."""
    visit = sight.visit
    oldest = millisecond_of(visit.at) - visit.service.settings.history_days * 86_400_000
    before = _place(visit.query("before"))
    found = chronicle_of(sight.store, visit.scope, sight.name, oldest=oldest, limit=ENTRIES, before=before)
    older = "" if found.before is None else visit.url("alarms", sight.name, before="{}.{}".format(*found.before))
    return {"entries": found.entries, "older": older, "is_older": before is not None}


def _place(text: str) -> tuple[int, int] | None:
    at, _, sequence = text.partition(".")
    return (int(at), int(sequence)) if at.isdecimal() and sequence.isdecimal() else None


_PARTS: Final[dict[str, Callable[[_Sight], dict[str, Any]]]] = {
    "verdict": _verdict,
    "buttons": _buttons,
    "evidence": _evidence,
    "chain": _chain,
    "history": _history,
}


def _alone(name: str) -> Callable[[Visit], Answer]:
    """The view of one part."""

    def view(visit: Visit) -> Answer:
        def context() -> dict[str, Any]:
            with visit.service.store.read() as store:
                sight = _Sight(visit, store, visit.query("name"))
                return sight.shown | _PARTS[name](sight)

        return Fragment(f"alarm/_{name}.html", context, version=_told_version(visit), is_shared=True)

    return view


def _told_version(visit: Visit) -> str:
    """What is another one whenever a part of this page may be: the last signal, and what a visitor's own form changes.

    What has come since the last signal, the next one tells. Empty where nobody is told: then it is not known.
    """
    number = visit.parts.last_signal()
    return "" if number is None else f"{number}.{visit.service.store.changes()}.{visit.at:%H%M}"


# ---------------------------------------------------------------- the six answers


def alarm_answers(visit: Visit) -> Answer:
    """The six answers alone, the slow ones among them."""

    def context() -> dict[str, Any]:
        with visit.service.store.read() as store:
            sight = _Sight(visit, store, visit.query("name"))
            answers = sight.shown | _answers(sight, patience=_PATIENCE_ALONE)
        activity = answers["activity"]
        if answers["unread"] or (activity is not None and activity.is_cut):  # whoever asks next tries again
            visit.is_own = True
        return answers

    return Fragment("alarm/_answers.html", context, version=_told_version(visit), is_shared=True)


def _answers(sight: _Sight, *, patience: float) -> dict[str, Any]:
    """The answers about the present time in ALARM, or the last one."""
    visit, store, subject, episode = sight.visit, sight.store, sight.subject, sight.episode
    service, scope, clock = visit.service, visit.scope, visit.service.clock
    began = clock.monotonic()

    def has_time() -> bool:
        return clock.monotonic() - began < patience or bool(visit.query("wait"))

    incident, unread = sight.incident
    hearing = Hearing()
    if episode is not None:
        hearing = hearing_of(service, store, scope, subject.alarm, episode.began)
    ok: Forecast | None = None
    if subject.is_ringing and subject.ready is not None:
        delay = service.settings.evaluation_delay
        ok = forecast(store, subject.ready, subject.standing, now=visit.at, delay=delay)
    is_late = patience == _PATIENCE and not has_time()
    activity = None
    try:
        activity = None if is_late else _activity(visit, store, incident, has_time)
    except StoreError as error:
        unread = error.message
    return {
        "episode": episode,
        "incident": incident,
        "unread": unread,
        "hearing": hearing,
        "cause": cause_of(scope, subject.alarm.alarm_name, episode.began) if episode is not None else "",
        "slots": sight.basis.slots,
        "forecast": ok,
        "activity": activity,
        "activity_is_late": activity is None and not unread and incident.who is not None and bool(incident.who.actor),
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


def alarm_records(visit: Visit) -> Answer:
    """The records behind the present or the last ALARM as they are stored, one a line (CON-8.8)."""
    with visit.service.store.read() as store:
        subject = read_subject(visit, store, visit.query("name"))
        episode = episode_of(store, visit.scope, subject.name, subject.standing)
        found = _incident(visit, store, subject, episode)
    lines = (event.message.replace("\n", " ").replace("\r", " ") for event in reversed(found.events))
    body = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    return Download("events.ndjson", "application/x-ndjson", body)


def _incident(visit: Visit, store: StoreReader, subject: Subject, episode: Episode | None) -> Incident:
    if episode is None or not isinstance(subject.alarm, MetricAlarm) or not subject.is_fed:
        return Incident()
    until = episode.ended or visit.at
    return incident_of(visit.service, store, visit.scope, subject.alarm, episode.evidence, until=until)


# ---------------------------------------------------------------- why


class _Basis(NamedTuple):
    """The evaluation that made the present state, and what it saw; None where it is not known."""

    evaluation: Evaluation | None = None
    slots: tuple[DecidedSlot, ...] = ()


def _basis(visit: Visit, store: StoreReader, subject: Subject) -> _Basis:
    if subject.ready is None:
        return _Basis()
    record = deciding_record(store, visit.scope, subject.name, subject.standing)
    if record is None:
        return _Basis()
    return _Basis(record.evaluation, decided_slots(store, subject.ready, record.evaluation))


def _why(sight: _Sight) -> dict[str, Any]:
    """Why the alarm is in its state: words, slots, AWS's reason."""
    visit, alarm, basis = sight.visit, sight.subject.alarm, sight.basis
    words: DecisionWords | None = None
    rings_for = ""
    if isinstance(alarm, MetricAlarm):
        if basis.evaluation is not None:
            words = decision_words(
                alarm, basis.evaluation, clock=lambda at: visit.clock.text(at, seconds=at.second != 0)
            )
        has_default = any(one.default_value is not None for one in sight.chain.filters)
        rings_for = ring_text(alarm, has_default=has_default, extra=visit.service.settings.evaluation_range)
    return {
        "why": words,
        "deciding": basis.evaluation,
        "slots": basis.slots,
        "rings_for": rings_for,
        "missing": missing_words(alarm) if isinstance(alarm, MetricAlarm) else "",
        "verdicts": {Datapoint.BAD: "breaching", Datapoint.GOOD: "fine", Datapoint.MISSING: "no data"},
    }


# ---------------------------------------------------------------- the chart


def alarm_chart(visit: Visit) -> Answer:
    """The chart alone."""

    def context() -> dict[str, Any]:
        with visit.service.store.read() as store:
            sight = _Sight(visit, store, visit.query("name"))
            return {"name": sight.name, **_chart(sight)}

    def version() -> str:
        with visit.service.store.read() as store:
            versions = [store.version(kind.kind) for kind in (STANDINGS, METRIC_ALARMS, ACKNOWLEDGEMENTS)]
        return f"{versions}{visit.service.part(Evaluator).last_instant}{visit.at:%H%M}{visit.here}"

    return Fragment("alarm/_chart.html", context, version=version, is_shared=True)


def _chart(sight: _Sight) -> dict[str, Any]:
    """The chart of a metric alarm; None for a composite, which has no metric."""
    visit, subject, basis = sight.visit, sight.subject, sight.basis
    window = visit.query("window", USUAL)
    window = window if window in WINDOWS else USUAL
    by_minute = visit.query("by") == "minutes"
    figure = None
    if isinstance(subject.alarm, MetricAlarm):
        given = ChartInput(
            alarm=subject.alarm,
            standing=subject.standing,
            created_at=subject.kept.created_at,
            deciding=basis.evaluation,
            slots=basis.slots,
            events_at="#events" if subject.is_fed else "",
        )
        figure = alarm_figure(visit, sight.store, given, window=window, by_minute=by_minute)
    return {"figure": figure, "window": window, "windows": WINDOWS, "by_minute": by_minute}


# ---------------------------------------------------------------- children


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
    *(fragment(f"alarm/{name}", _alone(name)) for name in _PARTS),
    fragment("alarm/records", alarm_records),
    action("acknowledge-alarm", acknowledge_alarm, form=alarm_page),
    action("mute-alarm", mute_alarm, form=alarm_page),
    action("unmute-alarm", unmute_alarm, form=alarm_page),
    action("test-alarm", send_trial, form=alarm_page),
    action("switch-alarm-actions", switch_actions, form=alarm_page),
    action("set-alarm-state", set_alarm_state, form=confirm_state),
    action("delete-alarm", delete_alarm, form=confirm_deletion),
    action("restore-alarm", restore_alarm),
)
