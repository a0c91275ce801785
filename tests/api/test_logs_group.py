"""Log groups and streams with a real client. Spec: WIRE-8.1, WIRE-9."""

from __future__ import annotations

import pytest
from wire_client import Dispatcher, client

from tocsin.api.logs import operations

ARN = "arn:aws:logs:eu-west-1:111122223333:log-group:"


def names(answer) -> list[str]:
    return [one["logGroupName"] for one in answer["logGroups"]]


def test_a_fresh_group_as_it_is_told(logs, now) -> None:
    logs.create_log_group(logGroupName="g")
    assert logs.describe_log_groups()["logGroups"] == [
        {
            "arn": f"{ARN}g:*",
            "creationTime": now(),
            "deletionProtectionEnabled": False,
            "logGroupArn": f"{ARN}g",
            "logGroupClass": "STANDARD",
            "logGroupName": "g",
            "metricFilterCount": 0,
            "storedBytes": 0,
        }
    ]


def test_with_a_pattern_two_members_are_missing(logs) -> None:
    logs.create_log_group(logGroupName="a-trail-b")
    (told,) = logs.describe_log_groups(logGroupNamePattern="trail")["logGroups"]
    assert "storedBytes" not in told
    assert "deletionProtectionEnabled" not in told


def test_names_are_taken_once(logs, refused) -> None:
    logs.create_log_group(logGroupName="g")
    assert refused(logs.create_log_group, logGroupName="g") == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )


NOT_THERE = ("ResourceNotFoundException", "The specified log group does not exist.")


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("delete_log_group", {}),
        ("put_retention_policy", {"retentionInDays": 1}),
        ("delete_retention_policy", {}),
        ("associate_kms_key", {"kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"}),
        ("disassociate_kms_key", {}),
        ("create_log_stream", {"logStreamName": "s"}),
        ("delete_log_stream", {"logStreamName": "s"}),
        ("describe_log_streams", {}),
        ("get_log_events", {"logStreamName": "s"}),
        ("filter_log_events", {}),
        ("put_log_events", {"logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "x"}]}),
        (
            "put_metric_filter",
            {
                "filterName": "f",
                "filterPattern": "{",  # the group comes first (FP-9.2)
                "metricTransformations": [{"metricName": "m", "metricNamespace": "N", "metricValue": "1"}],
            },
        ),
        ("describe_metric_filters", {}),
        ("delete_metric_filter", {"filterName": "f"}),
        (
            "put_subscription_filter",
            {
                "filterName": "f",
                "filterPattern": "",
                "destinationArn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
            },
        ),
        ("describe_subscription_filters", {}),
        ("delete_subscription_filter", {"filterName": "f"}),
        ("tag_log_group", {"tags": {"a": "b"}}),
        ("untag_log_group", {"tags": ["a"]}),
        ("list_tags_log_group", {}),
    ],
)
def test_a_group_that_is_not_there(logs, refused, operation: str, parameters) -> None:
    assert refused(getattr(logs, operation), logGroupName="none", **parameters) == NOT_THERE


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_of_groups(logs, size: int) -> None:
    every = sorted(f"g{number}" for number in range(7))
    for name in reversed(every):
        logs.create_log_group(logGroupName=name)
    found, how = [], {"limit": size}
    while True:
        answer = logs.describe_log_groups(**how)
        found += names(answer)
        if "nextToken" not in answer:
            break
        assert len(answer["logGroups"]) == size
        how["nextToken"] = answer["nextToken"]
    assert found == every


BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")


def test_tokens_are_bound_to_their_request(logs, refused, clock, service) -> None:
    for name in ("a1", "a2", "b1"):
        logs.create_log_group(logGroupName=name)
    token = logs.describe_log_groups(logGroupNamePrefix="a", limit=1)["nextToken"]
    assert names(logs.describe_log_groups(logGroupNamePrefix="a", limit=5, nextToken=token)) == ["a2"]
    assert refused(logs.describe_log_groups, logGroupNamePrefix="b", nextToken=token) == BAD_TOKEN
    assert refused(logs.list_log_groups, nextToken=token) == BAD_TOKEN
    assert refused(logs.describe_log_groups, logGroupNamePrefix="a", nextToken="x" + token) == BAD_TOKEN
    other = client("logs", Dispatcher(service, operations), region="us-east-1")
    assert refused(other.describe_log_groups, logGroupNamePrefix="a", nextToken=token) == BAD_TOKEN
    clock.advance(24 * 3600 + 1)
    assert refused(logs.describe_log_groups, logGroupNamePrefix="a", nextToken=token) == BAD_TOKEN


def test_prefix_pattern_and_identifiers(logs, refused) -> None:
    for name in ("aws/trail", "aws/vpc", "my-aws"):
        logs.create_log_group(logGroupName=name)
    assert names(logs.describe_log_groups(logGroupNamePrefix="aws")) == ["aws/trail", "aws/vpc"]
    assert names(logs.describe_log_groups(logGroupNamePattern="aws")) == ["aws/trail", "aws/vpc", "my-aws"]
    assert names(logs.describe_log_groups(logGroupNamePattern="AWS")) == []
    assert names(logs.describe_log_groups(logGroupIdentifiers=[f"{ARN}aws/vpc", "my-aws"])) == ["aws/vpc", "my-aws"]
    assert names(logs.list_log_groups(logGroupNamePattern="^aws")) == ["aws/trail", "aws/vpc"]
    assert names(logs.list_log_groups(logGroupNamePattern="^my-|vpc")) == ["aws/vpc", "my-aws"]
    assert names(logs.list_log_groups()) == ["aws/trail", "aws/vpc", "my-aws"]
    assert refused(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b") == (
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    )


def test_a_filter_of_groups_that_is_not_there_is_refused_and_not_left_out_of_account(logs, refused) -> None:
    """WIRE-3.13."""
    for name, value in (("dataSources", [{"name": "aws"}]), ("fieldIndexNames", ["eventName"])):
        message = f"{name} is not supported by Tocsin."
        assert refused(logs.list_log_groups, **{name: value}) == ("InvalidParameterException", message)


def test_regions_and_accounts_are_strangers(logs, service) -> None:
    logs.create_log_group(logGroupName="g")
    assert names(client("logs", Dispatcher(service, operations), region="us-east-1").describe_log_groups()) == []
    assert names(client("logs", Dispatcher(service, operations, account="444455556666")).describe_log_groups()) == []


def test_retention_hides_old_events_at_once(logs, clock, now, refused) -> None:
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now(), "message": "old"}])
    clock.advance(2 * 86_400)
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now(), "message": "new"}])
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 1
    assert [one["message"] for one in logs.filter_log_events(logGroupName="g")["events"]] == ["new"]
    assert [one["message"] for one in logs.get_log_events(logGroupName="g", logStreamName="s")["events"]] == ["new"]
    logs.delete_retention_policy(logGroupName="g")
    assert len(logs.filter_log_events(logGroupName="g")["events"]) == 2
    assert refused(logs.put_retention_policy, logGroupName="g", retentionInDays=2) == (
        "InvalidParameterException",
        "Invalid retention value. Valid values are: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
    )


def test_protection_keeps_a_group(logs, refused) -> None:
    logs.create_log_group(logGroupName="g", deletionProtectionEnabled=True)
    code, _ = refused(logs.delete_log_group, logGroupName="g")
    assert code == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=f"{ARN}g", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="g")
    assert names(logs.describe_log_groups()) == []


def test_a_group_goes_with_all_that_hangs_on_it(logs, now) -> None:
    for _ in range(2):
        logs.create_log_group(logGroupName="g")
        assert logs.describe_log_streams(logGroupName="g")["logStreams"] == []
        assert logs.describe_metric_filters(logGroupName="g")["metricFilters"] == []
        assert logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"] == []
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now(), "message": "x"}])
        logs.put_metric_filter(
            logGroupName="g",
            filterName="f",
            filterPattern="",
            metricTransformations=[{"metricName": "m", "metricNamespace": "N", "metricValue": "1"}],
        )
        logs.put_subscription_filter(
            logGroupName="g",
            filterName="f",
            filterPattern="",
            destinationArn="arn:aws:lambda:eu-west-1:111122223333:function:f",
        )
        logs.delete_log_group(logGroupName="g")


def test_kms_key_is_told(logs) -> None:
    logs.create_log_group(logGroupName="g", kmsKeyId="arn:aws:kms:eu-west-1:111122223333:key/a")
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"].endswith("/a")
    logs.associate_kms_key(resourceIdentifier=f"{ARN}g:*", kmsKeyId="arn:aws:kms:eu-west-1:111122223333:key/b")
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"].endswith("/b")
    logs.disassociate_kms_key(logGroupName="g")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]


def test_one_set_of_tags_behind_both_families(logs, refused) -> None:
    logs.create_log_group(logGroupName="g", tags={"a": "1"})
    logs.tag_log_group(logGroupName="g", tags={"b": "2"})
    logs.tag_resource(resourceArn=f"{ARN}g", tags={"c": "3"})
    assert logs.list_tags_for_resource(resourceArn=f"{ARN}g")["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_resource(resourceArn=f"{ARN}g", tagKeys=["a", "none"])
    logs.untag_log_group(logGroupName="g", tags=["b"])
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"c": "3"}
    code, _ = refused(logs.tag_resource, resourceArn=f"{ARN}g", tags={f"k{number}": "" for number in range(50)})
    assert code == "TooManyTagsException"
    assert refused(logs.list_tags_for_resource, resourceArn=f"{ARN}none") == NOT_THERE
    code, _ = refused(logs.list_tags_for_resource, resourceArn="arn:aws:logs:eu-west-1:444455556666:log-group:g")
    assert code == "ResourceNotFoundException"


# ---------------------------------------------------------------- streams


def test_a_fresh_stream_and_one_with_events(logs, now) -> None:
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    fresh = {
        "arn": f"{ARN}g:log-stream:s",
        "creationTime": now(),
        "logStreamName": "s",
        "storedBytes": 0,
    }
    assert logs.describe_log_streams(logGroupName="g")["logStreams"] == [fresh]
    events = [{"timestamp": now() - 5, "message": "a"}, {"timestamp": now(), "message": "b"}]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    (told,) = logs.describe_log_streams(logGroupIdentifier=f"{ARN}g")["logStreams"]
    assert told.pop("uploadSequenceToken").isdigit()
    assert told == {
        **fresh,
        "firstEventTimestamp": now() - 5,
        "lastEventTimestamp": now(),
        "lastIngestionTime": now(),
    }


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", ["LogStreamName", "LastEventTime"])
def test_pages_of_streams(logs, now, order: str, descending: bool) -> None:
    logs.create_log_group(logGroupName="g")
    for number, name in enumerate(["c", "a", "d", "b", "e"]):
        logs.create_log_stream(logGroupName="g", logStreamName=name)
        if name != "e":
            event = {"timestamp": now() + number, "message": "x"}
            logs.put_log_events(logGroupName="g", logStreamName=name, logEvents=[event])
    wanted = ["a", "b", "c", "d", "e"] if order == "LogStreamName" else ["e", "c", "a", "d", "b"]
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName="g", orderBy=order, descending=descending, PaginationConfig={"PageSize": 2}
    )
    found = [one["logStreamName"] for page in pages for one in page["logStreams"]]
    assert found == (wanted[::-1] if descending else wanted)


def test_stream_errors(logs, refused) -> None:
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    assert refused(logs.create_log_stream, logGroupName="g", logStreamName="s") == (
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    )
    missing = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert refused(logs.delete_log_stream, logGroupName="g", logStreamName="none") == missing
    assert refused(logs.get_log_events, logGroupName="g", logStreamName="none") == missing
    both = {"logGroupName": "g", "logGroupIdentifier": "g"}
    assert refused(logs.describe_log_streams, **both) == (
        "ValidationException",
        "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    )
    code, _ = refused(logs.describe_log_streams, logGroupName="g", orderBy="LastEventTime", logStreamNamePrefix="s")
    assert code == "InvalidParameterException"
    logs.delete_log_stream(logGroupName="g", logStreamName="s")
    assert logs.describe_log_streams(logGroupName="g")["logStreams"] == []
