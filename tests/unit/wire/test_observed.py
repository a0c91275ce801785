"""Requests that went by are recognised, and read as what the client meant. Spec: REC-2, REC-3."""

from __future__ import annotations

from typing import Any

import pytest
from recorded_call import call_of, client, record, sent

ALARM = {
    "AlarmName": "a",
    "MetricName": "m",
    "Namespace": "n",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 50.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.mark.parametrize(
    ("service", "method", "parameters", "found"),
    [
        ("iam", "create_user", {"UserName": "bob"}, ("iam", "CreateUser", "query", "us-east-1")),
        ("cloudtrail", "stop_logging", {"Name": "t"}, ("cloudtrail", "StopLogging", "json", "eu-west-1")),
        ("cloudwatch", "put_metric_alarm", ALARM, ("cloudwatch", "PutMetricAlarm", "json", "eu-west-1")),
        ("sts", "get_caller_identity", {}, ("sts", "GetCallerIdentity", "query", "eu-west-1")),
        ("elb", "describe_load_balancers", {}, ("elb", "DescribeLoadBalancers", "query", "eu-west-1")),
        ("elbv2", "describe_load_balancers", {}, ("elbv2", "DescribeLoadBalancers", "query", "eu-west-1")),
        ("rds", "stop_db_instance", {"DBInstanceIdentifier": "d"}, ("rds", "StopDBInstance", "query", "eu-west-1")),
        ("docdb", "stop_db_cluster", {"DBClusterIdentifier": "d"}, ("rds", "StopDBCluster", "query", "eu-west-1")),
        ("dynamodbstreams", "list_streams", {}, ("dynamodbstreams", "ListStreams", "json", "eu-west-1")),
    ],
)
def test_service_and_operation(service: str, method: str, parameters: dict[str, Any], found: tuple[str, ...]) -> None:
    observed = call_of(sent(client(service), method, parameters))
    call = observed.call
    assert (call.service, call.operation, observed.protocol, call.region) == found
    assert observed.access_key == "AKIAIOSFODNN7EXAMPLE"
    assert call.parameters == parameters


def test_record_of_a_call_has_all_fields_in_order() -> None:
    body = b"<PutUserPolicyResponse><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PutUserPolicyResponse>"
    document = '{"Version":"2012-10-17","Statement":[]}'
    request = sent(client("iam"), "put_user_policy", {"UserName": "bob", "PolicyName": "p", "PolicyDocument": document})
    made = record(request, body)
    assert made == {
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "eventTime": "2026-07-25T10:20:30Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "PutUserPolicy",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "Boto3/1.0",
        "requestParameters": {"userName": "bob", "policyName": "p", "policyDocument": document},
        "responseElements": None,
        "requestID": "r-1",
        "eventID": "00000000-0000-4000-8000-000000000001",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {"clientProvidedHostHeader": "localhost:4566"},
    }
