"""What a time in ALARM rests on: the evaluation that made it, and those since. Spec: AL-18.6, AL-19.7.

Rule: points and counts are those that were seen then; what the data say today stands beside them and never in their
place.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.alarm.decision import Datapoint, TreatMissingData
from tocsin.core.alarm.evaluation_record import EvaluationRecord
from tocsin.core.alarm.evaluator import Reading
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.metric_history import MetricHistory

if TYPE_CHECKING:
    from tocsin.app.alarm_reading import ReadyAlarm
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.alarm.slot import SlotValue


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation that made the state, and later ones with other decisive points, newest first.

    `deciding` is None where it is not known.
    """

    deciding: EvaluationRecord | None = None
    since: tuple[EvaluationRecord, ...] = ()


class DecidedSlot(msgspec.Struct, frozen=True, kw_only=True):
    """One slot that an evaluation saw, from `start` to `end`, which is not part of it; both are aware.

    `value` is what it held then, with its samples, and `now` what it holds today. `verdict` is what was made of it;
    `is_fill` says that it was missing and stood for a point. `is_decisive` says that it decided.
    """

    start: datetime
    end: datetime
    value: float | None
    samples: float | None
    now: float | None
    verdict: Datapoint
    is_fill: bool = False
    is_decisive: bool = False

    @property
    def differs(self) -> bool:
        """Whether the data say something else today (AL-19.7)."""
        return self.value != self.now


def decided_slots(store: StoreReader, one: ReadyAlarm, evaluation: Evaluation) -> tuple[DecidedSlot, ...]:
    """What an evaluation saw, newest slot first, and what is there today.

    The verdicts are those of the alarm as it is defined now, whose slots may be others: then nothing is said of today.
    """
    alarm = one.known.alarm
    newest_first = evaluation.slots
    starts = [second_of(slot.start) for slot in newest_first]
    edges = (*reversed(starts), second_of(evaluation.at))
    today = _today(store, one, evaluation)
    then = Reading(
        edges=edges,
        values=tuple(slot.value for slot in reversed(newest_first)),
        lower=tuple(slot.lower for slot in reversed(newest_first)),
        upper=tuple(slot.upper for slot in reversed(newest_first)),
    )
    verdicts = list(reversed(one.evaluator.points(then)))
    real = sum(verdict is not Datapoint.MISSING for verdict in verdicts)
    fills = max(0, alarm.evaluation_periods - real)
    fill = {TreatMissingData.BREACHING: Datapoint.BAD, TreatMissingData.NOT_BREACHING: Datapoint.GOOD}.get(
        alarm.missing_data
    )
    decisive = {start for start, _ in evaluation.points}
    found = []
    for place, (slot, verdict) in enumerate(zip(newest_first, verdicts, strict=True)):
        is_fill = verdict is Datapoint.MISSING and fill is not None and fills > 0
        fills -= is_fill
        found.append(
            DecidedSlot(
                start=slot.start,
                end=_end(newest_first, place, evaluation.at),
                value=slot.value,
                samples=slot.sample_count,
                now=slot.value if today is None else today[place],
                verdict=fill if is_fill and fill is not None else verdict,
                is_fill=is_fill,
                is_decisive=slot.start in decisive,
            )
        )
    return tuple(found)


def _end(newest_first: tuple[SlotValue, ...], place: int, at: datetime) -> datetime:
    return newest_first[place - 1].start if place else at


def _today(store: StoreReader, one: ReadyAlarm, evaluation: Evaluation) -> list[float | None] | None:
    """What the slots hold today, newest first; None where the alarm has other slots now, or a band."""
    edges = one.evaluator.edges(second_of(evaluation.at))
    if [moment(edge) for edge in edges[:-1]] != [slot.start for slot in reversed(evaluation.slots)]:
        return None
    alarm = one.known.alarm
    if alarm.is_anomaly:
        return None
    histories = {
        (key, unit): MetricHistory(store.metrics.data(one.scope, key, unit=unit, start=edges[0], end=edges[-1]))
        for key, unit in one.reads
    }
    if alarm.key is not None:
        reading = one.evaluator.read(histories[alarm.key, alarm.unit].slots(edges, at=_FOREVER), edges)
    else:
        stats = {query.id: query.metric_stat for query in alarm.metrics if query.metric_stat is not None}
        slots = {name: histories[stat.key, stat.unit].slots(edges, at=_FOREVER) for name, stat in stats.items()}
        reading = one.evaluator.read(slots, edges)
    return list(reversed(reading.values))


# Whatever has come, however late.
_FOREVER: Final = 10_000_000_000
