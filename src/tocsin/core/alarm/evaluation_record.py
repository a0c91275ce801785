"""What an evaluation rested on, as it is kept with the decision. Spec: AL-18.6, AL-19.7, CON-4.0 (X7).

Rule: points and counts are those that were seen; what arrives later does not change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.evaluation import Evaluation

if TYPE_CHECKING:
    from collections.abc import Sequence


class EvaluationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation with the eventIDs of the records behind its decisive points, as far as they are known."""

    evaluation: Evaluation
    event_ids: tuple[str, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(EvaluationRecord).decode


def pack_evaluation(evaluation: Evaluation, event_ids: Sequence[str]) -> bytes:
    """The bytes of a record."""
    return _encode(EvaluationRecord(evaluation=evaluation, event_ids=tuple(event_ids)))


def unpack_evaluation(body: bytes) -> EvaluationRecord:
    """The record that `pack_evaluation` has written."""
    return _decode(body)
