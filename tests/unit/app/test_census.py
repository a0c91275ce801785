"""Counting the records of an archive by event type (CT-1.1, CT-1.2)."""

from __future__ import annotations

import json

import pytest
from synthetic import Archive, log_file, record

from tocsin.app.census import Category, CensusPart, CensusTaker, category_of, is_read
from tocsin.app.selection import Selection
from tocsin.core.event import Event


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"eventCategory": "Data", "managementEvent": True}, "Data"),
        ({"eventCategory": "NetworkActivity"}, "NetworkActivity"),
        ({"eventCategory": "New"}, "New"),
        ({"insightDetails": {}}, "Insight"),
        ({"eventType": "AwsCloudTrailInsight"}, "Insight"),
        ({"managementEvent": False}, "Data"),
        ({"managementEvent": True}, "Management"),
        ({"eventCategory": ""}, "Management"),
        ({}, "Management"),
    ],
)
def test_the_category_of_a_record(fields: dict, category: str) -> None:
    assert category_of(Event(json.dumps(fields))) == category


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
        ({}, None),
    ],
)
def test_whether_a_record_tells_of_reading_alone(fields: dict, read: bool | None) -> None:
    assert is_read(Event(json.dumps(fields))) is read


def test_parts_of_an_archive_add_up() -> None:
    archive = Archive(
        {
            "a": log_file(record("GetTrail"), record("StopLogging", readOnly=False)),
            "b": log_file(
                record("GetObject", eventCategory="Data"), record("X", eventCategory="Other"), {"eventTime": 1}
            ),
        }
    )
    total = CensusPart()
    for place in archive.places():
        total.merge(CensusTaker(Selection(), open_file=archive.open).count([place]))
    report = total.report()
    management, data, *_ = report.categories
    assert (management.category, management.records, management.reads, management.writes) == (
        Category.MANAGEMENT,
        2,
        1,
        1,
    )
    assert management.names == [("cloudtrail:GetTrail", 1), ("cloudtrail:StopLogging", 1)]
    assert (data.records, data.reads, data.unsaid) == (1, 1, 0)
    assert report.other == {"Other": 1}
    assert (report.records.read, report.records.malformed, report.files.read) == (4, 1, 2)
