"""Every operation refuses something, in each protocol, as clients written by hand read it. Spec: WIRE-3, WIRE-8.

The code, the HTTP status, and what a client that has moved on from the query protocol is told beside them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from live_server import LiveServer
from raw_client import PROTOCOLS, call

from tocsin.api.service_table import Support, entry_of, operation_table, service_table
from tocsin.wire.model import ServiceModels

ACCOUNT = "111122223333"
LATER, EARLIER = dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OF_NO_GROUP = {"logGroupName": "no"}
NO_GROUP_ARN = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:no"
NO_ALARM_ARN = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:no"
NO_TRAIL_ARN = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/abc"
NO_TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:no"
NO_SUBSCRIPTION = f"{NO_TOPIC}:00000000-0000-4000-9000-000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
QUEUE = f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/s"
TRANSFORMATION = {"metricName": "m", "metricNamespace": "N", "metricValue": "1"}
STRETCH = {"StartTime": LATER, "EndTime": EARLIER}
TOO_MANY = {"AlarmNames": ["a"] * 101}
BAD_TOKEN = {"NextToken": "x"}

NOT_FOUND, INVALID = "ResourceNotFoundException", "InvalidParameterException"
VALIDATION, VALUE, MISSING, TOKEN = (
    "ValidationException",
    "InvalidParameterValueException",
    "MissingRequiredParameterException",
    "InvalidNextToken",
)
NO_TRAIL = "TrailNotFoundException"
NO_DASHBOARD = "DashboardNotFoundError"

# What each operation is called with, and the error that it answers: where there is one, of its own rules and not of
# the model alone.
REFUSALS: dict[str, list[tuple[str, dict[str, Any], str]]] = {
    "logs": [
        ("CreateLogGroup", {"logGroupName": "a b"}, INVALID),
        ("DeleteLogGroup", OF_NO_GROUP, NOT_FOUND),
        ("DescribeLogGroups", {"nextToken": "x"}, INVALID),
        ("ListLogGroups", {"nextToken": "x"}, INVALID),
        ("PutRetentionPolicy", {**OF_NO_GROUP, "retentionInDays": 7}, NOT_FOUND),
        ("DeleteRetentionPolicy", OF_NO_GROUP, NOT_FOUND),
        ("AssociateKmsKey", {**OF_NO_GROUP, "kmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"}, NOT_FOUND),
        ("DisassociateKmsKey", OF_NO_GROUP, NOT_FOUND),
        (
            "PutLogGroupDeletionProtection",
            {"logGroupIdentifier": "no", "deletionProtectionEnabled": True},
            NOT_FOUND,
        ),
        ("CreateLogStream", {**OF_NO_GROUP, "logStreamName": "s"}, NOT_FOUND),
        ("DeleteLogStream", {**OF_NO_GROUP, "logStreamName": "s"}, NOT_FOUND),
        ("DescribeLogStreams", OF_NO_GROUP, NOT_FOUND),
        (
            "PutLogEvents",
            {**OF_NO_GROUP, "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]},
            NOT_FOUND,
        ),
        ("GetLogEvents", {**OF_NO_GROUP, "logStreamName": "s"}, NOT_FOUND),
        ("FilterLogEvents", OF_NO_GROUP, NOT_FOUND),
        (
            "PutMetricFilter",
            {**OF_NO_GROUP, "filterName": "f", "filterPattern": "", "metricTransformations": [TRANSFORMATION]},
            NOT_FOUND,
        ),
        ("DescribeMetricFilters", OF_NO_GROUP, NOT_FOUND),
        ("DeleteMetricFilter", {**OF_NO_GROUP, "filterName": "f"}, NOT_FOUND),
        ("TestMetricFilter", {"filterPattern": "{ $.a = }", "logEventMessages": ["m"]}, INVALID),
        (
            "PutSubscriptionFilter",
            {**OF_NO_GROUP, "filterName": "f", "filterPattern": "", "destinationArn": QUEUE, "roleArn": ROLE},
            NOT_FOUND,
        ),
        ("DescribeSubscriptionFilters", OF_NO_GROUP, NOT_FOUND),
        ("DeleteSubscriptionFilter", {**OF_NO_GROUP, "filterName": "f"}, NOT_FOUND),
        ("PutDestination", {"destinationName": "a:b", "targetArn": QUEUE, "roleArn": ROLE}, INVALID),
        ("PutDestinationPolicy", {"destinationName": "no", "accessPolicy": "{}"}, NOT_FOUND),
        ("DescribeDestinations", {"nextToken": "x"}, INVALID),
        ("DeleteDestination", {"destinationName": "no"}, NOT_FOUND),
        ("TagResource", {"resourceArn": NO_GROUP_ARN, "tags": {"a": "b"}}, NOT_FOUND),
        ("UntagResource", {"resourceArn": NO_GROUP_ARN, "tagKeys": ["a"]}, NOT_FOUND),
        ("ListTagsForResource", {"resourceArn": NO_GROUP_ARN}, NOT_FOUND),
        ("TagLogGroup", {**OF_NO_GROUP, "tags": {"a": "b"}}, NOT_FOUND),
        ("UntagLogGroup", {**OF_NO_GROUP, "tags": ["a"]}, NOT_FOUND),
        ("ListTagsLogGroup", OF_NO_GROUP, NOT_FOUND),
        ("PutResourcePolicy", {"policyDocument": "{}"}, INVALID),
        ("DescribeResourcePolicies", {"nextToken": "x"}, INVALID),
        ("DeleteResourcePolicy", {"policyName": "no"}, NOT_FOUND),
    ],
    "cloudwatch": [
        ("PutMetricData", {"Namespace": "AWS/N", "MetricData": [{"MetricName": "m", "Value": 1.0}]}, VALUE),
        ("ListMetrics", BAD_TOKEN, TOKEN),
        (
            "GetMetricStatistics",
            {"Namespace": "N", "MetricName": "m", **STRETCH, "Period": 60, "Statistics": ["Sum"]},
            VALUE,
        ),
        ("GetMetricData", {**STRETCH, "MetricDataQueries": [{"Id": "q", "Expression": "TIME_SERIES(1)"}]}, VALIDATION),
        ("GetMetricWidgetImage", {"MetricWidget": "{"}, VALIDATION),
        (
            "PutMetricAlarm",
            {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"},
            VALIDATION,
        ),
        ("PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "ALARM(no)"}, VALIDATION),
        ("DescribeAlarms", BAD_TOKEN, TOKEN),
        ("DescribeAlarmsForMetric", {"Namespace": "N", "MetricName": "m", "Period": 0}, VALIDATION),
        ("SetAlarmState", {"AlarmName": "no", "StateValue": "OK", "StateReason": "r"}, "ResourceNotFound"),
        ("DescribeAlarmHistory", BAD_TOKEN, TOKEN),
        ("DescribeAlarmContributors", {"AlarmName": "no"}, NOT_FOUND),
        ("DeleteAlarms", TOO_MANY, VALIDATION),
        ("DisableAlarmActions", TOO_MANY, VALIDATION),
        ("EnableAlarmActions", TOO_MANY, VALIDATION),
        ("TagResource", {"ResourceARN": NO_ALARM_ARN, "Tags": [{"Key": "k", "Value": "v"}]}, NOT_FOUND),
        ("UntagResource", {"ResourceARN": NO_ALARM_ARN, "TagKeys": ["k"]}, NOT_FOUND),
        ("ListTagsForResource", {"ResourceARN": ""}, VALIDATION),
        ("PutAlarmMuteRule", {"Name": "q", "Rule": {"Schedule": {"Expression": "x", "Duration": "PT1H"}}}, VALIDATION),
        ("GetAlarmMuteRule", {"AlarmMuteRuleName": "no"}, NOT_FOUND),
        ("ListAlarmMuteRules", BAD_TOKEN, TOKEN),
        ("DeleteAlarmMuteRule", {"AlarmMuteRuleName": ""}, VALIDATION),
        ("PutDashboard", {"DashboardName": "d", "DashboardBody": "["}, "DashboardInvalidInputError"),
        ("GetDashboard", {"DashboardName": "no"}, NO_DASHBOARD),
        ("ListDashboards", BAD_TOKEN, TOKEN),
        ("DeleteDashboards", {"DashboardNames": ["no"]}, NO_DASHBOARD),
        ("PutAnomalyDetector", {"Namespace": "N"}, MISSING),
        ("DescribeAnomalyDetectors", BAD_TOKEN, TOKEN),
        (
            "DeleteAnomalyDetector",
            {"SingleMetricAnomalyDetector": {"Namespace": "N", "MetricName": "no", "Stat": "Sum"}},
            NOT_FOUND,
        ),
        ("PutInsightRule", {"RuleName": "r", "RuleDefinition": "{"}, VALUE),
        ("DescribeInsightRules", BAD_TOKEN, TOKEN),
        ("DisableInsightRules", {}, MISSING),
        ("EnableInsightRules", {}, MISSING),
        ("DeleteInsightRules", {}, MISSING),
    ],
    "cloudtrail": [
        ("CreateTrail", {"Name": "ab", "S3BucketName": "trail-bucket"}, "InvalidTrailNameException"),
        ("UpdateTrail", {"Name": "abc"}, NO_TRAIL),
        ("DeleteTrail", {"Name": "abc"}, NO_TRAIL),
        ("DescribeTrails", {"trailNameList": ["ab"]}, "InvalidTrailNameException"),
        ("GetTrail", {"Name": "abc"}, NO_TRAIL),
        ("ListTrails", BAD_TOKEN, "InvalidNextTokenException"),
        ("StartLogging", {"Name": "abc"}, NO_TRAIL),
        ("StopLogging", {"Name": "abc"}, NO_TRAIL),
        ("GetTrailStatus", {"Name": "abc"}, NO_TRAIL),
        ("PutEventSelectors", {"TrailName": "abc", "EventSelectors": [{"ReadWriteType": "All"}]}, NO_TRAIL),
        ("GetEventSelectors", {"TrailName": "abc"}, NO_TRAIL),
        ("LookupEvents", {"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ("PutInsightSelectors", {"TrailName": "abc", "InsightSelectors": []}, NO_TRAIL),
        ("GetInsightSelectors", {"TrailName": "abc"}, NO_TRAIL),
        (
            "ListInsightsMetricData",
            {
                "EventSource": "iam.amazonaws.com",
                "EventName": "CreateUser",
                "InsightType": "ApiCallRateInsight",
                "Period": 61,
            },
            "InvalidParameterException",
        ),
        ("ListInsightsData", {"InsightSource": "abc", "DataType": "InsightsEvents"}, "InvalidParameterException"),
        ("ListPublicKeys", BAD_TOKEN, "InvalidTokenException"),
        ("AddTags", {"ResourceId": NO_TRAIL_ARN, "TagsList": [{"Key": "k"}]}, NOT_FOUND),
        ("RemoveTags", {"ResourceId": NO_TRAIL_ARN, "TagsList": [{"Key": "k"}]}, NOT_FOUND),
        ("ListTags", {"ResourceIdList": [NO_TRAIL_ARN]}, NOT_FOUND),
    ],
    "sns": [
        ("CreateTopic", {"Name": "a b"}, "InvalidParameter"),
        ("DeleteTopic", {"TopicArn": "no"}, "InvalidParameter"),
        ("GetTopicAttributes", {"TopicArn": NO_TOPIC}, "NotFound"),
        (
            "SetTopicAttributes",
            {"TopicArn": NO_TOPIC, "AttributeName": "DisplayName", "AttributeValue": "x"},
            "NotFound",
        ),
        ("ListTopics", BAD_TOKEN, "InvalidParameter"),
        ("ListSubscriptions", BAD_TOKEN, "InvalidParameter"),
        ("ListSubscriptionsByTopic", {"TopicArn": NO_TOPIC}, "NotFound"),
        (
            "AddPermission",
            {"TopicArn": NO_TOPIC, "Label": "l", "AWSAccountId": [ACCOUNT], "ActionName": ["Publish"]},
            "NotFound",
        ),
        ("RemovePermission", {"TopicArn": NO_TOPIC, "Label": "l"}, "NotFound"),
        ("Subscribe", {"TopicArn": NO_TOPIC, "Protocol": "log", "Endpoint": "here"}, "NotFound"),
        ("ConfirmSubscription", {"TopicArn": NO_TOPIC, "Token": "0" * 256}, "InvalidParameter"),
        ("Unsubscribe", {"SubscriptionArn": "no"}, "InvalidParameter"),
        ("GetSubscriptionAttributes", {"SubscriptionArn": NO_SUBSCRIPTION}, "NotFound"),
        (
            "SetSubscriptionAttributes",
            {"SubscriptionArn": NO_SUBSCRIPTION, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"},
            "NotFound",
        ),
        ("Publish", {"TopicArn": NO_TOPIC, "Message": "m"}, "NotFound"),
        (
            "PublishBatch",
            {"TopicArn": NO_TOPIC, "PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}]},
            "NotFound",
        ),
        ("TagResource", {"ResourceArn": NO_TOPIC, "Tags": [{"Key": "a", "Value": "b"}]}, "ResourceNotFound"),
        ("UntagResource", {"ResourceArn": NO_TOPIC, "TagKeys": ["a"]}, "ResourceNotFound"),
        ("ListTagsForResource", {"ResourceArn": NO_TOPIC}, "ResourceNotFound"),
        ("PutDataProtectionPolicy", {"ResourceArn": NO_TOPIC, "DataProtectionPolicy": "{}"}, "NotFound"),
        ("GetDataProtectionPolicy", {"ResourceArn": NO_TOPIC}, "NotFound"),
    ],
    "sts": [
        ("AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:user/u", "RoleSessionName": "session"}, "ValidationError"),
        ("GetSessionToken", {"DurationSeconds": 1}, "ValidationError"),
        ("GetFederationToken", {"Name": "x"}, "ValidationError"),
        ("GetAccessKeyInfo", {"AccessKeyId": "short"}, "ValidationError"),
    ],
}
WITHOUT_PARAMETERS = {("sts", "GetCallerIdentity")}  # nothing that it is called with can be wrong but who calls

# Where they are called otherwise in the query protocol, and where the status is not 400 (WIRE-3.1).
QUERY_CODES = {
    VALIDATION: "ValidationError",
    VALUE: "InvalidParameterValue",
    MISSING: "MissingParameter",
    NO_DASHBOARD: "ResourceNotFound",
    "DashboardInvalidInputError": "InvalidParameterInput",
    "UnknownOperationException": "InvalidAction",
}
NOT_400 = dict.fromkeys((NOT_FOUND, "ResourceNotFound", NO_DASHBOARD, "NotFound"), 404)

SPOKEN = [(service, protocol) for service, named in PROTOCOLS.items() for protocol in named]


NO_KEY = {("MissingAuthenticationToken", 403), ("MissingAuthenticationTokenException", 400)}
UNSIGNED = {
    "sns": {"ConfirmSubscription", "Unsubscribe"},  # links in messages, which nobody signs (WIRE-1.13)
    "sts": {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"},  # clients that have no key yet; not served
}
UNKNOWN_KEY = {("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400)}


def test_the_refusals_are_of_every_operation_that_is_served() -> None:
    served = {(service, name) for service, table in service_table().items() for name in table.handlers}
    assert {(service, row[0]) for service, rows in REFUSALS.items() for row in rows} | WITHOUT_PARAMETERS == served


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_every_operation_refuses(server: LiveServer, service: str, protocol: str) -> None:
    for operation, parameters, code in REFUSALS[service]:
        told = call(server, protocol, service, operation, parameters)
        if protocol == "query":
            expected: tuple[Any, ...] = (QUERY_CODES.get(code, code), NOT_400.get(code, 400), None)
        else:
            expected = (code, 400, None)
        assert (told.code, told.status, told.query_error) == expected, (operation, told)


@pytest.mark.parametrize("protocol", ["json", "cbor"])
def test_a_client_that_has_moved_on_from_query_is_told_the_codes_that_it_knows(
    server: LiveServer, protocol: str
) -> None:
    for operation, parameters, code in REFUSALS["cloudwatch"]:
        told = call(server, protocol, "cloudwatch", operation, parameters, is_query_mode=True)
        expected = code, NOT_400.get(code, 400), f"{QUERY_CODES.get(code, code)};Sender"
        assert (told.code, told.status, told.query_error) == expected, (operation, told)


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_a_value_of_another_kind_is_refused(server: LiveServer, service: str, protocol: str) -> None:
    """A structure that no model has, and in a form, where all is text, a text that is too long for anything."""
    wrong: Any = "x" * 70_000 if protocol == "query" else {"no": {"such": "thing"}}
    for operation, parameters, _ in REFUSALS[service]:
        for name in parameters:
            told = call(server, protocol, service, operation, {**parameters, name: wrong})
            assert told.code, (operation, name, told)
            assert told.status < 500, (operation, name, told)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that looks at signatures."""
    folder = tmp_path_factory.mktemp("strict")
    keys = folder / "keys.toml"
    keys.write_text(
        f'[AKIAIOSFODNN7EXAMPLE]\nsecret = "a-secret-of-some-length"\narn = "arn:aws:iam::{ACCOUNT}:user/u"\n',
        encoding="utf-8",
    )
    environ = {"TOCSIN_AUTH_MODE": "strict", "TOCSIN_AUTH_CREDENTIALS": str(keys)}
    with LiveServer(folder / "data", environ=environ) as one:
        yield one


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_whoever_has_no_key_may_call_nothing(strict: LiveServer, service: str, protocol: str) -> None:
    """Served or not, with a signature by an unknown key or with none."""
    parameters = {name: given for name, given, _ in REFUSALS[service]}
    for operation in sorted(ServiceModels().service(service).operation_names):
        given = parameters.get(operation, {})
        stranger = call(strict, protocol, service, operation, given)
        assert (stranger.code, stranger.status) in UNKNOWN_KEY, (operation, stranger)
        if operation not in UNSIGNED.get(service, ()):
            nobody = call(strict, protocol, service, operation, given, is_signed=False)
            assert (nobody.code, nobody.status) in NO_KEY, (operation, nobody)


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_what_is_not_served_says_so(server: LiveServer, service: str, protocol: str) -> None:
    """Also operations that AWS has added since (WIRE-3.13, WIRE-4.9)."""
    table = operation_table()
    code = "InvalidAction" if protocol == "query" else "UnknownOperationException"
    if service == "cloudtrail":  # it has an error for that (CT-7.4)
        code = "UnsupportedOperationException"
    for operation in sorted(ServiceModels().service(service).operation_names):
        if entry_of(table, service, operation).support is Support.NONE:
            told = call(server, protocol, service, operation, {})
            assert (told.code, told.status) == (code, 400), operation
            assert told.message == f"Operation ({operation}) is not supported by Tocsin."
