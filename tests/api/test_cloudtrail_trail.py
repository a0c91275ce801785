"""Trails, as boto3 makes, changes and reads them. Spec: CT-7.8 to CT-7.12, CT-9, CT-13.2, CT-15.4."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from botocore.exceptions import ClientError
from wire_client import client

from tocsin.app.trail import ENDINGS, TRAILS
from tocsin.app.trail_status import STATUSES, Destination, TrailStatus, note_delivery, status_of
from tocsin.core.scope import Scope

ACCOUNT = "111122223333"
ARN = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/management-trail"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:trail-files"
GROUP = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:CloudTrail/logs:*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/CloudTrail_CloudWatchLogs_Role"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORGANIZATION = "o-exampleorgid"

BARE = {
    "Name": "management-trail",
    "S3BucketName": "trail-bucket",
    "IncludeGlobalServiceEvents": True,
    "IsMultiRegionTrail": False,
    "TrailARN": ARN,
    "LogFileValidationEnabled": False,
    "IsOrganizationTrail": False,
}
FULL = {
    **BARE,
    "S3KeyPrefix": "logs",
    "SnsTopicName": "trail-files",
    "SnsTopicARN": TOPIC,
    "IsMultiRegionTrail": True,
    "LogFileValidationEnabled": True,
    "CloudWatchLogsLogGroupArn": GROUP,
    "CloudWatchLogsRoleArn": ROLE,
    "KmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd",
    "RecursiveLogging": False,
}
ALL_OPTIONS = {
    "S3KeyPrefix": "logs",
    "SnsTopicName": "trail-files",
    "IncludeGlobalServiceEvents": True,
    "IsMultiRegionTrail": True,
    "EnableLogFileValidation": True,
    "CloudWatchLogsLogGroupArn": GROUP,
    "CloudWatchLogsRoleArn": ROLE,
    "KmsKeyId": "1234abcd",
    "RecursiveLogging": False,
}


@pytest.fixture
def destinations(trails):
    """A log group and a topic that a trail can be given."""
    client("logs", trails).create_log_group(logGroupName="CloudTrail/logs")
    client("sns", trails).create_topic(Name="trail-files")


@pytest.fixture
def elsewhere(trails):
    return client("cloudtrail", trails, region="us-east-1")


@pytest.fixture
def create(cloudtrail):
    def run(name: str = "management-trail", *, by=cloudtrail, **settings):
        return told(by.create_trail(Name=name, S3BucketName="trail-bucket", **settings))

    return run


@pytest.fixture
def endings(service):
    def run():
        with service.store.read() as store:
            return [one for _, _, one in ENDINGS.scan_all(store)]

    return run


def told(answer: dict) -> dict:
    """An answer without what the protocol adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# ---------------------------------------------------------------- create and read


def test_a_bare_trail_shows_no_option_that_was_not_given(cloudtrail, create) -> None:
    assert create() == BARE
    described = {**BARE, "HomeRegion": "eu-west-1", "HasCustomEventSelectors": False, "HasInsightSelectors": False}
    assert cloudtrail.describe_trails()["trailList"] == [described]
    assert cloudtrail.get_trail(Name="management-trail")["Trail"] == described
    assert cloudtrail.get_trail(Name=ARN)["Trail"] == described
    assert cloudtrail.get_trail_status(Name="management-trail")["IsLogging"] is False


@pytest.mark.usefixtures("destinations")
def test_all_options_are_echoed(cloudtrail, create) -> None:
    assert create(**ALL_OPTIONS) == FULL
    assert cloudtrail.get_trail(Name=ARN)["Trail"].items() >= FULL.items()


def test_options_that_are_given_empty_are_as_if_they_were_not_given(create) -> None:
    assert create(S3KeyPrefix="", SnsTopicName="", KmsKeyId="", CloudWatchLogsLogGroupArn="") == BARE


@pytest.mark.usefixtures("destinations")
def test_a_topic_may_be_named_by_its_arn(create) -> None:
    made = create(SnsTopicName=TOPIC)
    assert (made["SnsTopicName"], made["SnsTopicARN"]) == (TOPIC, TOPIC)


def test_a_topic_may_be_another_accounts(trails, create) -> None:
    trails.account = "444455556666"
    topic = client("sns", trails).create_topic(Name="shared")["TopicArn"]
    trails.account = ACCOUNT
    assert create(SnsTopicName=topic)["SnsTopicARN"] == topic


@pytest.mark.parametrize(
    ("given", "arn"),
    [
        ("1234abcd-12ab", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab"),
        ("alias/MyAlias", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/MyAlias"),
        ("arn:aws:kms:us-east-2:444455556666:key/1234", "arn:aws:kms:us-east-2:444455556666:key/1234"),
        ("arn:aws:kms:us-east-2:444455556666:alias/MyAlias", "arn:aws:kms:us-east-2:444455556666:alias/MyAlias"),
    ],
)
def test_a_key_is_told_by_its_arn(create, given: str, arn: str) -> None:
    assert create(KmsKeyId=given)["KmsKeyId"] == arn


@pytest.mark.usefixtures("destinations")
def test_the_topic_that_a_trail_is_given_gets_a_message(trails, create, cloudtrail, outbox) -> None:
    sns = client("sns", trails)
    sns.subscribe(TopicArn=TOPIC, Protocol="log", Endpoint="here")
    create(SnsTopicName="trail-files")
    assert [envelope.message for _, envelope in outbox()] == ["CloudTrail validation message."]
    # The same topic again gets no other.
    cloudtrail.update_trail(Name="management-trail", SnsTopicName=TOPIC)
    assert len(outbox()) == 1
    cloudtrail.update_trail(Name="management-trail", SnsTopicName="")
    cloudtrail.update_trail(Name="management-trail", SnsTopicName=TOPIC)
    assert len(outbox()) == 2


def test_of_creates_at_once_one_gets_the_name_and_five_the_region(trails, cloudtrail) -> None:
    def outcome(number: int) -> str:
        by = client("cloudtrail", trails)
        try:
            by.create_trail(Name=f"trail-{number // 2}", S3BucketName="trail-bucket")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "made"

    with ThreadPoolExecutor(8) as threads:
        found = Counter(threads.map(outcome, range(16)))
    assert found["made"] == 5
    assert found.keys() == {"made", "TrailAlreadyExistsException", "MaximumNumberOfTrailsExceededException"}
    assert len({one["Name"] for one in cloudtrail.describe_trails()["trailList"]}) == 5


# ---------------------------------------------------------------- update


@pytest.mark.usefixtures("destinations")
@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({}, {}),
        ({"S3BucketName": "other-bucket"}, {"S3BucketName": "other-bucket"}),
        ({"EnableLogFileValidation": False}, {"LogFileValidationEnabled": False}),
        ({"IsMultiRegionTrail": False}, {"IsMultiRegionTrail": False}),
        (
            {"IsMultiRegionTrail": False, "IncludeGlobalServiceEvents": False},
            {"IsMultiRegionTrail": False, "IncludeGlobalServiceEvents": False},
        ),
        (
            {"CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""},
            {"CloudWatchLogsLogGroupArn": None, "CloudWatchLogsRoleArn": None},
        ),
        ({"CloudWatchLogsLogGroupArn": ""}, {"CloudWatchLogsLogGroupArn": None, "CloudWatchLogsRoleArn": None}),
        ({"SnsTopicName": ""}, {"SnsTopicName": None, "SnsTopicARN": None}),
        ({"S3KeyPrefix": "", "KmsKeyId": ""}, {"S3KeyPrefix": None, "KmsKeyId": None}),
        ({"RecursiveLogging": True}, {"RecursiveLogging": True}),
    ],
)
def test_an_update_changes_what_it_gives(cloudtrail, create, given: dict, changed: dict) -> None:
    create(**ALL_OPTIONS)
    expected = {name: value for name, value in {**FULL, **changed}.items() if value is not None}
    assert told(cloudtrail.update_trail(Name="management-trail", **given)) == expected
    assert cloudtrail.get_trail(Name=ARN)["Trail"].items() >= expected.items()


def test_a_trail_that_becomes_one_of_many_regions_gets_events_of_global_services(cloudtrail, create) -> None:
    create(IncludeGlobalServiceEvents=False)
    assert cloudtrail.update_trail(Name=ARN, IsMultiRegionTrail=True)["IncludeGlobalServiceEvents"] is True


def test_an_update_leaves_the_trail_logging(cloudtrail, create, endings) -> None:
    create()
    cloudtrail.start_logging(Name="management-trail")
    cloudtrail.update_trail(Name="management-trail", S3BucketName="other-bucket")
    assert cloudtrail.get_trail_status(Name="management-trail")["IsLogging"] is True
    assert endings() == []


# ---------------------------------------------------------------- logging and status


def test_a_trail_that_never_logged(cloudtrail, create) -> None:
    create()
    assert told(cloudtrail.get_trail_status(Name="management-trail")) == {
        "IsLogging": False,
        "LatestDeliveryAttemptTime": "",
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "LatestDeliveryAttemptSucceeded": "",
        "TimeLoggingStarted": "",
        "TimeLoggingStopped": "",
    }


def test_when_logging_was_started_and_stopped(cloudtrail, create, clock) -> None:
    create()
    clock.advance(1.5)
    cloudtrail.start_logging(Name="management-trail")
    clock.advance(10)
    cloudtrail.start_logging(Name=ARN)  # it logs already
    status = cloudtrail.get_trail_status(Name="management-trail")
    assert (status["IsLogging"], status["StartLoggingTime"]) == (True, START + timedelta(seconds=1.5))
    assert (status["TimeLoggingStarted"], status["TimeLoggingStopped"]) == ("2026-03-01T12:00:01Z", "")
    assert "StopLoggingTime" not in status
    cloudtrail.stop_logging(Name=ARN)
    clock.advance(10)
    cloudtrail.stop_logging(Name="management-trail")  # it is stopped already
    status = cloudtrail.get_trail_status(Name="management-trail")
    assert (status["IsLogging"], status["StopLoggingTime"]) == (False, START + timedelta(seconds=11.5))
    assert status["StartLoggingTime"] == START + timedelta(seconds=1.5)
    assert status["TimeLoggingStopped"] == "2026-03-01T12:00:11Z"


def test_how_deliveries_have_gone_is_told_for_each_region(service, cloudtrail, elsewhere, create) -> None:
    create(IsMultiRegionTrail=True)
    trail = kept(service)
    at = 1_772_366_400_497
    gone = Destination().failure("NoSuchBucket", at=at)
    status = TrailStatus(
        files=Destination().success(at),
        notifications=Destination().success(at - 1000).failure("no such topic", at=at),
        logs=gone,
        digests=gone.success(at + 1),
    )
    service.store.write(lambda store: note_delivery(store, trail, "eu-west-1", lambda _: status))
    moment = START + timedelta(milliseconds=497)
    assert told(cloudtrail.get_trail_status(Name=ARN)) == {
        "IsLogging": False,
        "LatestDeliveryTime": moment,
        "LatestNotificationTime": moment - timedelta(seconds=1),
        "LatestNotificationError": "no such topic",
        "LatestCloudWatchLogsDeliveryError": "NoSuchBucket",
        "LatestDigestDeliveryTime": moment + timedelta(milliseconds=1),
        "LatestDeliveryAttemptTime": "2026-03-01T12:00:00Z",
        "LatestNotificationAttemptTime": "2026-03-01T12:00:00Z",
        "LatestNotificationAttemptSucceeded": "2026-03-01T11:59:59Z",
        "LatestDeliveryAttemptSucceeded": "2026-03-01T12:00:00Z",
        "TimeLoggingStarted": "",
        "TimeLoggingStopped": "",
    }
    assert elsewhere.get_trail_status(Name=ARN)["LatestDeliveryAttemptTime"] == ""


def kept(service, name: str = "management-trail", region: str = "eu-west-1"):
    with service.store.read() as store:
        return TRAILS.get(store, Scope(ACCOUNT, region), name)


def test_nothing_is_noted_of_a_trail_that_is_gone(service, cloudtrail, create) -> None:
    create()
    trail = kept(service)
    noted = TrailStatus(files=Destination().success(1))
    service.store.write(lambda store: note_delivery(store, trail, "eu-west-1", lambda _: noted))
    cloudtrail.delete_trail(Name="management-trail")
    service.store.write(lambda store: note_delivery(store, trail, "us-east-1", lambda _: noted))
    with service.store.read() as store:
        assert list(STATUSES.scan_all(store)) == []
        assert status_of(store, trail, "eu-west-1") == TrailStatus()


def test_a_trail_that_ends_leaves_what_delivery_needs(service, cloudtrail, create, endings, clock, now) -> None:
    create()
    cloudtrail.stop_logging(Name="management-trail")
    assert endings() == []  # it never logged
    cloudtrail.start_logging(Name="management-trail")
    trail = kept(service)
    clock.advance(5)
    cloudtrail.stop_logging(Name="management-trail")
    cloudtrail.stop_logging(Name="management-trail")
    first = endings()
    assert [(one.trail, one.at_ms, one.is_deleted) for one in first] == [(trail, now(), False)]
    assert first[0].trail.is_logging
    clock.advance(5)
    cloudtrail.delete_trail(Name=ARN)
    assert [(one.at_ms, one.is_deleted, one.trail.is_logging) for one in endings()[1:]] == [(now(), True, False)]


def test_a_deleted_trail_is_gone_and_its_name_free(cloudtrail, create) -> None:
    create()
    cloudtrail.delete_trail(Name="management-trail")
    assert cloudtrail.describe_trails()["trailList"] == []
    assert create(S3KeyPrefix="again")["S3KeyPrefix"] == "again"


# ---------------------------------------------------------------- regions and accounts


def test_a_trail_of_many_regions_has_a_shadow_in_each(cloudtrail, elsewhere, create) -> None:
    create("one-region")
    create("many-regions", IsMultiRegionTrail=True)
    create("us-trail", by=elsewhere)
    arns = {name: f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/{name}" for name in ("one-region", "many-regions")}

    def names(**parameters) -> list[tuple[str, str]]:
        return [(one["Name"], one["HomeRegion"]) for one in elsewhere.describe_trails(**parameters)["trailList"]]

    shadow, own = ("many-regions", "eu-west-1"), ("us-trail", "us-east-1")
    assert names() == [shadow, own]
    assert names(includeShadowTrails=True, trailNameList=[]) == [shadow, own]
    assert names(includeShadowTrails=False) == [own]
    # By name only those of this region; what names none is left out.
    assert names(trailNameList=["us-trail", "many-regions", "unknown"]) == [own]
    assert names(trailNameList=[arns["many-regions"], "us-trail", "us-trail"]) == [shadow, own]
    assert names(trailNameList=[arns["one-region"]]) == [("one-region", "eu-west-1")]
    assert names(trailNameList=[arns["many-regions"]], includeShadowTrails=False) == []
    assert elsewhere.get_trail(Name=arns["many-regions"])["Trail"]["HomeRegion"] == "eu-west-1"
    assert [one["Name"] for one in elsewhere.list_trails()["Trails"]] == ["many-regions", "one-region", "us-trail"]


def test_partitions_do_not_see_each_other(trails, cloudtrail, create) -> None:
    create(IsMultiRegionTrail=True)
    china = client("cloudtrail", trails, region="cn-north-1")
    create("china-trail", by=china, IsMultiRegionTrail=True)
    assert [one["TrailARN"] for one in china.describe_trails()["trailList"]] == [
        f"arn:aws-cn:cloudtrail:cn-north-1:{ACCOUNT}:trail/china-trail"
    ]
    assert china.describe_trails(trailNameList=[ARN])["trailList"] == []
    assert [one["Name"] for one in cloudtrail.list_trails()["Trails"]] == ["management-trail"]


def test_accounts_do_not_see_each_other(trails, cloudtrail, create) -> None:
    create(IsMultiRegionTrail=True)
    trails.account = "444455556666"
    assert cloudtrail.describe_trails()["trailList"] == []
    assert cloudtrail.describe_trails(trailNameList=[ARN])["trailList"] == []
    assert cloudtrail.list_trails()["Trails"] == []


def test_an_organizations_trail_is_seen_by_its_accounts(trails, service, cloudtrail, create, refused) -> None:
    service.settings = msgspec.structs.replace(service.settings, organization=ORGANIZATION)
    assert create(IsOrganizationTrail=True)["IsOrganizationTrail"] is True
    assert kept(service).organization == ORGANIZATION
    trails.account = "444455556666"
    assert [one["TrailARN"] for one in cloudtrail.describe_trails()["trailList"]] == [ARN]
    assert cloudtrail.get_trail_status(Name=ARN)["IsLogging"] is False
    code, text = refused(cloudtrail.stop_logging, Name=ARN)
    assert code == "NotOrganizationMasterAccountException"
    assert "management-trail" in text
    trails.account = ACCOUNT
    assert cloudtrail.update_trail(Name=ARN, IsOrganizationTrail=False)["IsOrganizationTrail"] is False
    trails.account = "444455556666"
    assert cloudtrail.describe_trails()["trailList"] == []


def test_trails_are_listed_by_pages(trails, cloudtrail, create, monkeypatch) -> None:
    monkeypatch.setattr("tocsin.api.cloudtrail_trail._PAGE", 2)
    for region in ("eu-west-1", "us-east-1", "us-west-2"):
        create("same-name", by=client("cloudtrail", trails, region=region))
    pages = [page["Trails"] for page in cloudtrail.get_paginator("list_trails").paginate()]
    assert [[one["HomeRegion"] for one in page] for page in pages] == [["eu-west-1", "us-east-1"], ["us-west-2"]]


# ---------------------------------------------------------------- as infrastructure code does it


@pytest.mark.usefixtures("destinations")
def test_what_a_plan_reads_is_what_was_applied(cloudtrail, create) -> None:
    """Create, start, select, tag; then read all, change one member, read again, and remove (as Terraform does)."""
    wanted = {**ALL_OPTIONS, "TagsList": [{"Key": "team", "Value": "security"}]}
    arn = create(**wanted)["TrailARN"]
    cloudtrail.start_logging(Name=arn)

    def read() -> list:
        (trail,) = cloudtrail.describe_trails(trailNameList=[arn])["trailList"]
        return [
            trail,
            cloudtrail.get_trail_status(Name=arn)["IsLogging"],
            cloudtrail.get_event_selectors(TrailName=arn)["EventSelectors"],
            cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"],
        ]

    before = read()
    assert before == read()
    assert before[0].items() >= FULL.items()
    assert before[1:] == [
        True,
        [
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [],
                "ExcludeManagementEventSources": [],
            }
        ],
        wanted["TagsList"],
    ]
    cloudtrail.update_trail(Name=arn, EnableLogFileValidation=False)
    assert read() == [{**before[0], "LogFileValidationEnabled": False}, *before[1:]]
    cloudtrail.update_trail(Name=arn, EnableLogFileValidation=True)
    assert read() == before
    cloudtrail.stop_logging(Name=arn)
    cloudtrail.delete_trail(Name=arn)
    assert cloudtrail.describe_trails(trailNameList=[arn])["trailList"] == []
