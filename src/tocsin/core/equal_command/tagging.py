"""Tags of alarms. Rule: where what is wanted is declared (template, rule file) they are a part of the alarm.

The API sets the tags of an alarm that exists by a call of their own. Spec: AL-8.2, CON-7.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.aws_call import AwsCall

_PUT = frozenset({("cloudwatch", "PutMetricAlarm"), ("cloudwatch", "PutCompositeAlarm")})
_TAG = ("cloudwatch", "TagResource")


def with_tags(calls: Sequence[AwsCall]) -> list[AwsCall]:
    """The same calls; those that tag an alarm which another of them puts have become its `Tags`."""
    made: list[AwsCall] = []
    for call in calls:
        place = _place_of_alarm(made, call) if (call.service, call.operation) == _TAG else None
        if place is None:
            made.append(call)
            continue
        alarm = made[place]
        tags = {tag["Key"]: tag["Value"] for tag in (*alarm.parameters.get("Tags", ()), *call.parameters["Tags"])}
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        made[place] = msgspec.structs.replace(alarm, parameters={**alarm.parameters, "Tags": listed})
    return made


def _place_of_alarm(calls: Sequence[AwsCall], tagging: AwsCall) -> int | None:
    name = str(tagging.parameters["ResourceARN"]).partition(":alarm:")[2]
    for place, call in enumerate(calls):
        if (call.service, call.operation) in _PUT and call.parameters.get("AlarmName") == name:
            return place
    return None
