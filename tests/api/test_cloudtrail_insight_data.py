"""The data behind Insights and the Insights themselves, as boto3 lists them. Spec: CT-17.9, CT-17.3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from synthetic import record

from tocsin.app.insight_watch import InsightWatch
from tocsin.app.record_intake import RecordIntake
from tocsin.app.trail import TRAILS
from tocsin.core.scope import Scope

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-west-1"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
BOTH = [
    {"InsightType": name, "EventCategories": ["Management", "Data"]}
    for name in ("ApiCallRateInsight", "ApiErrorRateInsight")
]
S3 = {"EventSource": "s3.amazonaws.com", "EventName": "GetObject", "InsightType": "ApiCallRateInsight"}
IAM = {"EventSource": "iam.amazonaws.com", "EventName": "CreateUser", "InsightType": "ApiCallRateInsight"}


@pytest.fixture
def trail(cloudtrail):
    cloudtrail.create_trail(Name="main", S3BucketName="logs")
    cloudtrail.put_event_selectors(
        TrailName="main",
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            }
        ],
    )
    cloudtrail.put_insight_selectors(TrailName="main", InsightSelectors=BOTH)
    cloudtrail.start_logging(Name="main")
    return cloudtrail


@pytest.fixture
def take(service):
    service.part(InsightWatch)
    number = iter(range(10**6))

    def run(name: str, *, minutes: float, times: int = 1, **fields) -> None:
        at = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        base = {
            "eventType": "AwsApiCall",
            "readOnly": False,
            "managementEvent": True,
            "awsRegion": REGION,
            "userAgent": "x",
        }
        bodies = [
            json.dumps(record(name, at) | base | {"eventID": f"e-{next(number)}"} | fields).encode()
            for _ in range(times)
        ]
        assert service.part(RecordIntake).take(bodies).accepted == times

    return run


def data(name: str = "GetObject") -> dict:
    return {
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "readOnly": True,
        "managementEvent": False,
        "eventCategory": "Data",
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::bucket/key"}],
    }


def points(answer: dict) -> list[tuple[str, float]]:
    return [
        (time.strftime("%d %H:%M"), value) for time, value in zip(answer["Timestamps"], answer["Values"], strict=True)
    ]


def test_calls_by_periods(trail, clock, take) -> None:
    clock.advance(3 * 3600)
    for minutes, times in ((0, 2), (1, 1), (7, 4), (65, 5)):
        take("CreateUser", minutes=minutes, times=times, eventSource="iam.amazonaws.com")
    take("CreateUser", minutes=7, times=3, eventSource="iam.amazonaws.com", errorCode="AccessDenied")
    answer = trail.list_insights_metric_data(**IAM)
    assert points(answer) == [("01 12:00", 10.0), ("01 13:00", 5.0)]
    assert {name: answer[name] for name in IAM} == IAM
    assert "TrailARN" not in answer
    assert "ErrorCode" not in answer
    assert points(trail.list_insights_metric_data(**IAM, Period=300)) == [
        ("01 12:00", 3.0),
        ("01 12:05", 7.0),
        ("01 13:05", 5.0),
    ]
    errors = IAM | {"InsightType": "ApiErrorRateInsight", "ErrorCode": "AccessDenied"}
    answer = trail.list_insights_metric_data(**errors, Period=60)
    assert points(answer) == [("01 12:07", 3.0)]
    assert answer["ErrorCode"] == "AccessDenied"
    span = {"StartTime": START + timedelta(minutes=1), "EndTime": START + timedelta(minutes=7)}
    assert points(trail.list_insights_metric_data(**IAM, Period=60, **span)) == [("01 12:01", 1.0)]
    assert points(trail.list_insights_metric_data(**IAM | {"EventName": "Other"})) == []


def test_zeros_fill_what_has_no_calls(trail, clock, take) -> None:
    clock.advance(3600)
    take("CreateUser", minutes=2, eventSource="iam.amazonaws.com")
    span = {"StartTime": START, "EndTime": START + timedelta(minutes=4)}
    answer = trail.list_insights_metric_data(**IAM, Period=60, DataType="FillWithZeros", **span)
    assert points(answer) == [("01 12:00", 0.0), ("01 12:01", 0.0), ("01 12:02", 1.0), ("01 12:03", 0.0)]
    whole = trail.list_insights_metric_data(**IAM, Period=60, DataType="FillWithZeros")
    assert len(whole["Values"]) == 21600
    assert sum(whole["Values"]) == 1
    assert len(trail.list_insights_metric_data(**IAM, DataType="FillWithZeros")["Values"]) == 90 * 24


def test_pages_go_on_where_the_one_before_ended(trail, clock, take) -> None:
    clock.advance(3600)
    for minutes in range(5):
        take("CreateUser", minutes=minutes, eventSource="iam.amazonaws.com")
    found, token = [], {}
    for _ in range(3):
        answer = trail.list_insights_metric_data(**IAM, Period=60, MaxResults=2, **token)
        found += points(answer)
        token = {"NextToken": answer.get("NextToken")}
        clock.advance(60)
    assert [time for time, _ in found] == [f"01 12:0{minute}" for minute in range(5)]
    assert token == {"NextToken": None}


def test_the_last_page_has_what_began_just_before_an_end_within_a_second(trail, clock, take) -> None:
    clock.advance(3600)
    for minute in (0, 1, 2):
        take("CreateUser", minutes=minute, eventSource="iam.amazonaws.com")
    end = START + timedelta(minutes=2, milliseconds=500)
    told, token = [], {}
    while True:
        answer = trail.list_insights_metric_data(**IAM, Period=60, MaxResults=1, StartTime=START, EndTime=end, **token)
        told += [at.timestamp() - START.timestamp() for at in answer["Timestamps"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert told == [0, 60, 120]


def test_data_events_are_told_of_a_trail(trail, clock, take) -> None:
    clock.advance(3600)
    take("GetObject", minutes=1, times=3, **data())
    for named in ("main", ARN):
        answer = trail.list_insights_metric_data(**S3, TrailName=named, Period=60)
        assert (points(answer), answer["TrailARN"]) == ([("01 12:01", 3.0)], ARN)
    assert points(trail.list_insights_metric_data(**S3)) == []


@pytest.mark.parametrize(
    ("parameters", "code", "text"),
    [
        ({"Period": 120}, "InvalidParameterException", "Period must be 60, 300 or 3600."),
        (
            {"InsightType": "ApiErrorRateInsight"},
            "InvalidParameterException",
            "ErrorCode is required for ApiErrorRateInsight.",
        ),
        (
            {"StartTime": START, "EndTime": START - timedelta(1)},
            "InvalidParameterException",
            "StartTime must not be after EndTime.",
        ),
        ({"NextToken": "garbage"}, "InvalidParameterException", "The specified NextToken is invalid."),
        (
            {"TrailName": "other"},
            "TrailNotFoundException",
            f"Unknown trail: arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/other for the user: {ACCOUNT}",
        ),
    ],
)
def test_metric_data_that_cannot_be_asked_for(trail, refused, parameters, code, text) -> None:
    assert refused(trail.list_insights_metric_data, **IAM | parameters) == (code, text)


@pytest.fixture
def insights(trail, service, clock, take):
    """Insights on data events at 13:10 and 49 h later, and one on management events between them."""
    watch = service.part(InsightWatch)

    def live(minutes: int) -> None:
        while (clock.now() - START).total_seconds() < 60 * minutes:
            clock.advance(600)
            while watch.run().is_behind:
                pass

    for minutes, name, fields in (
        (2200, "GetObject", data()),
        (2400, "CreateUser", {"eventSource": "iam.amazonaws.com"}),
        (2600, "PutObject", data("PutObject")),
    ):
        live(minutes)
        take(name, minutes=minutes, times=4, **fields)
    live(2700)
    return trail


def test_insights_of_a_trail_newest_first(insights) -> None:
    source = {"InsightSource": ARN, "DataType": "InsightsEvents"}
    events = insights.list_insights_data(**source)["Events"]
    told = [(one["EventName"], json.loads(one["CloudTrailEvent"])["insightDetails"]["state"]) for one in events]
    assert told == [("PutObject", "End"), ("PutObject", "Start"), ("GetObject", "End"), ("GetObject", "Start")]
    assert events[0]["EventSource"] == "s3.amazonaws.com"
    assert events[0]["EventTime"] == START + timedelta(minutes=2601)
    for dimensions, count in (
        ({"EventName": "GetObject"}, 2),
        ({"EventSource": "iam.amazonaws.com"}, 0),
        ({"EventId": events[3]["EventId"]}, 1),
    ):
        assert len(insights.list_insights_data(**source, Dimensions=dimensions)["Events"]) == count
    later = insights.list_insights_data(**source, StartTime=START + timedelta(minutes=2500))
    assert [one["EventName"] for one in later["Events"]] == ["PutObject", "PutObject"]
    found, token = [], {}
    while True:
        page = insights.list_insights_data(**source, MaxResults=3, **token)
        found += page["Events"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == events
    assert insights.list_insights_data(InsightSource=ARN + "x", DataType="InsightsEvents")["Events"] == []


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"InsightSource": "main"}, "InsightSource must be the ARN of a trail: main"),
        ({"StartTime": START, "EndTime": START - timedelta(1)}, "StartTime must not be after EndTime."),
        ({"NextToken": "garbage"}, "The specified NextToken is invalid."),
    ],
)
def test_insights_that_cannot_be_asked_for(cloudtrail, refused, parameters, text) -> None:
    asked = {"InsightSource": ARN, "DataType": "InsightsEvents"} | parameters
    assert refused(cloudtrail.list_insights_data, **asked) == ("InvalidParameterException", text)


def test_what_was_put_is_what_is_watched(trail, service) -> None:
    with service.store.read() as store:
        kept = TRAILS.get(store, Scope(ACCOUNT, REGION), "main")
    assert kept is not None
    assert kept.insights == BOTH
