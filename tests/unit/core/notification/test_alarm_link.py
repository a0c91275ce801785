"""The page of an alarm (AL-17.6)."""

from __future__ import annotations

import pytest

from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.notification.alarm_link import alarm_link


@pytest.mark.parametrize(
    ("name", "scope", "public_url", "wanted"),
    [
        (
            "root use",
            AlarmScope("111122223333", "us-east-1"),
            None,
            "https://us-east-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=us-east-1#alarmsV2:alarm/root%20use",
        ),
        (
            "a/b",
            AlarmScope("111122223333", "cn-north-1", "aws-cn"),
            None,
            "https://console.amazonaws.cn/cloudwatch/deeplink.js?region=cn-north-1#alarmsV2:alarm/a%2Fb",
        ),
        ("a", AlarmScope("111122223333", "us-iso-east-1", "aws-iso"), None, ""),
        (
            "cis/a b\n\ud800",
            AlarmScope("111122223333", "us-east-1"),
            "https://tocsin.example.com/",
            "https://tocsin.example.com/console/alarms/cis/a%20b%0A%3F",
        ),
    ],
)
def test_alarm_link(name: str, scope: AlarmScope, public_url: str | None, wanted: str) -> None:
    assert alarm_link(name, scope, public_url) == wanted
