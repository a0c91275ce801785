"""What kind of event a record is, and whether it only reads (CT-1.2)."""

from __future__ import annotations

import pytest

from tocsin.core.number import Number
from tocsin.core.record_category import category_of, is_read


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"eventCategory": "Data", "managementEvent": True}, "Data"),
        ({"eventCategory": "NetworkActivity"}, "NetworkActivity"),
        ({"eventCategory": "New"}, "New"),
        ({"eventCategory": "N" * 300}, "N" * 100),
        ({"eventCategory": Number("7")}, "Management"),
        ({"eventCategory": ["Data"], "managementEvent": "false"}, "Management"),
        ({"insightDetails": {}}, "Insight"),
        ({"eventType": "AwsCloudTrailInsight"}, "Insight"),
        ({"managementEvent": False}, "Data"),
        ({"managementEvent": True}, "Management"),
        ({"eventCategory": ""}, "Management"),
        ({}, "Management"),
    ],
)
def test_the_category_of_a_record(fields: dict, category: str) -> None:
    assert category_of(fields) == category


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"readOnly": True, "eventName": "DeleteTrail"}, True),
        ({"readOnly": False, "eventName": "GetTrail"}, False),
        ({"readOnly": "true"}, True),
        ({"readOnly": "false"}, False),
        ({"eventName": "DescribeInstances"}, True),
        ({"eventName": "RunInstances"}, False),
        ({"readOnly": None, "eventName": "HeadBucket"}, True),
        ({"eventName": 7}, None),
        ({"eventName": Number("7")}, None),
        ({"readOnly": {}, "eventName": "GetTrail"}, True),
        ({}, None),
    ],
)
def test_whether_a_record_tells_of_reading_alone(fields: dict, read: bool | None) -> None:
    assert is_read(fields) is read
