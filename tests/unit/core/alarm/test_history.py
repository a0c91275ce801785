"""History items of AL-10, to the byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from alarms import TOPIC, band_alarm, expression, math_alarm, metric_alarm, stat

from tocsin.core.alarm import AlarmRecord, AlarmState, MetricAlarm, StateValue
from tocsin.core.alarm.history import ConfigurationChange, action_item, configuration_item, state_update_item
from tocsin.core.alarm.lifecycle import create_alarm

AT = datetime(2026, 9, 14, 11, 18, 44, 252_000, UTC)
ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:a"


def state(value: str, reason: str, data: str | None = None) -> AlarmState:
    return AlarmState(state_value=StateValue(value), reason=reason, reason_data=data, updated_at=AT, transitioned_at=AT)


# AL-10.2: reason data are embedded as they are, spacing and all.
def test_state_update() -> None:
    item = state_update_item("a", old=state("OK", 'say "no"'), new=state("ALARM", "r", '{ "x": 1 }'), at=AT)
    assert (item.alarm_name, item.alarm_type, item.timestamp) == ("a", "MetricAlarm", AT)
    assert (item.history_item_type, item.history_summary) == ("StateUpdate", "Alarm updated from OK to ALARM")
    assert item.history_data == (
        '{"version":"1.0","oldState":{"stateValue":"OK","stateReason":"say \\"no\\""},'
        '"newState":{"stateValue":"ALARM","stateReason":"r","stateReasonData":{ "x": 1 }}}'
    )


def test_the_type_of_the_alarm_can_be_another() -> None:
    old, new = state("OK", ""), state("ALARM", "")
    assert state_update_item("a", old=old, new=new, at=AT, alarm_type="CompositeAlarm").alarm_type == "CompositeAlarm"


# AL-10.3
def test_action_that_succeeded() -> None:
    item = action_item("a", arn=TOPIC, state_updated_at=AT, published_message='{"default":"x"}', at=AT)
    assert (item.history_item_type, item.history_summary) == ("Action", f"Successfully executed action {TOPIC}")
    assert item.history_data == (
        '{"actionState":"Succeeded","stateUpdateTimestamp":1789384724252,'
        f'"notificationResource":"{TOPIC}","publishedMessage":"{{\\"default\\":\\"x\\"}}",'
        '"error":null,"muteWindowEndTimestamp":null}'
    )


def test_action_that_nobody_heard_of() -> None:
    """AL-19.4: what AWS would say stands first, so that whoever looks for it finds it."""
    item = action_item(
        "a", arn=TOPIC, state_updated_at=AT, published_message="{}", at=AT, unheard="0 confirmed subscribers"
    )
    told = f"Successfully executed action {TOPIC}. Nobody was told: 0 confirmed subscribers"
    assert item.history_summary == told
    data = json.loads(item.history_data)
    assert (data["actionState"], data["Tocsin"]) == ("Succeeded", {"unheard": "0 confirmed subscribers"})
    assert list(data)[-1] == "Tocsin"


def test_action_that_failed() -> None:
    item = action_item(
        "a", arn=TOPIC, state_updated_at=AT, published_message=None, at=AT, error="no topic", mute_window_end=AT
    )
    assert item.history_summary == f'Failed to execute action {TOPIC}. Received error: "no topic"'
    data = json.loads(item.history_data)
    assert (data["actionState"], data["error"], data["publishedMessage"]) == ("Failed", "no topic", None)
    assert data["muteWindowEndTimestamp"] == "2026-09-14T11:18:44.252+0000"


# AL-10.1: the summary has an end, the data have none.
def test_the_summary_is_cut_and_the_data_are_not() -> None:
    arn = f"arn:aws:sns:us-east-1:111122223333:{'x' * 900}"
    item = action_item("a", arn=arn, state_updated_at=AT, published_message="m" * 9000, at=AT)
    assert len(item.history_summary) == 255
    assert len(json.loads(item.history_data)["publishedMessage"]) == 9000


def record(**changes: Any) -> AlarmRecord:
    return create_alarm(metric_alarm(Statistic="Average", **changes), at=AT)


# AL-10.4: members and their order.
def test_creation() -> None:
    item = configuration_item(record(AlarmActions=[TOPIC]), ConfigurationChange.CREATE, arn=ARN, at=AT)
    assert (item.history_item_type, item.history_summary) == ("ConfigurationUpdate", 'Alarm "a" created')
    assert item.history_data == (
        f'{{"version":"1.0","type":"Create","createdAlarm":{{"alarmName":"a","alarmArn":"{ARN}",'
        '"alarmConfigurationUpdatedTimestamp":"2026-09-14T11:18:44.252+0000","namespace":"Tocsin/Test",'
        '"metricName":"Events","extendedStatistic":"AVERAGE","period":60,"dimensions":[],"threshold":1.0,'
        '"comparisonOperator":"GreaterThanOrEqualToThreshold","evaluationPeriods":1,'
        '"stateValue":"INSUFFICIENT_DATA","stateUpdatedTimestamp":"2026-09-14T11:18:44.252+0000",'
        f'"actionsEnabled":true,"alarmActions":["{TOPIC}"],"insufficientDataActions":[],"okactions":[]}}}}'
    )


def test_an_update_tells_what_was_changed() -> None:
    before = record(AlarmDescription="d", TreatMissingData="ignore", Threshold=2)
    after = msgspec.structs.replace(record(TreatMissingData="missing", DatapointsToAlarm=1, Threshold=2))
    item = configuration_item(after, ConfigurationChange.UPDATE, arn=ARN, at=AT, before=before)
    assert item.history_summary == 'Alarm "a" updated'
    data = json.loads(item.history_data)
    assert list(data) == ["version", "type", "updatedAlarm", "originalUpdatedFields"]
    assert data["originalUpdatedFields"] == {
        "alarmDescription": "d",
        "treatMissingData": "ignore",
        "datapointsToAlarm": None,
    }


def test_deletion() -> None:
    data = json.loads(configuration_item(record(), ConfigurationChange.DELETE, arn=ARN, at=AT).history_data)
    assert list(data) == ["version", "type", "deletedAlarm"]
    assert data["type"] == "Delete"


@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        (
            metric_alarm(
                Statistic=None,
                ExtendedStatistic="p90",
                Unit="Count",
                Dimensions=[{"Name": "n", "Value": "v"}],
                EvaluateLowSampleCountPercentile="ignore",
                WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 5},
            ),
            {
                "extendedStatistic": "p90",
                "unit": "Count",
                "dimensions": [{"name": "n", "value": "v"}],
                "evaluateLowSampleCountPercentile": "ignore",
                "warmUpConfiguration": {
                    "warmUpPeriodDurationInMinutes": 5,
                    "onlyStartEvaluatingAfterWarmUpPeriodEnds": False,
                },
            },
        ),
        (
            math_alarm(expression("e1", "m1*2", returned=True), stat("m1")),
            {
                "metrics": [
                    {"id": "e1", "expression": "m1*2", "returnData": True},
                    {
                        "id": "m1",
                        "metricStat": {
                            "metric": {"namespace": "Tocsin/Test", "metricName": "m1", "dimensions": []},
                            "period": 60,
                            "stat": "Sum",
                        },
                        "returnData": False,
                    },
                ]
            },
        ),
        (band_alarm(), {"thresholdMetricId": "ad1"}),
    ],
)
def test_the_members_of_other_alarms(alarm: MetricAlarm, expected: dict[str, Any]) -> None:
    item = configuration_item(create_alarm(alarm, at=AT), ConfigurationChange.CREATE, arn=ARN, at=AT)
    assert expected.items() <= json.loads(item.history_data)["createdAlarm"].items()


def test_texts_that_no_encoding_takes_are_told_all_the_same() -> None:
    queries = math_alarm(stat("m1", returned=True) | {"Label": "\ud800"})
    item = configuration_item(create_alarm(queries, at=AT), ConfigurationChange.CREATE, arn=ARN, at=AT)
    assert json.loads(item.history_data)["createdAlarm"]["metrics"][0]["label"] == "\\ud800"
