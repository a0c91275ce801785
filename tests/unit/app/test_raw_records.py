"""The raw records behind an alarm, for the mail about it: all of them, or none. Spec: AL-19.1."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from live_alarm import ALARM_A, HERE, Live

from tocsin.app.alarm_event import MOST_RECORD_BYTES, contribution_since
from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import put_metric_alarm
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.pipeline import Pipeline
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.evaluation_record import unpack_evaluation
from tocsin.core.metric_filter import MetricFilter, MetricTransformation

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SMALL = '{"eventName": "StopLogging",\n "eventID": "1"}'
LARGE = json.dumps({"eventName": "StopLogging", "padding": "x" * (MOST_RECORD_BYTES // 2)})


@pytest.mark.parametrize(
    ("pattern", "messages", "records", "total"),
    [
        ("{ $.eventName = StopLogging }", [SMALL, "other", SMALL], [json.loads(SMALL)] * 2, 2),
        ("{ $.eventName = StopLogging }", [LARGE], [json.loads(LARGE)], 1),
        ("{ $.eventName = StopLogging }", [LARGE, LARGE], [], 2),
        ("{ $.eventName = StopLogging }", ["other"], [], 0),
        ("StopLogging", [SMALL, "a line with StopLogging"], [], 2),
    ],
)
def test_all_of_them_or_none(pattern: str, messages: list[str], records: list[object], total: int) -> None:
    live = Live(START)
    create_log_group(live.service, HERE, "g")
    create_log_stream(live.service, HERE, "g", "s")
    transformation = MetricTransformation(metric_name="m", metric_namespace="N", metric_value="1")
    definition = MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=(transformation,))
    put_metric_filter(live.service, HERE, "g", definition)
    put_metric_alarm(live.service, HERE, ALARM_A)
    now = int(START.timestamp() * 1000)
    live.service.part(Pipeline).put(HERE, "g", "s", [(now, message) for message in messages])
    alarm = MetricAlarm.from_aws(ALARM_A)
    second = int(START.timestamp())
    until = int((START + timedelta(minutes=1)).timestamp())
    with live.store.read() as store:
        found = contribution_since(live.service, store, HERE, alarm, since=second, until=until)
    assert found.total == total
    assert [json.loads(line) for line in found.records.splitlines()] == records
    assert len(found.records) <= MOST_RECORD_BYTES


def test_a_slot_that_is_shorter_than_a_minute_has_the_events_of_the_minute() -> None:
    """A filter's datum stands at the start of its minute."""
    live = Live(START)
    create_log_group(live.service, HERE, "g")
    create_log_stream(live.service, HERE, "g", "s")
    transformation = MetricTransformation(metric_name="m", metric_namespace="N", metric_value="1")
    pattern = "{ $.eventName = StopLogging }"
    definition = MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=(transformation,))
    put_metric_filter(live.service, HERE, "g", definition)
    quick = {**ALARM_A, "Period": 10, "EvaluationPeriods": 6, "DatapointsToAlarm": 1}
    put_metric_alarm(live.service, HERE, quick)
    live.move_to(START + timedelta(seconds=37))
    live.service.part(Pipeline).put(HERE, "g", "s", [(int(START.timestamp() * 1000) + 37_000, SMALL)])
    live.move_to(START + timedelta(seconds=50))
    live.run()
    (change,) = [one for one in live.states() if one.told.endswith("to ALARM")]
    with live.store.read() as store:
        ((_, body),) = store.history.evaluations(HERE, change.name, limit=1)
    assert unpack_evaluation(body).event_ids == ("1",)
