"""The form of a composite alarm: its fields, and the parameters that they stand for. Spec: CON-4.8, AL-12, AL-13.

Rule: the alarm rule is taken to the letter, as AWS keeps it (AL-12.8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.console.alarm_form import ACTIONS, actions_sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.console.visit import Form

LABELS: Final = {
    "rule": "Alarm rule",
    "suppressor": "Suppressor",
    "wait": "Wait",
    "extension": "Extension",
    "description": "Description",
    "severity": "Severity",
    "enabled": "Actions enabled",
    **{name: f"Actions for {state}" for name, state in ACTIONS.items()},
}
"""The fields, in their order, as people know them."""

FIELD_OF: Final = {
    "AlarmName": "name",
    "AlarmRule": "rule",
    "ActionsSuppressor": "suppressor",
    "ActionsSuppressorWaitPeriod": "wait",
    "ActionsSuppressorExtensionPeriod": "extension",
    "AlarmDescription": "description",
    **{name: name for name in ACTIONS},
}
"""The field that a parameter is typed into."""

USUAL_SECONDS: Final = "60"
"""How long a new suppressor is waited for, and what is held is held on after it."""

_ON: Final = "yes"
_PERIODS: Final = {"wait": "ActionsSuppressorWaitPeriod", "extension": "ActionsSuppressorExtensionPeriod"}


def first_fields() -> dict[str, str]:
    """What the form of a new composite begins with."""
    return dict.fromkeys(LABELS, "") | {"enabled": _ON}


def fields_of(parameters: Mapping[str, Any], *, severity: str) -> dict[str, str]:
    """What the form shows of a composite, given as the parameters that make it."""
    return {
        "rule": parameters["AlarmRule"],
        "suppressor": parameters.get("ActionsSuppressor") or "",
        **{field: _text(parameters.get(name)) for field, name in _PERIODS.items()},
        "description": parameters.get("AlarmDescription") or "",
        "severity": severity,
        "enabled": _ON if parameters.get("ActionsEnabled", True) else "",
        **{name: "\n".join(parameters.get(name) or ()) for name in ACTIONS},
    }


def fields_sent(form: Form) -> dict[str, str]:
    """What was typed. Periods without a suppressor are nothing."""
    fields = {name: form.exact(name) if name == "rule" else form.get(name) for name in LABELS} | actions_sent(form)
    return fields if fields["suppressor"] else fields | dict.fromkeys(_PERIODS, "")


def problems_of(fields: Mapping[str, str], *, name: str) -> dict[str, str]:
    """What cannot even be asked of PutCompositeAlarm, by field. All else is for it to say."""
    problems = {}
    if not name:
        problems["name"] = "An alarm has a name."
    if not fields["rule"].strip():
        problems["rule"] = "Which alarms does it look at? For example: ALARM(a) AND NOT OK(b)"
    for field in _PERIODS:
        if fields[field] and not fields[field].isdecimal():
            problems[field] = f"{LABELS[field]} is a number of seconds."
    return problems


def parameters_of(fields: Mapping[str, str], *, name: str) -> dict[str, Any]:
    """The parameters of PutCompositeAlarm, without tags."""
    made: dict[str, Any] = {
        "AlarmName": name,
        "AlarmRule": fields["rule"],
        "AlarmDescription": fields["description"] or None,
        "ActionsEnabled": bool(fields["enabled"]),
        **{actions: fields[actions].splitlines() for actions in ACTIONS},
        "ActionsSuppressor": fields["suppressor"] or None,
        **{name: int(fields[field]) if fields[field].isdecimal() else None for field, name in _PERIODS.items()},
    }
    return {key: value for key, value in made.items() if value is not None}


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
