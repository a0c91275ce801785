"""Which management events a trail's selectors leave out (CT-8.2, CT-10)."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.trail.selector import DEFAULT_SELECTORS, read_selectors
from tocsin.core.trail.selector_gap import management_gap


def basic(**members: Any) -> dict[str, Any]:
    return {"ReadWriteType": "All", "IncludeManagementEvents": True, **members}


def advanced(category: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}, *fields]}


KMS, RDS = "kms.amazonaws.com", "rdsdata.amazonaws.com"
BUCKETS = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
READS = {"Field": "readOnly", "Equals": ["true"]}
WRITES = {"Field": "readOnly", "Equals": ["false"]}
NO_KMS = {"Field": "eventSource", "NotEquals": [KMS]}
OBJECTS = {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}


@pytest.mark.parametrize(
    ("selectors", "gap"),
    [
        ([basic()], ""),
        ([basic(ReadWriteType="WriteOnly")], "reads"),
        ([basic(ReadWriteType="ReadOnly")], "writes"),
        ([basic(ReadWriteType="WriteOnly"), basic(ReadWriteType="ReadOnly")], ""),
        ([basic(IncludeManagementEvents=False, DataResources=[BUCKETS])], "all of them"),
        ([basic(IncludeManagementEvents=False, DataResources=[BUCKETS]), basic()], ""),
        ([basic(ExcludeManagementEventSources=[KMS])], "events of kms.amazonaws.com"),
        ([basic(ExcludeManagementEventSources=[KMS]), basic()], ""),
        ([basic(ExcludeManagementEventSources=[KMS, RDS]), basic(ReadWriteType="WriteOnly")], f"events of {KMS}, {RDS}"),
    ],
)  # fmt: skip
def test_basic_selectors(selectors: list[dict[str, Any]], gap: str) -> None:
    assert management_gap(read_selectors({"EventSelectors": selectors})) == gap


@pytest.mark.parametrize(
    ("selectors", "gap"),
    [
        ([advanced("Management")], ""),
        ([advanced("Management", READS)], "writes"),
        ([advanced("Management", WRITES)], "reads"),
        ([advanced("Management", WRITES), advanced("Management", READS)], ""),
        ([advanced("Management", NO_KMS)], "some of them, by its advanced selectors"),
        ([advanced("Management", NO_KMS), advanced("Management")], ""),
        ([advanced("Data", OBJECTS)], "all of them"),
    ],
)
def test_advanced_selectors(selectors: list[dict[str, Any]], gap: str) -> None:
    assert management_gap(read_selectors({"AdvancedEventSelectors": selectors})) == gap


def test_a_new_trail_leaves_nothing_out() -> None:
    assert management_gap(DEFAULT_SELECTORS) == ""
