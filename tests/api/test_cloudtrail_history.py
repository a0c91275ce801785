"""LookupEvents: attributes, times, pages, errors. Spec: CT-16, WIRE-9.1, WIRE-9.2."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from wire_client import Dispatcher, client

from tests.support.synthetic import record
from tocsin.app.record_intake import RecordIntake

ACCOUNT = "111122223333"
REGION = "us-east-1"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def trail(service):
    from tocsin.api.cloudtrail import operations

    return client("cloudtrail", Dispatcher(service, operations), region=REGION)


def ident(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def made(number: int, name: str = "CreateUser", *, minutes: float = 0, **fields) -> bytes:
    at = f"{START - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
    body = record(name, at, eventID=ident(number), readOnly=False, eventSource="iam.amazonaws.com", **fields)
    return json.dumps(body, separators=(",", ":")).encode()


@pytest.fixture
def take(service):
    def run(*bodies: bytes) -> None:
        assert service.part(RecordIntake).take(bodies).refused == []

    return run


@pytest.fixture
def found(trail):
    """Numbers of the events of a look-up."""

    def run(key: str | None = None, value: str = "", **parameters) -> list[int]:
        if key is not None:
            parameters["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
        return [int(event["EventId"][-12:]) for event in trail.lookup_events(**parameters)["Events"]]

    return run


def test_an_event_is_told_with_its_record(trail, take) -> None:
    body = made(
        1,
        "StopLogging",
        userIdentity={"type": "IAMUser", "userName": "mallory", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        requestParameters={"name": "management-trail"},
    ).replace(b"iam.amazonaws.com", b"cloudtrail.amazonaws.com")
    take(body)
    (event,) = trail.lookup_events()["Events"]
    assert event == {
        "EventId": ident(1),
        "EventName": "StopLogging",
        "ReadOnly": "false",
        "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "EventTime": START,
        "EventSource": "cloudtrail.amazonaws.com",
        "Username": "mallory",
        "Resources": [{"ResourceType": "AWS::CloudTrail::Trail", "ResourceName": "management-trail"}],
        "CloudTrailEvent": body.decode(),
    }


def test_what_a_record_does_not_say_is_absent(trail, take) -> None:
    take(made(1, userIdentity={"accountId": ACCOUNT, "invokedBy": "AWS Internal"}, resources=[{"ARN": "arn:x"}]))
    (event,) = trail.lookup_events()["Events"]
    assert not {"AccessKeyId", "Username"} & event.keys()
    assert event["Resources"] == [{"ResourceName": "arn:x"}]


def test_newest_first_and_equal_times_by_event_id_descending(take, found) -> None:
    take(made(3, minutes=5), made(1, minutes=5), made(4, minutes=9), made(2, minutes=5), made(5))
    assert found() == [5, 3, 2, 1, 4]


@pytest.mark.parametrize(
    ("key", "value", "numbers"),
    [
        ("EventId", ident(2), [2]),
        ("EventId", ident(9), []),
        ("EventName", "DeleteUser", [2]),
        ("EventName", "deleteuser", []),
        ("EventName", "Delete", []),
        ("EventSource", "iam.amazonaws.com", [1, 2, 3]),
        ("ReadOnly", "false", [1, 2]),
        ("ReadOnly", "true", [3]),
        ("Username", "alice", [1]),
        ("Username", "bob", [2]),
        ("Username", "root", [3]),
        ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE", [2]),
        ("ResourceType", "AWS::IAM::User", [2]),
        ("ResourceType", "AWS::S3::Bucket", [3]),
        ("ResourceName", "carol", [2]),
        ("ResourceName", "logs", [3]),
        ("ResourceName", "arn:aws:s3:::logs", [3]),
    ],
)
def test_attributes_are_compared_exactly(take, found, key, value, numbers) -> None:
    user = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/Admin/bob",
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    }
    take(
        made(1),
        made(2, "DeleteUser", minutes=1, userIdentity=user, requestParameters={"userName": "carol"}),
        made(
            3,
            "GetUser",
            minutes=2,
            userIdentity={"type": "Root", "accountId": ACCOUNT},
            resources=[{"ARN": "arn:aws:s3:::logs", "type": "AWS::S3::Bucket"}],
        ).replace(b'"readOnly":false', b'"readOnly":true'),
    )
    assert found(key, value) == numbers


def test_both_ends_of_a_span_lie_within_it(take, found) -> None:
    take(*(made(number, minutes=number) for number in range(5)))
    at = [START - timedelta(minutes=number) for number in range(5)]
    assert found(StartTime=at[3], EndTime=at[1]) == [1, 2, 3]
    assert found(StartTime=at[3] + timedelta(seconds=0.5)) == [0, 1, 2]
    assert found(EndTime=at[3] + timedelta(seconds=0.5)) == [3, 4]
    assert found(EndTime=at[3] - timedelta(seconds=0.5)) == [4]
    assert found("EventName", "CreateUser", StartTime=at[0], EndTime=at[0]) == [0]


def test_one_region_and_account_at_a_time(take, found, service, trail) -> None:
    from tocsin.api.cloudtrail import operations

    take(made(1), made(2).replace(b"us-east-1", b"eu-west-1"), made(3, recipientAccountId="444455556666"))
    assert found() == [1]
    other = client("cloudtrail", Dispatcher(service, operations), region="eu-west-1")
    assert [event["EventId"] for event in other.lookup_events()["Events"]] == [ident(2)]


def test_ninety_days(take, found, clock) -> None:
    take(made(1, minutes=90 * 1440), made(2, minutes=90 * 1440 - 1))
    assert found() == [2, 1]
    clock.advance(1)
    assert found() == [2]
    assert found(StartTime=datetime(2020, 1, 1, tzinfo=UTC)) == [2]


DATA = {"managementEvent": False, "eventCategory": "Data"}
DETAILS = {"eventName": "RunInstances", "eventSource": "ec2.amazonaws.com", "state": "Start"}


def insight(number: int, **details) -> bytes:
    body = record("-", f"{START:%Y-%m-%dT%H:%M:%SZ}", eventID=ident(number), eventCategory="Insight")
    for name in ("eventName", "eventSource", "userIdentity"):
        del body[name]
    body |= {"eventType": "AwsCloudTrailInsight", "insightDetails": DETAILS | details}
    return json.dumps(body, separators=(",", ":")).encode()


def test_insights_are_a_category_of_their_own(trail, take, found) -> None:
    take(made(1), made(2, **DATA), insight(3), insight(4, eventName="PutRolePolicy"))
    assert found() == [1]
    assert found(EventCategory="insight") == [4, 3]
    assert found("EventName", "RunInstances", EventCategory="insight") == [3]
    assert found("EventSource", "ec2.amazonaws.com", EventCategory="insight") == [4, 3]
    assert found("EventId", ident(4), EventCategory="insight") == [4]
    (event,) = trail.lookup_events(EventCategory="insight", MaxResults=1)["Events"]
    assert event["EventName"] == "PutRolePolicy"
    assert not {"Username", "ReadOnly", "AccessKeyId"} & event.keys()


def pages_of(trail, **parameters):
    answer = trail.lookup_events(**parameters)
    while True:
        yield [int(event["EventId"][-12:]) for event in answer["Events"]]
        if "NextToken" not in answer:
            return
        answer = trail.lookup_events(**parameters, NextToken=answer["NextToken"])


@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_stay_as_they_are_while_events_arrive(trail, take, size) -> None:
    take(*(made(number, minutes=number // 9) for number in range(60)))
    pages = []
    for turn, page in enumerate(pages_of(trail, MaxResults=size)):
        pages.append(page)
        take(made(1000 + turn, minutes=-1), made(2000 + turn), made(3000 + turn, minutes=3))
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    numbers = [number for page in pages for number in page]
    assert numbers == sorted(range(60), key=lambda number: (-(number // 9), number), reverse=True)


def test_pages_by_default(trail, take) -> None:
    take(*(made(number) for number in range(50)))
    assert [len(page) for page in pages_of(trail)] == [50]
    take(made(50))
    assert [len(page) for page in pages_of(trail)] == [50, 1]
    one = [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    assert [len(page) for page in pages_of(trail, LookupAttributes=one, MaxResults=20)] == [20, 20, 11]
    assert trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "x"}])["Events"] == []


ONE = [{"AttributeKey": "EventName", "AttributeValue": "x"}]


@pytest.mark.parametrize(
    ("parameters", "code", "text"),
    [
        ({"StartTime": START, "EndTime": START - timedelta(seconds=1)}, "InvalidTimeRangeException", "start time"),
        ({"LookupAttributes": ONE * 2}, "InvalidLookupAttributesException", "only one"),
        (
            {"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "x"}]},
            "InvalidLookupAttributesException",
            "enum value set",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": ""}]},
            "InvalidLookupAttributesException",
            "greater than or equal to 1",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x" * 2001}]},
            "InvalidLookupAttributesException",
            "less than or equal to 2000",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x_ ,\n" * 223}]},
            "InvalidLookupAttributesException",
            "this one has 2007",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "x"}], "EventCategory": "insight"},
            "InvalidLookupAttributesException",
            "not by Username",
        ),
        ({"EventCategory": "management"}, "InvalidEventCategoryException", "enum value set"),
        ({"MaxResults": 0}, "InvalidMaxResultsException", "greater than or equal to 1"),
        ({"MaxResults": 51}, "InvalidMaxResultsException", "less than or equal to 50"),
        ({"NextToken": ""}, "InvalidNextTokenException", "invalid"),
        ({"NextToken": "x"}, "InvalidNextTokenException", "invalid"),
    ],
)
def test_what_is_refused(service, refused, parameters, code, text) -> None:
    from tocsin.api.cloudtrail import operations

    unchecked = client("cloudtrail", Dispatcher(service, operations), region=REGION, check=False)
    assert refused(unchecked.lookup_events, **parameters)[0] == code
    assert text in refused(unchecked.lookup_events, **parameters)[1]


@pytest.mark.parametrize(
    "other",
    [
        {"LookupAttributes": ONE},
        {"StartTime": START},
        {"EndTime": START},
        {"EventCategory": "insight"},
    ],
)
def test_a_token_is_for_the_same_parameters_alone(trail, take, refused, other) -> None:
    take(made(1), made(2))
    token = trail.lookup_events(MaxResults=1)["NextToken"]
    assert refused(trail.lookup_events, NextToken=token, **other)[0] == "InvalidNextTokenException"
    assert len(trail.lookup_events(MaxResults=50, NextToken=token)["Events"]) == 1  # the size of a page is no matter
