"""What the name of a log file says (CT-11.1 to CT-11.3)."""

from __future__ import annotations

import pytest

from tocsin.core.event_time import format_time
from tocsin.core.log_file_name import delivery_time


@pytest.mark.parametrize(
    ("path", "delivered"),
    [
        ("a/111122223333_CloudTrail_us-east-1_20260318T0235Z_AbCdEfGhIjKlMnOp.json.gz", "2026-03-18T02:35:00Z"),
        ("111122223333_CloudTrail_us-gov-west-1_20260318T0235ZAbCdEfGhIjKlMnOp.json.gz", "2026-03-18T02:35:00Z"),
        ("o-abc_111122223333_CloudTrail-Insight_eu-west-2_20240229T2359Z_x.json", "2024-02-29T23:59:00Z"),
        ("111122223333_CloudTrail_us-east-1_20260231T0235Z_AbCdEfGhIjKlMnOp.json.gz", None),  # no such day
        ("111122223333_CloudTrail_us-east-1_20260318T0235Z_x/events.ndjson", None),  # a folder's name says nothing
        ("events-20260318T0235Z.ndjson", None),
        ("-", None),
    ],
)
def test_the_time_in_the_name_is_that_of_delivery(path: str, delivered: str | None) -> None:
    found = delivery_time(path)
    assert (None if found is None else format_time(found)) == delivered
