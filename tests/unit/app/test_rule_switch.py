"""Switching rules on and off by calls of the API (IF-7, CON-7.7)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from console_bench import SCOPE, ConsoleBench

from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.rule_survey import RuleSurvey
from tocsin.app.rule_survey import Switch as Position
from tocsin.app.rule_switch import (
    NameTakenError,
    Switched,
    calls_back,
    calls_off,
    calls_on,
    find_switched,
    parameters_of,
)
from tocsin.app.rulefile import read_rules
from tocsin.core.aws_call import AwsCall
from tocsin.core.rule import Rule
from tocsin.errors import InputError

TODAY = date(2026, 3, 14)
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
OTHER_TOPIC = "arn:aws:sns:us-east-1:111122223333:audit"
NAME = "cis/root-user-used"


class Switch:
    """A console's API with two log groups, and the rules that ship."""

    def __init__(self) -> None:
        self.bench = ConsoleBench()
        self.shipped = self.bench.service.part(RuleCatalogue).on(TODAY)
        for group in ("g", "h"):
            self.bench.call("logs", "CreateLogGroup", {"logGroupName": group})
        for topic in ("sec-alerts", "audit"):
            self.bench.call("sns", "CreateTopic", {"Name": topic})

    def rule(self, name: str = NAME) -> Rule:
        return self.shipped.entry(name).rule

    def found(self, rule: Rule | None = None, group: str = "g") -> Switched:
        with self.bench.service.store.read() as store:
            return find_switched(store, SCOPE, rule or self.rule(), group)

    def make(self, calls: tuple[AwsCall, ...]) -> list[str]:
        for call in calls:
            self.bench.call(call.service, call.operation, call.parameters)
        return [call.operation for call in calls]

    def on(self, rule: Rule | None = None, *, group: str = "g", topic: str = TOPIC, **how: Any) -> list[str]:
        rule = rule or self.rule()
        found = self.found(rule, group)
        return self.make(calls_on(rule, found, group=group, topic=topic, clauses=self.shipped.clauses, at=TODAY, **how))

    def off(self, rule: Rule | None = None, *, group: str = "g") -> list[str]:
        rule = rule or self.rule()
        return self.make(calls_off(rule, self.found(rule, group), group=group))

    def is_on(self, rule: Rule | None = None) -> bool:
        with self.bench.service.store.read() as store:
            return RuleSurvey(self.bench.service, store, SCOPE).standing(rule or self.rule()).switch is Position.ON

    def filters(self, group: str = "g") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bench.call("logs", "DescribeMetricFilters", {"logGroupName": group})[
            "metricFilters"
        ]
        return found

    def alarms(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bench.call("cloudwatch", "DescribeAlarms", {})["MetricAlarms"]
        return found


@pytest.fixture
def switch() -> Switch:
    return Switch()


def own(text: str) -> Rule:
    (entry,) = read_rules(text, path="r.yaml", clauses={}).entries
    assert entry.usable
    return entry.rule


def test_on_is_a_filter_and_an_alarm_under_the_full_name(switch: Switch) -> None:
    rule = switch.rule()
    put, _ = calls_on(rule, switch.found(), group="g", topic=TOPIC, clauses={}, at=TODAY)
    assert put.parameters.keys() == {"logGroupName", "filterName", "filterPattern", "metricTransformations"}
    assert switch.on() == ["PutMetricFilter", "PutMetricAlarm"]
    assert switch.is_on()
    (made,) = switch.filters()
    assert made["filterName"] == NAME
    assert rule.filter is not None
    assert made["filterPattern"] == rule.filter.filter_pattern
    (alarm,) = switch.alarms()
    assert (alarm["AlarmName"], alarm["MetricName"], alarm["AlarmActions"]) == (NAME, "CisRootUserUsedCount", [TOPIC])
    assert alarm["AlarmDescription"] == "Root user used. Root cannot be limited by policy."
    assert switch.found().tags == {"tocsin:rule": NAME}


def test_without_a_topic_nobody_is_told(switch: Switch) -> None:
    switch.on(topic="")
    assert switch.alarms()[0]["AlarmActions"] == []


def test_on_again_changes_nothing_and_tells_another_topic_too(switch: Switch) -> None:
    switch.on()
    switch.bench.call("cloudwatch", "PutMetricAlarm", {**switch.found().alarm.parameters, "Threshold": 5.0})  # type: ignore[union-attr]
    switch.on(topic=OTHER_TOPIC)
    switch.on(topic=OTHER_TOPIC)
    (alarm,) = switch.alarms()
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (5.0, [TOPIC, OTHER_TOPIC])


def test_off_deletes_both(switch: Switch) -> None:
    switch.on()
    assert switch.off() == ["DeleteAlarms", "DeleteMetricFilter"]
    assert (switch.filters(), switch.alarms()) == ([], [])
    assert switch.off() == []


def test_off_leaves_what_somebody_made_in_another_way(switch: Switch) -> None:
    rule = switch.rule()
    assert rule.filter is not None
    switch.bench.call(
        "logs",
        "PutMetricFilter",
        {
            "logGroupName": "g", "filterName": "mine", "filterPattern": rule.filter.filter_pattern,
            "metricTransformations": [{"metricName": "M", "metricNamespace": "N", "metricValue": "1"}],
        },
    )  # fmt: skip
    alarm = {
        "AlarmName": NAME, "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
    }  # fmt: skip
    switch.bench.call("cloudwatch", "PutMetricAlarm", alarm)
    assert switch.is_on()
    assert switch.off() == []
    with pytest.raises(NameTakenError, match="did not make"):
        switch.on()


def test_the_alarm_goes_with_the_last_filter_that_feeds_it(switch: Switch) -> None:
    switch.on()
    switch.on(group="h", topic=OTHER_TOPIC)
    assert switch.off() == ["DeleteMetricFilter"]
    assert len(switch.alarms()) == 1
    assert switch.off(group="h") == ["DeleteAlarms", "DeleteMetricFilter"]


def test_a_filter_of_another_pattern_is_replaced_when_that_is_asked_for(switch: Switch) -> None:
    switch.on()
    (made,) = switch.filters()
    tuned = {name: made[name] for name in ("filterName", "metricTransformations")}
    switch.bench.call("logs", "PutMetricFilter", {**tuned, "logGroupName": "g", "filterPattern": "{ $.a = 1 }"})
    with pytest.raises(NameTakenError, match="another pattern"):
        switch.on()
    switch.on(replaces=True)
    assert switch.is_on()


def test_what_was_switched_off_is_put_back_as_it_was(switch: Switch) -> None:
    switch.on()
    changed = {**switch.found().alarm.parameters, "Threshold": 5.0}  # type: ignore[union-attr]
    switch.bench.call("cloudwatch", "PutMetricAlarm", changed)
    before = (switch.filters(), switch.found().alarm.parameters, switch.found().tags)  # type: ignore[union-attr]
    back = calls_back(switch.rule(), switch.found(), group="g")
    switch.off()
    assert switch.make(back) == ["PutMetricFilter", "PutMetricAlarm"]
    after = (switch.filters(), switch.found().alarm.parameters, switch.found().tags)  # type: ignore[union-attr]
    assert after == before


COMPOSITE = """
id: any
title: Any of them
composite: {AlarmRule: ALARM("cis/root-user-used")}
"""


def test_a_composite_rule_is_its_alarm_alone(switch: Switch) -> None:
    rule = own(COMPOSITE)
    switch.on()
    assert switch.on(rule, group="") == ["PutCompositeAlarm"]
    assert switch.is_on(rule)
    switch.on(rule, group="", topic=OTHER_TOPIC)
    back = calls_back(rule, switch.found(rule, ""), group="")
    assert switch.off(rule, group="") == ["DeleteAlarms"]
    assert not switch.is_on(rule)
    assert switch.make(back) == ["PutCompositeAlarm"]
    made = switch.bench.call("cloudwatch", "DescribeAlarms", {"AlarmTypes": ["CompositeAlarm"]})["CompositeAlarms"]
    assert made[0]["AlarmActions"] == [TOPIC, OTHER_TOPIC]


EXCLUDING = """
id: stop
title: Stop
params: {ROLE: deploy}
filter:
  filterPattern: '{ $.eventName = StopLogging && $.userIdentity.arn != <ROLE> }'
  metricTransformations: [{metricName: M, metricNamespace: N, metricValue: '1', defaultValue: 0}]
except:
  - {name: x, when: '{ $.sourceIPAddress = "192.0.2.10" }', reason: r, author: a, expires: 2026-03-20}
"""


def test_params_and_exclusions_are_in_what_is_put(switch: Switch) -> None:
    rule = own(EXCLUDING)
    assert parameters_of(rule) == ("ROLE",)
    assert switch.on(rule) == ["PutMetricFilter"]
    (made,) = switch.filters()
    assert "userIdentity.arn != deploy" in made["filterPattern"]
    assert "192.0.2.10" in made["filterPattern"]
    assert made["metricTransformations"][0]["defaultValue"] == 0.0


def test_an_exclusion_that_cannot_be_compiled_is_told(switch: Switch) -> None:
    rule = own(EXCLUDING)
    wild = rule.exclusions[0].__class__(name="x", when="{ $.a[*] = 1 }", reason="r", author="a", expires="2026-03-20")
    with pytest.raises(InputError, match="exclusion 'x'"):
        switch.on(Rule(id="stop", name="stop", filter=rule.filter, exclusions=(wild,), params=rule.params))
