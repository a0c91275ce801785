import json

import pytest

from tocsin.app.rulefile import read_rules


def read(text):
    return read_rules(text, path="filters.json")


def found(text):
    return [(one.line, one.column, one.name, one.message) for one in read(text).findings]


# ---------------------------------------------------------------- listings of the AWS CLI


def listed(*filters, **more):
    return json.dumps({"metricFilters": list(filters), **more}, indent=4)


def one_filter(name="root", pattern="{ $.a = 1 }", **more):
    transformation = {"metricName": "A", "metricNamespace": "B", "metricValue": "1"}
    return {"filterName": name, "filterPattern": pattern, "metricTransformations": [transformation], **more}


def test_what_the_cli_printed_is_rules_named_like_the_filters():
    text = listed(one_filter(), one_filter("Stop Logging", creationTime=1, logGroupName="trail", newKeyOfAws={}))
    result = read(text)
    assert result.findings == []
    assert [(one.rule.id, one.rule.name) for one in result.entries] == [
        ("root", "root"),
        ("Stop Logging", "Stop Logging"),
    ]
    assert all(one.in_listing and one.usable for one in result.entries)
    assert result.entries[1].rule.filter.log_group_name == "trail"


def test_filters_of_one_name_in_several_log_groups_are_told_apart():
    text = listed(one_filter(logGroupName="a"), one_filter(logGroupName="b"), one_filter("other", logGroupName="a"))
    assert [one.rule.name for one in read(text).entries] == ["a:root", "b:root", "other"]


def test_a_place_in_a_listing_is_exact():
    (entry,) = read(listed(one_filter(pattern='{ $.a = "x" }'))).entries
    assert entry.places.place(("filter", "filterPattern"), 8) == (5, 39)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"MetricAlarms": [], "CompositeAlarms": []}', (1, 18, "no-rule", "the listing holds no alarms")),
        ('{"Subscriptions": []}', (1, 19, "no-rule", "the listing holds no subscriptions")),
        ('{"AlarmMuteRuleArn": "a", "Name": "n", "Rule": {}}', (1, 48, "missing-key", "Rule.Schedule is missing")),
        ('{"Subscriptions": [{"TopicArn": "t"}]}', (1, 20, "missing-key", "SubscriptionArn is missing")),
        (
            '{"MetricAlarms": [{"AlarmName": "a", "Period": "x"}]}',
            (1, 48, "wrong-type", "Period is the text 'x'; a number is wanted"),
        ),
        (
            '{"MetricAlarms": [], "LogAlarms": [{}]}',
            (
                1,
                35,
                "unsupported-alarm",
                "1 log alarms are left out: they run Logs Insights queries, which Tocsin does not",
            ),
        ),
        ('{"metricFilters": {}}', (1, 19, "wrong-type", "metricFilters is no list")),
        ('{"metricFilters": []}', (1, 19, "no-rule", "the listing holds no metric filters")),
        ('{"metricFilters": [5]}', (1, 20, "wrong-type", "a rule is the number 5; a mapping is wanted")),
        ('{"metricFilters": [{"filterName": "a"}]}', (1, 20, "missing-key", "filterPattern is missing")),
        (
            listed(one_filter(), nextToken="x"),
            (
                15,
                5,
                "cut-listing",
                "the listing goes on: it was cut after one page, and what the others hold is not here",
            ),
        ),
    ],
)
def test_other_listings_are_named_and_broken_ones_said(text, expected):
    assert found(text)[0] == expected


# ---------------------------------------------------------------- the rest of the chain


ALARM = {
    "AlarmName": "stop-logging",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:stop-logging",
    "StateValue": "OK",
    "StateUpdatedTimestamp": "2026-03-01T00:00:00+00:00",
    "MetricName": "StopLogging",
    "Namespace": "CloudTrailMetrics",
    "Statistic": "Sum",
    "Dimensions": [],
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
    "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:sec-alerts"],
}


def test_alarms_of_an_account_are_rules_without_a_filter():
    composite = {"AlarmName": "any", "AlarmRule": "ALARM(stop-logging)", "StateValue": "OK"}
    result = read(json.dumps({"MetricAlarms": [ALARM], "CompositeAlarms": [composite]}))
    assert result.findings == []
    metric, other = (entry.rule for entry in result.entries)
    assert (metric.name, metric.filter, metric.alarm["Period"]) == ("stop-logging", None, 300)
    assert "StateValue" not in metric.alarm
    assert (other.name, other.composite) == ("any", {"AlarmName": "any", "AlarmRule": "ALARM(stop-logging)"})


def test_subscriptions_and_mute_rules_stand_beside_the_rules():
    topic = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
    listed_ones = [
        {
            "SubscriptionArn": f"{topic}:1",
            "Owner": "111122223333",
            "Protocol": "email",
            "Endpoint": "security@example.com",
            "TopicArn": topic,
        },
        {
            "SubscriptionArn": "PendingConfirmation",
            "Owner": "111122223333",
            "Protocol": "email",
            "Endpoint": "new@example.com",
            "TopicArn": topic,
        },
    ]
    result = read(json.dumps({"Subscriptions": listed_ones}))
    assert result.findings == []
    assert result.entries == []
    assert result.lists_subscriptions
    assert [(one.endpoint, one.is_confirmed) for one in result.subscriptions] == [
        ("security@example.com", True),
        ("new@example.com", False),
    ]
    mute = {
        "Name": "nights",
        "AlarmMuteRuleArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm-mute-rule:nights",
        "Rule": {"Schedule": {"Expression": "cron(0 22 * * *)", "Duration": "PT8H", "Timezone": "UTC"}},
        "MuteTargets": {"AlarmNames": ["stop-logging"]},
        "Status": "SCHEDULED",
    }
    result = read(json.dumps(mute))
    assert result.findings == []
    assert [one["Name"] for one in result.mute_rules] == ["nights"]
