"""Dashboards, detectors, insight rules and tags with real clients in every protocol. Spec: WIRE-8.2, WIRE-9.9."""

from __future__ import annotations

import json

import pytest
from wire_client import Dispatcher, client

from tocsin.api.cloudwatch import operations

BODY = '{"widgets": []}'
ARN = "arn:aws:cloudwatch::111122223333:dashboard/"


def test_a_dashboard_is_of_the_account(cloudwatch, service, clock, protocol) -> None:
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=BODY)
    told = cloudwatch.get_dashboard(DashboardName="d")
    assert (told["DashboardArn"], told["DashboardBody"], told["DashboardName"]) == (f"{ARN}d", BODY, "d")
    elsewhere = client("cloudwatch", Dispatcher(service, operations), protocol=protocol, region="us-east-1")
    assert elsewhere.list_dashboards()["DashboardEntries"] == [
        {"DashboardName": "d", "DashboardArn": f"{ARN}d", "LastModified": clock.now(), "Size": len(BODY)}
    ]


def test_dashboards_by_prefix_and_gone(cloudwatch, refused) -> None:
    for name in ("b", "a1", "a2"):
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=BODY)
    listed = cloudwatch.list_dashboards(DashboardNamePrefix="a")["DashboardEntries"]
    assert [one["DashboardName"] for one in listed] == ["a1", "a2"]
    assert refused(cloudwatch.delete_dashboards, DashboardNames=["a1", "none"])[0] == "ResourceNotFound"
    assert len(cloudwatch.list_dashboards()["DashboardEntries"]) == 3  # all or none
    cloudwatch.delete_dashboards(DashboardNames=["a1", "a2"])
    assert refused(cloudwatch.get_dashboard, DashboardName="a1")[0] == "ResourceNotFound"


def test_dashboards_that_are_refused(cloudwatch, refused) -> None:
    assert refused(cloudwatch.put_dashboard, DashboardName="a b", DashboardBody=BODY) == (
        "InvalidParameterValue",
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n",
    )
    for body in ("{", "[]", '{"widgets": {}}'):
        assert refused(cloudwatch.put_dashboard, DashboardName="a", DashboardBody=body)[0] == "InvalidParameterInput"


def test_insight_rules(cloudwatch) -> None:
    definition = json.dumps({"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["g"]})
    for name in ("b", "a"):
        cloudwatch.put_insight_rule(RuleName=name, RuleDefinition=definition)
    assert cloudwatch.describe_insight_rules()["InsightRules"][0] == {
        "Name": "a",
        "State": "ENABLED",
        "Schema": "CloudWatchLogRule/1",
        "Definition": definition,
        "ManagedRule": False,
        "ApplyOnTransformedLogs": False,
    }
    assert cloudwatch.disable_insight_rules(RuleNames=["a"])["Failures"] == []
    assert [one["State"] for one in cloudwatch.describe_insight_rules()["InsightRules"]] == ["DISABLED", "ENABLED"]
    (failure,) = cloudwatch.enable_insight_rules(RuleNames=["a", "none"])["Failures"]
    assert failure["FailureResource"] == "none"
    page = cloudwatch.describe_insight_rules(MaxResults=1)
    following = cloudwatch.describe_insight_rules(MaxResults=1, NextToken=page["NextToken"])
    assert [one["Name"] for one in following["InsightRules"]] == ["b"]
    assert "NextToken" not in following
    assert cloudwatch.delete_insight_rules(RuleNames=["a", "b"])["Failures"] == []
    assert cloudwatch.describe_insight_rules()["InsightRules"] == []


@pytest.mark.parametrize("definition", ["{", "[]", "{}", '{"Schema": 1}'])
def test_insight_rules_that_are_refused(cloudwatch, refused, definition: str) -> None:
    assert refused(cloudwatch.put_insight_rule, RuleName="a", RuleDefinition=definition)[0] == "InvalidParameterValue"


METRIC = {"Namespace": "N", "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "1"}], "Stat": "Sum"}


def test_anomaly_detectors(cloudwatch, refused) -> None:
    cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=METRIC)
    cloudwatch.put_anomaly_detector(**METRIC)  # the same one
    cloudwatch.put_anomaly_detector(**{**METRIC, "MetricName": "n"}, Configuration={"MetricTimezone": "UTC"})
    found = cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"]
    assert [one["MetricName"] for one in found] == ["m", "n"]
    first = found[0]
    first.pop("AnomalyDetectorId", None)
    assert first == {
        **METRIC,
        "Configuration": {"ExcludedTimeRanges": []},
        "StateValue": "PENDING_TRAINING",
        "SingleMetricAnomalyDetector": {"AccountId": "111122223333", **METRIC},
    }
    queries = [{"Id": "e", "Expression": "1"}]
    cloudwatch.put_anomaly_detector(MetricMathAnomalyDetector={"MetricDataQueries": queries})
    (math,) = cloudwatch.describe_anomaly_detectors(AnomalyDetectorTypes=["METRIC_MATH"])["AnomalyDetectors"]
    assert math["MetricMathAnomalyDetector"]["MetricDataQueries"] == queries
    cloudwatch.delete_anomaly_detector(**METRIC)
    assert refused(cloudwatch.delete_anomaly_detector, **METRIC)[0] == "ResourceNotFoundException"
    assert refused(cloudwatch.put_anomaly_detector, SingleMetricAnomalyDetector=METRIC, **METRIC)[0] == (
        "InvalidParameterCombination"
    )
    assert refused(cloudwatch.put_anomaly_detector)[0] == "MissingParameter"


def test_tags_go_with_what_they_are_on(cloudwatch, refused) -> None:
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=BODY)
    cloudwatch.tag_resource(ResourceARN=f"{ARN}d", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    cloudwatch.untag_resource(ResourceARN=f"{ARN}d", TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{ARN}d")["Tags"] == [{"Key": "b", "Value": "2"}]
    cloudwatch.delete_dashboards(DashboardNames=["d"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{ARN}d")["Tags"] == []
    assert refused(cloudwatch.tag_resource, ResourceARN=f"{ARN}d", Tags=[])[0] == "ResourceNotFoundException"
    alarm = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:none"
    assert refused(cloudwatch.untag_resource, ResourceARN=alarm, TagKeys=["a"])[0] == "ResourceNotFoundException"
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm)["Tags"] == []
