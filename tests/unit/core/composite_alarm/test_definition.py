"""Composite alarms as PutCompositeAlarm takes them (AL-12, AL-13.1, AL-5.2, AL-11.5)."""

from __future__ import annotations

import pytest

from tocsin.core.alarm.error import AlarmError
from tocsin.core.composite_alarm import AlarmRuleError, CompositeAlarm

TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
SHORTEST = {"AlarmName": "c", "AlarmRule": "ALARM(a)"}
FULL = {
    "ActionsEnabled": False,
    "AlarmActions": [TOPIC],
    "AlarmDescription": "",
    "AlarmName": "c",
    "AlarmRule": " ALARM( a ) ",
    "InsufficientDataActions": [],
    "OKActions": [TOPIC, TOPIC],
    "Tags": [{"Key": "k", "Value": "v"}],
    "ActionsSuppressor": "s",
    "ActionsSuppressorWaitPeriod": 0,
    "ActionsSuppressorExtensionPeriod": 180,
}


def test_the_shortest_definition_has_defaults() -> None:
    alarm = CompositeAlarm.from_aws(SHORTEST)
    assert alarm.actions_enabled
    assert alarm.actions_suppressor is None
    assert alarm.to_aws() == {
        **SHORTEST,
        "ActionsEnabled": True,
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "OKActions": [],
    }


def test_a_definition_comes_back_as_it_was_given() -> None:
    alarm = CompositeAlarm.from_aws({**FULL, "StateValue": "OK", "AlarmArn": "arn", "StateReason": None})
    assert alarm.to_aws() == FULL
    assert list(alarm.to_aws()) == list(FULL)
    assert CompositeAlarm.from_aws(alarm.to_aws()) == alarm
    assert alarm.actions("OKActions") == (TOPIC, TOPIC)
    assert alarm.actions("InsufficientDataActions") == ()


@pytest.mark.parametrize(
    ("changes", "message", "parameter"),
    [
        (
            {"AlarmName": None},
            "Value null at 'alarmName' failed to satisfy constraint: Member must not be null",
            "AlarmName",
        ),
        ({"AlarmName": ""}, "Member must have length greater than or equal to 1", "AlarmName"),
        ({"AlarmName": "x" * 256}, "Member must have length less than or equal to 255", "AlarmName"),
        ({"AlarmName": 7}, "Value '7' at 'alarmName'", "AlarmName"),
        ({"AlarmRule": None}, "Value null at 'alarmRule'", "AlarmRule"),
        ({"AlarmRule": ""}, "Member must have length greater than or equal to 1", "AlarmRule"),
        ({"AlarmRule": "x" * 10241}, "Member must have length less than or equal to 10240", "AlarmRule"),
        ({"AlarmDescription": "x" * 1025}, "less than or equal to 1024", "AlarmDescription"),
        ({"ActionsEnabled": "yes"}, "Member must be a boolean", "ActionsEnabled"),
        ({"OKActions": [TOPIC] * 6}, "less than or equal to 5", "OKActions"),
        ({"AlarmActions": [TOPIC, "not-an-arn"]}, "Invalid arn syntax: not-an-arn", "AlarmActions.2"),
        ({"AlarmActions": ["arn:aws:sns:::"]}, "Invalid arn syntax: arn:aws:sns:::", "AlarmActions.1"),
        ({"ActionsSuppressor": "x" * 1601}, "less than or equal to 1600", "ActionsSuppressor"),
        ({"ActionsSuppressorWaitPeriod": -1}, "greater than or equal to 0", "ActionsSuppressorWaitPeriod"),
        (
            {"ActionsSuppressorExtensionPeriod": 2**31},
            "less than or equal to 2147483647",
            "ActionsSuppressorExtensionPeriod",
        ),
        (
            {"ActionsSuppressorWaitPeriod": None},
            "ActionsSuppressorWaitPeriod is required",
            "ActionsSuppressorWaitPeriod",
        ),
        (
            {"ActionsSuppressorExtensionPeriod": None},
            "ActionsSuppressorExtensionPeriod is required",
            "ActionsSuppressorExtensionPeriod",
        ),
        ({"Tags": {}}, "Member must be a list", "Tags"),
        ({"Tags": [{"Key": "k"}]}, "Value null at 'tags.1.member.value'", "Tags.1.Value"),
        ({"Tags": [{"Key": "", "Value": "v"}]}, "greater than or equal to 1", "Tags.1.Key"),
        ({"Tags": [{"Key": f"{n}", "Value": ""} for n in range(51)]}, "must not have more than 50 user tags.", "Tags"),
        ({"Treshold": 1}, "Unknown parameter: Treshold", "Treshold"),
    ],
)
def test_what_is_refused(changes: dict, message: str, parameter: str) -> None:
    with pytest.raises(AlarmError) as raised:
        CompositeAlarm.from_aws({**FULL, **changes})
    assert message in raised.value.message
    assert raised.value.parameter == parameter
    assert raised.value.aws_code == "ValidationError"


@pytest.mark.parametrize("key", ["aws:x", "AWS:x"])
def test_tags_of_awss_own(key: str) -> None:
    with pytest.raises(AlarmError, match='must not start with any case of "aws:"') as raised:
        CompositeAlarm.from_aws({**SHORTEST, "Tags": [{"Key": key, "Value": ""}]})
    assert raised.value.aws_code == "AccessDenied"


def test_of_equal_tags_the_last_one_counts() -> None:
    tags = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    assert CompositeAlarm.from_aws({**SHORTEST, "Tags": tags}).tags == {"k": "2"}


def test_a_rule_that_is_none_is_refused_with_its_place() -> None:
    with pytest.raises(AlarmRuleError) as raised:
        CompositeAlarm.from_aws({**SHORTEST, "AlarmRule": "TRUE and TRUE"})
    assert raised.value.position == 5
    assert raised.value.parameter == "AlarmRule"


def test_periods_without_a_suppressor_are_kept() -> None:
    alarm = CompositeAlarm.from_aws({**SHORTEST, "ActionsSuppressorWaitPeriod": 60})
    assert alarm.to_aws()["ActionsSuppressorWaitPeriod"] == 60
