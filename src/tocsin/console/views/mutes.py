"""Mute rules: what is quiet, until when, who wanted it so, what it has held. Spec: CON-4.10 (Mutes), AL-14.

Rule: the form says which windows a rule would make before it is put; a rule that mutes what protects the watch itself
is asked for twice.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tocsin.app.alarm_board import AlarmBoards
from tocsin.app.alarm_set import find_zone
from tocsin.app.definition_author import last_authors
from tocsin.app.mute_reading import next_windows, read_mutes, zone_of_rule
from tocsin.app.mute_rule import get_mute_rule
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, Redirect, Undo
from tocsin.console.edit_conflict import conflict_of, packed, unpacked, version_of
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, fragment, page
from tocsin.console.visit import Form
from tocsin.core.aws_call import AwsCall
from tocsin.core.cron import OneTime
from tocsin.core.mute_rule import MuteRule, MuteRuleError, MuteStatus
from tocsin.core.nearest import nearest
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.quantity import counted
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.mute_reading import MuteLine
    from tocsin.console.answer import Answer, Context
    from tocsin.console.edit_conflict import Conflict
    from tocsin.console.visit import Visit

ONCE, AGAIN = "once", "again"
"""The kinds of rules, as the form calls them: one window from a moment on, or windows by a schedule."""

DURATIONS: Final = (
    ("PT15M", "15 minutes"),
    ("PT1H", "1 hour"),
    ("PT4H", "4 hours"),
    ("PT8H", "8 hours"),
    ("P1D", "1 day"),
    ("P7D", "7 days"),
    ("P15D", "15 days"),
)

_PROTECTION: Final = "self-protection"
_LOCAL: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?\Z")
_PREVIEWED: Final = 3

# The fields of the form, as it calls them.
_LABELS: Final = {
    "name": "Name of the rule",
    "alarms": "Alarms",
    "kind": "When",
    "start": "From",
    "duration": "For",
    "expression": "Schedule",
    "zone": "Time zone",
    "expires": "Ends for good",
    "reason": "Reason",
}

# Parameters of PutAlarmMuteRule by the fields that they come from.
_FIELDS: Final = {
    "Name": "name",
    "Description": "reason",
    "MuteTargets.AlarmNames": "alarms",
    "Rule.Schedule.Expression": "expression",
    "Rule.Schedule.Duration": "duration",
    "Rule.Schedule.Timezone": "zone",
    "ExpireDate": "expires",
}


def mute_list(visit: Visit) -> Answer:
    """The page: rules, and the form of a new one."""
    return _mutes(visit, _fresh(visit, visit.queries("alarm")))


def edit_mute(visit: Visit) -> Answer:
    """The page with the form of a rule that is there."""
    name = visit.name()
    try:
        rule = get_mute_rule(visit.service, visit.scope, name).rule
    except NotFoundError:
        near = nearest(name, [line.rule.name for line in read_mutes(visit.service, visit.scope, at=visit.at)])
        named = [(near, visit.url("edit/mute", near))] if near else []
        raise NoSuchPageError(f"There is no mute rule {name}", nearest=named) from None
    return _mutes(visit, draft_of(rule), edited=name)


def mute_form(visit: Visit, *, alarms: Sequence[str]) -> Answer:
    """The page with the form of a new rule for these alarms."""
    visit.form = Form()
    return _mutes(visit, _fresh(visit, alarms))


def mute_again(visit: Visit) -> Answer:
    """The form as it was sent, with what is wrong with it."""
    if visit.is_live:
        return Fragment("mutes/_preview.html", {"windows": (), "calls": ()})
    return _mutes(visit, _fresh(visit, ()), edited=visit.form.get("edited"))


def mute_rows(visit: Visit) -> Answer:
    """The rules alone."""
    now = int(visit.at.timestamp() * 1000)
    with visit.service.store.read() as store:
        version = visit.service.part(AlarmBoards).version(store, now=now)

    def context() -> Context:
        return _rules(visit)

    return Fragment("mutes/_rows.html", context, version=f"{version}.{visit.query('expired')}")


def _mutes(visit: Visit, draft: Mapping[str, str], *, edited: str = "") -> Page:
    with visit.service.store.read() as store:
        board = visit.service.part(AlarmBoards).of(store, visit.scope, now=int(visit.at.timestamp() * 1000))
    names = [line.name for line in board.lines]
    is_opened = bool(edited) and "version" not in visit.form
    title = f"Mute rule {safe_line(edited, 128)}" if edited else "Mutes"
    context = {
        **_rules(visit),
        "draft": draft,
        "edited": edited,
        "version": version_of(draft) if is_opened else visit.form.get("version"),
        "base": packed(draft) if is_opened else visit.form.exact("base"),
        "durations": _durations(draft),
        "alarm_count": len(names),
        "suggestions": sorted(names)[:500],
    }
    crumbs = [("Mutes", visit.url("mutes"))] if edited else []
    return Page("mutes.html", title, context, crumbs=crumbs, section="mutes")


def _durations(draft: Mapping[str, str]) -> list[tuple[str, str]]:
    """The durations to choose from, that of the rule among them."""
    own = draft["duration"]
    known = {value for value, _ in DURATIONS}
    return [*DURATIONS, *([(own, own)] if own not in known else [])]


def _rules(visit: Visit) -> dict[str, Any]:
    found = [(scope, line) for scope in visit.scopes for line in read_mutes(visit.service, scope, at=visit.at)]
    expired = [pair for pair in found if pair[1].status is MuteStatus.EXPIRED]
    shows_expired = visit.query("expired") == "yes"
    rows = [pair for pair in found if shows_expired or pair[1].status is not MuteStatus.EXPIRED]
    return {
        "rows": [(scope, line, schedule_text(line)) for scope, line in rows],
        "expired": len(expired),
        "shows_expired": shows_expired,
        "is_once": is_once,
    }


def is_once(rule: MuteRule) -> bool:
    """Whether a rule mutes once."""
    return isinstance(rule.schedule, OneTime)


def schedule_text(line: MuteLine) -> str:
    """When a rule mutes, in words."""
    length = dict(DURATIONS).get(line.rule.duration, line.rule.duration)
    if is_once(line.rule):
        return f"once, for {length}"
    return f"again and again, for {length} each: {line.rule.schedule.source}"


# ---------------------------------------------------------------- the form


def _fresh(visit: Visit, alarms: Sequence[str]) -> dict[str, str]:
    local = visit.at.astimezone(visit.clock.zone)
    return {
        "name": f"muted-{local:%Y-%m-%d-%H%M%S}",
        "alarms": "\n".join(alarms),
        "kind": ONCE,
        "start": f"{local:%Y-%m-%dT%H:%M}",
        "expression": "0 2 * * *",
        "duration": "PT1H",
        "zone": _zone_name(visit),
        "reason": "",
        "expires": "",
    }


def _zone_name(visit: Visit) -> str:
    return str(getattr(visit.clock.zone, "key", "UTC"))


def draft_of(rule: MuteRule) -> dict[str, str]:
    """The fields of the form that make a rule again."""
    schedule = rule.schedule
    once = isinstance(schedule, OneTime)
    return {
        "name": rule.name,
        "alarms": "\n".join(rule.alarm_names),
        "kind": ONCE if once else AGAIN,
        "start": f"{schedule.moment:%Y-%m-%dT%H:%M}" if isinstance(schedule, OneTime) else "",
        "expression": "" if once else schedule.source.removeprefix("cron(").removesuffix(")"),
        "duration": rule.duration,
        "zone": rule.timezone or "UTC",
        "reason": rule.description or "",
        "expires": ""
        if rule.expire_date is None
        else f"{rule.expire_date.astimezone(zone_of_rule(rule)):%Y-%m-%dT%H:%M}",
    }


def _read(visit: Visit) -> tuple[MuteRule, dict[str, Any]]:
    """The rule of what was typed, and the parameters that make it."""
    form = visit.form
    problems: dict[str, str] = {}
    names = list(dict.fromkeys(name for name in form.exact("alarms").split("\n") if name.strip()))
    if not names:
        problems["alarms"] = "Name at least one alarm."
    if not form.get("reason"):
        problems["reason"] = "Say why: whoever is on call will ask."
    zone = form.get("zone") or "UTC"
    if zone != "UTC" and find_zone(zone) is None:
        problems["zone"] = "There is no such time zone; Europe/Berlin is one."
    schedule = {"Expression": _expression(visit, problems), "Duration": form.get("duration"), "Timezone": zone}
    parameters: dict[str, Any] = {
        "Name": form.get("name"),
        "Description": form.get("reason"),
        "Rule": {"Schedule": schedule},
        "MuteTargets": {"AlarmNames": names},
    }
    if problems:
        raise FormProblemError(problems)
    try:
        rule = MuteRule.from_aws(parameters)
        if form.get("expires"):
            parameters["ExpireDate"] = _expiry(form.get("expires"), rule)
            rule = MuteRule.from_aws(parameters)
    except MuteRuleError as error:
        text = f"{error.message}: {error.hint}" if error.hint else error.message
        raise FormProblemError({_FIELDS.get(error.parameter or "", ""): text}) from None
    return rule, parameters


def _expression(visit: Visit, problems: dict[str, str]) -> str:
    if visit.form.get("kind") == AGAIN:
        return f"cron({visit.form.get('expression')})"
    start = visit.form.get("start")
    if not _LOCAL.match(start):
        problems["start"] = "Give a day and a time, such as 2026-03-14T22:00."
    return f"at({start[:16]})"


def _expiry(text: str, rule: MuteRule) -> datetime:
    if not _LOCAL.match(text):
        raise FormProblemError({"expires": "Give a day and a time, such as 2026-12-31T23:59."})
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone_of_rule(rule)).astimezone(UTC)
    except ValueError:
        raise FormProblemError({"expires": "There is no such day or time."}) from None


def put_mute(visit: Visit) -> Answer:
    """Keep a rule; while somebody types, say what it would do."""
    rule, parameters = _read(visit)
    calls = [AwsCall(service="cloudwatch", operation="PutAlarmMuteRule", parameters=_as_text(parameters))]
    windows = next_windows(rule, zone_of_rule(rule), at=visit.at, most=_PREVIEWED)
    if visit.is_live:
        return Fragment("mutes/_preview.html", {"windows": windows, "calls": calls})
    if not windows:
        raise FormProblemError({"start": "That would mute nothing: its windows are over."})
    edited = visit.form.exact("edited")
    conflict = _conflict(visit, edited)
    if conflict is not None:
        return _conflict_page(visit, edited, conflict)
    _ask_twice(visit, rule)
    before = _known(visit, rule.name)
    if before is not None and edited != rule.name:
        raise FormProblemError({"name": f"There is a rule {rule.name} already."})
    visit.call("cloudwatch", "PutAlarmMuteRule", parameters)
    if edited and edited != rule.name:
        visit.call("cloudwatch", "DeleteAlarmMuteRule", {"AlarmMuteRuleName": edited})
    first = windows[0]
    alarms = counted(len(rule.alarm_names), "alarm")
    until = visit.clock.text(first.end, seconds=False)
    told = (
        f"{alarms} muted until {until}."
        if first.covers(visit.at)
        else (f"{alarms} muted from {visit.clock.text(first.start, seconds=False)} until {until}.")
    )
    undo = (
        Undo("delete-mute", {"name": rule.name})
        if before is None
        else Undo("put-mute", {**draft_of(before), "edited": before.name, "sure": "yes"})
    )
    return Redirect(visit.url("mutes"), told, undo=undo)


def show_mute(visit: Visit) -> Answer:
    """The form with the fields that it is given, to go on with."""
    return _mutes(visit, _fresh(visit, ()), edited=visit.form.exact("edited"))


def _conflict(visit: Visit, edited: str) -> Conflict | None:
    """What to decide where a rule is no longer what the form was opened with; None where it is (CON-7.5)."""
    opened = visit.form.get("version")
    rule = _known(visit, edited) if opened else None
    if not opened or rule is None:
        return None
    theirs, yours = draft_of(rule), {name: visit.form.exact(name) for name in _LABELS}
    if version_of(theirs) == opened or theirs == yours:
        return None
    author = last_authors(visit.service, visit.scope, "PutAlarmMuteRule", parameter="name").get(edited)
    return conflict_of(
        unpacked(visit.form.exact("base")),
        theirs,
        yours,
        _LABELS,
        by="" if author is None else author.name,
        at=None if author is None else from_epoch(author.at * 1000),
    )


def _conflict_page(visit: Visit, edited: str, conflict: Conflict) -> Page:
    carried = {"edited": edited, "version": conflict.version}
    context = {
        "conflict": conflict,
        "action": "put-mute",
        "shown_by": "show-mute",
        "kind": "mute rule",
        "name": edited,
        "mine": {**{name: visit.form.exact(name) for name in _LABELS}, **carried},
        "merged": {**conflict.merged, **carried},
        "address": visit.url("edit/mute", edited),
    }
    crumbs = [("Mutes", visit.url("mutes"))]
    return Page("conflict.html", "Changed meanwhile", context, crumbs=crumbs, section="mutes", status=409)


def _as_text(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the AWS CLI takes them: times as text."""
    return {
        name: f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value
        for name, value in parameters.items()
    }


def _known(visit: Visit, name: str) -> MuteRule | None:
    try:
        return get_mute_rule(visit.service, visit.scope, name).rule
    except NotFoundError:
        return None


def _ask_twice(visit: Visit, rule: MuteRule) -> None:
    """A rule that mutes the watch over the watch itself is what an intruder would put first (CON-7.6)."""
    if visit.form.get("sure") == "yes":
        return
    now = int(visit.at.timestamp() * 1000)
    with visit.service.store.read() as store:
        board = visit.service.part(AlarmBoards).of(store, visit.scope, now=now)
    guards = [name for name in rule.alarm_names if name in board.by_name and board.by_name[name].pack == _PROTECTION]
    if guards:
        raise FormProblemError(
            {
                "sure": f"{counted(len(guards), 'alarm')} of these watch over the watch itself. While they are muted "
                "nobody is told when somebody switches logging, alarms or mails off."
            }
        )


def delete_mute(visit: Visit) -> Answer:
    """Remove a rule; what it held is let go (AL-14.2)."""
    name = visit.form.exact("name")
    before = _known(visit, name)
    if before is None:
        return Redirect(visit.url("mutes"), f"The rule {name} is not there any more.")
    visit.call("cloudwatch", "DeleteAlarmMuteRule", {"AlarmMuteRuleName": name})
    undo = Undo("put-mute", {**draft_of(before), "sure": "yes"})
    return Redirect(visit.url("mutes"), f"The rule {name} is deleted, and what it held is let go.", undo=undo)


ROUTES = (
    page("mutes", mute_list),
    page("new/mute", mute_list),
    page("edit/mute/{name...}", edit_mute),
    fragment("mutes/rows", mute_rows),
    action("put-mute", put_mute, form=mute_again),
    action("show-mute", show_mute, form=mute_again),
    action("delete-mute", delete_mute, form=mute_list),
)
