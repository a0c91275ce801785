"""Alarms that tell of breaches whose data came too late to be evaluated (AL-18.5)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from live_alarm import ALARM_A, HERE, TOPIC, Live, at_second

from tocsin.app.alarm_record import LATE_DATA
from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import delete_alarms, put_metric_alarm
from tocsin.app.metric_data import put_metric_data
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.mute_rule import put_mute_rule
from tocsin.app.pipeline import Pipeline
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.errors import InvalidParameterError

START = at_second(1_772_366_400)
RING = {"Key": "tocsin:late", "Value": "ring"}


def live(*tags: dict[str, str], **changes: Any) -> Live:
    """A service with the alarm `a`, which looks back three minutes, up for ten minutes."""
    made = Live(START)
    made.add_topic()
    alarm = {**ALARM_A, "AlarmActions": [TOPIC], "TreatMissingData": "notBreaching", "Tags": list(tags), **changes}
    put_metric_alarm(made.service, HERE, alarm)
    for minute in range(1, 11):
        made.move_to(START + timedelta(minutes=minute))
        made.run()
    return made


def arrives(made: Live, *, happened: datetime, value: float = 1.0) -> None:
    """A datum comes now that happened at another time."""
    datum = {"MetricName": "m", "Timestamp": happened, "Value": value}
    put_metric_data(made.service, HERE, {"Namespace": "N", "MetricData": [datum]})
    made.run()
    made.move_to(made.clock.now() + timedelta(minutes=1))
    made.run()


def messages(made: Live) -> list[dict[str, Any]]:
    found = []
    for item in made.items(HistoryItemType.ACTION):
        data = json.loads(item.history_data)
        if data.get("publishedMessage"):
            found.append(json.loads(json.loads(data["publishedMessage"])["default"]))
    return found


def test_a_breach_that_came_late_is_told_and_changes_nothing() -> None:
    made = live(RING)
    before = made.states()
    arrives(made, happened=START + timedelta(minutes=3))
    (message,) = messages(made)
    assert message["Tocsin"]["late"] is True
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "OK")
    assert message["StateChangeTime"] == "2026-03-01T12:04:00.000+0000"
    assert made.states() == before


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ([], 0),
        ([{"Key": "tocsin:late", "Value": "off"}], 0),
        ([{"Key": "tocsin:rule", "Value": "article/stop-logging"}], 1),
        ([{"Key": "tocsin:rule", "Value": "article/stop-logging"}, {"Key": "tocsin:late", "Value": "off"}], 0),
    ],
)
def test_who_wants_to_know(tags: list[dict[str, str]], told: int) -> None:
    made = live(*tags)
    arrives(made, happened=START + timedelta(minutes=3))
    assert len(messages(made)) == told


def test_what_comes_in_time_rings_as_ever() -> None:
    made = live(RING)
    arrives(made, happened=START + timedelta(minutes=9))
    (message,) = messages(made)
    assert "late" not in message["Tocsin"]


@pytest.mark.parametrize("minute", [2, 3, 4, 5])
def test_one_breach_is_told_once_however_many_data_come_after_it(minute: int) -> None:
    made = live(RING)
    arrives(made, happened=START + timedelta(minutes=3))
    arrives(made, happened=START + timedelta(minutes=minute))
    assert len(messages(made)) == 1


def test_another_breach_is_told_too() -> None:
    made = live(RING)
    made.move_to(START + timedelta(minutes=20))
    made.run()
    arrives(made, happened=START + timedelta(minutes=2))
    arrives(made, happened=START + timedelta(minutes=12))
    assert [message["StateChangeTime"][11:16] for message in messages(made)] == ["12:03", "12:13"]


def test_what_rang_in_time_is_not_told_again() -> None:
    made = live(RING)
    arrives(made, happened=START + timedelta(minutes=9))
    made.move_to(START + timedelta(minutes=20))
    made.run()
    arrives(made, happened=START + timedelta(minutes=9))
    arrives(made, happened=START + timedelta(minutes=10))
    assert len(messages(made)) == 1


def test_what_breaches_nothing_is_not_told() -> None:
    made = live(RING)
    arrives(made, happened=START + timedelta(minutes=3), value=0.5)
    assert messages(made) == []


def test_late_data_add_up_with_those_that_were_there() -> None:
    made = live(RING, Threshold=2.0)
    arrives(made, happened=START + timedelta(minutes=3))
    assert messages(made) == []
    arrives(made, happened=START + timedelta(minutes=3, seconds=20))
    assert len(messages(made)) == 1


def test_an_old_archive_rings_nobody() -> None:
    made = live(RING)
    made.move_to(START + timedelta(days=2))
    made.run()
    arrives(made, happened=START + timedelta(minutes=3))
    assert messages(made) == []


def test_what_happened_before_the_alarm_was_made_is_not_its_business() -> None:
    made = live(RING)
    arrives(made, happened=START - timedelta(minutes=3))
    assert messages(made) == []


def test_an_alarm_whose_actions_are_disabled_says_nothing() -> None:
    made = live(RING, ActionsEnabled=False)
    arrives(made, happened=START + timedelta(minutes=3))
    assert messages(made) == []


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at_write", range(1, 5))
def test_a_death_at_any_write_tells_it_once(at_write: int, *, after_commit: bool) -> None:
    made = live(RING)
    datum = {"MetricName": "m", "Timestamp": START + timedelta(minutes=3), "Value": 1.0}
    put_metric_data(made.service, HERE, {"Namespace": "N", "MetricData": [datum]})
    made.move_to(made.clock.now() + timedelta(minutes=1))
    made.run_and_die(at_write, after_commit=after_commit)
    made.run()
    made.move_to(made.clock.now() + timedelta(minutes=1))
    made.run()
    assert len(messages(made)) == 1


def test_a_mute_rule_holds_it_until_its_window_is_over() -> None:
    made = live(RING)
    window = {"Expression": "at(2026-03-01T12:20)", "Duration": "PT30M"}
    rule = {"Name": "m", "Rule": {"Schedule": window}, "MuteTargets": {"AlarmNames": ["a"]}}
    put_mute_rule(made.service, HERE, rule)
    made.move_to(START + timedelta(minutes=21))
    made.run()
    arrives(made, happened=START + timedelta(minutes=3))
    assert messages(made) == []
    made.move_to(START + timedelta(minutes=51))
    made.run()
    assert [message["Tocsin"]["late"] for message in messages(made)] == [True]


def test_events_of_a_log_group_that_come_late_ring() -> None:
    made = live(RING)
    create_log_group(made.service, HERE, "g")
    create_log_stream(made.service, HERE, "g", "s")
    made_of = MetricTransformation(metric_name="m", metric_namespace="N", metric_value="1")
    definition = MetricFilter(filter_name="f", filter_pattern="stop", metric_transformations=(made_of,))
    put_metric_filter(made.service, HERE, "g", definition)
    happened = int((START + timedelta(minutes=3)).timestamp() * 1000)
    made.service.part(Pipeline).put(HERE, "g", "s", [(happened, "stop")])
    made.run()
    made.move_to(made.clock.now() + timedelta(minutes=1))
    made.run()
    (message,) = messages(made)
    assert message["Tocsin"]["eventCount"] == 1


def test_a_value_of_the_tag_that_means_nothing_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="tocsin:late takes ring or off"):
        live({"Key": "tocsin:late", "Value": "yes"})


def test_what_was_told_goes_with_the_alarm() -> None:
    made = live(RING)
    arrives(made, happened=START + timedelta(minutes=3))
    delete_alarms(made.service, HERE, ["a"])
    with made.store.read() as store:
        assert list(LATE_DATA.scan_all(store)) == []
