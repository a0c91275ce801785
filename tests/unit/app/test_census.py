"""Counting the records of an archive by event type (CT-1.1, CT-1.2)."""

from __future__ import annotations

from synthetic import Archive, log_file, record

from tocsin.app.census import Category, CensusPart, CensusTaker
from tocsin.app.selection import Selection


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
