"""The subject of an alarm's mail, and the heading of its short message.

Rule: ASCII on one line; a subject has at most 100 characters, whatever the alarm is called. Spec:
AL-17.2, AL-18.5 (late), AL-19.6 (reminder, summary).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from tocsin.core.notification.region_name import region_name

LONGEST_SUBJECT: Final = 100
LONGEST_SMS_NAME: Final = 90

# A code that is not known stands for its name; this one is made up, and must leave room for the alarm's.
_LONGEST_REGION = 40

_NOT_PRINTABLE = re.compile("[^ -~]+")
_CUT = "..."


class Occasion(StrEnum):
    """Why an alarm says something: a change of state, a breach that came late, a state that lasts, many changes.

    A summary tells of changes that were not told one by one (AL-19.6).
    """

    CHANGE = "change"
    LATE = "late"
    REMINDER = "reminder"
    SUMMARY = "summary"


def subject(alarm_name: str, state: str, region: str, occasion: Occasion = Occasion.CHANGE) -> str:
    """The subject: `ALARM: "name" in US East (N. Virginia)`; the name is cut so that all fits (AL-17.2).

    `region` is the code. What is not a change of state says so behind the state.

    >>> subject("root-use", "ALARM", "us-east-1", Occasion.LATE)
    'ALARM (late): "root-use" in US East (N. Virginia)'
    """
    head, tail = _frame(state, region, occasion)
    return f"{head}{_fit(alarm_name, LONGEST_SUBJECT - len(head) - len(tail))}{tail}"


def sms_heading(alarm_name: str, state: str, region: str, occasion: Occasion = Occasion.CHANGE) -> str:
    """The text for `sms`: as the subject, with up to 90 characters of name (AL-17.2)."""
    head, tail = _frame(state, region, occasion)
    return f"{head}{_fit(alarm_name, LONGEST_SMS_NAME)}{tail}"


def _frame(state: str, region: str, occasion: Occasion) -> tuple[str, str]:
    mark = "" if occasion is Occasion.CHANGE else f" ({occasion})"
    return f'{state}{mark}: "', f'" in {_fit(region_name(region), _LONGEST_REGION)}'


def _fit(text: str, room: int) -> str:
    """`text` in printable ASCII, each run of other characters as one `_`, cut to `room` characters."""
    text = _NOT_PRINTABLE.sub("_", text)
    return text if len(text) <= room else text[: room - len(_CUT)] + _CUT
