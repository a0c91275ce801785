"""A record's terms, read quickly, are those of the record decoded exactly. Spec: FP-14.4, CON-4.0 (X2)."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.core.event import Event
from tocsin.core.plain_record import plain_record
from tocsin.core.record_term import event_terms, record_terms

words = st.sampled_from(
    ["", "a", "b", "20", "Success", "Failure", "ec2.amazonaws.com", ": 5", "\ud800", "é", "x" * 600]
)
scalars = st.one_of(words, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
names = st.sampled_from(
    [
        "groupId",
        "GroupId",
        "instancesSet",
        "items",
        "item",
        "instanceId",
        "content",
        "name",
        "bucketName",
        "key",
        "trailNameList",
        "ConsoleLogin",
        "DescribeReqThing",
        "RunInstancesResponse",
        "requestId",
    ]
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)
objects = st.one_of(st.dictionaries(names, values, max_size=3), st.none(), values)
users = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["Root", "IAMUser", "AssumedRole"]),
            "arn": st.sampled_from(["arn:aws:iam::1:user/bob", "arn:aws:sts::1:assumed-role/r/s", "", None]),
            "accountId": scalars,
            "accessKeyId": scalars,
            "invokedBy": scalars,
            "userName": scalars,
            "principalId": scalars,
            "sessionContext": st.one_of(
                values,
                st.fixed_dictionaries({"sessionIssuer": st.one_of(values, st.fixed_dictionaries({"arn": words}))}),
            ),
        },
    ),
    values,
)
records = st.fixed_dictionaries(
    {
        "eventName": st.sampled_from(["ConsoleLogin", "CreateFunction20150331", "RunInstances", "", 5, None]),
        "eventTime": st.sampled_from(["2026-01-01T00:00:00Z", None, 5]),
        "eventSource": st.sampled_from(
            ["ec2.amazonaws.com", "s3.amazonaws.com", "cloudtrail.amazonaws.com", "x.example.com", "", None]
        ),
        "eventCategory": st.sampled_from(["Management", "Data", "x" * 200, "", None]),
    },
    optional={
        "userIdentity": users,
        "eventID": scalars,
        "awsRegion": scalars,
        "sourceIPAddress": scalars,
        "recipientAccountId": scalars,
        "errorCode": scalars,
        "errorMessage": scalars,
        "managementEvent": scalars,
        "insightDetails": objects,
        "requestParameters": objects,
        "responseElements": objects,
        "resources": st.one_of(values, st.lists(st.fixed_dictionaries({"ARN": scalars}), max_size=3)),
        "additionalEventData": values,
    },
)


@given(records, st.booleans())
def test_both_ways_agree(record: dict[str, object], escapes: bool) -> None:
    message = json.dumps(record, ensure_ascii=escapes)
    assert record_terms(message) == event_terms(Event(message))


@given(records, st.integers(0, 400), st.sampled_from(["", "}", '"', "\\", "\x00", "01", "[" * 600, "NaN", ","]))
@example({"eventName": "a", "eventTime": "b", "eventSource": "c", "eventCategory": "d"}, 1, '"eventName":"z",')
def test_both_ways_agree_on_what_is_broken(record: dict[str, object], place: int, put: str) -> None:
    message = json.dumps(record)
    message = message[:place] + put + message[place + 1 - bool(put) :]
    assert record_terms(message) == event_terms(Event(message))


def test_a_usual_record_is_read_the_quick_way() -> None:
    record = {
        "eventName": "a",
        "eventTime": "b",
        "eventSource": "c",
        "eventCategory": "Data",
        "requestParameters": None,
    }
    assert plain_record(json.dumps(record)) is not None
    assert plain_record(json.dumps({**record, "requestParameters": "text"})) is None
    assert plain_record(json.dumps({**record, "deep": json.loads("[" * 600 + "]" * 600)})) is None
