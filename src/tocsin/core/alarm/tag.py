"""The tags of a request about alarms or mute rules. Spec: AL-11.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.alarm.error import AlarmError

if TYPE_CHECKING:
    from tocsin.core.alarm.parameter import ParameterReader

_MOST = 50


def read_tags(reader: ParameterReader) -> dict[str, str]:
    """The tags; of one key given twice the last wins. Raises AlarmError."""
    tags: dict[str, str] = {}
    for one in reader.records("Tags"):
        key = one.text("Key", least=1, most=128, required=True)
        value = one.text("Value", most=256, required=True)
        one.refuse_unknown()
        if key is None or value is None:
            continue  # told with the violations
        if key.lower().startswith("aws:"):
            raise AlarmError(
                'The provided tag keys must not start with any case of "aws:"',
                parameter=one.place("Key"),
                aws_code="AccessDenied",
                hint="such tags are AWS's own",
            )
        tags[key] = value
    if len(tags) > _MOST:
        raise AlarmError(
            f"The resultant tag set must not have more than {_MOST} user tags.",
            parameter="Tags",
            hint=f"there are {len(tags)}",
        )
    return tags
