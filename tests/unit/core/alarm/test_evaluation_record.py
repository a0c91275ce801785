"""What an evaluation rested on, as it is kept. Spec: AL-18.6."""

from __future__ import annotations

from datetime import UTC, datetime

from tocsin.core.alarm.evaluation import Evaluation
from tocsin.core.alarm.evaluation_record import EvaluationRecord, pack_evaluation, unpack_evaluation
from tocsin.core.alarm.slot import SlotValue
from tocsin.core.alarm.state import StateValue

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_record_is_read_as_it_was_written() -> None:
    evaluation = Evaluation(
        old=StateValue.OK,
        new=StateValue.ALARM,
        reason="Threshold Crossed",
        reason_data="{}",
        at=AT,
        evaluation_range=3,
        rule="enough_breaching",
        points=((AT, 2.5),),
        slots=(SlotValue(start=AT, value=2.5, sample_count=2.0), SlotValue(start=AT, sample_count=0.0)),
        units=("Count", "None"),
    )
    body = pack_evaluation(evaluation, ["e-1", "e-2"])
    assert unpack_evaluation(body) == EvaluationRecord(evaluation=evaluation, event_ids=("e-1", "e-2"))
