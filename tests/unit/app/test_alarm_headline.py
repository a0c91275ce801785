"""An alarm in ALARM keeps the sentence of its mail (CON-1.2, CON-4.2), and its change is added up (CON-4.0, X6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from live_alarm import ALARM_A, HERE, TOPIC, Live

from tocsin.app.alarm_record import STANDINGS
from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import put_composite_alarm, put_metric_alarm
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.pipeline import Pipeline
from tocsin.core.metric_filter import MetricFilter, MetricTransformation

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENTENCE = "mallory deleted trail main"


def ringing() -> Live:
    """An alarm and a composite over it, set off by a call of mallory's."""
    live = Live(START)
    live.add_topic()
    create_log_group(live.service, HERE, "g")
    create_log_stream(live.service, HERE, "g", "s")
    transformation = MetricTransformation(metric_name="m", metric_namespace="N", metric_value="1")
    pattern = "{ $.eventName = DeleteTrail }"
    definition = MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=(transformation,))
    put_metric_filter(live.service, HERE, "g", definition)
    put_metric_alarm(live.service, HERE, {**ALARM_A, "AlarmActions": [TOPIC], "TreatMissingData": "notBreaching"})
    put_composite_alarm(live.service, HERE, {"AlarmName": "all", "AlarmRule": "ALARM(a)"})
    live.move_to(START + timedelta(minutes=2))
    live.run()
    record = {
        "eventTime": "2026-03-01T12:02:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "DeleteTrail",
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "requestParameters": {"name": "main"},
    }
    now = int(live.clock.now().timestamp() * 1000)
    live.service.part(Pipeline).put(HERE, "g", "s", [(now, json.dumps(record))])
    live.move_to(START + timedelta(minutes=4))
    live.run()
    return live


def headlines(live: Live) -> dict[str, str]:
    with live.store.read() as store:
        return {name: standing.headline for name, standing in STANDINGS.scan(store, HERE)}


def test_an_alarm_that_rings_says_what_set_it_off() -> None:
    live = ringing()
    assert headlines(live) == {"a": SENTENCE, "all": "Set off by a"}
    with live.store.read() as store:
        (row,) = store.outbox.deliveries(limit=5)
    assert f"{SENTENCE}.".encode() in row.body, "the mail says the same"
    live.restart()
    assert headlines(live)["a"] == SENTENCE


def test_one_that_is_over_says_nothing() -> None:
    live = ringing()
    live.move_to(START + timedelta(minutes=20))
    live.run()
    assert headlines(live) == {"a": "", "all": ""}
    with live.store.read() as store:
        changes = store.history.changes(HERE, alarm_name="a", descending=False, limit=9)
        hours = store.history.state_hours(HERE, alarm_name="a", start=0, end=10**9)
    assert [f"{one.old}>{one.new}" for one in changes] == ["INSUFFICIENT_DATA>OK", "OK>ALARM", "ALARM>OK"]
    times = {name: one.times for name, one in hours}["a"]
    assert times.alarm == changes[2].at - changes[1].at
    assert times.ok == changes[1].at - changes[0].at
