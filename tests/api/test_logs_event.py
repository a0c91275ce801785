"""Log events with a real client: sending, reading, searching, and what filters make of them. Spec: FP-9 to FP-12."""

from __future__ import annotations

import json

import pytest

from tocsin.app.pipeline import publish_default_values
from tocsin.core.metric import MetricKey
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
HOUR = 3_600_000


@pytest.fixture(autouse=True)
def group(logs) -> None:
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")


def send(logs, *events: tuple[int, str], stream: str = "s"):
    made = [{"timestamp": timestamp, "message": message} for timestamp, message in events]
    return logs.put_log_events(logGroupName="g", logStreamName=stream, logEvents=made)


def texts(answer) -> list[str]:
    return [one["message"] for one in answer["events"]]


def test_what_was_sent_is_read(logs, now) -> None:
    answer = send(logs, (now() - 1, "é \U0001f514"), (now(), "b"))
    assert answer["nextSequenceToken"].isdigit()
    assert "rejectedLogEventsInfo" not in answer
    assert logs.get_log_events(logGroupName="g", logStreamName="s")["events"] == [
        {"timestamp": now() - 1, "message": "é \U0001f514", "ingestionTime": now()},
        {"timestamp": now(), "message": "b", "ingestionTime": now()},
    ]


def test_events_of_another_age_are_left_out_and_told(logs, now) -> None:
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)
    day = 24 * HOUR
    span = [now() - 4 * day, now() - 3 * day - 1, now() - 3 * day, now() - 3 * day + 5]
    answer = send(logs, *((time, str(place)) for place, time in enumerate(span)))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 2}
    answer = send(logs, (now() - 15 * day, "old"), (now(), "fine"), (now() + 2 * HOUR + 1, "new"))
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1,
        "expiredLogEventEndIndex": 1,
        "tooNewLogEventStartIndex": 2,
    }
    assert texts(logs.filter_log_events(logGroupName="g")) == ["2", "3", "fine"]


def test_a_batch_that_is_refused_leaves_nothing(logs, now, refused) -> None:
    def error(*events) -> tuple[str, str]:
        made = [{"timestamp": timestamp, "message": message} for timestamp, message in events]
        return refused(logs.put_log_events, logGroupName="g", logStreamName="s", logEvents=made)

    code = "InvalidParameterException"
    assert error((now(), "a"), (now() - 1, "b")) == (
        code,
        "Log events in a single PutLogEvents request must be in chronological order.",
    )
    assert error((now() - 24 * HOUR - 1, "a"), (now(), "b")) == (
        code,
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    )
    assert error(*[(now(), "x" * 104_976)] * 10) == (code, "Upload too large: 1050020 bytes exceeds limit of 1048576")
    assert error((now(), "é" * 524_289)) == (code, "Log event too large: 1048578 bytes exceeds limit of 1048576")
    assert texts(logs.filter_log_events(logGroupName="g")) == []
    assert error((now(), "x" * (1_048_576 - 25)))[1] == "Upload too large: 1048577 bytes exceeds limit of 1048576"
    send(logs, (now(), "x" * (1_048_576 - 26)))


def test_pages_of_a_stream_forward_and_backward(logs, now) -> None:
    send(logs, *((now() + number, str(number)) for number in range(7)))

    def read(**how):
        return logs.get_log_events(logGroupName="g", logStreamName="s", limit=3, **how)

    last = read()
    assert texts(last) == ["4", "5", "6"]
    before = read(nextToken=last["nextBackwardToken"])
    assert texts(before) == ["1", "2", "3"]
    first = read(nextToken=before["nextBackwardToken"], startFromHead=True)  # the token's direction wins
    assert texts(first) == ["0"]
    end = read(nextToken=first["nextBackwardToken"])
    assert texts(end) == []
    assert end["nextBackwardToken"] == first["nextBackwardToken"]
    assert texts(read(nextToken=end["nextForwardToken"])) in ([], ["1", "2", "3"], ["0", "1", "2"])

    head = read(startFromHead=True)
    assert texts(head) == ["0", "1", "2"]
    assert head["nextForwardToken"].startswith("f/")
    assert head["nextBackwardToken"].startswith("b/")
    following = read(nextToken=head["nextForwardToken"])
    assert texts(following) == ["3", "4", "5"]
    tail = read(nextToken=following["nextForwardToken"])
    assert texts(tail) == ["6"]
    nothing = read(nextToken=tail["nextForwardToken"])
    assert texts(nothing) == []
    assert nothing["nextForwardToken"] == tail["nextForwardToken"]
    send(logs, (now() + 10, "later"))
    assert texts(read(nextToken=nothing["nextForwardToken"])) == ["later"]


def test_start_is_inside_and_end_is_not_in_a_stream(logs, now) -> None:
    send(logs, *((now() + number, str(number)) for number in range(5)))
    bounds = {"startTime": now() + 1, "endTime": now() + 3}
    assert texts(logs.get_log_events(logGroupName="g", logStreamName="s", **bounds)) == ["1", "2"]
    assert texts(logs.filter_log_events(logGroupName="g", **bounds)) == ["1", "2", "3"]  # there both are (FP-11.2)


@pytest.mark.parametrize("token", ["x", "f/", "f/x", "b/AAAA", "g/x"])
def test_bad_tokens_of_a_stream(logs, refused, token: str) -> None:
    assert refused(logs.get_log_events, logGroupName="g", logStreamName="s", nextToken=token) == (
        "InvalidParameterException",
        "The specified nextToken is invalid.",
    )


def test_search_in_several_streams(logs, now, refused) -> None:
    for stream in ("a1", "a2", "b"):
        logs.create_log_stream(logGroupName="g", logStreamName=stream)
        send(logs, (now(), f"{stream} ERROR"), (now() + 1, f"{stream} fine"), stream=stream)

    def search(**how) -> list[str]:
        return texts(logs.filter_log_events(logGroupName="g", **how))

    assert search(filterPattern="ERROR") == ["a1 ERROR", "a2 ERROR", "b ERROR"]
    assert search(filterPattern="ERROR", logStreamNames=["b", "none"]) == ["b ERROR"]
    assert search(filterPattern="ERROR", logStreamNamePrefix="a") == ["a1 ERROR", "a2 ERROR"]
    assert search(logStreamNames=["none"]) == []
    assert search(startFromHead=False, startTime=now()) == [
        "b fine",
        "a2 fine",
        "a1 fine",
        "b ERROR",
        "a2 ERROR",
        "a1 ERROR",
    ]
    code, _ = refused(logs.filter_log_events, logGroupName="g", logStreamNames=["a"], logStreamNamePrefix="a")
    assert code == "InvalidParameterException"
    code, _ = refused(logs.filter_log_events, logGroupName="g", startFromHead=False)
    assert code == "InvalidParameterException"
    assert refused(logs.filter_log_events, logGroupName="g", filterPattern="{ $.a = 1") == (
        "InvalidParameterException",
        "If a filter pattern starts with '{' it must end with '}'",
    )


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_pages_of_a_search(logs, now, limit: int) -> None:
    send(logs, *((now() + number // 2, f"{'hit' if number % 3 == 0 else 'miss'} {number}") for number in range(30)))
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="g", filterPattern="hit", PaginationConfig={"PageSize": limit}
    )
    found = [event for page in pages for event in page["events"]]
    assert [one["message"] for one in found] == [f"hit {number}" for number in range(0, 30, 3)]
    ids = [one["eventId"] for one in found]
    assert ids == sorted(set(ids))
    assert {one["logStreamName"] for one in found} == {"s"}


# ---------------------------------------------------------------- metric filters


def put_filter(logs, name: str, pattern: str, **transformation) -> None:
    made = {"metricName": name, "metricNamespace": "N", "metricValue": "1", **transformation}
    logs.put_metric_filter(logGroupName="g", filterName=name, filterPattern=pattern, metricTransformations=[made])


def sums(service, name: str, **dimensions) -> dict[int, tuple[float, int]]:
    with service.store.read() as store:
        found = store.metrics.data(HERE, MetricKey.of("N", name, dimensions), start=0, end=2**40)
    return {point.second: (float(point.statistics.sum), int(point.statistics.sample_count)) for point in found}


def test_matches_become_data_of_the_events_minute(logs, service, now) -> None:
    put_filter(logs, "stops", "{ $.eventName = StopLogging }")
    put_filter(logs, "bytes", "{ $.bytes > 10 }", metricValue="$.bytes", unit="Bytes")
    put_filter(logs, "errors", "ERROR")
    put_filter(logs, "by-user", "{ $.eventName = * }", dimensions={"user": "$.user"})
    minute = now() // 60_000 * 60
    send(
        logs,
        (now() - 60_000, json.dumps({"eventName": "StopLogging", "user": "bob"})),
        (now() - 1, json.dumps({"eventName": "StopLogging", "bytes": 20})),
        (now(), json.dumps({"eventName": "StopLogging", "bytes": 30, "user": "bob"})),
        (now() + 1, json.dumps({"eventName": "GetObject", "bytes": "many", "user": "eve"})),
        (now() + 2, "ERROR no JSON"),
    )
    assert sums(service, "stops") == {minute - 60: (2.0, 2), minute: (1.0, 1)}
    assert sums(service, "bytes") == {minute - 60: (20.0, 1), minute: (30.0, 1)}
    assert sums(service, "errors") == {minute: (1.0, 1)}
    assert sums(service, "by-user", user="bob") == {minute - 60: (1.0, 1), minute: (1.0, 1)}
    assert sums(service, "by-user") == {minute - 60: (1.0, 1)}  # no usable dimension: none at all (FP-9.15)


def test_only_events_after_a_filter_count(logs, service, now) -> None:
    send(logs, (now(), "ERROR"))
    put_filter(logs, "errors", "ERROR")
    assert sums(service, "errors") == {}
    send(logs, (now(), "ERROR"))
    put_filter(logs, "errors", "FATAL")
    send(logs, (now(), "ERROR"))
    logs.delete_metric_filter(logGroupName="g", filterName="errors")
    send(logs, (now(), "FATAL"))
    assert list(sums(service, "errors").values()) == [(1.0, 1)]


def test_rejected_events_reach_no_filter(logs, service, now) -> None:
    put_filter(logs, "all", "")
    send(logs, (now() - 15 * 24 * HOUR, "old"), (now(), "fine"))
    assert list(sums(service, "all").values()) == [(1.0, 1)]


def test_default_values_of_quiet_minutes(logs, service, now, clock) -> None:
    put_filter(logs, "errors", "ERROR", defaultValue=0.0)
    minute = now() // 60_000 * 60
    send(logs, (now() - 120_000, "fine"), (now() - 60_000, "ERROR"), (now() - 59_999, "fine"), (now(), "fine"))

    assert publish_default_values(service, at_ms=now()) == 1
    assert sums(service, "errors") == {minute - 120: (0.0, 1), minute - 60: (1.0, 1)}
    assert publish_default_values(service, at_ms=now()) == 0
    clock.advance(60)
    assert publish_default_values(service, at_ms=now()) == 1
    assert sums(service, "errors")[minute] == (0.0, 1)
    # What comes late for a minute that was told adds to it, and no second default value comes.
    send(logs, (now() - 60_000, "ERROR"), (now() - 59_000, "fine"))
    assert publish_default_values(service, at_ms=now() + 60_000) == 0
    assert sums(service, "errors")[minute] == (1.0, 2)


def test_a_filter_as_it_is_told(logs, now, refused) -> None:
    put_filter(logs, "f", " ", defaultValue=0)
    assert logs.describe_metric_filters(logGroupName="g")["metricFilters"] == [
        {
            "filterName": "f",
            "filterPattern": " ",
            "metricTransformations": [
                {"metricName": "f", "metricNamespace": "N", "metricValue": "1", "defaultValue": 0.0}
            ],
            "creationTime": now(),
            "logGroupName": "g",
            "applyOnTransformedLogs": False,
        }
    ]
    assert logs.describe_log_groups()["logGroups"][0]["metricFilterCount"] == 1
    assert refused(logs.delete_metric_filter, logGroupName="g", filterName="none") == (
        "ResourceNotFoundException",
        "The specified metric filter does not exist.",
    )


def test_replacing_keeps_the_time_of_the_first(logs, now, clock) -> None:
    put_filter(logs, "f", "a")
    first = now()
    clock.advance(60)
    put_filter(logs, "f", "b")
    (told,) = logs.describe_metric_filters(filterNamePrefix="f")["metricFilters"]
    assert (told["creationTime"], told["filterPattern"]) == (first, "b")


@pytest.mark.parametrize(
    ("pattern", "transformation", "message"),
    [
        ("{ $.a = }", {}, "Invalid metric filter pattern"),
        ("{ $.a = 1", {}, "If a filter pattern starts with '{' it must end with '}'"),
        ("a(b", {}, "Invalid character(s) in term '('"),
        ("a", {"dimensions": {"x": "$.a"}}, "The specified filter pattern does not support dimensions"),
        (
            "{ $.a = 1 }",
            {"dimensions": {"x": "$.a"}, "defaultValue": 0},
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties",
        ),
        (
            "{ $.a = 1 }",
            {"dimensions": {"x": "constant"}},
            "Invalid metric transformation: dimension value must be valid selector",
        ),
        ("a", {"metricValue": "$.a"}, "Invalid metric transformation: metric value $.a must be a valid number"),
    ],
)
def test_filters_that_are_refused(logs, refused, pattern: str, transformation, message: str) -> None:
    made = {"metricName": "m", "metricNamespace": "N", "metricValue": "1", **transformation}
    assert refused(
        logs.put_metric_filter,
        logGroupName="g",
        filterName="f",
        filterPattern=pattern,
        metricTransformations=[made],
    ) == ("InvalidParameterException", message)


def test_quotas(logs, refused) -> None:
    full = ("LimitExceededException", "Resource limit exceeded.")
    for number in range(5):
        put_filter(logs, f"regex-{number}", "{ $.a = %x% }")
    regex = {"filterName": "regex-9", "filterPattern": "%x%"}
    made = [{"metricName": "m", "metricNamespace": "N", "metricValue": "1"}]
    assert refused(logs.put_metric_filter, logGroupName="g", metricTransformations=made, **regex) == full
    put_filter(logs, "regex-1", "{ $.b = %y% }")  # in place of one of them
    for number in range(95):
        put_filter(logs, f"f-{number}", "a")
    assert (
        refused(
            logs.put_metric_filter,
            logGroupName="g",
            filterName="one-more",
            filterPattern="",
            metricTransformations=made,
        )
        == full
    )
    put_filter(logs, "f-1", "b")


def test_filters_by_name_then_group_and_by_metric(logs, refused) -> None:
    logs.create_log_group(logGroupName="a")
    for name in ("y", "x"):
        put_filter(logs, name, "")
    logs.put_metric_filter(
        logGroupName="a",
        filterName="x",
        filterPattern="",
        metricTransformations=[{"metricName": "y", "metricNamespace": "N", "metricValue": "1"}],
    )
    pages = logs.get_paginator("describe_metric_filters").paginate(PaginationConfig={"PageSize": 1})
    found = [(one["filterName"], one["logGroupName"]) for page in pages for one in page["metricFilters"]]
    assert found == [("x", "a"), ("x", "g"), ("y", "g")]
    by_metric = logs.describe_metric_filters(metricName="y", metricNamespace="N")["metricFilters"]
    assert [(one["filterName"], one["logGroupName"]) for one in by_metric] == [("x", "a"), ("y", "g")]
    code, _ = refused(logs.describe_metric_filters, metricName="y")
    assert code == "InvalidParameterException"


def test_trying_a_pattern(logs, refused) -> None:
    answer = logs.test_metric_filter(
        filterPattern="{ $.a > 1 }", logEventMessages=['{"a": 1}', '{"a": 2}', "text", '{"a": 3}']
    )
    assert answer["matches"] == [
        {"eventNumber": 2, "eventMessage": '{"a": 2}', "extractedValues": {"$.a": "2"}},
        {"eventNumber": 4, "eventMessage": '{"a": 3}', "extractedValues": {"$.a": "3"}},
    ]
    assert refused(logs.test_metric_filter, filterPattern="[", logEventMessages=["a"]) == (
        "InvalidParameterException",
        "If a filter pattern starts with '[' it must end with ']'",
    )


# ---------------------------------------------------------------- subscriptions, destinations, policies

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:f"


def subscribe(logs, name: str = "f", arn: str = FUNCTION, **how) -> None:
    logs.put_subscription_filter(logGroupName="g", filterName=name, filterPattern="", destinationArn=arn, **how)


def test_subscription_filters(logs, now, refused) -> None:
    subscribe(logs)
    assert logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"] == [
        {
            "applyOnTransformedLogs": False,
            "creationTime": now(),
            "destinationArn": FUNCTION,
            "distribution": "ByLogStream",
            "filterName": "f",
            "filterPattern": "",
            "logGroupName": "g",
        }
    ]
    subscribe(logs, "g")
    put = {"logGroupName": "g", "filterPattern": ""}
    assert refused(logs.put_subscription_filter, **put, filterName="h", destinationArn=FUNCTION) == (
        "LimitExceededException",
        "Resource limit exceeded.",
    )
    stream = "arn:aws:kinesis:eu-west-1:111122223333:stream/s"
    assert refused(logs.put_subscription_filter, **put, filterName="g", destinationArn=stream) == (
        "InvalidParameterException",
        "destinationArn for vendor kinesis cannot be used without roleArn",
    )
    foreign = FUNCTION.replace("111122223333", "444455556666")
    assert refused(logs.put_subscription_filter, **put, filterName="g", destinationArn=foreign) == (
        "AccessDeniedException",
        "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.",
    )
    pages = logs.get_paginator("describe_subscription_filters").paginate(
        logGroupName="g", PaginationConfig={"PageSize": 1}
    )
    assert [one["filterName"] for page in pages for one in page["subscriptionFilters"]] == ["f", "g"]
    logs.delete_subscription_filter(logGroupName="g", filterName="f")
    assert refused(logs.delete_subscription_filter, logGroupName="g", filterName="f") == (
        "ResourceNotFoundException",
        "The specified subscription filter does not exist.",
    )


def test_destinations(logs, now, refused) -> None:
    made = {
        "destinationName": "d",
        "targetArn": "arn:aws:kinesis:eu-west-1:111122223333:stream/s",
        "roleArn": "arn:aws:iam::111122223333:role/r",
    }
    arn = "arn:aws:logs:eu-west-1:111122223333:destination:d"
    told = {"arn": arn, "creationTime": now(), **made}
    assert logs.put_destination(**made)["destination"] == told
    logs.put_destination_policy(destinationName="d", accessPolicy="{}")
    assert logs.describe_destinations()["destinations"] == [{**told, "accessPolicy": "{}"}]
    assert logs.put_destination(**{**made, "roleArn": f"{made['roleArn']}2"})["destination"]["accessPolicy"] == "{}"
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    logs.delete_destination(destinationName="d")
    assert logs.describe_destinations()["destinations"] == []
    for call, how in (
        (logs.delete_destination, {"destinationName": "d"}),
        (logs.put_destination_policy, {"destinationName": "d", "accessPolicy": "{}"}),
        (logs.list_tags_for_resource, {"resourceArn": arn}),
    ):
        assert refused(call, **how)[0] == "ResourceNotFoundException"


def test_resource_policies(logs, now, refused) -> None:
    for number in range(10):
        answer = logs.put_resource_policy(policyName=f"p{number}", policyDocument="{}")
    assert answer["resourcePolicy"] == {
        "lastUpdatedTime": now(),
        "policyName": "p9",
        "policyDocument": "{}",
        "policyScope": "ACCOUNT",
    }
    assert refused(logs.put_resource_policy, policyName="p10", policyDocument="{}") == (
        "LimitExceededException",
        "Resource limit exceeded.",
    )
    logs.put_resource_policy(policyName="p1", policyDocument='{"a":1}')
    assert len(logs.describe_resource_policies()["resourcePolicies"]) == 10
    logs.delete_resource_policy(policyName="p1")
    assert refused(logs.delete_resource_policy, policyName="p1") == (
        "ResourceNotFoundException",
        "Policy with name [p1] does not exist.",
    )
    arn = "arn:aws:logs:eu-west-1:111122223333:log-group:g"
    logs.put_resource_policy(policyName="of-group", policyDocument="{}", resourceArn=arn)
    (told,) = logs.describe_resource_policies(resourceArn=arn)["resourcePolicies"]
    assert (told["policyScope"], told["resourceArn"]) == ("RESOURCE", arn)
    policy = {"policyDocument": "{}", "resourceArn": arn}
    aborted = (
        "OperationAbortedException",
        "Multiple concurrent requests to update the same resource were in conflict.",
    )
    newer = logs.put_resource_policy(**policy, expectedRevisionId=told["revisionId"])["revisionId"]
    assert refused(logs.put_resource_policy, **policy, expectedRevisionId=told["revisionId"]) == aborted
    assert refused(logs.delete_resource_policy, resourceArn=arn, expectedRevisionId=told["revisionId"]) == aborted
    assert refused(logs.put_resource_policy, policyName="p1", policyDocument="{}", expectedRevisionId="x") == aborted
    logs.delete_resource_policy(resourceArn=arn, expectedRevisionId=newer)
    assert logs.describe_resource_policies(resourceArn=arn)["resourcePolicies"] == []
    assert len(logs.describe_resource_policies()["resourcePolicies"]) == 9
