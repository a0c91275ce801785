"""StateReasonData: the same as the reason, for programs. Rule: AWS's keys in AWS's order, compact.

Spec: AL-9.10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.number_text import number_text
from tocsin.core.alarm.reason import points_needed
from tocsin.core.alarm.timestamp import aws_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tocsin.core.alarm.decision import Decision
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.slot import SlotValue


def json_text(text: str) -> str:
    """A text as a JSON string; lone surrogates, which no encoding takes, as escapes in words."""
    try:
        return msgspec.json.encode(text).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(text.encode("utf-8", "backslashreplace").decode()).decode()


def reason_data_text(
    alarm: MetricAlarm, decision: Decision, slots: Sequence[SlotValue], *, queried_at: datetime
) -> str:
    """The JSON of a decision over `slots`, oldest first. `queried_at` is the moment it was made (aware)."""
    return "{" + ",".join(_members(alarm, decision, slots, queried_at)) + "}"


def _members(alarm: MetricAlarm, decision: Decision, slots: Sequence[SlotValue], queried_at: datetime) -> Iterator[str]:
    yield '"version":"1.0"'
    yield f'"queryDate":"{aws_timestamp(queried_at)}"'
    real = [index for index, slot in enumerate(slots) if slot.value is not None]
    recent = slots[real[0] : real[-1] + 1] if real else ()
    if recent:
        yield f'"startDate":"{aws_timestamp(recent[0].start)}"'
    if alarm.unit is not None:
        yield f'"unit":{json_text(alarm.unit)}'
    if alarm.statistic is not None:
        yield f'"statistic":{json_text(alarm.statistic.source)}'
    yield f'"period":{alarm.period}'
    yield f'"recentDatapoints":{_numbers(slot.value for slot in recent)}'
    if alarm.threshold is not None:
        yield f'"threshold":{number_text(alarm.threshold)}'
    else:
        yield f'"recentLowerThresholds":{_numbers(slot.lower for slot in recent)}'
        yield f'"recentUpperThresholds":{_numbers(slot.upper for slot in recent)}'
    yield f'"evaluatedDatapoints":[{",".join(_evaluated(alarm, decision, slots))}]'


def _evaluated(alarm: MetricAlarm, decision: Decision, slots: Sequence[SlotValue]) -> Iterator[str]:
    """The decisive points, and the newest empty slots until there are Q entries; newest first."""
    empty = [index for index in range(len(slots) - 1, -1, -1) if slots[index].value is None]
    lacking = max(0, points_needed(alarm, decision.state) - len(decision.decisive))
    for index in sorted((*decision.decisive, *empty[:lacking]), reverse=True):
        slot = slots[index]
        members = [f'"timestamp":"{aws_timestamp(slot.start)}"']
        if slot.value is not None:
            if slot.sample_count is not None:
                members.append(f'"sampleCount":{number_text(slot.sample_count)}')
            members.append(f'"value":{number_text(slot.value)}')
        yield "{" + ",".join(members) + "}"


def _numbers(values: Iterable[float | None]) -> str:
    return "[" + ",".join("null" if value is None else number_text(value) for value in values) + "]"
