"""Types of events, states of alarms and prices, with this installation's own numbers. Spec: CON-4.10."""

from __future__ import annotations

import pytest
from console_bench import ConsoleBench
from synthetic import record
from topic_bench import TopicBench

from tocsin.core.trail.selected_category import taken_of
from tocsin.core.trail.selector import read_selectors

ALARM = {
    "AlarmName": "a",
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "breaching",
}


@pytest.mark.parametrize("path", ["learn/event-types", "learn/alarm-states", "learn/prices"])
def test_a_page_is_html_without_a_mistake_also_where_there_is_nothing(path: str) -> None:
    seen = ConsoleBench().get(path)
    assert seen.status == 200
    assert len(list(seen.html.iter("h1"))) == 1


def test_events_of_this_month_are_counted_by_type() -> None:
    bench = ConsoleBench()
    records = [record("RunInstances", "2026-03-14T03:00:00Z", eventCategory="Management") for _ in range(3)]
    bench.put_events("g", [*records, record("GetObject", "2026-03-14T03:01:00Z", eventCategory="Data")])
    bench.clock.advance(120)
    bench.service.store.pack_logs(at=bench.service.now_ms() + 600_000)
    rows = {row.findtext(".//a"): " ".join(row.itertext()) for row in bench.get("learn/event-types").html.iter("tr")}
    assert " 3 " in " ".join(rows["Management events"].split())
    assert " 1 " in " ".join(rows["Data events"].split())
    assert "none this month" in rows["Insights events"]


def test_it_is_said_of_each_trail_which_types_it_takes() -> None:
    bench = TopicBench()
    bench.call("cloudtrail", "CreateTrail", {"Name": "main", "S3BucketName": "logs"})
    assert "stopped main" in bench.get("learn/event-types").words
    bench.call("cloudtrail", "StartLogging", {"Name": "main"})
    assert "all main" in bench.get("learn/event-types").words


@pytest.mark.parametrize(
    ("given", "management", "data"),
    [
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}, "all", "none"),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}, "some", "none"),
        ({"EventSelectors": [{"IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}, "some", "none"),
        ({"EventSelectors": [{"IncludeManagementEvents": False, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]}, "none", "some"),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]}, "all", "none"),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]}, "none", "some"),
    ],
)  # fmt: skip
def test_selectors_take_a_type_whole_in_part_or_not(given: dict[str, object], management: str, data: str) -> None:
    selectors = read_selectors(given)
    assert (taken_of(selectors, "Management"), taken_of(selectors, "Data")) == (management, data)


def test_the_states_tell_how_many_alarms_are_in_each() -> None:
    bench = ConsoleBench()
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    seen = bench.get("learn/alarm-states")
    cards = {card.findtext("header/h2/span"): " ".join(card.itertext()) for card in seen.html.iter("section")}
    told = next(text for text in cards.values() if "INSUFFICIENT_DATA" in text and "What leads to it" in text)
    assert "1 alarm" in told


def test_the_life_of_a_chosen_alarm_is_told_by_its_own_treatment_of_missing_data() -> None:
    bench = ConsoleBench()
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    assert "breaching this one" in bench.get("learn/alarm-states?alarm=a").words
    assert "notBreaching this one" in bench.get("learn/alarm-states").words
    assert bench.get("learn/alarm-states?alarm=b").status == 404


def test_what_is_free_stands_beside_what_is_used() -> None:
    bench = ConsoleBench()
    for number in range(11):
        bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": f"a{number}"})
    seen = bench.get("learn/prices")
    row = next(
        " ".join(row.itertext()).split() for row in seen.html.iter("tr") if "alarm metrics" in " ".join(row.itertext())
    )
    assert row[-2:] == ["10", "11"]
    assert "11 alarm metrics, $0.10" in seen.words
