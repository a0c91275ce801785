"""What can be done to one alarm: acknowledge, mute, test, switch, set, copy, export, delete. Spec: CON-4.4, CON-7.

Rule: what AWS has an operation for goes through our own API; only the acknowledgement is ours. Setting a state and
deleting have a page with their consequences first (CON-7.6).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.acknowledgement import LONGEST_NOTE, acknowledge
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_reach import Reach, ReachSurvey
from tocsin.app.mute_preview import mute_preview
from tocsin.app.mute_rule import list_mute_rules
from tocsin.app.publication import scope_of_topic
from tocsin.app.trial_message import trial_subject, trial_text, trial_topics
from tocsin.console.alarm_subject import Subject, name_of, read_subject
from tocsin.console.answer import Download, FormProblemError, NoSuchPageError, Page, Redirect, Undo
from tocsin.console.live_form import equal_fragment
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.aws_call import AwsCall
from tocsin.core.equal_command import EqualKind, equal_forms
from tocsin.core.mute_rule import MuteStatus
from tocsin.errors import ConflictError, InvalidParameterError

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

MUTES: Final = (
    ("PT15M", "15 minutes"),
    ("PT1H", "1 hour"),
    ("PT4H", "4 hours"),
    ("morning", "until 08:00"),
    ("days", "for days"),
)
"""For how long an alarm can be muted here (CON-4.4)."""

MOST_DAYS: Final = 15
_DAYS: Final = frozenset(map(str, range(1, MOST_DAYS + 1)))

_LONGEST_REASON: Final = 200
_USUAL_REASON: Final = "planned work"
_LONGEST_NAME: Final = 255
_MORNING: Final = 8
_MOST_RULES: Final = 50
_PLAIN: Final = re.compile(r"[^A-Za-z0-9_.-]+")


def form_context(visit: Visit, store: StoreReader, subject: Subject) -> dict[str, Any]:
    """What the forms on the page of an alarm need."""
    now = millisecond_of(visit.at)
    usual = _mute_call(visit, subject.name, _mute_end(visit, "PT1H", ""), _USUAL_REASON)
    topics = trial_topics(store, subject.alarm)
    opened = visit.form.get("opened") if visit.problems else ""
    return {
        "mutes": MUTES,
        "most_days": MOST_DAYS,
        "longest_note": LONGEST_NOTE,
        "preview": mute_preview(store, visit.scope, subject.alarm, now=now),
        "mute_calls": [usual],
        "test_topics": topics,
        "test_calls": [_trial_call(visit, subject.name, arn) for arn in topics],
        "opened": opened,
        "transition": millisecond_of(subject.standing.state.transitioned_at),
        "definition_calls": [_put_call(subject)],
    }


def _subject(visit: Visit) -> Subject:
    with visit.service.store.read() as store:
        return read_subject(visit, store, name_of(visit))


# ---------------------------------------------------------------- acknowledging


def acknowledge_alarm(visit: Visit) -> Answer:
    """Acknowledge the change that the page showed."""
    name = name_of(visit)
    shown = visit.form.get("transition")
    try:
        made = acknowledge(
            visit.service,
            visit.scope,
            name,
            by=visit.visitor.name,
            note=visit.form.exact("note"),
            transitioned_at=int(shown) if shown.isdecimal() else None,
        )
    except InvalidParameterError as error:
        raise FormProblemError({"note": error.message}) from None
    except ConflictError as error:
        raise FormProblemError({"": error.message}, status=409) from None
    visit.note("acknowledge-alarm", "alarm", name, after={"note": made.note}, reason=made.note)
    return Redirect(visit.url("alarms", name), told=f"Acknowledged by {made.by}.")


# ---------------------------------------------------------------- muting


def mute_alarm(visit: Visit) -> Answer:
    """Hold the actions of an alarm for a while, by a mute rule of one window."""
    subject = _subject(visit)
    if visit.is_live:
        return equal_fragment([_mute_so_far(visit, subject.name)])
    reason = visit.form.get("reason")
    problems = {}
    if not reason:
        problems["reason"] = "Say why, for whoever wonders why the alarm is silent."
    elif len(reason) > _LONGEST_REASON:
        problems["reason"] = f"A reason has at most {_LONGEST_REASON} characters."
    choice, days = visit.form.get("length", "PT1H"), visit.form.get("days")
    if choice == "days" and days not in _DAYS:
        problems["days"] = f"Give a whole number of days from 1 to {MOST_DAYS}."
    if choice not in dict(MUTES):
        problems["length"] = "Choose one of these."
    if problems:
        raise FormProblemError(problems)
    end = _mute_end(visit, choice, days)
    call = _mute_call(visit, subject.name, end, reason)
    visit.call(call.service, call.operation, call.parameters)
    return Redirect(
        visit.url("alarms", subject.name),
        told=f"Muted until {visit.clock.text(end, seconds=False)}.",
        undo=Undo("unmute-alarm", {"alarm": subject.name, "rule": call.parameters["Name"]}),
    )


def _mute_so_far(visit: Visit, name: str) -> AwsCall:
    """The call for what is typed by now; the usual where that cannot be."""
    length, days = visit.form.get("length"), visit.form.get("days")
    if length not in dict(MUTES) or (length == "days" and days not in _DAYS):
        length, days = "PT1H", ""
    reason = visit.form.get("reason")[:_LONGEST_REASON] or _USUAL_REASON
    return _mute_call(visit, name, _mute_end(visit, length, days), reason)


def _mute_end(visit: Visit, choice: str, days: str) -> datetime:
    """When a mute that begins now ends, at a whole minute."""
    lengths = {
        "PT15M": timedelta(minutes=15),
        "PT1H": timedelta(hours=1),
        "PT4H": timedelta(hours=4),
        "days": timedelta(days=int(days) if days.isdecimal() else 1),
    }
    if choice == "morning":
        local = visit.at.astimezone(visit.clock.zone)
        morning = local.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        return morning if morning > local else morning + timedelta(days=1)
    end = visit.at + lengths[choice]
    return (end + timedelta(seconds=59)).replace(second=0, microsecond=0)


def _mute_call(visit: Visit, name: str, end: datetime, reason: str) -> AwsCall:
    """The call that mutes an alarm until `end`; its window begins with the present minute."""
    local = visit.at.astimezone(visit.clock.zone).replace(second=0, microsecond=0)
    minutes = int(end.timestamp() - local.timestamp()) // 60
    zone = "UTC" if visit.visitor.is_utc else getattr(visit.clock.zone, "key", "UTC")
    plain = _PLAIN.sub("-", name)[: _LONGEST_NAME - 40]
    rule: dict[str, Any] = {
        "Name": f"mute-{plain}-{visit.at:%Y%m%dT%H%M%S}",
        "Description": f"{reason} ({visit.visitor.name})",
        "Rule": {
            "Schedule": {
                "Expression": f"at({local:%Y-%m-%dT%H:%M})",
                "Duration": _duration(minutes),
                "Timezone": zone,
            }
        },
        "MuteTargets": {"AlarmNames": [name]},
    }
    return AwsCall(service="cloudwatch", operation="PutAlarmMuteRule", parameters=rule)


def _duration(minutes: int) -> str:
    """An ISO 8601 duration, at most 15 days as AWS takes it."""
    minutes = min(minutes, MOST_DAYS * 24 * 60)
    hours, rest = divmod(minutes, 60)
    return f"PT{f'{hours}H' if hours else ''}{f'{rest}M' if rest or not hours else ''}"


def unmute_alarm(visit: Visit) -> Answer:
    """End a mute: remove its rule, or every rule that mutes this alarm alone."""
    name = name_of(visit)
    rule = visit.form.get("rule")
    names = [rule] if rule else _own_rules(visit, name)
    if not names:
        raise FormProblemError(
            {"": "The rules that mute this alarm mute others too: change them under Mutes."}, status=409
        )
    for one in names:
        visit.call("cloudwatch", "DeleteAlarmMuteRule", {"AlarmMuteRuleName": one})
    return Redirect(
        visit.url("alarms", name), told="No longer muted. What was held goes out now, if the state has changed."
    )


def _own_rules(visit: Visit, name: str) -> list[str]:
    """The rules that are in force and mute this alarm alone."""
    rules, _ = list_mute_rules(
        visit.service, visit.scope, alarm_name=name, statuses=(MuteStatus.ACTIVE.value,), limit=_MOST_RULES
    )
    return [one.rule.name for one in rules if one.rule.alarm_names == (name,)]


# ---------------------------------------------------------------- testing, switching


def send_trial(visit: Visit) -> Answer:
    """Send a test message through the alarm's topics; its state stays."""
    subject = _subject(visit)
    with visit.service.store.read() as store:
        topics = trial_topics(store, subject.alarm)
    if not topics:
        raise FormProblemError(
            {"": "The alarm has no topic for ALARM that is here: nobody would get a test."}, status=409
        )
    for arn in topics:
        place = scope_of_topic(arn)
        call = _trial_call(visit, subject.name, arn)
        visit.call(call.service, call.operation, call.parameters, scope=place[0] if place else None)
    names = ", ".join(arn.rpartition(":")[2] for arn in topics)
    told = f"A test was sent through {names}. Who has taken it stands under Deliveries."
    return Redirect(visit.url("alarms", subject.name), told=told)


def _trial_call(visit: Visit, name: str, arn: str) -> AwsCall:
    url = f"{visit.service.settings.public_url}{visit.url('alarms', name)}"
    text = trial_text(name, by=visit.visitor.name, at=visit.at, url=url)
    parameters = {"TopicArn": arn, "Subject": trial_subject(name), "Message": text}
    return AwsCall(service="sns", operation="Publish", parameters=parameters)


def switch_actions(visit: Visit) -> Answer:
    """Switch the actions of an alarm on or off."""
    name = name_of(visit)
    is_on = visit.form.get("to") == "on"
    visit.call("cloudwatch", "EnableAlarmActions" if is_on else "DisableAlarmActions", {"AlarmNames": [name]})
    told = (
        "Its actions are on. Nothing is sent for what happened meanwhile."
        if is_on
        else "Its actions are off: nobody is told."
    )
    undo = Undo("switch-alarm-actions", {"alarm": name, "to": "off" if is_on else "on"})
    return Redirect(visit.url("alarms", name), told=told, undo=undo)


# ---------------------------------------------------------------- weighty ones


def confirm_state(visit: Visit) -> Answer:
    """What follows from setting a state, before it is set."""
    subject = _subject(visit)
    with visit.service.store.read() as store:
        reach = ReachSurvey(visit.service, store, visit.scope, now=millisecond_of(visit.at)).of(subject.alarm)
        parents = list(visit.service.part(AlarmNetworks).of(store, visit.scope).network.parents(subject.name))
    chosen = visit.form.get("state")
    others = [state.value for state in StateValue if state is not subject.standing.state.state_value]
    example = {"AlarmName": subject.name, "StateValue": chosen or others[0], "StateReason": "testing purposes"}
    context = {
        "subject": subject,
        "name": subject.name,
        "others": others,
        "counts": _action_counts(subject),
        "reach": reach,
        "parents": parents,
        "calls": [AwsCall(service="cloudwatch", operation="SetAlarmState", parameters=example)],
    }
    return Page("alarm_state.html", "Set state", context, crumbs=_crumbs(visit, subject.name), section="alarms")


def _action_counts(subject: Subject) -> dict[str, int]:
    alarm = subject.alarm
    return {
        "OK": len(alarm.ok_actions),
        "ALARM": len(alarm.alarm_actions),
        "INSUFFICIENT_DATA": len(alarm.insufficient_data_actions),
    }


def set_alarm_state(visit: Visit) -> Answer:
    """Set the state of an alarm by hand."""
    name = name_of(visit)
    reason = visit.form.get("reason")
    if not reason:
        raise FormProblemError({"reason": "Say why: it stands in the history and in the message."})
    state = visit.form.get("state")
    visit.call("cloudwatch", "SetAlarmState", {"AlarmName": name, "StateValue": state, "StateReason": reason})
    return Redirect(visit.url("alarms", name), told=f"Set to {state}. The next evaluation decides anew.")


def confirm_deletion(visit: Visit) -> Answer:
    """What goes with an alarm, before it goes."""
    subject = _subject(visit)
    loss = _loss(visit, subject)
    with visit.service.store.read() as store:
        parents = list(visit.service.part(AlarmNetworks).of(store, visit.scope).network.parents(subject.name))
    context = {
        "subject": subject,
        "name": subject.name,
        "reach": loss,
        "parents": parents,
        "calls": [AwsCall(service="cloudwatch", operation="DeleteAlarms", parameters={"AlarmNames": [subject.name]})],
    }
    return Page("alarm_deletion.html", "Delete", context, crumbs=_crumbs(visit, subject.name), section="alarms")


def _loss(visit: Visit, subject: Subject) -> Reach:
    """Who would no longer be told."""
    with visit.service.store.read() as store:
        return ReachSurvey(visit.service, store, visit.scope, now=millisecond_of(visit.at)).of(subject.alarm)


def delete_alarm(visit: Visit) -> Answer:
    """Delete an alarm. Where somebody would no longer be told its name has to be typed."""
    subject = _subject(visit)
    if _loss(visit, subject).listeners and visit.form.get("typed") != subject.name:
        raise FormProblemError({"typed": f"Type the name of the alarm, {subject.name}, to delete it."})
    call = _put_call(subject)
    visit.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [subject.name]})
    definition = msgspec.json.encode({"operation": call.operation, "parameters": call.parameters}).decode()
    return Redirect(
        visit.url("alarms"),
        told=f"Alarm {subject.name} deleted. Its history stays; bringing it back does not bring back its state.",
        undo=Undo("restore-alarm", {"definition": definition}),
    )


class _Definition(msgspec.Struct):
    operation: str
    parameters: dict[str, Any]


def restore_alarm(visit: Visit) -> Answer:
    """Make an alarm again that was deleted."""
    try:
        found = msgspec.json.decode(visit.form.exact("definition").encode(), type=_Definition)
    except msgspec.MsgspecError:
        raise NoSuchPageError("There is no alarm in this form") from None
    if found.operation not in {"PutMetricAlarm", "PutCompositeAlarm"}:
        raise NoSuchPageError("There is no alarm in this form")
    visit.call("cloudwatch", found.operation, found.parameters)
    name = str(found.parameters.get("AlarmName", ""))
    return Redirect(visit.url("alarms", name), told="The alarm is back. It begins in INSUFFICIENT_DATA.")


# ---------------------------------------------------------------- export


def export_alarm(visit: Visit) -> Answer:
    """The definition as a file: the JSON that the AWS CLI takes, or a CloudFormation template."""
    with visit.service.store.read() as store:
        subject = read_subject(visit, store, visit.query("name"))
    call = _put_call(subject)
    if visit.query("as") == "cloudformation":
        forms = {one.kind: one for one in equal_forms([call])}
        body = forms[EqualKind.CLOUDFORMATION].text.encode()
        return Download("alarm.yaml", "application/yaml", body)
    return Download("alarm.json", "application/json", msgspec.json.format(msgspec.json.encode(call.parameters)))


def _put_call(subject: Subject) -> AwsCall:
    """The call that makes this alarm."""
    alarm = msgspec.structs.replace(subject.alarm, tags=dict(subject.tags))
    operation = "PutMetricAlarm" if isinstance(alarm, MetricAlarm) else "PutCompositeAlarm"
    parameters = {name: value for name, value in alarm.to_aws().items() if value not in ([], None)}
    return AwsCall(service="cloudwatch", operation=operation, parameters=parameters)


def _crumbs(visit: Visit, name: str) -> list[tuple[str, str]]:
    return [("Alarms", visit.url("alarms")), (name, visit.url("alarms", name))]
