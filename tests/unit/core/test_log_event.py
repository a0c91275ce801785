"""Log events and their places. Spec: FP-11, WIRE-8.1."""

from __future__ import annotations

from tocsin.core.log_event import LogEvent


def event(timestamp: int, sequence: int) -> LogEvent:
    return LogEvent(timestamp=timestamp, sequence=sequence, ingestion_time=0, stream="s", message="m")


def test_ids_sort_as_the_events_do() -> None:
    events = [event(9, 100), event(10, 2), event(10, 11)]
    ids = [one.event_id for one in events]
    assert ids == sorted(ids)
    assert {len(ident) for ident in ids} == {56}
    assert [one.place for one in events] == [(9, 100), (10, 2), (10, 11)]
