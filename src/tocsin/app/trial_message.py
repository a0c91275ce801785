"""A test message through the topics of an alarm: the whole way to the people, without touching the alarm.

Rule: its subject says that it is a test, the state stays, and history has nothing of it. Spec: CON-4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.app.publication import scope_of_topic
from tocsin.app.topic import TOPICS
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm

# SNS takes a subject of 100 characters (SNS-2.3).
_LONGEST_SUBJECT: Final = 100


def trial_topics(store: StoreReader, alarm: MetricAlarm | CompositeAlarm) -> list[str]:
    """The topics that an alarm publishes to when it goes to ALARM, as far as they are here."""
    return [
        arn
        for arn in dict.fromkeys(alarm.alarm_actions)
        if is_topic(arn) and (place := scope_of_topic(arn)) and TOPICS.get(store, *place) is not None
    ]


def trial_subject(name: str) -> str:
    """The subject of a test: ASCII, on one line, no longer than SNS takes.

    >>> trial_subject("root-usage")
    'TEST: root-usage'
    """
    plain = "".join(one if " " <= one <= "~" else "_" for one in safe_line(name, _LONGEST_SUBJECT))
    whole = f"TEST: {plain}"
    return whole if len(whole) <= _LONGEST_SUBJECT else f"{whole[: _LONGEST_SUBJECT - 3]}..."


def trial_text(name: str, *, by: str, at: datetime, url: str) -> str:
    """What a test says."""
    return (
        f"This is a test of the alarm {safe_line(name)}, sent by {safe_line(by)} on {at:%Y-%m-%d %H:%M:%S} UTC.\n"
        "Nothing has happened, and the alarm is in the state that it was in.\n"
        "\n"
        "Whoever gets this message gets the alarm's messages too.\n"
        f"{url}\n"
    )
