"""Who put a definition last, by the record of the call (CON-7.5)."""

from __future__ import annotations

from typing import Any

import msgspec
from rule_bench import HERE, RuleBench

from tocsin.app.definition_author import Author, last_author
from tocsin.app.record_intake import RecordIntake

ASKED = {"logGroupName": "g", "filterName": "f"}


def record(bench: RuleBench, number: int, who: str, **more: Any) -> bytes:
    made = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": who, "accountId": HERE.account},
        "eventTime": f"{bench.clock.now():%Y-%m-%dT%H:%M}:{number:02}Z",
        "eventSource": "logs.amazonaws.com",
        "eventName": "PutMetricFilter",
        "awsRegion": HERE.region,
        "requestParameters": ASKED,
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": HERE.account,
        "eventCategory": "Management",
        **more,
    }
    return msgspec.json.encode(made)


def author(bench: RuleBench) -> Author | None:
    return last_author(bench.service, HERE, "PutMetricFilter", parameters=ASKED)


def test_nobody_is_named_without_a_record() -> None:
    assert author(RuleBench()) is None


def test_the_newest_call_that_went_well_counts() -> None:
    bench = RuleBench()
    second = int(bench.clock.now().timestamp())
    bench.service.part(RecordIntake).take(
        [
            record(bench, 1, "alice"),
            record(bench, 2, "bob"),
            record(bench, 3, "carol", errorCode="InvalidParameterException"),
            record(bench, 4, "dave", requestParameters={**ASKED, "filterName": "other"}),
            record(bench, 5, "erin", requestParameters=None),
        ]
    )
    bench.clock.advance(60)
    assert author(bench) == Author("bob", second + 2)
