"""How much an alarm matters (CON-1.3, IF-7)."""

from __future__ import annotations

import pytest

from tocsin.core.alarm_severity import severity_of, severity_problem, severity_rank
from tocsin.core.rule import RuleSeverity

RULES = {"cis/root-usage": RuleSeverity.HIGH, "article/stop-logging": RuleSeverity.CRITICAL}


@pytest.mark.parametrize(
    ("tags", "name", "severity"),
    [
        ({}, "mine", None),
        ({}, "cis/root-usage", "high"),
        ({"tocsin:rule": "article/stop-logging"}, "cis/root-usage", "critical"),
        ({"tocsin:rule": "gone/rule"}, "mine", None),
        ({"tocsin:severity": "low", "tocsin:rule": "article/stop-logging"}, "mine", "low"),
        ({"tocsin:severity": "loud", "tocsin:rule": "article/stop-logging"}, "mine", "critical"),
    ],
)
def test_its_tag_says_it_then_its_rule(tags: dict[str, str], name: str, severity: str | None) -> None:
    assert severity_of(tags, name, RULES) == severity


def test_what_is_not_known_stands_with_medium() -> None:
    order = sorted([*RuleSeverity, None], key=severity_rank)
    assert [str(one) for one in order] == ["info", "low", "medium", "None", "high", "critical"]


def test_a_tag_that_means_nothing_is_a_problem() -> None:
    assert severity_problem("high") == ""
    assert severity_problem("loud") == "tocsin:severity takes info, low, medium, high, critical"
