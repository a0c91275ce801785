"""The page that shows an alarm. Spec: AL-17.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from tocsin.core.composite_alarm.reference import AlarmScope

# Partition -> host of AWS's web console. The closed partitions have none that can be told.
_CONSOLES: Final = {
    "aws": "{region}.console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def alarm_link(alarm_name: str, scope: AlarmScope, public_url: str | None) -> str:
    """The page of an alarm: in the console at `public_url`; without one in AWS's, or empty where there is none."""
    if public_url is not None:
        return f"{public_url.rstrip('/')}/console/alarms/{_percent(alarm_name, '/')}"
    region = _percent(scope.region)
    host = _CONSOLES.get(scope.partition, "").format(region=region)
    if not host:
        return ""
    return f"https://{host}/cloudwatch/deeplink.js?region={region}#alarmsV2:alarm/{_percent(alarm_name)}"


def _percent(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")
