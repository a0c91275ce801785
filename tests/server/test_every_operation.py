"""Every operation that is served, over a socket: boto3, and clients written by hand in each protocol. Spec: WIRE-8.

One scenario a service, in which each operation succeeds at least once. What they refuse: test_every_refusal.py.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from live_server import LiveServer
from message_endpoint import MessageEndpoint
from raw_client import PROTOCOLS, call

from tocsin.api.service_table import Support, operation_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)  # noqa: TID251  # a client has the time of day
NOW_MS = int(NOW.timestamp() * 1000)
AGO = NOW - dt.timedelta(hours=1)
ACCOUNT = "111122223333"
GROUP_ARN = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:g"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/abc"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:t"
ALARM_ARN = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:a"
ALARM = {
    "AlarmName": "a",
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
ANOMALY = {"SingleMetricAnomalyDetector": {"Namespace": "N", "MetricName": "m", "Stat": "Sum"}}
INSIGHT = (
    '{"Schema":{"Name":"CloudWatchLogRule","Version":1},"LogGroupNames":["g"],"LogFormat":"JSON",'
    '"Contribution":{"Keys":["$.a"],"Filters":[]},"AggregateOn":"Count"}'
)
TRANSFORMATION = {"metricName": "m", "metricNamespace": "N", "metricValue": "1"}
DESTINATION = f"arn:aws:logs:eu-west-1:{ACCOUNT}:destination:d"
STREAM_ARN = f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/s"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
POLICY = '{"Version":"2012-10-17","Statement":[]}'
MUTE = {
    "Name": "q",
    "Rule": {"Schedule": {"Expression": f"at({NOW + dt.timedelta(days=1):%Y-%m-%dT%H:%M})", "Duration": "PT1H"}},
    "MuteTargets": {"AlarmNames": ["a"]},
}

# Operations in an order in which each succeeds. A value `{NAME}` stands for what an earlier answer gave.
SCENARIOS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "logs": [
        ("CreateLogGroup", {"logGroupName": "g", "tags": {"a": "b"}}),
        ("CreateLogStream", {"logGroupName": "g", "logStreamName": "s"}),
        ("PutRetentionPolicy", {"logGroupName": "g", "retentionInDays": 7}),
        ("DeleteRetentionPolicy", {"logGroupName": "g"}),
        ("AssociateKmsKey", {"logGroupName": "g", "kmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"}),
        ("DisassociateKmsKey", {"logGroupName": "g"}),
        (
            "PutMetricFilter",
            {
                "logGroupName": "g",
                "filterName": "f",
                "filterPattern": "{ $.eventName = StopLogging }",
                "metricTransformations": [TRANSFORMATION],
            },
        ),
        ("TestMetricFilter", {"filterPattern": "{ $.a = b }", "logEventMessages": ['{"a":"b"}']}),
        (
            "PutLogEvents",
            {
                "logGroupName": "g",
                "logStreamName": "s",
                "logEvents": [{"timestamp": NOW_MS, "message": '{"eventName":"StopLogging"}'}],
            },
        ),
        ("DescribeLogGroups", {}),
        ("ListLogGroups", {}),
        ("DescribeLogStreams", {"logGroupName": "g"}),
        ("DescribeMetricFilters", {"logGroupName": "g"}),
        ("FilterLogEvents", {"logGroupName": "g"}),
        ("GetLogEvents", {"logGroupName": "g", "logStreamName": "s"}),
        ("TagLogGroup", {"logGroupName": "g", "tags": {"c": "d"}}),
        ("ListTagsLogGroup", {"logGroupName": "g"}),
        ("UntagLogGroup", {"logGroupName": "g", "tags": ["c"]}),
        ("TagResource", {"resourceArn": GROUP_ARN, "tags": {"c": "d"}}),
        ("ListTagsForResource", {"resourceArn": GROUP_ARN}),
        ("UntagResource", {"resourceArn": GROUP_ARN, "tagKeys": ["c"]}),
        ("PutResourcePolicy", {"policyName": "p", "policyDocument": POLICY}),
        ("DescribeResourcePolicies", {}),
        ("DeleteResourcePolicy", {"policyName": "p"}),
        ("PutDestination", {"destinationName": "d", "targetArn": STREAM_ARN, "roleArn": ROLE}),
        ("PutDestinationPolicy", {"destinationName": "d", "accessPolicy": POLICY}),
        ("DescribeDestinations", {}),
        (
            "PutSubscriptionFilter",
            {
                "logGroupName": "g",
                "filterName": "f",
                "filterPattern": "",
                "destinationArn": STREAM_ARN,
                "roleArn": ROLE,
            },
        ),
        ("DescribeSubscriptionFilters", {"logGroupName": "g"}),
        ("DeleteSubscriptionFilter", {"logGroupName": "g", "filterName": "f"}),
        ("DeleteDestination", {"destinationName": "d"}),
        ("DeleteMetricFilter", {"logGroupName": "g", "filterName": "f"}),
        ("PutLogGroupDeletionProtection", {"logGroupIdentifier": "g", "deletionProtectionEnabled": False}),
        ("DeleteLogStream", {"logGroupName": "g", "logStreamName": "s"}),
        ("DeleteLogGroup", {"logGroupName": "g"}),
    ],
    "cloudwatch": [
        ("PutMetricData", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.5, "Timestamp": NOW}]}),
        ("ListMetrics", {"Namespace": "N"}),
        (
            "GetMetricStatistics",
            {
                "Namespace": "N",
                "MetricName": "m",
                "StartTime": AGO,
                "EndTime": NOW,
                "Period": 60,
                "Statistics": ["Sum"],
            },
        ),
        (
            "GetMetricData",
            {
                "StartTime": AGO,
                "EndTime": NOW,
                "MetricDataQueries": [
                    {
                        "Id": "q",
                        "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
                    }
                ],
            },
        ),
        ("GetMetricWidgetImage", {"MetricWidget": '{"metrics":[["N","m"]]}'}),
        ("PutMetricAlarm", ALARM),
        ("PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "ALARM(a)"}),
        ("DescribeAlarms", {}),
        ("DescribeAlarmsForMetric", {"Namespace": "N", "MetricName": "m"}),
        ("SetAlarmState", {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "test"}),
        ("DescribeAlarmHistory", {"AlarmName": "a"}),
        ("DescribeAlarmContributors", {"AlarmName": "a"}),
        ("DisableAlarmActions", {"AlarmNames": ["a"]}),
        ("EnableAlarmActions", {"AlarmNames": ["a"]}),
        ("TagResource", {"ResourceARN": ALARM_ARN, "Tags": [{"Key": "k", "Value": "v"}]}),
        ("ListTagsForResource", {"ResourceARN": ALARM_ARN}),
        ("UntagResource", {"ResourceARN": ALARM_ARN, "TagKeys": ["k"]}),
        ("PutAlarmMuteRule", MUTE),
        ("GetAlarmMuteRule", {"AlarmMuteRuleName": "q"}),
        ("ListAlarmMuteRules", {}),
        ("DeleteAlarmMuteRule", {"AlarmMuteRuleName": "q"}),
        ("PutDashboard", {"DashboardName": "d", "DashboardBody": '{"widgets":[]}'}),
        ("GetDashboard", {"DashboardName": "d"}),
        ("ListDashboards", {}),
        ("DeleteDashboards", {"DashboardNames": ["d"]}),
        ("PutAnomalyDetector", ANOMALY),
        ("DescribeAnomalyDetectors", {}),
        ("DeleteAnomalyDetector", ANOMALY),
        ("PutInsightRule", {"RuleName": "r", "RuleDefinition": INSIGHT}),
        ("DescribeInsightRules", {}),
        ("DisableInsightRules", {"RuleNames": ["r"]}),
        ("EnableInsightRules", {"RuleNames": ["r"]}),
        ("DeleteInsightRules", {"RuleNames": ["r"]}),
        ("DeleteAlarms", {"AlarmNames": ["c"]}),
    ],
    "cloudtrail": [
        ("CreateTrail", {"Name": "abc", "S3BucketName": "trail-bucket", "IsMultiRegionTrail": True}),
        ("DescribeTrails", {}),
        ("GetTrail", {"Name": "abc"}),
        ("ListTrails", {}),
        ("StartLogging", {"Name": TRAIL}),
        ("StopLogging", {"Name": "abc"}),
        ("GetTrailStatus", {"Name": "abc"}),
        ("UpdateTrail", {"Name": "abc", "S3KeyPrefix": "logs"}),
        ("PutEventSelectors", {"TrailName": "abc", "EventSelectors": [{"ReadWriteType": "WriteOnly"}]}),
        ("GetEventSelectors", {"TrailName": "abc"}),
        ("LookupEvents", {}),
        ("PutInsightSelectors", {"TrailName": "abc", "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}]}),
        ("GetInsightSelectors", {"TrailName": "abc"}),
        (
            "ListInsightsMetricData",
            {"EventSource": "iam.amazonaws.com", "EventName": "CreateUser", "InsightType": "ApiCallRateInsight"},
        ),
        (
            "ListInsightsData",
            {"InsightSource": "arn:aws:cloudtrail:us-east-1:111122223333:trail/abc", "DataType": "InsightsEvents"},
        ),
        ("ListPublicKeys", {}),
        ("AddTags", {"ResourceId": TRAIL, "TagsList": [{"Key": "k", "Value": "v"}]}),
        ("ListTags", {"ResourceIdList": [TRAIL]}),
        ("RemoveTags", {"ResourceId": TRAIL, "TagsList": [{"Key": "k"}]}),
        ("DeleteTrail", {"Name": "abc"}),
    ],
    "sns": [
        ("CreateTopic", {"Name": "t", "Tags": [{"Key": "k", "Value": "v"}]}),
        ("SetTopicAttributes", {"TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": "Alerts"}),
        ("GetTopicAttributes", {"TopicArn": TOPIC}),
        ("ListTopics", {}),
        ("AddPermission", {"TopicArn": TOPIC, "Label": "l", "AWSAccountId": [ACCOUNT], "ActionName": ["Publish"]}),
        ("RemovePermission", {"TopicArn": TOPIC, "Label": "l"}),
        ("TagResource", {"ResourceArn": TOPIC, "Tags": [{"Key": "a", "Value": "b"}]}),
        ("ListTagsForResource", {"ResourceArn": TOPIC}),
        ("UntagResource", {"ResourceArn": TOPIC, "TagKeys": ["a"]}),
        ("PutDataProtectionPolicy", {"ResourceArn": TOPIC, "DataProtectionPolicy": "{}"}),
        ("GetDataProtectionPolicy", {"ResourceArn": TOPIC}),
        (
            "Subscribe",
            {
                "TopicArn": TOPIC,
                "Protocol": "log",
                "Endpoint": "here",
                "ReturnSubscriptionArn": True,
                "Attributes": {"FilterPolicy": '{"a":["b"]}'},
            },
        ),
        ("GetSubscriptionAttributes", {"SubscriptionArn": "{SubscriptionArn}"}),
        (
            "SetSubscriptionAttributes",
            {"SubscriptionArn": "{SubscriptionArn}", "AttributeName": "RawMessageDelivery", "AttributeValue": "true"},
        ),
        ("ListSubscriptions", {}),
        ("ListSubscriptionsByTopic", {"TopicArn": TOPIC}),
        (
            "Publish",
            {
                "TopicArn": TOPIC,
                "Message": "hello",
                "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}},
            },
        ),
        ("PublishBatch", {"TopicArn": TOPIC, "PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}]}),
        ("Unsubscribe", {"SubscriptionArn": "{SubscriptionArn}"}),
        ("Subscribe", {"TopicArn": TOPIC, "Protocol": "http", "Endpoint": "{Endpoint}"}),
        ("ConfirmSubscription", {"TopicArn": TOPIC, "Token": "{Token}"}),
        ("DeleteTopic", {"TopicArn": TOPIC}),
    ],
    "sts": [
        ("GetCallerIdentity", {}),
        ("GetAccessKeyInfo", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        ("GetSessionToken", {}),
        ("AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "session"}),
        ("GetFederationToken", {"Name": "bob"}),
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(
        tmp_path_factory.mktemp("operations") / "data", environ={"TOCSIN_SERVER_ALLOW_RESET": "true"}
    ) as one:
        yield one


@pytest.fixture(autouse=True)
def _empty(server: LiveServer) -> None:
    server.ask("/_tocsin/reset", method="POST")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[MessageEndpoint]:
    with MessageEndpoint() as one:
        yield one


@pytest.fixture
def drive(endpoint: MessageEndpoint):
    """Go through a scenario; `send` gives what an answer has of SubscriptionArn."""
    endpoint.forget()

    def run(service: str, send: Callable[[str, dict[str, Any]], str | None]) -> None:
        known = {"Endpoint": endpoint.address}
        for operation, parameters in SCENARIOS[service]:
            if operation == "ConfirmSubscription":
                known["Token"] = endpoint.next()["Token"]
            known["SubscriptionArn"] = send(operation, filled(parameters, known)) or known.get("SubscriptionArn", "")

    return run


def filled(value: Any, known: dict[str, str]) -> Any:
    match value:
        case str():
            return known.get(value[1:-1], value) if value[:1] == "{" else value
        case dict():
            return {key: filled(item, known) for key, item in value.items()}
        case list():
            return [filled(item, known) for item in value]
    return value


def text_of(members: Any, name: str) -> str | None:
    if isinstance(members, dict):
        return None
    return next((element.text for element in members.iter(name)), None)


def test_the_scenarios_have_every_operation_that_is_served() -> None:
    served = {
        (service, name)
        for service, entries in operation_table().items()
        for name, entry in entries.items()
        if entry.support is not Support.NONE
    }
    assert {(service, name) for service, steps in SCENARIOS.items() for name, _ in steps} == served


@pytest.mark.parametrize(
    ("service", "protocol"), [(service, protocol) for service, named in PROTOCOLS.items() for protocol in named]
)
def test_a_client_written_by_hand_gets_through(drive, server: LiveServer, service: str, protocol: str) -> None:
    def send(operation: str, parameters: dict[str, Any]) -> str | None:
        told = call(server, protocol, service, operation, parameters)
        assert told.code is None, (operation, told)
        return text_of(told.members, "SubscriptionArn")

    drive(service, send)


@pytest.mark.parametrize("service", list(SCENARIOS))
def test_boto3_gets_through(drive, server: LiveServer, service: str) -> None:
    client = server.client(service)
    method_of = {name: method for method, name in client.meta.method_to_api_mapping.items()}

    def send(operation: str, parameters: dict[str, Any]) -> str | None:
        answer = getattr(client, method_of[operation])(**parameters)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        return answer.get("SubscriptionArn")

    drive(service, send)
