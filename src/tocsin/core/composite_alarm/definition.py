"""A composite alarm as it was defined, in AWS's words. Spec: AL-12, AL-12.3, AL-13.1, AL-5.2, AL-11.5.

Rule: definition only; the state and what is suppressed stand elsewhere. Rule and suppressor are kept
as they were given (AL-12.8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.action import check_actions, read_actions
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.parameter import ParameterReader, refuse_violations
from tocsin.core.alarm.tag import read_tags
from tocsin.core.composite_alarm.alarm_rule import AlarmRule
from tocsin.core.composite_alarm.parser import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

DESCRIBED = (
    *("AlarmArn", "AlarmConfigurationUpdatedTimestamp", "StateValue", "StateReason", "StateReasonData"),
    *("StateUpdatedTimestamp", "StateTransitionedTimestamp", "ActionsSuppressedBy", "ActionsSuppressedReason"),
)
"""What DescribeAlarms shows of a composite beside its definition."""

_LONGEST_PERIOD = 2**31 - 1  # what the wire can carry


class CompositeAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """The definition of a composite alarm: the parameters of PutCompositeAlarm.

    `actions_suppressor` is the name or ARN of an alarm; with it come the two periods, in seconds.
    """

    alarm_name: str
    alarm_rule: AlarmRule
    alarm_description: str | None = None
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()
    actions_suppressor: str | None = None
    actions_suppressor_wait_period: int | None = None
    actions_suppressor_extension_period: int | None = None
    tags: dict[str, str] = {}

    @classmethod
    def from_aws(cls, parameters: Mapping[str, Any]) -> CompositeAlarm:
        """The alarm that PutCompositeAlarm makes of these parameters.

        What DescribeAlarms adds (state, ARN, timestamps) is passed over; None counts as not given.
        Raises AlarmRuleError for a rule that is none and AlarmError for everything else, in AWS's
        words. Whether children and suppressor exist is asked by `AlarmNetwork.check`.
        """
        reader = ParameterReader(parameters)
        reader.pass_over(DESCRIBED)
        name = reader.text("AlarmName", least=1, most=255, required=True)
        rule = reader.text("AlarmRule", least=1, most=MAX_LENGTH, required=True)
        description = reader.text("AlarmDescription", most=1024)
        enabled = reader.boolean("ActionsEnabled", default=True)
        actions = read_actions(reader)
        suppressor = reader.text("ActionsSuppressor", least=1, most=1600)
        wait = reader.whole("ActionsSuppressorWaitPeriod", least=0, most=_LONGEST_PERIOD)
        extension = reader.whole("ActionsSuppressorExtensionPeriod", least=0, most=_LONGEST_PERIOD)
        tags = read_tags(reader)
        refuse_violations(reader.violations)
        reader.refuse_unknown()
        assert name is not None and rule is not None  # noqa: PT018 - both are required, and nothing was violated
        check_actions(actions)
        if suppressor is not None:
            _check_periods(wait, extension)
        return cls(
            alarm_name=name,
            alarm_rule=AlarmRule.parse(rule),
            alarm_description=description,
            actions_enabled=enabled,
            ok_actions=actions["OKActions"],
            alarm_actions=actions["AlarmActions"],
            insufficient_data_actions=actions["InsufficientDataActions"],
            actions_suppressor=suppressor,
            actions_suppressor_wait_period=wait,
            actions_suppressor_extension_period=extension,
            tags=tags,
        )

    def actions(self, list_name: str) -> tuple[str, ...]:
        """The ARNs of `OKActions`, `AlarmActions` or `InsufficientDataActions`."""
        lists = {
            "OKActions": self.ok_actions,
            "AlarmActions": self.alarm_actions,
            "InsufficientDataActions": self.insufficient_data_actions,
        }
        return lists[list_name]

    def to_aws(self) -> dict[str, Any]:
        """The parameters of PutCompositeAlarm that make an equal alarm, in the order of AWS's model.

        Options that were not given are left out; the three lists of actions are there also when they
        are empty (AL-11.2).
        """
        members: dict[str, Any] = {
            "ActionsEnabled": self.actions_enabled,
            "AlarmActions": list(self.alarm_actions),
            "AlarmDescription": self.alarm_description,
            "AlarmName": self.alarm_name,
            "AlarmRule": self.alarm_rule.source,
            "InsufficientDataActions": list(self.insufficient_data_actions),
            "OKActions": list(self.ok_actions),
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()] or None,
            "ActionsSuppressor": self.actions_suppressor,
            "ActionsSuppressorWaitPeriod": self.actions_suppressor_wait_period,
            "ActionsSuppressorExtensionPeriod": self.actions_suppressor_extension_period,
        }
        return {name: value for name, value in members.items() if value is not None}


def _check_periods(wait: int | None, extension: int | None) -> None:
    """Both periods are required with a suppressor (AL-13.1; the text is our choice)."""
    for name, period in (("ActionsSuppressorWaitPeriod", wait), ("ActionsSuppressorExtensionPeriod", extension)):
        if period is None:
            raise AlarmError(
                f"{name} is required when ActionsSuppressor is specified",
                parameter=name,
                hint=f"give {name} in seconds, for example 120",
            )
