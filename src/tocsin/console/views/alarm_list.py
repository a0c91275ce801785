"""The list of alarms: filtered, sorted, a page at a time, and what can be done to many at once. Spec: CON-4.3, CON-7.6.

Rule: what happens to a hundred alarms is told of each that it did not happen to; where somebody would no longer be
told, that is asked for by a page that says so in numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.alarm_board import AlarmBoards, children_of
from tocsin.app.alarm_lane import DAY_MS, AlarmWindow
from tocsin.app.alarm_listing import NO_SEVERITY, SORTINGS, STATES, AlarmFilter, list_alarms
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_removal import RemovedAlarms, read_alarms
from tocsin.app.told import told_of
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.console.answer import ApiRefusalError, FormProblemError, Fragment, Page, Redirect, Undo
from tocsin.console.charts import Window
from tocsin.console.lane_drawing import small_lane_drawing
from tocsin.console.route import action, fragment, page
from tocsin.console.views.mutes import mute_form
from tocsin.console.views.preference import own_address
from tocsin.core.alarm_condition import condition_text
from tocsin.core.aws_call import AwsCall
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.quantity import counted
from tocsin.core.rule import RuleSeverity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer, Context
    from tocsin.console.visit import Visit

MOST_AT_ONCE: Final = 100
"""Alarms that can be chosen together: as many as the API takes in a call."""

_RANG: Final = "rang"

# Changes of an alarm that are read for a row, times in ALARM that it draws, children of a composite that it lists.
_MOST_CHANGES: Final = 60
_MARKS: Final = 3
_MOST_CHILDREN: Final = 50

_QUERY: Final = ("state", "severity", "pack", "topic", "find", "unheard", "sort", "after")
"""The fields of the list's address."""

_FILTERS: Final = (("state", "state"), ("severity", "severity"), ("pack", "pack"), ("topic", "topic"), ("find", "find"))

_STATE_WORDS: Final = {
    "muted": "muted",
    "actions-off": "actions off",
    "never-had-data": "never had data",
    "rang": "rang in 24 h",
}


def alarm_list(visit: Visit) -> Answer:
    """The page."""
    return Page("alarm_list.html", "Alarms", _listed(visit))


def alarm_rows(visit: Visit) -> Answer:
    """Its rows alone."""
    now = _now(visit)
    with visit.service.store.read() as store:
        version = visit.service.part(AlarmBoards).version(store, now=now)
    deliveries = visit.service.counters.total("delivery_attempts", "deliveries_queued")
    asked = _address(visit, "alarms")

    def context() -> Context:
        return _listed(visit)

    return Fragment("alarm_list/_rows.html", context, version=f"{version}.{deliveries}.{asked}")


def _now(visit: Visit) -> int:
    return int(visit.at.timestamp() * 1000)


def _listed(visit: Visit) -> dict[str, Any]:
    now = _now(visit)
    with visit.service.store.read() as store:
        lines = visit.service.part(AlarmBoards).all_of(store, visit.scopes, now=now)
        day = AlarmWindow(visit.service, store, visit.scopes, start=now - DAY_MS, end=now)
        asked = _asked(visit)
        sort = visit.query("sort")
        found = list_alarms(lines, asked, rank=_rank_of(sort, day), rang=day.rang, after=visit.query("after"))
        rows = [_row(visit, store, line, day) for line in found.lines]
    return {
        "rows": rows,
        "found": found,
        "asked": asked,
        "total": len(lines),
        "sort": sort if sort in _sort_names() else SORTINGS[0].name,
        "sorts": _sort_names(),
        "states": [(one, _STATE_WORDS.get(one, one)) for one in STATES],
        "severities": [*reversed([one.value for one in RuleSeverity]), NO_SEVERITY],
        "packs": sorted({line.pack for line in lines if line.pack}),
        "topics": sorted({arn.rpartition(":")[2] for line in lines for arn in line.reach.topics}),
        "here": _address(visit, "alarms"),
        "part": _address(visit, "_/alarms/rows"),
        "drops": [_drop(visit, asked, name, count) for name, count in found.drop],
        "older": _address(visit, "alarms", after=found.after) if found.after else "",
        "first": _address(visit, "alarms", after="") if visit.query("after") else "",
    }


def _address(visit: Visit, path: str, **changes: str) -> str:
    """The list, or its rows alone, as it is filtered and sorted, with changes."""
    return visit.url(path, **{name: visit.query(name) for name in _QUERY} | changes)


def _drop(visit: Visit, asked: AlarmFilter, name: str, count: int) -> tuple[str, str, int]:
    """A filter without which the list would not be empty: in words, the list without it, and how many that gives."""
    field = "unheard" if name == "is_unheard" else name
    words = "nobody is told" if name == "is_unheard" else f"{name} {safe_line(getattr(asked, name), 40)}"
    return words, _address(visit, "alarms", **{field: "", "after": ""}), count


def _asked(visit: Visit) -> AlarmFilter:
    return AlarmFilter(
        **{field: visit.query(name)[:400] for field, name in _FILTERS}, is_unheard=visit.query("unheard") == "yes"
    )


def _sort_names() -> tuple[str, ...]:
    return (*(one.name for one in SORTINGS), _RANG)


def _rank_of(sort: str, day: AlarmWindow) -> Callable[[AlarmLine], int]:
    if sort == _RANG:
        return lambda line: -day.in_alarm(line)
    return next((one.rank for one in SORTINGS if one.name == sort), SORTINGS[0].rank)


def _row(visit: Visit, store: StoreReader, line: AlarmLine, day: AlarmWindow) -> dict[str, Any]:
    lane = day.lane(line, most=_MOST_CHANGES)
    window = Window(day.start // 1000, day.end // 1000)
    children = list(children_of(store, visit.service, line, now=_now(visit))) if line.is_composite else []
    return {
        "line": line,
        "condition": _condition(line),
        "lane": small_lane_drawing(window, lane, most=_MARKS),
        "told": told_of(store, line) if line.is_ringing else None,
        "children": children[:_MOST_CHILDREN],
        "more_children": max(0, len(children) - _MOST_CHILDREN),
    }


def _condition(line: AlarmLine) -> str:
    return line.alarm.alarm_rule.source if isinstance(line.alarm, CompositeAlarm) else condition_text(line.alarm)


# ---------------------------------------------------------------- many at once


def _chosen(visit: Visit) -> list[str]:
    """The names of the alarms that were chosen, each once."""
    chosen = list(dict.fromkeys(name for text in visit.form.all("alarm") for name in text.split("\n") if name))
    if not chosen:
        raise FormProblemError({"": "Choose at least one alarm."})
    if len(chosen) > MOST_AT_ONCE:
        raise FormProblemError({"": f"Choose {MOST_AT_ONCE} alarms at most; these are {len(chosen):,}."})
    return chosen


def change_alarms(visit: Visit) -> Answer:
    """What was chosen to be done to the alarms that were chosen: at once, or on a page that asks for more."""
    chosen = _chosen(visit)
    match visit.form.get("act"):
        case "mute":
            return mute_form(visit, alarms=chosen)
        case "enable":
            return enable_alarms(visit)
        case "disable":
            return ask_to_disable(visit)
        case "delete":
            return ask_to_delete(visit)
        case _:
            raise FormProblemError({"": "Choose what is to be done."})


def enable_alarms(visit: Visit) -> Answer:
    """Let alarms speak again."""
    return _switched(visit, "EnableAlarmActions", "enabled", undo="disable-alarms")


def disable_alarms(visit: Visit) -> Answer:
    """Keep alarms from speaking, once it is clear who would not be told any more."""
    _require_word(visit, _chosen(visit))
    return _switched(visit, "DisableAlarmActions", "disabled", undo="enable-alarms")


def _switched(visit: Visit, operation: str, done: str, *, undo: str) -> Answer:
    chosen = _chosen(visit)
    there = {line.name for line in _lines_of(visit, chosen)}
    names = [name for name in chosen if name in there]
    if names:
        visit.call("cloudwatch", operation, {"AlarmNames": names})
    failed = [f"{name} is not there any more" for name in chosen if name not in there]
    fields = {"alarm": "\n".join(names), "word": _word(names)} if names else {}
    told = _told(f"Actions of {counted(len(names), 'alarm')} {done}", failed)
    return Redirect(_back(visit), told, undo=Undo(undo, fields) if names else None)


def delete_alarms(visit: Visit) -> Answer:
    """Remove alarms, once it is clear who would not be told any more. Each goes by itself, composites first."""
    chosen = _chosen(visit)
    _require_word(visit, chosen)
    with visit.service.store.read() as store:
        kept = read_alarms(store, visit.scope, chosen)
    gone: list[str] = []
    failed = [f"{name} is not there any more" for name in chosen if name not in kept]
    for name in reversed(list(kept)):
        try:
            visit.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [name]})
        except ApiRefusalError as error:
            failed.append(f"{name}: {error.message}")
        else:
            gone.append(name)
    undo = None
    if gone:
        removed = [alarm for name, alarm in kept.items() if name in gone]
        ident = visit.service.part(RemovedAlarms).keep(visit.scope, removed, at=_now(visit))
        undo = Undo("restore-alarms", {"removal": ident})
    return Redirect(_back(visit), _told(f"{counted(len(gone), 'alarm')} deleted", failed), undo=undo)


def restore_alarms(visit: Visit) -> Answer:
    """Make alarms again that were deleted a moment ago; their state begins anew."""
    removed = visit.service.part(RemovedAlarms).take(visit.form.get("removal"), visit.scope, at=_now(visit))
    if not removed:
        raise FormProblemError({"": "That is too long ago. The audit log has the definitions."})
    failed: list[str] = []
    for one in removed:
        try:
            visit.call("cloudwatch", one.operation, one.parameters)
        except ApiRefusalError as error:
            failed.append(f"{one.parameters['AlarmName']}: {error.message}")
    done = counted(len(removed) - len(failed), "alarm")
    return Redirect(_back(visit), _told(f"{done} made again; states and histories begin anew", failed))


def _told(done: str, failed: Sequence[str]) -> str:
    """What was done, and to which it was not; of many the first few are named."""
    shown = "; ".join(failed[:5])
    more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""
    return f"{done}. Not done: {shown}{more}." if failed else f"{done}."


def _back(visit: Visit) -> str:
    """The list as it was filtered."""
    return own_address(visit.form.get("back") or visit.url("alarms"))


def _lines_of(visit: Visit, names: Sequence[str]) -> list[AlarmLine]:
    now = _now(visit)
    with visit.service.store.read() as store:
        board = visit.service.part(AlarmBoards).of(store, visit.scope, now=now)
    return [board.by_name[name] for name in names if name in board.by_name]


# ---------------------------------------------------------------- what would follow


def _word(names: Sequence[str]) -> str:
    """What is typed to go on: the name of the alarm, or how many there are."""
    return names[0] if len(names) == 1 else str(len(names))


def _require_word(visit: Visit, chosen: Sequence[str]) -> None:
    is_heard = any(line.reach.listeners for line in _lines_of(visit, chosen))
    if is_heard and visit.form.exact("word") != _word(chosen):
        raise FormProblemError({"word": f"Type {_word(chosen)} to say that this is meant."})


def ask_to_disable(visit: Visit) -> Answer:
    """The page that tells what follows when alarms do not speak any more."""
    return _asking(visit, "disable-alarms", "Disable", "DisableAlarmActions")


def ask_to_delete(visit: Visit) -> Answer:
    """The page that tells what follows when alarms are gone."""
    return _asking(visit, "delete-alarms", "Delete", "DeleteAlarms")


def _asking(visit: Visit, name: str, verb: str, operation: str) -> Answer:
    chosen = _chosen(visit)
    lines = _lines_of(visit, chosen)
    telling = visit.service.part(TopicAlarms)
    with visit.service.store.read() as store:
        network = visit.service.part(AlarmNetworks).of(store, visit.scope).network
        topics = {arn for line in lines for arn in line.reach.topics}
        lonely = [
            arn.rpartition(":")[2]
            for arn in sorted(topics)
            if all(one.scope == visit.scope and one.name in chosen for one in telling.of(store, arn))
        ]
    parents = {parent for line in lines for parent in network.parents(line.name)} - set(chosen)
    people = {one.endpoint for line in lines for one in line.reach.listeners}
    context = {
        "action": name,
        "verb": verb,
        "chosen": chosen,
        "lines": lines,
        "people": sorted(people),
        "ringing": sum(line.is_ringing for line in lines),
        "lonely": lonely,
        "parents": sorted(parents),
        "word": _word(chosen) if people else "",
        "back": _back(visit),
        "calls": [AwsCall(service="cloudwatch", operation=operation, parameters={"AlarmNames": chosen})],
    }
    title = f"{verb} {counted(len(chosen), 'alarm')}?"
    return Page("alarm_list/confirm.html", title, context, crumbs=[("Alarms", visit.url("alarms"))], section="alarms")


ROUTES = (
    page("alarms", alarm_list),
    fragment("alarms/rows", alarm_rows),
    action("change-alarms", change_alarms, form=alarm_list),
    action("enable-alarms", enable_alarms, form=alarm_list),
    action("disable-alarms", disable_alarms, form=ask_to_disable),
    action("delete-alarms", delete_alarms, form=ask_to_delete),
    action("restore-alarms", restore_alarms, form=alarm_list),
)
