"""Lists of actions: which there are, which one runs, and what may stand in them. Spec: AL-5.2, AL-5.10, AL-8.3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.alarm.parameter import ParameterReader

ACTION_LISTS: Final = {
    StateValue.OK: "OKActions",
    StateValue.ALARM: "AlarmActions",
    StateValue.INSUFFICIENT_DATA: "InsufficientDataActions",
}
"""Which list runs when an alarm enters a state (AL-8.3)."""

_MOST, _LONGEST = 5, 1024
_ARN = re.compile(r"arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S.*\Z", re.DOTALL)


def read_actions(reader: ParameterReader) -> dict[str, tuple[str, ...]]:
    """The three lists of a request, by name; what has no proper length is told with its violations."""
    return {name: reader.texts(name, most=_MOST, item_most=_LONGEST) or () for name in ACTION_LISTS.values()}


def check_actions(actions: Mapping[str, tuple[str, ...]]) -> None:
    """ARNs by syntax alone: whether they lead anywhere shows at the first transition (AL-5.10). Raises AlarmError."""
    for name, arns in actions.items():
        for number, arn in enumerate(arns, 1):
            if _ARN.match(arn) is None:
                raise AlarmError(
                    f"Invalid arn syntax: {arn}",
                    parameter=f"{name}.{number}",
                    hint="an action looks like arn:aws:sns:us-east-1:111122223333:topic",
                )
