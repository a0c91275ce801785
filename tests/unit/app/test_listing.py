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
        (
            '{"MetricAlarms": [], "CompositeAlarms": []}',
            (
                1,
                1,
                "no-metric-filter",
                "this is what `aws cloudwatch describe-alarms` prints; it holds no metric filter",
            ),
        ),
        (
            '{"AlarmMuteRuleArn": "a", "Rule": {}}',
            (
                1,
                1,
                "no-metric-filter",
                "this is what `aws cloudwatch get-alarm-mute-rule` prints; it holds no metric filter",
            ),
        ),
        (
            '{"Subscriptions": []}',
            (1, 1, "no-metric-filter", "this is what `aws sns list-subscriptions` prints; it holds no metric filter"),
        ),
        ('{"metricFilters": {}}', (1, 19, "wrong-type", "metricFilters is no list")),
        ('{"metricFilters": []}', (1, 19, "no-rule", "the listing holds no metric filter")),
        ('{"metricFilters": [5]}', (1, 20, "wrong-type", "a rule is the number 5; a mapping is wanted")),
        ('{"metricFilters": [{"filterName": "a"}]}', (1, 20, "missing-key", "filterPattern is missing")),
        (
            listed(one_filter(), nextToken="x"),
            (
                15,
                5,
                "cut-listing",
                "the listing goes on: it was cut after one page, and the filters of the others are not here",
            ),
        ),
    ],
)
def test_other_listings_are_named_and_broken_ones_said(text, expected):
    assert found(text)[0] == expected
