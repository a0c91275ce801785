"""Severities of alarms that were made live (CON-1.3, IF-7)."""

from __future__ import annotations

import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.alarm_severity import AlarmSeverities
from tocsin.app.resource_tag import tags_of
from tocsin.errors import InvalidParameterError


def test_an_alarm_of_a_rule_matters_as_the_rule_does() -> None:
    severities = RuleBench().service.part(AlarmSeverities)
    assert severities.of({}, "article/stop-logging") == "critical"
    assert severities.of({"tocsin:rule": "article/stop-logging"}, "mine") == "critical"
    assert severities.of({}, "mine") is None


def test_a_severity_that_does_not_exist_is_refused() -> None:
    bench = RuleBench()
    bench.alarm("a", "M", Tags=[{"Key": "tocsin:severity", "Value": "critical"}])
    assert tags_of(bench.service, HERE, "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:a") == {
        "tocsin:severity": "critical"
    }
    with pytest.raises(InvalidParameterError, match="tocsin:severity takes info"):
        bench.alarm("b", "M", Tags=[{"Key": "tocsin:severity", "Value": "loud"}])
