"""What a change was and became, as the audit log has it. Spec: CON-8.5, CON-4.10."""

from __future__ import annotations

from typing import Any

import pytest
from console_bench import SCOPE, ConsoleBench

from tocsin.app.audit import AuditLog
from tocsin.composition.audit_subject import subjects_of
from tocsin.console.answer import ApiRefusalError
from tocsin.console.visit import Actor
from tocsin.core.audit_entry import AuditEntry

ALARM = {
    "AlarmName": "root-usage", "Namespace": "Trail", "MetricName": "RootUse", "Statistic": "Sum", "Period": 300,
    "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}  # fmt: skip
FILTER = {
    "logGroupName": "trail", "filterName": "root", "filterPattern": "{ $.userIdentity.type = Root }",
    "metricTransformations": [{"metricName": "RootUse", "metricNamespace": "Trail", "metricValue": "1"}],
}  # fmt: skip
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"


class Changed(ConsoleBench):
    """Makes changes as alice does in the console."""

    def change(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        actor = Actor(
            name="alice",
            role="operator",
            source_address="192.0.2.1",
            user_agent="",
            request_id="r",
            at=self.clock.now(),
        )
        return self.api.call(service, operation, parameters, scope=SCOPE, actor=actor)

    @property
    def entries(self) -> list[AuditEntry]:
        return AuditLog(self.service).page().entries[::-1]


@pytest.fixture
def bench() -> Changed:
    return Changed()


def members(value: Any, *names: str) -> Any:
    return None if value is None else {name: value.get(name) for name in names}


def test_an_alarm_is_told_before_and_after(bench: Changed) -> None:
    bench.change("cloudwatch", "PutMetricAlarm", ALARM | {"Tags": [{"Key": "tocsin:severity", "Value": "high"}]})
    bench.change("cloudwatch", "PutMetricAlarm", ALARM | {"Threshold": 5.0})
    bench.change("cloudwatch", "DisableAlarmActions", {"AlarmNames": ["root-usage"]})
    bench.change("cloudwatch", "DeleteAlarms", {"AlarmNames": ["root-usage"]})
    assert [(one.action, one.kind, one.name) for one in bench.entries] == [
        ("PutMetricAlarm", "alarm", "root-usage"),
        ("PutMetricAlarm", "alarm", "root-usage"),
        ("DisableAlarmActions", "alarm", "root-usage"),
        ("DeleteAlarms", "alarm", "root-usage"),
    ]
    told = [
        (members(one.before, "Threshold", "ActionsEnabled"), members(one.after, "Threshold", "ActionsEnabled"))
        for one in bench.entries
    ]
    assert told == [
        (None, {"Threshold": 1.0, "ActionsEnabled": True}),
        ({"Threshold": 1.0, "ActionsEnabled": True}, {"Threshold": 5.0, "ActionsEnabled": True}),
        ({"Threshold": 5.0, "ActionsEnabled": True}, {"Threshold": 5.0, "ActionsEnabled": False}),
        ({"Threshold": 5.0, "ActionsEnabled": False}, None),
    ]
    assert bench.entries[0].after["Tags"] == [{"Key": "tocsin:severity", "Value": "high"}]
    assert not any("Timestamp" in key or "State" in key for key in bench.entries[0].after)


def test_a_state_that_was_set_is_told(bench: Changed) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    bench.change(
        "cloudwatch", "SetAlarmState", {"AlarmName": "root-usage", "StateValue": "ALARM", "StateReason": "a test"}
    )
    (entry,) = bench.entries
    assert entry.before["StateValue"] == "INSUFFICIENT_DATA"
    assert members(entry.after, "StateValue", "StateReason") == {"StateValue": "ALARM", "StateReason": "a test"}


def test_several_alarms_are_several_entries(bench: Changed) -> None:
    for name in ("a", "b"):
        bench.call("cloudwatch", "PutMetricAlarm", ALARM | {"AlarmName": name})
    bench.change("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a", "b"]})
    assert [(one.name, one.before is None, one.after) for one in bench.entries] == [
        ("a", False, None),
        ("b", False, None),
    ]


def test_a_composite_alarm_is_an_alarm(bench: Changed) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    bench.change("cloudwatch", "PutCompositeAlarm", {"AlarmName": "both", "AlarmRule": "ALARM(root-usage)"})
    (entry,) = bench.entries
    assert (entry.kind, entry.name, entry.after["AlarmRule"]) == ("alarm", "both", "ALARM(root-usage)")


def test_tags_are_told_at_what_has_them(bench: Changed) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    arn = SCOPE.arn("cloudwatch", "alarm:root-usage")
    bench.change("cloudwatch", "TagResource", {"ResourceARN": arn, "Tags": [{"Key": "team", "Value": "blue"}]})
    (entry,) = bench.entries
    assert (entry.kind, entry.name, entry.before.get("Tags")) == ("alarm", "root-usage", None)
    assert entry.after["Tags"] == [{"Key": "team", "Value": "blue"}]


def test_a_filter_and_its_group_are_told(bench: Changed) -> None:
    bench.change("logs", "CreateLogGroup", {"logGroupName": "trail"})
    bench.change("logs", "PutMetricFilter", FILTER)
    bench.change("logs", "PutRetentionPolicy", {"logGroupName": "trail", "retentionInDays": 90})
    bench.change("logs", "DeleteMetricFilter", {"logGroupName": "trail", "filterName": "root"})
    bench.change("logs", "DeleteLogGroup", {"logGroupName": "trail"})
    created, put, retained, removed, deleted = bench.entries
    assert (created.kind, created.name, created.before) == ("log-group", "trail", None)
    assert created.after is not None
    assert (put.kind, put.name, put.before) == ("filter", "trail:root", None)
    assert put.after["filterPattern"] == FILTER["filterPattern"]
    assert (retained.before.get("retentionInDays"), retained.after["retentionInDays"]) == (None, 90)
    assert (removed.before["filterPattern"], removed.after) == (FILTER["filterPattern"], None)
    assert (deleted.kind, deleted.after) == ("log-group", None)


def test_a_filter_whose_name_another_one_begins_with_is_not_taken_for_it(bench: Changed) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "trail"})
    bench.call("logs", "PutMetricFilter", FILTER | {"filterName": "root-2"})
    bench.change("logs", "PutMetricFilter", FILTER)
    assert bench.entries[0].before is None


def test_topics_and_subscriptions_are_told(bench: Changed) -> None:
    bench.change("sns", "CreateTopic", {"Name": "sec-alerts"})
    bench.change(
        "sns", "SetTopicAttributes", {"TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": "Alerts"}
    )
    arn = bench.change(
        "sns",
        "Subscribe",
        {
            "TopicArn": TOPIC,
            "Protocol": "sqs",
            "Endpoint": "arn:aws:sqs:us-east-1:111122223333:q",
            "ReturnSubscriptionArn": True,
        },
    )["SubscriptionArn"]
    bench.change(
        "sns",
        "SetSubscriptionAttributes",
        {"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"},
    )
    bench.change("sns", "Unsubscribe", {"SubscriptionArn": arn})
    created, named, subscribed, changed, left = bench.entries
    assert (created.kind, created.name, created.before) == ("topic", "sec-alerts", None)
    assert (named.before.get("DisplayName"), named.after["DisplayName"]) in {(None, "Alerts"), ("", "Alerts")}
    assert (subscribed.kind, subscribed.name, subscribed.after["Protocol"]) == ("topic", "sec-alerts", "sqs")
    assert (changed.kind, changed.name) == ("subscription", arn.rpartition(":")[2])
    assert changed.after["RawMessageDelivery"] == "true"
    assert (left.kind, left.before["Protocol"], left.after) == ("subscription", "sqs", None)


def test_a_message_is_told_without_its_text(bench: Changed) -> None:
    bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})
    bench.change("sns", "Publish", {"TopicArn": TOPIC, "Subject": "TEST: hello", "Message": "the text"})
    (entry,) = bench.entries
    assert (entry.kind, entry.name, entry.after) == ("topic", "sec-alerts", {"Subject": "TEST: hello"})


class AnyBucket:
    """Every bucket is there."""

    def has_bucket(self, bucket: str) -> bool:
        return True

    def put(self, *_: Any, **__: Any) -> None:
        """Take anything."""


def test_a_trail_is_told_with_logging_and_selectors(bench: Changed) -> None:
    bench.service.objects = AnyBucket()
    bench.call("cloudtrail", "CreateTrail", {"Name": "audit", "S3BucketName": "bucket"})
    bench.change("cloudtrail", "StartLogging", {"Name": "audit"})
    bench.change(
        "cloudtrail", "UpdateTrail", {"Name": SCOPE.arn("cloudtrail", "trail/audit"), "IsMultiRegionTrail": True}
    )
    started, updated = bench.entries
    assert (started.kind, started.name, started.before["IsLogging"], started.after["IsLogging"]) == (
        "trail",
        "audit",
        False,
        True,
    )
    assert started.after["EventSelectors"]
    assert (updated.name, updated.before["IsMultiRegionTrail"], updated.after["IsMultiRegionTrail"]) == (
        "audit",
        False,
        True,
    )


def test_a_mute_rule_is_told(bench: Changed) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    rule = {"Schedule": {"Expression": "at(2026-03-15T00:00)", "Duration": "PT1H"}}
    bench.change(
        "cloudwatch", "PutAlarmMuteRule", {"Name": "night", "Rule": rule, "MuteTargets": {"AlarmNames": ["root-usage"]}}
    )
    bench.change("cloudwatch", "DeleteAlarmMuteRule", {"AlarmMuteRuleName": "night"})
    put, deleted = bench.entries
    assert (put.kind, put.name, put.before, put.after["Rule"]) == ("mute", "night", None, rule)
    assert (deleted.before["Rule"], deleted.after) == (rule, None)


def test_what_only_reads_is_no_change(bench: Changed) -> None:
    bench.change("cloudwatch", "DescribeAlarms", {})
    bench.change("logs", "TestMetricFilter", {"filterPattern": "", "logEventMessages": ["x"]})
    assert bench.entries == []


def test_what_was_refused_is_no_change(bench: Changed) -> None:
    with pytest.raises(ApiRefusalError):
        bench.change("cloudwatch", "PutMetricAlarm", ALARM | {"Period": 7})
    assert bench.entries == []


def test_data_are_told_by_their_number(bench: Changed) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "trail"})
    bench.call("logs", "CreateLogStream", {"logGroupName": "trail", "logStreamName": "s"})
    event = {"timestamp": int(bench.clock.now().timestamp() * 1000), "message": "secret"}
    bench.change("logs", "PutLogEvents", {"logGroupName": "trail", "logStreamName": "s", "logEvents": [event]})
    assert bench.entries[0].after == {"logStreamName": "s", "events": 1}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "name"),
    [
        ("logs", "PutResourcePolicy", {"policyName": "p", "policyDocument": "{}"}, ""),
        ("cloudwatch", "PutDashboard", {"DashboardName": "d", "DashboardBody": "{}"}, "d"),
        ("sns", "ConfirmSubscription", {"TopicArn": TOPIC, "Token": "secret-token"}, "sec-alerts"),
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::111122223333:role/r"}, "arn:aws:iam::111122223333:role/r"),
    ],
)  # fmt: skip
def test_every_other_change_has_a_subject_without_what_is_secret(
    service: str, operation: str, parameters: dict[str, Any], name: str
) -> None:
    (subject,) = subjects_of(service, operation, parameters, SCOPE)
    assert name in subject.name
    assert "secret-token" not in repr(subject)
