"""Composite alarms: alarms whose state is a rule over the states of other alarms. Spec: AL-12, AL-13.

Rule: a composite is evaluated when a child changes or its own definition does, never by the clock;
a rule that was accepted answers for every set of states and never raises for one that is complete.
"""

from __future__ import annotations

from tocsin.core.composite_alarm.alarm_rule import AlarmRule
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.network import AlarmNetwork, Transition, cycles
from tocsin.core.composite_alarm.suppression import SuppressedBy, Suppression

__all__ = [
    "AlarmNetwork",
    "AlarmRule",
    "AlarmRuleError",
    "CompositeAlarm",
    "SuppressedBy",
    "Suppression",
    "Transition",
    "cycles",
]
