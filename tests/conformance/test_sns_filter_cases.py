"""The corpus of filter policies. Spec: SNS-13."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.core.filter_policy import FilterPolicy
from tocsin.errors import FilterPolicyError

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "sns-filter-cases.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case) -> None:
    if case["expect"] == "reject":
        with pytest.raises(FilterPolicyError):
            FilterPolicy.parse(case["policy"], case["scope"])
        return
    policy = FilterPolicy.parse(case["policy"], case["scope"])
    body = case.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    assert policy.accepts(attributes=case.get("attributes"), body=text) is (case["expect"] == "deliver"), case["note"]
