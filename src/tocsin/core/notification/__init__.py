"""What an alarm publishes, and the events behind it. Spec: AL-17, AL-19.1.

Rule: pure text from values. Time is an argument; what comes out of a record is safe to show.

    EventSummary            one record, told: made when it matches, kept with the datapoint
    fold_events             many of them in few lines
    StateChange             what the alarm has to tell
    compose_alarm_message   subject, JSON document, short message and mail
"""

from __future__ import annotations

from tocsin.core.notification.event import SUMMARY_FIELDS, EventSummary
from tocsin.core.notification.folding import Fold, Folding, fold_events
from tocsin.core.notification.message import AlarmMessage, MessageSettings, compose_alarm_message
from tocsin.core.notification.region_name import region_name
from tocsin.core.notification.state_change import Contributor, StateChange, TriggeringChild
from tocsin.core.notification.subject import Occasion

__all__ = [
    "SUMMARY_FIELDS",
    "AlarmMessage",
    "Contributor",
    "EventSummary",
    "Fold",
    "Folding",
    "MessageSettings",
    "Occasion",
    "StateChange",
    "TriggeringChild",
    "compose_alarm_message",
    "fold_events",
    "region_name",
]
